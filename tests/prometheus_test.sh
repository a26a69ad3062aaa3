#!/bin/bash
# tests/prometheus_test.sh PROMETHEUS EXPORTER...
# A Prometheus scrapes the exporter; every expression of Kepler's shipped dashboards, and some of ours, must return data.
# The exporter is started with --web.listen-address=127.0.0.1:PORT appended (or in place of the word LISTEN, where it is
# given: "... --web.listen-address=LISTEN ..."). Exit codes: 0 all return data, 1 some do not, 77 skipped.
# MAKE_TENANTS=0: the exporter makes its tenants up; else a container, a pod and a virtual machine are made to be seen,
# which takes root and a cgroup v2 tree.
set -u

skip() { echo "skipped: $*"; exit 77; }
[ $# -ge 2 ] || { echo "usage: $0 PROMETHEUS EXPORTER..." >&2; exit 2; }
prometheus=$1; shift
[ -x "$prometheus" ] || skip "no Prometheus at $prometheus (apt-get install prometheus)"
for tool in curl jq; do command -v $tool >/dev/null || skip "no $tool (apt-get install $tool)"; done

folder=$(mktemp -d)
started=() groups=()
finish() {
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null; done
  for pid in "${started[@]}"; do wait "$pid" 2>/dev/null; done
  for ((i = ${#groups[@]} - 1; i >= 0; i--)); do
    for _ in 1 2 3 4 5; do rmdir "${groups[i]}" 2>/dev/null && break; sleep 0.2; done
  done
  rm -rf "$folder"
}
trap finish EXIT
trap 'exit 1' INT TERM

# A port that nobody listens at now.
free_port() {
  local port
  for _ in $(seq 50); do
    port=$((20000 + RANDOM % 12000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo $port; return; }
  done
}

# Something to be seen as container, pod and virtual machine: busy shells in groups of the names that runtimes give.
busy='while :; do :; done'
make_tenants() {
  [ "$(id -u)" = 0 ] || skip "root is needed to make control groups (or set MAKE_TENANTS=0)"
  local root
  root=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
  [ -n "$root" ] || skip "no cgroup v2 tree is mounted"
  local id pod path
  id=$(printf '%064x' $$)
  pod=$(printf 'c0ffee00-0000-4000-8000-%012x' $$)
  path=$root/cradle-test-$$
  for part in "" /kubepods "/kubepods/pod$pod" "/kubepods/pod$pod/$id"; do
    mkdir "$path$part" || skip "no control group can be made at $path$part"
    groups+=("$path$part")
  done
  # The shell joins the group before it becomes the worker.
  bash -c "echo \$\$ > '$path/kubepods/pod$pod/$id/cgroup.procs' && exec nice bash -c '$busy'" & started+=($!)
  cp "$(command -v dash || command -v bash)" "$folder/qemu-system-x86_64"
  nice "$folder/qemu-system-x86_64" -c "$busy" & started+=($!)
}
[ "${MAKE_TENANTS:-1}" = 0 ] || make_tenants

port=$(free_port)
command=() placed=no
for word in "$@"; do
  case $word in *LISTEN*) word=${word//LISTEN/127.0.0.1:$port}; placed=yes ;; esac
  command+=("$word")
done
[ $placed = yes ] || command+=("--web.listen-address=127.0.0.1:$port")
"${command[@]}" >"$folder/exporter.log" 2>&1 & started+=($!)
exporter=$!

cat >"$folder/prometheus.yml" <<END
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: cradle
    static_configs: [{targets: ['127.0.0.1:$port']}]
END
web=$(free_port)
"$prometheus" --config.file="$folder/prometheus.yml" --storage.tsdb.path="$folder/data" \
  --web.listen-address="127.0.0.1:$web" >"$folder/prometheus.log" 2>&1 & started+=($!)

api() { curl -sf --max-time 5 -G "http://127.0.0.1:$web/api/v1/$1" "${@:2}"; }
# How many series or values an answer holds that are not empty.
data_of() {
  local count
  count=$(api query --data-urlencode "query=$1" | jq '.data.result | length' 2>/dev/null)
  echo "${count:-0}"
}

# Rates over 20 s need two scrapes; the first workloads are seen in the second tick.
for _ in $(seq 60); do
  kill -0 "$exporter" 2>/dev/null || { echo "the exporter ended:"; cat "$folder/exporter.log"; exit 1; }
  [ "$(data_of 'count_over_time(kepler_node_cpu_joules_total[1m]) >= 5')" != 0 ] && break
  sleep 0.5
done
health=$(api targets | jq -r '.data.activeTargets[0] | .health + " " + .lastError')
[ "${health%% *}" = up ] || { echo "no scrape: $health"; cat "$folder/exporter.log" "$folder/prometheus.log"; exit 1; }

failed=0 asked=0
told() {  # NUMBER WHAT
  asked=$((asked + 1))
  if [ "$1" -gt 0 ] 2>/dev/null; then echo "ok    $2"; else echo "EMPTY $2"; failed=$((failed + 1)); fi
}
expect_data() { told "$(data_of "$1")" "$1"; }
expect_values() {  # LABEL METRIC, as Grafana's label_values(METRIC, LABEL)
  told "$(api "label/$1/values" --data-urlencode "match[]=$2" | jq '.data | length')" "label_values($2, $1)"
}

# Kepler's shipped dashboard: node, process, container, pod and virtual machine by zone, variables, counts.
expect_data 'sum by (zone) (kepler_node_cpu_watts)'
expect_data 'sum by (zone) (kepler_node_cpu_active_watts)'
expect_data 'sum by (zone) (kepler_node_cpu_idle_watts)'
expect_data 'sum by (pid, comm, zone) (kepler_process_cpu_watts)'
expect_data 'sum by (container_name, zone) (kepler_container_cpu_watts)'
expect_data 'sum by (pod_name, pod_namespace, zone) (kepler_pod_cpu_watts)'
expect_data 'sum by (vm_name, zone) (kepler_vm_cpu_watts)'
expect_values zone kepler_node_cpu_watts
expect_values pod_namespace kepler_pod_cpu_watts
expect_values pod_name kepler_pod_cpu_watts
expect_values vm_name kepler_vm_cpu_watts
expect_values container_name kepler_container_cpu_watts
expect_data 'count(count by (pid, comm) (kepler_process_cpu_watts))'
expect_data 'count by (instance, model_name) (kepler_node_cpu_info)'
# Its development dashboard: rates over 20 s and the two conservation panels.
for figure in joules active_joules idle_joules; do expect_data "rate(kepler_node_cpu_${figure}_total[20s])"; done
for kind in process container pod vm; do expect_data "rate(kepler_${kind}_cpu_joules_total[20s])"; done
expect_data 'sum(rate(kepler_node_cpu_active_joules_total[20s])) - sum(rate(kepler_process_cpu_joules_total[20s]))'
expect_data 'sum(rate(kepler_process_cpu_joules_total{container_id!=""}[20s])) - sum(rate(kepler_container_cpu_joules_total[20s]))'
expect_data 'kepler_node_cpu_usage_ratio'
expect_data 'kepler_build_info'
expect_data 'rate(kepler_process_cpu_seconds_total[20s])'
expect_data 'rate(kepler_container_cpu_seconds_total[20s])'

# Ours, as dashboards/cradle.json asks.
expect_data 'sum by (cgroup) (rate(cradle_cgroup_carbon_grams_total{signal=~"average|none"}[20s]))'
expect_data 'sum by (kind) (rate(cradle_cgroup_carbon_grams_total{scope="operational",signal="average"}[20s]) * on (cgroup) group_left (kind) cradle_cgroup_info)'
expect_data 'sum by (component) (rate(cradle_node_energy_joules_total[20s]))'
expect_data 'rate(cradle_node_unattributed_joules_total[20s])'
expect_data 'rate(cradle_node_idle_joules_total{policy="none"}[20s])'
expect_data 'cradle_zone_uncertainty_ratio'
# What was metered is what was told: groups, idle, overhead and unattributed, to a millionth.
expect_data 'abs(sum(cradle_cgroup_energy_joules_total{policy="none"}) + sum(cradle_node_idle_joules_total{policy="none"}) + sum(cradle_node_overhead_joules_total) + sum(cradle_node_unattributed_joules_total) - sum(cradle_node_energy_joules_total)) <= 1e-6 * (1 + sum(cradle_node_energy_joules_total))'

# Both forms are read by the format's own checker, where it is there.
checker=$(dirname "$prometheus")/promtool
if [ -x "$checker" ]; then
  curl -sf "http://127.0.0.1:$port/metrics" >"$folder/text"
  problems=$("$checker" check metrics <"$folder/text" 2>&1 | grep -v 'non-histogram and non-summary\|^$')
  asked=$((asked + 1))
  if grep -qi 'error' <<<"$problems"; then echo "EMPTY promtool: $problems"; failed=$((failed + 1)); else echo "ok    promtool reads the text"; fi
fi

echo "$((asked - failed)) of $asked return data"
[ $failed = 0 ]
