#include "run_writer.h"

#include <algorithm>

#include "records.h"

namespace cradle::ledger {

using carbon::Entry;

RunWriter::RunWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
RunWriter::RunWriter(RunWriter&&) noexcept = default;
RunWriter& RunWriter::operator=(RunWriter&&) noexcept = default;
RunWriter::~RunWriter() = default;

void RunWriter::write(const Entry& entry) {
  State& state = *state_;
  if (state.error) return;
  if (state.finished) {
    state.error = failure("an entry came after the run was finished", state.connection->path(),
                          "finish a run after its last entry");
    return;
  }
  // The jobs may be set later, so that any number of them is allowed here.
  if (auto ok = carbon::check_entry(entry, state.components, carbon::no_job); !ok) {
    state.error = std::move(ok).error();
    return;
  }
  state.buffer.push_back(entry);
  if (state.buffer.size() >= batch_entries) static_cast<void>(state.keep(state.store()));
}

Result<void> RunWriter::State::insert_all() {
  Instant from = buffer.front().start, to = buffer.front().end;
  std::int64_t first = 0, jobs = 0;
  for (const Entry& entry : buffer) {
    insert_entry.bind(1, entry.start.ms).bind(2, entry.end.ms - entry.start.ms);
    if (entry.job == carbon::no_job) {
      insert_entry.bind_null(3);
    } else {
      insert_entry.bind(3, std::int64_t{entry.job});
      jobs = std::max(jobs, std::int64_t{entry.job} + 1);
    }
    insert_entry.bind(4, std::int64_t{entry.component})
        .bind(5, entry.microjoules)
        .bind(6, entry.baseline_microjoules)
        .bind(7, entry.operations)
        .bind(8, static_cast<std::int64_t>(entry.operation_type))
        .bind(9, static_cast<std::int64_t>(entry.role))
        .bind(10, static_cast<std::int64_t>(entry.knowledge));
    if (auto ok = insert_entry.run(); !ok) return ok;
    if (first == 0) first = connection->last_row();
    from = std::min(from, entry.start);
    to = std::max(to, entry.end);
  }
  insert_batch.bind(1, run).bind(2, first).bind(3, connection->last_row()).bind(4, from.ms).bind(5, to.ms);
  insert_batch.bind(6, jobs);
  return insert_batch.run();
}

Result<void> RunWriter::State::store() {
  if (buffer.empty()) return {};
  auto done = connection->transaction([&] { return insert_all(); });
  if (done) buffer.clear();
  return done;
}

Result<void> RunWriter::commit() {
  State& state = *state_;
  if (state.error) return *state.error;
  return state.keep(state.store());
}

Result<void> RunWriter::set_jobs(std::span<const carbon::JobRecord> jobs) {
  State& state = *state_;
  if (state.error) return *state.error;
  return state.keep(state.connection->transaction([&] { return replace_jobs(*state.connection, state.run, jobs); }));
}

Result<bool> RunWriter::State::may_end_at(Instant end) {
  auto query = connection->prepare(
      "SELECT ?1 > from_ms AND ?1 >= coalesce((SELECT max(end_ms) FROM batch WHERE run = run.id), from_ms) "
      "FROM run WHERE id = ?2");
  if (!query) return std::move(query).error();
  const auto row = query->bind(1, end.ms).bind(2, run).next();
  if (!row) return row.error();
  return *row && query->integer(0) != 0;
}

Result<void> RunWriter::State::finish(std::optional<Instant> end) {
  const auto mark = [&]() -> Result<void> {
    auto update = connection->prepare("UPDATE run SET finished = 1, to_ms = coalesce(?, to_ms) WHERE id = ?");
    if (!update) return std::move(update).error();
    if (end)
      update->bind(1, end->ms);
    else
      update->bind_null(1);
    return update->bind(2, run).run();
  };
  if (auto ok = keep(connection->transaction(mark)); !ok) return ok;
  finished = true;
  // Moves the journal into the file, so that a finished ledger is one file. A reader may hold it up: no harm done.
  static_cast<void>(connection->execute("PRAGMA wal_checkpoint(TRUNCATE)"));
  return {};
}

Result<void> RunWriter::finish() {
  if (auto ok = commit(); !ok) return ok;
  if (state_->finished) return {};
  return state_->finish(std::nullopt);
}

Result<void> RunWriter::finish(Instant end) {
  if (auto ok = commit(); !ok) return ok;
  if (state_->finished) return {};
  const auto sound = state_->may_end_at(end);
  if (!sound) return sound.error();
  if (!*sound)
    return bad_input("a run cannot end at " + to_iso(end) + ", before its start or its last entry",
                     state_->connection->path(), "finish it at the end of its last entry or later");
  return state_->finish(end);
}

}  // namespace cradle::ledger
