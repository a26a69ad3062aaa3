#include "cradle/shifting/published_gaia.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <limits>

#include "cradle/base/csv.h"
#include "cradle/base/file.h"
#include "cradle/shifting/intensity_column.h"

namespace cradle::shifting {
namespace {

using carbon::GramsPerKilowattHour;

std::filesystem::path data_folder() { return std::filesystem::path(CRADLE_SOURCE_DIR) / "../shared/data"; }

std::vector<GaiaJob> pai_jobs() {
  const auto text = read_file(data_folder() / "pai/pai_1k.csv");
  std::vector<GaiaJob> jobs;
  constexpr std::string_view columns[] = {"arrival_time", "length", "cpus"};
  const auto rows = read_csv(*text, "pai_1k.csv", columns, [&](const CsvRow& row) -> Result<void> {
    jobs.push_back({static_cast<std::int64_t>(*row.number(0, 0, 1e9) * 1000),
                    static_cast<std::int64_t>(*row.number(1, 0, 1e9) * 1000), *row.number(2, 0, 1e6)});
    return {};
  });
  EXPECT_TRUE(rows);
  return jobs;
}

// The totals of the published tool on its own job sample and the CISO balancing area of 2022 from hour 7000: run of
// umassos/GAIA @62a5efc (MIT).
TEST(PublishedGaia, six_totals_of_the_published_tool) {
  if (!std::filesystem::exists(data_folder() / "pai/pai_1k.csv")) GTEST_SKIP() << "no data";
  const auto text = read_file(data_folder() / "grid-eia-hourly-2022/CISO.csv");
  ASSERT_TRUE(text);
  const auto column = read_intensity_column(*text, "CISO.csv");
  ASSERT_TRUE(column) << to_string(column.error());
  EXPECT_EQ(column->column, "avg_CI");
  ASSERT_EQ(column->hours.size(), 8760u);
  EXPECT_EQ(column->bridged.size(), 3u);  // the file has three rows without values
  const auto part = slice(*column, "CISO.csv", 7000, 720);
  ASSERT_TRUE(part);
  EXPECT_TRUE(part->notes.empty());
  const auto protocol = GaiaProtocol::make(pai_jobs(), part->hours);
  ASSERT_TRUE(protocol) << to_string(protocol.error());
  const double published[] = {1006.52184968, 857.64936513, 770.77801854, 779.91138825, 764.32645183, 705.77045619};
  for (std::size_t i = 0; i < all_time_policies.size(); ++i) {
    const GaiaRow row = run_gaia(*protocol, all_time_policies[i]);
    EXPECT_NEAR(row.carbon.value() / published[i], 1, 1e-10) << name(all_time_policies[i]);
    EXPECT_EQ(row.core_time_outside.value(), 0);
  }
}

std::vector<GramsPerKilowattHour> hours(std::initializer_list<double> values) {
  std::vector<GramsPerKilowattHour> out;
  for (const double value : values) out.emplace_back(value);
  return out;
}

TEST(PublishedGaia, lengths_and_arrivals_are_cut_to_steps) {
  // 7,199 s are 1,439 steps, which wait 6 h; 7,200 s are 1,440, which wait 24 h.
  const auto protocol =
      GaiaProtocol::make({{9'999, 7'199'000, 1}, {10'000, 7'200'000, 1}, {0, 4'999, 1}}, hours({1, 1, 1}));
  ASSERT_TRUE(protocol);
  const auto brief = protocol->window(protocol->jobs()[0], TimePolicy::lowest_window);
  ASSERT_TRUE(brief);
  EXPECT_EQ(brief->release, 1);
  EXPECT_EQ(brief->length, 1439);
  EXPECT_EQ(brief->wait, 6 * 720);
  // Mean of 1439.8, 1440 and 0.9998 steps: the job of exactly 2 h counts in both means.
  EXPECT_EQ(brief->known_length, 960);
  const auto lasting = protocol->window(protocol->jobs()[1], TimePolicy::lowest_window);
  EXPECT_EQ(lasting->release, 2);
  EXPECT_EQ(lasting->wait, 24 * 720);
  EXPECT_EQ(lasting->known_length, 1440);
  EXPECT_EQ(protocol->window(protocol->jobs()[0], TimePolicy::wait_awhile)->known_length, 1439);
  EXPECT_FALSE(protocol->window(protocol->jobs()[2], TimePolicy::now));
}

TEST(PublishedGaia, a_core_for_an_hour_draws_a_watt_hour) {
  const auto protocol = GaiaProtocol::make({{0, 3'600'000, 3}}, hours({250, 100}));
  ASSERT_TRUE(protocol);
  EXPECT_DOUBLE_EQ(run_gaia(*protocol, TimePolicy::now).carbon.value(), 0.75);
  EXPECT_DOUBLE_EQ(run_gaia(*protocol, TimePolicy::lowest_window).carbon.value(), 0.3);
}

// What runs after the last hour counts no grams, and the row says how much it was.
TEST(PublishedGaia, steps_after_the_end_are_counted_apart) {
  const auto protocol = GaiaProtocol::make({{3'600'000, 4 * 3'600'000, 2}}, hours({500, 100}));
  ASSERT_TRUE(protocol);
  for (const TimePolicy policy : all_time_policies) {
    const GaiaRow row = run_gaia(*protocol, policy);
    // One value is its own percentile and never below it: threshold waits past the end.
    const bool waits = policy == TimePolicy::threshold;
    EXPECT_DOUBLE_EQ(row.carbon.value(), waits ? 0 : 0.2) << name(policy);
    EXPECT_DOUBLE_EQ(row.core_time_outside.value(), waits ? 8 : 6) << name(policy);
  }
}

TEST(PublishedGaia, refuses_what_cannot_be) {
  const auto refused = [](std::vector<GaiaJob> jobs, std::vector<GramsPerKilowattHour> values) {
    const auto protocol = GaiaProtocol::make(std::move(jobs), std::move(values));
    return !protocol && protocol.error().code == ErrorCode::bad_input && !protocol.error().hint.empty();
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(refused({}, hours({1})));
  EXPECT_TRUE(refused({{0, 1000, 1}}, {}));
  EXPECT_TRUE(refused({{0, 1000, 1}}, hours({1, -1})));
  EXPECT_TRUE(refused({{0, 1000, 1}}, hours({nan})));
  EXPECT_TRUE(refused({{-1, 1000, 1}}, hours({1})));
  EXPECT_TRUE(refused({{0, -1000, 1}}, hours({1})));
  EXPECT_TRUE(refused({{0, 1000, nan}}, hours({1})));
  EXPECT_TRUE(refused({{0, 1000, -1}}, hours({1})));
  EXPECT_TRUE(refused({{0, std::numeric_limits<std::int64_t>::max(), 1}}, hours({1})));
  const auto late = GaiaProtocol::make({{0, 1000, 1}, {3'600'000, 1000, 1}}, hours({1}));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().where, "job 2 of 2");
  EXPECT_EQ(late.error().message, "it arrives 1.00 h after the start, and the intensities end after 1 h");
  const auto two = GaiaProtocol::make({{5'400'000, 1000, 1}, {0, 1000, 1}, {3'600'000, 1000, 1}}, hours({1}));
  ASSERT_FALSE(two);
  EXPECT_EQ(two.error().where, "job 1 of 3");
  EXPECT_NE(two.error().message.find("2 jobs arrive too late"), std::string::npos);
}

}  // namespace
}  // namespace cradle::shifting
