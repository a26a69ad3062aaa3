#!/usr/bin/env bash
# The token unit's RTL: rtl_test.sh lockstep|proof|area SOURCE_FOLDER. Exit 77 where a tool is missing.
#   lockstep  cycle for cycle against the C++ model, CRADLE_TILE_CYCLES of them (default 10 million)
#   proof     no coin is lost or made: induction over any network; CRADLE_PROOF=full adds three tiles at full width
#   area      gate equivalents in osu018, at most 60 % of the published unit's 10.2 kGE
# lockstep and proof also run a unit with one line changed, which must be found out.
set -euo pipefail
what=$1 source=$(cd "$2" && pwd)
rtl=$source/src/power/rtl here=$source/tests/rtl
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() { echo "rtl $what: $*" >&2; exit 1; }
need() { command -v "$1" >/dev/null || { echo "rtl $what: skipped, no $1 (apt-get install $1)"; exit 77; }; }

# changed FILE SED: a copy of the exchange with one line changed; that the line is still there is part of the test.
changed() {
  sed "$2" "$rtl/token_exchange.sv" >"$1"
  [ "$(diff "$rtl/token_exchange.sv" "$1" | grep -c '^>')" = 1 ] || fail "the change '$2' does not touch one line"
}

build_lockstep() {  # build_lockstep EXCHANGE FOLDER
  local cache=
  command -v ccache >/dev/null && cache=ccache
  OBJCACHE=$cache verilator --cc --exe --build -j 1 -O3 --public-flat-rw --Mdir "$2" --top-module token_unit \
    -CFLAGS "-std=c++20 -I$source/include" -MAKEFLAGS "OPT_FAST=-O2 OPT_GLOBAL=-O2 OPT_SLOW=-O0" -o lockstep \
    "$rtl/token_unit.sv" "$1" "$rtl/frequency_table.sv" "$here/lockstep.cpp" "$source/src/power/unit.cpp" \
    "$source/src/base/random.cpp" >"$2.log" 2>&1 || { tail -30 "$2.log" >&2; fail "verilator could not build it"; }
}

prove() {  # prove EXCHANGE TILES COIN_BITS MOST_STEPS
  yosys -q -l "$work/proof.log" -p "read_verilog -sv -formal $1 $here/conservation.sv
    chparam -set TILES $2 conservation; chparam -set COIN_BITS $3 conservation
    prep -flatten -top conservation; memory_map; opt -full
    sat -verify -prove-asserts -tempinduct -maxsteps $4" >/dev/null 2>&1
}
proven() {
  prove "$rtl/token_exchange.sv" "$1" "$2" 1 && grep -q 'Induction step proven: SUCCESS' "$work/proof.log" ||
    { tail -40 "$work/proof.log" >&2; fail "not proven for $1 tiles of $2 bits"; }
  echo "rtl proof: $1 tiles, $2-bit coins: conserved in every cycle (induction over one step)"
}

case "$what" in
  lockstep)
    need verilator
    verilator --lint-only -Wall "$rtl"/token_unit.sv "$rtl"/token_exchange.sv "$rtl"/frequency_table.sv ||
      fail "verilator has something to say"
    build_lockstep "$rtl/token_exchange.sv" "$work/lockstep"
    "$work/lockstep/lockstep" "${CRADLE_TILE_CYCLES:-10000000}"
    changed "$work/token_exchange.sv" "s/quotient < {1'b0, rx_coins}/quotient > {1'b0, rx_coins}/"
    build_lockstep "$work/token_exchange.sv" "$work/changed"
    if "$work/changed/lockstep" 10000000 2>"$work/said"; then fail "half a coin rounded otherwise was not noticed"; fi
    grep -q difference "$work/said" || fail "no difference named"
    echo "rtl lockstep: half a coin rounded otherwise is noticed: $(head -1 "$work/said")" ;;
  proof)
    need yosys
    proven 2 6
    proven 3 2
    [ "${CRADLE_PROOF:-}" != full ] || proven 3 3
    # Coins that are given but not debited; a plea by a tile that has promised its room already.
    while IFS= read -r change; do
      changed "$work/token_exchange.sv" "$change"
      if prove "$work/token_exchange.sv" 2 3 30; then fail "'$change' was proven as well"; fi
      grep -q 'model found for base case: FAIL' "$work/proof.log" || fail "no run shows what is wrong with '$change'"
      echo "rtl proof: '$change' is refuted by a run of $(grep -c 'Trying induction' "$work/proof.log") cycles"
    done <<'CHANGES'
