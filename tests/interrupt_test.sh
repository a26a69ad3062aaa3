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

# A search over designs: the front of the points so far is written, marked incomplete.
list() { seq -s ', ' "$1" "$2"; }
"$cradle" design explore --print | sed "
  s/^split = .*/split = [$(list 1 16)]/; s/^volume = .*/volume = [$(list 1000 1099)]/
  s/^lifetime_years = .*/lifetime_years = [$(list 1 20)]/; s/^duty = .*/duty = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]/" >large.toml
"$cradle" design explore large.toml --front front.csv --no-progress >out 2>err &
explore=$!
sleep 1
kill -INT $explore
status=0
wait $explore || status=$?
[ $status = 130 ] || { echo "explore: exit code $status, expected 130"; cat err; exit 1; }
grep -q 'stopped after .* the front is that of these points' err || { echo "explore: no word of the points"; exit 1; }
[ "$(wc -l <front.csv)" -ge 2 ] || { echo "explore: no front"; exit 1; }
echo "explore: $(sed -n 's/^cradle: //p' err | head -1)"

# An integer program that takes long: the solver itself is asked to stop, far before its own limit of a minute.
machine() {
  printf '[[machine]]\nname = "m%s"\nmaking_kg = %s\ncapacity = %s\nidle_w = %s\nfull_w = %s\n' "$@"
  printf 'gain_percent_per_year = 7\nlife_years = 4\nsecond_life_years = 2\nrefurbishing_kg = 50\nwork = ["a", "b"]\n'
}
{
  printf 'title = "Long"\nquestion = "?"\nyears = 10\n[[site]]\nname = "here"\nintensity_g_per_kwh = 300\nroom = 47\n'
  printf '[[work]]\nname = "%s"\nlight = true\ndemand_at_first = %s\ngrowth_percent_per_year = 7\n' a 26.23 b 27.42
  machine 1 1300 1.713 55 310
  machine 2 2100 2.341 70 390
  machine 3 900 1.179 42 260
  machine 4 1750 2.057 61 333
} >fleet.toml
"$cradle" design fleet fleet.toml --no-progress >out 2>err &
fleet=$!
sleep 2
kill -INT $fleet
asked=$SECONDS
status=0
wait $fleet || status=$?
[ $status = 130 ] || { echo "fleet: exit code $status, expected 130"; cat err; exit 1; }
[ $((SECONDS - asked)) -le 30 ] || { echo "fleet: stopped $((SECONDS - asked)) s after it was asked to"; exit 1; }
grep -q 'interrupted' out || grep -q 'stopped before there was a plan' err || { echo "fleet: no word of it"; exit 1; }
echo "fleet: stopped"
