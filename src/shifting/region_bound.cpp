#include "cradle/shifting/region_bound.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "cradle/base/parallel.h"
#include "cradle/base/random.h"
#include "region_columns.h"

namespace cradle::shifting {

namespace {

constexpr std::size_t jobs_at_once = 256;  // fixed, so that sums do not depend on the number of threads

/// The dual function of some of the jobs, and a subgradient of it.
class Dual {
 public:
  enum class Count { grams, unserved };

  Dual(const RegionColumns& columns, std::vector<std::size_t> jobs, Count count, unsigned threads)
      : columns_(columns), jobs_(std::move(jobs)), count_(count), threads_(threads), choices_(jobs_.size()) {
    const RegionProblem& problem = columns.problem();
    double work = 0;
    for (const std::size_t j : jobs_) work += unit_hours(j);
    const double share = work / problem.demanded_unit_hours();
    for (const RegionSite& site : problem.sites())
      for (const Units units : site.capacity) capacity_.push_back(share * static_cast<double>(units));
    use_.resize(capacity_.size());
    parts_.resize((jobs_.size() + jobs_at_once - 1) / jobs_at_once);
  }

  const std::vector<double>& capacity() const { return capacity_; }
  const std::vector<double>& use() const { return use_; }
  const RegionSchedule& choices() const { return choices_; }

  /// The bound that the prices prove; `choices` and `use` are those of each job's cheapest column.
  double evaluate(const std::vector<double>& prices) {
    columns_.sum(prices, prefix_);
    threads_.run(parts_.size(), [&](std::size_t part) {
      double sum = 0;
      const std::size_t end = std::min(jobs_.size(), (part + 1) * jobs_at_once);
      for (std::size_t i = part * jobs_at_once; i < end; ++i) {
        auto found = columns_.cheapest(jobs_[i], prefix_, count_ == Count::grams);
        if (count_ == Count::unserved && found.cost > unit_hours(jobs_[i])) found = {unit_hours(jobs_[i]), {}};
        choices_[i] = found.placement;
        sum += found.cost;
      }
      parts_[part] = sum;
    });
    double bound = std::accumulate(parts_.begin(), parts_.end(), 0.0);
    for (std::size_t i = 0; i < prices.size(); ++i) bound -= prices[i] * capacity_[i];
    count_use();
    return bound;
  }

 private:
  double unit_hours(std::size_t j) const {
    const RegionJob& job = columns_.problem().jobs()[j];
    return static_cast<double>(job.demand) * job.length;
  }

  void count_use() {
    const auto hours = static_cast<std::size_t>(columns_.problem().hours());
    const auto sites = static_cast<std::size_t>(columns_.problem().site_count());
    changes_.assign(sites * (hours + 1), 0);
    for (std::size_t i = 0; i < jobs_.size(); ++i) {
      if (!choices_[i].served()) continue;
      const RegionJob& job = columns_.problem().jobs()[jobs_[i]];
      Units* change = changes_.data() + columns_.row(choices_[i].site) + choices_[i].start;
      change[0] += job.demand;
      change[job.length] -= job.demand;
    }
    for (std::size_t s = 0; s < sites; ++s) {
      Units running = 0;
      for (std::size_t h = 0; h < hours; ++h) {
        running += changes_[s * (hours + 1) + h];
        use_[s * hours + h] = static_cast<double>(running);
      }
    }
  }

  const RegionColumns& columns_;
  std::vector<std::size_t> jobs_;
  Count count_;
  ThreadTeam threads_;
  RegionSchedule choices_;
  std::vector<double> capacity_, use_, parts_;
  std::vector<Units> changes_;
  Prefix prefix_;
};

/// What the volume algorithm has found.
struct Raised {
  double bound = 0;
  std::vector<double> prices, mean_use;
  int iterations = 0;
  std::vector<double> weights;
  std::vector<RegionSchedule> choices;
};

/// Barahona and Anbil 2000, with each price scaled by its capacity so that large and small sites move alike, and the
/// steps aimed a little above the best bound.
class Volume {
 public:
  Volume(Dual& dual, std::size_t most_choices) : dual_(dual), most_choices_(most_choices) {}

