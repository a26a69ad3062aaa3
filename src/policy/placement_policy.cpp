#include "cradle/policy/placement_policy.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "cradle/base/text.h"

namespace cradle::policy {

using fleet::GpuShares;
using fleet::milli;
using fleet::NodeView;
using fleet::Request;

namespace {

constexpr double best = 100;

/// Go's int64(x): towards zero.
double quantise(double value, Quantisation quantisation) {
  return quantisation == Quantisation::integer ? std::trunc(value) : value;
}

double dot_product(const NodeView& node, const Request& request, const Scale& scale) {
  const auto max_cpu = static_cast<double>(scale.max_cpu_milli);
  const auto max_gpu = static_cast<double>(std::max<std::int64_t>(scale.max_gpu_milli, 1));
  const double cpu = static_cast<double>(node.cpu_left) / max_cpu * (static_cast<double>(request.cpu_milli) / max_cpu);
  const double gpu =
      static_cast<double>(node.gpu_total_left) / max_gpu * (static_cast<double>(request.total_gpu_milli()) / max_gpu);
  return best * (1 - (cpu + gpu) / 2);
}

double best_fit(const NodeView& node, const Request& request, const Scale& scale) {
  const auto max_gpu = static_cast<double>(std::max<std::int64_t>(scale.max_gpu_milli, 1));
  const double cpu =
      static_cast<double>(node.cpu_left - request.cpu_milli) / static_cast<double>(scale.max_cpu_milli) * 0.5;
  const double gpu = static_cast<double>(node.gpu_total_left - request.total_gpu_milli()) / max_gpu * 0.5;
  return (1 - (cpu + gpu)) * best;
}

double clustering(const NodeView& node, const Request& request, const Scale& scale, Quantisation quantisation) {
  if (request.gpu_count == 0) return 0;
  const auto used = static_cast<double>(scale.max_gpu_milli - node.gpu_total_left);
  const double fullness = quantise(best / 4 * used / static_cast<double>(scale.max_gpu_milli), quantisation);
  const auto kinds = std::count_if(node.affinity.begin(), node.affinity.end(), [](auto jobs) { return jobs > 0; });
  const std::size_t kind = request.shares_gpu() ? 0 : static_cast<std::size_t>(request.gpu_count);
  double band = 0;
  if (node.affinity[kind] > 0) {
    band = kinds == 1 ? 3 : 2;
  } else if (kinds == 0) {
    band = 1;
  }
  return fullness + band * best / 4;
}

double packing(const NodeView& node, const Request& request, Quantisation quantisation) {
  if (request.gpu_count == 0) return 0;
  const int idle = idle_gpus(node);
  const double third = quantise(best / 3, quantisation);
  if (idle == node.gpu_count) return std::max(third - idle, static_cast<double>(idle));

  // The GPUs with the least left that still fit, as many as are asked for.
  std::array<int, fleet::max_gpus> left{};
  int fitting = 0;
  for (int gpu = 0; gpu < node.gpu_count; ++gpu) {
    const int share = node.gpu_left[static_cast<std::size_t>(gpu)];
    if (share >= request.gpu_milli) left[static_cast<std::size_t>(fitting++)] = share;
  }
  std::sort(left.begin(), left.begin() + fitting);
  int idle_to_use = 0;
  double free_percent = 0;
  for (int gpu = 0; gpu < std::min(fitting, request.gpu_count); ++gpu) {
    const int share = left[static_cast<std::size_t>(gpu)];
    idle_to_use += share == milli;
    free_percent += quantise(share * 100.0 / milli, quantisation);
  }
  if (idle_to_use > 0) return std::max(best / 2 - idle_to_use, third);
  return std::max(best - quantise(free_percent / 10, quantisation), best / 2);
}

struct BestGpu {
  double score = 0;
  std::uint32_t gpus = 0;
};

double fragmentation_score(double before, double after, Quantisation quantisation) {
  return quantise(best / (1 + std::exp(-(before - after) / 1000)), quantisation);
}

/// Tries each GPU that fits a sharing request; GPUs with the same share left give the same score.
template <class ScoreAfter>
BestGpu over_gpus(const NodeView& node, const Request& request, const ScoreAfter& score_after) {
  BestGpu chosen;
  GpuShares shares = node.gpu_left;
  for (int gpu = 0; gpu < node.gpu_count; ++gpu) {
    auto& left = shares[static_cast<std::size_t>(gpu)];
    if (left < request.gpu_milli) continue;
    const auto first = std::find(node.gpu_left.begin(), node.gpu_left.begin() + gpu, left);
    if (first != node.gpu_left.begin() + gpu) continue;
    const std::int16_t before = left;
    left = static_cast<std::int16_t>(left - request.gpu_milli);
    const double value = score_after(shares);
    left = before;
    if (chosen.gpus == 0 || value > chosen.score) chosen = {value, 1U << gpu};
  }
  return chosen;
}

BestGpu fragmentation(Quantisation quantisation, const Scale& scale, const NodeView& node, const Request& request,
                      double before) {
  const std::int64_t cpu_left = node.cpu_left - request.cpu_milli;
  const auto score_after = [&](const GpuShares& shares) {
    return fragmentation_score(before, scale.fragmentation->amount(node.gpu_model, cpu_left, shares, node.gpu_count),
                               quantisation);
  };
  if (request.shares_gpu()) return over_gpus(node, request, score_after);
  const std::uint32_t gpus = first_idle_gpus(node, request.gpu_count);
  GpuShares shares = node.gpu_left;
  for (int gpu = 0; gpu < node.gpu_count; ++gpu)
    if ((gpus >> gpu & 1U) != 0) shares[static_cast<std::size_t>(gpu)] = 0;
  return {score_after(shares), gpus};
}

/// How the draw of processors follows the threads in use.
enum class Processors { by_socket, by_share };

BestGpu power(Quantisation quantisation, const NodeView& node, const Request& request, Processors processors) {
  const int idle = idle_gpus(node);
  const std::int64_t cpu_left = node.cpu_left - request.cpu_milli;
  const auto draw = [&](std::int64_t cpu, int idle_now) {
    if (processors == Processors::by_share) {
      const carbon::Watts gpus = node.power.gpu_idle * idle_now + node.power.gpu_full * (node.gpu_count - idle_now);
      const carbon::Watts per_thread =
          (node.power.socket_full - node.power.socket_idle) / (2.0 * node.power.cores_per_socket);
      return gpus.value() + per_thread.value() * static_cast<double>(node.cpu_capacity - cpu) / 1000;
    }
    const fleet::NodePower now = node_power(node.power, node.cpu_capacity, cpu, node.gpu_count, idle_now);
    return now.gpu.value() + now.cpu.value();
  };
  const double before = draw(node.cpu_left, idle);
  const auto score_after = [&](int idle_after) { return quantise(before - draw(cpu_left, idle_after), quantisation); };
  if (request.shares_gpu())
    return over_gpus(node, request, [&](const GpuShares& shares) {
      const auto end = shares.begin() + node.gpu_count;
      return score_after(static_cast<int>(std::count(shares.begin(), end, static_cast<std::int16_t>(milli))));
    });
  return {score_after(idle - request.gpu_count), first_idle_gpus(node, request.gpu_count)};
}

BestGpu scored(Measure measure, Quantisation quantisation, const Scale& scale, const NodeView& node,
               const Request& request, double fragmentation_now) {
  switch (measure) {
    case Measure::fragmentation: return fragmentation(quantisation, scale, node, request, fragmentation_now);
    case Measure::power: return power(quantisation, node, request, Processors::by_socket);
    // The site's factor makes grams of watts later: rounding the watts first would lose the small increases.
    case Measure::carbon: return power(Quantisation::full, node, request, Processors::by_socket);
    // A thread's share is a watt or two: rounding it would lose it.
    case Measure::power_share:
    case Measure::carbon_share: return power(Quantisation::full, node, request, Processors::by_share);
    case Measure::random: return {0, 0};
    case Measure::dot_product: return {quantise(dot_product(node, request, scale), quantisation), 0};
    case Measure::clustering: return {clustering(node, request, scale, quantisation), 0};
    case Measure::packing: return {packing(node, request, quantisation), 0};
    case Measure::best_fit: return {quantise(best_fit(node, request, scale), quantisation), 0};
  }
  return {0, 0};
}

/// Weights of the published combination that keeps allocation near FGD's (fleet simulator fork, 100/900).
constexpr double power_weight = 100;
constexpr double fragmentation_weight = 900;
/// Ours: most of the say about power goes to its share, and enough to its real increase to decide between equals.
/// docs/decisions/0012 has the neighbourhood of these weights: results hold from a half to twice of each.
constexpr double share_weight = 120;
constexpr double increase_weight = 30;

const std::vector<PlacementPolicy>& policies() {
  static const std::vector<PlacementPolicy> all{
      {"Random", {{Measure::random}}, GpuChoice::random},
      {"DotProd", {{Measure::dot_product}}, GpuChoice::tightest},
      {"GpuClustering", {{Measure::clustering}}, GpuChoice::tightest},
      {"GpuPacking", {{Measure::packing}}, GpuChoice::tightest},
      {"BestFit", {{Measure::best_fit, 1, Scaling::min_max}}, GpuChoice::tightest},
      {"FGD", {{Measure::fragmentation}}, GpuChoice::best_scored},
      {"PWR", {{Measure::power, 1, Scaling::min_max}}, GpuChoice::best_scored},
      {"PWR+FGD",
       {{Measure::fragmentation, fragmentation_weight}, {Measure::power, power_weight, Scaling::min_max}},
       GpuChoice::best_scored},
      {"Carbon+FGD",
       {{Measure::fragmentation, fragmentation_weight}, {Measure::carbon, power_weight, Scaling::min_max}},
       GpuChoice::best_scored},
      {"PowerShare+FGD",
       {{Measure::fragmentation, fragmentation_weight},
        {Measure::power_share, share_weight, Scaling::min_max},
        {Measure::power, increase_weight, Scaling::min_max}},
       GpuChoice::best_scored},
      {"CarbonShare+FGD",
       {{Measure::fragmentation, fragmentation_weight},
        {Measure::carbon_share, share_weight, Scaling::min_max},
        {Measure::carbon, increase_weight, Scaling::min_max}},
       GpuChoice::best_scored},
  };
  return all;
}

std::vector<std::string> names(std::size_t count) {
  std::vector<std::string> list;
  for (std::size_t i = 0; i < count; ++i) list.push_back(policies()[i].name);
  return list;
}

}  // namespace

std::span<const std::string> policy_names() {
  static const std::vector<std::string> list = names(policies().size());
  return list;
}

std::span<const std::string> published_policy_names() { return policy_names().first(6); }

Result<PlacementPolicy> policy_by_name(std::string_view name) {
  const std::size_t at = name.find('@');
  const std::string_view base = name.substr(0, at);
  const auto& all = policies();
  const auto known =
      std::find_if(all.begin(), all.end(), [&](const PlacementPolicy& policy) { return policy.name == base; });
  if (known == all.end()) return bad_input("no policy '" + std::string(base) + "'", "", suggest(base, policy_names()));
  PlacementPolicy policy = *known;
  if (at == std::string_view::npos) return policy;

  constexpr double heaviest_weight = 1e6;
  const auto refuse = [&](const std::string& what) {
    return bad_input(what + " in '" + std::string(name) + "'", "",
                     "write PWR+FGD@200/800: power 200, fragmentation 800");
  };
  if (policy.components.size() != 2) return refuse("weights on a policy that has not two measures");
  const std::vector<std::string_view> parts = split(name.substr(at + 1), '/');
  if (parts.size() != 2) return refuse("not two weights");
  double sum = 0;
  // The name says power (or carbon) first; fragmentation is the first component.
  for (std::size_t i = 0; i < 2; ++i) {
    const auto weight = parse_number(parts[i]);
    if (!weight || *weight < 0 || *weight > heaviest_weight) return refuse("not a weight");
    policy.components[1 - i].weight = *weight;
    sum += *weight;
  }
  if (sum == 0) return refuse("no positive weight");
  policy.name = std::string(name);
  return policy;
}

const Component& heaviest(const PlacementPolicy& policy) {
  return *std::max_element(policy.components.begin(), policy.components.end(),
                           [](const Component& a, const Component& b) { return a.weight < b.weight; });
}

double score(Measure measure, Quantisation quantisation, const Scale& scale, const NodeView& node,
             const Request& request, double fragmentation_now) {
  return scored(measure, quantisation, scale, node, request, fragmentation_now).score;
}

std::uint32_t best_scored_gpu(Measure measure, Quantisation quantisation, const Scale& scale, const NodeView& node,
                              const Request& request, double fragmentation_now) {
  return scored(measure, quantisation, scale, node, request, fragmentation_now).gpus;
}

}  // namespace cradle::policy
