// What the observer tells the ledger: one entry for each tenant, component and minute, and none lost to a full disk.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "cradle/ledger/ledger.h"
#include "hardware.h"
#include "tick_division.h"

namespace cradle::observe {

/// Entries of whole minutes (less at the ends, at a step of the grid's intensity and at a step of the clock). What the
/// disk does not take is kept and offered again with the next minute. Beyond `backlog` entries the oldest are joined,
/// by role and component, tenants' joules into unattributed ones: no joule is lost, and the notes count what was
/// joined.
class EntryLog {
 public:
  struct Options {
    std::filesystem::path path;  ///< empty: nothing is written
    attribution::IdlePolicy policy = attribution::IdlePolicy::none;
    std::int64_t window_ms = 60'000;
    std::size_t backlog = 100'000;
    std::size_t tenants = 100'000;  ///< further ones share the job "(others)"
  };
  /// Begins a run. Errors of the ledger.
  static Result<EntryLog> open(const Options& options, const Hardware& hardware, Instant start);

  struct Tick {
    carbon::Period wall;  ///< by the wall clock
    const capture::Scan* scan = nullptr;
    const TickDivision* division = nullptr;
    std::array<carbon::Knowledge, components> knowledge{};
  };
  /// `position`: by group of the scan, its place in `groups`.
  void add(const Tick& tick, const std::vector<GroupTotals>& groups, const std::vector<std::size_t>& position,
           Notes& notes);
  /// Writes what there is, durably if the disk allows; the rest stays in the backlog.
  void flush(Notes& notes);
  /// flush, then the run is marked as finished: its period ends with the last tick. An error if entries are still held
  /// back; without a tick the run stays empty and unfinished.
  Result<void> finish(Notes& notes);

  std::size_t held_back() const { return pending_.size(); }

 private:
  struct Sum {
    std::int64_t microjoules = 0, baseline = 0;
    double operations = 0;
  };
  using Sums = std::array<Sum, components>;

  EntryLog(const Options& options, const Hardware& hardware) : options_(options), hardware_(&hardware) {}
  Result<void> begin_run(Instant start);
  Result<void> finish_run();
  void close_window();
  void store(Notes& notes);
  void join_oldest(Notes& notes);
  carbon::JobIndex job_of(const GroupTotals& group, Instant now);
  bool one_price(const carbon::Period& wall) const;

  Options options_;
  const Hardware* hardware_;
  int runs_ = 0;
  std::string name_;
  Instant run_from_, stored_to_;  ///< of this run: the end of what was stored
  Instant ticked_to_;             ///< end of the last tick
  std::optional<ledger::RunWriter> writer_;
  std::vector<carbon::JobRecord> jobs_;
  std::unordered_map<std::string, carbon::JobIndex> job_by_tenant_;
  bool jobs_changed_ = false;

  std::optional<carbon::Period> window_;
  bool window_is_steady_ = true;
  std::unordered_map<carbon::JobIndex, Sums> tenants_;
  Sums idle_{}, overhead_{}, unattributed_{};
  std::array<carbon::Knowledge, components> knowledge_{};
  std::vector<carbon::Entry> pending_;  ///< not yet known to be on the disk
};

}  // namespace cradle::observe
