#!/usr/bin/env bash
# tests/observe_test.sh CRADLE
# cradle observe from end to end on this machine: a command's CPU time and a busy group's against the kernel's own count,
# the node's sums from /metrics, counters of a made-up powercap tree over a wrap and a restart, the unprivileged way.
# Exit codes: 0 all hold, 1 some do not, 77 skipped.
set -u

skip() { echo "skipped: $*"; exit 77; }
[ $# = 1 ] || { echo "usage: $0 CRADLE" >&2; exit 2; }
cradle=$(realpath -e "$1")
for tool in curl jq awk setpriv; do command -v $tool >/dev/null || skip "no $tool"; done
[ "$(id -u)" = 0 ] || skip "root is needed to make control groups"
mount=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
[ -n "$mount" ] || skip "no cgroup v2 tree is mounted"
grep -q usage_usec "$mount/cpu.stat" 2>/dev/null || skip "no cpu.stat in $mount"

folder=$(mktemp -d)
started=() groups=()
finish() {
  for pid in "${started[@]}"; do kill -KILL "$pid" 2>/dev/null; wait "$pid" 2>/dev/null; done
  for group in "${groups[@]}"; do
    for _ in 1 2 3 4 5; do rmdir "$group" 2>/dev/null && break; sleep 0.2; done
  done
  rm -rf "$folder"
}
trap finish EXIT
trap 'exit 1' INT TERM
cd "$folder"

failed=0
told() {  # OK WHAT: OK is the word "1" where it holds
  if [ "$1" = 1 ]; then echo "ok    $2"; else echo "FAIL  $2"; failed=$((failed + 1)); fi
}
near() { awk -v a="$1" -v b="$2" -v off="$3" 'BEGIN { print (a != "" && b > 0 && (a-b)/b <= off && (b-a)/b <= off) }'; }
usage_s() { awk '$1 == "usage_usec" { print $2 / 1e6 }' "$1/cpu.stat"; }

tier=$("$cradle" observe --json --ticks 1 --interval 100ms --meter model --tier bpf 2>&1 >/dev/null) && tier=bpf ||
  skip "no BPF here: $tier"

# ---- one command: hundreds of children, and one that it leaves behind, which keeps the group for us to read.
"$cradle" observe --json --meter model -- bash -c '
  sed -n "s/^0:://p" /proc/self/cgroup >group
  for i in $(seq 300); do /bin/true; done
  end=$((SECONDS + 3)); while [ $SECONDS -lt $end ]; do :; done
  sleep 60 </dev/null >/dev/null 2>&1 & echo $! >left; exit 5' >bill 2>err
status=$?
group=$mount$(cat group); groups+=("$group"); started+=("$(cat left)")
told $((status == 5)) "a command's exit code is its own ($status)"
truth=$(usage_s "$group") seconds=$(jq .cpu_seconds bill)
told "$(near "$seconds" "$truth" 0.005)" "cpu_seconds of a command: $seconds, its group's cpu.stat: $truth"
told "$(jq 'if (.joules.cpu > 0) and (.grams.operational.value > 0) and (.grams.embodied.value > 0) then 1 else 0 end' bill)" \
  "joules and grams of a command"
told "$(jq 'if [.meter_kind[]] | unique == ["estimated"] then 1 else 0 end' bill)" "the model's joules are estimated"

# ---- the daemon, with a group that is busy while it watches.
# Starts one; its address is in $at, its number in $daemon.
start_daemon() {  # OPTIONS...
  "$cradle" observe --daemon --web.listen-address=127.0.0.1:0 "$@" >daemon.out 2>daemon.err &
  daemon=$!; started+=($daemon); at=
  for _ in $(seq 100); do
    at=$(sed -n 's/.*metrics at port \([0-9]*\),.*/http:\/\/127.0.0.1:\1/p' daemon.err)
    [ -n "$at" ] && return
    kill -0 $daemon 2>/dev/null || break
    sleep 0.1
  done
  echo "FAIL  the daemon did not start:"; cat daemon.err; exit 1
}
stop_daemon() {  # sets $status
  kill -TERM $daemon; wait $daemon; status=$?
}
sample() { curl -sf --max-time 5 "$at/metrics" | awk -v name="$1" 'index($0, name) == 1 { print $NF; exit }'; }

start_daemon --interval 200ms --meter model
busy=/cradle-test-$$
mkdir "$mount$busy" || skip "no control group can be made at $mount$busy"
groups+=("$mount$busy")
sleep 0.5
bash -c "echo \$\$ >'$mount$busy/cgroup.procs'
  for i in \$(seq 100); do /bin/true; done
  end=\$((SECONDS + 3)); while [ \$SECONDS -lt \$end ]; do :; done"
sleep 1
truth=$(usage_s "$mount$busy") seconds=$(sample "cradle_cgroup_cpu_seconds_total{cgroup=\"$busy\"")
told "$(near "$seconds" "$truth" 0.01)" "cradle_cgroup_cpu_seconds_total of a busy group: $seconds, cpu.stat: $truth"
told "$(curl -sf "$at/healthz" | grep -c '^ok$')" "/healthz"
told "$(curl -sf -H 'Accept: application/openmetrics-text' "$at/metrics" | tail -1 | grep -c '^# EOF$')" "OpenMetrics if asked for"
told "$(curl -s -o /dev/null -w '%{http_code}' "$at/else" | grep -c 404)" "another path is not found"

# For every component and policy: groups + idle + overhead + unattributed == node.
curl -sf "$at/metrics" >metrics
sums=$(awk '
  function label(name,  part) {
    if (!match($0, "[{,]" name "=\"[^\"]*\"")) return ""
    part = substr($0, RSTART, RLENGTH); sub(/^[^"]*"/, "", part); sub(/"$/, "", part); return part
  }
  /^cradle_node_energy_joules_total/       { node[label("component")] += $NF }
  /^cradle_cgroup_energy_joules_total/     { part[label("component"), label("policy")] += $NF }
  /^cradle_node_idle_joules_total/         { part[label("component"), label("policy")] += $NF }
  /^cradle_node_(overhead|unattributed)_joules_total/ { all[label("component")] += $NF }
  END {
    split("none even reservation use", policies, " ")
    for (c in node) for (p in policies) {
      off = part[c, policies[p]] + all[c] - node[c]; if (off < 0) off = -off
      if (off > 1e-6 * (1 + node[c])) { print "off by " off " J: " c ", " policies[p]; bad = 1 }
      ++checked
    }
    if (!bad && checked >= 8) print "ok " checked
  }' metrics)
told "$(grep -c '^ok' <<<"$sums")" "groups + idle + overhead + unattributed is the node, by component and policy: $sums"
"$cradle" observe --daemon --web.listen-address="${at#http://}" --ticks 1 --meter model >out 2>err
told "$(($? == 1 && $(grep -c 'in use\|taken' err) > 0))" "a port that is taken: $(head -1 err)"
stop_daemon
told $((status == 0)) "SIGTERM: exit code $status"

# ---- counters of a made-up tree, with a wrap, and over a restart from a checkpoint.
zone=$folder/root/sys/class/powercap/intel-rapl:0
mkdir -p "$zone"
ln -s /proc "$folder/root/proc"
echo package-0 >"$zone/name"
echo 1000000000 >"$zone/max_energy_range_uj"
echo 250000000 >"$zone/constraint_0_max_power_uw"
echo 1 >"$zone/cradle_simulated"
counter=950000000 written=0
# In place and in one piece, as the kernel shows it: a reader never finds an empty file.
show() { printf '%010d\n' $counter 1<>"$zone/energy_uj"; }
show
spend() {  # TIMES: 3 J each
  local i
  for ((i = 0; i < $1; ++i)); do
    counter=$(((counter + 3000000) % 1000000000)); written=$((written + 3))
    show
    sleep 0.05
  done
}
watch=(--sysroot "$folder/root" --meter powercap --interval 100ms --checkpoint "$folder/checkpoint")
start_daemon "${watch[@]}"
spend 40
sleep 0.4
joules=$(sample kepler_node_cpu_joules_total)
told "$(near "$joules" $written 1e-9)" "kepler_node_cpu_joules_total over a wrap: $joules J, written $written J"
told "$(curl -sf "$at/metrics" | grep '^cradle_node_energy_joules_total' | grep -vc 'meter_kind="simulated"' | grep -c '^0$')" \
  "what is made up is never measured"
stop_daemon
told $((status == 0)) "SIGTERM, with a checkpoint: exit code $status"
start_daemon "${watch[@]}"
spend 10
sleep 0.4
joules=$(sample kepler_node_cpu_joules_total)
told "$(near "$joules" $written 1e-9)" "after a restart the counter goes on: $joules J, written $written J"
stop_daemon

# ---- the ledger of an observed command is a finished run.
"$cradle" observe --quiet --meter model --interval 200ms --ledger ledger -- sleep 0.5 >out 2>err
"$cradle" account --ledger ledger --by job --output json >account 2>notes
told "$(($? == 0 && $(grep -c interrupted account notes | awk -F: '{ n += $2 } END { print n }') == 0))" \
  "account of an observed run: not interrupted"

# ---- nobody in particular.
chmod 755 "$folder"
cp "$cradle" "$folder/cradle" && chmod 755 "$folder/cradle"
nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all --inh-caps=-all "$@"; }
nobody "$folder/cradle" observe --json --ticks 2 --interval 200ms --meter model >out 2>err
status=$?
told "$((status == 0 && $(tail -1 out | jq '.rows | length') > 0))" "unprivileged: exit code $status"
told "$(tail -1 out | jq 'if [.notes[] | select(test("bpf|BPF"))] | length > 0 then 1 else 0 end')" "and says why not BPF"
nobody "$folder/cradle" observe --json --meter model -- bash -c 'end=$((SECONDS + 2)); while [ $SECONDS -lt $end ]; do :; done' \
  >out 2>err
status=$?
told "$((status == 0 && $(jq 'if .cpu_seconds > 0.05 then 1 else 0 end' out) == 1))" \
  "an unprivileged command: $(jq -c '[.cpu_seconds, .known_by.cpu_seconds]' out)"

[ $failed = 0 ] || { echo "$failed failed"; exit 1; }
