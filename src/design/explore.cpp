#include "cradle/design/explore.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "cradle/base/parallel.h"
#include "cradle/base/random.h"

namespace cradle::design {

namespace {

constexpr std::uint64_t chunk = 1 << 15;
constexpr std::uint64_t chunks_a_round = 32;

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
  /// Leaves no more than were asked for.
  void close() { trim(); }
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

  /// What a thread keeps from round to round.
  struct Worker {
    Worker(const Evaluator& evaluator, std::size_t objectives, std::size_t cloud, std::uint64_t salt)
        : collector(evaluator), front(objectives), sample(cloud, salt) {}
    Collector collector;
    Batch batch;
    ParetoFront front;
    Sample sample;
    std::uint64_t evaluated = 0, impossible = 0, oversized = 0, excluded = 0;
    std::optional<std::uint64_t> not_finite;
  };
  const unsigned threads = options.threads != 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency());
  std::vector<Worker> workers;
  for (unsigned i = 0; i < threads; ++i) workers.emplace_back(evaluator, objectives, options.cloud, salt);

  const std::uint64_t chunks = result.points / chunk + (result.points % chunk != 0 ? 1 : 0);
  for (std::uint64_t begin = 0; begin < chunks && !options.stop.stop_requested(); begin += chunks_a_round) {
    const std::uint64_t end = std::min(chunks, begin + chunks_a_round);
    std::atomic<std::uint64_t> next{begin};
    parallel_for(threads, threads, [&](std::size_t thread) {
      Worker& mine = workers[thread];
      // Chunks are handed out in order, so that those before a value that is not finite are seen by somebody.
      while (!options.stop.stop_requested() && !mine.not_finite) {
        const std::uint64_t number = next.fetch_add(1);
        if (number >= end) break;
        const std::uint64_t first = number * chunk, count = std::min(chunk, result.points - first);
        mine.batch.clear();
        mine.collector.collect(first, count, mine.batch);
        if (!mine.front.add(mine.batch.rows, mine.batch.indices)) mine.not_finite = first;
        for (std::size_t i = 0; i < mine.batch.indices.size(); ++i)
          mine.sample.offer(mine.batch.indices[i], std::span(mine.batch.rows).subspan(i * objectives, objectives));
        mine.evaluated += count;
        mine.impossible += mine.batch.impossible;
        mine.oversized += mine.batch.oversized;
        mine.excluded += mine.batch.excluded;
        if (options.progress) options.progress(count);
      }
      mine.front.settle();
    });
    std::optional<std::uint64_t> not_finite;
    std::size_t held = 0;
    for (const Worker& worker : workers) {
      held += worker.front.held();
      if (worker.not_finite) not_finite = std::min(not_finite.value_or(*worker.not_finite), *worker.not_finite);
    }
    if (not_finite)
      return bad_input("a value near point " + std::to_string(*not_finite) + " is not finite", space.source,
                       "look at it with: cradle design show --point " + std::to_string(*not_finite));
    // The parts' fronts together are at least the whole front; only where they are too many must it be known.
    if (held <= options.most_front || end == chunks) continue;
    for (std::size_t i = 1; i < workers.size(); ++i) {
      workers[0].front.merge(workers[i].front);
      workers[i].front = ParetoFront(objectives);
    }
    workers[0].front.settle();
    if (workers[0].front.held() <= options.most_front) continue;
    result.too_large = !options.stop.stop_requested();
    break;
  }

  ParetoFront& front = workers[0].front;
  Sample& sample = workers[0].sample;
  for (std::size_t i = 0; i < workers.size(); ++i) {
    if (i > 0) front.merge(workers[i].front);
    if (i > 0) sample.merge(workers[i].sample);
    result.evaluated += workers[i].evaluated;
    result.impossible += workers[i].impossible;
    result.oversized += workers[i].oversized;
    result.excluded += workers[i].excluded;
  }
  sample.close();
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
