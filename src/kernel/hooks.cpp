#ifdef CRADLE_BPF

#include "cradle/kernel/hooks.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "cradle/kernel/byte_meter.h"
#include "kernel/probes.skel.h"
#include "libbpf_log.h"

namespace cradle::kernel {
namespace {

bpf_link* attach_to_root(bpf_program* program) {
  const int folder = open(cgroup2_root().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return nullptr;
  bpf_link* link = bpf_program__attach_cgroup(program, folder);
  const int error = errno;
  close(folder);
  errno = error;
  return link;
}

bpf_link* attach_to_clock(bpf_program* program) {
  perf_event_attr event = {};
  event.size = sizeof event;
  event.type = PERF_TYPE_SOFTWARE;
  event.config = PERF_COUNT_SW_CPU_CLOCK;
  event.sample_period = 1'000'000'000;
  const auto clock = static_cast<int>(syscall(SYS_perf_event_open, &event, -1, 0, -1, PERF_FLAG_FD_CLOEXEC));
  if (clock < 0) return nullptr;
  bpf_link* link = bpf_program__attach_perf_event(program, clock);
  if (link) return link;  // which owns the event from here on
  const int error = errno;
  close(clock);
  errno = error;
  return nullptr;
}

/// 0 or -errno.
int try_hook(bpf_program* program, bpf_object* object) {
  bpf_program* other = nullptr;
  bpf_object__for_each_program(other, object) bpf_program__set_autoload(other, other == program);
  if (const int status = bpf_object__load(object)) return status;
  errno = 0;
  bpf_link* link = nullptr;
  switch (bpf_program__type(program)) {
    case BPF_PROG_TYPE_CGROUP_SKB: link = attach_to_root(program); break;
    case BPF_PROG_TYPE_PERF_EVENT: link = attach_to_clock(program); break;
    default: link = bpf_program__attach(program);
  }
  if (!link) return errno ? -errno : -EINVAL;
  bpf_link__destroy(link);
  return 0;
}

}  // namespace

std::vector<Hook> probe_hooks() {
  std::vector<Hook> hooks;
  // Each in an object of its own: an object loads wholly or not at all.
  for (std::size_t i = 0;; ++i) {
    const LibbpfLog log;
    probes_bpf* programs = probes_bpf__open();
    if (!programs) return hooks;
    bpf_program* program = nullptr;
    std::size_t number = 0;
    bpf_object__for_each_program(program, programs->obj) {
      if (number++ == i) break;
    }
    if (program) {
      Hook hook;
      hook.name = bpf_program__section_name(program);
      hook.used =
          hook.name.starts_with("tp_btf/") || hook.name.starts_with("iter/") || hook.name.starts_with("cgroup_skb/");
      const int status = try_hook(program, programs->obj);
      hook.works = status == 0;
      if (!hook.works) hook.error = log.describe(status);
      hooks.push_back(std::move(hook));
    }
    probes_bpf__destroy(programs);
    if (!program) return hooks;
  }
}

}  // namespace cradle::kernel

#endif  // CRADLE_BPF