  Raised run(std::vector<double> prices, int iterations, const std::function<bool()>& interrupted) {
    const std::vector<double>& capacity = dual_.capacity();
    const std::size_t n = capacity.size();
    if (prices.empty()) prices.assign(n, 0);
    best_.bound = dual_.evaluate(prices);
    best_.prices = prices;
    best_.mean_use = dual_.use();
    best_.iterations = 1;
    keep(1);
    std::vector<double> excess(n), trial(n);
    double step = 1, aim = aimed(), last_bound = best_.bound, largest_share = 0.1;
    int without_gain = 0;
    for (int k = 1; k < iterations; ++k) {
      if (interrupted && interrupted()) break;
      double norm = 0;
      for (std::size_t i = 0; i < n; ++i) {
        excess[i] = capacity[i] > 0 ? best_.mean_use[i] / capacity[i] - 1 : 0;
        if (excess[i] > 0 || best_.prices[i] > 0) norm += excess[i] * excess[i];
      }
      if (norm < 1e-18) {
        // The mean shows no way up. If the choice at the best prices shows none either, these are optimal.
        dual_.evaluate(best_.prices);
        ++best_.iterations;
        if (settled()) break;
        mix(0.5);
        continue;
      }
      const double length = step * (aim - best_.bound) / norm;
      for (std::size_t i = 0; i < n; ++i)
        trial[i] = capacity[i] > 0 ? std::max(0.0, best_.prices[i] + length * excess[i] / capacity[i]) : 0;
      const double bound = dual_.evaluate(trial);
      ++best_.iterations;
      double along = 0;
      for (std::size_t i = 0; i < n; ++i)
        if (capacity[i] > 0) along += excess[i] * (dual_.use()[i] / capacity[i] - 1);
      mix(share(excess, largest_share));
      if (bound > best_.bound) {
        best_.bound = bound;
        best_.prices = trial;
        without_gain = 0;
        if (along > 0) step = std::min(2.0, step * 1.1);
        aim = std::max(aim, aimed());
      } else if (++without_gain >= patience) {
        step = std::max(1e-6, step * 0.66);
        without_gain = 0;
      }
      if (k % review == 0) {
        if (best_.bound - last_bound < 0.002 * std::abs(last_bound)) largest_share = std::max(2e-4, largest_share / 2);
        last_bound = best_.bound;
      }
    }
    return std::move(best_);
  }

 private:
  static constexpr int patience = 4, review = 100;

  /// Whether the newest choice is feasible and uses up what is priced.
  bool settled() const {
    for (std::size_t i = 0; i < dual_.capacity().size(); ++i) {
      const double excess = dual_.use()[i] - dual_.capacity()[i];
      if (excess > 0 || (best_.prices[i] > 0 && excess < 0)) return false;
    }
    return true;
  }

  double aimed() const { return best_.bound + 0.05 * std::abs(best_.bound) + 1e-9; }

  /// The part of the newest use that brings the mean nearest to capacity, within bounds.
  double share(const std::vector<double>& excess, double largest) const {
    double towards = 0, norm = 0;
    for (std::size_t i = 0; i < excess.size(); ++i) {
      if (!(dual_.capacity()[i] > 0)) continue;
      const double change = (dual_.use()[i] - best_.mean_use[i]) / dual_.capacity()[i];
      towards -= excess[i] * change;
      norm += change * change;
    }
    if (norm <= 0) return largest;
    return std::clamp(towards / norm, largest / 10, largest);
  }

  void mix(double part) {
    for (std::size_t i = 0; i < best_.mean_use.size(); ++i)
      best_.mean_use[i] += part * (dual_.use()[i] - best_.mean_use[i]);
    for (double& weight : best_.weights) weight *= 1 - part;
    keep(part);
  }

