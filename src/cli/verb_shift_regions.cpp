// cradle shift regions: a site and a start for each job, beside what fewer knobs reach.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <optional>

#include "cradle/base/file.h"
#include "cradle/base/text.h"
#include "cradle/report/format.h"
#include "cradle/report/progress.h"
#include "cradle/shifting/region_dispatch.h"
#include "cradle/shifting/region_input.h"
#include "cradle/shifting/region_planner.h"
#include "design_output.h"
#include "interrupt.h"
#include "shift_regions_options.h"
#include "verb_shift.h"

namespace cradle::cli {

using report::Align, report::Cell;
using shifting::Hour, shifting::RegionJob, shifting::RegionProblem, shifting::RegionSchedule;

namespace {

constexpr int interrupted_status = 130;  // what shells call a program ended by SIGINT
constexpr int failed_status = 1;
constexpr std::size_t few_named = 10;

Result<std::vector<double>> numbers(const std::vector<std::string>& texts, const char* option, double low, double high,
                                    std::size_t count) {
  std::vector<double> values;
  for (const std::string& text : texts) {
    const auto number = parse_number(text);
    if (!number || *number < low || *number > high)
      return bad_input("'" + text + "' is no number from " + shortest(low) + " to " + shortest(high), option,
                       "write one for each region, with commas; the last counts for the others");
    values.push_back(*number);
  }
  if (values.empty() || values.size() > count)
    return bad_input(std::to_string(values.size()) + " numbers for " + std::to_string(count) + " regions", option,
                     "write one for each region, with commas; the last counts for the others");
  values.resize(count, values.back());
  return values;
}

/// A file if it looks like one, else a grid of the catalogue. Errors name `place`, where the grid was asked for.
Result<std::vector<carbon::GramsPerKilowattHour>> intensity_of(const std::string& grid, const std::string& place,
                                                               const ShiftRegionsOptions& options,
                                                               const Common& common) {
  ShiftVerbOptions source;
  source.start_hour = options.start_hour;
  const bool file = grid.ends_with(".csv") || grid.find('/') != std::string::npos;
  if (file)
    source.intensity = grid;
  else
    source.grid = grid;
  auto found = hourly_intensity(source, common, static_cast<std::size_t>(options.hours));
  if (!found) {
    Error error = std::move(found).error();
    error.where = error.where == "--grid" ? place : place + ", " + error.where;
    return error;
  }
  if (found->hours.size() < static_cast<std::size_t>(options.hours))
    return missing_data("has " + std::to_string(found->hours.size()) + " hours of intensity from hour " +
                            std::to_string(options.start_hour) + ", " + std::to_string(options.hours) + " are planned",
                        place + ", " + grid, "take fewer --hours, or an earlier --start-hour");
  return std::move(found->hours);
}

Result<std::vector<carbon::Seconds>> latency_of(const ShiftRegionsOptions& options,
                                                const std::vector<std::string>& zones) {
  if (options.latency.empty()) return std::vector<carbon::Seconds>{};
  const auto text = read_file(options.latency);
  if (!text) return text.error();
  return shifting::read_latency_matrix(*text, options.latency.string(), zones);
}

Result<RegionProblem> made_up(const ShiftRegionsOptions& options, const Common& common, std::uint64_t seed) {
  const std::size_t count = options.regions.size();
  const auto pue = numbers(options.pue, "--pue", 1, 1e3, count);
  if (!pue) return pue.error();
  const auto embodied = numbers(options.embodied, "--embodied", 0, 1e12, count);
  if (!embodied) return embodied.error();
  const auto factor = numbers(options.draw_factor, "--draw-factor", 1e-6, 1e3, count);
  if (!factor) return factor.error();
  std::vector<shifting::RegionSite> sites;
  std::vector<std::string> zones;
  for (std::size_t s = 0; s < count; ++s) {
    const auto words = split(options.regions[s], '=');
    if (words.empty() || words.size() > 2 || words[0].empty())
      return bad_input("'" + options.regions[s] + "' is no region", "--regions", "write GRID or GRID=ZONE");
    shifting::RegionSite site;
    site.name = words[0];
    zones.emplace_back(words.back());
    auto intensity = intensity_of(site.name, "--regions", options, common);
    if (!intensity) return std::move(intensity).error();
    site.intensity = std::move(*intensity);
    site.pue = (*pue)[s];
    site.draw_factor = (*factor)[s];
    site.embodied_per_unit_hour = carbon::GramsCO2e{(*embodied)[s]};
    sites.push_back(std::move(site));
  }
  auto latency = latency_of(options, zones);
  if (!latency) return std::move(latency).error();
  shifting::RegionGenerator generator;
  generator.jobs = options.generate;
  generator.seed = seed;
  generator.load = options.load;
  generator.slack = static_cast<Hour>(options.slack);
  generator.longest = static_cast<Hour>(options.longest);
  generator.largest_demand = options.largest_demand;
  generator.draw_per_unit = carbon::Watts{options.watts};
  return shifting::generate_regions(std::move(sites), std::move(*latency), generator);
}

/// A bound without latencies would hold nowhere: the plan would be one for another problem.
Result<void> check_bounds(const std::vector<RegionJob>& jobs, const ShiftRegionsOptions& options) {
  if (!options.latency.empty()) return {};
  for (const RegionJob& job : jobs)
    if (job.latency_bound < RegionJob{}.latency_bound)
      return missing_data("job '" + job.name + "' has a latency bound of " +
                              shortest(1000 * job.latency_bound.value()) + " ms, but no latencies are given",
                          options.jobs.string(), "give --latency FILE, or leave latency_ms empty");
  return {};
}

Result<void> check_sources(const ShiftRegionsOptions& options) {
  if (options.generate == 0) {
    if (options.making.empty()) return {};
    return bad_input("it says how sites and jobs are made up: with files it would not be looked at",
                     options.making.front(), "put it in the files' columns, or make jobs up with --generate N");
  }
  struct Source {
    const std::filesystem::path& file;
    const char* option;
  };
  for (const Source& source :
       {Source{options.jobs, "--jobs"}, Source{options.sites, "--sites"}, Source{options.capacities, "--capacities"}})
    if (!source.file.empty())
      return bad_input("--generate makes jobs and sites up: this file would not be read", source.option,
                       "leave it out, or leave --generate out");
  return {};
}

Result<RegionProblem> from_files(const ShiftRegionsOptions& options, const Common& common) {
  if (options.jobs.empty() || options.sites.empty())
    return bad_input("no jobs are named", "--jobs", "give --jobs FILE and --sites FILE, or --generate N");
  const auto site_text = read_file(options.sites);
  if (!site_text) return site_text.error();
  const auto rows = shifting::read_region_sites(*site_text, options.sites.string());
  if (!rows) return rows.error();
  std::vector<shifting::RegionSite> sites;
  std::vector<std::string> names, zones;
  for (const shifting::SiteRow& row : *rows) {
    shifting::RegionSite site;
    site.name = row.name;
    const std::string place = options.sites.string() + ":" + std::to_string(row.line) + ": grid";
    auto intensity = intensity_of(row.grid, place, options, common);
    if (!intensity) return std::move(intensity).error();
    site.intensity = std::move(*intensity);
    site.capacity.assign(static_cast<std::size_t>(options.hours), row.capacity);
    site.pue = row.pue;
    site.draw_factor = row.draw_factor;
    site.embodied_per_unit_hour = row.embodied_per_unit_hour;
    names.push_back(row.name);
    zones.push_back(row.zone);
    sites.push_back(std::move(site));
  }
  if (!options.capacities.empty()) {
    const auto text = read_file(options.capacities);
    if (!text) return text.error();
    if (auto fine = shifting::read_capacity_changes(*text, options.capacities.string(), sites); !fine)
      return fine.error();
  }
  const auto job_text = read_file(options.jobs);
  if (!job_text) return job_text.error();
  auto jobs = shifting::read_region_jobs(*job_text, options.jobs.string(), names);
  if (!jobs) return std::move(jobs).error();
  if (auto fine = check_bounds(*jobs, options); !fine) return fine.error();
  auto latency = latency_of(options, zones);
  if (!latency) return std::move(latency).error();
  return RegionProblem::make(std::move(sites), std::move(*jobs), std::move(*latency));
}

/// Jobs are told of in the hour of their release; every hour what has not started is planned anew.
Result<RegionSchedule> online(const RegionProblem& problem, const std::optional<RegionProblem>& likely,
                              const ShiftRegionsOptions& options, const Common& common) {
  std::vector<carbon::Seconds> latency;
  for (std::int32_t a = 0; a < problem.site_count(); ++a)
    for (std::int32_t b = 0; b < problem.site_count(); ++b) latency.push_back(problem.latency(a, b));
  shifting::RegionPlanner::Options planner_options;
  planner_options.seed = options.seed;
  planner_options.threads = common.threads;
  auto planner = shifting::RegionPlanner::make({problem.sites().begin(), problem.sites().end()}, std::move(latency),
                                               planner_options);
  if (!planner) return std::move(planner).error();
  std::vector<std::vector<std::size_t>> arrivals(static_cast<std::size_t>(problem.hours()));
  for (std::size_t j = 0; j < problem.job_count(); ++j)
    arrivals[static_cast<std::size_t>(problem.jobs()[j].release)].push_back(j);
  for (Hour now = 0; now < problem.hours() && !InterruptGuard::interrupted(); ++now) {
    for (const std::size_t j : arrivals[static_cast<std::size_t>(now)])
      if (const auto placed = planner->decide(j, problem.jobs()[j], now); !placed) return placed.error();
    std::vector<RegionJob> expected;
    if (likely)
      for (const RegionJob& job : likely->jobs())
        if (job.release > now) expected.push_back(job);
    if (const auto moved = planner->replan(now + 1, expected); !moved) return moved.error();
  }
  RegionSchedule schedule;
  for (std::size_t j = 0; j < problem.job_count(); ++j)
    schedule.push_back(planner->placement(j).value_or(shifting::Placement{}));
  return schedule;
}

struct Plan {
  std::string name;
  RegionSchedule schedule;
};

std::size_t unserved(const RegionSchedule& schedule) {
  std::size_t count = 0;
  for (const auto& one : schedule) count += one.served() ? 0 : 1;
  return count;
}

report::Table plan_table(const RegionProblem& problem, const std::vector<Plan>& plans, carbon::GramsCO2e bound) {
  report::Table table;
  table.column("plan", "plan")
      .column("operational_kg", "operational", Align::right, 3, "kgCO2e")
      .column("embodied_kg", "embodied", Align::right, 3, "kgCO2e")
      .column("total_kg", "total", Align::right, 3, "kgCO2e")
      .column("saved_percent", "saved", Align::right, 2, "%")
      .column("above_bound_percent", "above bound", Align::right, 2, "%")
      .column("away", "away", Align::right)
      .column("mean_wait_hours", "mean wait", Align::right, 2, "h")
      .column("unserved", "unserved", Align::right);
  const auto kg = [](carbon::GramsCO2e grams) { return carbon::KilogramsCO2e{grams}.value(); };
  for (const Plan& plan : plans) {
    const shifting::RegionGrams grams = problem.grams(plan.schedule);
    const auto lacking = static_cast<std::int64_t>(unserved(plan.schedule));
    std::int64_t away = 0;
    double waited = 0;
    for (std::size_t j = 0; j < problem.job_count(); ++j) {
      if (!plan.schedule[j].served()) continue;
      away += plan.schedule[j].site != problem.jobs()[j].home;
      waited += plan.schedule[j].start - problem.jobs()[j].release;
    }
    // Over the jobs that both serve: who leaves jobs out does not save by it.
    RegionSchedule own = plan.schedule, first = plans.front().schedule;
    for (std::size_t j = 0; j < problem.job_count(); ++j)
      if (!own[j].served() || !first[j].served()) own[j] = first[j] = {};
    const carbon::GramsCO2e now = problem.grams(first).total(), then = problem.grams(own).total();
    table.row({plan.name, kg(grams.operational), kg(grams.embodied), kg(grams.total()),
               now.value() > 0 ? Cell(100 * (1 - then / now)) : Cell(),
               lacking == 0 && bound.value() > 0 ? Cell(100 * (grams.total() / bound - 1)) : Cell(), away,
               waited / static_cast<double>(problem.job_count()), lacking});
  }
  return table;
}

std::string csv_of(const RegionProblem& problem, const RegionSchedule& schedule) {
  report::Table table;
  table.column("name", "name").column("site", "site").column("start", "start", Align::right);
  for (std::size_t j = 0; j < problem.job_count(); ++j) {
    const auto& placement = schedule[j];
    if (placement.served())
      table.row({problem.jobs()[j].name, problem.sites()[static_cast<std::size_t>(placement.site)].name,
                 std::int64_t{placement.start}});
    else
      table.row({problem.jobs()[j].name, Cell(), Cell()});
  }
  return table.to_csv();
}

std::string command_of(const ShiftRegionsOptions& options) {
  std::string text = "cradle shift regions";
  if (options.generate > 0)
    text += " --generate " + std::to_string(options.generate) + " --load " + shortest(options.load);
  else
    text += " --jobs " + options.jobs.string() + " --sites " + options.sites.string();
  return text + " --hours " + std::to_string(options.hours) + " --seed " + std::to_string(options.seed);
}

std::string names_of(const RegionProblem& problem, const std::vector<std::size_t>& jobs, std::size_t most) {
  std::string text;
  for (std::size_t i = 0; i < std::min(most, jobs.size()); ++i)
    text += (i > 0 ? ", " : "") + problem.jobs()[jobs[i]].name;
  return jobs.size() > most ? text + " and " + std::to_string(jobs.size() - most) + " more" : text;
}

/// The plan of all jobs that emits least, if that is less than the joint one does or some have no place there. Plans
/// that leave different jobs out are not compared.
const Plan* best_beside(const RegionProblem& problem, const shifting::Dispatch& joint, const std::vector<Plan>& plans) {
  const Plan* best = nullptr;
  double least =
      joint.unserved.empty() ? joint.grams.total().value() * (1 - 1e-9) : std::numeric_limits<double>::infinity();
  for (const Plan& plan : plans) {
    const double grams = problem.grams(plan.schedule).total().value();
    if (unserved(plan.schedule) > 0 || grams >= least) continue;
    best = &plan;
    least = grams;
  }
  return best;
}

/// What is said where made-up jobs do not fill the sites as asked: a site has room for the largest job.
std::string load_note(const RegionProblem& problem, double asked) {
  constexpr double near_enough = 0.1;
  const double load = problem.demanded_unit_hours() / problem.offered_unit_hours();
  if (std::abs(load / asked - 1) <= near_enough) return {};
  shifting::Units largest = 0;
  for (const RegionJob& job : problem.jobs()) largest = std::max(largest, job.demand);
  return "the load is " + report::percent_text(load) + ", " + report::percent_text(asked) +
         " was asked for: sites have whole units, and room for the largest job of " + std::to_string(largest) +
         "; more jobs, fewer --hours or a smaller --largest-demand come nearer";
}

}  // namespace

int run_shift_regions(const ShiftRegionsOptions& options, const Common& common) {
  DesignOptions page_options;
  page_options.report = options.report;
  if (auto fine = check_report(page_options); !fine) return fail(fine.error());
  if (options.hours < 1) return fail(bad_input("no hour to plan", "--hours", "take 1 or more"));
  if (auto fine = check_sources(options); !fine) return fail(fine.error());
  std::optional<InterruptGuard> guard(std::in_place);
  const auto problem = options.generate > 0 ? made_up(options, common, options.seed) : from_files(options, common);
  if (!problem) return fail(problem.error());

  constexpr int plans_made = 4;
  constexpr double steps = 1000;
  std::optional<report::Progress> progress(std::in_place, "regions", static_cast<std::uint64_t>(plans_made * steps),
                                           common.progress && !common.quiet);
  using Clock = std::chrono::steady_clock;
  const auto planned = [&](const shifting::RegionObjective& objective, bool whole,
                           std::vector<shifting::RegionSchedule> known = {}) {
    shifting::DispatchOptions plan;
    plan.objective = objective;
    plan.known = std::move(known);
    plan.seed = options.seed;
    plan.threads = common.threads;
    if (!whole) {
      // What the joint plan is compared with: less effort, so that the answer does not wait for it.
      const auto jobs = static_cast<std::int64_t>(problem->job_count());
      constexpr std::int64_t few = 100'000;
      plan.search_rounds = std::min(jobs * 100, std::max(few, jobs * 2));
      plan.bound_iterations = jobs * 100 > few * 10 ? 60 : 300;
    }
    const auto start = Clock::now();
    plan.interrupted = [&options, start] {
      const std::chrono::duration<double> taken = Clock::now() - start;
      return InterruptGuard::interrupted() || (options.time_limit > 0 && taken.count() > options.time_limit);
    };
    double told = 0;
    plan.progress = [&progress, told](double done) mutable {
      if (done <= told) return;
      progress->advance(static_cast<std::uint64_t>(done * steps) - static_cast<std::uint64_t>(told * steps));
      told = done;
    };
    return shifting::dispatch(*problem, plan);
  };

  auto joint = planned({}, true);
  if (!joint) {
    progress.reset();
    return fail(joint.error());
  }
  std::vector<Plan> plans{{"now at home", shifting::run_now_at_home(*problem)}};
  const auto add = [&](const char* name, const shifting::RegionObjective& objective) {
    if (InterruptGuard::interrupted()) return;
    if (auto found = planned(objective, false)) plans.push_back({name, std::move(found->schedule)});
  };
  add("time only", {true, false, true});
  add("region only", {true, true, false});
  add("both, operational", {false, true, true});
  std::optional<Error> failed;
  if (options.online && !InterruptGuard::interrupted()) {
    std::optional<RegionProblem> likely;
    if (options.generate > 0)
      if (auto other = made_up(options, common, options.seed + 1)) likely = std::move(*other);
    auto schedule = online(*problem, likely, options, common);
    if (schedule)
      plans.push_back({"both, as jobs arrive", std::move(*schedule)});
    else
      failed = schedule.error();
  }
  // Of few jobs another plan may happen to emit less by the whole life cycle: then it is where the search goes on.
  if (const Plan* better = best_beside(*problem, *joint, plans); better && !InterruptGuard::interrupted())
    if (auto again = planned({}, true, {joint->schedule, better->schedule})) joint = std::move(again);
  plans.push_back({"both, life cycle", joint->schedule});
  progress.reset();
  const bool stopped = InterruptGuard::interrupted();
  guard.reset();
  if (failed) return fail(*failed);
  if (auto fine = problem->check(joint->schedule); !fine) return fail(fine.error());
  if (!options.schedule.empty())
    if (auto written = write_file(options.schedule, csv_of(*problem, joint->schedule)); !written)
      return fail(written.error());

  DesignAnswer answer;
  report::DesignReport& page = answer.page;
  page.title = "Jobs moved in time and between regions";
  page.question = "Where and when should " + std::to_string(problem->job_count()) + " jobs run on " +
                  std::to_string(problem->site_count()) + " sites within " + std::to_string(problem->hours()) +
                  " hours, " + report::percent_text(problem->demanded_unit_hours() / problem->offered_unit_hours()) +
                  " of capacity?";
  const carbon::GramsCO2e total = joint->grams.total();
  page.answer = joint->gap ? "The plan emits " + report::mass_text(total, 4) + "; no plan emits less than " +
                                 report::mass_text(joint->bound, 4) + ": it is within " +
                                 report::percent_text(*joint->gap, 2) + " of the best."
                           : "The plan emits " + report::mass_text(total, 4) + "; no bound is given for it.";
  page.tables = {{"Plans", plan_table(*problem, plans, joint->bound)}};
  page.notes = {
      "'away' jobs run at another site than they come from; 'saved' is against now at home, "
      "over the jobs that both serve",
      "time only leaves home, and region only waits, where capacity leaves no choice",
      "'both, operational' does not look at the embodied share when it plans; its totals do"};
  if (options.generate > 0)
    if (std::string note = load_note(*problem, options.load); !note.empty()) page.notes.push_back(std::move(note));
  if (!joint->unserved.empty())
    page.notes.emplace_back("no place was found for " + std::to_string(joint->unserved.size()) +
                            (joint->unserved.size() == 1 ? " job" : " jobs") +
                            ", and none was proven to be missing: " + names_of(*problem, joint->unserved, few_named));
  if (joint->interrupted) page.notes.emplace_back("cut short: the best plan found until then");
  if (stopped && !joint->interrupted)
    page.notes.emplace_back("stopped: plans to compare with were cut short or are not here; the last one is whole");
  answer.schema = "cradle.shift.regions/1";
  answer.fields = {
      {"jobs", static_cast<std::int64_t>(problem->job_count())},
      {"sites", std::int64_t{problem->site_count()}},
      {"hours", std::int64_t{problem->hours()}},
      {"load", problem->demanded_unit_hours() / problem->offered_unit_hours()},
      {"seed", static_cast<std::int64_t>(options.seed)},
      {"bound_grams", joint->bound.value()},
      {"total_grams", total.value()},
      {"gap_percent", joint->gap ? Cell(100 * *joint->gap) : Cell()},
      {"bound_iterations", std::int64_t{joint->bound_iterations}},
      {"unserved", static_cast<std::int64_t>(joint->unserved.size())},
      {"unserved_jobs",
       joint->unserved.empty() ? Cell() : Cell(names_of(*problem, joint->unserved, joint->unserved.size()))},
      // Where it is proven that places are lacking, dispatch fails instead.
      {"unserved_proven", joint->unserved.empty() ? Cell() : Cell(std::int64_t{0})},
      {"interrupted", static_cast<std::int64_t>(joint->interrupted || stopped)}};
  const int status = deliver(std::move(answer), command_of(options), options.report, options.output, common);
  if (status != 0) return status;
  if (stopped) return interrupted_status;
  return joint->unserved.empty() || options.allow_unserved ? 0 : failed_status;
}

}  // namespace cradle::cli
