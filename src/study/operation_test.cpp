#include "cradle/study/operation.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

#include "cradle/ledger/ledger.h"

namespace cradle::study {
namespace {

constexpr Instant start{1'640'995'200'000};  // 2022-01-01T00:00:00Z
constexpr std::int64_t day = ms_per_day;

class Operation : public testing::Test {
 protected:
  Operation() {
    std::string pattern = (std::filesystem::temp_directory_path() / "cradle_operation.XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~Operation() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path file() const { return folder_ / "small.ledger"; }

  static carbon::ComponentRecord component(const std::string& kind, double devices, carbon::OperationType type) {
    carbon::ComponentRecord record;
    record.machine = "node";
    record.kind = kind;
    record.model = "a100-80";
    record.lifetime = carbon::Seconds{carbon::Years{5}};
    record.lifetime_operations = carbon::Operations{record.lifetime.value() * devices};
    record.operation_type = type;
    return record;
  }
  static carbon::Entry entry(std::int64_t from_day, std::int64_t days, carbon::ComponentIndex index, double watts,
                             double operations, carbon::Role role) {
    carbon::Entry e;
    e.start = {start.ms + from_day * day};
    e.end = {start.ms + (from_day + days) * day};
    e.component = index;
    e.job = role == carbon::Role::tenant ? 0 : carbon::no_job;
    e.microjoules = static_cast<std::int64_t>(watts * 1e6) * days * 86'400;
    e.operations = operations;
    e.role = role;
    return e;
  }

  /// Ten days of a node with eight GPUs and of one with two, and a processor.
  void write(const std::vector<carbon::Entry>& entries) const {
    auto ledger = ledger::Ledger::create(file());
    ASSERT_TRUE(ledger) << to_string(ledger.error());
    ledger::RunInfo info;
    info.name = "FGD";
    info.created_by = "test";
    info.period = {start, {start.ms + 10 * day}};
    std::vector<carbon::SiteRecord> sites(1);
    sites[0].name = "north";
    const std::vector<carbon::ComponentRecord> components = {component("gpu", 8, carbon::OperationType::device_second),
                                                             component("gpu", 2, carbon::OperationType::device_second),
                                                             component("cpu", 64, carbon::OperationType::core_second)};
    auto run = ledger->begin_run(info, sites, components);
    ASSERT_TRUE(run) << to_string(run.error());
    for (const carbon::Entry& e : entries) run->write(e);
    const std::vector<carbon::JobRecord> jobs(1);
    ASSERT_TRUE(run->set_jobs(jobs));
    const auto finished = run->finish();
    ASSERT_TRUE(finished) << to_string(finished.error());
  }

  std::filesystem::path folder_;
};

TEST_F(Operation, DutyAndEnergyByHand) {
  carbon::Entry cores = entry(0, 10, 2, 300, 64 * 864'000.0, carbon::Role::tenant);
  cores.operation_type = carbon::OperationType::core_second;
  write({
      entry(0, 5, 0, 3000, 8 * 5 * 86'400.0, carbon::Role::tenant),  // all eight for half of the time
      entry(5, 5, 0, 400, 8 * 5 * 86'400.0, carbon::Role::idle),
      entry(0, 10, 1, 500, 1 * 10 * 86'400.0, carbon::Role::tenant),  // one of two, always
      entry(0, 10, 1, 50, 1 * 10 * 86'400.0, carbon::Role::idle),
      cores,
  });
  const auto measured = measured_operation(file(), "");
  ASSERT_TRUE(measured) << to_string(measured.error());
  EXPECT_EQ(measured->run, "FGD");
  EXPECT_DOUBLE_EQ(measured->devices, 10);
  EXPECT_DOUBLE_EQ(measured->observed.value(), 864'000);
  EXPECT_DOUBLE_EQ(measured->duty, (8 * 5 + 1 * 10) / 100.0);
  EXPECT_DOUBLE_EQ(measured->operations_per_year.value(), 0.5 * 31'557'600);
  // (3000 x 5 + 400 x 5 + 550 x 10) W d over 100 device-days, times a year.
  EXPECT_NEAR(measured->energy_per_year.value(), 225.0 * 31'557'600, 1e-3);
  EXPECT_TRUE(measured->warning.empty());
}

TEST_F(Operation, WhatIsMissingIsSaid) {
  EXPECT_EQ(measured_operation(folder_ / "nothing", "").error().code, ErrorCode::missing_data);
  write({entry(0, 10, 0, 400, 8 * 10 * 86'400.0, carbon::Role::idle)});
  const auto idle = measured_operation(file(), "FGD");
  ASSERT_FALSE(idle);
  EXPECT_NE(idle.error().message.find("no work"), std::string::npos);
  EXPECT_FALSE(measured_operation(file(), "BestFit"));
  const auto none = measured_operation(file(), "FGD", "tpu");
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().hint.find("gpu"), std::string::npos);
  const auto cores = measured_operation(file(), "FGD", "cpu");
  ASSERT_FALSE(cores);
  std::ofstream(folder_ / "text") << "not a ledger";
  EXPECT_EQ(measured_operation(folder_ / "text", "").error().code, ErrorCode::bad_input);
}

}  // namespace
}  // namespace cradle::study
