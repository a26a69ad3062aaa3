#ifdef CRADLE_BPF

#include "cradle/kernel/byte_meter.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <cerrno>

#include "group_counters.h"
#include "kernel/block.skel.h"
#include "kernel/network.skel.h"
#include "libbpf_log.h"

namespace cradle::kernel {
namespace {

/// Programs: the skeleton, its functions given by name.
template <class Programs, void (*destroy)(Programs*)>
class Meter final : public ByteMeter {
 public:
  Meter(Programs* programs, bpf_map* map)
      : programs_(programs), counters_(bpf_map__fd(map), 2, GroupCounters::Processors::summed) {
    // What loading took for the kernel's types goes back before somebody else loads.
    malloc_trim(0);
  }
  ~Meter() override { destroy(programs_); }

  Result<ByteCounts> scan() override {
    ByteCounts counts;
    auto read = counters_.read([&](const GroupIds& ids, std::span<const std::uint64_t> risen) {
      counts.groups.push_back({ids, static_cast<std::int64_t>(risen[0]), static_cast<std::int64_t>(risen[1])});
    });
    if (!read) return read.error();
    const std::uint64_t unplaced = __atomic_load_n(&programs_->bss->unplaced_bytes, __ATOMIC_RELAXED);
    counts.unplaced_bytes = static_cast<std::int64_t>(unplaced - unplaced_);
    unplaced_ = unplaced;
    return counts;
  }

 private:
  Programs* programs_;
  GroupCounters counters_;
  std::uint64_t unplaced_ = 0;
};

/// Attaches both directions at the root; 0 or -errno.
int attach_network(network_bpf& programs, const std::filesystem::path& root) {
  const int folder = open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return -errno;
  programs.links.receive = bpf_program__attach_cgroup(programs.progs.receive, folder);
  int status = programs.links.receive ? 0 : -errno;
  if (status == 0) {
    programs.links.send = bpf_program__attach_cgroup(programs.progs.send, folder);
    status = programs.links.send ? 0 : -errno;
  }
  close(folder);
  return status;
}

}  // namespace

Result<std::unique_ptr<ByteMeter>> ByteMeter::open_block() {
  const LibbpfLog log;
  block_bpf* programs = block_bpf__open_and_load();
  int status = programs ? block_bpf__attach(programs) : -errno;
  if (status) {
    block_bpf__destroy(programs);
    return log.error(status, "cannot count block bytes by BPF", "tp_btf/block_bio_queue");
  }
  return std::unique_ptr<ByteMeter>(
      std::make_unique<Meter<block_bpf, block_bpf__destroy>>(programs, programs->maps.blocks));
}

Result<std::unique_ptr<ByteMeter>> ByteMeter::open_network(const std::filesystem::path& root) {
  const std::filesystem::path folder = root.empty() ? cgroup2_root() : root;
  if (folder.empty())
    return missing_data("no control groups of version 2 are mounted", "/proc/self/mounts",
                        "mount -t cgroup2 none /sys/fs/cgroup/unified (as root) to have network bytes by group");
  const LibbpfLog log;
  network_bpf* programs = network_bpf__open_and_load();
  int status = programs ? attach_network(*programs, folder) : -errno;
  if (status) {
    network_bpf__destroy(programs);
    return log.error(status, "cannot count network bytes by BPF", "cgroup_skb at " + folder.string());
  }
  return std::unique_ptr<ByteMeter>(
      std::make_unique<Meter<network_bpf, network_bpf__destroy>>(programs, programs->maps.packets));
}

}  // namespace cradle::kernel

#endif  // CRADLE_BPF
