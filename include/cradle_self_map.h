/* The map in which the cradle observer pins what every control group has used: for C programs and for BPF programs.
 *
 * The observer makes it with --self-map FILE, a file in a bpffs. Map: BPF_MAP_TYPE_HASH, CRADLE_SELF_MAP_NAME.
 * Key: the kernel's id of a control group of version 2: bpf_get_current_cgroup_id() in a BPF program, the inode number
 * of its folder (stat) for everybody else. Value: struct cradle_self_carbon. Of each group alone, without the groups
 * below it, since the observer began; a group that ended is taken out.
 *
 * Examples: examples/self_carbon_map.c (bpf(2), without libbpf), examples/self_carbon.bpf.c. */
#ifndef CRADLE_SELF_MAP_H
#define CRADLE_SELF_MAP_H

#ifndef __VMLINUX_H__ /* which has these types already */
#include <linux/types.h>
#endif

#define CRADLE_SELF_MAP_NAME "self_carbon"
#define CRADLE_SELF_MAP_GROUPS 65536 /* entries at most */

typedef __u64 cradle_self_group;

struct cradle_self_carbon {
  __u64 microjoules;            /* dynamic, and idle under the policy in force */
  __u64 micrograms_operational; /* CO2e */
  __u64 micrograms_embodied;    /* CO2e */
  __u64 updated_ns;             /* when this was written: CLOCK_BOOTTIME, bpf_ktime_get_boot_ns() */
};

#endif
