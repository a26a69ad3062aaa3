#!/usr/bin/env bash
# The daemon under churn of processes and control groups, stopped, killed, with a full disk under its ledger:
# counters never decrease, nothing leaks, the node's joules are those of its parts, and it ends cleanly.
#   tests/observe_soak.sh CRADLE SECONDS   CRADLE is the program; the daemon is CRADLE-observe beside it
# Exit codes: 0, 1 with what was found, 77 if it cannot run here (not root, no cgroup version 2, no BPF).
set -euo pipefail
[ $# = 2 ] || { sed -n '4s/^# *//p' "$0" >&2; exit 2; }
cradle=$(realpath -e "$1") seconds=$2

skip() { echo "observe_soak: skipped: $*"; exit 77; }
[ "$(id -u)" = 0 ] || skip "not root: control groups and BPF need it"
cgroups=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)
[ -n "$cgroups" ] || skip "cgroup version 2 is not mounted"
for tool in curl awk; do command -v $tool >/dev/null || skip "$tool is not installed"; done

folder=$(mktemp -d)
prefix=cradle-bench-$$
daemon='' children=() mounted='' failures=0
cleanup() {
  trap - EXIT INT TERM
  [ -z "$daemon" ] || kill -KILL "$daemon" 2>/dev/null || true
  local child group
  for child in "${children[@]}"; do kill -KILL "$child" 2>/dev/null || true; done
  wait 2>/dev/null || true
  for group in "$cgroups/$prefix"-*; do
    [ -d "$group" ] || continue
    echo 1 >"$group/cgroup.kill" 2>/dev/null || true
    for _ in $(seq 50); do rmdir "$group" 2>/dev/null && break; sleep 0.02; done
  done
  [ -z "$mounted" ] || umount "$folder/small" || umount -l "$folder/small" || true
  rm -rf "$folder"
}
trap cleanup EXIT
trap 'cleanup; exit 130' INT TERM
fail() { echo "observe_soak: FAILED: $*"; failures=$((failures + 1)); }

# The ledger lies on a disk that can be filled up without harm to anybody.
mkdir "$folder/small"
if mount -t tmpfs -o size=4m tmpfs "$folder/small" 2>/dev/null; then mounted=yes; fi

