#include "cradle/study/fgd_comparison.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "cradle/base/parallel.h"
#include "cradle/base/text.h"
#include "cradle/fleet/cluster.h"
#include "cradle/simulate/inflation.h"
#include "cradle/study/fleet_plan.h"

namespace cradle::study {

namespace {

struct PublishedRow {
  double allocation, allocation_sd;           ///< at 130 % demand
  double fragmentation_50, fragmentation_80;  ///< at 50 % and 80 % demand, percent of all GPUs
};

struct PublishedTrace {
  std::string_view name;
  std::size_t pods;                  ///< in the list
  std::array<PublishedRow, 6> rows;  ///< in the order of policy::published_policy_names()
};

/// Means over seeds 42..51 of the artefact's expected results (source at the declarations), to the printed digits.
constexpr std::array<PublishedTrace, 17> published_traces{{
    {"cpu050",
     7439,
     {{{91.24, 0.20, 10.74, 12.43},
       {93.27, 0.18, 6.93, 6.93},
       {93.79, 0.31, 6.47, 6.42},
       {93.72, 0.28, 6.51, 6.50},
       {93.79, 0.14, 6.50, 6.47},
       {95.21, 0.09, 4.92, 4.63}}}},
    {"cpu100",
     7853,
     {{{89.11, 0.28, 13.36, 14.47},
       {91.95, 0.26, 9.93, 8.76},
       {92.64, 0.41, 9.84, 8.19},
       {92.72, 0.43, 9.84, 8.20},
       {93.44, 0.12, 9.05, 7.48},
       {95.35, 0.13, 7.33, 5.45}}}},
    {"cpu200",
     8832,
     {{{83.77, 0.32, 18.89, 19.15},
       {87.70, 0.59, 16.72, 13.50},
       {89.92, 0.37, 16.73, 11.88},
       {90.22, 0.47, 16.55, 11.68},
       {92.40, 0.23, 14.38, 9.79},
       {95.05, 0.15, 12.23, 7.12}}}},
    {"cpu250",
     9420,
     {{{80.42, 0.28, 22.27, 21.84},
       {83.81, 0.44, 20.67, 16.91},
       {87.99, 0.55, 20.29, 13.86},
       {88.28, 0.62, 20.20, 13.72},
       {91.45, 0.21, 17.18, 11.11},
       {93.41, 0.26, 14.65, 7.96}}}},
    {"default",
     8152,
     {{{87.47, 0.30, 15.10, 15.92},
       {90.85, 0.19, 12.09, 10.09},
       {91.88, 0.59, 12.11, 9.36},
       {92.00, 0.52, 12.01, 9.28},
       {93.08, 0.13, 10.81, 8.29},
       {95.39, 0.08, 8.93, 5.97}}}},
    {"gpushare100",
     8152,
     {{{79.44, 0.12, 22.14, 22.60},
       {82.42, 0.30, 17.42, 18.19},
       {82.65, 0.46, 17.93, 17.92},
       {82.57, 0.46, 18.02, 18.03},
       {85.01, 0.19, 15.35, 15.61},
       {86.90, 0.14, 13.32, 13.13}}}},
    {"gpushare40",
     8152,
     {{{86.00, 0.34, 16.76, 17.57},
       {89.56, 0.13, 12.88, 11.24},
       {90.02, 0.56, 13.36, 11.02},
       {90.03, 0.48, 13.35, 11.04},
       {91.69, 0.20, 11.58, 9.49},
       {94.15, 0.06, 9.55, 6.96}}}},
    {"gpushare60",
     8152,
     {{{83.65, 0.27, 18.70, 19.28},
       {87.11, 0.27, 14.38, 13.45},
       {87.20, 0.40, 14.91, 13.40},
       {87.45, 0.36, 14.82, 13.25},
       {89.36, 0.18, 12.88, 11.49},
       {91.40, 0.11, 10.91, 9.20}}}},
    {"gpushare80",
     8152,
     {{{81.22, 0.28, 20.30, 21.20},
       {84.49, 0.19, 16.00, 16.00},
       {84.85, 0.51, 16.43, 15.63},
       {85.00, 0.47, 16.38, 15.55},
       {87.01, 0.22, 14.16, 13.63},
       {89.30, 0.12, 12.00, 10.98}}}},
    {"gpuspec10",
     8152,
     {{{87.43, 0.26, 17.03, 16.02},
       {90.39, 0.36, 14.96, 11.58},
       {92.18, 0.68, 14.40, 10.26},
       {92.46, 0.63, 14.18, 10.08},
       {93.30, 0.19, 13.28, 9.37},
       {94.95, 0.20, 11.72, 7.54}}}},
    {"gpuspec20",
     8152,
     {{{87.24, 0.31, 19.68, 16.68},
       {89.97, 0.38, 18.80, 13.81},
       {92.25, 0.58, 17.94, 12.21},
       {92.94, 0.61, 17.42, 11.67},
       {93.30, 0.08, 17.12, 11.53},
       {94.84, 0.12, 15.03, 8.87}}}},
    {"gpuspec25",
     8152,
     {{{86.94, 0.36, 21.23, 17.43},
       {89.63, 0.34, 20.86, 15.11},
       {92.08, 0.61, 19.78, 13.45},
       {92.98, 0.68, 19.12, 12.79},
       {93.23, 0.08, 19.12, 12.88},
       {94.74, 0.24, 16.72, 9.77}}}},
    {"gpuspec33",
     8152,
     {{{86.46, 0.13, 24.30, 19.06},
       {89.14, 0.36, 24.90, 18.06},
       {92.12, 0.65, 23.54, 16.27},
       {93.22, 0.59, 22.47, 15.24},
       {93.09, 0.14, 23.27, 15.90},
       {94.55, 0.14, 20.37, 12.34}}}},
    {"multigpu20",
     8324,
     {{{88.69, 0.45, 14.52, 14.67},
       {92.06, 0.30, 11.24, 8.98},
       {93.56, 0.58, 10.52, 7.72},
       {93.71, 0.60, 10.47, 7.68},
       {93.93, 0.22, 10.20, 7.50},
       {95.65, 0.15, 8.61, 5.69}}}},
    {"multigpu30",
     8508,
     {{{89.27, 0.39, 14.16, 14.08},
       {93.28, 0.29, 10.41, 7.98},
       {94.72, 0.30, 9.52, 6.70},
       {94.87, 0.30, 9.55, 6.67},
       {94.72, 0.21, 9.58, 6.79},
       {96.46, 0.08, 8.19, 5.21}}}},
    {"multigpu40",
     8746,
     {{{90.09, 0.41, 13.74, 13.17},
       {94.19, 0.20, 9.71, 7.07},
       {95.50, 0.30, 8.64, 5.84},
       {95.74, 0.29, 8.70, 5.81},
       {95.23, 0.22, 9.08, 6.24},
       {96.99, 0.09, 7.71, 4.74}}}},
    {"multigpu50",
     9061,
     {{{90.27, 0.42, 14.19, 12.86},
       {94.85, 0.20, 9.41, 6.54},
       {95.81, 0.28, 8.40, 5.41},
       {96.18, 0.30, 8.44, 5.40},
       {95.74, 0.18, 8.79, 5.77},
       {97.18, 0.10, 7.63, 4.51}}}},
}};

/// The fleet of the publication: openb's nodes with GPUs.
constexpr std::size_t published_nodes = 1213;
constexpr std::int64_t published_gpu_milli = 6'212'000;
constexpr double published_demand = 1.3;

const PublishedTrace* published_trace(std::string_view trace) {
  const auto found = std::find_if(published_traces.begin(), published_traces.end(),
                                  [&](const PublishedTrace& row) { return row.name == trace; });
  return found == published_traces.end() ? nullptr : &*found;
}

const PublishedRow* published_row(std::string_view trace, std::string_view policy) {
  const PublishedTrace* found = published_trace(trace);
  if (found == nullptr) return nullptr;
  const auto names = policy::published_policy_names();
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == policy) return &found->rows[i];
  return nullptr;
}

constexpr std::uint64_t most_seeds = 10'000;

}  // namespace

