/* Prints what a control group has cost so far, from the map that the observer pins: by bpf(2) alone, without a library.
 * Build: cc -std=c99 -D_GNU_SOURCE -I include examples/self_carbon_map.c -o self_carbon_map
 * Run, with CAP_BPF or as root: ./self_carbon_map /sys/fs/bpf/self_carbon /sys/fs/cgroup/my.slice */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cradle_self_map.h"

static int bpf(int command, union bpf_attr* attributes) {
  return (int)syscall(__NR_bpf, command, attributes, sizeof *attributes);
}

/* The map, or -1 with errno. */
static int open_map(const char* pin) {
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.pathname = (__u64)(unsigned long)pin;
  attributes.file_flags = BPF_F_RDONLY;
  return bpf(BPF_OBJ_GET, &attributes);
}

/* 0, or -1 with errno: EPROTO for another kind of map, ENOENT for a group without an entry. */
static int look_up(int map, cradle_self_group group, struct cradle_self_carbon* out) {
  union bpf_attr attributes;
  struct bpf_map_info info;
  memset(&attributes, 0, sizeof attributes);
  memset(&info, 0, sizeof info);
  attributes.info.bpf_fd = (__u32)map;
  attributes.info.info_len = sizeof info;
  attributes.info.info = (__u64)(unsigned long)&info;
  if (bpf(BPF_OBJ_GET_INFO_BY_FD, &attributes) != 0) return -1;
  if (info.key_size != sizeof group || info.value_size != sizeof *out) {
    errno = EPROTO;
    return -1;
  }
  memset(&attributes, 0, sizeof attributes);
  attributes.map_fd = (__u32)map;
  attributes.key = (__u64)(unsigned long)&group;
  attributes.value = (__u64)(unsigned long)out;
  return bpf(BPF_MAP_LOOKUP_ELEM, &attributes);
}

int main(int count, char** arguments) {
  struct cradle_self_carbon carbon;
  struct stat folder;
  int map;
  if (count != 3) {
    fprintf(stderr, "usage: %s PINNED_MAP FOLDER_OF_THE_GROUP\n", arguments[0]);
    return 2;
  }
  if (stat(arguments[2], &folder) != 0) {
    perror(arguments[2]);
    return 1;
  }
  map = open_map(arguments[1]);
  if (map < 0) {
    perror(arguments[1]);
    return 1;
  }
  if (look_up(map, (cradle_self_group)folder.st_ino, &carbon) != 0) {
    perror(arguments[2]);
    return 1;
  }
  printf("group %llu: %llu uJ, %llu ug operational, %llu ug embodied, at %llu ns since boot\n",
         (unsigned long long)folder.st_ino, (unsigned long long)carbon.microjoules,
         (unsigned long long)carbon.micrograms_operational, (unsigned long long)carbon.micrograms_embodied,
         (unsigned long long)carbon.updated_ns);
  return 0;
}
