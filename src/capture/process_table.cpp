#include "process_table.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>
#include <utility>

namespace cradle::capture {

namespace {

/// Processes that did nothing are read again only every so many looks, each in its turn: their memory may be swapped.
constexpr std::uint64_t looks_between = 32;

std::optional<std::int32_t> pid_of(const char* name) {
  std::int32_t pid = 0;
  const char* end = name + std::strlen(name);
  const auto parsed = std::from_chars(name, end, pid);
  if (parsed.ec != std::errc() || parsed.ptr != end || pid <= 0) return std::nullopt;
  return pid;
}

}  // namespace

ProcessTable::ProcessTable(std::filesystem::path sysroot)
    : sysroot_(std::move(sysroot)), page_bytes_(::sysconf(_SC_PAGESIZE)) {
  if (sysroot_ != "/") return;
  std::array<char, 32> self{};
  const ssize_t length = ::readlink("/proc/self", self.data(), self.size() - 1);
  own_kernel_ = length > 0 && pid_of(self.data()) == ::getpid();
}

/// The CPU clock of a whole process, ended threads included, in nanoseconds: clock_getcpuclockid(3), without the
/// system call that it makes to check what the next one checks anyway.
std::optional<std::int64_t> ProcessTable::clock_of(std::int32_t pid) const {
  constexpr clockid_t scheduler = 2;
  if (!own_kernel_) return std::nullopt;
  timespec time{};
  if (::clock_gettime(static_cast<clockid_t>((~static_cast<std::uint32_t>(pid) << 3) | scheduler), &time) != 0) {
    return std::nullopt;
  }
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

bool ProcessTable::read_stat(Entry& entry, bool is_new, std::optional<std::int64_t> clock) {
  std::array<char, 4096> buffer;
  const auto text = entry.stat.read(buffer);
  if (!text) return false;
  auto stat = parse_process_stat(*text);
  if (!stat) return false;
  Process& process = entry.process;
  const ProcessKey key{process.key.pid, static_cast<std::uint64_t>(stat->started_ticks * ns_per_tick())};
  if (!is_new && key != process.key) return false;

  process.key = key;
  process.command = std::move(stat->command);
  if (__builtin_mul_overflow(stat->resident_pages, page_bytes_, &process.resident_bytes)) process.resident_bytes = 0;
  std::int64_t now = clock.value_or(stat->cpu_ticks * ns_per_tick());
  if (!clock) {
    // Of its first thread only, but to the nanosecond: neither is more than the process used.
    KeptFile schedule(sysroot_ / "proc" / std::to_string(key.pid) / "schedstat", nullptr);
    std::array<char, 128> line;
    if (const auto said = schedule.read(line)) now = std::max(now, parse_schedstat(*said).value_or(0));
  }
  process.used_ns = std::max<std::int64_t>(now - process.cpu_ns, 0);
  process.cpu_ns += process.used_ns;
  if (const auto groups = entry.groups.read(buffer)) process.groups = std::string(*groups);
  return true;
}

/// False if the process is gone, or another one has its number.
bool ProcessTable::refresh(Entry& entry, bool is_new) {
  const std::int32_t pid = entry.process.key.pid;
  entry.process.used_ns = 0;
  const auto clock = clock_of(pid);
  if (own_kernel_ && !clock) return false;
  // A clock that stands still is the same process, and idle: one system call, and no text.
  const bool its_turn = (looks_ + static_cast<std::uint64_t>(pid)) % looks_between == 0;
  if (!is_new && clock && *clock == entry.process.cpu_ns && !its_turn) return true;
  return read_stat(entry, is_new, clock);
}

Result<void> ProcessTable::look() {
  const std::string folder = sysroot_ / "proc";
  DIR* entries = ::opendir(folder.c_str());
  if (entries == nullptr) {
    return missing_data("cannot list the processes: " + std::string(std::strerror(errno)), folder,
                        "mount /proc, or name the folder that holds proc and sys with --sysroot");
  }
  ++looks_;
  ended_.clear();
  living_.clear();
  while (const dirent* named = ::readdir(entries)) {
    const auto pid = pid_of(named->d_name);
    if (!pid) continue;
    const auto found = entries_.find(*pid);
    if (found != entries_.end()) {
      found->second.seen = looks_;
      if (refresh(found->second, false)) continue;
      ended_.push_back(std::move(found->second.process));
      entries_.erase(found);
    }
    Entry born;
    const std::string own = folder + "/" + named->d_name;
    DescriptorBudget* kept = own_kernel_ ? &budget_ : nullptr;
    born.stat = KeptFile(own + "/stat", kept);
    born.groups = KeptFile(own + "/cgroup", kept);
    born.process.key.pid = *pid;
    born.seen = looks_;
    if (!refresh(born, true)) continue;
    if (looks_ == 1) born.process.used_ns = 0;
    entries_.emplace(*pid, std::move(born));
  }
  ::closedir(entries);

  for (auto entry = entries_.begin(); entry != entries_.end();) {
    if (entry->second.seen == looks_) {
      living_.push_back(&entry->second.process);
      ++entry;
    } else {
      ended_.push_back(std::move(entry->second.process));
      entry = entries_.erase(entry);
    }
  }
  for (Process& process : ended_) process.used_ns = 0;
  const auto by_key = [](const Process* a, const Process* b) { return a->key < b->key; };
  std::sort(living_.begin(), living_.end(), by_key);
  std::sort(ended_.begin(), ended_.end(), [](const Process& a, const Process& b) { return a.key < b.key; });
  return {};
}

const Process* ProcessTable::find(std::int32_t pid) const {
  const auto found = entries_.find(pid);
  return found != entries_.end() ? &found->second.process : nullptr;
}

}  // namespace cradle::capture
