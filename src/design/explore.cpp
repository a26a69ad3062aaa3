#include "cradle/design/explore.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "cradle/base/parallel.h"
#include "cradle/base/random.h"

namespace cradle::design {

namespace {

constexpr std::uint64_t chunk = 1 << 15;

/// The mixing step of splitmix64 (Steele et al. 2014): a bijection that looks random.
std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

/// Keeps the points whose mixed number is lowest: a uniform sample that depends neither on their order nor on how they
/// are divided.
class Sample {
 public:
  Sample(std::size_t size, std::uint64_t salt) : size_(size), salt_(salt) {}

  void offer(std::uint64_t index, std::span<const double> values) {
    const std::uint64_t rank = mixed(index ^ salt_);
    if (kept_.size() >= 2 * size_ + 16) trim();
    if (rank >= limit_) return;
    kept_.push_back({rank, {index, std::vector<double>(values.begin(), values.end())}});
  }
  void merge(const Sample& other) {
    for (const auto& entry : other.kept_) kept_.push_back(entry);
    trim();
  }
  std::vector<FrontPoint> points() const {
    std::vector<FrontPoint> list;
    for (const auto& entry : kept_) list.push_back(entry.second);
    return list;
  }

 private:
  void trim() {
    if (kept_.size() <= size_) return;
    const auto middle = kept_.begin() + static_cast<std::ptrdiff_t>(size_);
    std::nth_element(kept_.begin(), middle, kept_.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    limit_ = middle->first;
    kept_.erase(middle, kept_.end());
  }

  std::size_t size_;
  std::uint64_t salt_;
  std::uint64_t limit_ = std::numeric_limits<std::uint64_t>::max();
  std::vector<std::pair<std::uint64_t, FrontPoint>> kept_;
};

}  // namespace

Result<Exploration> explore(const Space& space, const ExploreOptions& options) {
  Exploration result;
  result.points = space.points();
  const Evaluator evaluator(space);
  const std::size_t objectives = space.objectives.size();
  const std::uint64_t salt = RandomStream(options.seed, "cloud").next();
  ParetoFront front(objectives);
  Sample sample(options.cloud, salt);

  const std::uint64_t chunks = result.points / chunk + (result.points % chunk != 0 ? 1 : 0);
  const unsigned threads = options.threads != 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency());
  std::atomic<std::uint64_t> next{0};
  std::atomic<bool> too_large{false};
  std::optional<std::uint64_t> not_finite;
  std::mutex merging;
  parallel_for(threads, threads, [&](std::size_t) {
    Collector collector(evaluator);
    ParetoFront mine(objectives);
    Sample my_sample(options.cloud, salt);
    Batch batch;
    std::uint64_t evaluated = 0, impossible = 0, excluded = 0;
    std::optional<std::uint64_t> strange;
    while (!options.stop.stop_requested() && !too_large && !strange) {
      const std::uint64_t number = next.fetch_add(1);
      if (number >= chunks) break;
      const std::uint64_t first = number * chunk, count = std::min(chunk, result.points - first);
      batch.clear();
      collector.collect(first, count, batch);
      if (!mine.add(batch.rows, batch.indices)) strange = first;
      for (std::size_t i = 0; i < batch.indices.size(); ++i)
        my_sample.offer(batch.indices[i], std::span(batch.rows).subspan(i * objectives, objectives));
      evaluated += count;
      impossible += batch.impossible;
      excluded += batch.excluded;
      if (mine.held() > most_front_points) too_large = true;
      if (options.progress) options.progress(count);
    }
    const std::lock_guard lock(merging);
    result.evaluated += evaluated;
    result.impossible += impossible;
    result.excluded += excluded;
    if (strange) not_finite = strange;
    if (too_large) return;
    front.merge(mine);
    sample.merge(my_sample);
  });
  if (not_finite)
    return bad_input("a value near point " + std::to_string(*not_finite) + " is not finite", space.source,
                     "look at it with: cradle design show --point " + std::to_string(*not_finite));
  if (too_large || front.held() > most_front_points)
    return Error{ErrorCode::budget_exceeded,
                 "the front has more than " + std::to_string(most_front_points) + " points", space.source,
                 "name fewer objectives, or tighter constraints"};
  result.front = front.points();
  std::vector<std::uint64_t> on_front;
  for (const FrontPoint& point : result.front) on_front.push_back(point.index);
  std::sort(on_front.begin(), on_front.end());
  result.cloud = sample.points();
  std::erase_if(result.cloud, [&](const FrontPoint& point) {
    return std::binary_search(on_front.begin(), on_front.end(), point.index);
  });
  std::sort(result.cloud.begin(), result.cloud.end(),
            [](const FrontPoint& a, const FrontPoint& b) { return a.index < b.index; });
  return result;
}

std::size_t best(const std::vector<FrontPoint>& front, std::size_t objective) {
  std::size_t position = 0;
  for (std::size_t i = 1; i < front.size(); ++i)
    if (front[i].values[objective] < front[position].values[objective]) position = i;
  return position;
}

std::size_t knee(const std::vector<FrontPoint>& front) {
  const std::size_t objectives = front.front().values.size();
  std::vector<double> least(front.front().values), most(front.front().values);
  for (const FrontPoint& point : front)
    for (std::size_t k = 0; k < objectives; ++k) {
      least[k] = std::min(least[k], point.values[k]);
      most[k] = std::max(most[k], point.values[k]);
    }
  std::size_t position = 0;
  double nearest = INFINITY;
  for (std::size_t i = 0; i < front.size(); ++i) {
    double distance = 0;
    for (std::size_t k = 0; k < objectives; ++k) {
      if (!(most[k] > least[k])) continue;
      const double part = (front[i].values[k] - least[k]) / (most[k] - least[k]);
      distance += part * part;
    }
    if (distance < nearest) {
      nearest = distance;
      position = i;
    }
  }
  return position;
}

}  // namespace cradle::design
