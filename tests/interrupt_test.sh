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

# Jobs between regions: the best plan found until then, and its schedule.
"$cradle" shift regions --generate 60000 --schedule plan.csv --no-progress >out 2>err &
regions=$!
sleep 4
kill -INT $regions
asked=$SECONDS
status=0
wait $regions || status=$?
[ $status = 130 ] || { echo "regions: exit code $status, expected 130"; cat err; exit 1; }
[ $((SECONDS - asked)) -le 30 ] || { echo "regions: stopped $((SECONDS - asked)) s after it was asked to"; exit 1; }
grep -q 'note: cut short: \|note: stopped: ' out err || { echo "regions: no word of it"; cat out err; exit 1; }
grep -q '^both, life cycle ' out || { echo "regions: no plan"; cat out; exit 1; }
[ "$(wc -l <plan.csv)" = 60001 ] || { echo "regions: the schedule has not every job"; exit 1; }
echo "regions: stopped"

# A GPU's profile: the steps so far, and a recording that can be read again. Fourteen seconds if nobody stops it.
board=$(dirname "$cradle")/libcradle_fake_gpu.so
echo 700000 >limit_mw
"$cradle" profile gpu --nvml "$board" --cuda "$board" --steps 8 --repetitions 2 --settle 0.2 --window 0.6 \
  --record run.json --no-progress >out 2>err &
profile=$!
sleep 4
kill -INT $profile
asked=$SECONDS
status=0
wait $profile || status=$?
[ $status = 130 ] || { echo "profile: exit code $status, expected 130"; cat err; exit 1; }
[ $((SECONDS - asked)) -le 10 ] || { echo "profile: stopped $((SECONDS - asked)) s after it was asked to"; exit 1; }
grep -q 'note: cut short: ' out || { echo "profile: no word of it"; cat out; exit 1; }
# All multiprocessors, then none, come first: 80 W + 16 x 30 W and 80 W.
grep -Eq '^ *16 +1\.000 +560\.0 ' out && grep -Eq '^ *0 +0\.000 +80\.0 ' out || { echo "profile: no steps"; cat out; exit 1; }
"$cradle" profile gpu --recorded run.json >again 2>err || { echo "profile: the recording cannot be read"; cat err; exit 1; }
diff <(sed 1d out) <(sed 1d again) || { echo "profile: the recording says something else"; exit 1; }
echo "profile: stopped after $(grep -c ' power samples$' out) steps"