bool is_published_input(std::string_view trace, std::size_t pods, std::size_t nodes, std::int64_t gpu_milli) {
  const PublishedTrace* found = published_trace(trace);
  return found != nullptr && found->pods == pods && nodes == published_nodes && gpu_milli == published_gpu_milli;
}

std::optional<Published> published_allocation(std::string_view trace, std::string_view policy) {
  const PublishedRow* row = published_row(trace, policy);
  if (row == nullptr) return std::nullopt;
  return Published{row->allocation, row->allocation_sd};
}

std::optional<double> published_fragmentation(std::string_view trace, std::string_view policy, int demand_percent) {
  const PublishedRow* row = published_row(trace, policy);
  if (row == nullptr || (demand_percent != 50 && demand_percent != 80)) return std::nullopt;
  return demand_percent == 50 ? row->fragmentation_50 : row->fragmentation_80;
}

std::string trace_name(std::string_view file_stem) {
  if (file_stem.ends_with(".csv")) file_stem.remove_suffix(4);
  constexpr std::string_view prefix = "openb_pod_list_";
  if (file_stem.starts_with(prefix)) file_stem.remove_prefix(prefix.size());
  return std::string(file_stem);
}

Result<std::vector<std::uint64_t>> parse_seeds(std::string_view text) {
  const auto refuse = [&] {
    return bad_input("not a list of seeds: '" + std::string(text.substr(0, 60)) + "'", "--seeds",
                     "write 42..51, or 42,43,44, each seed once; at most " + std::to_string(most_seeds));
  };
  std::vector<std::uint64_t> seeds;
  for (const std::string_view part : split(text, ',')) {
    const std::size_t dots = part.find("..");
    const auto first = parse_integer(part.substr(0, dots));
    const auto last = dots == std::string_view::npos ? first : parse_integer(part.substr(dots + 2));
    if (!first || !last || *first < 0 || *last < *first ||
        static_cast<std::uint64_t>(*last - *first) >= most_seeds - seeds.size())
      return refuse();
    for (std::int64_t seed = *first; seed <= *last; ++seed) seeds.push_back(static_cast<std::uint64_t>(seed));
  }
  if (seeds.empty()) return refuse();
  std::vector<std::uint64_t> sorted = seeds;
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) return refuse();
  return seeds;
}

