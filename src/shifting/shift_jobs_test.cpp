#include "cradle/shifting/shift_jobs.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>

#include "cradle/base/random.h"
#include "cradle/base/time.h"
#include "cradle/shifting/published_gaia.h"

namespace cradle::shifting {
namespace {

using carbon::GramsPerKilowattHour, carbon::GramsPerSecond, carbon::Watts;

std::vector<GramsPerKilowattHour> diurnal(std::size_t hours) {
  RandomStream stream(1, "intensity");
  std::vector<GramsPerKilowattHour> values;
  for (std::size_t i = 0; i < hours; ++i)
    values.emplace_back(300 + 150 * std::sin(static_cast<double>(i) * 0.2618) + 30 * stream.uniform());
  return values;
}

/// Whole steps of 5 s, as the published protocol has them, so that both clocks say the same.
std::vector<ShiftJob> some_jobs(std::size_t count) {
  RandomStream stream(2, "jobs");
  std::vector<ShiftJob> jobs;
  for (std::size_t i = 0; i < count; ++i)
    jobs.push_back({static_cast<std::int64_t>(stream.below(86'400)) * 5000,
                    static_cast<std::int64_t>(stream.below(7200) + 1) * 5000,
                    Watts{static_cast<double>(stream.below(8) + 1)}, GramsPerSecond{1e-5}});
  return jobs;
}

// The published protocol on its clock of 5 s is a second implementation: with windows known alike, the same grams.
TEST(ShiftJobs, agrees_with_the_published_protocol) {
  const auto jobs = some_jobs(200);
  std::vector<GaiaJob> theirs;
  for (const ShiftJob& job : jobs) theirs.push_back({job.release_ms, job.length_ms, job.draw.value()});
  const auto truth = Signal::make(diurnal(240), ms_per_hour);
  const auto protocol = GaiaProtocol::make(theirs, diurnal(240));
  ASSERT_TRUE(truth && protocol);
  // Threshold is left out: its percentile lies between two steps, which are closer here; lowest-window and carbon-time
  // know mean lengths cut to another step, which may move a start.
  const std::vector<TimePolicy> exact{TimePolicy::now, TimePolicy::lowest_slot, TimePolicy::wait_awhile};
  const auto rows = shift_jobs(*truth, jobs, exact, {});
  ASSERT_TRUE(rows) << to_string(rows.error());
  for (std::size_t i = 0; i < exact.size(); ++i)
    EXPECT_NEAR((*rows)[i].operational / run_gaia(*protocol, exact[i]).carbon, 1, 1e-12) << name(exact[i]);
}

TEST(ShiftJobs, waiting_changes_no_embodied_share) {
  const auto truth = Signal::make(diurnal(240), ms_per_hour);
  const auto rows = shift_jobs(*truth, some_jobs(200), all_time_policies, {});
  ASSERT_TRUE(rows);
  for (const ShiftRow& row : *rows) {
    EXPECT_DOUBLE_EQ(row.embodied.value(), rows->front().embodied.value());
    EXPECT_GT(row.embodied.value(), 0);
    EXPECT_EQ(row.job_time_outside.value(), 0);
    EXPECT_EQ(row.forecast_loss(), 0);
  }
  EXPECT_EQ(rows->front().mean_wait.value(), 0);
  EXPECT_GT(rows->back().mean_wait.value(), 0);
}

// A job's own length known: optimal steps on perfect knowledge bound every plan made on any forecast.
TEST(ShiftJobs, no_forecast_beats_the_optimum) {
  const auto truth = Signal::make(diurnal(240), ms_per_hour);
  const std::vector<TimePolicy> both{TimePolicy::wait_awhile, TimePolicy::lowest_window};
  double last = 0;
  for (const char* model : {"noise:0", "noise:0.05", "noise:0.5", "persistence", "day-ahead", "flat-noise:0.1"}) {
    ShiftOptions options;
    options.forecast = *forecast_by_name(model);
    const auto rows = shift_jobs(*truth, some_jobs(300), both, options);
    ASSERT_TRUE(rows);
    EXPECT_GE((*rows)[0].forecast_loss(), 0) << model;
    EXPECT_GE((*rows)[1].operational.value(), (*rows)[0].operational_perfect.value()) << model;
    if (std::string_view(model).starts_with("noise")) {
      EXPECT_GE((*rows)[0].forecast_loss(), last) << model;
      last = (*rows)[0].forecast_loss();
    }
  }
  EXPECT_GT(last, 0.01);
}

TEST(ShiftJobs, same_seed_same_rows_in_any_order_of_jobs) {
  const auto truth = Signal::make(diurnal(240), ms_per_hour);
  auto jobs = some_jobs(100);
  ShiftOptions options;
  options.forecast = *forecast_by_name("noise:0.3");
  const auto first = shift_jobs(*truth, jobs, all_time_policies, options);
  const auto again = shift_jobs(*truth, jobs, all_time_policies, options);
  RandomStream(5, "order").shuffle(std::span(jobs));
  const auto shuffled = shift_jobs(*truth, jobs, all_time_policies, options);
  options.seed = 43;
  const auto other = shift_jobs(*truth, jobs, all_time_policies, options);
  ASSERT_TRUE(first && again && shuffled && other);
  for (std::size_t i = 0; i < first->size(); ++i) {
    EXPECT_EQ((*first)[i].operational.value(), (*again)[i].operational.value());
    EXPECT_NEAR((*first)[i].operational / (*shuffled)[i].operational, 1, 1e-12);
  }
  EXPECT_NE(first->back().operational.value(), other->back().operational.value());
}

TEST(ShiftJobs, waits_are_cut_at_the_end_of_what_is_known) {
  const auto truth = Signal::make({GramsPerKilowattHour{500}, GramsPerKilowattHour{100}}, ms_per_hour);
  ASSERT_TRUE(truth);
  const std::vector<ShiftJob> jobs{{0, ms_per_hour, Watts{1000}, {}}, {ms_per_hour, 2 * ms_per_hour, Watts{1000}, {}}};
  const auto rows = shift_jobs(*truth, jobs, all_time_policies, {});
  ASSERT_TRUE(rows);
  for (const ShiftRow& row : *rows) EXPECT_DOUBLE_EQ(row.job_time_outside.value(), 1) << name(row.policy);
  EXPECT_DOUBLE_EQ(rows->front().operational.value(), 600);
  EXPECT_DOUBLE_EQ(rows->back().operational.value(), 200);
}

TEST(ShiftJobs, refuses_what_cannot_be) {
  const auto truth = Signal::make(diurnal(48), ms_per_hour);
  const auto refused = [&](ShiftJob job, ShiftOptions options = {}) {
    const std::vector<ShiftJob> jobs{{0, 1000, Watts{1}, {}}, job};
    const auto rows = shift_jobs(*truth, jobs, all_time_policies, options);
    return !rows && rows.error().code == ErrorCode::bad_input && !rows.error().hint.empty();
  };
  const ShiftJob good{0, 1000, Watts{1}, {}};
  EXPECT_FALSE(refused(good));
  EXPECT_TRUE(refused({-1, 1000, Watts{1}, {}}));
  EXPECT_TRUE(refused({48 * ms_per_hour, 1000, Watts{1}, {}}));
  EXPECT_TRUE(refused({0, 0, Watts{1}, {}}));
  EXPECT_TRUE(refused({0, std::numeric_limits<std::int64_t>::max(), Watts{1}, {}}));
  EXPECT_TRUE(refused({0, 1000, Watts{-1}, {}}));
  EXPECT_TRUE(refused({0, 1000, Watts{std::nan("")}, {}}));
  EXPECT_TRUE(refused({0, 1000, Watts{1}, GramsPerSecond{-1}}));
  ShiftOptions options;
  options.queues.short_wait_ms = -1;
  EXPECT_TRUE(refused(good, options));
  EXPECT_FALSE(shift_jobs(*truth, {}, all_time_policies, {}));
  const auto other_clock = Signal::make(diurnal(48), 720);
  EXPECT_FALSE(shift_jobs(*other_clock, std::vector{good}, all_time_policies, {}));
}

}  // namespace
}  // namespace cradle::shifting
