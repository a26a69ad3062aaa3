// Machines, grids and jobs for the tests of the dispatcher.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "cradle/base/random.h"
#include "cradle/dispatch/dispatcher.h"

namespace cradle::dispatch {

inline fleet::NodeSpec node(const std::string& name, int gpus, std::uint16_t site = 0) {
  fleet::NodeSpec spec;
  spec.name = name;
  spec.cpu_milli = 64'000;
  spec.memory_mib = 131'072;
  spec.gpu_count = gpus;
  spec.gpu_model = gpus > 0 ? "T4" : "";
  spec.site = site;
  spec.power = {carbon::Watts{30},   carbon::Watts{150}, carbon::Watts{20}, carbon::Watts{185}, 16,
                carbon::Watts{36.4}, carbon::Watts{47.3}};
  return spec;
}

/// A year of hours that nobody can guess, from 2022 on, at the same place in every test.
inline carbon::SiteRecord site(const std::string& name, std::uint64_t seed, double mean, double pue = 1) {
  RandomStream stream(seed, "grid");
  std::vector<carbon::GramsPerKilowattHour> hours;
  for (int hour = 0; hour < 365 * 24; ++hour)
    hours.emplace_back(mean * (1 + 0.5 * std::sin(hour * 2 * 3.14159265358979 / 24) + 0.2 * stream.uniform()));
  carbon::SiteRecord record;
  record.name = name;
  record.pue = pue;
  record.average = *carbon::IntensitySeries::make(carbon::Signal::average, instant_of(2022, 1, 1), ms_per_hour,
                                                  std::move(hours), true);
  return record;
}

inline workload::Job job(const std::string& name, std::int64_t arrival_ms, std::int64_t duration_ms, int gpus = 1,
                         const std::string& service_class = "BE") {
  workload::Job made;
  made.name = name;
  made.service_class = service_class;
  made.demand = {1000, 1024, gpus, gpus > 0 ? 1000 : 0, {}};
  made.arrival_ms = arrival_ms;
  made.duration_ms = duration_ms;
  return made;
}

inline std::vector<workload::Job> random_jobs(std::uint64_t seed, std::size_t count, std::int64_t span_ms) {
  RandomStream stream(seed, "test-jobs");
  std::vector<workload::Job> jobs;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t kind = stream.below(10);
    workload::Job made =
        job("j" + std::to_string(i), static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(span_ms))),
            1 + static_cast<std::int64_t>(stream.exponential(5.0 * ms_per_hour)),
            kind < 1   ? 0
            : kind < 8 ? 1
                       : 2,
            stream.below(4) == 0 ? "LS" : "BE");
    if (made.demand.gpu_count == 1 && kind < 4) made.demand.gpu_milli = 100 * (1 + static_cast<int>(stream.below(9)));
    made.demand.cpu_milli = static_cast<std::int64_t>(500 * (1 + stream.below(12)));
    jobs.push_back(std::move(made));
  }
  return jobs;
}

inline Configuration configuration(shifting::TimePolicy time = shifting::TimePolicy::now) {
  Configuration made;
  made.name = "test";
  made.placement = *policy::policy_by_name("FGD");
  made.time = time;
  made.service.never_wait = {"LS"};
  return made;
}

/// A configuration drawn from all rules.
inline Configuration random_configuration(RandomStream& stream) {
  const auto any = shifting::all_time_policies;
  Configuration made = configuration(any[stream.below(any.size())]);
  const auto names = policy::policy_names();
  made.placement = *policy::policy_by_name(names[stream.below(names.size())]);
  made.region = static_cast<RegionRule>(stream.below(4));
  if (made.region == RegionRule::planned) made.time = shifting::TimePolicy::now;
  made.wait_for_region = stream.below(2) == 0;
  const shifting::ForecastKind kinds[] = {shifting::ForecastKind::perfect, shifting::ForecastKind::noise,
                                          shifting::ForecastKind::flat_noise, shifting::ForecastKind::persistence,
                                          shifting::ForecastKind::day_ahead};
  made.forecast = {kinds[stream.below(5)], 0.1};
  made.knows_length = stream.below(2) == 0;
  made.resume_cost_ms = static_cast<std::int64_t>(stream.below(2) * stream.below(1'200'000));
  if (stream.below(2) == 0) made.quota.minimum = 0.3;
  made.cap = {static_cast<CapWhen>(stream.below(3)), 0.6, 0.65, 0.85};
  if (stream.below(3) == 0) {
    made.cap.by_model = true;
    if (stream.below(2) == 0) made.cap.models = {{"T4", 0.6, 0.7, 0.9}};
  }
  made.service.stretch = stream.below(2) == 0 ? 1 : 1.3;
  made.service.short_wait_ms = static_cast<std::int64_t>(stream.below(8)) * ms_per_hour;
  if (stream.below(3) == 0) {
    JointRule& joint = made.joint;
    joint.enabled = true;
    for (bool* knob : {&joint.placement, &joint.start, &joint.region, &joint.cap, &joint.slice, &joint.embodied})
      *knob = stream.below(2) == 0;
    joint.models = {
        {"T4", carbon::GramsPerSecond{1e-3}, carbon::GramsPerSecond{1e-5}, {{0.6, 0.65, 0.8}, {0.8, 0.85, 0.95}}}};
  }
  if (!made.joint.enabled && made.region != RegionRule::planned && stream.below(3) == 0) {
    made.time = shifting::TimePolicy::wait_awhile;
    made.cap = {};
    made.elastic_curve = {1, 0.9, 0.55};
  }
  return made;
}

}  // namespace cradle::dispatch
