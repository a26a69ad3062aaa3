#include "cradle/workload/generator.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "cradle/base/random.h"
#include "cradle/base/text.h"
#include "openb_mix.h"

namespace cradle::workload {

namespace {

/// Draws an index with probability in proportion to its weight.
class WeightedIndex {
 public:
  explicit WeightedIndex(std::span<const double> weights) : sums_(weights.size()) {
    std::partial_sum(weights.begin(), weights.end(), sums_.begin());
  }
  /// The index, and where in its weight the draw fell, in [0, 1).
  std::pair<std::size_t, double> draw(RandomStream& stream) const {
    const double point = stream.uniform() * sums_.back();
    const auto above = std::upper_bound(sums_.begin(), sums_.end() - 1, point);
    const auto index = static_cast<std::size_t>(above - sums_.begin());
    const double low = index == 0 ? 0 : sums_[index - 1];
    return {index, (point - low) / (sums_[index] - low)};
  }

 private:
  std::vector<double> sums_;
};

/// Weight of rank k is 1 / k^exponent.
WeightedIndex zipf(std::size_t count, double exponent) {
  std::vector<double> weights(count);
  for (std::size_t k = 0; k < count; ++k) weights[k] = std::pow(static_cast<double>(k + 1), -exponent);
  return WeightedIndex(weights);
}

/// One of the four kinds of job of the trace.
struct Kind {
  int pods;
  std::span<const MixShape> shapes;
  const Quantiles* durations_s;
  const ClassCounts* classes;
};

constexpr std::array<Kind, 4> kinds = {{
    {openb_figures::cpu_only_pods, cpu_only_shapes, &cpu_only_durations_s, &cpu_only_classes},
    {openb_figures::sharing_pods, sharing_shapes, &sharing_durations_s, &sharing_classes},
    {openb_figures::one_gpu_pods, one_gpu_shapes, &one_gpu_durations_s, &one_gpu_classes},
    {openb_figures::multi_gpu_pods, multi_gpu_shapes, &multi_gpu_durations_s, &multi_gpu_classes},
}};

/// A weight for each item: its count.
template <class Items, class Count>
WeightedIndex by_count(const Items& items, Count count) {
  std::vector<double> weights;
  weights.reserve(items.size());
  for (const auto& item : items) weights.push_back(static_cast<double>(count(item)));
  return WeightedIndex(weights);
}

/// A run time whose distribution has the given quantiles, log-uniform in between; whole seconds, at least one.
std::int64_t draw_duration_s(const Quantiles& quantiles, RandomStream& stream) {
  const double u = stream.uniform();
  std::size_t i = 1;
  while (i + 1 < quantile_shares.size() && u >= quantile_shares[i]) ++i;
  const double part = (u - quantile_shares[i - 1]) / (quantile_shares[i] - quantile_shares[i - 1]);
  const double seconds = quantiles[i - 1] * std::pow(quantiles[i] / quantiles[i - 1], part);
  return std::max<std::int64_t>(1, std::llround(seconds));
}

/// Arrival times (whole seconds, sorted) of a Poisson process with the trace's rhythm, given that `count` arrive.
std::vector<std::int64_t> draw_arrivals_s(std::size_t count, std::int64_t window_ms, RandomStream& stream) {
  std::vector<double> weights;
  for (std::int64_t at = 0; at < window_ms; at += ms_per_hour) {
    const auto hour = static_cast<std::size_t>(at / ms_per_hour);
    const double part = static_cast<double>(std::min(ms_per_hour, window_ms - at)) / static_cast<double>(ms_per_hour);
    weights.push_back(hourly_arrivals[hour % 24] * daily_arrivals[hour / 24 % 7] * part);
  }
  const WeightedIndex hours(weights);
  std::vector<std::int64_t> arrivals(count);
  for (std::int64_t& arrival_s : arrivals) {
    const auto [hour, part] = hours.draw(stream);
    const std::int64_t start_ms = static_cast<std::int64_t>(hour) * ms_per_hour;
    const auto width_ms = static_cast<double>(std::min(ms_per_hour, window_ms - start_ms));
    const std::int64_t at_ms = start_ms + static_cast<std::int64_t>(part * width_ms);
    arrival_s = std::min(at_ms, window_ms - 1) / ms_per_second;
  }
  std::sort(arrivals.begin(), arrivals.end());
  return arrivals;
}

// Who submits, and for what. The trace does not say, so that these are our assumptions: a few users submit most jobs
// (the first 6 of 120 about 59 %), and every user works on one product.
constexpr std::size_t user_count = 120;
constexpr double user_exponent = 1.2;
constexpr double product_exponent = 0.8;
constexpr std::array<std::string_view, 12> products = {
    "search-ranking", "feed-recommendation", "speech-to-text", "photo-tagging", "translation",    "ad-ranking",
    "chat-assistant", "code-completion",     "fraud-check",    "route-planner", "video-captions", "product-search"};

std::string numbered(std::string_view prefix, std::size_t number, std::size_t width) {
  const std::string digits = std::to_string(number);
  return std::string(prefix) + std::string(width > digits.size() ? width - digits.size() : 0, '0') + digits;
}

}  // namespace

Result<Workload> generate_workload(const GeneratorOptions& options) {
  if (options.window_ms < ms_per_second || options.window_ms > max_generated_window_ms)
    return bad_input("a window of " + std::to_string(options.window_ms) + " ms", "generator",
                     "give a window between 1 s and 3660 days");
  if (!std::isfinite(options.load) || options.load <= 0)
    return bad_input("a load of " + shortest(options.load), "generator",
                     "give a load above 0; 1 is the arrival rate of the trace");
  const double expected = openb_figures::pods * options.load * static_cast<double>(options.window_ms) /
                          static_cast<double>(openb_figures::window_ms);
  if (expected > static_cast<double>(max_generated_jobs))
    return bad_input("this load and window give more than " + std::to_string(max_generated_jobs) + " jobs", "generator",
                     "lower the load or shorten the window");
  const auto count = static_cast<std::size_t>(std::llround(expected));
  if (count == 0)
    return bad_input("this load and window give no job", "generator", "raise the load or lengthen the window");

  const WeightedIndex kind_index = by_count(kinds, [](const Kind& kind) { return kind.pods; });
  std::vector<WeightedIndex> shape_index, class_index;
  for (const Kind& kind : kinds) {
    shape_index.push_back(by_count(kind.shapes, [](const MixShape& shape) { return shape.pods; }));
    class_index.push_back(by_count(*kind.classes, [](int pods) { return pods; }));
  }

  RandomStream product_stream(options.seed, "workload/products");
  const WeightedIndex product_index = zipf(products.size(), product_exponent);
  std::vector<std::string_view> product_of_user(user_count);
  for (std::string_view& product : product_of_user) product = products[product_index.draw(product_stream).first];

  RandomStream arrival_stream(options.seed, "workload/arrivals");
  RandomStream shape_stream(options.seed, "workload/shapes");
  RandomStream duration_stream(options.seed, "workload/durations");
  RandomStream user_stream(options.seed, "workload/users");
  const WeightedIndex user_index = zipf(user_count, user_exponent);
  const std::vector<std::int64_t> arrivals_s = draw_arrivals_s(count, options.window_ms, arrival_stream);
  const std::size_t name_width = std::max<std::size_t>(4, std::to_string(count - 1).size());

  Workload workload;
  workload.name = "generated";
  workload.jobs.reserve(count);
  std::size_t cut = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t k = kind_index.draw(shape_stream).first;
    const MixShape& shape = kinds[k].shapes[shape_index[k].draw(shape_stream).first];
    const std::size_t user = user_index.draw(user_stream).first;
    Job job;
    job.name = numbered("job-", i, name_width);
    job.user = numbered("user-", user + 1, 3);
    job.product = product_of_user[user];
    job.service_class = service_classes[class_index[k].draw(shape_stream).first];
    job.demand.cpu_milli = shape.cpu_milli;
    job.demand.memory_mib = shape.memory_mib;
    job.demand.gpu_count = shape.gpu_count;
    job.demand.gpu_milli = shape.gpu_milli;
    job.arrival_ms = arrivals_s[i] * ms_per_second;
    job.duration_ms = draw_duration_s(*kinds[k].durations_s, duration_stream) * ms_per_second;
    const std::int64_t left_ms =
        std::max<std::int64_t>(1, (options.window_ms - job.arrival_ms) / ms_per_second) * ms_per_second;
    if (job.duration_ms > left_ms) {
      job.duration_ms = left_ms;
      ++cut;
    }
    workload.jobs.push_back(std::move(job));
  }
  workload.notes.push_back("generated with seed " + std::to_string(options.seed) +
                           " from the mix of the openb trace (" + std::to_string(count) +
                           " jobs); users and products are assumptions");
  if (cut > 0) workload.notes.push_back("jobs still running when the window ends, cut there: " + std::to_string(cut));
  return workload;
}

