#include "cradle/study/study.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <numeric>
#include <set>

#include "cradle/base/parallel.h"
#include "cradle/base/text.h"
#include "cradle/carbon/account.h"
#include "cradle/ledger/ledger.h"
#include "cradle/simulate/timed_replay.h"
#include "cradle/study/fleet_plan.h"
#include "strategy_config.h"

namespace cradle::study {

namespace {

using carbon::Accountant;
using carbon::GramsCO2e;
using carbon::Grouping;
using carbon::View;

constexpr const char* created_by = "cradle 0.1.0";
constexpr std::size_t top_job_count = 10;
/// Beyond this, times are taken for a mistake (a calendar where offsets were meant), not for a plan.
constexpr std::int64_t longest_period = 20 * 366 * ms_per_day;

/// Feeds an accountant; remembers the first entry it refused.
struct AccountSink : carbon::EntrySink {
  Accountant& accountant;
  std::optional<Error> error;
  explicit AccountSink(Accountant& target) : accountant(target) {}
  void write(const carbon::Entry& entry) override {
    if (error) return;
    if (auto ok = accountant.add(entry); !ok) error = ok.error();
  }
};

/// What one policy emits and how much work it does.
struct Outcome {
  GramsCO2e total{};
  carbon::Hours useful{};
};

/// One policy on one plan, without keeping entries.
Result<Outcome> outcome_of(const StudyConfig& config, const StudyInput& input, const catalog::Catalog& catalog,
                           const std::string& policy, const Ends& ends, const std::stop_token& stop) {
  auto plan = plan_fleet(config, input.nodes, catalog, ends);
  if (!plan) return plan.error();
  simulate::TimedOptions replay;
  replay.start = config.start;
  replay.horizon_ms = horizon_of(config, input.workload.jobs);
  replay.seed = config.seed;
  replay.stop = stop;
  std::vector<carbon::JobRecord> jobs(input.workload.jobs.size());
  auto accountant = Accountant::make(plan->sites, plan->components, jobs, View::attributional, Grouping::machine,
                                     {config.start, {config.start.ms + replay.horizon_ms}});
  if (!accountant) return accountant.error();
  auto row = row_of(config, policy, *plan, catalog);
  if (!row) return row.error();
  AccountSink sink(*accountant);
  auto result = simulate::replay_timed(plan->nodes, input.workload.jobs, plan->sites, row->configuration, replay, sink);
  if (!result) return result.error();
  if (sink.error) return *sink.error;
  return Outcome{accountant->account().total.total().value, carbon::Hours{result->useful_gpu_hours}};
}

/// What the best policy emits less than the baseline; at equal work, for the baseline's GPU-hours.
GramsCO2e saving_of(const Outcome& baseline, const Outcome& best, bool at_equal_work) {
  const double work = at_equal_work && best.useful.value() > 0 ? baseline.useful / best.useful : 1;
  return baseline.total - best.total * work;
}

report::WaitTimes wait_times(const simulate::Waits& waits) {
  using carbon::Seconds;
  return {Seconds{waits.mean_s}, Seconds{waits.p50_s}, Seconds{waits.p95_s}, Seconds{waits.p99_s},
          Seconds{waits.max_s}};
}

report::ServiceLevel service_level(const simulate::TimedResult& result) {
  using carbon::Seconds;
  const auto able = static_cast<double>(result.finished + result.running + result.suspended + result.waiting);
  return {Seconds{result.delays.mean_s},
          Seconds{result.delays.p95_s},
          result.slowdown_mean,
          result.slowdown_p95,
          able > 0 ? static_cast<double>(result.late) / able : 0,
          static_cast<std::int64_t>(result.running + result.suspended),
          static_cast<std::int64_t>(result.suspensions)};
}

/// The figures of a run, computed from what the ledger holds of it.
Result<report::PolicyResult> account_run(const ledger::RunReader& run) {
  const carbon::Period period = run.summary().accounted();
  const auto accountant = [&](Grouping by) {
    return Accountant::make(run.sites(), run.components(), run.jobs(), View::attributional, by, period);
  };
  auto all = accountant(Grouping::day), gpu = accountant(Grouping::day), memory = accountant(Grouping::day);
  if (!all) return all.error();
  if (!gpu) return gpu.error();
  if (!memory) return memory.error();
  auto read = run.entries([&](std::span<const carbon::Entry> entries) -> Result<void> {
    for (const carbon::Entry& entry : entries) {
      if (auto ok = all->add(entry); !ok) return ok;
      if (entry.role != carbon::Role::tenant) continue;
      const auto part = static_cast<simulate::Part>(entry.component % simulate::parts_per_node);
      Accountant* of_part = part == simulate::Part::gpu ? &*gpu : part == simulate::Part::memory ? &*memory : nullptr;
      if (of_part == nullptr) continue;
      if (auto ok = of_part->add(entry); !ok) return ok;
    }
    return {};
  });
  if (!read) return read.error();

  const carbon::Account days = all->account(), gpu_days = gpu->account(), memory_days = memory->account();
  report::PolicyResult result;
  result.name = run.summary().info.policy;
  result.energy = days.total.facility_energy;
  result.operational = days.total.operational;
  result.embodied = days.total.embodied.value;
  result.idle_operational = days.total.idle_operational;
  result.idle_embodied = days.total.idle_embodied.value;
  result.total = days.total.total();
  const std::int64_t first_day = period.from.ms / ms_per_day;
  for (std::size_t i = 0; i < days.rows.size(); ++i) {
    const auto day = parse_instant(days.rows[i].key);
    if (!day) return day.error();
    const auto index = static_cast<std::size_t>(day->ms / ms_per_day - first_day);
    if (result.over_time.size() <= index) result.over_time.resize(index + 1);
    report::CarbonStep& step = result.over_time[index];
    const carbon::Figures& figures = days.rows[i].figures;
    step.gpu_operational = gpu_days.rows[i].figures.operational;
    step.memory_operational = memory_days.rows[i].figures.operational;
    step.cpu_operational = figures.operational - step.gpu_operational - step.memory_operational;
    step.idle_operational = figures.idle_operational;
    step.embodied = figures.embodied.value;
    step.idle_embodied = figures.idle_embodied.value;
  }
  return result;
}

Result<std::vector<report::TopJob>> top_jobs(const ledger::RunReader& run) {
  auto accountant = Accountant::make(run.sites(), run.components(), run.jobs(), View::attributional, Grouping::job,
                                     run.summary().accounted());
  if (!accountant) return accountant.error();
  std::vector<std::uint32_t> site(run.jobs().size());
  std::vector<double> gpu_seconds(run.jobs().size());
  auto read = run.entries([&](std::span<const carbon::Entry> entries) -> Result<void> {
    for (const carbon::Entry& entry : entries) {
      if (auto ok = accountant->add(entry); !ok) return ok;
      if (entry.role != carbon::Role::tenant) continue;
      site[entry.job] = run.components()[entry.component].site;
      if (entry.operation_type == carbon::OperationType::device_second) gpu_seconds[entry.job] += entry.operations;
    }
    return {};
  });
  if (!read) return read.error();
  const carbon::Account jobs = accountant->account();
  std::vector<std::size_t> order(jobs.rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto asc = [&](std::size_t i) {
    return (jobs.rows[i].figures.operational + jobs.rows[i].figures.embodied.value).value();
  };
  const std::size_t count = std::min(top_job_count, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
                    [&](std::size_t a, std::size_t b) { return asc(a) != asc(b) ? asc(a) > asc(b) : a < b; });
  std::vector<report::TopJob> top;
  for (std::size_t rank = 0; rank < count; ++rank) {
    const std::size_t job = order[rank];
    top.push_back({run.jobs()[job].name, run.jobs()[job].user, run.sites()[site[job]].name,
                   carbon::Hours{carbon::Seconds{gpu_seconds[job]}}, jobs.rows[job].figures.operational,
                   jobs.rows[job].figures.embodied.value});
  }
  return top;
}

/// The policies to compare in the answer: the lowest grams for the work done, and what it is held against. Jobs that
/// wait or are cut off emit nothing, so that bare totals would favour the policy that runs least.
report::Answer pick_answer(const StudyConfig& config, const std::vector<report::PolicyResult>& policies) {
  report::Answer answer;
  const bool gpu_work = std::all_of(policies.begin(), policies.end(),
                                    [](const auto& policy) { return policy.useful_gpu_time.value() > 0; });
  const auto grams = [&](std::size_t i) {
    return policies[i].total.value.value() / (gpu_work ? policies[i].useful_gpu_time.value() : 1);
  };
  for (std::size_t i = 1; i < policies.size(); ++i)
    if (grams(i) < grams(answer.best)) answer.best = i;
  answer.baseline = 0;
  for (std::size_t i = 0; i < policies.size(); ++i)
    if (policies[i].name == config.baseline) answer.baseline = i;
  if (answer.baseline == answer.best) {
    // The named one is the best: the strictest comparison left is with the runner-up.
    for (std::size_t i = 0; i < policies.size(); ++i)
      if (i != answer.best && (answer.baseline == answer.best || grams(i) < grams(answer.baseline)))
        answer.baseline = i;
  }
  const report::PolicyResult &best = policies[answer.best], &baseline = policies[answer.baseline];
  constexpr double same_work = 1e-9;
  answer.at_equal_work = gpu_work && std::abs(best.useful_gpu_time / baseline.useful_gpu_time - 1) > same_work;
  answer.saving =
      carbon::Estimate<GramsCO2e>::exact(saving_of({baseline.total.value, baseline.useful_gpu_time},
                                                   {best.total.value, best.useful_gpu_time}, answer.at_equal_work));
  return answer;
}

/// Moves every group of coefficients through its range, and the seed to others, and replays.
class Uncertainty {
 public:
  Uncertainty(const StudyConfig& config, const StudyInput& input, const catalog::Catalog& catalog,
              const StudyOptions& options, report::StudyReport& report)
      : config_(config), input_(input), catalog_(catalog), options_(options), report_(report) {}

  Result<void> run() {
    for (std::size_t p = 0; p < report_.policies.size(); ++p)
      for (const End end : {End::low, End::high}) tasks_.push_back({p, all_at(end), 0});
    const std::size_t first_pair = tasks_.size();
    const auto add_pair = [&](const Ends& ends, std::uint64_t seed_step) {
      tasks_.push_back({report_.answer.best, ends, seed_step});
      tasks_.push_back({report_.answer.baseline, ends, seed_step});
    };
    for (const Group group : all_groups)
      for (const End end : {End::low, End::high}) add_pair(only(group, end), 0);
    for (int draw = 1; draw <= draws; ++draw) add_pair(all_at(End::value), static_cast<std::uint64_t>(draw));

    std::mutex reporting;
    std::uint64_t done = 0;
    parallel_for(tasks_.size(), options_.threads, [&](std::size_t i) {
      if (options_.stop.stop_requested()) return;
      Task& task = tasks_[i];
      auto outcome = replay(task);
      const std::lock_guard lock(reporting);
      if (outcome) {
        task.outcome = *outcome;
      } else {
        task.error = outcome.error();
      }
      if (options_.progress) options_.progress("uncertainty", ++done, tasks_.size());
    });
    if (options_.stop.stop_requested()) {
      report_.notes.push_back(
          "stopped before the uncertainty replays were done: the ranges hold the embodied "
          "coefficients alone");
      return {};
    }
    for (const Task& task : tasks_)
      if (task.error) return *task.error;

    for (std::size_t p = 0; p < report_.policies.size(); ++p) {
      auto& total = report_.policies[p].total;
      total.low = std::min(total.value, tasks_[2 * p].outcome.total);
      total.high = std::max(total.value, tasks_[2 * p + 1].outcome.total);
    }
    compare(first_pair);
    return {};
  }

 private:
  static constexpr int draws = 4;

  struct Task {
    std::size_t policy;
    Ends ends;
    std::uint64_t seed_step;  ///< added to the study's seed
    Outcome outcome{};
    std::optional<Error> error{};
  };

  Result<Outcome> replay(const Task& task) const {
    const std::string& policy = report_.policies[task.policy].name;
    if (task.seed_step == 0) return outcome_of(config_, input_, catalog_, policy, task.ends, options_.stop);
    StudyConfig drawn = config_;
    drawn.seed += task.seed_step;
    if (!options_.redraw) return outcome_of(drawn, input_, catalog_, policy, task.ends, options_.stop);
    const auto input = options_.redraw(drawn.seed);
    if (!input) return input.error();
    return outcome_of(drawn, *input, catalog_, policy, task.ends, options_.stop);
  }

  /// Pairs of (best, baseline) from `first` on: low and high of every group, then the draws.
  void compare(std::size_t first) {
    report::Answer& answer = report_.answer;
    const auto deviation = [&](std::size_t best, std::size_t baseline) {
      return (saving_of(tasks_[baseline].outcome, tasks_[best].outcome, answer.at_equal_work) - answer.saving.value)
          .value();
    };
    // Independent sources: root of the sum of squares to either side.
    double below = 0, above = 0;
    const auto combine = [&](std::span<const double> deviations) {
      const double down = std::min(0.0, *std::min_element(deviations.begin(), deviations.end()));
      const double up = std::max(0.0, *std::max_element(deviations.begin(), deviations.end()));
      below += down * down;
      above += up * up;
    };
    for (std::size_t g = 0; g < all_groups.size(); ++g) {
      const std::size_t low = first + 4 * g, high = low + 2;
      combine(std::array{deviation(low, low + 1), deviation(high, high + 1)});
      const GroupRange range = describe(all_groups[g], config_, input_.nodes, catalog_);
      report_.sensitivity.push_back({std::string(name(all_groups[g])), range.range, tasks_[low].outcome.total,
                                     tasks_[high].outcome.total, range.source});
    }
    std::vector<double> drawn;
    GramsCO2e least = report_.policies[answer.best].total.value, most = least;
    for (std::size_t best = first + 4 * all_groups.size(); best < tasks_.size(); best += 2) {
      drawn.push_back(deviation(best, best + 1));
      least = std::min(least, tasks_[best].outcome.total);
      most = std::max(most, tasks_[best].outcome.total);
    }
    combine(drawn);
    report_.sensitivity.push_back(
        {"draw of jobs and node order", std::to_string(draws) + " other seeds", least, most,
         "replays with seeds " + std::to_string(config_.seed + 1) + ".." + std::to_string(config_.seed + draws)});
    // All coefficients at one end at once are no independent moves: the range holds those corners too.
    for (const std::size_t end : {std::size_t{0}, std::size_t{1}}) {
      const double corner = deviation(2 * answer.best + end, 2 * answer.baseline + end);
      below = std::max(below, corner < 0 ? corner * corner : 0);
      above = std::max(above, corner > 0 ? corner * corner : 0);
    }
    answer.saving.low = answer.saving.value - GramsCO2e{std::sqrt(below)};
    answer.saving.high = answer.saving.value + GramsCO2e{std::sqrt(above)};
    answer.replayed = true;
    answer.draws = draws;
    const auto width = [](const report::Sensitivity& s) {
      return std::abs((s.total_at_high - s.total_at_low).value());
    };
    std::stable_sort(report_.sensitivity.begin(), report_.sensitivity.end(),
                     [&](const auto& a, const auto& b) { return width(a) > width(b); });
  }

  const StudyConfig& config_;
  const StudyInput& input_;
  const catalog::Catalog& catalog_;
  const StudyOptions& options_;
  report::StudyReport& report_;
  std::vector<Task> tasks_;
};

void describe_inputs(const StudyConfig& config, const StudyInput& input, const catalog::Catalog& catalog,
                     const FleetPlan& plan, const std::vector<Row>& rows, report::StudyReport& report) {
  for (std::size_t s = 0; s < plan.sites.size(); ++s) {
    const carbon::SiteRecord& site = plan.sites[s];
    report::SiteSummary summary{
        site.name, site.grid, site.pue, carbon::GramsPerKilowattHour{site.average.mean(report.from, report.to)}, 0, 0};
    for (const fleet::NodeSpec& node : plan.nodes) {
      if (node.site != s) continue;
      ++summary.nodes;
      summary.gpus += node.gpu_count;
    }
    report.sites.push_back(std::move(summary));
  }
  report.data = input.sources;
  std::set<std::string> seen;
  for (const SiteConfig& site : config.sites) {
    const catalog::Grid* grid = catalog.grid(site.grid);
    if (grid == nullptr || !seen.insert(site.grid).second) continue;
    const carbon::Provenance& from =
        grid->average_profile ? grid->average_profile->provenance : grid->average.provenance;
    report.data.push_back({"grid " + grid->name, from.source, from.licence, report::DataKind::published});
  }
  report.data.push_back({"draw and embodied carbon of hardware",
                         "the embedded catalogue; `cradle catalog show ID` prints every source",
                         "facts, each with its source", report::DataKind::published});
  report.data.push_back({"joules of jobs and machines", "computed from reservations and the catalogue's power curves",
                         "no licence needed", report::DataKind::simulated});
  report.notes.insert(report.notes.end(), input.workload.notes.begin(), input.workload.notes.end());
  report.notes.insert(report.notes.end(), plan.notes.begin(), plan.notes.end());
  if (config.fleet.scale < 1)
    report.notes.push_back("the fleet is " + std::to_string(plan.nodes.size()) + " of " +
                           std::to_string(input.nodes.size()) + " machines, the shapes in proportion (scale " +
                           shortest(config.fleet.scale) + ")");
  if (config.shows_service) report.notes.push_back(service_note(config.service));
  for (const dispatch::Configuration& strategy : config.strategies) report.notes.push_back(strategy_note(strategy));
  for (const Row& row : rows)
    for (const std::string& note : row.notes)
      if (std::find(report.notes.begin(), report.notes.end(), note) == report.notes.end()) report.notes.push_back(note);
  const bool marginal = std::any_of(
      config.strategies.begin(), config.strategies.end(),
      [](const dispatch::Configuration& strategy) { return strategy.decide_by == dispatch::DecideBy::marginal; });
  const bool unknown =
      std::any_of(plan.sites.begin(), plan.sites.end(), [](const carbon::SiteRecord& site) { return !site.marginal; });
  if (marginal && unknown)
    report.notes.push_back(
        "not every grid has a marginal series: there, decisions that ask for it use the average intensity");
}

}  // namespace

Result<StudyOutcome> run_study(const StudyConfig& config, const StudyInput& input, const catalog::Catalog& catalog,
                               const StudyOptions& options) {
  auto plan = plan_fleet(config, input.nodes, catalog, all_at(End::value));
  if (!plan) return plan.error();
  StudyOutcome outcome;
  report::StudyReport& report = outcome.report;
  report.title = config.title;
  report.study_file = config.file;
  report.created_by = created_by;
  report.command = options.command;
  report.from = config.start;
  const std::int64_t horizon = horizon_of(config, input.workload.jobs);
  report.to = {config.start.ms + horizon};

  simulate::TimedOptions period;
  period.start = config.start;
  period.horizon_ms = horizon;
  if (horizon > longest_period)
    return bad_input("the jobs span " + std::to_string(horizon / ms_per_day) + " days, at most " +
                         std::to_string(longest_period / ms_per_day) + " are accounted",
                     config.file + ": workload", "check the times of the jobs: seconds from the start of the trace");
  if (auto ok = simulate::check_timed(plan->nodes, input.workload.jobs, plan->sites, period); !ok) return ok.error();
  std::vector<Row> rows;
  for (const std::string& name : row_names(config)) {
    auto row = row_of(config, name, *plan, catalog);
    if (!row) return row.error();
    if (auto ok = dispatch::check(row->configuration); !ok) return ok.error();
    rows.push_back(std::move(*row));
  }
  describe_inputs(config, input, catalog, *plan, rows, report);

  auto ledger = ledger::Ledger::create(options.ledger);
  if (!ledger) return ledger.error();
  std::vector<carbon::JobRecord> planned;
  for (const workload::Job& job : input.workload.jobs)
    planned.push_back(
        {job.name, job.user, job.product, {config.start.ms + job.arrival_ms}, std::nullopt, std::nullopt});
  dispatch::DecisionLog decisions;
  for (const Row& row : rows) {
    const std::string& name = row.configuration.name;
    ledger::RunInfo info;
    info.name = info.policy = name;
    info.study = config.name;
    info.seed = config.seed;
    info.created_by = created_by;
    info.period = {report.from, report.to};
    info.notes = report.notes;
    auto writer = ledger->begin_run(info, plan->sites, plan->components);
    if (!writer) return writer.error();
    // The names are there from the start, so that a run that never ends can be accounted by them.
    if (auto ok = writer->set_jobs(planned); !ok) return ok.error();
    outcome.runs.push_back(name);

    simulate::TimedOptions replay;
    replay.start = config.start;
    replay.horizon_ms = horizon;
    replay.seed = config.seed;
    replay.stop = options.stop;
    replay.service = config.service;
    if (options.log_decisions) replay.decisions = &decisions;
    if (options.progress)
      replay.progress = [&](std::int64_t done, std::int64_t total) {
        options.progress(name, static_cast<std::uint64_t>(done), static_cast<std::uint64_t>(total));
      };
    auto result =
        simulate::replay_timed(plan->nodes, input.workload.jobs, plan->sites, row.configuration, replay, *writer);
    if (!result) return result.error();
    if (auto ok = writer->set_jobs(result->jobs); !ok) return ok.error();
    if (result->stopped) {
      outcome.stopped = true;
      if (auto ok = writer->commit(); !ok) return ok.error();
      break;
    }
    if (auto ok = writer->finish(); !ok) return ok.error();

    auto run = ledger->read_run(name);
    if (!run) return run.error();
    auto policy = account_run(*run);
    if (!policy) return policy.error();
    policy->allocation = result->gpu_allocation_percent / 100;
    policy->useful_gpu_time = carbon::Hours{result->useful_gpu_hours};
    policy->wait = wait_times(result->waits);
    policy->jobs_finished = static_cast<std::int64_t>(result->finished);
    policy->jobs_never_placed = static_cast<std::int64_t>(result->waiting + result->impossible);
    if (config.shows_service) policy->service = service_level(*result);
    if (result->impossible > 0 && report.policies.empty())
      report.notes.push_back(std::to_string(result->impossible) + " jobs fit on no machine of this fleet, even empty");
    if (result->running > 0)
      report.notes.push_back(name + ": " + std::to_string(result->running) +
                             " jobs still ran at the end of the period and count up to there");
    if (result->suspended > 0)
      report.notes.push_back(name + ": " + std::to_string(result->suspended) +
                             " jobs were paused at the end of the period and count up to there");
    report.policies.push_back(std::move(*policy));
  }
  outcome.decisions = decisions.text();
  if (report.policies.empty()) return outcome;

  report.answer = pick_answer(config, report.policies);
  auto best = ledger->read_run(report.policies[report.answer.best].name);
  if (!best) return best.error();
  auto top = top_jobs(*best);
  if (!top) return top.error();
  report.top_jobs = std::move(*top);
  if (config.sensitivity && !outcome.stopped) {
    if (auto ok = Uncertainty(config, input, catalog, options, report).run(); !ok) return ok.error();
  } else {
    report.notes.push_back("without sensitivity replays the ranges hold the embodied coefficients alone");
  }
  if (auto ok = report::check(report); !ok) return ok.error();
  return outcome;
}

}  // namespace cradle::study