start() {
  "$cradle-observe" --daemon --tier bpf --meter simulated:idle=10,core=10 --interval 500ms \
    --web.listen-address "unix:$folder/socket" --checkpoint "$folder/checkpoint" --ledger "$folder/small/observe.ledger" \
    >>"$folder/out" 2>&1 &
  daemon=$!
  for _ in $(seq 100); do
    sleep 0.1
    get >"$folder/now" 2>/dev/null && return
    kill -0 $daemon 2>/dev/null || break
  done
  if grep -q 'BPF\|bpf' "$folder/out" && ! kill -0 $daemon 2>/dev/null; then cat "$folder/out"; daemon=''; skip "the BPF tier cannot be had"; fi
  cat "$folder/out"
  echo "observe_soak: FAILED: the daemon does not serve"
  exit 1
}
get() { curl -sf --max-time 10 --unix-socket "$folder/socket" http://soak/metrics; }
now() { date +%s.%N; }
resident() { awk '/^VmRSS:/ { print $2 }' /proc/$daemon/status; }
# Without those that it keeps for the processes that live now: others on this machine come and go.
descriptors() { find /proc/$daemon/fd -lname '/proc/[0-9]*' -prune -o -type l -print 2>/dev/null | wc -l; }
energy() { awk '/^cradle_node_energy_joules_total/ { sum += $NF } END { printf "%.6f\n", sum }' "$1"; }

# Counters of processes are left out: a number that is given to another process of the same name begins anew.
decreased() {  # decreased BEFORE AFTER: lines of counters that fell
  awk 'function key(  text) { text = $0; sub(/ [^ ]*$/, "", text); return text }
    /^#/ || /^[a-z_]*_process_/ || !/^[a-z_]*_total[{ ]/ { next }
    NR == FNR { before[key()] = $NF; next }
    key() in before && $NF + 0 < before[key()] + 0 { print key(), before[key()], "->", $NF }' "$1" "$2"
}
check_scrape() {  # check_scrape WHEN: the next scrape against the one before
  mv "$folder/now" "$folder/before"
  if ! get >"$folder/now"; then
    fail "$1: no metrics"
    cp "$folder/before" "$folder/now"
    return
  fi
  decreased "$folder/before" "$folder/now" >"$folder/fell"
  [ ! -s "$folder/fell" ] || { fail "$1: $(wc -l <"$folder/fell") counters fell:"; head -5 "$folder/fell"; }
}
# Whole microjoules: metered == sum over groups + idle + overhead + unattributed, by component and policy.
check_identity() {
  awk 'function label(name) { return match($0, name "=\"[^\"]*\"") ? substr($0, RSTART + length(name) + 2, RLENGTH - length(name) - 3) : "" }
    function whole(x) { return int(x * 1e6 + 0.5) }
    /^cradle_node_energy_joules_total/ { metered[label("component")] += whole($NF) }
    /^cradle_node_(overhead|unattributed)_joules_total/ { common[label("component")] += whole($NF) }
    /^cradle_(cgroup_energy|node_idle)_joules_total/ { part[label("component") " " label("policy")] += whole($NF) }
    END {
      for (c in metered) for (p = split("none even reservation use", policy); p > 0; p--) {
        difference = metered[c] - common[c] - part[c " " policy[p]]; checked++
        if (difference) { printf "%s, policy %s: metered %d uJ, parts differ by %d uJ\n", c, policy[p], metered[c], difference; bad++ }
      }
      if (!checked) { print "no node energy in the metrics"; bad++ }
      exit bad > 0
    }' "$folder/now" || fail "$1: the node's joules are not those of its parts"
}

# Counters go on over a restart; those that are of the program's own run begin anew.
restarted() {  # restarted SIGNAL: waits for the daemon's end, starts it again and checks
  cp "$folder/now" "$folder/at_end"
  wait $daemon 2>/dev/null || true
  start
  sleep 1
  get >"$folder/now" || fail "after $1: no metrics"
  decreased "$folder/at_end" "$folder/now" | grep -v '^cradle_\(ticks\|observer_cpu_seconds\|lost_records\|clock_steps\)_total' >"$folder/fell" || true
  [ ! -s "$folder/fell" ] || { fail "after $1 and a restart: $(wc -l <"$folder/fell") counters fell:"; head -5 "$folder/fell"; }
  first_energy=$(energy "$folder/now") first_at=$(now)
}

# One process after the other in a group of its own.
mkdir "$cgroups/$prefix-churn"
( echo $BASHPID >"$cgroups/$prefix-churn/cgroup.procs"; while :; do /bin/true; done ) &
children+=($!)
# Twenty groups a second, each with a process for a moment.
(
  number=0
  while :; do
    group=$cgroups/$prefix-g$((number++))
    mkdir "$group"
    ( echo $BASHPID >"$group/cgroup.procs"; for _ in 1 2 3 4 5 6 7 8 9; do :; done )
    rmdir "$group" 2>/dev/null || { sleep 0.01; rmdir "$group" 2>/dev/null || true; }
    sleep 0.04
  done
) &
children+=($!)

end_at=$((seconds * 8 / 100)) kill_at=$((seconds * 15 / 100)) stop_at=$((seconds * 30 / 100)) fill_at=$((seconds * 55 / 100)) free_at=$((seconds * 75 / 100))
# What has ended is told for five minutes: memory grows until then.
warm_at=$((kill_at + 330))
[ $warm_at -lt $free_at ] || warm_at=$((seconds * 50 / 100))
grown_kb=$((seconds >= 600 ? 4096 : 16384))

start
began=$SECONDS elapsed=0 ended='' killed='' stopped='' filled='' freed='' warm_resident='' peak_resident=0 scrapes=0
first_energy=$(energy "$folder/now") first_at=$(now)
while [ $elapsed -lt "$seconds" ]; do
  sleep 1
  elapsed=$((SECONDS - began))
  check_scrape "at $elapsed s"
  scrapes=$((scrapes + 1))
  if [ -z "$killed" ] && [ $elapsed -ge $kill_at ]; then
    killed=yes
    kill -KILL $daemon
    restarted SIGKILL
  elif [ -z "$ended" ] && [ $elapsed -ge $end_at ]; then
    ended=yes
    get >"$folder/now" || true
    kill -TERM $daemon
    restarted SIGTERM
  elif [ -z "$stopped" ] && [ $elapsed -ge $stop_at ]; then
    stopped=yes
    kill -STOP $daemon
    sleep 5
    kill -CONT $daemon
  elif [ -z "$filled" ] && [ $elapsed -ge $fill_at ]; then
    filled=yes
    [ -z "$mounted" ] || dd if=/dev/zero of="$folder/small/filler" bs=64k >/dev/null 2>&1 || true
  elif [ -z "$freed" ] && [ $elapsed -ge $free_at ]; then
    freed=yes
    rm -f "$folder/small/filler"
  fi
  if [ -z "$warm_resident" ] && [ $elapsed -ge $warm_at ]; then warm_resident=$(resident) warm_descriptors=$(descriptors); fi
  rss=$(resident); [ "$rss" -le $peak_resident ] || peak_resident=$rss
done

check_identity "at the end"
# The machine draws 10 W whatever it does: what was stopped or could not be written is in the counters all the same.
last_energy=$(energy "$folder/now") last_at=$(now)
awk -v e="$last_energy" -v f="$first_energy" -v t="$last_at" -v s="$first_at" 'BEGIN { exit e - f < 10 * (t - s - 1.5) * 0.99 }' ||
  fail "lost time: $(awk -v e="$last_energy" -v f="$first_energy" 'BEGIN { print e - f }') J in $(awk -v t="$last_at" -v s="$first_at" 'BEGIN { print t - s }') s at 10 W or more"
if [ -n "$warm_resident" ]; then
  rss=$(resident) fds=$(descriptors)
  [ "$rss" -le $((warm_resident + grown_kb)) ] || fail "memory grew from $warm_resident to $rss kB after warm-up"
  [ "$fds" -le $((warm_descriptors + 8)) ] || fail "descriptors grew from $warm_descriptors to $fds after warm-up"
fi
kill -TERM $daemon
status=0
wait $daemon || status=$?
daemon=''
[ $status = 0 ] || { fail "exit code $status on SIGTERM"; tail -5 "$folder/out"; }
# Every start of the daemon is a run; one that was killed within its first minute has no entry yet, and says so.
ledger=$folder/small/observe.ledger
"$cradle" account --ledger "$ledger" 2>&1 | sed -n 's/.*use one of: //p' | sed 's/, /\n/g' >"$folder/runs" || true
while read -r run; do
  "$cradle" account --ledger "$ledger" --run "$run" >"$folder/account" 2>&1 ||
    grep -q "interrupted before its first entry" "$folder/account" || { fail "the run '$run' cannot be accounted:"; cat "$folder/account"; }
done <"$folder/runs"
[ -s "$folder/runs" ] || fail "the ledger names no runs"

disk="disk filled up"
[ -n "$mounted" ] || disk="no tmpfs, so no full disk"
echo "observe_soak: $elapsed s, $scrapes scrapes, $(awk -v e="$last_energy" 'BEGIN { printf "%.0f", e }') J," \
  "resident ${warm_resident:-?} -> ${rss} kB (most $peak_resident), descriptors ${warm_descriptors:-?} -> ${fds:-?}," \
  "$disk, $failures failures"
[ $failures = 0 ]
