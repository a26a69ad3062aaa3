#ifdef CRADLE_BPF

#include "group_counters.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cerrno>

#include "libbpf_log.h"
#include "records.h"

namespace cradle::kernel {
namespace {

static_assert(sizeof(GroupIds) == sizeof(group_ids));

// How long a group may be silent before its entry is given up, and only if the hash is half full: the group is gone
// then, since the kernel never gives its id to another.
constexpr std::uint64_t idle_reads = 64;

}  // namespace

GroupCounters::GroupCounters(int map, std::size_t words, Processors processors)
    : map_(map), words_(words), summed_(processors != Processors::each), keys_(256) {
  if (processors != Processors::one) processors_ = static_cast<std::size_t>(std::max(1, libbpf_num_possible_cpus()));
  bpf_map_info info = {};
  __u32 size = sizeof info;
  if (bpf_obj_get_info_by_fd(map_, &info, &size) == 0) capacity_ = info.max_entries;
}

void GroupCounters::take(const GroupIds& ids, std::span<const std::uint64_t> raw,
                         const std::function<void(const GroupIds&, std::span<const std::uint64_t>)>& each) {
  std::vector<std::uint64_t> now(raw.begin(), raw.end());
  if (summed_) {
    for (std::size_t i = words_; i < raw.size(); ++i) now[i % words_] += raw[i];
    now.resize(words_);
  }
  Told& told = told_[ids];
  if (told.counters.empty()) {
    told.counters.resize(now.size());
    told.changed_at = reads_;
  }
  if (told.counters == now) return;
  std::vector<std::uint64_t> risen(now.size());
  std::transform(now.begin(), now.end(), told.counters.begin(), risen.begin(), std::minus<>());
  told = {std::move(now), reads_};
  each(ids, risen);
}

Result<void> GroupCounters::read(const std::function<void(const GroupIds&, std::span<const std::uint64_t>)>& each) {
  const std::size_t row = words_ * processors_;
  ++reads_;
  bool first = true, last = false;
  __u32 from = 0, next = 0;
  while (!last) {
    values_.resize(keys_.size() * row);
    auto count = static_cast<__u32>(keys_.size());
    const int status =
        bpf_map_lookup_batch(map_, first ? nullptr : &from, &next, keys_.data(), values_.data(), &count, nullptr);
    if (status == -ENOSPC && keys_.size() < (1u << 20)) {
      // One bucket of the hash has more entries than the buffer.
      keys_.resize(keys_.size() * 2);
      continue;
    }
    last = status == -ENOENT;
    if (status && !last) return LibbpfLog{}.error(status, "cannot read the counters of the groups", "BPF map");
    for (std::size_t i = 0; i < count; ++i) take(keys_[i], std::span(values_).subspan(i * row, row), each);
    from = next;
    first = false;
  }
  if (told_.size() * 2 > capacity_) drop_idle();
  return {};
}

void GroupCounters::drop_idle() {
  for (auto group = told_.begin(); group != told_.end();) {
    if (reads_ - group->second.changed_at >= idle_reads && bpf_map_delete_elem(map_, &group->first) == 0)
      group = told_.erase(group);
    else
      ++group;
  }
}

}  // namespace cradle::kernel

#endif  // CRADLE_BPF
