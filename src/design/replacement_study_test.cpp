#include "cradle/design/replacement_study.h"

#include <gtest/gtest.h>

#include "cradle/design/studies.h"

namespace cradle::design {
namespace {

std::string embedded() {
  for (const auto& study : embedded_studies())
    if (study.name == "fleet") return study.text;
  ADD_FAILURE() << "no study fleet";
  return {};
}

const catalog::Catalog& records() {
  static const auto loaded = catalog::Catalog::load();
  return *loaded;
}

TEST(FleetStudy, TheEmbeddedOneHasAPlanCloseToItsBound) {
  const auto study = read_fleet_study(embedded(), "fleet.toml", records());
  ASSERT_TRUE(study) << to_string(study.error());
  FleetOptions options;
  options.time_limit_seconds = 30;
  const auto plan = plan_fleet(study->fleet, options, "fleet.toml");
  ASSERT_TRUE(plan) << to_string(plan.error());
  EXPECT_GE(plan->gap(), -1e-9);
  EXPECT_LE(plan->gap(), 0.01);
}

TEST(FleetStudy, AProfileChangesThePeakAndWhenItDraws) {
  const auto study = read_fleet_study(embedded(), "fleet.toml", records());
  ASSERT_TRUE(study);
  const auto& site = study->fleet.sites[0];
  EXPECT_EQ(study->fleet.classes[0].peak, 1);
  EXPECT_NEAR(study->fleet.classes[1].peak, 10 / (148.0 / 24), 1e-12);
  for (std::size_t year = 0; year < 10; ++year) {
    // A flat load has the exposure of a constant draw; each year the grid is 4 % cleaner.
    EXPECT_NEAR(site.work_exposure[0][year] / site.exposure[year], 1, 1e-9);
    EXPECT_NE(site.work_exposure[1][year], site.exposure[year]);
  }
  EXPECT_NEAR(site.exposure[4] / site.exposure[0], std::pow(0.96, 4), 1e-9);  // 2025 and 2029 have as many days
}

TEST(FleetStudy, RefusesBadStudiesWithALine) {
  const auto refused = [](const std::string& from, const std::string& to) {
    std::string text = embedded();
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    const auto study = read_fleet_study(text, "f.toml", records());
    return study ? std::string("accepted") : to_string(study.error());
  };
  EXPECT_NE(refused("life_years = 8", "life_years = 0").find("f.toml:"), std::string::npos);
  EXPECT_NE(refused("grid = \"BPAT\"", "grid = \"BPAD\"").find("BPAD"), std::string::npos);
  EXPECT_NE(refused("machine = \"V100 server\"", "machine = \"V1000 server\"").find("did you mean 'V100 server'"),
            std::string::npos);
  EXPECT_NE(refused("[\"training\", \"serving\", \"batch\"]", "[\"trainng\"]").find("trainng"), std::string::npos);
  EXPECT_NE(refused("profile = [4, 5,", "profile = [4,").find("24"), std::string::npos);
}

}  // namespace
}  // namespace cradle::design
