#!/usr/bin/env bash
# Speed: runs cradle_bench, sets its medians beside the bars of bench/bars.tsv, and simulates one job list with SimGrid
# and with cradle side by side.
#   bench/run.sh BUILD [--readme] [--no-peers] [--tools CHECKOUTS] [--filter REGEX]
# --tools names a folder with checkouts of published embodied-carbon tools (bench/peers/embodied_tools.py), which then run
# beside ours.
# Writes build/bench.json and build/bench.md; --readme puts the table between the bench markers of README.md.
# Exit code 1 if a bar is missed.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() { sed -n '4,8s/^# //p' bench/run.sh >&2; exit 2; }
[ $# -ge 1 ] || usage
build=$1 readme= peers=yes tools= filter=.
shift
while [ $# -gt 0 ]; do
  case "$1" in
    --readme) readme=yes ;;
    --no-peers) peers= ;;
    --tools) [ $# -ge 2 ] || usage; tools=$2; shift ;;
    --filter) [ $# -ge 2 ] || usage; filter=$2; shift ;;
    *) usage ;;
  esac
  shift
done
mkdir -p build
json=build/bench.json table=build/bench.md

cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)
compiler=$(sed -n 's/^CMAKE_CXX_COMPILER:[A-Z]*=//p' "$build/CMakeCache.txt")
machine="${cpu:-unknown processor}, $(nproc) cores; Linux $(uname -r | cut -d- -f1); $("$compiler" --version | head -1)"
echo "$machine"

cmake --build "$build" --target cradle cradle_bench >build/bench.log 2>&1 || { cat build/bench.log; exit 1; }
"$(find "$build" -name cradle_bench -type f -perm -u+x | head -1)" --benchmark_filter="$filter" --benchmark_repetitions=5 \
  --benchmark_report_aggregates_only=true --benchmark_out="$json" --benchmark_out_format=json >build/bench.log 2>&1 ||
  { cat build/bench.log; exit 1; }
if grep -q '"error_occurred": true' "$json"; then
  grep -A1 '"error_occurred": true' "$json"
  echo "bench: a bench could not run (above)" >&2
  exit 1
fi

