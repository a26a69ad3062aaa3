/* A BPF program that reads the observer's pinned map: of every process that begins a program, what its control group
 * had used until then. A scheduler, a firewall or a limit would ask in the same way.
 * Build: clang -target bpf -mcpu=v3 -O2 -g -I include -idirafter /usr/include/$(uname -m)-linux-gnu \
 *            -c examples/self_carbon.bpf.c -o self_carbon.bpf.o
 * Load, beside an observer with --self-map, onto the observer's map: examples/self_carbon_load.c.
 * Not with LIBBPF_PIN_BY_NAME: without an observer that would make and pin a map in which nobody ever writes. */
/* Types before those who use them. */
/* clang-format off */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
/* clang-format on */

#include "cradle_self_map.h"

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, CRADLE_SELF_MAP_GROUPS);
  __type(key, cradle_self_group);
  __type(value, struct cradle_self_carbon);
} self_carbon SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 1024);
  __type(key, __u32); /* number of the process */
  __type(value, struct cradle_self_carbon);
} at_start SEC(".maps");

SEC("raw_tp/sched_process_exec")
int program_begins(void* context) {
  cradle_self_group group = bpf_get_current_cgroup_id();
  __u32 process = bpf_get_current_pid_tgid() >> 32;
  struct cradle_self_carbon* used = bpf_map_lookup_elem(&self_carbon, &group);
  if (used) bpf_map_update_elem(&at_start, &process, used, BPF_ANY);
  return 0;
}

char LICENSE[] SEC("license") = "Apache-2.0";
