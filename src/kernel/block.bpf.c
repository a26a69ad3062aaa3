/* Bytes read from and written to block devices, by the control group that caused them.
 *
 * Counted when a bio is handed to a device that has requests (a disk; not the volume or RAID above it, whose bios come
 * by again below). That is still in the context of who asks: the task's own group, whatever hierarchies the host
 * has. Kernel threads write on behalf of others: there the group is that of the bio (version 2 only: version 1 does not
 * know whose dirty pages these were, and the root pays). */
#include "kernel_types.h"

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_HASH);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, 8192);
  __type(key, struct group_ids);
  __type(value, struct byte_count);
} blocks SEC(".maps");

/* Of groups for which there was no room. */
__u64 unplaced_bytes = 0;

enum { op_mask = 0xff, op_read = 0, op_write = 1, op_zone_append = 7 }; /* include/linux/blk_types.h */
enum { kernel_thread = 0x00200000 };                                    /* include/linux/sched.h: PF_KTHREAD */

SEC("tp_btf/block_bio_queue")
int BPF_PROG(block_submit, struct bio* bio) {
  unsigned op = bio->bi_opf & op_mask;
  if (op != op_read && op != op_write && op != op_zone_append) return 0;
  __u64 bytes = bio->bi_iter.bi_size;
  if (!bytes || bio->bi_bdev->bd_disk->fops->submit_bio) return 0;

  struct task_struct* task = bpf_get_current_task_btf();
  struct group_ids group = groups_of(task);
  if (task->flags & kernel_thread) {
    struct cgroup* owner = BPF_CORE_READ(bio, bi_blkg, blkcg, css.cgroup);
    if (owner && BPF_CORE_READ(owner, root) == BPF_CORE_READ(task, cgroups, dfl_cgrp, root)) {
      group.version_2 = BPF_CORE_READ(owner, kn, id);
      group.version_1 = 0;
    }
  }

  struct byte_count none = {0};
  struct byte_count* count = bpf_map_lookup_elem(&blocks, &group);
  if (!count) {
    bpf_map_update_elem(&blocks, &group, &none, BPF_NOEXIST);
    count = bpf_map_lookup_elem(&blocks, &group);
  }
  /* A task may be preempted here: only an atomic addition is whole. */
  __u64* sum = !count ? &unplaced_bytes : op == op_read ? &count->in : &count->out;
  __sync_fetch_and_add(sum, bytes);
  return 0;
}
