#ifdef CRADLE_BPF

#include "cradle/kernel/process_meter.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <optional>
#include <thread>
#include <unordered_map>

#include "boot_clock.h"
#include "group_counters.h"
#include "kernel/process.skel.h"
#include "libbpf_log.h"
#include "records.h"

namespace cradle::kernel {
namespace {

constexpr const char* where = "BPF process meter";

struct Key {
  std::uint32_t pid;
  std::uint64_t started_ns;
  GroupIds group;
  friend bool operator==(const Key&, const Key&) = default;
};

struct KeyHash {
  std::size_t operator()(const Key& key) const {
    std::uint64_t hash = key.pid ^ std::rotl(key.started_ns, 17) ^ std::rotl(key.group.version_2, 34);
    hash = (hash ^ std::rotl(key.group.version_1, 51)) * 0x9E3779B97F4A7C15u;
    return static_cast<std::size_t>(hash ^ (hash >> 29));
  }
};

/// What the kernel's programs count at this moment.
std::uint64_t current(const __u64& counter) { return __atomic_load_n(&counter, __ATOMIC_RELAXED); }

class Meter final : public ProcessMeter {
 public:
  ~Meter() override {
    ring_buffer__free(ring_);
    process_bpf__destroy(programs_);
  }

  /// `whole_groups`: with the walk over threads, which kernels before 6.2 cannot load.
  int load(const ProcessMeterOptions& options, bool whole_groups) {
    programs_ = process_bpf__open();
    if (!programs_) return -errno;
    bpf_program__set_autoload(whole_groups ? programs_->progs.group_move_leader : programs_->progs.group_move, false);
    if (!whole_groups) notes_.push_back("threads of a process that moves between groups are told in the new group");
    bpf_map__set_max_entries(programs_->maps.dead, options.ring_bytes);
    bpf_map__set_max_entries(programs_->maps.dying, options.most_dying);
    programs_->rodata->opened_ns = since_boot_ns();
    if (const int status = process_bpf__load(programs_)) return status;
    if (const int status = process_bpf__attach(programs_)) return status;
    ring_ = ring_buffer__new(bpf_map__fd(programs_->maps.dead), take_dead, this, nullptr);
    if (!ring_) return -errno;
    spilled_.emplace(bpf_map__fd(programs_->maps.spilled), 2, GroupCounters::Processors::one);
    // Loading has read all of the kernel's types, some 10 MB that are free again.
    malloc_trim(0);
    return 0;
  }

  /// The first pass: marks for those who live.
  Result<void> start() {
    auto marked = scan();
    return marked ? Result<void>{} : Result<void>{marked.error()};
  }

  Result<ProcessTimes> scan() override {
    // The living first: who dies meanwhile is among the dead then.
    if (auto passed = pass(); !passed) return passed.error();
    if (auto visited = visit(); !visited) return visited.error();
    if (auto drained = drain(); !drained) return drained.error();
    ProcessTimes times = std::move(pending_);
    pending_ = {};
    index_.clear();
    auto read = spilled_->read([&](const GroupIds& ids, std::span<const std::uint64_t> risen) {
      times.spilled.push_back({ids, static_cast<std::int64_t>(risen[0]), static_cast<std::int64_t>(risen[1])});
    });
    if (!read) return read.error();
    times.unplaced_ns = since(programs_->bss->unplaced_ns, unplaced_ns_);
    times.unplaced_records = since(programs_->bss->unplaced_records, unplaced_records_);
    times.cut_records = since(programs_->bss->cut_records, cut_records_);
    return times;
  }

  Result<bool> settle(std::chrono::milliseconds limit) override {
    constexpr std::chrono::milliseconds nap(1);
    const auto end = std::chrono::steady_clock::now() + limit;
    while (true) {
      if (auto visited = visit(); !visited) return visited.error();
      if (current(programs_->bss->leaving) == 0) return true;
      if (std::chrono::steady_clock::now() >= end) return false;
      std::this_thread::sleep_for(nap);
    }
  }

  GroupIds parent_of(const GroupIds& one) const override {
    constexpr std::uint64_t version_1 = std::uint64_t{1} << 63;
    const std::uint64_t id = one.version_2 ? one.version_2 : one.version_1 | version_1;
    std::uint64_t parent = 0;
    if (bpf_map_lookup_elem(bpf_map__fd(programs_->maps.parents), &id, &parent)) return {};
    return parent & version_1 ? GroupIds{0, parent & ~version_1} : GroupIds{parent, 0};
  }

  std::vector<std::string> notes() const override { return notes_; }