s/if (gives) held <= held - amount;/if (gives) held <= held;/
s/: waiting ? {COIN_BITS{1'b0}} : ~held;/: ~held;/
CHANGES
    ;;
  area)
    need yosys
    liberty=${CRADLE_LIBERTY:-/usr/share/qflow/tech/osu018/osu018_stdcells.lib}
    [ -f "$liberty" ] || { echo "rtl area: skipped, no $liberty (apt-get install qflow-tech-osu018)"; exit 77; }
    area() {  # area TOP FILE...: square micrometres
      local top=$1; shift
      yosys -q -l "$work/area.log" -p "read_verilog -sv $*; synth -top $top -flatten; dfflibmap -liberty $liberty
        abc -liberty $liberty; opt_clean; stat -liberty $liberty" >/dev/null 2>&1 ||
        { tail -30 "$work/area.log" >&2; fail "yosys could not map $top"; }
      ! grep -q 'area for cell type .* is unknown' "$work/area.log" || fail "cells without an area"
      awk '/Chip area for/ { print $NF }' "$work/area.log"
    }
    echo 'module nand_gate(input a, b, output y); assign y = ~(a & b); endmodule' >"$work/nand.v"
    nand=$(area nand_gate "$work/nand.v")
    total=$(area token_unit "$rtl/token_unit.sv" "$rtl/token_exchange.sv" "$rtl/frequency_table.sv")
    cells=$(awk '/Number of cells/ { n = $NF } END { print n }' "$work/area.log")
    flip_flops=$(awk '/ DFF/ { n += $NF } END { print n }' <(sed -n '/Printing statistics/,$p' "$work/area.log"))
    lookup=$(area frequency_table "$rtl/frequency_table.sv")
    whole=$(area unit_with_settings "$here/unit_with_settings.sv" "$rtl/token_unit.sv" "$rtl/token_exchange.sv" \
      "$rtl/frequency_table.sv")
    awk -v total="$total" -v nand="$nand" -v cells="$cells" -v ff="$flip_flops" -v lookup="$lookup" \
      -v whole="$whole" 'BEGIN {
      kge = total / nand / 1000
      printf "rtl area: %d cells, %d flip-flops, %.0f um2, NAND2 %.0f um2: %.2f kGE (exchange %.2f, table %.2f)\n",
             cells, ff, total, nand, kge, kge - lookup / nand / 1000, lookup / nand / 1000
      printf "rtl area: with a register for each setting %.2f kGE\n", whole / nand / 1000
      printf "rtl area: %.1f %% of the published 10.2 kGE; at most 60 %%\n", kge / 10.2 * 100
      exit !(kge > 0.5 && whole > total && whole / nand / 1000 <= 6.12)
    }' || fail "too large, or nothing was built"
    # What `cradle power unit-cost` goes by.
    stated=$(sed -n 's/.*unit_design{{\([0-9.]*\),.*/\1/p' "$source/include/cradle/power/unit_cost.h" | head -1)
    awk -v stated="$stated" -v built="$total" -v nand="$nand" 'BEGIN {
      ratio = stated * 1000 * nand / built
      exit !(ratio > 0.97 && ratio < 1.03)
    }' || fail "unit_cost.h says $stated kGE" ;;
  *) fail "lockstep, proof or area" ;;
esac
