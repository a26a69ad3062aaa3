#include "region_search.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace cradle::shifting {

Packing::Packing(const RegionColumns& columns)
    : columns_(&columns),
      schedule_(columns.problem().job_count()),
      started_(columns.cells()),
      place_in_list_(columns.problem().job_count()),
      unserved_(columns.problem().job_count()) {
  const RegionProblem& problem = columns.problem();
  for (const RegionSite& site : problem.sites()) left_.insert(left_.end(), site.capacity.begin(), site.capacity.end());
  for (std::size_t j = 0; j < problem.job_count(); ++j) {
    unserved_[j] = j;
    place_in_list_[j] = static_cast<std::uint32_t>(j);
    cost_ += columns.unserved_cost(j);
    longest_ = std::max(longest_, problem.jobs()[j].length);
  }
}

Hour Packing::blocked(std::size_t j, const Placement& placement) const {
  const RegionJob& job = columns_->problem().jobs()[j];
  const Units* room = left_.data() + columns_->cell(placement.site, placement.start);
  for (Hour h = 0; h < job.length; ++h)
    if (room[h] < job.demand) return placement.start + h;
  return -1;
}

bool Packing::fits(std::size_t job, const Placement& placement) const { return blocked(job, placement) < 0; }

void Packing::occupy(std::size_t j, const Placement& placement, Units sign) {
  const RegionJob& job = columns_->problem().jobs()[j];
  Units* room = left_.data() + columns_->cell(placement.site, placement.start);
  for (Hour h = 0; h < job.length; ++h) room[h] -= sign * job.demand;
}

void Packing::place(std::size_t j, const Placement& placement) {
  if (!placement.served()) return;
  const std::size_t last = unserved_.back();
  unserved_[place_in_list_[j]] = last;
  place_in_list_[last] = place_in_list_[j];
  unserved_.pop_back();
  occupy(j, placement, 1);
  auto& list = started_[columns_->cell(placement.site, placement.start)];
  place_in_list_[j] = static_cast<std::uint32_t>(list.size());
  list.push_back(static_cast<std::uint32_t>(j));
  schedule_[j] = placement;
  cost_ += columns_->cost(j, placement) - columns_->unserved_cost(j);
}

void Packing::remove(std::size_t j) {
  const Placement placement = schedule_[j];
  if (!placement.served()) return;
  auto& list = started_[columns_->cell(placement.site, placement.start)];
  const std::uint32_t last = list.back();
  list[place_in_list_[j]] = last;
  place_in_list_[last] = place_in_list_[j];
  list.pop_back();
  occupy(j, placement, -1);
  place_in_list_[j] = static_cast<std::uint32_t>(unserved_.size());
  unserved_.push_back(j);
  schedule_[j] = {};
  cost_ -= columns_->cost(j, placement) - columns_->unserved_cost(j);
}

std::size_t Packing::running(std::int32_t site, Hour hour, RandomStream& stream) const {
  constexpr int tries = 40;
  const Hour first = std::max(0, hour - longest_ + 1);
  for (int t = 0; t < tries; ++t) {
    const Hour start = first + static_cast<Hour>(stream.below(static_cast<std::uint64_t>(hour - first) + 1));
    const auto& list = started_[columns_->cell(site, start)];
    if (list.empty()) continue;
    const std::size_t job = list[stream.below(list.size())];
    if (start + columns_->problem().jobs()[job].length > hour) return job;
  }
  return nobody;
}

namespace {

double unit_hours(const RegionJob& job) { return static_cast<double>(job.demand) * job.length; }

/// Large jobs first, ties by number.
void sort_by_size(std::vector<std::size_t>& jobs, const RegionProblem& problem) {
  std::sort(jobs.begin(), jobs.end(), [&](std::size_t a, std::size_t b) {
    const double x = unit_hours(problem.jobs()[a]), y = unit_hours(problem.jobs()[b]);
    return x != y ? x > y : a < b;
  });
}

}  // namespace

