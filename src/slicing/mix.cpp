#include "cradle/slicing/mix.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "cradle/base/random.h"

namespace cradle::slicing {

namespace {

constexpr double sigma = 1.5;
constexpr double least_seconds = 60;

/// How much of a job's time goes with compute, memory bandwidth and neither, before scaling, and the memory slices (of
/// 8) that it may need.
struct Form {
  std::array<double, 3> lean;
  std::array<int, 3> memory;
};
constexpr std::array<Form, 3> forms{{{{3, 1, 1}, {1, 2, 4}}, {{1, 3, 1}, {2, 4, 4}}, {{1, 1, 3}, {1, 1, 2}}}};

/// Exponential draws with means `lean`, scaled to a sum of 1: a Dirichlet-like split that leans as it should.
std::array<double, 3> split_time(RandomStream& draws, const std::array<double, 3>& lean) {
  std::array<double, 3> parts;
  double sum = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) sum += parts[i] = draws.exponential(lean[i]);
  for (double& part : parts) part /= sum;
  return parts;
}

}  // namespace

Result<std::vector<SliceJob>> generate_mix(const PartitionTable& table, const MixOptions& options, std::uint64_t seed) {
  if (options.jobs == 0 || options.jobs > 1'000'000)
    return bad_input(std::to_string(options.jobs) + " jobs", "jobs", "give 1..1000000");
  if (!(options.mean_gap.value() > 0) || options.mean_gap.value() > 1e6 || !(options.mean_length.value() > 0) ||
      options.mean_length.value() > 1e6)
    return bad_input("a mean that is not above 0 or beyond 1e6 s", "mix", "give seconds between arrivals and of a job");
  const std::array<double, 3> shares{options.training, options.fine_tuning, options.inference};
  double sum = 0;
  for (const double share : shares) {
    if (!(share >= 0) || share > 1e9)
      return bad_input("a share is negative or no number", "mix", "give shares of jobs");
    sum += share;
  }
  if (!(sum > 0)) return bad_input("no kind of job has a share", "mix", "give at least one share above 0");

  RandomStream gaps(seed, "slicing.mix.gaps"), draws(seed, "slicing.mix.jobs");
  std::vector<SliceJob> jobs;
  double now = 0;
  for (std::size_t i = 0; i < options.jobs; ++i) {
    SliceJob job;
    now += gaps.exponential(options.mean_gap.value());
    job.arrival = carbon::Seconds{now};
    double pick = draws.uniform() * sum;
    std::size_t kind = 0;
    while (kind < 2 && pick >= shares[kind]) pick -= shares[kind++];
    while (shares[kind] <= 0) --kind;  // rounding at the very end of the range
    job.kind = static_cast<JobKind>(kind);
    job.name = std::to_string(i) + " " + std::string(name(job.kind));
    const auto parts = split_time(draws, forms[kind].lean);
    const double mean = options.mean_length.value();
    const double drawn = mean * std::exp(sigma * draws.normal() - sigma * sigma / 2);
    double length = std::clamp(drawn, std::min(least_seconds, mean), 50 * mean);
    // Eighths of the memory, in slices of this accelerator.
    const int eighths = forms[kind].memory[draws.below(3)];
    const int memory = std::max(1, eighths * table.memory_slices() / 8);
    const double rate = 0.05 + 0.35 * draws.uniform(), hours = 0.5 + 1.5 * draws.uniform();
    if (job.kind == JobKind::inference) length = 3600 * hours;
    job.length = carbon::Seconds{length};
    const auto& whole = table.profile(table.whole());
    for (const auto& profile : table.profiles()) {
      const double seconds =
          parts[0] * whole.compute / profile.compute + parts[1] * whole.memory / profile.memory + parts[2];
      double speed = 1 / seconds;
      if (job.kind == JobKind::inference) speed = std::min(1.0, speed / rate);
      job.speed.push_back(profile.memory >= memory ? speed : 0);
    }
    jobs.push_back(std::move(job));
  }
  return jobs;
}

}  // namespace cradle::slicing
