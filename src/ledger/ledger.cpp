#include "cradle/ledger/ledger.h"

#include <algorithm>
#include <utility>

#include "connection.h"
#include "cradle/base/text.h"
#include "records.h"
#include "run_writer.h"
#include "schema.h"

namespace cradle::ledger {

using carbon::ComponentRecord;
using carbon::SiteRecord;

namespace {

/// Readers go on while a writer works; a commit is on disk when it returns.
Result<void> prepare_writing(Connection& connection) {
  return connection.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-16384");
}

}  // namespace

carbon::Period RunSummary::accounted() const {
  if (finished) return info.period;
  return {info.period.from, std::max(info.period.from, std::min(info.period.to, covered.to))};
}

std::string RunSummary::warning() const {
  if (finished) return {};
  if (entries == 0) return "run " + info.name + " was interrupted before its first entry was stored";
  return "run " + info.name + " was interrupted (or is still being written): accounted from " +
         to_iso(info.period.from) + " to " + to_iso(accounted().to) + " of " + to_iso(info.period.to) + ", " +
         std::to_string(entries) + " entries; what was not committed by then is missing";
}

Result<Ledger> Ledger::create(const std::filesystem::path& path, std::chrono::milliseconds patience) {
  auto connection = Connection::open(path, Connection::Mode::create, patience);
  if (!connection) return std::move(connection).error();
  // Whose file it is must be known before anything of it is changed, its journal mode included.
  if (const auto content = content_of(**connection); !content) return content.error();
  if (auto ok = prepare_writing(**connection); !ok) return std::move(ok).error();
  const auto start_anew = [&]() -> Result<void> {
    const auto content = content_of(**connection);
    if (!content) return content.error();
    return *content == Content::nothing ? lay_out(**connection) : remove_all_runs(**connection);
  };
  if (auto ok = (*connection)->transaction(start_anew); !ok) return std::move(ok).error();
  return Ledger(*std::move(connection));
}

namespace {

Result<std::shared_ptr<Connection>> open_existing(const std::filesystem::path& path, Connection::Mode mode,
                                                  std::chrono::milliseconds patience) {
  auto connection = Connection::open(path, mode, patience);
  if (!connection) return connection;
  const auto content = content_of(**connection);
  if (!content) return content.error();
  if (*content == Content::nothing)
    return bad_input("not a ledger: an empty file", path.string(), "check the path; `cradle study` writes a ledger");
  return connection;
}

}  // namespace

Result<Ledger> Ledger::open_write(const std::filesystem::path& path, std::chrono::milliseconds patience) {
  auto connection = open_existing(path, Connection::Mode::write, patience);
  if (!connection) return std::move(connection).error();
  if (auto ok = prepare_writing(**connection); !ok) return std::move(ok).error();
  return Ledger(*std::move(connection));
}

Result<Ledger> Ledger::open_read(const std::filesystem::path& path) {
  auto connection = open_existing(path, Connection::Mode::read, default_patience);
  if (!connection) return std::move(connection).error();
  return Ledger(*std::move(connection));
}

Result<RunWriter> Ledger::begin_run(const RunInfo& info, std::span<const SiteRecord> sites,
                                    std::span<const ComponentRecord> components) {
  if (info.name.empty()) return bad_input("a run without a name", connection_->path(), "name the run");
  if (info.period.to <= info.period.from)
    return bad_input("the period of run " + info.name + " is empty", connection_->path(),
                     "account a period that ends after it starts");
  if (auto ok = carbon::check_records(sites, components); !ok) return std::move(ok).error();
  std::int64_t run = 0;
  const auto insert = [&]() -> Result<void> {
    auto taken = connection_->prepare("SELECT 1 FROM run WHERE name = ?");
    if (!taken) return std::move(taken).error();
    const auto row = taken->bind(1, std::string_view(info.name)).next();
    if (!row) return row.error();
    if (*row)
      return bad_input("the ledger already holds a run '" + info.name + "'", connection_->path(),
                       "give the run another name, or start a new ledger");
    if (auto ok = insert_run(*connection_, info); !ok) return ok;
    run = connection_->last_row();
    if (auto ok = insert_notes(*connection_, run, info.notes); !ok) return ok;
    if (auto ok = insert_sites(*connection_, run, sites); !ok) return ok;
    return insert_components(*connection_, run, components);
  };
  if (auto ok = connection_->transaction(insert); !ok) return std::move(ok).error();

  auto entry = connection_->prepare(
      "INSERT INTO entry(start_ms, length_ms, job, component, microjoules, baseline_microjoules, operations, "
      "operation, "
      "role, knowledge) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  if (!entry) return std::move(entry).error();
  auto batch = connection_->prepare(
      "INSERT INTO batch(run, first_entry, last_entry, start_ms, end_ms, jobs) VALUES(?, ?, ?, ?, ?, ?)");
  if (!batch) return std::move(batch).error();
  std::unique_ptr<RunWriter::State> state(new RunWriter::State{
      connection_, run, components.size(), *std::move(entry), *std::move(batch), {}, std::nullopt, false});
  state->buffer.reserve(RunWriter::batch_entries);
  return RunWriter(std::move(state));
}

Result<std::vector<RunSummary>> Ledger::runs() const {
  auto query = connection_->prepare(
      "SELECT name, study, policy, seed, created_by, from_ms, to_ms, finished, "
      "coalesce((SELECT sum(last_entry - first_entry + 1) FROM batch WHERE run = run.id), 0), "
      "coalesce((SELECT min(start_ms) FROM batch WHERE run = run.id), from_ms), "
      "coalesce((SELECT max(end_ms) FROM batch WHERE run = run.id), from_ms), id FROM run ORDER BY id");
  if (!query) return std::move(query).error();
  auto notes = connection_->prepare("SELECT text FROM note WHERE run = ? ORDER BY number");
  if (!notes) return std::move(notes).error();
  std::vector<RunSummary> runs;
  for (;;) {
    const auto row = query->next();
    if (!row) return row.error();
    if (!*row) return runs;
    RunSummary& run = runs.emplace_back();
    run.info.name = query->text(0);
    run.info.study = query->text(1);
    run.info.policy = query->text(2);
    run.info.seed = static_cast<std::uint64_t>(query->integer(3));
    run.info.created_by = query->text(4);
    run.info.period = {Instant{query->integer(5)}, Instant{query->integer(6)}};
    run.finished = query->integer(7) != 0;
    run.entries = static_cast<std::uint64_t>(query->integer(8));
    run.covered = {Instant{query->integer(9)}, Instant{query->integer(10)}};
    notes->bind(1, query->integer(11));
    for (;;) {
      const auto note = notes->next();
      if (!note) return note.error();
      if (!*note) break;
      run.info.notes.push_back(notes->text(0));
    }
  }
}

Result<RunReader> Ledger::read_run(std::string_view name) const {
  auto summaries = runs();
  if (!summaries) return std::move(summaries).error();
  std::vector<std::string> names;
  for (const auto& run : *summaries) names.push_back(run.info.name);
  if (names.empty())
    return missing_data("the ledger holds no runs", connection_->path(), "run `cradle study` to write some");
  if (name.empty() && names.size() > 1)
    return bad_input("the ledger holds " + std::to_string(names.size()) + " runs", connection_->path(),
                     "name one with --run; " + suggest("", names));
  const auto found = name.empty() ? names.begin() : std::find(names.begin(), names.end(), name);
  if (found == names.end())
    return bad_input("the ledger holds no run '" + std::string(name) + "'", connection_->path(), suggest(name, names));

  RunReader reader;
  reader.connection_ = connection_;
  reader.summary_ = std::move((*summaries)[static_cast<std::size_t>(found - names.begin())]);
  auto query = connection_->prepare("SELECT id FROM run WHERE name = ?");
  if (!query) return std::move(query).error();
  if (const auto row = query->bind(1, std::string_view(*found)).next(); !row || !*row)
    return damaged(*connection_, "run " + *found + " is gone");
  reader.id_ = query->integer(0);
  auto sites = read_sites(*connection_, reader.id_);
  if (!sites) return std::move(sites).error();
  reader.sites_ = *std::move(sites);
  auto components = read_components(*connection_, reader.id_);
  if (!components) return std::move(components).error();
  reader.components_ = *std::move(components);
  auto jobs = read_jobs(*connection_, reader.id_);
  if (!jobs) return std::move(jobs).error();
  reader.jobs_ = *std::move(jobs);
  if (auto ok = carbon::check_records(reader.sites_, reader.components_); !ok)
    return damaged(*connection_, ok.error().where + ": " + ok.error().message);
  return reader;
}

}  // namespace cradle::ledger