Packing rounded(const RegionColumns& columns, const RegionBound& bound, const Prefix& prices, RandomStream stream) {
  const RegionProblem& problem = columns.problem();
  std::vector<std::size_t> order(problem.job_count());
  std::iota(order.begin(), order.end(), std::size_t{0});
  sort_by_size(order, problem);
  std::vector<double> running(bound.weights.size());
  std::partial_sum(bound.weights.begin(), bound.weights.end(), running.begin());
  Packing packing(columns);
  std::vector<std::size_t> left_over;
  for (const std::size_t j : order) {
    const auto drawn = std::upper_bound(running.begin(), running.end(), stream.uniform() * running.back());
    const auto k = std::min(static_cast<std::size_t>(drawn - running.begin()), running.size() - 1);
    const Placement placement = bound.choices[k][j];
    if (packing.fits(j, placement))
      packing.place(j, placement);
    else
      left_over.push_back(j);
  }
  for (const std::size_t j : left_over)
    packing.place(j, columns.cheapest_free(j, &prices, 1, packing.left()).placement);
  return packing;
}

namespace {

class Search {
 public:
  Search(Packing& packing, const RegionColumns& columns, const Prefix& prices, RandomStream& stream)
      : packing_(packing), columns_(columns), problem_(columns.problem()), prices_(prices), stream_(stream) {
    ideal_.reserve(problem_.job_count());
    for (std::size_t j = 0; j < problem_.job_count(); ++j) ideal_.push_back(columns.cheapest(j, prices));
  }

  /// One round; it stands if the cost rises by less than `allowed`.
  void round(double allowed) {
    undo_.clear();
    out_.clear();
    const double before = packing_.cost();
    const std::size_t seed = pick();
    take_out(seed);
    if (const Placement target = aim(seed); clear(seed, target)) {
      put(seed, target);
      out_.erase(out_.begin());
    }
    if (out_.empty() || stream_.below(2) == 0) take_out_near(seed);
    refill();
    if (packing_.cost() - before < allowed) return;
    // Backwards, so that each job is first taken from where the round has put it.
    // The last one first.
    // NOLINTNEXTLINE(modernize-loop-convert): clang-tidy would have a range that C++20 spells less plainly
    for (auto one = undo_.rbegin(); one != undo_.rend(); ++one) packing_.remove(one->first);
    for (const auto& [job, placement] : undo_) packing_.place(job, placement);
  }

 private:
  static constexpr std::size_t most_out = 24;

  double priced(std::size_t j, const Placement& placement) const {
    const RegionJob& job = problem_.jobs()[j];
    const double* price = prices_.data() + columns_.row(placement.site) + placement.start;
    return columns_.cost(j, placement) + static_cast<double>(job.demand) * (price[job.length] - price[0]);
  }

  /// A job without a place, or the one of a few that stands furthest from where prices want it.
  std::size_t pick() {
    const auto& unserved = packing_.unserved();
    if (!unserved.empty() && stream_.below(2) == 0) return unserved[stream_.below(unserved.size())];
    constexpr int candidates = 5;
    std::size_t best = 0;
    double most = -1;
    for (int i = 0; i < candidates; ++i) {
      const std::size_t j = stream_.below(problem_.job_count());
      const Placement& now = packing_.schedule()[j];
      const double regret = now.served() ? priced(j, now) - ideal_[j].cost : columns_.unserved_cost(j);
      if (regret > most) {
        most = regret;
        best = j;
      }
    }
    return best;
  }

  /// Where the job should go: its ideal column, or any start at any near site.
  Placement aim(std::size_t j) {
    const RegionJob& job = problem_.jobs()[j];
    if (stream_.below(2) == 0) return ideal_[j].placement;
    Placement target;
    constexpr int tries = 8;
    for (int t = 0; t < tries; ++t) {
      target.site = static_cast<std::int32_t>(stream_.below(static_cast<std::uint64_t>(problem_.site_count())));
      target.start =
          job.release +
          static_cast<Hour>(stream_.below(static_cast<std::uint64_t>(job.deadline - job.length - job.release) + 1));
      if (problem_.near(job, target.site)) return target;
    }
    return ideal_[j].placement;
  }

