/* CPU time by control group and processor, at every context switch. Costs on each switch: only on request. */
#include "kernel_types.h"

/* Per processor: the hash's value is one counter for each. */
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_HASH);
  __uint(max_entries, 8192);
  __type(key, struct group_ids);
  __type(value, __u64);
} times SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct running_now);
} running SEC(".maps");

/* Of groups for which there was no room. */
__u64 unplaced_ns = 0;

static __always_inline void add(const struct group_ids* group, __u64 used) {
  __u64 none = 0;
  __u64* sum = bpf_map_lookup_elem(&times, group);
  if (!sum) {
    bpf_map_update_elem(&times, group, &none, BPF_NOEXIST);
    sum = bpf_map_lookup_elem(&times, group);
  }
  __sync_fetch_and_add(sum ? sum : &unplaced_ns, used);
}

/* No clock is read: what the scheduler itself has counted for a task since it came is what kernel and cpu.stat say. */
SEC("tp_btf/sched_switch")
int BPF_PROG(sched_switch, bool preempted, struct task_struct* before, struct task_struct* next) {
  __u32 first = 0;
  struct running_now* now = bpf_map_lookup_elem(&running, &first);
  if (!now) return 0;
  __u64 runtime = before->se.sum_exec_runtime;
  if (now->pid && now->pid == before->pid && runtime > now->runtime_ns) add(&now->group, runtime - now->runtime_ns);
  now->pid = next->pid;
  if (now->pid) {
    now->group = groups_of(next);
    now->runtime_ns = next->se.sum_exec_runtime;
  }
  return 0;
}

/* A task that moves itself goes on running: what it used until now is of the group before. Here a switch may come in
 * between: whoever advances runtime_ns is the one who adds. */
SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(group_move, struct cgroup* group, const char* path, struct task_struct* task) {
  __u32 first = 0;
  struct running_now* now = bpf_map_lookup_elem(&running, &first);
  if (!now || now->pid != task->pid) return 0;
  struct group_ids old = now->group, new = groups_of(task);
  __u64 runtime = task->se.sum_exec_runtime, told = now->runtime_ns;
  if (runtime < told || __sync_val_compare_and_swap(&now->runtime_ns, told, runtime) != told) return 0;
  add(&old, runtime - told);
  if (now->pid == task->pid) now->group = new;
  return 0;
}
