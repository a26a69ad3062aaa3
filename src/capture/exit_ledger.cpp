#include "exit_ledger.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace cradle::capture {

namespace {
constexpr std::int64_t ns_per_second = 1'000'000'000;
constexpr int most_ancestors = 64;
constexpr std::int32_t reaper = 1;  // takes in orphans of any group

/// A record knows the start to a second, /proc to a tick, and the wall clock may have been set in between.
bool same_process(std::int64_t started_unix, const ProcessKey& key, std::int64_t boot_unix_ns) {
  constexpr std::int64_t slack = 2;
  if (started_unix == 0) return true;
  const std::int64_t by_proc = (boot_unix_ns + static_cast<std::int64_t>(key.started_ns)) / ns_per_second;
  return std::abs(by_proc - started_unix) <= slack;
}
}  // namespace

std::vector<ProcessUsage> ExitLedger::settle(std::vector<ExitRecord> records, const ProcessTable& table,
                                             const GroupOfProcess& group_of, std::int64_t boot_unix_ns) {
  for (ExitRecord& record : records) {
    Life& life = lives_[record.process];
    life.process = record.process;
    life.cpu_ns += record.cpu_ns;
    if (life.parent == 0 || record.task == record.process) {
      life.parent = record.parent;
      life.command = std::move(record.command);
      life.started_unix = record.started_unix;
    }
    if (!record.last) continue;
    finished_.push_back(std::move(life));
    lives_.erase(record.process);
  }

  std::vector<ProcessUsage> usages;
  std::vector<bool> settled(finished_.size());
  std::unordered_map<std::int32_t, std::vector<std::size_t>> by_number;
  for (std::size_t i = 0; i < finished_.size(); ++i) by_number[finished_[i].process].push_back(i);
  for (const Process& process : table.ended()) {
    ProcessUsage usage{process.key, process.command, group_of(process), 0, true};
    for (const std::size_t i : by_number[process.key.pid]) {
      const Life& life = finished_[i];
      if (settled[i] || !same_process(life.started_unix, process.key, boot_unix_ns)) continue;
      // Threads that ended before the listener began are missing in the record, not in what /proc showed.
      usage.cpu_ns = std::max<std::int64_t>(life.cpu_ns - process.cpu_ns, 0);
      settled[i] = true;
      break;
    }
    usages.push_back(std::move(usage));
  }

  std::unordered_map<std::int32_t, const Life*> unseen;
  std::vector<Life> waiting;
  for (std::size_t i = 0; i < finished_.size(); ++i) {
    if (settled[i]) continue;
    const Life& life = finished_[i];
    const Process* living = table.find(life.process);
    if (living != nullptr && same_process(life.started_unix, living->key, boot_unix_ns)) {
      waiting.push_back(life);  // it ended after the look: the next one misses it
    } else {
      unseen.emplace(life.process, &life);
    }
  }
  std::unordered_map<std::int32_t, std::uint64_t> ended_groups;
  for (const ProcessUsage& usage : usages) ended_groups.emplace(usage.key.pid, usage.group);
  const auto inherited = [&](const Life& life) -> std::uint64_t {
    std::int32_t parent = life.parent;
    for (int generation = 0; generation < most_ancestors && parent > reaper; ++generation) {
      if (const Process* living = table.find(parent)) return group_of(*living);
      if (const auto ended = ended_groups.find(parent); ended != ended_groups.end()) return ended->second;
      const auto next = unseen.find(parent);
      if (next == unseen.end()) return 0;
      parent = next->second->parent;
    }
    return 0;
  };
  for (std::size_t i = 0; i < finished_.size(); ++i) {
    if (settled[i]) continue;
    const Life& life = finished_[i];
    const Process* living = table.find(life.process);
    if (living != nullptr && same_process(life.started_unix, living->key, boot_unix_ns)) continue;
    // What ended while the marks were set belongs to no interval.
    if (first_) continue;
    const std::uint64_t group = inherited(life);
    if (group == 0) {
      ++unknown_;
      continue;
    }
    const std::int64_t started = life.started_unix * ns_per_second - boot_unix_ns;
    const ProcessKey key{life.process, static_cast<std::uint64_t>(std::max<std::int64_t>(started, 0))};
    usages.push_back({key, life.command, group, life.cpu_ns, true});
  }
  finished_ = std::move(waiting);
  // A life whose last record was lost would wait for ever.
  std::erase_if(lives_, [&](const auto& item) { return table.find(item.first) == nullptr; });
  first_ = false;
  return usages;
}

std::int64_t ExitLedger::unknown() { return std::exchange(unknown_, 0); }

}  // namespace cradle::capture
