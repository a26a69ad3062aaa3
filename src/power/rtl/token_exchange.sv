// One tile's part in the exchange of coins, donor first: coins leave `held` before the packet that carries them does.
//
// Three kinds of packet. ASK says what a tile holds and asks for; it is answered by GIVE (coins, perhaps none) or by
// PLEA (how many coins the asked tile should get); a plea is answered by GIVE (perhaps none). So a conversation has one
// packet at a time, and `waiting` says that coins may be on the way to this tile. A tile that waits neither asks nor
// pleads, and coins are granted only as far as the receiver has room: no sum can pass the counter's end, whatever the
// budget. The network must lose nothing and hold one packet for each tile; order does not matter.
module token_exchange #(
    parameter int COIN_BITS = 6,
    parameter int ID_BITS = 5,
    parameter int NEIGHBOURS = 4,
    parameter int FAR_TILES = 32,
    parameter int INTERVAL_BITS = 11,
    parameter int TURN_BITS = 5
) (
    input logic clk,
    input logic rst,

    // Settings; all but `demand` and `settled` are to be still while the unit runs.
    input logic [COIN_BITS-1:0] initial_coins,           // held after reset
    input logic [COIN_BITS-1:0] demand,                  // what the tile can use now; 0: idle
    input logic [NEIGHBOURS*ID_BITS-1:0] neighbours,     // asked in turn, lowest bits first; may repeat
    input logic [FAR_TILES-1:0] far_tiles,               // bit i: tile i is a far partner
    input logic [TURN_BITS-1:0] far_every,               // one far partner after so many neighbours; 0: never
    input logic [INTERVAL_BITS-1:0] interval_min,        // cycles between asks, at least 1
    input logic [INTERVAL_BITS-1:0] interval_max,
    input logic settled,                                 // the tile's clock has come down to what `held` allows

    // From the network: stands still until it is taken.
    input logic rx_valid,
    output logic rx_ready,
    input logic [1:0] rx_kind,
    input logic [ID_BITS-1:0] rx_peer,                   // who sent it
    input logic [COIN_BITS-1:0] rx_coins,
    input logic [COIN_BITS-1:0] rx_demand,

    // To the network: stands still until it is taken.
    output logic tx_valid,
    input logic tx_ready,
    output logic [1:0] tx_kind,
    output logic [ID_BITS-1:0] tx_peer,                  // whom it is for
    output logic [COIN_BITS-1:0] tx_coins,
    output logic [COIN_BITS-1:0] tx_demand,

`ifdef FORMAL  // what a proof needs to see
    output logic [1:0] state,
    output logic waiting,
    output logic plea,                                   // the reply is a plea
`endif
    output logic [COIN_BITS-1:0] held
);
  localparam logic [1:0] ASK = 0, PLEA = 1, GIVE = 2;
  localparam logic [1:0] IDLE = 0, SHARE = 1, SEND_ASK = 2, SEND_REPLY = 3;

  localparam int SUM_BITS = COIN_BITS + 1;
  localparam int WORK_BITS = 2 * COIN_BITS + 2;
  localparam int STEP_BITS = $clog2(2 * COIN_BITS + 2);
  localparam int NEIGHBOUR_BITS = NEIGHBOURS > 1 ? $clog2(NEIGHBOURS) : 1;
  localparam int FAR_BITS = FAR_TILES > 1 ? $clog2(FAR_TILES) : 1;
  localparam logic [STEP_BITS-1:0] DIVIDE = STEP_BITS'(COIN_BITS);          // first step of the division
  localparam logic [STEP_BITS-1:0] DECIDE = STEP_BITS'(2 * COIN_BITS + 1);  // the quotient is there
  localparam logic [NEIGHBOUR_BITS-1:0] LAST_NEIGHBOUR = NEIGHBOUR_BITS'(NEIGHBOURS - 1);
  localparam logic [FAR_BITS-1:0] LAST_FAR = FAR_BITS'(FAR_TILES - 1);