# Medians beside bars, as a Markdown table. Google Benchmark writes one key per line.
awk -F'\t' '
  function shown(seconds) {
    if (seconds < 1e-6) return sprintf("%.3g ns", seconds * 1e9)
    if (seconds < 1e-3) return sprintf("%.3g µs", seconds * 1e6)
    if (seconds < 1) return sprintf("%.3g ms", seconds * 1e3)
    return sprintf("%.3g s", seconds)
  }
  function rate(value) { return value >= 1e6 ? sprintf("%.3g M/s", value / 1e6) : sprintf("%.0f /s", value) }
  function finish(  key, i, bar, margin) {
    if (aggregate != "median") return
    sub(/_median$/, "", name)
    sub(/\/(iterations|repeats|min_time|real_time|process_time|manual_time|threads)(:[^\/]*)?(\/.*)?$/, "", name)
    for (i = 1; i <= bars; i++) if (name ~ pattern[i]) break
    if (i > bars) bar = margin = "-"
    else if (kind[i] == "seconds") { bar = "< " shown(value[i]); margin = value[i] / seconds }
    else { bar = ">= " rate(value[i]); margin = items / value[i] }
    if (i <= bars) { met[i] = 1; if (margin < 1) missed++; margin = sprintf("%.1fx%s", margin, margin < 1 ? " MISSED" : "") }
    printf "| %s | %s | %s | %s |\n", name, (i <= bars && kind[i] == "per_second") || (i > bars && items) ? rate(items) : shown(seconds), bar, margin
  }
  FILENAME ~ /bars\.tsv$/ {
    if (/^#/ || !NF || ($2 != "seconds" && $2 != "per_second")) next
    pattern[++bars] = "^" $1 "$"
    gsub(/\*/, ".*", pattern[bars])
    label[bars] = $1; kind[bars] = $2; value[bars] = $3 + 0
    next
  }
  FNR == 1 { print "| bench (median of 5) | measured | bar | margin |"; print "| --- | --- | --- | --- |" }
  /^    {/ { name = aggregate = unit = ""; items = seconds = 0 }
  match($0, /"[a-z_]+": /) {
    key = substr($0, RSTART + 1, RLENGTH - 4)
    text = substr($0, RSTART + RLENGTH)
    gsub(/[",]/, "", text)
    if (key == "name") name = text
    if (key == "aggregate_name") aggregate = text
    if (key == "real_time") seconds = text + 0
    if (key == "time_unit") seconds *= text == "ns" ? 1e-9 : text == "us" ? 1e-6 : text == "ms" ? 1e-3 : 1
    if (key == "items_per_second") items = text + 0
  }
  /^    }/ { finish() }
  END {
    for (i = 1; i <= bars; i++) if (!(i in met) && filter == ".") { printf "| %s | not measured | | |\n", label[i]; missed++ }
    exit missed > 0
  }' filter="$filter" bench/bars.tsv "$json" >"$table" && missed= || missed=yes

# The same job list (generated: ten times the length of the published trace) through both simulators, one after the
# other on the same machine. SimGrid's row is its better one: its default settings, and small stacks without guard pages.
if [ -n "$peers" ]; then
  cmake --build "$build" --target peer_simgrid peer_cradle >build/bench.log 2>&1 || { cat build/bench.log; exit 1; }
  jobs=build/bench-jobs.csv
  "$build/cradle" workload generate --seed 42 --days 1493 >"$jobs" 2>build/bench.log || { cat build/bench.log; exit 1; }
  median_rate() {  # median_rate COMMAND...: jobs per second, median of 3 runs
    local k
    for k in 1 2 3; do "$@" 2>/dev/null | sed -n 's/.*jobs_per_second \([0-9]*\).*/\1/p'; done | sort -n | sed -n 2p
  }
  peer=$(find "$build" -name peer_simgrid -type f | head -1) own=$(find "$build" -name peer_cradle -type f | head -1)
  simgrid_default=$(median_rate "$peer" "$jobs")
  simgrid_tuned=$(median_rate "$peer" "$jobs" --cfg=contexts/stack-size:64 --cfg=contexts/guard-size:0)
  best_fit=$(median_rate "$own" "$jobs" BestFit)
  fgd=$(median_rate "$own" "$jobs" FGD)
  {
    echo
    echo "| $(($(wc -l <"$jobs") - 1)) jobs on 1,213 machines, energy accounted | jobs/s | against SimGrid's better row |"
    echo "| --- | --- | --- |"
    awk -v a="$simgrid_default" -v b="$simgrid_tuned" -v c="$best_fit" -v d="$fgd" 'BEGIN {
      best = a > b ? a : b
      printf "| SimGrid 3.32, default settings, jobs placed in turn | %d | %.2fx |\n", a, a / best
      printf "| SimGrid 3.32, 64 KiB stacks without guard pages, jobs placed in turn | %d | %.2fx |\n", b, b / best
      printf "| cradle, placed by BestFit, queueing, every ledger entry given out | %d | %.1fx |\n", c, c / best
      printf "| cradle, placed by FGD, queueing, every ledger entry given out | %d | %.1fx |\n", d, d / best
    }'
  } >>"$table"
fi
# Published tools, each evaluating its own example in a warm process, beside the bench of ours that does the same.
if [ -n "$tools" ]; then
  ours() { awk -F' \\| ' -v name="$1" '$1 == "| " name { rate = $2; if (rate ~ / M\/s/) print rate * 1e6; else print rate + 0 }' "$table"; }
  {
    echo
    echo "| published tool, one process | unit | tool | cradle, one core | ratio |"
    echo "| --- | --- | --- | --- | --- |"
    python3=/usr/bin/python3
    "$python3" bench/peers/embodied_tools.py "$tools" | while IFS=$'\t' read -r tool unit speed; do
      case $tool in
        eco-chip) own=published/eco_chip_3_chiplets ;;
        act) own=embodied/r740_bill ;;
        greensku) own=published/greensku_sku_to_cluster ;;
        scarif) own=published/scarif ;;
      esac
      awk -v tool="$tool" -v unit="$unit" -v speed="$speed" -v own="$(ours $own)" 'BEGIN {
        if (own > 0) printf "| %s | %s/s | %.4g | %.4g | %.0fx |\n", tool, unit, speed, own, own / speed
      }'
    done
  } >>"$table"
fi
printf '\nMeasured on: %s.\n' "$machine" >>"$table"
cat "$table"

if [ -n "$readme" ]; then
  grep -q '<!-- bench:begin -->' README.md && grep -q '<!-- bench:end -->' README.md ||
    { echo "bench: README.md has no <!-- bench:begin --> ... <!-- bench:end --> lines" >&2; exit 1; }
  awk -v table="$table" '
    /<!-- bench:begin -->/ { print; while ((getline line < table) > 0) print line; inside = 1 }
    /<!-- bench:end -->/ { inside = 0 }
    !inside && !/<!-- bench:begin -->/ { print }' README.md >build/README.new
  cat build/README.new >README.md
  rm build/README.new
fi
[ -z "$missed" ] || { echo "bench: a bar is missed or was not measured (see the table)" >&2; exit 1; }
