#include "cradle/shifting/region_dispatch.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "cradle/base/parallel.h"
#include "cradle/base/text.h"
#include "region_search.h"

namespace cradle::shifting {

namespace {

constexpr std::size_t chains = 2;  // fixed, so that the result does not depend on the number of threads
constexpr std::size_t few_jobs = 8000;

/// Few jobs are soon as good as they get; of many, each has its turns.
std::int64_t usual_rounds(std::size_t jobs) {
  const auto count = static_cast<std::int64_t>(jobs);
  constexpr std::int64_t base = 10'000, by_job = 500, most_while_warm = 300'000, by_job_of_many = 10;
  return std::max(std::min(base + by_job * count, most_while_warm), by_job_of_many * count);
}

/// The best `chains` of many roundings and of what is known.
std::vector<Packing> best_roundings(const RegionColumns& columns, const RegionBound& bound, const Prefix& prices,
                                    const DispatchOptions& options, std::size_t samples) {
  std::vector<Packing> all(samples, Packing(columns));
  parallel_for(samples, options.threads, [&](std::size_t i) {
    if (i >= chains && options.interrupted && options.interrupted()) return;
    all[i] = rounded(columns, bound, prices, RandomStream(options.seed, "region rounding " + std::to_string(i)));
  });
  for (const RegionSchedule& known : options.known) {
    Packing packing(columns);
    for (std::size_t j = 0; j < known.size(); ++j) packing.place(j, known[j]);
    all.push_back(std::move(packing));
  }
  std::stable_sort(all.begin(), all.end(), [](const Packing& a, const Packing& b) { return a.cost() < b.cost(); });
  all.resize(std::min(all.size(), chains), Packing(columns));
  return all;
}

/// Job by job in order of release: of the places with room that cost no more, the earliest start, then the site nearest
/// to home. True if a job moved. What one leaves may be such a place for another.
bool take_back_once(Packing& packing, const RegionColumns& columns) {
  constexpr double same = 1 + 1e-9;  // sums of one intensity differ in their last digits from hour to hour
  const RegionProblem& problem = columns.problem();
  std::vector<std::size_t> order(problem.job_count());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return problem.jobs()[a].release < problem.jobs()[b].release; });
  std::vector<Hour> run(problem.sites().size());
  bool moved = false;
  for (const std::size_t j : order) {
    const RegionJob& job = problem.jobs()[j];
    const Placement now = packing.schedule()[j];
    if (!now.served()) continue;
    const double most = columns.cost(j, now) * same;
    const auto nearer = [&](std::int32_t site, std::int32_t than) {
      const auto way = problem.latency(job.home, site), other = problem.latency(job.home, than);
      return way < other || (way == other && site == job.home && than != job.home);
    };
    packing.remove(j);
    Placement best;
    std::fill(run.begin(), run.end(), 0);
    for (Hour h = job.release; h < job.deadline && !best.served(); ++h)
      for (std::int32_t s = 0; s < problem.site_count(); ++s) {
        Hour& free = run[static_cast<std::size_t>(s)];
        free = packing.left()[columns.cell(s, h)] >= job.demand ? free + 1 : 0;
        const Placement there{s, h - job.length + 1};
        if (free < job.length || !problem.near(job, s) || columns.cost(j, there) > most) continue;
        if (!best.served() || nearer(s, best.site)) best = there;
      }
    if (!best.served()) best = now;
    moved = moved || best != now;
    packing.place(j, best);
  }
  return moved;
}

/// Until nobody waits or moves for nothing. It ends: every move starts earlier, or at the same hour nearer to home.
void take_back_idle_moves(Packing& packing, const RegionColumns& columns, const std::function<bool()>& interrupted) {
  while (take_back_once(packing, columns))
    if (interrupted && interrupted()) return;
}

Result<void> check_shortage(const RegionProblem& problem, const DispatchOptions& options) {
  BoundOptions bound;
  bound.threads = options.threads;
  bound.interrupted = options.interrupted;
  const ShortageBound shortage = shortage_bound(problem, bound);
  if (!(shortage.unit_hours > 0)) return {};
  const RegionSite& site = problem.sites()[static_cast<std::size_t>(shortage.site)];
  return bad_input("no schedule serves all jobs: at least " + shortest(std::ceil(shortage.unit_hours * (1 - 1e-6))) +
                       " unit-hours find no place; scarcest is site '" + site.name + "' within hours " +
                       std::to_string(shortage.from) + " to " + std::to_string(shortage.to),
                   "region dispatch", "add capacity there, move deadlines, or raise latency bounds");
}

}  // namespace

