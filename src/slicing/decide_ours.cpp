// Rule::ours. Every job has an index for every slice: what it brings a second there. The rule changes one accelerator
// at a time, the one where the sum of indices grows most, as long as one grows by more than noise. What an accelerator
// changes to is the best of all its states, subsets of the jobs looked at and assignments (Chooser::best_placed): each
// place has its own pause, none where the instance stands and is free.
//
// Time to finish (jct): with T the time that the job would still need there, pauses included, the index is
//   remaining / T / sqrt(T),
// work done a second, more for jobs that will soon be gone: between the greatest throughput (remaining / T) and the
// shortest job first (1 / T). Where lengths are unknown, sqrt(remaining) stands for sqrt(T). Energy and grams: the
// index is remaining / T, less what the compute slices in use cost. A pause counts double in T, since what waits behind
// the job is late as well. The power of T and the weight of pauses were chosen on generated mixes (mix.h), not on a
// trace.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "cradle/slicing/fragmentation.h"
#include "pool.h"

namespace cradle::slicing {

namespace {

constexpr std::size_t most_waiting = 24;    ///< that are looked at for one accelerator
constexpr std::size_t most_elsewhere = 48;  ///< running jobs that may be called from other accelerators
constexpr double pause_weight = 2;
constexpr double kept_bonus = 1e4;           ///< above any sum of speeds
constexpr double least_growth = 0.02;        ///< of an accelerator's sum of indices, so that rounding moves nobody
constexpr double first_guess_seconds = 600;  ///< of a job's length while none has finished; our estimate

/// A change of one accelerator: what its sum of indices becomes, and by how much that is more.
struct Change {
  double value = 0, growth = 0;
  std::size_t device = 0;
  std::vector<Holder> holders;
};

struct Candidate {
  std::size_t job;
  const Running* here;  ///< on this accelerator
  double loses;         ///< index that it has on another one, which a move would end
};

/// What one accelerator could run: the value of each candidate on each slot (Chooser::slot).
struct Question {
  std::vector<Candidate> candidates;
  std::vector<double> values;
};

class OurRule {
 public:
  OurRule(Pool& pool, const SlicingPolicy& policy) : pool_(pool), policy_(policy) {
    double sum = 0, finished = 0;
    for (std::size_t job = 0; job < pool.jobs.size(); ++job)
      if (pool.remaining[job] <= 0) {
        sum += pool.jobs[job].length.value();
        ++finished;
      }
    typical_ = finished > 0 ? sum / finished : first_guess_seconds;
    if (policy.objective != Objective::jct) price_slices();
  }

  void decide() {
    ++pool_.outcome.decisions;
    for (std::size_t round = 0; round < 4 * pool_.devices.size() + 4; ++round) {
      Change best;
      for (std::size_t d = 0; d < pool_.devices.size(); ++d)
        if (auto change = best_change(d); change.growth > best.growth) best = std::move(change);
      if (best.growth <= 0) return;
      compare_speeds(best.holders);
      if (pool_.options.check_indices && policy_.objective == Objective::jct) {
        const Question question = ask(best.device);
        const std::size_t jobs = question.candidates.size();
        pool_.outcome.indices.add(best.value / exhaustive_placement(pool_.table, question.values, jobs));
      }
      pool_.assign(best.device, best.holders);
    }
  }

 private:
  /// How near the change comes to the greatest sum of speeds for its jobs.
  void compare_speeds(const std::vector<Holder>& holders) {
    std::vector<double> values;
    double chosen = 0;
    for (const Holder& holder : holders) {
      chosen += pool_.speed(holder.job, holder.instance.profile);
      for (const double speed : pool_.jobs[holder.job].speed) values.push_back(speed > 0 ? speed : cannot_run);
    }
    if (const auto most = pool_.chooser.best(values, holders.size()); most && most->value > 0)
      pool_.outcome.speeds.add(chosen / most->value);
  }

  /// Cost of n slices in the unit of the index: at the fleet's present work for each unit of cost, but never so dear
  /// that a job alone would rather wait.
  void price_slices() {
    const SliceCost& slices = pool_.options.slice_cost;
    double work = 0, paid = 0, most = std::numeric_limits<double>::infinity();
    const auto bound = [&](std::size_t job) {
      double best = 0;
      for (std::size_t p = 0; p < pool_.table.profiles().size(); ++p) {
        const auto n = static_cast<std::size_t>(pool_.table.profile(static_cast<ProfileId>(p)).compute);
        if (slices[n] > slices[0]) best = std::max(best, pool_.jobs[job].speed[p] / (slices[n] - slices[0]));
      }
      if (best > 0) most = std::min(most, best);
    };
    for (const Device& device : pool_.devices) {
      std::size_t n = 0;
      for (const Running& running : device.running) {
        work += running.speed;
        n += static_cast<std::size_t>(pool_.table.profile(running.instance.profile).compute);
        bound(running.job);
      }
      paid += slices[n];
    }
    for (const std::size_t job : pool_.waiting) bound(job);
    double price = work > 0 && paid > 0 ? work / paid : most;
    price = std::min(price, 0.999 * most);
    for (const double slice : slices) cost_.push_back(price < 1e300 ? price * (slice - slices[0]) : 0);
  }

