#!/usr/bin/env bash
# tests/power_daemon_test.sh CRADLE
# Twenty power daemons and their bank, each node in a network namespace of its own, on one bridge: a tenth of all packets
# is lost, a fifth of the coins above the floors is cut, three nodes are cut off, four killed and two of these started again. Then what
# they logged is judged: no coin was ever where it must not be.
# Exit codes: 0 all hold, 1 some do not, 77 skipped.
set -u

skip() { echo "skipped: $*"; exit 77; }
[ $# = 1 ] || { echo "usage: $0 CRADLE" >&2; exit 2; }
cradle=$(realpath -e "$1")
for tool in ip jq awk; do command -v $tool >/dev/null || skip "no $tool"; done
[ "$(id -u)" = 0 ] || skip "root is needed to make network namespaces"

nodes=20 budget=2000 cut=1680 floor=20
folder=$(mktemp -d) prefix=crpow$$
started=() spaces=()
finish() {
  for pid in "${started[@]}"; do kill -KILL "$pid" 2>/dev/null; wait "$pid" 2>/dev/null; done
  for space in "${spaces[@]}"; do ip netns del "$space" 2>/dev/null; done
  rm -rf "$folder"
}
trap finish EXIT
trap 'exit 1' INT TERM
cd "$folder" || exit 1

failed=0
told() {  # OK WHAT: OK is the word "1" where it holds
  if [ "$1" = 1 ]; then echo "ok    $2"; else echo "FAIL  $2"; failed=$((failed + 1)); fi
}

# ---- the network: a bridge in a namespace of its own, where the bank is; a veth pair to each node.
hub=${prefix}hub
ip netns add "$hub" 2>err || skip "no network namespace can be made: $(head -1 err)"
spaces+=("$hub")
ip -n "$hub" link add bridge0 type bridge 2>err || skip "no bridge can be made: $(head -1 err)"
ip -n "$hub" addr add 10.77.0.100/24 dev bridge0
ip -n "$hub" link set bridge0 up
ip -n "$hub" link set lo up
for ((n = 0; n < nodes; ++n)); do
  space=$prefix-$n
  ip netns add "$space" && spaces+=("$space")
  ip -n "$hub" link add "port$n" type veth peer name eth0 netns "$space" 2>err || skip "no veth: $(head -1 err)"
  ip -n "$hub" link set "port$n" master bridge0 up
  ip -n "$space" addr add "10.77.0.$((n + 1))/24" dev eth0
  ip -n "$space" link set eth0 up
done

# ---- files: the same domain for all; devices are files that hold what they are limited to.
head -c 32 /dev/urandom | base64 >key
chmod 600 key
mkdir -m 700 run
cat >domain <<END
[domain]
number = 7
topology = "torus:5x4"
addresses = [$(for ((n = 1; n <= nodes; ++n)); do printf '"10.77.0.%d:7700",' $n; done)]
bank = "10.77.0.100:7700"
coin = 1
floor = $floor
period = 0.05
lease = 3
hold = 1
key = "key"
END
{ echo 'state = "bank.state"'; echo 'log = "bank.log"'; cat domain
  printf '[bank]\nbudget = %d\nbudget_file = "budget"\n' $budget; } >bank.toml
echo $budget >budget
for ((n = 0; n < nodes; ++n)); do
  { printf 'state = "%d.state"\nlog = "%d.log"\nrun_folder = "%s/run"\n' $n $n "$folder"; cat domain
    printf '[node]\nnumber = %d\n' $n
    printf 'actuator = "simulated:%s/%d.limit,lowest=10,highest=300,latency_ms=5,refusal=0.05,seed=%d"\n' "$folder" $n $n
    printf '[node.demand]\nwatts = %d\n' $((60 + n % 4 * 40)); } >$n.toml
  echo ${floor}000000 >$n.limit
done

declare -A daemon
start_bank() {
  ip netns exec "$hub" "$cradle" power daemon --config bank.toml --drop 0.1 --seed 5 2>bank.err &
  bank=$!; started+=($bank)
}
start_node() {
  ip netns exec "$prefix-$1" "$cradle" power daemon --config "$1.toml" --apply --drop 0.1 --seed 5 2>>"$1.err" &
  daemon[$1]=$!; started+=(${daemon[$1]})
}
watts() { cat ./*.limit | awk '{ sum += $1 } END { printf "%d", sum / 1e6 }'; }
check() { "$cradle" power check-logs --json ./*.log "$@"; }

start_bank
for ((n = 0; n < nodes; ++n)); do start_node $n; done

# ---- meanwhile: a node that is its own bank, in a dry run; its partner is not there.
echo 150000000 >alone.limit
cat >alone.toml <<END
state = "alone.state"
[domain]
number = 8
topology = "ring:2"
addresses = ["127.0.0.1:7701", "127.0.0.1:7702"]
bank = "127.0.0.1:7701"
floor = 20
period = 0.05
lease = 0.5
hold = 0.1
[node]
number = 0
actuator = "simulated:$folder/alone.limit,lowest=10,highest=300"
[node.demand]
file = "alone.demand"
[bank]
budget = 100
END
echo 90 >alone.demand
timeout -s TERM 3 ip netns exec "$hub" "$cradle" power daemon --config alone.toml 2>alone.err
told $(($? == 124 && $(cat alone.limit) == 150000000)) "a dry run sets nothing"
told "$(grep -c 'dry run: .* would be set to 80 W$' alone.err)" "and says what it would: $(grep -c 'dry run' alone.err) levels"
told "$(grep -c '^cradle: note: packets: [1-9][0-9]* taken' alone.err)" "on SIGTERM it ends in order"
rm alone.limit
sleep 4
told $(($(watts) > budget * 95 / 100)) "the devices draw what there is: $(watts) W of $budget W"

echo $cut >budget.new && mv budget.new budget
sleep 2
told $(($(watts) <= cut)) "after a cut to $cut W: $(watts) W"

for n in 3 8 13; do ip -n "$hub" link set "port$n" down; done
for n in 1 2 10 17; do kill -KILL "${daemon[$n]}"; wait "${daemon[$n]}" 2>/dev/null; done
sleep 1
told $(($(cat 1.limit 2.limit 10.limit 17.limit | grep -cx ${floor}000000) == 4)) "devices of killed daemons are put back"
sleep 5
for n in 3 8 13; do ip -n "$hub" link set "port$n" up; done
for n in 1 17; do start_node $n; done
sleep 6
told $(($(watts) <= cut && $(watts) > cut * 9 / 10)) "after deaths and a partition: $(watts) W of $cut W"
check >running.json
told "$(jq 'if .violations == 0 and .share_at_end >= 0.99 then 1 else 0 end' running.json)" \
  "while they run $(jq '.share_at_end * 100' running.json) % of the budget is held or in the bank, $(jq .violations running.json) violations"

# ---- the end: coins go back, devices are put back; then the bank, once it has recovered what was under way.
for ((n = 0; n < nodes; ++n)); do kill -TERM "${daemon[$n]}" 2>/dev/null; done
good=0
for ((n = 0; n < nodes; ++n)); do wait "${daemon[$n]}" 2>/dev/null && good=$((good + 1)); done
told $((good == nodes - 2)) "$good daemons end with exit code 0 on SIGTERM"
told $(($(cat ./*.limit | grep -cx ${floor}000000) == nodes)) "every device is what it was before"
sleep 5
kill -TERM $bank
wait $bank
told $(($? == 0)) "the bank ends with exit code 0"

check >report.json
told $(($? == 0)) "no violation in the logs: $(jq -c '[.records, .transfers, .incarnations, .deaths, .recovered]' report.json) records, transfers, incarnations, deaths, coins recovered"
told "$(jq 'if .nodes == 20 and .cuts == 1 and .deaths >= 7 and .terms == 1 and .recovered > 0 and .transfers > 300 then 1 else 0 end' report.json)" \
  "the logs tell of all that was done to them"
told "$(jq 'if .worst_excess <= 0 and .worst_cap <= 0 and .worst_balance >= 0 then 1 else 0 end' report.json)" \
  "held + in flight never above what is outstanding, devices never above it: $(jq -c '[.worst_excess, .worst_cap, .worst_balance]' report.json)"
told "$(jq 'if .obey_seconds < 1 then 1 else 0 end' report.json)" \
  "the cut is obeyed after $(jq '.obey_seconds * 1000 | round' report.json) ms; the bank knows it after $(jq '.obey_known_seconds * 1000 | round' report.json) ms"
told "$(jq 'if .share_at_end >= 0.99 then 1 else 0 end' report.json)" "at the end $(jq '.share_at_end * 100' report.json) % of the budget is in the bank"
[ $failed = 0 ] || jq -r '.rows[] | "      \(.at_ns) \(.violation)"' running.json report.json

# ---- the check must be able to fail: a coin more than there was, and a log that is not there.
mkdir doctored
cp ./*.log doctored
awk '!done && / link / { match($0, /held=[0-9]+/); $0 = substr($0, 1, RSTART + 4) substr($0, RSTART + 5, RLENGTH - 5) + 1 substr($0, RSTART + RLENGTH); done = 1 } 1' 5.log >doctored/5.log
"$cradle" power check-logs doctored/*.log >/dev/null
told $(($? == 1)) "one coin more in one line of one log is found"
rm doctored/5.log
"$cradle" power check-logs doctored/*.log >/dev/null 2>&1
told $(($? == 3)) "a log that is missing is missed"

[ $failed = 0 ] && exit 0
tail -n 3 ./*.err
exit 1
