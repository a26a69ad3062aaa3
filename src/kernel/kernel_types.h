// The few kernel structures that our programs look into, by name only: libbpf finds the offsets of the running kernel
// when it loads them (CO-RE), so nothing here depends on the kernel that we were built on.
#ifndef CRADLE_KERNEL_KERNEL_TYPES_H_
#define CRADLE_KERNEL_KERNEL_TYPES_H_

/* clang-format off */
#include <linux/bpf.h>
/* clang-format on */
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <stdbool.h>

#include "records.h"

#define CO_RE __attribute__((preserve_access_index))

struct kernfs_node {
  __u64 id;
} CO_RE;

struct cgroup_root;
struct cgroup;

struct cgroup_subsys_state {
  struct cgroup* cgroup;
  struct cgroup_subsys_state* parent;
} CO_RE;

struct cgroup {
  struct cgroup_subsys_state self;
  struct kernfs_node* kn;
  struct cgroup_root* root;
} CO_RE;

enum cgroup_subsys_id { cpu_cgrp_id, cpuacct_cgrp_id, max_cgrp_id = 16 };

struct css_set {
  struct cgroup_subsys_state* subsys[max_cgrp_id];
  struct cgroup* dfl_cgrp;
} CO_RE;

struct list_head {
  struct list_head* next;
} CO_RE;

struct signal_struct {
  struct list_head thread_head;
} CO_RE;

struct sched_entity {
  __u64 sum_exec_runtime;
} CO_RE;

struct task_struct {
  unsigned int __state;
  unsigned int flags;
  int on_cpu;
  struct sched_entity se;
  int exit_state;
  int pid;
  int tgid;
  struct task_struct* group_leader;
  struct list_head thread_node;
  __u64 start_boottime;
  char comm[16];
  struct signal_struct* signal;
  struct css_set* cgroups;
} CO_RE;

struct seq_file {
  unsigned long size;
  unsigned long count;
} CO_RE;

struct bpf_iter_meta {
  struct seq_file* seq;
} CO_RE;

struct bpf_iter__task {
  struct bpf_iter_meta* meta;
  struct task_struct* task;
} CO_RE;

struct blkcg {
  struct cgroup_subsys_state css;
} CO_RE;

struct blkcg_gq {
  struct blkcg* blkcg;
} CO_RE;

struct block_device_operations {
  void* submit_bio;
} CO_RE;

struct gendisk {
  const struct block_device_operations* fops;
} CO_RE;

struct block_device {
  struct gendisk* bd_disk;
} CO_RE;

struct bvec_iter {
  unsigned int bi_size;
} CO_RE;

struct bio {
  struct block_device* bi_bdev;
  unsigned int bi_opf;
  struct bvec_iter bi_iter;
  struct blkcg_gq* bi_blkg;
} CO_RE;

/* The kernel's licence rule: task storage, ring buffers and bpf_seq_write are for programs that say GPL. It is the
 * licence of the programs in the kernel only. */
char LICENSE[] SEC("license") = "GPL";

/* Id of a group of version 1 in the hierarchy of one controller; 0 if that controller is not in version 1. Plain loads,
 * which the kernel checks by the types, cost a tenth of a probe read each. */
static __always_inline __u64 version_1_id(struct css_set* set, int controller) {
  /* The index is known when the program is loaded: CO-RE cannot say it as a field. */
  struct cgroup_subsys_state** states = (void*)set + bpf_core_field_offset(struct css_set, subsys);
  struct cgroup_subsys_state* state = states[controller];
  if (!state) return 0;
  struct cgroup* group = state->cgroup;
  return group->root == set->dfl_cgrp->root ? 0 : group->kn->id;
}

static __always_inline struct group_ids groups_of(struct task_struct* task) {
  struct css_set* set = task->cgroups;
  struct group_ids ids = {set->dfl_cgrp->kn->id, 0};
  if (bpf_core_enum_value_exists(enum cgroup_subsys_id, cpuacct_cgrp_id))
    ids.version_1 = version_1_id(set, bpf_core_enum_value(enum cgroup_subsys_id, cpuacct_cgrp_id));
  if (!ids.version_1 && bpf_core_enum_value_exists(enum cgroup_subsys_id, cpu_cgrp_id))
    ids.version_1 = version_1_id(set, bpf_core_enum_value(enum cgroup_subsys_id, cpu_cgrp_id));
  return ids;
}

#endif /* CRADLE_KERNEL_KERNEL_TYPES_H_ */
