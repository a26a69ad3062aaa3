#include "cradle/catalog/hourly_grid.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "cradle/base/file.h"
#include "cradle/base/text.h"
#include "cradle/catalog/catalog.h"

namespace cradle::catalog {
namespace {

const std::filesystem::path data_folder =
    std::filesystem::path(CRADLE_SOURCE_DIR) / "../shared/data/grid-eia-hourly-2022";
const std::string header = "timestamp,WND,SUN,WAT,OIL,NG,COL,NUC,OTH,avg_CI\n";
const Instant start = instant_of(2022, 1, 1);

Instant hour(int i) { return {start.ms + i * ms_per_hour}; }

/// A row of coal and wind, whose intensity is 11 + 809 coal / (coal + wind).
std::string row(int i, double wind = 50, double coal = 50) {
  return to_iso(hour(i)) + "," + shortest(wind) + ",0,0,0,0," + shortest(coal) + ",0,0," +
         shortest((11 * wind + 820 * coal) / (wind + coal)) + "\n";
}

std::string rows(int from, int to) {
  std::string text;
  for (int i = from; i < to; ++i) text += row(i);
  return text;
}

std::vector<GridDefect> of_kind(const HourlyGrid& grid, DefectKind kind) {
  std::vector<GridDefect> found;
  for (const GridDefect& defect : grid.defects)
    if (defect.kind == kind) found.push_back(defect);
  return found;
}

TEST(Import, cleanDataHasNoDefect) {
  const auto grid = import_fuel_mix(header + rows(0, 48), "x.csv");
  ASSERT_TRUE(grid) << to_string(grid.error());
  EXPECT_EQ(grid->hours(), 48);
  EXPECT_EQ(grid->start, start);
  EXPECT_TRUE(grid->defects.empty());
  EXPECT_EQ(grid->hours_bridged(), 0);
  EXPECT_DOUBLE_EQ(grid->observed_mean().value(), 415.5);
  EXPECT_DOUBLE_EQ(grid->generation[0].value(), 100'000);
  EXPECT_DOUBLE_EQ(grid->low[0].value(), (11 + 740) / 2.0);
  EXPECT_DOUBLE_EQ(grid->high[0].value(), (11 + 910) / 2.0);
  EXPECT_EQ(grid->series(carbon::Signal::average)->steps().size(), 48u);
}

TEST(Import, gapsAreNamedAndCounted) {
  const std::string text = header + rows(0, 5) + to_iso(hour(5)) + ",,,,,,,,,\n" +        // all cells empty
                           to_iso(hour(6)) + ",50,0,0,0,,50,0,0,415.5\n" +                // gas is empty
                           rows(7, 10) + rows(12, 20) +                                   // 10 and 11 missing
                           to_iso(hour(20)) + ",50,0,-9,0,0,50,0,0,415.5\n" +             // negative
                           to_iso(hour(21)) + ",50,0,0,0,0,50,0,0,315.5\n" +              // not of the fuels
                           to_iso(hour(22)) + ",0,0,0,0,0,0,0,0,0\n" +                    // nothing at all
                           to_iso(hour(23)) + ",5,0,0,0,0,5,0,0,415.5\n" + rows(24, 40);  // a tenth
  const auto grid = import_fuel_mix(text, "x.csv");
  ASSERT_TRUE(grid) << to_string(grid.error());
  EXPECT_EQ(grid->hours(), 40);
  EXPECT_EQ(grid->hours_bridged(), 8);
  EXPECT_EQ(grid->defects.size(), 8u);
  ASSERT_EQ(of_kind(*grid, DefectKind::empty_cell).size(), 2u);
  EXPECT_EQ(of_kind(*grid, DefectKind::empty_cell)[1].text, "line 8: no value for NG");
  ASSERT_EQ(of_kind(*grid, DefectKind::missing_hour).size(), 2u);
  EXPECT_EQ(of_kind(*grid, DefectKind::missing_hour)[0].instant, hour(10));
  EXPECT_EQ(of_kind(*grid, DefectKind::negative_generation)[0].instant, hour(20));
  EXPECT_EQ(of_kind(*grid, DefectKind::inconsistent_intensity)[0].instant, hour(21));
  ASSERT_EQ(of_kind(*grid, DefectKind::collapsed_generation).size(), 2u);
  EXPECT_EQ(of_kind(*grid, DefectKind::collapsed_generation)[1].instant, hour(23));
  for (const auto& intensity : grid->intensity) EXPECT_DOUBLE_EQ(intensity.value(), 415.5);
  EXPECT_EQ(grid->generation[5].value(), 0);
}

TEST(Import, rowsOutOfOrderAndTwiceAreNamed) {
  const std::string text = header + row(0) + row(2) + row(1, 60, 40) + row(2, 90, 10) + row(3);
  const auto grid = import_fuel_mix(text, "x.csv");
  ASSERT_TRUE(grid) << to_string(grid.error());
  EXPECT_EQ(grid->hours_bridged(), 0);
  ASSERT_EQ(of_kind(*grid, DefectKind::out_of_order).size(), 1u);
  EXPECT_EQ(of_kind(*grid, DefectKind::out_of_order)[0].instant, hour(1));
  ASSERT_EQ(of_kind(*grid, DefectKind::duplicate_hour).size(), 1u);
  EXPECT_EQ(of_kind(*grid, DefectKind::duplicate_hour)[0].text, "line 5 repeats the hour of line 3, which is kept");
  EXPECT_DOUBLE_EQ(grid->intensity[1].value(), (11 * 60 + 820 * 40) / 100.0);
  EXPECT_DOUBLE_EQ(grid->intensity[2].value(), 415.5);
}

TEST(Bridge, shortGapsFollowTheStraightLine) {
  const std::string text = "t,v\n2022-01-01T00:00Z,100\n2022-01-01T04:00Z,500\n";
  const auto grid = import_intensity(text, "x.csv", "t", "v");
  ASSERT_TRUE(grid) << to_string(grid.error());
  for (int i = 0; i < 5; ++i) EXPECT_DOUBLE_EQ(grid->intensity[static_cast<std::size_t>(i)].value(), 100 + 100 * i);
}

TEST(Bridge, longGapsTakeTheSameHourOfTheNearestDays) {
  std::string text = "t,v\n";
  const auto add = [&](int i, int value) { text += to_iso(hour(i)) + "," + std::to_string(value) + "\n"; };
  for (int i = 0; i < 24; ++i) add(i, i);
  for (int i = 24; i < 31; ++i) add(i, 50);
  for (int i = 38; i < 72; ++i) add(i, 100 + i % 24);  // 31 to 37 are missing: seven hours
  const auto grid = import_intensity(text, "x.csv", "t", "v");
  ASSERT_TRUE(grid) << to_string(grid.error());
  EXPECT_EQ(grid->hours_bridged(), 7);
  for (int i = 31; i < 38; ++i)
    EXPECT_DOUBLE_EQ(grid->intensity[static_cast<std::size_t>(i)].value(), (i % 24 + 100 + i % 24) / 2.0);
  GapRules rules;
  rules.linear_hours = 7;
  EXPECT_DOUBLE_EQ(import_intensity(text, "x.csv", "t", "v", rules)->intensity[31].value(), 50 + (114 - 50) / 8.0);
}

TEST(Bridge, gapsAtTheEndsAndHopelessOnes) {
  const std::string day = "t,v\n2022-01-01T00:00Z,\n" + [] {
    std::string text;
    for (int i = 1; i < 26; ++i) text += to_iso(hour(i)) + "," + std::to_string(i) + "\n";
    return text;
  }();
  const auto at_start = import_intensity(day, "x.csv", "t", "v");
  ASSERT_TRUE(at_start) << to_string(at_start.error());
  EXPECT_DOUBLE_EQ(at_start->intensity[0].value(), 24);
  const auto hopeless = import_intensity("t,v\n2022-01-01T00:00Z,1\n2022-03-01T00:00Z,1\n", "x.csv", "t", "v");
  ASSERT_FALSE(hopeless);
  EXPECT_EQ(hopeless.error().code, ErrorCode::missing_data);
  EXPECT_NE(hopeless.error().message.find("too long to bridge"), std::string::npos);
}

RC_GTEST_PROP(BridgeProperty, observedHoursAreKeptAndBridgedOnesStayInRange, ()) {
  const int hours = *rc::gen::inRange(30, 400);
  const auto values = *rc::gen::container<std::vector<int>>(static_cast<std::size_t>(hours), rc::gen::inRange(0, 900));
  const auto missing = *rc::gen::container<std::vector<bool>>(
      static_cast<std::size_t>(hours), rc::gen::map(rc::gen::inRange(0, 5), [](int x) { return x == 0; }));
  std::string text = "when,g\n";
  int low = 1000, high = -1, gaps = 0;
  for (int i = 0; i < hours; ++i) {
    const auto k = static_cast<std::size_t>(i);
    text += to_iso(hour(i)) + "," + (missing[k] ? "" : std::to_string(values[k])) + "\n";
    gaps += missing[k];
    if (missing[k]) continue;
    low = std::min(low, values[k]);
    high = std::max(high, values[k]);
  }
  RC_PRE(gaps < hours);
  const auto grid = import_hourly(text, "x.csv");
  if (!grid) {
    RC_ASSERT(grid.error().code == ErrorCode::missing_data);
    return;
  }
  RC_ASSERT(grid->hours_bridged() == gaps);
  RC_ASSERT(grid->defects.size() == static_cast<std::size_t>(gaps));
  for (int i = 0; i < hours; ++i) {
    const auto k = static_cast<std::size_t>(i);
    if (!missing[k]) RC_ASSERT(grid->intensity[k].value() == values[k]);
    RC_ASSERT(grid->intensity[k].value() >= low && grid->intensity[k].value() <= high);
  }
}

TEST(Import, badInputIsOneErrorWithItsLine) {
  struct Bad {
    std::string text;
    const char* where;
  };
  for (const Bad& bad : std::vector<Bad>{{"", "x.csv"},
                                         {header, "x.csv"},
                                         {"timestamp,WND\n2022-01-01,1\n", "x.csv"},
                                         {header + row(0) + "2022-01-01T01:00Z,1,2,3\n", "x.csv:3"},
                                         {header + row(0) + "yesterday,0,0,0,0,0,1,0,0,820\n", "x.csv:3"},
                                         {header + row(0) + "2022-01-01T01:30Z,0,0,0,0,0,1,0,0,820\n", "x.csv:3"},
                                         {header + row(0) + "2022-01-01T01:00Z,nan,0,0,0,0,1,0,0,820\n", "x.csv:3"},
                                         {header + row(0) + "2022-01-01T01:00Z,1e300,0,0,0,0,1,0,0,820\n", "x.csv:3"},
                                         {header + row(0) + "2022-01-01T01:00Z,0,0,0,0,0,1,0,0,-820\n", "x.csv:3"},
                                         {header + row(0) + "2022-01-01T01:00Z,0,0,0,0,0,\xff,0,0,820\n", "x.csv"},
                                         {header + row(0) + "9999-01-01T00:00Z,0,0,0,0,0,1,0,0,820\n", "x.csv"},
                                         {header + "2022-01-01T00:00Z,,,,,,,,,\n", "x.csv"},
                                         {"t,v\n2022-01-01T00:00Z,abc\n", "x.csv:2"},
                                         {"t,v\n2022-01-01T00:00Z,1e9\n", "x.csv:2"}}) {
    const auto grid = import_hourly(bad.text, "x.csv");
    ASSERT_FALSE(grid) << bad.text;
    EXPECT_TRUE(grid.error().where.starts_with(bad.where)) << grid.error().where << " for " << bad.text;
    EXPECT_FALSE(grid.error().hint.empty());
    EXPECT_EQ(exit_code(grid.error().code), 2) << to_string(grid.error());
  }
}

/// A year in which every hour of a month's day has its own value, plus `wobble` on odd days and minus it on even ones.
std::string synthetic_year(int year, double wobble) {
  std::string text = "t,v\n";
  for (Instant at = instant_of(year, 1, 1); at < instant_of(year + 1, 1, 1); at.ms += ms_per_hour) {
    const CivilHour civil = civil_hour(at);
    const double sign = civil.day % 2 == 1 ? 1 : -1;
    text += to_iso(at) + "," + shortest(100 + 20 * civil.month + civil.hour + sign * wobble) + "\n";
  }
  return text;
}

TEST(TypicalYear, meanAndSpreadByMonthAndHour) {
  const auto grid = import_hourly(synthetic_year(2024, 6), "x.csv");
  ASSERT_TRUE(grid) << to_string(grid.error());
  EXPECT_EQ(grid->hours(), 8784);
  const auto profile = typical_year(*grid);
  ASSERT_TRUE(profile) << to_string(profile.error());
  EXPECT_EQ(profile->hours_used, 8784);
  for (unsigned month = 1; month <= 12; ++month) {
    const double days = month == 2 ? 29 : month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
    const double odd = std::ceil(days / 2), even = days - odd;
    const double shift = 6 * (odd - even) / days;
    for (unsigned h = 0; h < 24; ++h) {
      EXPECT_NEAR(profile->mean[month - 1][h].value(), 100 + 20 * month + h + shift, 1e-9);
      EXPECT_NEAR(profile->spread[month - 1][h].value(), std::sqrt(36 - shift * shift), 1e-9);
    }
  }
}

TEST(TypicalYear, aPartOfAYearIsNotEnough) {
  const auto grid = import_hourly("t,v\n2022-01-01T00:00Z,1\n2022-01-01T01:00Z,1\n", "x.csv");
  ASSERT_TRUE(grid);
  const auto profile = typical_year(*grid);
  ASSERT_FALSE(profile);
  EXPECT_EQ(profile.error().code, ErrorCode::missing_data);
}

TEST(TypicalYear, theWrittenRecordReadsBack) {
  const auto grid = import_hourly(synthetic_year(2022, 3), "x.csv");
  ASSERT_TRUE(grid);
  const GridHeading heading{"HOME", "My \"own\" grid\\\n", "X", {"a \"source\"", 2023, "scope", "CC0", ""}};
  const auto text = grid_record_toml(heading, *grid);
  ASSERT_TRUE(text) << to_string(text.error());
  const std::vector<Layer> layers = {{{"g.toml", *text}}};
  const auto parsed = Catalog::parse(layers);
  ASSERT_TRUE(parsed.errors.empty()) << to_string(parsed.errors[0]);
  const Grid& home = *parsed.catalog.grid("HOME");
  EXPECT_EQ(home.name, heading.name);
  EXPECT_EQ(home.average.provenance.source, heading.provenance.source);
  EXPECT_EQ(heading_of(home).provenance.licence, "CC0");
  EXPECT_NEAR(home.average.value().value(), grid->observed_mean().value(), 0.01);
  EXPECT_LT(home.average.estimate.low, home.average.value());  // January is the lowest month
  EXPECT_NEAR(home.average_profile->mean[0][0].value(), typical_year(*grid)->mean[0][0].value(), 0.005001);
  EXPECT_EQ(*grid_record_toml(heading_of(home), *grid), *text);
}

TEST(TypicalYear, anIdIsTheKeyOfOneRecord) {
  const auto grid = import_hourly(synthetic_year(2022, 3), "x.csv");
  ASSERT_TRUE(grid);
  const auto derived = [&](const std::string& id) {
    return grid_record_toml({id, "My grid", "X", {"a source", 2023, "scope", "CC0", ""}}, *grid);
  };
  for (const std::string& id :
       std::vector<std::string>{"a", "Home-1_x", "eu.home", "1.2", "..", std::string(64, 'x')}) {
    const auto text = derived(id);
    ASSERT_TRUE(text) << id;
    const std::vector<Layer> layers = {{{"g.toml", *text}}};
    const auto parsed = Catalog::parse(layers);
    ASSERT_TRUE(parsed.errors.empty()) << to_string(parsed.errors[0]);
    EXPECT_TRUE(parsed.catalog.grid(id)) << id;
  }
  for (const std::string& id :
       std::vector<std::string>{"", "a b", "a]\nname = 1", "a/b", "\xc3\xb6", {"a\0b", 3}, std::string(65, 'x')}) {
    const auto text = derived(id);
    ASSERT_FALSE(text) << id;
    EXPECT_EQ(text.error().code, ErrorCode::bad_input);
  }
}

// The known defects and published means of the 2022 data: HewlettPackard/dc-rl at a92b475, data/CarbonIntensity.
struct Area {
  const char* id;
  double hourly_mean;    ///< arithmetic, empty rows left out, collapsed hours kept
  double weighted_mean;  ///< by generation
  int empty_rows;
  int collapsed;
};

class Eia2022 : public ::testing::TestWithParam<Area> {
 protected:
  std::string text() {
    const auto file = data_folder / (std::string(GetParam().id) + ".csv");
    if (!std::filesystem::exists(file)) return {};
    auto read = read_file(file);
    return read ? *std::move(read) : std::string();
  }
};

TEST_P(Eia2022, everyKnownDefectIsCaught) {
  const std::string csv = text();
  if (csv.empty()) GTEST_SKIP() << "no hourly data at " << data_folder;
  const auto grid = import_hourly(csv, GetParam().id);
  ASSERT_TRUE(grid) << to_string(grid.error());
  EXPECT_EQ(grid->hours(), 8760);
  const auto empty = of_kind(*grid, DefectKind::empty_cell);
  const auto collapsed = of_kind(*grid, DefectKind::collapsed_generation);
  EXPECT_EQ(static_cast<int>(empty.size()), GetParam().empty_rows);
  EXPECT_EQ(static_cast<int>(collapsed.size()), GetParam().collapsed);
  EXPECT_EQ(grid->defects.size(), empty.size() + collapsed.size());
  EXPECT_EQ(grid->hours_bridged(), GetParam().empty_rows + GetParam().collapsed);
  if (GetParam().id == std::string("PJM")) {
    // 325 MWh in the hour against about 77,000 around it; and, not in the list of known defects, four hours of 1
    // October.
    ASSERT_EQ(collapsed.size(), 5u);
    EXPECT_EQ(to_iso(collapsed[4].instant), "2022-10-02T04:00:00Z");
    EXPECT_NE(collapsed[4].text.find("325 MWh"), std::string::npos) << collapsed[4].text;
    for (unsigned i = 0; i < 4; ++i) EXPECT_EQ(collapsed[i].instant, instant_of(2022, 10, 1, 5 + i));
    const auto at = static_cast<std::size_t>((instant_of(2022, 10, 2, 4).ms - grid->start.ms) / ms_per_hour);
    EXPECT_DOUBLE_EQ(grid->intensity[at].value(),
                     (grid->intensity[at - 1].value() + grid->intensity[at + 1].value()) / 2);
  }
}

TEST_P(Eia2022, publishedMeansAreReproduced) {
  const std::string csv = text();
  if (csv.empty()) GTEST_SKIP() << "no hourly data at " << data_folder;
  GapRules rules;
  rules.collapse_fraction = 0;  // the published means keep PJM's collapsed hours
  const auto grid = import_hourly(csv, GetParam().id, rules);
  ASSERT_TRUE(grid) << to_string(grid.error());
  EXPECT_NEAR(grid->observed_mean().value(), GetParam().hourly_mean, 0.0005);
  EXPECT_NEAR(grid->generation_weighted_mean().value(), GetParam().weighted_mean, 0.0005);
}

TEST_P(Eia2022, theEmbeddedRecordIsDerivedByteForByte) {
  const std::string csv = text();
  if (csv.empty()) GTEST_SKIP() << "no hourly data at " << data_folder;
  const std::string id = GetParam().id;
  const auto catalog = Catalog::load();
  ASSERT_TRUE(catalog) << to_string(catalog.error());
  const auto grid = import_hourly(csv, id);
  ASSERT_TRUE(grid) << to_string(grid.error());
  const auto derived = grid_record_toml(heading_of(*catalog->grid(id)), *grid);
  ASSERT_TRUE(derived) << to_string(derived.error());
  const Layer& layer = embedded_layer();
  const auto file = std::find_if(layer.begin(), layer.end(),
                                 [&](const SourceFile& f) { return f.name == "catalog/grids/" + id + ".toml"; });
  ASSERT_NE(file, layer.end());
  EXPECT_TRUE(*derived == file->text) << "derive it again: cradle catalog derive-grid " << id;
}

INSTANTIATE_TEST_SUITE_P(Areas, Eia2022,
                         ::testing::Values(Area{"AZPS", 575.042, 577.348, 0, 0}, Area{"BPAT", 54.714, 51.794, 0, 0},
                                           Area{"CISO", 256.188, 254.908, 3, 0}, Area{"ERCO", 347.202, 353.052, 0, 0},
                                           Area{"MISO", 440.549, 444.512, 3, 0}, Area{"NYIS", 272.770, 276.803, 0, 0},
                                           Area{"PJM", 362.619, 367.079, 23, 5}, Area{"SOCO", 423.198, 425.615, 0, 0}),
                         [](const auto& tested) { return std::string(tested.param.id); });

}  // namespace
}  // namespace cradle::catalog
