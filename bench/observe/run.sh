#!/usr/bin/env bash
# The bars of observing against the kernel's own counts.
#   bench/observe/run.sh BUILD [--soak [SECONDS]] [--quick] [--only NAME]
# Writes build/observe-bench.json and build/observe-bench.md. Exit codes: 0, 1 a bar is missed, 77 not root or no hook.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ $# -ge 1 ] || { sed -n '3s/^# *//p' bench/observe/run.sh >&2; exit 2; }
build=$1 soak=
shift
options=()
while [ $# -gt 0 ]; do
  if [ "$1" = --soak ]; then
    soak=600
    if [[ "${2:-}" =~ ^[0-9]+$ ]]; then soak=$2; shift; fi
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
else
  tests/observe_soak.sh "$build/cradle" "$soak" || status=$?
fi
exit "$status"
