// The ledger: the entries of one or more runs in one SQLite file, with all that an account of them needs.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/account.h"
#include "cradle/carbon/entry.h"

namespace cradle::ledger {

/// The version of the file's layout (PRAGMA user_version). Another version is refused.
inline constexpr int schema_version = 1;

/// What a run is, told when it begins.
struct RunInfo {
  std::string name;    ///< unique in the ledger, not empty: what `cradle account --run` takes
  std::string study;   ///< name of the study that the run belongs to
  std::string policy;  ///< scheduling policy; may be empty
  std::uint64_t seed = 0;
  std::string created_by;          ///< program and version
  carbon::Period period;           ///< what is accounted; idle embodied carbon depends on it
  std::vector<std::string> notes;  ///< where the data came from, and what was left out
};

/// A run as the ledger holds it.
struct RunSummary {
  RunInfo info;
  bool finished = false;      ///< false: interrupted, or still being written
  std::uint64_t entries = 0;  ///< committed
  carbon::Period covered;     ///< from the first start to the last end of its entries; empty without entries

  /// What can be accounted: the whole period if finished, else as far as entries go.
  carbon::Period accounted() const;
  /// Empty if finished, else one sentence that says what is in the ledger.
  std::string warning() const;
};

class Connection;

/// Writes one run. Entries are buffered and committed in batches: a crash loses at most the batch that was not
/// committed, never a part of one. The first error is kept and returned by every later commit, set_jobs and finish.
/// A writer that goes away unfinished leaves the run as interrupted, with the batches that were committed.
class RunWriter : public carbon::EntrySink {
 public:
  static constexpr std::size_t batch_entries = 65'536;

  RunWriter(RunWriter&&) noexcept;
  RunWriter& operator=(RunWriter&&) noexcept;
  ~RunWriter() override;

  /// A malformed entry (carbon::check_entry) becomes the writer's error and is not stored, nor is any after it.
  void write(const carbon::Entry& entry) override;
  /// The run's jobs, in the order of their index; replaces what was set before. Jobs that were never set are known by
  /// their number only.
  Result<void> set_jobs(std::span<const carbon::JobRecord> jobs);
  /// Stores what is buffered, durably.
  Result<void> commit();
  /// Commits and marks the run as finished. Nothing can be written after it.
  Result<void> finish();
  /// The same for a run whose end was not known when it began: its period now ends at `end`. bad_input, and the run
  /// stays open, if that is not after the period's start or before the end of an entry. A finished run stays as it is.
  Result<void> finish(Instant end);

 private:
  friend class Ledger;
  struct State;
  explicit RunWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// One run, read. Everything but the entries is in memory.
class RunReader {
 public:
  const RunSummary& summary() const { return summary_; }
  std::span<const carbon::SiteRecord> sites() const { return sites_; }
  std::span<const carbon::ComponentRecord> components() const { return components_; }
  std::span<const carbon::JobRecord> jobs() const { return jobs_; }

  /// Calls `each` with the entries in the order in which they were written, some thousands at a time; stops at the
  /// first error, its own or that of `each`. bad_input if an entry or a batch is damaged.
  Result<void> entries(const std::function<Result<void>(std::span<const carbon::Entry>)>& each) const;

  /// The run's entries in grams (carbon::Accountant), with the warning of an unfinished run among the notes.
  Result<carbon::Account> account(carbon::View view, carbon::Grouping by) const;

 private:
  friend class Ledger;
  std::shared_ptr<Connection> connection_;
  std::int64_t id_ = 0;
  RunSummary summary_;
  std::vector<carbon::SiteRecord> sites_;
  std::vector<carbon::ComponentRecord> components_;
  std::vector<carbon::JobRecord> jobs_;
};

/// A ledger file. Readers see the last committed state while a writer works; several writers take turns by batch.
/// One Ledger and what it hands out belong to one thread.
class Ledger {
 public:
  /// How long a writer waits for another program that holds the file.
  static constexpr std::chrono::milliseconds default_patience{10'000};

  /// A ledger without runs. An existing ledger of this version is emptied, in one transaction; any other existing file
  /// is refused (bad_input) and left as it is.
  static Result<Ledger> create(const std::filesystem::path& path,
                               std::chrono::milliseconds patience = default_patience);
  /// For more runs. missing_data if there is no file; bad_input if it is not a ledger or of another version.
  static Result<Ledger> open_write(const std::filesystem::path& path,
                                   std::chrono::milliseconds patience = default_patience);
  /// For reading only; also from a folder that cannot be written. Errors as open_write.
  static Result<Ledger> open_read(const std::filesystem::path& path);

  /// bad_input if the name is empty or taken, or the records are not sound (carbon::check_records).
  Result<RunWriter> begin_run(const RunInfo& info, std::span<const carbon::SiteRecord> sites,
                              std::span<const carbon::ComponentRecord> components);
  /// In the order in which they began.
  Result<std::vector<RunSummary>> runs() const;
  /// The run of that name; an empty name stands for the only run. missing_data that lists the runs otherwise.
  Result<RunReader> read_run(std::string_view name) const;

 private:
  explicit Ledger(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}
  std::shared_ptr<Connection> connection_;
};

}  // namespace cradle::ledger