Result<FgdComparison> compare_fgd(std::string trace, std::span<const workload::NodeRow> nodes,
                                  std::span<const workload::Job> jobs, const catalog::Catalog& catalog,
                                  const FgdOptions& options) {
  const bool looks_at_power = std::any_of(options.policies.begin(), options.policies.end(), [](const auto& policy) {
    return std::any_of(policy.components.begin(), policy.components.end(),
                       [](const policy::Component& component) { return policy::reads_power(component.measure); });
  });
  std::vector<fleet::NodeSpec> specs;
  std::int64_t gpu_milli = 0;
  for (const workload::NodeRow& row : nodes) {
    fleet::NodeSpec spec;
    if (looks_at_power) {
      auto made = node_spec(row, catalog);
      if (!made) return made.error();
      spec = std::move(*made);
    } else {
      spec.name = row.name;
      spec.cpu_milli = row.cpu_milli;
      spec.memory_mib = row.memory_mib;
      spec.gpu_count = row.gpu_count;
      spec.gpu_model = row.gpu_model;
    }
    gpu_milli += std::int64_t{spec.gpu_count} * fleet::milli;
    specs.push_back(std::move(spec));
  }
  const std::size_t seeds = options.seeds.size();
  std::vector<Result<simulate::InflationResult>> runs(options.policies.size() * seeds, simulate::InflationResult{});
  parallel_for(runs.size(), options.threads, [&](std::size_t i) {
    simulate::InflationOptions replay;
    replay.demand = options.demand;
    replay.seed = options.seeds[i % seeds];
    runs[i] = simulate::replay_inflation(specs, jobs, options.policies[i / seeds], replay);
  });

  FgdComparison comparison;
  comparison.trace = std::move(trace);
  for (std::size_t p = 0; p < options.policies.size(); ++p) {
    FgdRow row;
    row.policy = options.policies[p].name;
    row.seeds = options.seeds;
    double sum = 0, squares = 0, sum_50 = 0, sum_80 = 0;
    std::map<int, std::pair<PowerStep, std::size_t>> steps;
    std::size_t count_50 = 0, count_80 = 0;
    for (std::size_t s = 0; s < seeds; ++s) {
      const auto& run = runs[p * seeds + s];
      if (!run) return run.error();
      sum += run->allocation_percent;
      for (const simulate::InflationPoint& point : run->points) {
        if (point.demand_percent == 50) ++count_50, sum_50 += point.fragmentation_percent;
        if (point.demand_percent == 80) ++count_80, sum_80 += point.fragmentation_percent;
        auto& [step, seen] = steps[point.demand_percent];
        ++seen;
        step.allocation_mean += point.allocation_percent / static_cast<double>(seeds);
        step.power_mean += carbon::Watts{point.power_watts / static_cast<double>(seeds)};
      }
    }
    const auto count = static_cast<double>(seeds);
    row.allocation_mean = sum / count;
    if (count_50 == seeds) row.fragmentation_50 = sum_50 / count;
    if (count_80 == seeds) row.fragmentation_80 = sum_80 / count;
    for (const auto& [demand, found] : steps) {
      if (!looks_at_power || found.second != seeds) continue;
      row.steps.push_back(found.first);
      row.steps.back().demand_percent = demand;
    }
    for (std::size_t s = 0; s < seeds; ++s) {
      const double deviation = runs[p * seeds + s]->allocation_percent - row.allocation_mean;
      squares += deviation * deviation;
    }
    row.allocation_sd = std::sqrt(squares / count);
    const policy::PlacementPolicy& policy = options.policies[p];
    if (options.demand == published_demand && policy.tie_break == policy::TieBreak::fixed &&
        policy.quantisation == policy::Quantisation::integer &&
        is_published_input(comparison.trace, jobs.size(), nodes.size(), gpu_milli)) {
      row.published = published_allocation(comparison.trace, row.policy);
      row.published_50 = published_fragmentation(comparison.trace, row.policy, 50);
      row.published_80 = published_fragmentation(comparison.trace, row.policy, 80);
    }
    comparison.rows.push_back(std::move(row));
  }
  return comparison;
}

}  // namespace cradle::study