Result<std::vector<NodeRow>> generate_nodes(double scale) {
  if (!std::isfinite(scale) || scale <= 0)
    return bad_input("a scale of " + shortest(scale), "generator",
                     "give a scale above 0; 1 is the cluster of the trace");
  if (scale * openb_figures::nodes > static_cast<double>(max_generated_nodes))
    return bad_input("this scale gives more than " + std::to_string(max_generated_nodes) + " nodes", "generator",
                     "lower the scale");

  // Largest remainder: the whole parts first, the rest to the types that were rounded down most.
  const auto total = std::max<std::int64_t>(1, std::llround(scale * openb_figures::nodes));
  std::array<std::int64_t, mix_nodes.size()> counts{};
  std::array<std::int64_t, mix_nodes.size()> remainders{};
  for (std::size_t i = 0; i < mix_nodes.size(); ++i) {
    counts[i] = total * mix_nodes[i].nodes / openb_figures::nodes;
    remainders[i] = total * mix_nodes[i].nodes % openb_figures::nodes;
  }
  std::array<std::size_t, mix_nodes.size()> order{};
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return remainders[a] > remainders[b]; });
  std::int64_t left = total - std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
  for (std::size_t i = 0; left > 0; ++i, --left) ++counts[order[i]];

  const std::size_t name_width = std::max<std::size_t>(4, std::to_string(total - 1).size());
  std::vector<NodeRow> nodes;
  nodes.reserve(static_cast<std::size_t>(total));
  for (std::size_t i = 0; i < mix_nodes.size(); ++i)
    for (std::int64_t n = 0; n < counts[i]; ++n)
      nodes.push_back({.name = numbered("node-", nodes.size(), name_width),
                       .cpu_milli = mix_nodes[i].cpu_milli,
                       .memory_mib = mix_nodes[i].memory_mib,
                       .gpu_count = mix_nodes[i].gpu_count,
                       .gpu_model = std::string(mix_nodes[i].model)});
  return nodes;
}

}  // namespace cradle::workload
