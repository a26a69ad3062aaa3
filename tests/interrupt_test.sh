#!/usr/bin/env bash
# Ctrl-C in the middle of a study: exit code 130, a sentence that says what the ledger holds, and a ledger that can be
# accounted. usage: tests/interrupt_test.sh CRADLE
set -euo pipefail
cradle=$(realpath -e "$1")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

"$cradle" study --print-default | sed 's/^load .*/load = 40/; s/^scale .*/scale = 0.4/' >long.toml
"$cradle" study long.toml --embedded --no-progress >out 2>err &
study=$!
# The ledger stands once the first replay begins; a moment later it is in the middle of it.
for _ in $(seq 600); do [ -s cradle.ledger ] && break; sleep 0.1; done
sleep 1
kill -INT $study
status=0
wait $study || status=$?
[ $status = 130 ] || { echo "exit code $status, expected 130"; cat err; exit 1; }
grep -q 'stopped; the ledger cradle.ledger holds: ' err || { echo "no word of what the ledger holds:"; cat err; exit 1; }
run=$(sed -n 's/.*--run \(.*\)$/\1/p' err)
"$cradle" account --ledger cradle.ledger --run "$run" --by day --output csv >days.csv 2>notes ||
  { echo "the ledger cannot be accounted:"; cat notes; exit 1; }
[ "$(wc -l <days.csv)" -ge 2 ] || { echo "no day in the account"; exit 1; }
echo "stopped in $(grep -o 'holds: .*' err | head -1 | cut -c8-), $(($(wc -l <days.csv) - 1)) lines of account"
