/* CPU time by process: every nanosecond of se.sum_exec_runtime is told once.
 *
 * A mark in the task's own storage says how much of it was told. The living are told by the iterator (show), and what
 * was used before a move between groups at the move. A mark is advanced by compare-and-swap, so that whoever advances
 * it is the one who tells.
 *
 * A task goes on using time after sched_process_exit, up to half of all it ever uses; and its free, which knows all of
 * it, comes late, or never: some tasks are freed without a sched_process_free (one in some 1,000 on a loaded Linux
 * 6.18). So an exit closes the mark and enters the task into `dying`, by its address. The entry is told by who comes
 * first: a timer some milliseconds later, or a scan, once the task has left its processor for good; the free; or the
 * next task at the same address that ends. Who takes the entry's ticket by compare-and-swap is the one who tells. */
#include "kernel_types.h"

/* Born before: what such a task used until its first mark is not ours to tell. Nanoseconds since boot. */
const volatile __u64 opened_ns = 0;

/* Found by a visit of all: the dead that have not left their processor yet. Set to 0 by the reader. */
__u64 leaving = 0;
/* The dead that are known only up to their exit: whose memory was another's before they could be told, and those that
 * found no room among the dying. */
__u64 cut_records = 0;
/* Dead time that had room neither in the ring nor among the spilled groups. */
__u64 unplaced_ns = 0;
__u64 unplaced_records = 0;

enum { closed = -1 };       /* for told_ns, as ~0: the task is in `dying` */
enum { time_is_final = 2 }; /* for the flags of one of `dying`: only its end is still to be told */

struct mark {
  __u64 told_ns;
  __u64 started_ns; /* of the process: its leader may be gone before its last thread is freed */
  struct group_ids group;
};

struct {
  __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct mark);
} marks SEC(".maps");

/* A task between its exit and its free. Once told it stays, with ticket 0, until its free or until its memory is
 * another's. */
struct dying_task {
  struct process_record record; /* cpu_ns: used up to the exit and not told */
  __u64 task_started_ns;        /* with the address: which task this is */
  __u64 told_ns;
  /* Time of the exit, 0: told. Last, since values are copied in ascending order: who sees the ticket of a value sees
   * the value, though the kernel gives the memory of a deleted one to the next at once. */
  __u64 ticket;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 16384);
  __type(key, __u64);
  __type(value, struct dying_task);
} dying SEC(".maps");

/* Addresses of those that the timer has not seen off their processor. */
struct {
  __uint(type, BPF_MAP_TYPE_QUEUE);
  __uint(max_entries, 4096);
  __type(value, __u64);
} queue SEC(".maps");

struct alarm {
  struct bpf_timer timer;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct alarm);
} alarms SEC(".maps");

/* Far less than the grace period of RCU after which a task's memory may be another's. */
enum { alarm_ns = 3 * 1000 * 1000, clock_monotonic = 1 };

__u32 alarm_is_set = 0;
__u32 queued = 0;

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 2 * 1024 * 1024);
} dead SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 8192);
  __type(key, struct group_ids);
  __type(value, struct spilled_time);
} spilled SEC(".maps");

/* Parents of the groups that were made under our eyes: of one that is gone before anybody walks the tree, nothing else
 * is known. Ids of version 1 have their top bit set. */
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 8192);
  __type(key, __u64);
  __type(value, __u64);
} parents SEC(".maps");

enum { exit_dead = 0x10, task_dead = 0x80 }; /* include/linux/sched.h: EXIT_DEAD, TASK_DEAD */

extern struct task_struct* bpf_task_from_pid(int pid) __ksym __weak;
extern void bpf_task_release(struct task_struct* task) __ksym __weak;

static __always_inline struct mark* mark_of(struct task_struct* task) {
  struct mark* mark = bpf_task_storage_get(&marks, task, 0, 0);
  if (mark) return mark;
  struct mark fresh = {0};
  if (task->start_boottime < opened_ns) fresh.told_ns = task->se.sum_exec_runtime;
  fresh.started_ns = task->group_leader->start_boottime;
  fresh.group = groups_of(task);
  return bpf_task_storage_get(&marks, task, &fresh, BPF_LOCAL_STORAGE_GET_F_CREATE);
}

