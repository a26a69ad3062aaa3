// What is to be proved of TILES token exchanges over any network that loses nothing: no coin is lost or made, and no
// counter passes its end, whatever is demanded, whenever packets arrive, however the actuators stall.
//
// The network is abstract: a place for one packet for each ordered pair, a free choice of when it is taken in.
// Induction needs to know why it holds; the further assertions say so: a tile that waits has exactly one packet that
// can end its waiting, and what that packet may bring fits on top of what is held.
module conservation #(
    parameter int TILES = 2,
    parameter int COIN_BITS = 3
) (
    input logic clk,
    // Free in every cycle.
    input logic [TILES*COIN_BITS-1:0] any_coins,
    input logic [TILES*COIN_BITS-1:0] any_demand,
    input logic [TILES-1:0] any_settled,
    input logic [TILES*TILES-1:0] any_ready,
    input logic [TILES*2-1:0] any_choice,
    input logic [1:0] any_interval_min,
    input logic [1:0] any_interval_max
);
  localparam logic [1:0] ASK = 0, PLEA = 1, GIVE = 2;
  localparam logic [1:0] IDLE = 0, SHARE = 1, SEND_ASK = 2, SEND_REPLY = 3;
  localparam int ID_BITS = 2;
  localparam int FULL = 2 ** COIN_BITS - 1;

  logic started = 0;
  always_ff @(posedge clk) started <= 1;

  // Place from * TILES + to.
  logic [TILES*TILES-1:0] full;
  logic [1:0] kind[0:TILES*TILES-1];
  logic [COIN_BITS-1:0] coins[0:TILES*TILES-1];
  logic [COIN_BITS-1:0] demand[0:TILES*TILES-1];

  logic [COIN_BITS-1:0] held[0:TILES-1];
  logic [1:0] state[0:TILES-1];
  logic [TILES-1:0] waiting, plea, chosen, tx_valid, rx_ready;
  logic [COIN_BITS-1:0] reply[0:TILES-1];
  logic [ID_BITS-1:0] choice[0:TILES-1];
  logic [ID_BITS-1:0] tx_peer[0:TILES-1];
  logic [1:0] tx_kind[0:TILES-1];
  logic [COIN_BITS-1:0] tx_coins[0:TILES-1];
  logic [COIN_BITS-1:0] tx_demand[0:TILES-1];
  logic [TILES-1:0] tx_ready;

  genvar g;
  generate
    for (g = 0; g < TILES; g = g + 1) begin : tile
      // All others in turn; as far partners as well.
      localparam int NEXT = (g + 1) % TILES;
      localparam int AFTER = TILES > 2 ? (g + 2) % TILES : NEXT;
      wire [ID_BITS-1:0] from = choice[g];
      // A packet for the place that it would leave free fits: an answer goes the other way.
      assign tx_ready[g] = any_ready[g] && !full[g*TILES+tx_peer[g]];
      token_exchange #(
          .COIN_BITS(COIN_BITS), .ID_BITS(ID_BITS), .NEIGHBOURS(2), .FAR_TILES(4), .INTERVAL_BITS(2), .TURN_BITS(1)
      ) unit (
          .clk(clk), .rst(!started), .initial_coins(any_coins[g*COIN_BITS+:COIN_BITS]),
          .demand(any_demand[g*COIN_BITS+:COIN_BITS]), .neighbours({ID_BITS'(AFTER), ID_BITS'(NEXT)}),
          .far_tiles(4'(1 << AFTER)), .far_every(1'b1), .interval_min(any_interval_min),
          .interval_max(any_interval_max), .settled(any_settled[g]),
          .rx_valid(chosen[g]), .rx_ready(rx_ready[g]), .rx_kind(kind[from*TILES+g]), .rx_peer(from),
          .rx_coins(coins[from*TILES+g]), .rx_demand(demand[from*TILES+g]),
          .tx_valid(tx_valid[g]), .tx_ready(tx_ready[g]), .tx_kind(tx_kind[g]), .tx_peer(tx_peer[g]),
          .tx_coins(tx_coins[g]), .tx_demand(tx_demand[g]), .held(held[g]),
          .state(state[g]), .waiting(waiting[g]), .plea(plea[g])
      );
      assign reply[g] = tx_coins[g];

      wire [ID_BITS-1:0] any_from = any_choice[g*2+:2];
      always_ff @(posedge clk) begin
        if (!started) begin
          chosen[g] <= 0;
          choice[g] <= 0;
        end else if (!chosen[g]) begin
          chosen[g] <= any_from < TILES && full[any_from*TILES+g];
          choice[g] <= any_from;
        end else if (rx_ready[g]) chosen[g] <= 0;
      end
    end
  endgenerate

  always_ff @(posedge clk) begin
    for (int a = 0; a < TILES; a = a + 1)
      for (int b = 0; b < TILES; b = b + 1) begin
        if (!started) full[a*TILES+b] <= 0;
        else begin
          if (tx_valid[a] && tx_ready[a] && tx_peer[a] == b) begin
            full[a*TILES+b] <= 1;
            kind[a*TILES+b] <= tx_kind[a];
            coins[a*TILES+b] <= tx_coins[a];
            demand[a*TILES+b] <= tx_demand[a];
          end
          if (chosen[b] && rx_ready[b] && choice[b] == a) full[a*TILES+b] <= 0;
        end
      end
  end

  // The budget is what the tiles start with.
  logic [COIN_BITS+3:0] budget, start_sum, sum;
  always_comb begin
    start_sum = 0;
    for (int i = 0; i < TILES; i = i + 1) start_sum = start_sum + any_coins[i*COIN_BITS+:COIN_BITS];
  end
  always_ff @(posedge clk) if (!started) budget <= start_sum;

  // Held, about to leave, and on the way: of the packets to a tile one at most carries coins (see below).
  logic [COIN_BITS-1:0] leaving[0:TILES-1];
  logic [COIN_BITS-1:0] coming[0:TILES-1];
  always_comb begin
    sum = 0;
    for (int i = 0; i < TILES; i = i + 1) begin
      leaving[i] = state[i] == SEND_REPLY && !plea[i] ? reply[i] : 0;
      coming[i] = 0;
      for (int j = 0; j < TILES; j = j + 1)
        if (full[j*TILES+i] && kind[j*TILES+i] == GIVE) coming[i] = coming[i] | coins[j*TILES+i];
      sum = sum + ({2'b0, held[i]} + leaving[i] + coming[i]);
    end
  end
  always_comb if (started) assert (sum == budget);

  generate
    for (g = 0; g < TILES; g = g + 1) begin : claims
      wire [ID_BITS-1:0] from = choice[g];
      wire [1:0] rx_kind = kind[from*TILES+g];
      wire [COIN_BITS-1:0] rx_coins = coins[from*TILES+g];

      // How many packets can end the waiting of this tile: its own ask or plea, or the answer to either.
      logic [3:0] answers;
      logic room;  // each of them leaves room for what it may bring
      always_comb begin
        answers = state[g] == SEND_ASK || (state[g] == SEND_REPLY && plea[g]);
        room = !(state[g] == SEND_REPLY && plea[g]) || {1'b0, held[g]} + reply[g] <= FULL;
        for (int k = 0; k < TILES; k = k + 1) begin
          if (full[g*TILES+k] && kind[g*TILES+k] != GIVE) begin
            answers = answers + 1;
            room = room && (kind[g*TILES+k] == ASK ? held[g] <= coins[g*TILES+k]
                                                   : {1'b0, held[g]} + coins[g*TILES+k] <= FULL);
          end
          if (full[k*TILES+g] && kind[k*TILES+g] != ASK) answers = answers + 1;
          if (full[k*TILES+g] && kind[k*TILES+g] == GIVE)
            room = room && {1'b0, held[g]} + coins[k*TILES+g] <= FULL;
        end
      end

      always_comb
        if (started) begin
          assert (answers == waiting[g]);
          assert (room);
          // Only kinds that there are, only to others, only what is there is worked on.
          assert (state[g] != SEND_ASK || (tx_peer[g] < TILES && tx_peer[g] != g));
          assert (!full[g*TILES+g]);
          for (int k = 0; k < TILES; k = k + 1) assert (!full[g*TILES+k] || kind[g*TILES+k] <= GIVE);
          assert (!chosen[g] || (from < TILES && full[from*TILES+g]));
          assert (state[g] != SHARE || (chosen[g] && rx_kind == ASK));
          if (state[g] == SEND_REPLY) begin
            assert (chosen[g]);
            if (plea[g]) assert (rx_kind == ASK);
            // What is given fits on top of what the asker named, or is no more than what was pleaded for.
            else if (rx_kind == ASK) assert ({1'b0, reply[g]} + rx_coins <= FULL);
            else assert (rx_kind == PLEA && reply[g] <= rx_coins);
          end
        end
    end
  endgenerate

endmodule
