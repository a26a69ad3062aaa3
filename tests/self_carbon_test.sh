#!/usr/bin/env bash
# tests/self_carbon_test.sh CRADLE_OBSERVE
# The examples against a running node program: a process asks over the socket, a C program and a BPF program read the
# pinned map of the groups. All three must tell the same as the map itself.
# Exit codes: 0 all hold, 1 some do not, 77 skipped.
set -u

skip() { echo "skipped: $*"; exit 77; }
[ $# = 1 ] || { echo "usage: $0 CRADLE_OBSERVE" >&2; exit 2; }
cradle_observe=$(realpath -e "$1")
source=$(realpath -e "$(dirname "$0")/..")
for tool in cc awk; do command -v $tool >/dev/null || skip "no $tool"; done
[ "$(id -u)" = 0 ] || skip "root is needed to mount a bpffs and to make control groups"
groups=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
[ -n "$groups" ] || skip "no cgroup v2 tree is mounted"

folder=$(mktemp -d)
bpffs=$folder/bpf
group=$groups/cradle-test-$$-self
daemon=
finish() {
  if [ -n "$daemon" ]; then
    kill -CONT "$daemon" 2>/dev/null
    kill -TERM "$daemon" 2>/dev/null
    wait "$daemon" 2>/dev/null
  fi
  for _ in 1 2 3 4 5; do rmdir "$group" 2>/dev/null || [ ! -d "$group" ] && break; sleep 0.2; done
  umount -l "$bpffs" 2>/dev/null
  rm -rf "$folder"
}
trap finish EXIT
trap 'exit 1' INT TERM
mkdir "$bpffs"
mount -t bpf bpf "$bpffs" 2>/dev/null || skip "a bpffs cannot be mounted here"
mkdir "$group" || skip "no control group can be made in $groups"

failed=0
told() {  # OK WHAT: OK is the word "1" where it holds
  if [ "$1" = 1 ]; then echo "ok    $2"; else echo "FAIL  $2"; failed=$((failed + 1)); fi
}
# A process that is born in the group: one that moves into it is told in the old one until a scan saw it at work there.
in_group() { bash -c 'echo $$ >"$0/cgroup.procs" && { "$@"; exit $?; }' "$group" "$@"; }

# ---- the examples are plain C.
strict=(-std=c99 -Wall -Wextra -Wpedantic -Werror -I "$source/include")
cc "${strict[@]}" -D_POSIX_C_SOURCE=200809L "$source/examples/self_carbon.c" -o "$folder/ask" &&
  cc "${strict[@]}" -D_GNU_SOURCE "$source/examples/self_carbon_map.c" -o "$folder/look" || { echo "FAIL  compiling"; exit 1; }

# ---- a process asks before the observer has seen it, and waits until it is found.
socket=$folder/self.sock pin=$bpffs/self_carbon
"$cradle_observe" --daemon --web.listen-address=127.0.0.1:0 --interval 300ms --meter simulated:idle=10,core=10 \
  --self-socket "$socket" --self-map "$pin" >"$folder/out" 2>"$folder/err" &
daemon=$!
for _ in $(seq 100); do
  [ -S "$socket" ] && [ -e "$pin" ] && break
  kill -0 $daemon 2>/dev/null || { daemon=; skip "the observer cannot pin a map here: $(cat "$folder/err")"; }
  sleep 0.1
done
in_group "$folder/ask" "$socket" >"$folder/asked"
status=$?
told $((status == 0)) "the process was found: $(head -1 "$folder/asked")"
told "$(awk '/^process/ { print ($5 > 0) }' "$folder/asked")" "and was told joules of its own"
told "$(grep -c '^its group: .* J' "$folder/asked")" "$(tail -1 "$folder/asked")"

# ---- its group by the map. A stopped observer writes nothing: everybody must read the same.
for _ in $(seq 50); do "$folder/look" "$pin" "$group" >"$folder/looked" 2>/dev/null && break; sleep 0.1; done
sleep 0.7
kill -STOP $daemon
sleep 0.2
"$folder/look" "$pin" "$group" >"$folder/looked"
told $(($? == 0)) "by bpf(2): $(cat "$folder/looked")"
microjoules=$(awk '{ print $3 }' "$folder/looked")
told $((${microjoules:-0} > 0)) "the group has microjoules: $microjoules"
group_joules=$(awk '/^its group/ { print $5 }' "$folder/asked")
told "$(awk -v map="$microjoules" -v socket="$group_joules" 'BEGIN { print (map >= socket * 1e6 - 1) }')" \
  "no less than the socket told before: $group_joules J"
told "$(awk -v up="$(cut -d' ' -f1 /proc/uptime)" '{ age = up - $(NF - 3) / 1e9; print (age >= 0 && age < 30) }' \
  "$folder/looked")" "written some seconds ago by the clock of the boot"
"$folder/look" "$pin" "$folder" >/dev/null 2>"$folder/err2"
told $(($? == 1)) "a folder that is no group has no entry: $(cat "$folder/err2")"

# ---- the same by a BPF program, for a process that begins a program in the group.
clang=$(command -v clang-14 || command -v clang) || skip "no clang for the BPF example"
"$clang" -target bpf -mcpu=v3 -O2 -g -Wall -Werror -I "$source/include" -idirafter "/usr/include/$(uname -m)-linux-gnu" \
  -c "$source/examples/self_carbon.bpf.c" -o "$folder/self_carbon.bpf.o" || { echo "FAIL  compiling the BPF example"; exit 1; }
cc -std=gnu99 -Wall -Wextra -Werror -I "$source/include" "$source/examples/self_carbon_load.c" -lbpf -o "$folder/load" \
  2>"$folder/err3" || skip "no libbpf for the loader of the BPF example: $(head -1 "$folder/err3")"
in_group "$folder/load" "$folder/self_carbon.bpf.o" "$pin" /bin/true >"$folder/loaded" 2>"$folder/err4"
seen=$(sed -n 's/.* had used \([0-9]*\) uJ$/\1/p' "$folder/loaded")
if [ -z "$seen" ] && grep -q 'ermitted\|not supported' "$folder/err4"; then
  skip "the BPF example cannot be loaded: $(tail -1 "$folder/err4")"
fi
told $((${seen:--1} == microjoules)) "a BPF program reads the same: $(cat "$folder/loaded" "$folder/err4")"

kill -CONT $daemon
kill -TERM $daemon
wait $daemon
told $(($? == 0)) "SIGTERM: exit code 0"
daemon=
told "$([ ! -e "$pin" ] && [ ! -e "$socket" ] && echo 1)" "map and socket are gone with the observer"

[ $failed = 0 ] || { echo "$failed failed"; exit 1; }