  void take_out(std::size_t j) {
    undo_.emplace_back(j, packing_.schedule()[j]);
    packing_.remove(j);
    out_.push_back(j);
  }

  bool clear(std::size_t j, const Placement& target) {
    const RegionSite& site = problem_.sites()[static_cast<std::size_t>(target.site)];
    for (Hour hour = packing_.blocked(j, target); hour >= 0; hour = packing_.blocked(j, target)) {
      if (out_.size() >= most_out || site.capacity[static_cast<std::size_t>(hour)] < problem_.jobs()[j].demand)
        return false;
      const std::size_t other = packing_.running(target.site, hour, stream_);
      if (other == Packing::nobody) return false;
      take_out(other);
    }
    return true;
  }

  void put(std::size_t j, const Placement& placement) { packing_.place(j, placement); }

  /// Some that run where the job would like to, at any near site: room for those that left.
  void take_out_near(std::size_t seed) {
    const auto extra = 1 + stream_.below(4);
    const RegionJob& job = problem_.jobs()[seed];
    for (std::uint64_t i = 0; i < extra && out_.size() < most_out; ++i) {
      const auto site = static_cast<std::int32_t>(stream_.below(static_cast<std::uint64_t>(problem_.site_count())));
      const auto hour =
          job.release + static_cast<Hour>(stream_.below(static_cast<std::uint64_t>(job.deadline - job.release)));
      const std::size_t other = packing_.running(site, hour, stream_);
      if (other != Packing::nobody && other != seed) take_out(other);
    }
  }

  void refill() {
    if (stream_.below(2) == 0)
      sort_by_size(out_, problem_);
    else
      stream_.shuffle(std::span<std::size_t>(out_));
    constexpr double weights[] = {0, 0.5, 1};
    const double weight = weights[stream_.below(3)];
    for (const std::size_t j : out_)
      put(j, columns_.cheapest_free(j, weight > 0 ? &prices_ : nullptr, weight, packing_.left()).placement);
  }

  Packing& packing_;
  const RegionColumns& columns_;
  const RegionProblem& problem_;
  const Prefix& prices_;
  RandomStream& stream_;
  std::vector<RegionColumns::Found> ideal_;
  std::vector<std::pair<std::size_t, Placement>> undo_;
  std::vector<std::size_t> out_;
};

}  // namespace

Packing improved(Packing packing, const RegionColumns& columns, const Prefix& prices, const SearchOptions& options,
                 RandomStream stream) {
  Search search(packing, columns, prices, stream);
  const double hot = options.temperature * packing.cost() / static_cast<double>(columns.problem().job_count());
  Packing best = packing;
  constexpr std::int64_t look_every = 256;
  constexpr double worth_keeping = 1e-4;  // copies are not free: less is kept at the end alone
  for (std::int64_t r = 0; r < options.rounds; ++r) {
    if (r % look_every == 0) {
      if (packing.cost() <= options.target || (options.interrupted && options.interrupted())) break;
      if (options.progress) options.progress(static_cast<double>(r) / static_cast<double>(options.rounds));
      if (hot > 0 && packing.cost() < best.cost() * (1 - worth_keeping)) best = packing;
    }
    const double left = 1 - static_cast<double>(r) / static_cast<double>(options.rounds);
    // Linear to nothing at two thirds of the way; then only what helps.
    const double warmth = hot * std::max(0.0, 1.5 * left - 0.5);
    search.round(warmth > 0 ? -warmth * std::log(1 - stream.uniform()) : 0);
  }
  return best.cost() < packing.cost() ? best : packing;
}

}  // namespace cradle::shifting
