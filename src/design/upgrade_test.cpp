#include "cradle/design/upgrade.h"

#include <gtest/gtest.h>

#include "cradle/design/break_even_study.h"
#include "cradle/design/studies.h"

namespace cradle::design {
namespace {

std::string embedded(std::string_view name) {
  for (const auto& study : embedded_studies())
    if (study.name == name) return study.text;
  ADD_FAILURE() << "no study " << name;
  return {};
}

const catalog::Catalog& records() {
  static const auto loaded = catalog::Catalog::load();
  return *loaded;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(Upgrade, GivesThePublishedYears) {
  const auto study = read_upgrade_study(embedded("upgrade"), "upgrade.toml", records());
  ASSERT_TRUE(study) << to_string(study.error());
  const auto answers = answer(*study, carbon::Years{30});
  ASSERT_TRUE(answers) << to_string(answers.error());
  ASSERT_EQ(answers->size(), 4u);
  // Computed with SCARIF v0.2 at f4dc4fb, case study 1 (slides: 4.2, 4.6, 7.8, 9.8 with v0.1).
  const double years[] = {4.167613701767356, 4.62130329461798, 7.80091795459018, 9.709653198798415};
  const double saved[] = {465.6437568, 419.929872, 248.7685824, 199.8653568};
  for (std::size_t i = 0; i < 4; ++i) {
    ASSERT_TRUE((*answers)[i].published_years);
    EXPECT_NEAR(*(*answers)[i].published_years / years[i], 1, 1e-12);
    EXPECT_NEAR((*answers)[i].saved_per_year.value() / saved[i], 1, 1e-12);
  }
}

TEST(Upgrade, CorrectedYearsAreBracketedAndTheLaterTheCleanerTheGrid) {
  const auto study = read_upgrade_study(embedded("upgrade"), "upgrade.toml", records());
  ASSERT_TRUE(study);
  const auto answers = answer(*study, carbon::Years{30});
  ASSERT_TRUE(answers);
  for (const auto& region : *answers) {
    if (region.corrected.crossings.empty()) continue;
    const auto& crossing = region.corrected.crossings.front();
    EXPECT_LE(crossing.low, crossing.value);
    EXPECT_GE(crossing.high, crossing.value);
    EXPECT_LE((crossing.high - crossing.low) * 31'557'600, 1.001);
  }
  // Texas is dirtier than California in 2022 (347 and 256 g/kWh).
  ASSERT_FALSE((*answers)[0].corrected.crossings.empty());
  ASSERT_FALSE((*answers)[2].corrected.crossings.empty());
  EXPECT_LT((*answers)[0].corrected.crossings[0].value, (*answers)[2].corrected.crossings[0].value);
}

TEST(Upgrade, AMachineThatDrawsMoreNeverPaysBack) {
  const auto study = read_upgrade_study(replaced(embedded("upgrade"), "full_w = 195   #", "full_w = 900   #"),
                                        "upgrade.toml", records());
  ASSERT_TRUE(study) << to_string(study.error());
  const auto answers = answer(*study, carbon::Years{30});
  ASSERT_TRUE(answers);
  for (const auto& region : *answers) EXPECT_FALSE(region.published_years);
}

TEST(Upgrade, RefusesBadStudiesWithALine) {
  const auto refused = [](const std::string& from, const std::string& to) {
    const auto study = read_upgrade_study(replaced(embedded("upgrade"), from, to), "u.toml", records());
    return study ? std::string("accepted") : study.error().where + " " + study.error().message;
  };
  EXPECT_NE(refused("lifetime_years = 6\n", "lifetime_years = 0\n").find("u.toml:"), std::string::npos);
  EXPECT_NE(refused("grid = \"ERCO\"", "grid = \"ERCA\"").find("ERCA"), std::string::npos);
  EXPECT_NE(refused("published_hours_per_year", "published_hours").find("unknown key"), std::string::npos);
}

TEST(BreakEvenStudy, TheEmbeddedOneHasAnAnswerToEveryQuestion) {
  const auto study = read_break_even_study(embedded("break-even"), "break-even.toml", records());
  ASSERT_TRUE(study) << to_string(study.error());
  EXPECT_EQ(study->ranges.size(), 4u);
  EXPECT_GE(study->figures.size(), 10u);
  for (const auto& range : study->ranges) {
    const auto found = answer(*study, range);
    ASSERT_TRUE(found) << to_string(found.error());
    EXPECT_FALSE(found->reason.empty());
  }
  EXPECT_EQ(*break_even_kind(embedded("upgrade"), "x"), BreakEvenKind::upgrade);
  EXPECT_FALSE(break_even_kind("kind = \"other\"", "x"));
}

TEST(BreakEvenStudy, AMoveChangesOneFigure) {
  const auto base = read_break_even_study(embedded("break-even"), "x", records());
  ASSERT_TRUE(base);
  for (std::size_t i = 0; i < base->figures.size(); ++i) {
    const auto moved = read_break_even_study(embedded("break-even"), "x", records(), Move{i, true});
    ASSERT_TRUE(moved);
    EXPECT_EQ(moved->figures[i].high, base->figures[i].high);
  }
  const auto design = read_break_even_study(embedded("break-even"), "x", records(), Move{3, true});
  EXPECT_EQ(base->figures[3].name, "baseline.lifetime_years");
  EXPECT_EQ(design->comparison.baseline.lifetime.value(), base->figures[3].high);
}

TEST(BreakEvenStudy, RefusesARangeThatDoesNotHoldTheValue) {
  const auto study =
      read_break_even_study(replaced(embedded("break-even"), "[130, 247]", "[190, 247]"), "b.toml", records());
  ASSERT_FALSE(study);
  EXPECT_NE(study.error().message.find("making_kg_range"), std::string::npos);
}

}  // namespace
}  // namespace cradle::design
