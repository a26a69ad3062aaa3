#!/usr/bin/env bash
# Searches for inputs that break a parser. Needs a build with clang's sanitizers (build/sanitize).
#   tests/fuzz/run.sh BUILD [SECONDS [NAME...]]   SECONDS for each target (default 60), on all processors
#   tests/fuzz/run.sh --brief TARGET              what the test suite does: a bounded search from the seeds alone
# What is found is kept in BUILD/fuzz/NAME: inputs/ grows from run to run, crash-* and timeout-* break the target.
set -euo pipefail
seeds=$(cd "$(dirname "$0")" && pwd)/corpus

# No input of a few kilobytes may take more than 5 s or 1 GiB, whatever sizes it claims.
limits=(-timeout=5 -rss_limit_mb=1024 -max_len=4096 -print_final_stats=0 -verbosity=0)

if [ "${1:-}" = --brief ]; then
  target=$2
  name=$(basename "$target")
  name=${name#fuzz_}
  found=$(mktemp -d)
  trap 'rm -rf "$found"' EXIT
  kept=$(dirname "$target")/found/$name
  mkdir -p "$kept"
  "$target" "${limits[@]}" -seed=1 -runs=20000 -max_total_time=8 -artifact_prefix="$kept/" "$found" "$seeds/$name"
  echo "fuzz_$name: $(find "$seeds/$name" -type f | wc -l) seeds, $(find "$found" -type f | wc -l) inputs that reach new code"
  exit
fi

[ $# -ge 1 ] || { sed -n '3,4s/^# //p' "$0" >&2; exit 2; }
build=$1 seconds=${2:-60}
shift $(($# < 2 ? $# : 2))
[ $# -gt 0 ] || set -- $(find "$build/tests/fuzz" -maxdepth 1 -name 'fuzz_*' -type f -perm -u+x -printf '%f\n' | sed 's/^fuzz_//' | sort)
[ $# -gt 0 ] || { echo "no fuzz targets in $build: build it with -DCRADLE_SANITIZE=ON and clang++" >&2; exit 1; }
status=0
for name in "$@"; do
  kept=$build/fuzz/$name
  mkdir -p "$kept/inputs"
  echo "fuzz_$name: $seconds s"
  "$build/tests/fuzz/fuzz_$name" "${limits[@]}" -max_total_time="$seconds" -artifact_prefix="$kept/" \
    "$kept/inputs" "$seeds/$name" || { status=1; echo "fuzz_$name: BROKEN, the input is in $kept" >&2; }
done
exit $status
