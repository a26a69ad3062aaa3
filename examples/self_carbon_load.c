/* Loads self_carbon.bpf.c onto the observer's map, runs a command and prints what its control group had used when the
 * command began, as the BPF program read it.
 * Build: cc -std=c99 -D_POSIX_C_SOURCE=200809L -I include examples/self_carbon_load.c -lbpf -o self_carbon_load
 * Run, as root: ./self_carbon_load self_carbon.bpf.o /sys/fs/bpf/self_carbon COMMAND... */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cradle_self_map.h"

/* The program at work on the observer's map, or NULL with the reason printed. */
static struct bpf_object* load(const char* object_file, const char* pin) {
  const int observed = bpf_obj_get(pin);
  struct bpf_object* object;
  struct bpf_map* map;
  if (observed < 0) {
    fprintf(stderr, "%s: %s\n", pin, strerror(errno));
    return NULL;
  }
  object = bpf_object__open_file(object_file, NULL);
  map = object == NULL ? NULL : bpf_object__find_map_by_name(object, CRADLE_SELF_MAP_NAME);
  /* The observer's map in place of one of the program's own. */
  if (map == NULL || bpf_map__reuse_fd(map, observed) != 0 || bpf_object__load(object) != 0 ||
      bpf_program__attach(bpf_object__find_program_by_name(object, "program_begins")) == NULL) {
    fprintf(stderr, "%s: %s\n", object_file, strerror(errno));
    bpf_object__close(object);
    object = NULL;
  }
  close(observed);
  return object;
}

/* The number of the process, which has ended, or -1. */
static pid_t run(char** command) {
  const pid_t process = fork();
  if (process == 0) {
    execvp(command[0], command);
    perror(command[0]);
    _exit(127);
  }
  if (process > 0) waitpid(process, NULL, 0);
  return process;
}

int main(int count, char** arguments) {
  struct cradle_self_carbon used;
  struct bpf_object* object;
  __u32 process;
  int found;
  if (count < 4) {
    fprintf(stderr, "usage: %s OBJECT PINNED_MAP COMMAND...\n", arguments[0]);
    return 2;
  }
  object = load(arguments[1], arguments[2]);
  if (object == NULL) return 1;
  process = (__u32)run(arguments + 3);
  found = bpf_map_lookup_elem(bpf_object__find_map_fd_by_name(object, "at_start"), &process, &used) == 0;
  if (found)
    printf("process %u began when its group had used %llu uJ\n", process, (unsigned long long)used.microjoules);
  else
    fprintf(stderr, "process %u: its group has no entry\n", process);
  bpf_object__close(object);
  return found ? 0 : 1;
}
