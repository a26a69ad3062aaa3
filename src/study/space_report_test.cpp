#include "cradle/study/space_report.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "cradle/base/csv.h"
#include "cradle/base/text.h"
#include "cradle/catalog/catalog.h"
#include "cradle/design/studies.h"

namespace cradle::study {
namespace {

const design::Space& space() {
  static const design::Space space = [] {
    const auto catalog = *catalog::Catalog::load();
    const auto study = *design::open_study("accelerator", "");
    return *design::parse_space(study.text, study.source, catalog);
  }();
  return space;
}

const design::Exploration& found() {
  static const design::Exploration found = *design::explore(space());
  return found;
}

TEST(SpaceReport, StandoutsAreTheBestOfEachObjectiveAndTheKnee) {
  const auto list = standouts(space(), found());
  ASSERT_GE(list.size(), 2U);
  std::string all;
  for (const Standout& standout : list) all += standout.why + ";";
  for (const design::Objective objective : space().objectives)
    EXPECT_NE(all.find(std::string(name(objective))), std::string::npos) << all;
  EXPECT_NE(all.find("knee"), std::string::npos);
  EXPECT_TRUE(std::is_sorted(list.begin(), list.end(),
                             [](const Standout& a, const Standout& b) { return a.position < b.position; }));
  EXPECT_TRUE(standouts(space(), {}).empty());
}

TEST(SpaceReport, TheTableShowsEveryStandoutHoweverShortItIs) {
  const report::Table table = front_table(space(), found(), 3, true);
  EXPECT_GE(table.rows(), 3U);
  const std::string text = table.to_csv();
  for (const Standout& standout : standouts(space(), found()))
    EXPECT_NE(text.find("\n" + std::to_string(found().front[standout.position].index) + ","), std::string::npos);
  EXPECT_EQ(front_table(space(), found(), 0, true).rows(), found().front.size());
}

TEST(SpaceReport, TheCsvHasTheWholeFrontWithItsDigits) {
  const std::string text = front_csv(space(), found());
  const std::vector<std::string_view> columns = {"point", "carbon_kgco2e", "cost_usd", "complete"};
  std::size_t row = 0;
  const auto rows = read_csv(text, "front", columns, [&](const CsvRow& line) -> Result<void> {
    const design::FrontPoint& point = found().front[row++];
    EXPECT_EQ(*line.integer(0, 0, 1'000'000'000), static_cast<std::int64_t>(point.index));
    EXPECT_EQ(*line.number(1, 0, 1e9), point.values[0] / 1000);
    EXPECT_EQ(*line.number(2, 0, 1e9), point.values[3]);
    EXPECT_EQ(line.field(3), "true");
    return {};
  });
  ASSERT_TRUE(rows) << to_string(rows.error());
  EXPECT_EQ(*rows, found().front.size());
}

/// The embedded study with reuse in its first block, and few alternatives otherwise.
design::Space reusing() {
  std::string text = design::open_study("accelerator", "")->text;
  const auto put = [&](const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
  };
  put("split = [1, 2, 3, 4, 6, 8]", "split = [1, 4]\nreuse = [0, 0.25]");
  put("technology = [\"organic\", \"rdl\", \"emib\", \"passive\", \"active\", \"3d\", \"hybrid\"]",
      "technology = [\"organic\"]");
  put("grid = [\"TW\", \"KR\", \"IE\"]", "grid = \"IE\"");
  return *design::parse_space(text, "reusing", *catalog::Catalog::load());
}

TEST(SpaceReport, ReuseStandsInLabelsColumnsAndNotes) {
  const design::Space space = reusing();
  const auto found = design::explore(space);
  ASSERT_TRUE(found);
  std::size_t reused = 0;
  const std::vector<std::string_view> columns = {"point", "design", "reuse_compute", "reuse_cache", "reuse_io"};
  const auto rows = read_csv(front_csv(space, *found), "front", columns, [&](const CsvRow& line) -> Result<void> {
    const auto index = static_cast<std::uint64_t>(*line.integer(0, 0, 1'000'000'000));
    const double share = *line.number(2, 0, 1);
    EXPECT_EQ(share, space.blocks[0].reuse[space.at(index).blocks[0].reuse]);
    EXPECT_EQ(line.field(1).find(" reuse 0.25") != std::string_view::npos, share == 0.25);
    EXPECT_EQ(*line.number(3, 0, 1) + *line.number(4, 0, 1), 0);
    reused += share > 0 ? 1 : 0;
    return {};
  });
  ASSERT_TRUE(rows) << to_string(rows.error());
  EXPECT_GT(reused, 0U);
  const auto mentions = [&](const design::Space& of) {
    const auto list = notes(of, std::nullopt);
    return std::count_if(list.begin(), list.end(),
                         [](const std::string& note) { return note.find("reused silicon") != std::string::npos; });
  };
  EXPECT_EQ(mentions(space), 1);
  EXPECT_EQ(mentions(study::space()), 0);
  EXPECT_EQ(front_csv(study::space(), study::found()).find("reuse"), std::string::npos);
}

TEST(SpaceReport, DiesAboveTheReticleAreCountedAndNamed) {
  const std::string sentence = count_sentence(space(), found());
  EXPECT_GT(found().oversized, 0U);
  EXPECT_NE(sentence.find("(" + std::to_string(found().oversized) + " for a die above the 858 mm2 of one exposure)"),
            std::string::npos)
      << sentence;
  design::Exploration none = found();
  none.oversized = 0;
  EXPECT_EQ(count_sentence(space(), none).find("exposure"), std::string::npos);
}

TEST(SpaceReport, PagesAreSoundAndTheSameEveryTime) {
  carbon::MonteCarloOptions options;
  options.samples = 2000;
  const auto page = front_page(space(), found(), {"embedded study accelerator", "cradle design explore"},
                               notes(space(), std::nullopt), options);
  ASSERT_TRUE(page) << to_string(page.error());
  const auto sound = report::check(*page);
  EXPECT_TRUE(sound) << to_string(sound.error());
  EXPECT_EQ(page->scatter->front.size(), found().front.size());
  EXPECT_EQ(page->bills[0].bars.size(), standouts(space(), found()).size());
  options.threads = 2;
  const auto again = front_page(space(), found(), {"embedded study accelerator", "cradle design explore"},
                                notes(space(), std::nullopt), options);
  EXPECT_EQ(report::to_html(*page), report::to_html(*again));

  const design::Evaluator evaluator(space());
  const std::uint64_t index = found().front.front().index;
  const auto u = design::uncertainty(evaluator, index, options);
  ASSERT_TRUE(u);
  const auto point = point_page(space(), index, evaluator.at(index).outcome, *u, {"s", "c"}, {}, options);
  const auto fine = report::check(point);
  EXPECT_TRUE(fine) << to_string(fine.error());
}

TEST(SpaceReport, CrossingsAreWhereTheLinesMeet) {
  carbon::MonteCarloOptions options;
  options.samples = 1000;
  const auto page = front_page(space(), found(), {"s", "c"}, {}, options);
  ASSERT_TRUE(page);
  std::size_t met = 0;
  for (const report::Curve& curve : page->curves)
    for (const report::BreakEven& crossing : curve.crossings) {
      ++met;
      // The first line and the one that is named meet between two of their points: the order changes there.
      const auto other = std::find_if(curve.lines.begin() + 1, curve.lines.end(), [&](const report::Line& line) {
        return crossing.what.find(" and " + line.name + " emit") != std::string::npos;
      });
      ASSERT_NE(other, curve.lines.end()) << crossing.what;
      const report::Line& first = curve.lines.front();
      const auto after =
          static_cast<std::size_t>(std::upper_bound(first.x.begin(), first.x.end(), crossing.value) - first.x.begin());
      ASSERT_GT(after, 0U);
      ASSERT_LT(after, first.x.size());
      EXPECT_NE(first.y[after - 1] < other->y[after - 1], first.y[after] < other->y[after]) << crossing.what;
    }
  EXPECT_GT(met, 0U);
}

TEST(SpaceReport, AStoppedSearchIsToldEverywhere) {
  design::Exploration part = found();
  part.evaluated /= 2;
  EXPECT_NE(count_sentence(space(), part).find("stopped"), std::string::npos);
  EXPECT_NE(answer_sentence(space(), part).find("so far"), std::string::npos);
  EXPECT_NE(front_csv(space(), part).find(",false\n"), std::string::npos);
}

}  // namespace
}  // namespace cradle::study
