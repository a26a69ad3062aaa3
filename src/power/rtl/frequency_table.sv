// Coins to a frequency code: a table of 2^POINT_BITS points at equal distances, straight lines between them. Beyond
// the last point its code holds. Even and odd points lie in banks of their own, so that the two ends of any line are
// read at once by two multiplexers of half the table each.
module frequency_table #(
    parameter int COIN_BITS = 6,
    parameter int POINT_BITS = 4,
    parameter int CODE_BITS = 8
) (
    input logic clk,
    input logic write,
    input logic [POINT_BITS-1:0] write_point,
    input logic [CODE_BITS-1:0] write_code,
    input logic [COIN_BITS-1:0] coins,
    output logic [CODE_BITS-1:0] code  // what the tile may run at; rounded down between points
);
  localparam int FRACTION_BITS = COIN_BITS - POINT_BITS;
  localparam int HALF = 2 ** (POINT_BITS - 1);

  logic [CODE_BITS-1:0] even[0:HALF-1];
  logic [CODE_BITS-1:0] odd[0:HALF-1];

  logic [POINT_BITS-1:0] point;
  logic last;
  logic [POINT_BITS-2:0] even_index;
  logic [CODE_BITS-1:0] even_code, odd_code, from, to;
  assign point = coins[COIN_BITS-1:FRACTION_BITS];
  assign last = point == {POINT_BITS{1'b1}};
  assign even_index = point[POINT_BITS-1:1] + {{(POINT_BITS - 2) {1'b0}}, point[0]};
  assign even_code = even[even_index];
  assign odd_code = odd[point[POINT_BITS-1:1]];
  assign from = point[0] ? odd_code : even_code;
  assign to = last || !point[0] ? odd_code : even_code;

  // from x (2^F - fraction) + to x fraction: `from` once, and for each bit of the fraction its weight of either end.
  localparam int SUM_BITS = CODE_BITS + FRACTION_BITS;
  logic [SUM_BITS-1:0] sum;
  always_comb begin
    sum = SUM_BITS'(from);
    for (int i = 0; i < FRACTION_BITS; i = i + 1) sum = sum + ((coins[i] ? SUM_BITS'(to) : SUM_BITS'(from)) << i);
  end
  assign code = sum[SUM_BITS-1:FRACTION_BITS];

  always_ff @(posedge clk)
    if (write) begin
      if (write_point[0]) odd[write_point[POINT_BITS-1:1]] <= write_code;
      else even[write_point[POINT_BITS-1:1]] <= write_code;
    end
endmodule