/* Advances the mark to now; what was not told before, or 0 if somebody else is telling it. */
static __always_inline __u64 claim(struct mark* mark, __u64 now) {
  __u64 told = mark->told_ns;
  if (now <= told || __sync_val_compare_and_swap(&mark->told_ns, told, now) != told) return 0;
  return now - told;
}

static __always_inline void spill(const struct process_record* record) {
  struct spilled_time none = {0};
  struct spilled_time* sum = bpf_map_lookup_elem(&spilled, &record->group);
  if (!sum) {
    bpf_map_update_elem(&spilled, &record->group, &none, BPF_NOEXIST);
    sum = bpf_map_lookup_elem(&spilled, &record->group);
  }
  __sync_fetch_and_add(sum ? &sum->cpu_ns : &unplaced_ns, record->cpu_ns);
  __sync_fetch_and_add(sum ? &sum->records : &unplaced_records, 1);
}

/* The command is the process's, not the thread's, as long as the leader can be read. */
static __always_inline void set_command(struct process_record* record, struct task_struct* task) {
  struct task_struct* leader = task->group_leader;
  if (leader->tgid == record->pid && leader->start_boottime == record->started_ns)
    bpf_core_read(&record->command, sizeof(record->command), &leader->comm);
  else
    bpf_core_read(&record->command, sizeof(record->command), &task->comm);
}

static __always_inline void send(const struct process_record* record) {
  /* No wake-up: the ring is read at the next scan. */
  if (bpf_ringbuf_output(&dead, (void*)record, sizeof(*record), BPF_RB_NO_WAKEUP)) spill(record);
}

static __always_inline void describe(struct process_record* record, struct task_struct* task, __u64 started_ns,
                                     struct group_ids group) {
  record->started_ns = started_ns;
  record->group = group;
  record->pid = task->tgid;
  set_command(record, task);
}

static __always_inline void tell(struct task_struct* task, __u64 started_ns, struct group_ids group, __u64 cpu_ns,
                                 __u32 flags) {
  struct process_record record = {0};
  record.cpu_ns = cpu_ns;
  record.flags = flags;
  describe(&record, task, started_ns, group);
  send(&record);
}

/* Whether it is ours to tell the entry. A ticket is never given again. */
static __always_inline bool take(struct dying_task* entry, __u64 ticket) {
  return ticket && __sync_val_compare_and_swap(&entry->ticket, ticket, 0) == ticket;
}