`ifndef FORMAL
  logic [1:0] state;
  logic waiting;
  logic plea;                        // the reply is a plea
`endif
  logic [COIN_BITS-1:0] demand_now;  // stands still while an ask is worked on
  logic [WORK_BITS-1:0] work;        // product, then remainder and quotient, then the coins of the reply
  logic [STEP_BITS-1:0] step;
  logic [INTERVAL_BITS-1:0] timer, interval;
  logic [NEIGHBOUR_BITS-1:0] neighbour;
  logic [FAR_BITS-1:0] far;
  logic [TURN_BITS-1:0] turn;

  // The asker's share of what the two hold: (sum of coins) x its demand / (sum of demands), by one adder, one bit a
  // cycle: first the product grows down from the top of `work`, then the quotient grows up from its bottom. Two that
  // ask for nothing share evenly.
  logic both_idle, multiplying, fits;
  logic [SUM_BITS-1:0] coins_of_both, demand_of_both;
  logic [COIN_BITS-1:0] factor;
  logic [COIN_BITS+1:0] upper, addend, total;
  assign both_idle = rx_demand == 0 && demand_now == 0;
  assign factor = both_idle ? 1 : rx_demand;
  assign coins_of_both = rx_coins + held;
  assign demand_of_both = both_idle ? 2 : rx_demand + demand_now;
  assign multiplying = step < DIVIDE;
  assign upper = work[WORK_BITS-1:COIN_BITS];
  assign addend = multiplying ? {1'b0, coins_of_both & {SUM_BITS{work[0]}}} : ~{1'b0, demand_of_both};
  assign {fits, total} = upper + addend + {{(COIN_BITS + 2) {1'b0}}, !multiplying};

  // To the nearest coin, half a coin stays where it is; not beyond what a counter holds.
  logic [SUM_BITS-1:0] quotient, remainder, share;
  logic [COIN_BITS-1:0] fitting;
  logic rounds_up;
  assign quotient = work[SUM_BITS-1:0];
  assign remainder = work[WORK_BITS-1:SUM_BITS];
  assign rounds_up = {remainder, 1'b0} > {1'b0, demand_of_both} ||
                     ({remainder, 1'b0} == {1'b0, demand_of_both} && quotient < {1'b0, rx_coins});
  assign share = quotient + {{COIN_BITS{1'b0}}, rounds_up};
  assign fitting = share[COIN_BITS] ? {COIN_BITS{1'b1}} : share[COIN_BITS-1:0];

  // Never more than is held; never a plea for more than there is room.
  logic gives;
  logic [COIN_BITS-1:0] wanted, limit, amount;
  assign gives = state == IDLE || fitting >= rx_coins;
  assign wanted = state == IDLE ? rx_coins : gives ? fitting - rx_coins : rx_coins - fitting;
  assign limit = gives ? held : waiting ? {COIN_BITS{1'b0}} : ~held;
  assign amount = wanted < limit ? wanted : limit;

  logic [SUM_BITS-1:0] with_received;
  assign with_received = held + rx_coins;

  // Asks that move nothing come ever later, by half; coins that move bring the next one four times as soon.
  logic [INTERVAL_BITS:0] half_more;
  logic [INTERVAL_BITS-1:0] later, sooner;
  assign half_more = interval + {1'b0, interval[INTERVAL_BITS-1:1]} + {{(INTERVAL_BITS - 1) {1'b0}}, interval[0]};
  assign later = half_more > {1'b0, interval_max} ? interval_max : half_more[INTERVAL_BITS-1:0];
  assign sooner = interval >> 2 < interval_min ? interval_min : interval >> 2;

  logic due, far_turn;
  assign due = timer >= interval;
  assign far_turn = far_every != 0 && turn >= far_every && far_tiles != 0;

  logic sent, carries_coins;
  assign carries_coins = !plea && work[COIN_BITS-1:0] != 0;
  assign sent = tx_valid && tx_ready;
  assign tx_valid = state == SEND_ASK || (state == SEND_REPLY && (settled || !carries_coins));
  assign tx_kind = state == SEND_ASK ? ASK : plea ? PLEA : GIVE;
  assign tx_peer = state == SEND_REPLY ? rx_peer : far_turn ? ID_BITS'(far) : neighbours[neighbour*ID_BITS+:ID_BITS];
  assign tx_coins = state == SEND_ASK ? held : work[COIN_BITS-1:0];
  assign tx_demand = demand_now;
  assign rx_ready = (state == IDLE && rx_valid && rx_kind[1]) || (state == SEND_REPLY && sent);

  always_ff @(posedge clk) begin
    if (rst) begin
      state <= IDLE;
      waiting <= 0;
      plea <= 0;
      held <= initial_coins;
      demand_now <= 0;
      work <= 0;
      step <= 0;
      timer <= 0;
      interval <= interval_min;
      neighbour <= 0;
      far <= 0;
      turn <= 0;
    end else begin
      if (!due) timer <= timer + 1;
      case (state)
        IDLE: begin
          step <= 0;
          work <= WORK_BITS'(factor);
          if (rx_valid && rx_kind[1]) begin
            held <= with_received[COIN_BITS] ? {COIN_BITS{1'b1}} : with_received[COIN_BITS-1:0];
            waiting <= 0;
            interval <= rx_coins != 0 ? sooner : later;
          end else if (rx_valid && rx_kind == PLEA) begin
            held <= held - amount;
            work <= WORK_BITS'(amount);
            plea <= 0;
            if (amount != 0) interval <= sooner;
            state <= SEND_REPLY;
          end else if (rx_valid) begin
            state <= SHARE;
          end else begin
            demand_now <= demand;
            if (demand != demand_now) interval <= interval_min;
            if (due && !waiting) begin
              if (far_turn && !far_tiles[far]) far <= far == LAST_FAR ? 0 : far + 1;
              else begin
                waiting <= 1;
                state <= SEND_ASK;
              end
            end
          end
        end
        SHARE:
        if (step != DECIDE) begin
          step <= step + 1;
          work <= multiplying ? {1'b0, total, work[COIN_BITS-1:1]}
                              : {fits ? total[COIN_BITS:0] : upper[COIN_BITS:0], work[COIN_BITS-1:0], fits};
        end else begin
          if (gives) held <= held - amount;
          else if (amount != 0) waiting <= 1;
          if (gives && amount != 0) interval <= sooner;
          plea <= !gives && amount != 0;
          work <= WORK_BITS'(amount);
          state <= SEND_REPLY;
        end
        SEND_ASK:
        if (sent) begin
          timer <= 0;
          if (far_turn) begin
            far <= far == LAST_FAR ? 0 : far + 1;
            turn <= 0;
          end else begin
            neighbour <= neighbour == LAST_NEIGHBOUR ? 0 : neighbour + 1;
            if (turn != {TURN_BITS{1'b1}}) turn <= turn + 1;
          end
          state <= IDLE;
        end
        SEND_REPLY:
        if (sent) begin
          if (rx_kind == PLEA) waiting <= 0;
          state <= IDLE;
        end
      endcase
    end
  end
endmodule
