#include "entry_log.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace cradle::observe {

using carbon::Entry;
using carbon::JobIndex;
using carbon::Role;

namespace {

/// A run's period must be told when it begins. Until the run is finished only what its entries cover is accounted.
constexpr std::int64_t horizon_ms = 100 * 365 * ms_per_day;

constexpr const char* others = "(others)";

Entry entry_of(const carbon::Period& period, std::size_t component, Role role, std::int64_t microjoules,
               std::int64_t baseline, carbon::Knowledge knowledge) {
  Entry entry;
  entry.start = period.from;
  entry.end = period.to;
  entry.component = static_cast<carbon::ComponentIndex>(component);
  entry.microjoules = microjoules;
  entry.baseline_microjoules = baseline;
  entry.role = role;
  entry.knowledge = knowledge;
  return entry;
}

}  // namespace

Result<EntryLog> EntryLog::open(const Options& options, const Hardware& hardware, Instant start) {
  EntryLog log(options, hardware);
  log.ticked_to_ = start;
  if (options.path.empty()) return log;
  if (auto ok = log.begin_run(start); !ok) return std::move(ok).error();
  return log;
}

Result<void> EntryLog::begin_run(Instant start) {
  std::error_code ignored;
  const bool exists =
      std::filesystem::exists(options_.path, ignored) && std::filesystem::file_size(options_.path, ignored) > 0;
  auto ledger = exists ? ledger::Ledger::open_write(options_.path) : ledger::Ledger::create(options_.path);
  if (!ledger) return std::move(ledger).error();
  ledger::RunInfo info;
  info.study = "observe";
  info.policy = std::string("idle ") + attribution::to_string(options_.policy);
  info.created_by = "cradle observe";
  info.period = {start, Instant{start.ms + horizon_ms}};
  info.notes = hardware_->notes;
  if (runs_ > 0) info.notes.push_back("continues run " + name_);

  const auto runs = ledger->runs();
  if (!runs) return runs.error();
  const std::string base = hardware_->node_name + " " + to_iso(start);
  std::string name = base;
  for (int n = 2; std::any_of(runs->begin(), runs->end(), [&](const auto& run) { return run.info.name == name; }); ++n)
    name = base + " (" + std::to_string(n) + ")";
  info.name = name;
  auto writer = ledger->begin_run(info, std::span(&hardware_->site, 1), hardware_->parts);
  if (!writer) return std::move(writer).error();
  writer_ = std::move(*writer);
  name_ = name;
  run_from_ = stored_to_ = start;
  ++runs_;
  jobs_changed_ = true;
  return {};
}

JobIndex EntryLog::job_of(const GroupTotals& group, Instant now) {
  // Steps of a job, and groups within a container, are one tenant. Units are told apart by path: two users may have
  // services of the same name.
  const capture::Tenant& tenant = group.tenant;
  const bool by_path = tenant.kind == capture::TenantKind::unit || tenant.kind == capture::TenantKind::session ||
                       tenant.kind == capture::TenantKind::group;
  std::string key = std::string(capture::to_string(tenant.kind)) + " " + (by_path ? group.path : tenant.name);
  if (const auto known = job_by_tenant_.find(key); known != job_by_tenant_.end()) return known->second;
  const bool full = job_by_tenant_.size() >= options_.tenants;
  if (full) key = others;
  const auto [found, fresh] = job_by_tenant_.emplace(key, static_cast<JobIndex>(jobs_.size()));
  if (!fresh) return found->second;
  carbon::JobRecord job;
  job.name = full ? others : tenant.name.empty() ? std::string(capture::to_string(tenant.kind)) : tenant.name;
  job.user = tenant.slurm_user;
  job.submitted = now;
  job.started = now;
  jobs_.push_back(std::move(job));
  jobs_changed_ = true;
  return found->second;
}

bool EntryLog::one_price(const carbon::Period& wall) const {
  const auto same = [&](const carbon::IntensitySeries& series) {
    return series.at(wall.from) == series.at(Instant{std::max(wall.from.ms, wall.to.ms - 1)});
  };
  const carbon::SiteRecord& site = hardware_->site;
  return same(site.average) && (!site.marginal || same(*site.marginal));
}

void EntryLog::add(const Tick& tick, const std::vector<GroupTotals>& groups, const std::vector<std::size_t>& position,
                   Notes& notes) {
  if (options_.path.empty()) return;
  // An entry's power is constant. A window of several ticks is priced as its ticks were only while the price stands.
  const bool steady = one_price(tick.wall);
  const bool follows = window_ && window_->to == tick.wall.from && window_is_steady_ && steady &&
                       knowledge_ == tick.knowledge && one_price({window_->from, tick.wall.to});
  if (window_ && !follows) flush(notes);
  if (!window_) window_ = carbon::Period{tick.wall.from, tick.wall.from};
  window_->to = tick.wall.to;
  window_is_steady_ = steady;
  knowledge_ = tick.knowledge;
  ticked_to_ = tick.wall.to;

  const auto p = static_cast<std::size_t>(options_.policy);
  const TickDivision& division = *tick.division;
  for (std::size_t g = 0; g < division.groups().size(); ++g) {
    const Take& take = division.groups()[g];
    Sums* sums = nullptr;
    for (std::size_t c = 0; c < components; ++c) {
      const std::int64_t dynamic = take.dynamic[c], idle = take.idle[p][c];
      if (dynamic == 0 && idle == 0 && take.occupied[c] == 0) continue;
      if (sums == nullptr) sums = &tenants_[job_of(groups[position[g]], tick.wall.from)];
      (*sums)[c].microjoules += dynamic + idle;
      (*sums)[c].baseline += idle;
      (*sums)[c].operations += take.occupied[c];
    }
  }
  for (std::size_t c = 0; c < components; ++c) {
    idle_[c].microjoules += division.idle().idle[p][c];
    overhead_[c].microjoules += division.overhead()[c];
    unattributed_[c].microjoules += division.unattributed()[c];
  }
  if (window_->to.ms - window_->from.ms >= options_.window_ms) flush(notes);
}

