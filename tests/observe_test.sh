#!/usr/bin/env bash
# tests/observe_test.sh CRADLE
# cradle observe from end to end on this machine: a command's CPU time and a busy group's against the kernel's own count,
# the node's sums from /metrics, counters of a made-up powercap tree over a wrap and a restart, two capabilities alone, and
# the unprivileged way.
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
told "$(jq '([.joules[]] | add) as $sum | . as $b | if ($sum - .joules_total | fabs) < 1e-9 * $sum and
  .joules_total_range[0] < $sum and .joules_total_range[1] > $sum and
  ([.joules | keys[] | $b.joules_range[.][0] <= $b.joules[.] and $b.joules[.] <= $b.joules_range[.][1]] | all) then 1 else 0 end' bill)" \
  "a range on each component; the total is their sum: $(jq -c '[.joules_total, .joules_total_range]' bill)"
told "$(jq 'if [.meter_kind[]] | unique == ["estimated"] then 1 else 0 end' bill)" "the model's joules are estimated"

# ---- the daemon, with a group that is busy while it watches.
# Starts one, by ${as[@]}; its address is in $at, its number in $daemon.
program=$cradle as=()
start_daemon() {  # OPTIONS...
  : >daemon.err
  "${as[@]}" "$program" observe --daemon --web.listen-address=127.0.0.1:0 "$@" >daemon.out 2>daemon.err &
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
[ ! -x "$cradle-observe" ] || told "$(readlink /proc/$daemon/exe | grep -c 'cradle-observe$')" "the daemon goes on as cradle-observe"
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
      if (off >= 1e-6) { print "off by " off " J: " c ", " policies[p]; bad = 1 }
      ++checked
    }
    if (!bad && checked >= 8) print "ok " checked
  }' metrics)
told "$(grep -c '^ok' <<<"$sums")" "groups + idle + overhead + unattributed is the node, by component and policy: $sums"

