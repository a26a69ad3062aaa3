// The unit of one tile: the exchange of coins and the table that turns them into a frequency code.
module token_unit #(
    parameter int COIN_BITS = 6,
    parameter int ID_BITS = 5,
    parameter int NEIGHBOURS = 4,
    parameter int FAR_TILES = 32,
    parameter int INTERVAL_BITS = 11,
    parameter int TURN_BITS = 5,
    parameter int POINT_BITS = 4,
    parameter int CODE_BITS = 8
) (
    input logic clk,
    input logic rst,
    input logic [COIN_BITS-1:0] initial_coins,
    input logic [COIN_BITS-1:0] demand,
    input logic [NEIGHBOURS*ID_BITS-1:0] neighbours,
    input logic [FAR_TILES-1:0] far_tiles,
    input logic [TURN_BITS-1:0] far_every,
    input logic [INTERVAL_BITS-1:0] interval_min,
    input logic [INTERVAL_BITS-1:0] interval_max,
    input logic settled,
    input logic rx_valid,
    output logic rx_ready,
    input logic [1:0] rx_kind,
    input logic [ID_BITS-1:0] rx_peer,
    input logic [COIN_BITS-1:0] rx_coins,
    input logic [COIN_BITS-1:0] rx_demand,
    output logic tx_valid,
    input logic tx_ready,
    output logic [1:0] tx_kind,
    output logic [ID_BITS-1:0] tx_peer,
    output logic [COIN_BITS-1:0] tx_coins,
    output logic [COIN_BITS-1:0] tx_demand,
    output logic [COIN_BITS-1:0] held,
    input logic table_write,
    input logic [POINT_BITS-1:0] table_point,
    input logic [CODE_BITS-1:0] table_code,
    output logic [CODE_BITS-1:0] code
);
  token_exchange #(
      .COIN_BITS(COIN_BITS), .ID_BITS(ID_BITS), .NEIGHBOURS(NEIGHBOURS), .FAR_TILES(FAR_TILES),
      .INTERVAL_BITS(INTERVAL_BITS), .TURN_BITS(TURN_BITS)
  ) exchange (
      .clk(clk), .rst(rst), .initial_coins(initial_coins), .demand(demand), .neighbours(neighbours),
      .far_tiles(far_tiles), .far_every(far_every), .interval_min(interval_min), .interval_max(interval_max),
      .settled(settled), .rx_valid(rx_valid), .rx_ready(rx_ready), .rx_kind(rx_kind), .rx_peer(rx_peer),
      .rx_coins(rx_coins), .rx_demand(rx_demand), .tx_valid(tx_valid), .tx_ready(tx_ready), .tx_kind(tx_kind),
      .tx_peer(tx_peer), .tx_coins(tx_coins), .tx_demand(tx_demand), .held(held)
  );
  frequency_table #(
      .COIN_BITS(COIN_BITS), .POINT_BITS(POINT_BITS), .CODE_BITS(CODE_BITS)
  ) frequencies (
      .clk(clk), .write(table_write), .write_point(table_point), .write_code(table_code), .coins(held), .code(code)
  );
endmodule
