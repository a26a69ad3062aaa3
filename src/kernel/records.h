// What the kernel's side and ours exchange: plain C, the same bytes for both, named as the kernel names things.
// NOLINTBEGIN(readability-identifier-naming)
#ifndef CRADLE_KERNEL_RECORDS_H_
#define CRADLE_KERNEL_RECORDS_H_

#include <linux/types.h>

/* A task's two control groups by the kernel's ids (kernfs). version_1 is that of cpuacct, else of cpu; 0: none. */
struct group_ids {
  __u64 version_2;
  __u64 version_1;
};

enum { record_ended = 1 };

/* CPU time of one task since it was last told. pid and started_ns are those of its process. */
struct process_record {
  __u64 cpu_ns;
  __u64 started_ns; /* since boot */
  struct group_ids group;
  __u32 pid;
  __u32 flags;
  char command[16];
};

/* Time of dead tasks for which the ring had no room. Only ever grows. */
struct spilled_time {
  __u64 cpu_ns;
  __u64 records;
};

/* Bytes in and out of a group. Only ever grow. Of blocks: read and written; of the network: received and sent. */
struct byte_count {
  __u64 in;
  __u64 out;
};

/* The task that a processor is running, and its CPU time when it came; pid 0: idle. */
struct running_now {
  __u64 runtime_ns;
  struct group_ids group;
  __u64 pid;
};

#endif /* CRADLE_KERNEL_RECORDS_H_ */
// NOLINTEND(readability-identifier-naming)
