// A study result of realistic size and shape for the tests of this room. Its figures are invented.
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "cradle/base/random.h"
#include "cradle/report/study_report.h"

namespace cradle::report {

inline PolicyResult example_policy(std::string name, double factor, double wait_minutes, double allocation,
                                   std::int64_t never_placed) {
  using carbon::GramsCO2e;
  RandomStream stream(7, name);
  PolicyResult policy;
  policy.name = std::move(name);
  policy.allocation = allocation;
  constexpr int days = 149;
  for (int day = 0; day < days; ++day) {
    const double season = 1 + 0.25 * std::sin(2 * std::numbers::pi * day / 120.0) + 0.06 * stream.normal();
    const double load = allocation * (day % 7 >= 5 ? 0.8 : 1.05) * (1 + 0.04 * stream.normal());
    CarbonStep step;
    step.gpu_operational = GramsCO2e{4.4e6 * factor * season * load};
    step.cpu_operational = GramsCO2e{1.5e6 * factor * season * load};
    step.memory_operational = GramsCO2e{0.25e6 * factor * season * load};
    step.idle_operational = GramsCO2e{1.9e6 * factor * season * (1 - load * 0.9)};
    step.embodied = GramsCO2e{2.1e6 * load};
    step.idle_embodied = GramsCO2e{2.1e6 * (1 - load)};
    policy.operational += step.gpu_operational + step.cpu_operational + step.memory_operational;
    policy.embodied += step.embodied;
    policy.idle_operational += step.idle_operational;
    policy.idle_embodied += step.idle_embodied;
    policy.over_time.push_back(step);
  }
  const GramsCO2e total = policy.operational + policy.embodied + policy.idle_operational + policy.idle_embodied;
  policy.total = {total, total * 0.78, total * 1.31};
  policy.energy = carbon::Joules{carbon::KilowattHours{(policy.operational + policy.idle_operational).value() / 365}};
  policy.useful_gpu_time = carbon::Hours{6212.0 * 24 * days * allocation * 0.97};
  const carbon::Seconds wait{60 * wait_minutes};
  policy.wait = {wait, wait * 0.1, wait * 4.6, wait * 11, wait * 73};
  policy.jobs_finished = 8152 - never_placed;
  policy.jobs_never_placed = never_placed;
  return policy;
}

inline StudyReport example_study() {
  using carbon::GramsCO2e;
  StudyReport report;
  report.title = "Which placement policy emits least for the openb jobs on three sites?";
  report.study_file = "studies/openb.toml";
  report.created_by = "cradle 0.1.0";
  report.command = "cradle study studies/openb.toml";
  report.from = instant_of(2022, 1, 1);
  report.to = instant_of(2022, 5, 30);
  report.sites = {{"Dublin", "IE", 1.2, carbon::GramsPerKilowattHour{331.4}, 500, 2100},
                  {"Virginia", "PJM", 1.12, carbon::GramsPerKilowattHour{362.6}, 623, 2512},
                  {"Oregon", "BPAT", 1.09, carbon::GramsPerKilowattHour{54.7}, 400, 1600}};
  report.data = {
      {"openb GPU cluster trace 2023: nodes and pods", "hkust-adsl/kubernetes-scheduler-simulator (FGD, ATC 2023)",
       "Apache-2.0", DataKind::published},
      {"hourly grid intensity 2022", "US EIA Form 930 through HewlettPackard/dc-rl", "public domain; MIT",
       DataKind::measured},
      {"embodied carbon of accelerators", "catalogue of cradle, sources with each record", "see each record",
       DataKind::estimated},
      {"power of a device by load", "data sheets; between idle and board power, linear", "facts", DataKind::estimated}};
  report.policies = {
      example_policy("Random", 1.06, 19.2, 0.655, 14),       example_policy("DotProd", 1.045, 15.3, 0.66, 9),
      example_policy("GpuClustering", 1.04, 16.8, 0.662, 8), example_policy("GpuPacking", 1.0, 9.4, 0.671, 3),
      example_policy("BestFit", 1.012, 10.7, 0.669, 4),      example_policy("FGD", 0.985, 6.3, 0.676, 0),
      example_policy("PWR", 0.942, 12.6, 0.668, 5),          example_policy("PWR+FGD", 0.951, 7.1, 0.675, 0)};
  report.answer.best = 6;
  report.answer.baseline = 0;
  const GramsCO2e saving = report.policies[0].total.value - report.policies[6].total.value;
  report.answer.saving = {saving, saving * 0.71, saving * 1.42};
  report.answer.replayed = true;
  report.answer.draws = 5;
  RandomStream stream(11, "jobs");
  double gpu_hours = 22'400;
  for (int i = 0; i < 12; ++i) {
    gpu_hours *= 0.82 + 0.12 * stream.uniform();
    report.top_jobs.push_back({"openb-pod-" + std::to_string(1000 + stream.below(7000)),
                               "user-" + std::to_string(stream.below(40)), report.sites[stream.below(3)].name,
                               carbon::Hours{gpu_hours}, GramsCO2e{gpu_hours * (20 + 60 * stream.uniform())},
                               GramsCO2e{gpu_hours * (12 + 10 * stream.uniform())}});
  }
  std::sort(report.top_jobs.begin(), report.top_jobs.end(),
            [](const TopJob& a, const TopJob& b) { return a.operational + a.embodied > b.operational + b.embodied; });
  const GramsCO2e total = report.policies[6].total.value;
  const auto moves = [&](std::string name, std::string range, double low, double high, std::string source) {
    report.sensitivity.push_back({std::move(name), std::move(range), total * low, total * high, std::move(source)});
  };
  moves("embodied carbon of an A100 board", "98 / 164 / 310 kgCO2e", 0.90, 1.19, "vendor life-cycle study, 2025");
  moves("life of a server", "4 / 5 / 7 years", 1.11, 0.88, "operator reports, 2023");
  moves("grid intensity, PJM", "-8 % / 362.6 / +8 % g/kWh", 0.95, 1.05, "spread of ten years of hourly data");
  moves("idle draw of a V100", "23 / 38 / 52 W", 0.972, 1.03, "measured by three groups, 2019 to 2022");
  moves("memory, embodied per GiB", "0.065 / 1.39 / 1.65 kg", 0.985, 1.004, "ACT; Boavizta; GreenSKU");
  moves("PUE, Virginia", "1.08 / 1.12 / 1.2", 0.99, 1.013, "operator report");
  report.notes = {"37 pods of the trace ask for a GPU model that no node has: they are among the jobs never placed.",
                  "4 hours of the BPAT series are missing (2022-03-13T10:00Z and 3 others): bridged linearly.",
                  "Power above the idle draw is taken as proportional to the GPU share in use."};
  return report;
}

}  // namespace cradle::report