Result<Dispatch> dispatch(const RegionProblem& problem, const DispatchOptions& options) {
  if (auto fine = check_aggregate(problem); !fine) return fine.error();
  for (const RegionSchedule& known : options.known)
    if (auto fine = problem.check(known); !fine) return fine.error();
  const auto tell = [&](double done) {
    if (options.progress) options.progress(done);
  };
  BoundOptions bound_options;
  bound_options.objective = options.objective;
  bound_options.iterations = options.bound_iterations;
  bound_options.seed = options.seed;
  bound_options.threads = options.threads;
  bound_options.interrupted = options.interrupted;
  RegionBound bound = region_bound(problem, bound_options);
  constexpr double after_bound = 0.4, after_rounding = 0.5;
  tell(after_bound);

  const RegionColumns columns(problem, options.objective);
  const Prefix prices = columns.sum(bound.prices);
  const bool large = problem.job_count() > few_jobs;
  const std::size_t samples = options.roundings > 0 ? static_cast<std::size_t>(options.roundings) : large ? 4 : 32;
  std::vector<Packing> packings = best_roundings(columns, bound, prices, options, samples);
  bound.choices.clear();
  tell(after_rounding);

  SearchOptions search;
  search.rounds = options.search_rounds >= 0 ? options.search_rounds : usual_rounds(problem.job_count());
  search.target = bound.bound.value() * (1 + options.good_enough);
  search.temperature = large ? 0 : 0.1;
  search.interrupted = options.interrupted;
  const auto best_of = [&]() -> Packing& {
    return *std::min_element(packings.begin(), packings.end(),
                             [](const auto& a, const auto& b) { return a.cost() < b.cost(); });
  };
  // Where windows are tight, jobs may lack a place at first, or capacity comes in lumps: longer turns then, and warmer.
  const int most_turns = large ? 4 : 8;
  constexpr double usual_gap = 0.015, worth_another = 1e-3;
  double before = std::numeric_limits<double>::infinity();
  for (int turn = 0; turn < most_turns; ++turn) {
    parallel_for(packings.size(), options.threads, [&](std::size_t i) {
      SearchOptions own = search;
      if (i == 0) own.progress = [&](double part) { tell(after_rounding + (1 - after_rounding) * part); };
      const std::string name = "region search " + std::to_string(turn) + " " + std::to_string(i);
      packings[i] = improved(std::move(packings[i]), columns, prices, own, RandomStream(options.seed, name));
    });
    const bool served = best_of().unserved().empty();
    if (options.search_rounds >= 0) break;  // so many rounds and no more, if that was asked for
    if (served && turn > 0 && (large || best_of().cost() >= before * (1 - worth_another))) break;
    if (served && best_of().cost() <= bound.bound.value() * (1 + std::max(usual_gap, options.good_enough))) break;
    constexpr double warmer = 0.3;
    constexpr std::int64_t longer = 2;
    if (!served) search.temperature = warmer;
    before = best_of().cost();
    if (turn == 0) search.rounds *= longer;
  }
  Packing& best = best_of();
  take_back_idle_moves(best, columns, options.interrupted);

  Dispatch result;
  result.schedule = best.schedule();
  result.unserved = best.unserved();
  std::sort(result.unserved.begin(), result.unserved.end());
  result.interrupted = options.interrupted && options.interrupted();
  if (!result.unserved.empty() && !result.interrupted)
    if (auto fine = check_shortage(problem, options); !fine) return fine.error();
  result.grams = problem.grams(result.schedule);
  result.bound = bound.bound;
  result.bound_iterations = bound.iterations;
  result.prices = std::move(bound.prices);
  double cost = 0;
  for (std::size_t j = 0; j < result.schedule.size(); ++j)
    if (result.schedule[j].served()) cost += columns.cost(j, result.schedule[j]);
  if (result.unserved.empty() && result.bound.value() > 0) result.gap = cost / result.bound.value() - 1;
  tell(1);
  return result;
}

RegionSchedule run_now_at_home(const RegionProblem& problem) {
  const auto hours = static_cast<std::size_t>(problem.hours());
  std::vector<Units> left;
  for (const RegionSite& site : problem.sites()) left.insert(left.end(), site.capacity.begin(), site.capacity.end());
  std::vector<std::size_t> order(problem.job_count());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return problem.jobs()[a].release < problem.jobs()[b].release; });
  RegionSchedule schedule(problem.job_count());
  for (const std::size_t j : order) {
    const RegionJob& job = problem.jobs()[j];
    const auto earliest = [&](std::int32_t site) {
      Hour run = 0;
      for (Hour h = job.release; h < job.deadline; ++h) {
        const auto cell = static_cast<std::size_t>(site) * hours + static_cast<std::size_t>(h);
        run = left[cell] >= job.demand ? run + 1 : 0;
        if (run == job.length) return Placement{site, h - job.length + 1};
      }
      return Placement{};
    };
    Placement best;
    if (problem.near(job, job.home)) best = earliest(job.home);
    for (std::int32_t s = 0; s < problem.site_count() && !(best.served() && best.site == job.home); ++s)
      if (problem.near(job, s))
        if (const Placement one = earliest(s); one.served() && (!best.served() || one.start < best.start)) best = one;
    schedule[j] = best;
    if (!best.served()) continue;
    Units* room = left.data() + static_cast<std::size_t>(best.site) * hours + static_cast<std::size_t>(best.start);
    for (Hour h = 0; h < job.length; ++h) room[h] -= job.demand;
  }
  return schedule;
}

}  // namespace cradle::shifting
