/* One empty program for each hook: whether it can be had on this machine. */
#include "kernel_types.h"

#define PROBE(section, name) \
  SEC(section)               \
  int name(void* context) { return 0; }

PROBE("tp_btf/sched_process_exit", process_exit)
PROBE("tp_btf/sched_process_free", process_free)
PROBE("tp_btf/sched_process_fork", process_fork)
PROBE("tp_btf/cgroup_attach_task", group_move)
PROBE("tp_btf/cgroup_mkdir", group_make)
PROBE("iter/task", task_iterator)
PROBE("tp_btf/block_bio_queue", block_submit)
PROBE("tp_btf/sched_switch", sched_switch)
PROBE("fentry/vfs_read", function_entry)
PROBE("kprobe/vfs_read", kernel_probe)
PROBE("perf_event", cpu_clock)
PROBE("lsm/file_open", security_module)

SEC("cgroup_skb/egress")
int packet(struct __sk_buff* skb) { return 1; }
