#include "records.h"

#include <algorithm>
#include <utility>

#include "series_blob.h"

namespace cradle::ledger {

using carbon::ComponentRecord;
using carbon::IntensitySeries;
using carbon::JobRecord;
using carbon::SiteRecord;

namespace {

/// Jobs that entries may name without a record of their own.
constexpr std::int64_t most_nameless_jobs = 10'000'000;

Result<std::int64_t> insert_series(Connection& connection, const IntensitySeries& series) {
  auto insert = connection.prepare("INSERT INTO series(start_ms, step_ms, periodic, grams_per_kwh) VALUES(?, ?, ?, ?)");
  if (!insert) return std::move(insert).error();
  const auto blob = to_blob(series.steps());
  insert->bind(1, series.start().ms)
      .bind(2, series.step_ms())
      .bind(3, std::int64_t{series.periodic()})
      .bind_blob(4, blob);
  if (auto ok = insert->run(); !ok) return std::move(ok).error();
  return connection.last_row();
}

Result<IntensitySeries> read_series(Connection& connection, carbon::Signal signal, std::int64_t id) {
  auto query = connection.prepare("SELECT start_ms, step_ms, periodic, grams_per_kwh FROM series WHERE id = ?");
  if (!query) return std::move(query).error();
  const auto row = query->bind(1, id).next();
  if (!row) return row.error();
  if (!*row) return damaged(connection, "an intensity series is gone");
  auto steps = from_blob(query->blob(3));
  if (!steps) return damaged(connection, "an intensity series is cut");
  auto series = IntensitySeries::make(signal, Instant{query->integer(0)}, query->integer(1), *std::move(steps),
                                      query->integer(2) != 0);
  if (!series) return damaged(connection, series.error().message);
  return series;
}

}  // namespace

Error damaged(const Connection& connection, const std::string& what) {
  return bad_input("the ledger is damaged: " + what, connection.path(), "run the study again");
}

Result<void> insert_run(Connection& connection, const RunInfo& info) {
  auto run = connection.prepare(
      "INSERT INTO run(name, study, policy, seed, created_by, from_ms, to_ms) VALUES(?, ?, ?, ?, ?, ?, ?)");
  if (!run) return std::move(run).error();
  run->bind(1, std::string_view(info.name))
      .bind(2, std::string_view(info.study))
      .bind(3, std::string_view(info.policy))
      .bind(4, static_cast<std::int64_t>(info.seed))
      .bind(5, std::string_view(info.created_by))
      .bind(6, info.period.from.ms)
      .bind(7, info.period.to.ms);
  return run->run();
}

Result<void> insert_notes(Connection& connection, std::int64_t run, const std::vector<std::string>& notes) {
  auto note = connection.prepare("INSERT INTO note VALUES(?, ?, ?)");
  if (!note) return std::move(note).error();
  for (std::size_t i = 0; i < notes.size(); ++i) {
    note->bind(1, run).bind(2, static_cast<std::int64_t>(i)).bind(3, std::string_view(notes[i]));
    if (auto ok = note->run(); !ok) return ok;
  }
  return {};
}

Result<void> insert_sites(Connection& connection, std::int64_t run, std::span<const SiteRecord> sites) {
  auto insert = connection.prepare("INSERT INTO site VALUES(?, ?, ?, ?, ?, ?, ?)");
  if (!insert) return std::move(insert).error();
  for (std::size_t i = 0; i < sites.size(); ++i) {
    const auto average = insert_series(connection, sites[i].average);
    if (!average) return average.error();
    std::optional<std::int64_t> marginal;
    if (sites[i].marginal) {
      const auto id = insert_series(connection, *sites[i].marginal);
      if (!id) return id.error();
      marginal = *id;
    }
    insert->bind(1, run)
        .bind(2, static_cast<std::int64_t>(i))
        .bind(3, std::string_view(sites[i].name))
        .bind(4, sites[i].pue)
        .bind(5, std::string_view(sites[i].grid))
        .bind(6, *average)
        .bind(7, marginal);
    if (auto ok = insert->run(); !ok) return ok;
  }
  return {};
}

Result<void> insert_components(Connection& connection, std::int64_t run, std::span<const ComponentRecord> components) {
  auto insert = connection.prepare("INSERT INTO component VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  if (!insert) return std::move(insert).error();
  std::int64_t number = 0;
  for (const auto& component : components) {
    insert->bind(1, run)
        .bind(2, number++)
        .bind(3, std::string_view(component.machine))
        .bind(4, std::string_view(component.kind))
        .bind(5, std::string_view(component.model))
        .bind(6, std::int64_t{component.site})
        .bind(7, component.embodied.value.value())
        .bind(8, component.embodied.low.value())
        .bind(9, component.embodied.high.value())
        .bind(10, component.lifetime_operations.value())
        .bind(11, static_cast<std::int64_t>(component.operation_type))
        .bind(12, component.lifetime.value())
        .bind(13, std::int64_t{component.sunk});
    if (auto ok = insert->run(); !ok) return ok;
  }
  return {};
}

Result<void> replace_jobs(Connection& connection, std::int64_t run, std::span<const JobRecord> jobs) {
  auto clear = connection.prepare("DELETE FROM job WHERE run = ?");
  if (!clear) return std::move(clear).error();
  if (auto ok = clear->bind(1, run).run(); !ok) return ok;
  auto insert = connection.prepare("INSERT INTO job VALUES(?, ?, ?, ?, ?, ?, ?, ?)");
  if (!insert) return std::move(insert).error();
  const auto ms = [](const std::optional<Instant>& at) {
    return at ? std::optional<std::int64_t>(at->ms) : std::nullopt;
  };
  std::int64_t number = 0;
  for (const auto& job : jobs) {
    insert->bind(1, run)
        .bind(2, number++)
        .bind(3, std::string_view(job.name))
        .bind(4, std::string_view(job.user))
        .bind(5, std::string_view(job.product))
        .bind(6, job.submitted.ms)
        .bind(7, ms(job.started))
        .bind(8, ms(job.finished));
    if (auto ok = insert->run(); !ok) return ok;
  }
  return {};
}

Result<std::vector<SiteRecord>> read_sites(Connection& connection, std::int64_t run) {
  auto query = connection.prepare("SELECT name, pue, grid, average, marginal FROM site WHERE run = ? ORDER BY number");
  if (!query) return std::move(query).error();
  std::vector<SiteRecord> sites;
  query->bind(1, run);
  for (;;) {
    const auto row = query->next();
    if (!row) return row.error();
    if (!*row) return sites;
    SiteRecord& site = sites.emplace_back();
    site.name = query->text(0);
    site.pue = query->number(1);
    site.grid = query->text(2);
    auto average = read_series(connection, carbon::Signal::average, query->integer(3));
    if (!average) return std::move(average).error();
    site.average = *std::move(average);
    if (query->null(4)) continue;
    auto marginal = read_series(connection, carbon::Signal::marginal, query->integer(4));
    if (!marginal) return std::move(marginal).error();
    site.marginal = *std::move(marginal);
  }
}

Result<std::vector<ComponentRecord>> read_components(Connection& connection, std::int64_t run) {
  auto query = connection.prepare(
      "SELECT machine, kind, model, site, embodied_g, embodied_low_g, embodied_high_g, lifetime_operations, operation, "
      "lifetime_s, sunk FROM component WHERE run = ? ORDER BY number");
  if (!query) return std::move(query).error();
  std::vector<ComponentRecord> components;
  query->bind(1, run);
  for (;;) {
    const auto row = query->next();
    if (!row) return row.error();
    if (!*row) return components;
    const std::int64_t operation = query->integer(8);
    if (operation < 0 || operation > static_cast<std::int64_t>(carbon::OperationType::byte_written))
      return damaged(connection, "unknown operation type " + std::to_string(operation));
    ComponentRecord& component = components.emplace_back();
    component.machine = query->text(0);
    component.kind = query->text(1);
    component.model = query->text(2);
    component.site = static_cast<std::uint32_t>(query->integer(3));
    component.embodied = {carbon::GramsCO2e{query->number(4)}, carbon::GramsCO2e{query->number(5)},
                          carbon::GramsCO2e{query->number(6)}};
    component.lifetime_operations = carbon::Operations{query->number(7)};
    component.operation_type = static_cast<carbon::OperationType>(operation);
    component.lifetime = carbon::Seconds{query->number(9)};
    component.sunk = query->integer(10) != 0;
  }
}

Result<std::vector<JobRecord>> read_jobs(Connection& connection, std::int64_t run) {
  std::vector<JobRecord> jobs;
  auto query = connection.prepare(
      "SELECT name, user, product, submitted_ms, started_ms, finished_ms FROM job WHERE run = ? ORDER BY number");
  if (!query) return std::move(query).error();
  query->bind(1, run);
  const auto instant = [&](int column) {
    return query->null(column) ? std::nullopt : std::optional<Instant>(Instant{query->integer(column)});
  };
  for (;;) {
    const auto row = query->next();
    if (!row) return row.error();
    if (!*row) break;
    jobs.push_back(
        {query->text(0), query->text(1), query->text(2), Instant{query->integer(3)}, instant(4), instant(5)});
  }
  auto named = connection.prepare("SELECT coalesce(max(jobs), 0) FROM batch WHERE run = ?");
  if (!named) return std::move(named).error();
  if (const auto row = named->bind(1, run).next(); !row) return row.error();
  const std::int64_t known = static_cast<std::int64_t>(jobs.size());
  if (named->integer(0) - known > most_nameless_jobs)
    return damaged(connection, "entries name " + std::to_string(named->integer(0)) + " jobs");
  for (std::int64_t number = known; number < named->integer(0); ++number)
    jobs.push_back({"job " + std::to_string(number), {}, {}, {}, {}, {}});
  return jobs;
}

}  // namespace cradle::ledger