void EntryLog::close_window() {
  if (!window_) return;
  for (auto& [job, sums] : tenants_)
    for (std::size_t c = 0; c < components; ++c) {
      if (sums[c].microjoules == 0 && sums[c].operations == 0) continue;
      Entry entry = entry_of(*window_, c, Role::tenant, sums[c].microjoules, sums[c].baseline, knowledge_[c]);
      entry.job = job;
      entry.operations = sums[c].operations;
      pending_.push_back(entry);
    }
  for (std::size_t c = 0; c < components; ++c) {
    if (idle_[c].microjoules > 0)
      pending_.push_back(entry_of(*window_, c, Role::idle, idle_[c].microjoules, idle_[c].microjoules, knowledge_[c]));
    if (overhead_[c].microjoules > 0)
      pending_.push_back(entry_of(*window_, c, Role::overhead, overhead_[c].microjoules, 0, knowledge_[c]));
    if (unattributed_[c].microjoules > 0)
      pending_.push_back(entry_of(*window_, c, Role::unattributed, unattributed_[c].microjoules, 0, knowledge_[c]));
  }
  tenants_.clear();
  idle_ = overhead_ = unattributed_ = {};
  window_.reset();
  window_is_steady_ = true;
}

void EntryLog::store(Notes& notes) {
  if (pending_.empty()) return;
  const auto try_to = [&]() -> Result<void> {
    const Instant first = std::min_element(pending_.begin(), pending_.end(), [](const Entry& a, const Entry& b) {
                            return a.start < b.start;
                          })->start;
    // A clock that was set back takes entries out of the run's period: they get a run of their own.
    if (writer_ && first < run_from_)
      if (auto ok = finish_run(); !ok) return ok;
    if (!writer_)
      if (auto ok = begin_run(first); !ok) return ok;
    if (jobs_changed_)
      if (auto ok = writer_->set_jobs(jobs_); !ok) return ok;
    for (const Entry& entry : pending_) writer_->write(entry);
    if (auto ok = writer_->commit(); !ok) return ok;
    for (const Entry& entry : pending_) stored_to_ = std::max(stored_to_, entry.end);
    return {};
  };
  if (auto ok = try_to(); !ok) {
    notes.add("ledger: " + ok.error().message + "; entries are kept and offered again");
    writer_.reset();  // it keeps its first error: what is held back goes to a run that continues this one
    jobs_changed_ = true;
    join_oldest(notes);
    return;
  }
  jobs_changed_ = false;
  pending_.clear();
}

Result<void> EntryLog::finish_run() {
  if (writer_ && stored_to_ > run_from_)
    if (auto ok = writer_->finish(stored_to_); !ok) return ok;
  writer_.reset();
  return {};
}

void EntryLog::join_oldest(Notes& notes) {
  if (pending_.size() <= options_.backlog) return;
  // A quarter of the backlog is freed at once, so that this is seldom done.
  const std::size_t count = pending_.size() - options_.backlog + options_.backlog / 4;
  const auto end = pending_.begin() + static_cast<std::ptrdiff_t>(std::min(count, pending_.size()));
  carbon::Period period{pending_.front().start, pending_.front().end};
  std::map<std::tuple<Role, carbon::ComponentIndex, carbon::Knowledge>, Entry> joined;
  for (auto entry = pending_.begin(); entry != end; ++entry) {
    period.from = std::min(period.from, entry->start);
    period.to = std::max(period.to, entry->end);
    const Role role = entry->role == Role::tenant ? Role::unattributed : entry->role;
    Entry& sum = joined
                     .try_emplace({role, entry->component, entry->knowledge},
                                  entry_of({}, entry->component, role, 0, 0, entry->knowledge))
                     .first->second;
    sum.microjoules += entry->microjoules;
    sum.baseline_microjoules += entry->baseline_microjoules;
  }
  notes.add("ledger: entries joined without their tenants because the disk took none",
            static_cast<std::int64_t>(end - pending_.begin()));
  std::vector<Entry> kept;
  for (auto& [key, entry] : joined) {
    entry.start = period.from;
    entry.end = period.to;
    kept.push_back(entry);
  }
  kept.insert(kept.end(), end, pending_.end());
  pending_ = std::move(kept);
}

void EntryLog::flush(Notes& notes) {
  if (options_.path.empty()) return;
  close_window();
  store(notes);
}

Result<void> EntryLog::finish(Notes& notes) {
  flush(notes);
  stored_to_ = std::max(stored_to_, ticked_to_);  // a tick without joules has no entry
  if (pending_.empty()) return finish_run();
  return failure(std::to_string(pending_.size()) + " entries could not be stored", options_.path.string(),
                 "free some space on the disk");
}

}  // namespace cradle::observe
