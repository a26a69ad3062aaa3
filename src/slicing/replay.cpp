#include "cradle/slicing/replay.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "pool.h"

namespace cradle::slicing {

namespace {

constexpr double longest = 1e9;  ///< seconds; more is a mistaken unit

Result<void> check_jobs(const PartitionTable& table, std::span<const SliceJob> jobs) {
  for (const SliceJob& job : jobs) {
    const std::string where = "job " + job.name;
    const double arrival = job.arrival.value(), length = job.length.value();
    if (!(arrival >= 0) || arrival > longest)
      return bad_input("the arrival is negative, no number or beyond 1e9 s", where, "give seconds from the start");
    if (!(length > 0) || length > longest)
      return bad_input("the length is not above 0 or beyond 1e9 s", where, "give seconds on the whole accelerator");
    if (job.speed.size() != table.profiles().size())
      return bad_input(
          std::to_string(job.speed.size()) + " speeds for " + std::to_string(table.profiles().size()) + " profiles",
          where, "give one for each profile of the accelerator, 0 where the memory does not fit");
    for (const double speed : job.speed)
      if (!(speed >= 0) || speed > 100)
        return bad_input("a relative speed is negative, no number or above 100", where, "1 is the whole accelerator");
    if (*std::max_element(job.speed.begin(), job.speed.end()) < 1e-6)
      return bad_input("the job runs on no slice, not even on " + table.profile(table.whole()).name, where,
                       "it needs more memory than the whole accelerator has: take one with more, or a smaller batch");
  }
  return {};
}

Result<void> check(const PartitionTable& table, std::span<const SliceJob> jobs, const SlicingPolicy& policy,
                   const ReplayOptions& options) {
  if (options.accelerators == 0 || options.accelerators > 100'000)
    return bad_input(std::to_string(options.accelerators) + " accelerators", "accelerators", "give 1..100000");
  if (jobs.empty()) return bad_input("no job", "jobs", "give at least one");
  const RepartitionCost& cost = options.cost;
  for (const carbon::Seconds part : {cost.checkpoint, cost.reconfigure, cost.restart, cost.profiling})
    if (!(part.value() >= 0) || part.value() > longest)
      return bad_input("a repartition cost is negative or no number", "cost", "give seconds, 0 or more");
  if (policy.rule == Rule::ours && policy.objective != Objective::jct) {
    const SliceCost& slices = options.slice_cost;
    bool fine = slices.size() == static_cast<std::size_t>(table.compute_slices()) + 1 &&
                std::is_sorted(slices.begin(), slices.end());
    for (const double value : slices) fine = fine && value >= 0 && std::isfinite(value);
    if (!fine)
      return bad_input("the cost of slices does not rise from 0 slices to all", "slice_cost",
                       "give one value for 0.." + std::to_string(table.compute_slices()) + " compute slices");
  }
  for (const Multiset set : policy.partitions)
    if (table.states_of(set).empty())
      return bad_input("'" + table.text_of(set) + "' is no valid partition", policy.name, "see cradle mig states");
  if (policy.rule == Rule::fixed && (policy.layout == 0 || table.states_of(policy.layout).empty()))
    return bad_input("'" + table.text_of(policy.layout) + "' is no valid partition", policy.name,
                     "see cradle mig states");
  return check_jobs(table, jobs);
}

Result<void> check_fixed(const PartitionTable& table, std::span<const SliceJob> jobs, Multiset layout) {
  for (const SliceJob& job : jobs) {
    bool runs = false;
    for (std::size_t p = 0; p < job.speed.size(); ++p)
      runs = runs || (job.speed[p] > 0 && table.count(layout, static_cast<ProfileId>(p)) > 0);
    if (!runs)
      return bad_input("the job runs on no slice of " + table.text_of(layout), "job " + job.name,
                       "choose a layout with a larger slice");
  }
  return {};
}

/// Each waiting job, in order of arrival, takes the free slice on which it is fastest; one that fits on none is passed.
void fill_fixed(Pool& pool, Multiset layout) {
  const StateId state = pool.table.states_of(layout).front();
  const std::vector<std::size_t> waiting = pool.waiting;
  for (const std::size_t job : waiting) {
    double best = 0;
    std::size_t device = 0;
    Instance slice{};
    for (std::size_t d = 0; d < pool.devices.size(); ++d)
      for (const Instance instance : pool.table.instances(state)) {
        const double speed = pool.speed(job, instance.profile);
        const auto& running = pool.devices[d].running;
        if (speed <= best ||
            std::any_of(running.begin(), running.end(), [&](const Running& r) { return r.instance == instance; }))
          continue;
        best = speed;
        device = d;
        slice = instance;
      }
    if (best <= 0) continue;
    std::vector<Holder> holders = holders_of(pool.devices[device]);
    holders.push_back({job, slice});
    pool.assign(device, holders);
  }
}

/// Relative speeds of jobs as values, by job and profile.
std::vector<double> speeds_of(const Pool& pool, std::span<const std::size_t> jobs) {
  std::vector<double> values;
  for (const std::size_t job : jobs)
    for (const double speed : pool.jobs[job].speed) values.push_back(speed > 0 ? speed : cannot_run);
  return values;
}

/// MISO's rule, and the exhaustive one: the partition with the greatest sum of speeds for the jobs of one accelerator.
class SumOfSpeeds {
 public:
  SumOfSpeeds(Pool& pool, const SlicingPolicy& policy) : pool_(pool), rule_(policy.rule) {
    partitions_ = policy.partitions.empty() ? pool.table.maximal_multisets() : policy.partitions;
  }

  void decide(std::span<const std::size_t> finished_on) {
    for (std::size_t d = 0; d < pool_.devices.size(); ++d)
      if (pool_.devices[d].wake && *pool_.devices[d].wake <= pool_.now) repartition(d);
    for (const std::size_t d : finished_on)
      if (!pool_.devices[d].wake && !pool_.devices[d].running.empty()) repartition(d);
    while (!pool_.waiting.empty()) {
      const std::size_t job = pool_.waiting.front();
      std::optional<std::size_t> chosen;
      for (std::size_t d = 0; d < pool_.devices.size(); ++d) {
        const Device& device = pool_.devices[d];
        if (device.wake || (chosen && device.running.size() >= pool_.devices[*chosen].running.size())) continue;
        std::vector<std::size_t> jobs = jobs_of(device);
        jobs.push_back(job);
        if (!choose(jobs).empty()) chosen = d;
      }
      if (!chosen) return;
      join(*chosen, job);
    }
  }

 private:
  static std::vector<std::size_t> jobs_of(const Device& device) {
    std::vector<std::size_t> jobs;
    for (const Running& running : device.running) jobs.push_back(running.job);
    return jobs;
  }

  void join(std::size_t d, std::size_t job) {
    if (rule_ == Rule::published && !pool_.devices[d].running.empty()) {
      pool_.share(d, job);
      return;
    }
    std::vector<std::size_t> jobs = jobs_of(pool_.devices[d]);
    jobs.push_back(job);
    apply(d, jobs);
  }

  void repartition(std::size_t d) { apply(d, jobs_of(pool_.devices[d])); }

  void apply(std::size_t d, const std::vector<std::size_t>& jobs) {
    ++pool_.outcome.decisions;
    const std::vector<ProfileId> profiles = choose(jobs);
    if (rule_ == Rule::exhaustive && !profiles.empty()) check_choice(jobs, profiles);
    if (stays_as_good(d, jobs, profiles)) return;
    std::vector<ProfileId> by_job(pool_.jobs.size(), no_profile);
    for (std::size_t i = 0; i < jobs.size(); ++i) by_job[jobs[i]] = profiles[i];
    pool_.assign(d, pool_.chooser.lay_out(by_job, holders_of(pool_.devices[d])));
  }

  /// True if the jobs have slices on which the sum of their speeds is no smaller: then nobody is stopped.
  bool stays_as_good(std::size_t d, const std::vector<std::size_t>& jobs,
                     const std::vector<ProfileId>& profiles) const {
    const auto& running = pool_.devices[d].running;
    if (running.size() != jobs.size() || pool_.devices[d].wake) return false;
    double now = 0, then = 0;
    for (const Running& one : running) now += one.speed;
    for (std::size_t i = 0; i < jobs.size(); ++i) then += pool_.speed(jobs[i], profiles[i]);
    return now >= then - 1e-12;
  }

  void check_choice(const std::vector<std::size_t>& jobs, const std::vector<ProfileId>& profiles) {
    const double most = exhaustive_value(pool_.table, speeds_of(pool_, jobs), jobs.size());
    double chosen = 0;
    for (std::size_t i = 0; i < jobs.size(); ++i) chosen += pool_.speed(jobs[i], profiles[i]);
    pool_.outcome.speeds.add(chosen / most);
  }

  /// Profiles by job; empty if the jobs do not fit together.
  std::vector<ProfileId> choose(const std::vector<std::size_t>& jobs) const {
    if (jobs.size() > Chooser::most_jobs) return {};
    const std::vector<double> values = speeds_of(pool_, jobs);
    if (rule_ == Rule::exhaustive) {
      const auto choice = pool_.chooser.best(values, jobs.size());
      if (!choice) return {};
      return {choice->profile.begin(), choice->profile.begin() + static_cast<std::ptrdiff_t>(jobs.size())};
    }
    // As published: every partition, every way to give its slices to the jobs; slices may stay empty.
    std::vector<ProfileId> best;
    double most = cannot_run;
    const std::size_t profiles = pool_.table.profiles().size();
    for (const Multiset set : partitions_) {
      std::vector<ProfileId> slices;
      for (std::size_t p = 0; p < profiles; ++p)
        slices.insert(slices.end(), static_cast<std::size_t>(pool_.table.count(set, static_cast<ProfileId>(p))),
                      static_cast<ProfileId>(p));
      if (slices.size() < jobs.size()) continue;
      do {
        double sum = 0;
        for (std::size_t i = 0; i < jobs.size(); ++i) sum += values[i * profiles + slices[i]];
        if (sum > most) {
          most = sum;
          best.assign(slices.begin(), slices.begin() + static_cast<std::ptrdiff_t>(jobs.size()));
        }
      } while (std::next_permutation(slices.begin(), slices.end()));
    }
    return best;
  }

  Pool& pool_;
  Rule rule_;
  std::vector<Multiset> partitions_;
};

}  // namespace

std::string_view name(JobKind kind) {
  switch (kind) {
    case JobKind::training: return "training";
    case JobKind::fine_tuning: return "fine-tuning";
    case JobKind::inference: break;
  }
  return "inference";
}

void ChoiceRatio::add(double ratio) {
  worst = std::min(worst, ratio);
  mean += (ratio - mean) / static_cast<double>(++choices);
}

carbon::Seconds ReplayOutcome::mean_jct(std::span<const SliceJob> all) const {
  carbon::Seconds sum{};
  for (std::size_t i = 0; i < all.size(); ++i) sum += jobs[i].finish - all[i].arrival;
  return sum / static_cast<double>(all.size());
}

carbon::Seconds ReplayOutcome::p95_jct(std::span<const SliceJob> all) const {
  std::vector<carbon::Seconds> times;
  for (std::size_t i = 0; i < all.size(); ++i) times.push_back(jobs[i].finish - all[i].arrival);
  std::sort(times.begin(), times.end());
  return times[(times.size() * 95 + 99) / 100 - 1];
}

Result<ReplayOutcome> replay(const PartitionTable& table, std::span<const SliceJob> jobs, const SlicingPolicy& policy,
                             const ReplayOptions& options) {
  if (auto fine = check(table, jobs, policy, options); !fine) return fine.error();
  Multiset layout = policy.layout;
  if (policy.rule == Rule::unpartitioned) layout = Multiset{1} << (4 * table.whole());
  const bool fixed = policy.rule == Rule::fixed || policy.rule == Rule::unpartitioned;
  if (fixed)
    if (auto fine = check_fixed(table, jobs, layout); !fine) return fine.error();
  // The slices of a fixed layout stand ready; the others begin with whole accelerators.
  const StateId ready = fixed ? table.states_of(layout).front() : table.with(0, whole_instance(table));
  Pool pool(table, jobs, options, ready);
  if (policy.rule == Rule::ours && policy.profiled) pool.first_pause = options.cost.profiling.value();
  SumOfSpeeds sum_of_speeds(pool, policy);
  const double begin = pool.now;
  std::vector<std::size_t> finished_on;
  while (pool.advance(finished_on)) {
    if (fixed)
      fill_fixed(pool, layout);
    else if (policy.rule == Rule::ours)
      decide_ours(pool, policy);
    else
      sum_of_speeds.decide(finished_on);
  }
  if (!pool.waiting.empty())
    return failure(std::to_string(pool.waiting.size()) + " jobs never ran", policy.name, "report this as a defect");
  if (fixed) pool.outcome.repartitions = 0;
  pool.outcome.makespan = carbon::Seconds{pool.now - begin};
  return std::move(pool.outcome);
}

Result<BestStatic> best_static(const PartitionTable& table, std::span<const SliceJob> jobs,
                               const ReplayOptions& options) {
  SlicingPolicy policy;
  policy.name = "best-static";
  policy.rule = Rule::unpartitioned;
  if (auto fine = check(table, jobs, policy, options); !fine) return fine.error();
  policy.rule = Rule::fixed;
  std::optional<BestStatic> best;
  std::size_t tried = 0, unable = 0;
  for (const Multiset layout : table.maximal_multisets()) {
    ++tried;
    policy.layout = layout;
    auto outcome = replay(table, jobs, policy, options);
    if (!outcome) {
      ++unable;
      continue;
    }
    if (!best || outcome->mean_jct(jobs) < best->outcome.mean_jct(jobs)) best = BestStatic{layout, std::move(*outcome)};
  }
  if (!best)
    return bad_input("no layout runs every job", "jobs", "leave out the jobs that need most memory, or slice less");
  best->tried = tried;
  best->unable = unable;
  return std::move(*best);
}

double exhaustive_value(const PartitionTable& table, std::span<const double> values, std::size_t jobs) {
  double most = jobs == 0 ? 0 : cannot_run;
  const std::size_t profiles = table.profiles().size();
  std::vector<std::size_t> order(jobs);
  for (std::size_t s = 0; s < table.states(); ++s) {
    const auto instances = table.instances(static_cast<StateId>(s));
    if (instances.size() != jobs) continue;
    std::iota(order.begin(), order.end(), std::size_t{0});
    do {
      double sum = 0;
      for (std::size_t i = 0; i < jobs; ++i) sum += values[order[i] * profiles + instances[i].profile];
      most = std::max(most, sum);
    } while (std::next_permutation(order.begin(), order.end()));
  }
  return most;
}

double exhaustive_placement(const PartitionTable& table, std::span<const double> values, std::size_t jobs) {
  double most = 0;
  const std::size_t slots = table.profiles().size() * PartitionTable::most_memory_slices;
  for (std::size_t s = 1; s < table.states(); ++s) {
    const auto instances = table.instances(static_cast<StateId>(s));
    // The greatest sum with jobs on a set of the instances, jobs taken one after another.
    std::vector<double> worth(std::size_t{1} << instances.size(), cannot_run);
    worth[0] = 0;
    for (std::size_t job = 0; job < jobs; ++job) {
      const std::vector<double> before = worth;
      for (std::size_t set = 0; set < worth.size(); ++set)
        for (std::size_t i = 0; i < instances.size(); ++i)
          if ((set >> i & 1) == 0) {
            double& with = worth[set | std::size_t{1} << i];
            with = std::max(with, before[set] + values[job * slots + Chooser::slot(instances[i])]);
          }
    }
    most = std::max(most, worth.back());
  }
  return most;
}

}  // namespace cradle::slicing