 private:
  static int take_dead(void* self, void* data, std::size_t size) {
    process_record record;
    if (size < sizeof record) return 0;
    std::memcpy(&record, data, sizeof record);
    static_cast<Meter*>(self)->add(record);
    return 0;
  }

  static std::int64_t since(const __u64& counter, std::uint64_t& told) {
    const std::uint64_t now = current(counter), before = told;
    told = now;
    return static_cast<std::int64_t>(now - before);
  }

  void add(const process_record& record) {
    const GroupIds group{record.group.version_2, record.group.version_1};
    const auto [entry, fresh] = index_.try_emplace({record.pid, record.started_ns, group}, pending_.processes.size());
    if (fresh) pending_.processes.emplace_back();
    ProcessTime& process = pending_.processes[entry->second];
    process.pid = static_cast<std::int32_t>(record.pid);
    process.started_ns = record.started_ns;
    process.group = group;
    process.command.assign(record.command, strnlen(record.command, sizeof record.command));
    process.cpu_ns += static_cast<std::int64_t>(record.cpu_ns);
    process.ended |= (record.flags & record_ended) != 0;
  }

  /// Reads the task iterator to its end.
  Result<void> pass() {
    const int iterator = bpf_iter_create(bpf_link__fd(programs_->links.show));
    if (iterator < 0) return LibbpfLog{}.error(iterator, "cannot go through the tasks", where);
    Result<void> result;
    while (true) {
      const ssize_t bytes = read(iterator, buffer_, sizeof buffer_);
      if (bytes == 0) break;
      // EAGAIN: a million tasks without news, go on.
      if (bytes < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (bytes < 0) {
        result = LibbpfLog{}.error(errno, "cannot go through the tasks", where);
        break;
      }
      take_living(static_cast<std::size_t>(bytes));
    }
    close(iterator);
    part_ = 0;
    return result;
  }

  /// Has the kernel tell by the ring what the dead have used that nobody told.
  Result<void> visit() {
    __atomic_store_n(&programs_->bss->leaving, 0, __ATOMIC_RELAXED);
    bpf_test_run_opts options = {};
    options.sz = sizeof options;
    if (const int status = bpf_prog_test_run_opts(bpf_program__fd(programs_->progs.visit), &options))
      return LibbpfLog{}.error(status, "cannot go through the dead", where);
    return {};
  }

  /// Records may be cut by the end of a read.
  void take_living(std::size_t bytes) {
    for (std::size_t at = 0; at < bytes;) {
      const std::size_t piece = std::min(sizeof partial_ - part_, bytes - at);
      std::memcpy(reinterpret_cast<char*>(&partial_) + part_, buffer_ + at, piece);
      at += piece;
      part_ += piece;
      if (part_ < sizeof partial_) return;
      part_ = 0;
      add(partial_);
    }
  }

  Result<void> drain() {
    const int records = ring_buffer__consume(ring_);
    if (records < 0) return LibbpfLog{}.error(records, "cannot read the records of the dead", where);
    return {};
  }

  process_bpf* programs_ = nullptr;
  ring_buffer* ring_ = nullptr;
  std::optional<GroupCounters> spilled_;
  std::vector<std::string> notes_;
  ProcessTimes pending_;
  std::unordered_map<Key, std::size_t, KeyHash> index_;
  std::uint64_t unplaced_ns_ = 0, unplaced_records_ = 0, cut_records_ = 0;
  process_record partial_ = {};
  std::size_t part_ = 0;
  char buffer_[32 * 1024];
};

}  // namespace

Result<std::unique_ptr<ProcessMeter>> ProcessMeter::open(const ProcessMeterOptions& options) {
  if (options.ring_bytes < 4096 || !std::has_single_bit(options.ring_bytes))
    return bad_input("the ring has " + std::to_string(options.ring_bytes) + " bytes", "ring_bytes",
                     "give a power of two, at least 4096");
  if (options.most_dying == 0)
    return bad_input("there is room for no dying task", "most_dying", "give at least 1; 16384 are usual");
  int status = 0;
  const LibbpfLog log;
  for (const bool whole_groups : {true, false}) {
    auto meter = std::make_unique<Meter>();
    status = meter->load(options, whole_groups);
    if (status == 0) {
      if (auto started = meter->start(); !started) return started.error();
      return std::unique_ptr<ProcessMeter>(std::move(meter));
    }
    if (status == -EPERM) break;
  }
  return log.error(status, "cannot watch processes by BPF", where);
}

}  // namespace cradle::kernel

#endif  // CRADLE_BPF