/* Tells all that is known of a task whose memory is another's. */
static __always_inline void tell_cut(struct dying_task* entry, __u64 ticket) {
  struct process_record record = entry->record;
  if (!take(entry, ticket)) return;
  if (!(record.flags & time_is_final)) __sync_fetch_and_add(&cut_records, 1);
  record.flags &= record_ended;
  if (record.cpu_ns || record.flags) send(&record);
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(process_fork, struct task_struct* parent, struct task_struct* child) {
  mark_of(child);
  return 0;
}

SEC("tp_btf/sched_process_free")
int BPF_PROG(process_free, struct task_struct* task) {
  __u64 address = (__u64)task, now = task->se.sum_exec_runtime;
  __u32 flags = task->pid == task->tgid ? record_ended : 0;
  struct dying_task* entry = bpf_map_lookup_elem(&dying, &address);
  if (entry && entry->task_started_ns == task->start_boottime) {
    struct process_record record = entry->record;
    record.cpu_ns = now > entry->told_ns ? now - entry->told_ns : 0;
    record.flags = flags;
    if (take(entry, entry->ticket) && (record.cpu_ns || flags)) send(&record);
    bpf_map_delete_elem(&dying, &address);
    return 0;
  }
  struct mark* mark = bpf_task_storage_get(&marks, task, 0, 0);
  __u64 used = 0, started = 0;
  if (mark) {
    if (mark->told_ns == (__u64)closed) return 0;
    used = claim(mark, now);
    started = mark->started_ns;
  } else if (task->start_boottime >= opened_ns) {
    used = now;
    started = flags ? task->start_boottime : BPF_CORE_READ(task, group_leader, start_boottime);
  } else {
    return 0;
  }
  if (used || flags) tell(task, started, groups_of(task), used, flags);
  return 0;
}

enum whereabouts { off, on, on_and_dead };

/* Tells one of `dying` if it has left its processor; else whether it is dead for its parent. The task may be gone and
 * its memory another's while we read: only what was read between two reads of its start is its own. */
static __always_inline enum whereabouts look(__u64* address, struct dying_task* entry) {
  struct task_struct* task = (void*)*address;
  __u64 ticket = entry->ticket, started = entry->task_started_ns;
  bool same = BPF_CORE_READ(task, start_boottime) == started;
  int exit_state = BPF_CORE_READ(task, exit_state);
  bool gone = BPF_CORE_READ(task, __state) == task_dead &&
              !(bpf_core_field_exists(task->on_cpu) && BPF_CORE_READ(task, on_cpu));
  bool first = BPF_CORE_READ(task, pid) == BPF_CORE_READ(task, tgid);
  __u64 now = BPF_CORE_READ(task, se.sum_exec_runtime);
  same = BPF_CORE_READ(task, start_boottime) == started && same;
  if (!same) {
    tell_cut(entry, ticket);
    bpf_map_delete_elem(&dying, address);
    return off;
  }
  if (!ticket) return off;
  if (!gone) return exit_state & exit_dead ? on_and_dead : on;
  struct process_record record = entry->record;
  record.cpu_ns = now > entry->told_ns ? now - entry->told_ns : 0;
  /* Ended only when dead: the first thread may die for another one that executes a program in its place. */
  bool dead_for_parent = exit_state & exit_dead;
  record.flags = dead_for_parent && first ? record_ended : 0;
  if (!dead_for_parent && !record.cpu_ns) return off;
  if (!take(entry, ticket)) return off;
  if (record.cpu_ns || record.flags) send(&record);
  if (!dead_for_parent) {
    /* Its end is still to be told. Nobody can have missed the ticket but one like us: while somebody may wait for the
     * task it cannot be freed, and the free waits for a grace period of RCU, which waits for us. */
    entry->told_ns = now;
    entry->record.cpu_ns = 0;
    entry->record.flags |= time_is_final;
    (void)__sync_lock_test_and_set(&entry->ticket, bpf_ktime_get_boot_ns());
  }
  return off;
}

static long look_again(__u32 index, void* unused) {
  __u64 address = 0;
  if (bpf_map_pop_elem(&queue, &address)) return 1;
  __sync_fetch_and_sub(&queued, 1);
  struct dying_task* entry = bpf_map_lookup_elem(&dying, &address);
  if (entry && look(&address, entry) != off && !bpf_map_push_elem(&queue, &address, 0))
    __sync_fetch_and_add(&queued, 1);
  return 0;
}

static int ring_alarm(void* map, __u32* key, struct alarm* alarm) {
  __sync_lock_test_and_set(&alarm_is_set, 0);
  bpf_loop(queued, look_again, 0, 0);
  if (queued && !__sync_lock_test_and_set(&alarm_is_set, 1)) bpf_timer_start(&alarm->timer, alarm_ns, 0);
  return 0;
}

static __always_inline void look_soon(__u64 address) {
  if (bpf_map_push_elem(&queue, &address, 0)) return;
  __sync_fetch_and_add(&queued, 1);
  if (alarm_is_set || __sync_lock_test_and_set(&alarm_is_set, 1)) return;
  __u32 first = 0;
  struct alarm* alarm = bpf_map_lookup_elem(&alarms, &first);
  if (!alarm) return;
  bpf_timer_init(&alarm->timer, &alarms, clock_monotonic);
  bpf_timer_set_callback(&alarm->timer, ring_alarm);
  bpf_timer_start(&alarm->timer, alarm_ns, 0);
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(process_exit, struct task_struct* task) {
  struct mark* mark = mark_of(task);
  if (!mark) return 0;
  __u64 address = (__u64)task, now = task->se.sum_exec_runtime;
  struct dying_task entry = {0};
  entry.told_ns = __sync_lock_test_and_set(&mark->told_ns, closed);
  if (now > entry.told_ns) entry.record.cpu_ns = now - entry.told_ns;
  if (task->pid == task->tgid) entry.record.flags = record_ended;
  describe(&entry.record, task, mark->started_ns, groups_of(task));
  entry.task_started_ns = task->start_boottime;
  entry.ticket = bpf_ktime_get_boot_ns();
  long failed = bpf_map_update_elem(&dying, &address, &entry, BPF_NOEXIST);
  if (failed) {
    struct dying_task* before = bpf_map_lookup_elem(&dying, &address);
    if (before) {
      tell_cut(before, before->ticket);
      failed = bpf_map_update_elem(&dying, &address, &entry, BPF_ANY);
    }
  }
  if (!failed) {
    look_soon(address);
    return 0;
  }

  /* No room: told now, the rest by the iterator while its parent has not heard of it, or when it is freed; but some
   * are freed without a word. */
  __sync_fetch_and_add(&cut_records, 1);
  entry.record.flags = 0;
  if (entry.record.cpu_ns) send(&entry.record);
  mark->told_ns = entry.told_ns + entry.record.cpu_ns;
  return 0;
}

static long visit_one(void* map, __u64* address, struct dying_task* entry, void* unused) {
  __u64 task = *address;
  if (look(&task, entry) == on_and_dead) __sync_fetch_and_add(&leaving, 1);
  return 0;
}

SEC("syscall")
int visit(void* unused) {
  bpf_for_each_map_elem(&dying, visit_one, 0, 0);
  return 0;
}

/* The task is in its new group already. */
static __always_inline void moved(struct task_struct* task) {
  struct mark* mark = mark_of(task);
  if (!mark) return;
  struct group_ids group = groups_of(task);
  if (group.version_2 == mark->group.version_2 && group.version_1 == mark->group.version_1) return;
  __u64 used = claim(mark, task->se.sum_exec_runtime);
  if (used) tell(task, mark->started_ns, mark->group, used, 0);
  mark->group = group;
}

struct thread_walk {
  void *node, *end;
};

static long moved_thread(__u32 index, struct thread_walk* walk) {
  if (!walk->node || walk->node == walk->end) return 1;
  struct task_struct* thread = walk->node - bpf_core_field_offset(struct task_struct, thread_node);
  int pid = BPF_CORE_READ(thread, pid);
  walk->node = BPF_CORE_READ(thread, thread_node.next);
  struct task_struct* task = bpf_task_from_pid(pid);
  if (task) {
    moved(task);
    bpf_task_release(task);
  }
  return 0;
}

enum { most_threads = 1 << 16 };

SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(group_move, struct cgroup* group, const char* path, struct task_struct* task, bool all_threads) {
  if (!all_threads) {
    moved(task);
    return 0;
  }
  struct signal_struct* signal = BPF_CORE_READ(task, signal);
  struct thread_walk walk;
  walk.node = BPF_CORE_READ(signal, thread_head.next);
  walk.end = (void*)signal + bpf_core_field_offset(struct signal_struct, thread_head);
  bpf_loop(most_threads, moved_thread, &walk, 0);
  return 0;
}

/* For kernels without bpf_task_from_pid (before 6.2): of a process that moves, only its first thread. */
SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(group_move_leader, struct cgroup* group, const char* path, struct task_struct* task, bool all_threads) {
  moved(task);
  return 0;
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(group_make, struct cgroup* group) {
  struct cgroup_subsys_state* above = group->self.parent;
  if (!above) return 0;
  struct task_struct* task = bpf_get_current_task_btf();
  __u64 version = group->root == task->cgroups->dfl_cgrp->root ? 0 : 1ull << 63;
  __u64 id = group->kn->id | version, parent = above->cgroup->kn->id | version;
  bpf_map_update_elem(&parents, &id, &parent, BPF_ANY);
  return 0;
}

SEC("iter/task")
int show(struct bpf_iter__task* context) {
  struct task_struct* task = context->task;
  /* A task that is dead for its parent may be freed at any time, and is told as one of the dying. One that is not
   * cannot be freed while we look: the free waits for a grace period of RCU, which waits for us. */
  if (!task || task->exit_state & exit_dead) return 0;
  struct mark* mark = mark_of(task);
  if (!mark) return 0;
  struct seq_file* out = context->meta->seq;
  __u64 now = task->se.sum_exec_runtime;
  if (now > mark->told_ns) {
    struct process_record record = {0};
    /* Without room nothing may be claimed: the failing write makes the kernel show this task again. */
    if (out->count + sizeof(record) >= out->size) {
      bpf_seq_write(out, &record, sizeof(record));
      return 0;
    }
    record.cpu_ns = claim(mark, now);
    if (record.cpu_ns) {
      record.started_ns = mark->started_ns;
      record.group = groups_of(task);
      record.pid = task->tgid;
      set_command(&record, task);
      mark->group = record.group;
      bpf_seq_write(out, &record, sizeof(record));
    }
  }
  return 0;
}