  void keep(double weight) {
    if (most_choices_ == 0) return;
    if (best_.choices.size() < most_choices_) {
      best_.choices.push_back(dual_.choices());
      best_.weights.push_back(weight);
      return;
    }
    const auto lightest = std::min_element(best_.weights.begin(), best_.weights.end());
    const auto at = static_cast<std::size_t>(lightest - best_.weights.begin());
    best_.choices[at] = dual_.choices();
    best_.weights[at] = weight;
  }

  Dual& dual_;
  std::size_t most_choices_;
  Raised best_;
};

std::vector<std::size_t> all_jobs(std::size_t count) {
  std::vector<std::size_t> jobs(count);
  std::iota(jobs.begin(), jobs.end(), std::size_t{0});
  return jobs;
}

constexpr std::size_t few_jobs = 4000;  // a sample of so many has nearly the prices of any larger number

/// Prices of a sample whose capacities are cut to its share of the work: where a large problem begins.
std::vector<double> sampled_prices(const RegionColumns& columns, const BoundOptions& options, int iterations) {
  auto jobs = all_jobs(columns.problem().job_count());
  RandomStream stream(options.seed, "region bound sample");
  stream.shuffle(std::span<std::size_t>(jobs));
  jobs.resize(few_jobs);
  std::sort(jobs.begin(), jobs.end());
  Dual dual(columns, std::move(jobs), Dual::Count::grams, options.threads);
  return Volume(dual, 0).run({}, iterations, options.interrupted).prices;
}

}  // namespace

RegionBound region_bound(const RegionProblem& problem, const BoundOptions& options) {
  const RegionColumns columns(problem, options.objective);
  const bool large = problem.job_count() > 2 * few_jobs;
  const int iterations = options.iterations > 0 ? options.iterations : large ? 150 : 800;
  constexpr int sample_iterations = 600;
  std::vector<double> start;
  for (const auto price : options.start) start.push_back(price.value());
  if (start.size() != columns.cells())
    start = large ? sampled_prices(columns, options, sample_iterations) : std::vector<double>{};
  Dual dual(columns, all_jobs(problem.job_count()), Dual::Count::grams, options.threads);
  constexpr std::size_t most_choices = 48;
  Raised raised = Volume(dual, most_choices).run(std::move(start), iterations, options.interrupted);
  RegionBound bound;
  bound.bound = carbon::GramsCO2e{raised.bound};
  bound.iterations = raised.iterations;
  for (const double price : raised.prices) bound.prices.emplace_back(price);
  bound.weights = std::move(raised.weights);
  bound.choices = std::move(raised.choices);
  for (std::size_t i = 0; i < raised.mean_use.size(); ++i)
    if (dual.capacity()[i] > 0) bound.overload = std::max(bound.overload, raised.mean_use[i] / dual.capacity()[i]);
  return bound;
}

ShortageBound shortage_bound(const RegionProblem& problem, const BoundOptions& options) {
  const RegionColumns columns(problem, options.objective);
  Dual dual(columns, all_jobs(problem.job_count()), Dual::Count::unserved, options.threads);
  const int usual_iterations = problem.job_count() > 2 * few_jobs ? 60 : 400;
  const Raised raised =
      Volume(dual, 0).run({}, options.iterations > 0 ? options.iterations : usual_iterations, options.interrupted);
  ShortageBound shortage;
  // Sums of rounded terms: what is less than this of the work proves nothing.
  if (raised.bound > 1e-9 * problem.demanded_unit_hours()) shortage.unit_hours = raised.bound;
  const double dearest = *std::max_element(raised.prices.begin(), raised.prices.end());
  Hour most = 0;
  for (std::int32_t s = 0; s < problem.site_count(); ++s) {
    Hour count = 0, from = problem.hours(), to = 0;
    for (Hour h = 0; h < problem.hours(); ++h)
      if (dearest > 0 && raised.prices[columns.cell(s, h)] > dearest / 2) {
        ++count;
        from = std::min(from, h);
        to = h + 1;
      }
    if (count > most) {
      most = count;
      shortage.site = s;
      shortage.from = from;
      shortage.to = to;
    }
  }
  return shortage;
}

}  // namespace cradle::shifting
