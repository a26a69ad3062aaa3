#include "cradle/workload/summary.h"

#include <gtest/gtest.h>

namespace cradle::workload {
namespace {

Job job(int gpus, int gpu_milli, std::int64_t arrival_s, std::int64_t duration_s, const char* user = "") {
  Job result;
  result.user = user;
  result.demand.cpu_milli = 2000;
  result.demand.memory_mib = 10;
  result.demand.gpu_count = gpus;
  result.demand.gpu_milli = gpu_milli;
  result.arrival_ms = arrival_s * 1000;
  result.duration_ms = duration_s * 1000;
  return result;
}

TEST(Summary, CountsAndSums) {
  Workload workload;
  workload.jobs = {job(0, 0, 50, 3600, "a"), job(1, 250, 7, 7200, "b"), job(1, 1000, 9, 3600, "a"),
                   job(8, 1000, 60, 1800)};
  const WorkloadSummary summary = summarise(workload);
  EXPECT_EQ(summary.jobs, 4U);
  EXPECT_EQ(summary.cpu_only, 1U);
  EXPECT_EQ(summary.sharing, 1U);
  EXPECT_EQ(summary.one_gpu, 1U);
  EXPECT_EQ(summary.multi_gpu, 1U);
  EXPECT_EQ(summary.gpu_milli, 9250);
  EXPECT_EQ(summary.cpu_milli, 8000);
  EXPECT_EQ(summary.memory_mib, 40);
  EXPECT_DOUBLE_EQ(summary.gpu_time.value(), 0.25 * 2 + 1 + 8 * 0.5);
  EXPECT_DOUBLE_EQ(summary.core_time.value(), 2 * (1 + 2 + 1 + 0.5));
  EXPECT_EQ(summary.first_arrival_ms, 7'000);
  EXPECT_EQ(summary.last_arrival_ms, 60'000);
  EXPECT_EQ(summary.last_end_ms, 7'207'000);
  EXPECT_EQ(summary.users, 2U);
  EXPECT_EQ(summary.products, 0U);
}

// Nearest rank by its definition: of 1 .. 200 s, the 50th, 90th and 99th percentiles are 100, 180 and 198.
TEST(Summary, QuantilesAreNearestRank) {
  Workload workload;
  for (int i = 200; i >= 1; --i) workload.jobs.push_back(job(0, 0, 0, i));
  const WorkloadSummary summary = summarise(workload);
  EXPECT_EQ(summary.median_duration_ms, 100'000);
  EXPECT_EQ(summary.p90_duration_ms, 180'000);
  EXPECT_EQ(summary.p99_duration_ms, 198'000);
  EXPECT_EQ(summary.max_duration_ms, 200'000);
}

TEST(Summary, OfOneJobAndOfNone) {
  Workload workload;
  EXPECT_EQ(summarise(workload).jobs, 0U);
  workload.jobs = {job(1, 500, 3, 4)};
  EXPECT_EQ(summarise(workload).median_duration_ms, 4'000);
  EXPECT_EQ(summarise(workload).p99_duration_ms, 4'000);
}

}  // namespace
}  // namespace cradle::workload