  /// What a second brings if the job gets the profile and first waits `pause` seconds.
  double index(std::size_t job, double speed, double pause) const {
    if (!(speed > 0)) return cannot_run;
    const double left = policy_.lengths_known ? pool_.remaining[job] : pool_.had(job) + typical_;
    const double time = left / speed + pause_weight * pause;
    if (policy_.objective != Objective::jct) return left / time;
    return left / (time * std::sqrt(policy_.lengths_known ? time : left));
  }

  double index_now(const Running& running) const {
    return index(running.job, running.speed, std::max(0.0, running.resume - pool_.now));
  }

  /// The index of a candidate if it had to be started at this place.
  double index_if_moved(const Candidate& candidate, ProfileId profile, const Pool::Place& place) const {
    const bool waits = candidate.here == nullptr && candidate.loses == 0;
    // For energy a waiting job pays its start whenever it comes: only moves of running jobs are weighed.
    const double pause = waits && policy_.objective != Objective::jct ? 0 : pool_.pause(candidate.job, profile, place);
    return index(candidate.job, pool_.speed(candidate.job, profile), pause) - candidate.loses;
  }

  /// The waiting jobs that bring most for each memory slice.
  std::vector<std::size_t> front_of_queue() const {
    std::vector<std::pair<double, std::size_t>> order;
    for (const std::size_t job : pool_.waiting) {
      double best = 0;
      for (std::size_t p = 0; p < pool_.table.profiles().size(); ++p)
        best = std::max(
            best, index(job, pool_.jobs[job].speed[p], 0) / pool_.table.profile(static_cast<ProfileId>(p)).memory);
      order.emplace_back(-best, job);
    }
    const std::size_t kept = std::min(order.size(), most_waiting);
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(kept), order.end());
    std::vector<std::size_t> jobs;
    for (std::size_t i = 0; i < kept; ++i) jobs.push_back(order[i].second);
    return jobs;
  }

  std::vector<Candidate> candidates_for(std::size_t d) const {
    std::vector<Candidate> candidates;
    for (const Running& running : pool_.devices[d].running) candidates.push_back({running.job, &running, 0});
    for (const std::size_t job : front_of_queue()) candidates.push_back({job, nullptr, 0});
    if (!pool_.waiting.empty()) return candidates;
    std::size_t called = 0;
    for (std::size_t other = 0; other < pool_.devices.size() && called < most_elsewhere; ++other) {
      if (other == d) continue;
      for (const Running& running : pool_.devices[other].running) {
        candidates.push_back({running.job, nullptr, index_now(running)});
        ++called;
      }
    }
    return candidates;
  }

  Question ask(std::size_t d) const {
    Question question{candidates_for(d), {}};
    question.values.assign(question.candidates.size() * pool_.chooser.slots(), cannot_run);
    for (std::size_t p = 0; p < pool_.table.profiles().size(); ++p)
      for (const int start : pool_.table.profile(static_cast<ProfileId>(p)).starts) {
        const Instance instance{static_cast<ProfileId>(p), static_cast<std::uint8_t>(start)};
        const Pool::Place place = pool_.place(d, instance);
        for (std::size_t i = 0; i < question.candidates.size(); ++i) {
          const Candidate& candidate = question.candidates[i];
          const bool stays = candidate.here != nullptr && candidate.here->instance == instance;
          double& value = question.values[i * pool_.chooser.slots() + Chooser::slot(instance)];
          value = stays ? index_now(*candidate.here) : index_if_moved(candidate, instance.profile, place);
          // For energy nothing that runs is sent back to the queue: stopping work saves none.
          if (candidate.here != nullptr && policy_.objective != Objective::jct) value += kept_bonus;
        }
      }
    return question;
  }

  Change best_change(std::size_t d) const {
    const Device& device = pool_.devices[d];
    const Question question = ask(d);
    double indices = 0, before = -cost_of(holders_of(device));
    for (const Running& running : device.running) {
      indices += index_now(running);
      if (policy_.objective != Objective::jct) before += kept_bonus;
    }
    before += indices;
    auto choice =
        pool_.chooser.best_placed(question.values, question.candidates.size(), cost_, before + least_growth * indices);
    if (!choice) return {};
    for (Holder& holder : choice->holders) holder.job = question.candidates[holder.job].job;
    return {choice->value, choice->value - before, d, std::move(choice->holders)};
  }

  double cost_of(std::span<const Holder> holders) const {
    if (cost_.empty()) return 0;
    std::size_t n = 0;
    for (const Holder& holder : holders)
      n += static_cast<std::size_t>(pool_.table.profile(holder.instance.profile).compute);
    return cost_[n];
  }

  Pool& pool_;
  const SlicingPolicy& policy_;
  double typical_;
  std::vector<double> cost_;
};

}  // namespace

void decide_ours(Pool& pool, const SlicingPolicy& policy) { OurRule(pool, policy).decide(); }

}  // namespace cradle::slicing
