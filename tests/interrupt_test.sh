#!/usr/bin/env bash
# Ctrl-C in the middle of a study: exit code 130, a sentence that says what the ledger holds, and a ledger that can be
# accounted. usage: tests/interrupt_test.sh CRADLE
set -euo pipefail
cradle=$(realpath -e "$1")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# start NAME COMMAND...: runs it with its output in out and err.
start() {
  name=$1
  shift
  "$@" >out 2>err &
  pid=$!
}
fail() { echo "$name: $1"; cat out err; exit 1; }

# interrupt TICKS SECONDS: once the program catches Ctrl-C and has worked for TICKS hundredths of a second of processor
# time since, sends it; the program must end with 130 within SECONDS.
interrupt() {
  local caught used first= asked status=0
  for _ in $(seq 1200); do
    # The second of the caught signals' bits is SIGINT. Fields 14 and 15 are user and system time.
    caught=$(sed -n 's/^SigCgt:.*\(.\)$/\1/p' "/proc/$pid/status")
    if (( 0x${caught:-0} & 2 )); then
      used=$(sed 's/.*) //' "/proc/$pid/stat" | awk '{print $12 + $13}')
      first=${first:-$used}
      [ $((used - first)) -lt "$1" ] || break
    fi
    sleep 0.05
  done
  kill -INT "$pid" || fail "it ended before it could be stopped"
  asked=$SECONDS
  wait "$pid" || status=$?
  [ $status = 130 ] || fail "exit code $status, expected 130"
  [ $((SECONDS - asked)) -le "$2" ] || fail "stopped $((SECONDS - asked)) s after it was asked to"
}

"$cradle" study --print-default | sed 's/^load .*/load = 40/; s/^scale .*/scale = 0.4/' >long.toml
start study "$cradle" study long.toml --embedded --no-progress
# The ledger stands once the first replay begins; a second of work later it is in the middle of it.
for _ in $(seq 600); do [ -s cradle.ledger ] && break; sleep 0.1; done
interrupt 100 60
grep -q 'stopped; the ledger cradle.ledger holds: ' err || fail "no word of what the ledger holds"
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
start explore "$cradle" design explore large.toml --front front.csv --no-progress
interrupt 50 30
grep -q 'stopped after .* the front is that of these points' err || fail "no word of the points"
[ "$(wc -l <front.csv)" -ge 2 ] || fail "no front"
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
start fleet "$cradle" design fleet fleet.toml --no-progress
interrupt 100 30
grep -q 'interrupted' out || grep -q 'stopped before there was a plan' err || fail "no word of it"
echo "fleet: stopped"

# Jobs between regions: the best plan found until then, and its schedule.
start regions "$cradle" shift regions --generate 60000 --schedule plan.csv --no-progress
interrupt 100 30
grep -q 'note: cut short: \|note: stopped: ' out err || fail "no word of it"
grep -q '^both, life cycle ' out || fail "no plan"
[ "$(wc -l <plan.csv)" = 60001 ] || fail "the schedule has not every job"
echo "regions: stopped"

# A GPU's profile: the steps so far, and a recording that can be read again. Fourteen seconds if nobody stops it.
board=$(dirname "$cradle")/libcradle_fake_gpu.so
echo 700000 >limit_mw
start profile "$cradle" profile gpu --nvml "$board" --cuda "$board" --steps 8 --repetitions 2 --settle 0.2 --window 0.6 \
  --record run.json --no-progress
# It goes by the clock and hardly works: two of its steps are whole after a few seconds.
sleep 4
interrupt 0 10
grep -q 'note: cut short: ' out || fail "no word of it"
# All multiprocessors, then none, come first: 80 W + 16 x 30 W and 80 W.
grep -Eq '^ *16 +1\.000 +560\.0 ' out && grep -Eq '^ *0 +0\.000 +80\.0 ' out || fail "no steps"
"$cradle" profile gpu --recorded run.json >again 2>err || fail "the recording cannot be read"
diff <(sed 1d out) <(sed 1d again) || fail "the recording says something else"
echo "profile: stopped after $(grep -c ' power samples$' out) steps"
