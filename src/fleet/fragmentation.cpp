#include "cradle/fleet/fragmentation.h"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

namespace cradle::fleet {

std::vector<TypicalDemand> typical_demands(std::span<const workload::Job> jobs, const Cluster& cluster,
                                           double coverage) {
  using Key = std::tuple<std::int64_t, int, int, std::vector<std::string>>;
  std::map<Key, std::size_t> histogram;
  for (const workload::Job& job : jobs)
    ++histogram[Key{job.demand.cpu_milli, job.demand.gpu_milli, job.demand.gpu_count, job.demand.gpu_models}];

  std::vector<std::pair<std::size_t, Key>> ranked;
  ranked.reserve(histogram.size());
  for (const auto& [key, count] : histogram) ranked.emplace_back(count, key);
  std::sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a > b; });

  std::vector<TypicalDemand> demands;
  std::size_t covered = 0;
  for (const auto& [count, key] : ranked) {
    if (static_cast<double>(covered) >= coverage * static_cast<double>(jobs.size())) break;
    workload::Demand demand;
    std::tie(demand.cpu_milli, demand.gpu_milli, demand.gpu_count, demand.gpu_models) = key;
    demands.push_back({cluster.request(demand), static_cast<double>(count)});
    covered += count;
  }
  for (TypicalDemand& demand : demands) demand.share /= static_cast<double>(covered);
  return demands;
}

FragmentationModel::FragmentationModel(std::span<const TypicalDemand> demands) : models_(no_gpu + 1) {
  for (const TypicalDemand& demand : demands)
    if (demand.request.gpu_count > 0) thresholds_.push_back(static_cast<std::int16_t>(demand.request.gpu_milli));
  std::sort(thresholds_.begin(), thresholds_.end());
  thresholds_.erase(std::unique(thresholds_.begin(), thresholds_.end()), thresholds_.end());

  for (std::size_t model = 0; model < models_.size(); ++model) {
    for (const TypicalDemand& demand : demands) {
      const Request& request = demand.request;
      if (request.gpu_count == 0 || model == no_gpu || (request.accepted_models >> model & 1) == 0) {
        models_[model].unusable += demand.share;
        continue;
      }
      const auto threshold = std::lower_bound(thresholds_.begin(), thresholds_.end(), request.gpu_milli);
      models_[model].shapes.push_back(
          {request.cpu_milli, static_cast<int>(threshold - thresholds_.begin()), request.gpu_count, demand.share});
    }
  }
}

double FragmentationModel::amount(GpuModel model, std::int64_t cpu_left, const GpuShares& gpu_left,
                                  int gpu_count) const {
  std::int64_t total = 0;
  // For each threshold: how many GPUs have that much left, and what is left on the others.
  std::array<int, milli + 1> fitting;
  std::array<int, milli + 1> too_small;
  for (int gpu = 0; gpu < gpu_count; ++gpu) total += gpu_left[static_cast<std::size_t>(gpu)];
  if (total == 0) return 0;
  for (std::size_t t = 0; t < thresholds_.size(); ++t) {
    int count = 0;
    int rest = 0;
    for (int gpu = 0; gpu < gpu_count; ++gpu) {
      const int left = gpu_left[static_cast<std::size_t>(gpu)];
      const bool fits = left >= thresholds_[t];
      count += fits;
      rest += fits ? 0 : left;
    }
    fitting[t] = count;
    too_small[t] = rest;
  }
  const auto everything = static_cast<double>(total);
  const PerModel& per_model = models_[model];
  double amount = per_model.unusable * everything;
  for (const Shape& shape : per_model.shapes) {
    const auto t = static_cast<std::size_t>(shape.threshold);
    const bool usable = cpu_left >= shape.cpu_milli && fitting[t] >= shape.gpu_count;
    amount += shape.share * (usable ? static_cast<double>(too_small[t]) : everything);
  }
  return amount;
}

double fragmentation(const Cluster& cluster, const FragmentationModel& model) {
  double sum = 0;
  for (NodeIndex node = 0; node < cluster.size(); ++node) sum += model.amount(cluster.view(node));
  return sum;
}

}  // namespace cradle::fleet