# For every component, under the policy in force: processes + what none of them is told of == groups == node - the rest; and
# the root with all below it is every group.
process_law() {  # of the file metrics: "ok N" or what is off
  awk '
  function label(name,  part) {
    if (!match($0, "[{,]" name "=\"[^\"]*\"")) return ""
    part = substr($0, RSTART, RLENGTH); sub(/^[^"]*"/, "", part); sub(/"$/, "", part); return part
  }
  function compare(what, component, a, b,  off) {
    off = a - b; if (off < 0) off = -off
    if (off >= 1e-6) { print what ", " component ": off by " off " J"; bad = 1 }
    ++checked
  }
  /^cradle_node_info/                         { policy = label("policy") }
  /^cradle_node_energy_joules_total/          { node[label("component")] += $NF }
  /^cradle_node_(overhead|unattributed)_joules_total/ { rest[label("component")] += $NF }
  /^cradle_node_idle_joules_total/            { idle[label("component"), label("policy")] += $NF }
  /^cradle_cgroup_energy_joules_total/        { group[label("component"), label("policy")] += $NF }
  /^cradle_process_energy_joules_total/       { process[label("component")] += $NF; ++processes }
  /^cradle_cgroup_untold_joules_total/        { untold[label("component")] += $NF }
  /^cradle_cgroup_subtree_energy_joules_total{cgroup="\/"/ { root[label("component")] += $NF }
  END {
    for (c in node) {
      compare("processes and groups", c, process[c] + untold[c], group[c, policy])
      compare("groups and node", c, group[c, policy] + idle[c, policy] + rest[c], node[c])
      compare("the root and groups", c, root[c], group[c, policy])
    }
    if (!bad && checked >= 6 && processes > 0 && process["cpu"] > 0) print "ok " checked " sums, " processes " series"
  }' metrics
}
law=$(process_law)
told "$(grep -c '^ok' <<<"$law")" "processes + untold are the groups, the root's subtree too: $law"
"$cradle" observe --daemon --web.listen-address="${at#http://}" --ticks 1 --meter model >out 2>err
told "$(($? == 1 && $(grep -c 'in use\|taken' err) > 0))" "a port that is taken: $(head -1 err)"
stop_daemon
told $((status == 0)) "SIGTERM: exit code $status"

# ---- a tick in JSON tells the same, with ranges; the view has a row for each process, within 80 columns.
"$cradle" observe --json --ticks 2 --interval 300ms --meter model --idle even | tail -1 >tick
told "$(jq '. as $t | [$t.total.joules | keys[] as $c | ([$t.rows[] | .joules[$c]] | add) - ([$t.rows[] | .untold_joules[$c]] | add) -
  ([$t.processes[] | .joules[$c]] | add) | fabs < 1e-6] | if all and length >= 2 then 1 else 0 end' tick)" \
  "JSON of a tick: groups less what is untold are the processes: $(jq -c '[(.rows | length), (.processes | length)]' tick)"
told "$(jq '[.total, .rows[], .processes[] | . as $r | .joules | keys[] | $r.joules_range[.][0] <= $r.joules[.] and $r.joules[.] <= $r.joules_range[.][1]] |
  if all and length > 10 then 1 else 0 end' tick)" "and every joule has its range"
told "$(jq 'if [.total, .rows[] | .operational_g_range[0] <= .operational_g and .operational_g <= .operational_g_range[1] and
  .embodied_g_range[0] <= .embodied_g and .embodied_g <= .embodied_g_range[1]] | all then 1 else 0 end' tick)" "and every gram"
if command -v script >/dev/null; then
  script -qec "stty cols 80; '$cradle' observe --by process --sort cpu --rows 5 --ticks 2 --interval 300ms --meter model" /dev/null >view
  tr -d '\r' <view | sed 's/\x1b\[[0-9;]*[A-Za-z]//g' >plain
  told "$(($(grep -c '^process  *tenant' plain) == 2 && $(grep -c '^grams: .*+-[0-9]' plain) == 2 && $(LC_ALL=C.UTF-8 wc -L <plain) <= 80))" \
    "--by process at 80 columns: $(grep -A1 '^---' plain | tail -1)"
fi

# ---- without BPF: children that live and die between two scans are told of nobody, and not by who stayed alive.
start_daemon --interval 1s --meter model --tier proc --idle use
storm=/cradle-test-$$-storm
mkdir "$mount$storm" || skip "no control group can be made at $mount$storm"
groups+=("$mount$storm")
bash -c "echo \$\$ >'$mount$storm/cgroup.procs'
  exec bash -c 'end=\$((SECONDS + 4)); while [ \$SECONDS -lt \$end ]; do /bin/true; done; sleep 60'" &
started+=($!)
sleep 5.5
curl -sf "$at/metrics" >metrics
law=$(process_law)
told "$(grep -c '^ok' <<<"$law")" "--tier proc, idle by use: $law"
fair=$(awk -v group="cgroup=\"$storm\"" '
  index($0, group) == 0 { next }
  /^cradle_cgroup_cpu_seconds_total/     { cpu = $NF }
  /^cradle_process_cpu_seconds_total/    { seen += $NF }
  /component="cpu"/ && /policy="use"/ && /^cradle_cgroup_energy_joules_total/ { joules = $NF }
  /component="cpu"/ && /^cradle_process_energy_joules_total/ { told += $NF }
  END {
    if (cpu > 0 && joules > 0 && seen < 0.9 * cpu && told / joules < 1.15 * seen / cpu && told / joules > seen / cpu / 1.15) print "ok:"
    printf "%.3f of %.3f s were seen, %.2f of %.2f J told\n", seen, cpu, told, joules
  }' metrics)
told "$(grep -c '^ok' <<<"$fair")" "who stayed alive pays for itself: ${fair//$'\n'/ }"
stop_daemon

# ---- counters of a made-up tree, with a wrap, and over a restart from a checkpoint.
zone=$folder/root/sys/class/powercap/intel-rapl:0
mkdir -p "$zone"
ln -s /proc "$folder/root/proc"
echo package-0 >"$zone/name"
echo 1000000000 >"$zone/max_energy_range_uj"
echo 250000000 >"$zone/constraint_0_max_power_uw"
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
told "$(curl -sf "$at/metrics" | grep '^cradle_node_energy_joules_total' | grep -c 'meter_kind="simulated"')" \
  "the joules of a made-up tree are there, and simulated"
told "$(curl -sf "$at/metrics" | grep '^cradle_node_energy_joules_total' | grep -vc 'meter_kind="simulated"' | grep -c '^0$')" \
  "what is made up is never measured"
stop_daemon
told $((status == 0)) "SIGTERM, with a checkpoint: exit code $status"
start_daemon "${watch[@]}"
spend 10
sleep 0.4
joules=$(sample kepler_node_cpu_joules_total)
told "$(near "$joules" $written 1e-9)" "after a restart the counter goes on: $joules J, written $written J"
rm "$zone/energy_uj"
sleep 0.5
told "$(grep -c 'note: .*package-0: .*vanished' daemon.err)" "a zone that vanishes is told once, as it happens: $(grep vanished daemon.err)"
stop_daemon

# ---- what cannot be written is told before anything is observed.
for option in --checkpoint --ledger --self-socket; do
  "$cradle" observe --daemon --ticks 1 --meter model --tier proc --web.listen-address "" $option nowhere/file >out 2>err
  told "$(($? == 2 && $(grep -c "mkdir -p 'nowhere'" err)))" "$option in a folder that is not there: $(head -1 err)"
done

# ---- the ledger of an observed command is a finished run.
"$cradle" observe --quiet --meter model --interval 200ms --ledger ledger -- sleep 0.5 >out 2>err
"$cradle" account --ledger ledger --by job --output json >account 2>notes
told "$(($? == 0 && $(grep -c interrupted account notes | awk -F: '{ n += $2 } END { print n }') == 0))" \
  "account of an observed run: not interrupted"
"$cradle" account --ledger ledger --by job >account
told "$(awk '$1 == "(total)" { print ($2 > 0 && $3 > 0 && $6 > 0) }' account)" "in units that show it: $(grep total account | tail -1)"

# ---- nobody in particular.
chmod 755 "$folder"
cp "$cradle" "$folder/cradle" && chmod 755 "$folder/cradle"
nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all --inh-caps=-all "$@"; }
# Four hundred processes that live for some milliseconds while a daemon of 1 s scans looks on: where it knows processes
# from is in $known, the CPU seconds that it saw no process at in $unseen.
storm_seen_by() {  # COMMAND that starts it
  as=("$@") program=$folder/cradle
  start_daemon --meter model
  for _ in $(seq 400); do /bin/true; done
  sleep 1.5
  curl -sf --max-time 5 "$at/metrics" >metrics
  known=$(sed -n 's/^cradle_node_info.*tier="\([a-z]*\)".*/\1/p' metrics)
  unseen=$(awk '/^cradle_cgroup_unseen_cpu_seconds{/ { n += $NF } END { print n + 0 }' metrics)
  stop_daemon
  as=() program=$cradle
}
unprivileged=(setpriv --reuid=65534 --regid=65534 --clear-groups)
two=+cap_38,+cap_39  # CAP_PERFMON, CAP_BPF
seen=
if "${unprivileged[@]}" --inh-caps=-all,$two --ambient-caps=-all,$two --bounding-set=-all,$two true 2>err; then
  storm_seen_by "${unprivileged[@]}" --inh-caps=-all,$two --ambient-caps=-all,$two --bounding-set=-all,$two
  seen=$unseen
  told "$([ "$known" = bpf ] && echo 1)" "CAP_BPF and CAP_PERFMON alone: tier $known, unseen $unseen s"
  told "$(grep -c 'note: no cradle-observe' daemon.err)" "a program that lies alone is the daemon itself, and says so"
else
  echo "skipped: a run with CAP_BPF and CAP_PERFMON alone: $(cat err)"
fi
storm_seen_by "${unprivileged[@]}" --inh-caps=-all --ambient-caps=-all --bounding-set=-all
told "$([ "$known" = proc ] || [ "$known" = taskstats ] && grep -c '^cradle_node_unattributed_joules_total{component="cpu"' metrics)" \
  "no privilege: tier $known, and a term for what is unattributed"
[ -z "$seen" ] || told "$(awk -v without="$unseen" -v with="$seen" 'BEGIN { print (without > with && without > 0.05) }')" \
  "what no process was seen at: $unseen s without privilege, $seen s with two"
nobody "$folder/cradle" doctor >out 2>err
told "$(grep -o 'libbpf: Error in' out | wc -l | grep -c '^1$')" "doctor without privilege tells the kernel's refusal once"
told "$(grep -cE '^ok +processes +tier (proc|taskstats):' out)" "and what is taken instead: $(grep '^ok *processes' out)"
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
