#!/usr/bin/env bash
# The bars of observing against the kernel's own counts.
#   bench/observe/run.sh BUILD [--soak [SECONDS]] [--quick] [--only NAME] [--docs]
# Writes build/observe-bench.json and build/observe-bench.md; --docs puts the table between the bench markers of
# docs/observe-bench.md, for a run of all parts. Exit codes: 0, 1 a bar is missed, 77 not root or no hook.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ $# -ge 1 ] || { sed -n '3s/^# *//p' bench/observe/run.sh >&2; exit 2; }
build=$1 soak= docs=
shift
options=()
while [ $# -gt 0 ]; do
  if [ "$1" = --soak ]; then
    soak=600
    if [[ "${2:-}" =~ ^[0-9]+$ ]]; then soak=$2; shift; fi
  elif [ "$1" = --docs ]; then
    docs=yes
  else
    options+=("$1")
  fi
  shift
done
mkdir -p build
cmake --build "$build" --target cradle observe_bench >build/bench.log 2>&1 || { cat build/bench.log; exit 1; }
status=0
if [ -z "$soak" ]; then
  "$(find "$build" -name observe_bench -type f -perm -u+x | head -1)" --json build/observe-bench.json "${options[@]}" |
    tee build/observe-bench.md || status=${PIPESTATUS[0]}
  if [ -n "$docs" ] && [ ${#options[@]} = 0 ] && [ $status -le 1 ]; then
    page=docs/observe-bench.md
    grep -q '<!-- bench:begin -->' $page && grep -q '<!-- bench:end -->' $page ||
      { echo "bench: $page has no <!-- bench:begin --> ... <!-- bench:end --> lines" >&2; exit 1; }
    awk -v table=build/observe-bench.md '
      /<!-- bench:begin -->/ { print; while ((getline line < table) > 0) print line; inside = 1 }
      /<!-- bench:end -->/ { inside = 0 }
      !inside && !/<!-- bench:begin -->/ { print }' $page >build/observe-bench.new
    cat build/observe-bench.new >$page
    rm build/observe-bench.new
  elif [ -n "$docs" ]; then
    echo "bench: docs/observe-bench.md is as it was: --docs is for a whole run that could measure" >&2
  fi
else
  tests/observe_soak.sh "$build/cradle" "$soak" || status=$?
fi
exit "$status"
