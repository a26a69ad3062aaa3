#include "cradle/embodied/bill_uncertainty.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "cradle/embodied/bill.h"
#include "test_catalog.h"

namespace cradle::embodied {
namespace {

/// Two kinds of dies from one fab, memory and steel; every coefficient is uncertain by a fifth.
CompiledBill chips() {
  const auto bill = parse_bill(R"(
name = "chips"
[[die]]
name = "new"
count = 4
area_mm2 = 400
process = "t7"
fab = "here"
[[die]]
name = "old"
count = 4
area_mm2 = 600
process = "t65"
fab = "here"
[[memory]]
technology = "ram"
gib = 64
[[part]]
name = "frame"
material = "steel"
amount = 10
unit = "kg"
)",
                               "chips.toml");
  if (!bill) ADD_FAILURE() << to_string(bill.error());
  auto compiled = CompiledBill::make(*bill, test_catalog(0.2));
  if (!compiled) ADD_FAILURE() << to_string(compiled.error());
  return *std::move(compiled);
}

carbon::MonteCarloOptions options(std::uint64_t samples, unsigned threads = 1) {
  carbon::MonteCarloOptions o;
  o.samples = samples;
  o.threads = threads;
  return o;
}

TEST(BillUncertainty, PercentilesLieWithinTheBounds) {
  const CompiledBill bill = chips();
  const Bill priced = price(bill);
  const auto result = uncertainty(bill, options(20'000));
  ASSERT_TRUE(result.has_value()) << to_string(result.error());
  const carbon::MonteCarlo& total = result->total;
  EXPECT_NEAR(total.nominal, priced.total.value.value(), 1e-9 * total.nominal);
  EXPECT_LE(priced.total.low.value(), total.low);
  EXPECT_LT(total.low, total.p5);
  EXPECT_LT(total.p5, total.p50);
  EXPECT_LT(total.p50, total.p95);
  EXPECT_LE(total.high, priced.total.high.value());
}

TEST(BillUncertainty, FirstOrderIsNearMonteCarloWhereRangesAreNarrow) {
  const auto result = uncertainty(chips(), options(50'000));
  ASSERT_TRUE(result.has_value()) << to_string(result.error());
  EXPECT_NEAR(result->first_order.mean / result->total.mean, 1, 0.01);
  EXPECT_NEAR(result->first_order.standard_deviation / result->total.standard_deviation, 1, 0.05);
}

TEST(BillUncertainty, ThePublishedBillsAreWithinTheirPercentiles) {
  const auto embedded = catalog::Catalog::load();
  ASSERT_TRUE(embedded.has_value()) << to_string(embedded.error());
  for (const EmbeddedBill& known : embedded_bills()) {
    const auto compiled = CompiledBill::make(*find_bill(known.name, *embedded), *embedded);
    ASSERT_TRUE(compiled.has_value()) << to_string(compiled.error());
    const auto result = uncertainty(*compiled, options(10'000));
    ASSERT_TRUE(result.has_value()) << to_string(result.error());
    EXPECT_LT(result->total.p5, result->total.nominal) << known.name;
    EXPECT_GT(result->total.p95, result->total.nominal) << known.name;
  }
}

TEST(BillUncertainty, NodesMoveTogether) {
  double energy = 0;
  std::size_t materials = 0;
  for (const carbon::Input& input : uncertain_inputs(chips())) {
    if (input.group == "fab energy") energy += input.correlation;
    if (input.group == "wafer materials") ++materials;
  }
  EXPECT_DOUBLE_EQ(energy, 2 * 0.8);
  EXPECT_EQ(materials, 2u);
}

TEST(BillUncertainty, SameForAnyNumberOfThreads) {
  const CompiledBill bill = chips();
  const auto one = uncertainty(bill, options(5'000, 1)), three = uncertainty(bill, options(5'000, 3));
  ASSERT_TRUE(one && three);
  EXPECT_EQ(one->total.p5, three->total.p5);
  EXPECT_EQ(one->total.p95, three->total.p95);
  EXPECT_EQ(one->total.mean, three->total.mean);
  ASSERT_EQ(one->causes.shares.size(), three->causes.shares.size());
  for (std::size_t i = 0; i < one->causes.shares.size(); ++i) {
    EXPECT_EQ(one->causes.shares[i].name, three->causes.shares[i].name);
    EXPECT_EQ(one->causes.shares[i].total, three->causes.shares[i].total);
  }
}

TEST(BillUncertainty, CausesAreGroupsAndSortedAndMakeUpTheWhole) {
  const auto result = uncertainty(chips(), options(50'000));
  ASSERT_TRUE(result.has_value()) << to_string(result.error());
  const auto& shares = result->causes.shares;
  const auto named = [&](const std::string& name) {
    return std::count_if(shares.begin(), shares.end(), [&](const auto& share) { return share.name == name; });
  };
  EXPECT_EQ(named("yield learning"), 1);
  EXPECT_EQ(named("gas abatement"), 1);
  EXPECT_EQ(named("process.t7.defects"), 0) << "a member of a group is no cause of its own";
  EXPECT_EQ(named("grid.here.average"), 1);
  EXPECT_TRUE(
      std::is_sorted(shares.begin(), shares.end(), [](const auto& a, const auto& b) { return a.total > b.total; }));
  double first = 0;
  for (const auto& share : shares) first += share.first;
  EXPECT_NEAR(first, 1, 0.05) << "little interaction at a spread of a fifth";
}

TEST(BillUncertainty, ASharedGridWidensTheSum) {
  // The same bill with the fabs on two grids of like intensity and range, drawn apart, varies less.
  std::string records = test_records(0.2);
  const std::string there = "[grid.there]\nname = \"there\"\nregion = \"y\"\n";
  const std::size_t at = records.find(there) + there.size();
  records.replace(at, records.find('\n', at) + 1 - at, entry("average", 500, "gCO2e/kWh", 0.2));
  const std::vector<catalog::Layer> layers = {{{"test.toml", records}}};
  const auto parsed = catalog::Catalog::parse(layers);
  ASSERT_TRUE(parsed.errors.empty());
  const auto deviation = [&](const std::string& second_fab) {
    const auto bill = parse_bill(
        "name = \"x\"\n[[die]]\nname = \"a\"\narea_mm2 = 300\nprocess = \"t7\"\nfab = \"here\"\n"
        "[[die]]\nname = \"b\"\narea_mm2 = 300\nprocess = \"t7\"\nfab = \"" +
            second_fab + "\"\n",
        "x.toml");
    return uncertainty(*CompiledBill::make(*bill, parsed.catalog), options(50'000))->total.standard_deviation;
  };
  EXPECT_GT(deviation("here"), 1.02 * deviation("there"));
}

TEST(BillUncertainty, RefusesNoSamples) {
  const auto result = uncertainty(chips(), options(0));
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, ErrorCode::bad_input);
}

}  // namespace
}  // namespace cradle::embodied
