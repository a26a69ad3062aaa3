// For the area report: the unit with a register for each of its settings, written one after the other.
module unit_with_settings (
    input logic clk,
    input logic rst,
    input logic [1:0] write,  // 0: nothing, 1: neighbours and turns, 2: far partners, 3: intervals
    input logic [31:0] setting,
    input logic [5:0] initial_coins,
    input logic [5:0] demand,
    input logic settled,
    input logic rx_valid,
    output logic rx_ready,
    input logic [18:0] rx_packet,
    output logic tx_valid,
    input logic tx_ready,
    output logic [18:0] tx_packet,
    output logic [5:0] held,
    input logic table_write,
    input logic [3:0] table_point,
    input logic [7:0] table_code,
    output logic [7:0] code
);
  logic [24:0] partners;
  logic [31:0] far_tiles;
  logic [21:0] intervals;
  always_ff @(posedge clk) begin
    if (write == 1) partners <= setting[24:0];
    if (write == 2) far_tiles <= setting;
    if (write == 3) intervals <= setting[21:0];
  end
  token_unit unit (
      .clk(clk), .rst(rst), .initial_coins(initial_coins), .demand(demand), .neighbours(partners[19:0]),
      .far_tiles(far_tiles), .far_every(partners[24:20]), .interval_min(intervals[10:0]),
      .interval_max(intervals[21:11]), .settled(settled), .rx_valid(rx_valid), .rx_ready(rx_ready),
      .rx_kind(rx_packet[18:17]), .rx_peer(rx_packet[16:12]), .rx_coins(rx_packet[11:6]), .rx_demand(rx_packet[5:0]),
      .tx_valid(tx_valid), .tx_ready(tx_ready), .tx_kind(tx_packet[18:17]), .tx_peer(tx_packet[16:12]),
      .tx_coins(tx_packet[11:6]), .tx_demand(tx_packet[5:0]), .held(held), .table_write(table_write),
      .table_point(table_point), .table_code(table_code), .code(code)
  );
endmodule
