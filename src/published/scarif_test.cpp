#include "cradle/published/scarif.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "cradle/base/text.h"
#include "cradle/published/tools.h"
#include "test_folder.h"

namespace cradle::published {
namespace {

constexpr double exact = 1e-9;

double number(const Comparison& comparison, std::string_view item, std::string_view quantity) {
  for (const Row& row : comparison.rows)
    if (row.item == item && row.quantity == quantity) return row.value;
  ADD_FAILURE() << "no row " << item << " " << quantity;
  return std::nan("");
}

Comparison compared(const Request& request) {
  auto comparison = compare_scarif(request);
  EXPECT_TRUE(comparison) << to_string(comparison.error());
  return comparison ? std::move(*comparison) : Comparison{};
}

TEST(Scarif, EveryPublishedNumber) {
  const AnchorSet set = anchors_scarif({});
  EXPECT_GE(set.anchors.size(), 30U);
  for (const Anchor& anchor : set.anchors)
    EXPECT_TRUE(anchor.passes()) << anchor.item << " " << anchor.quantity << ": " << shortest(anchor.ours) << " for "
                                 << shortest(anchor.published);
}

TEST(Scarif, HeldOutServers) {
  struct Case {
    std::map<std::string, std::string> flags;
    double total;  ///< computed with SCARIF at f4dc4fb
  };
  const Case cases[] = {
      {{{"c", "128"}, {"d", "1024"}, {"s", "7680"}, {"hd", "16000"}, {"y", "2023"}, {"vendor", "Lenovo"}}, 4493.72},
      {{{"c", "8"}, {"d", "16"}, {"s", "0"}, {"hd", "0"}, {"y", "2014"}}, 118.39999999999986},
      {{{"c", "8"}, {"d", "16"}, {"s", "0"}, {"hd", "0"}, {"y", "2005"}}, -629.32},
      {{{"cpu_core_num", "96"},
        {"dram", "512"},
        {"ssd", "3840"},
        {"hdd", "0"},
        {"year", "2022"},
        {"acc_tech_node", "5"},
        {"acc_chip_area", "814"},
        {"vendor", "Lenovo"}},
       2818.928392148588},
      {{{"c", "56"}, {"d", "64"}, {"s", "0"}, {"hd", "1000"}, {"y", "2017"}, {"aa", "800"}, {"config", "x.json"}},
       693.7199999999998}};
  for (const Case& one : cases) {
    Request request;
    request.options = one.flags;
    EXPECT_NEAR(number(compared(request), "system", "total"), one.total, exact * std::abs(one.total));
  }
}

TEST(Scarif, NothingGivenIsTheCaseStudy) {
  const Comparison comparison = compared({});
  EXPECT_NEAR(number(comparison, "TX", "break_even_years"), 4.167613701767356, exact);
  EXPECT_NEAR(number(comparison, "system2", "total"), 1940.623300982107, 1e-6);
  EXPECT_NEAR(number(comparison, "system2", "energy_per_year"), 1302.0864, 1e-6);
}

constexpr std::string_view upgrade_json = R"({
  "system1": {"vendor": "Dell", "cpu_core_num": 56, "dram": 64, "ssd": 0, "hdd": 1000, "year": 2017,
              "cpus": 2, "cpu_idle_w": 10, "acc_idle_w": 0, "acc_task_w": 400, "util": 0.8},
  "system2": {"vendor": "Lenovo", "cpu_core_num": 64, "dram": 64, "ssd": 0, "hdd": 1000, "year": 2020,
              "cpus": 2, "cpu_idle_w": 10, "acc_idle_w": 0, "acc_task_w": 300, "util": 0.5},
  "regions": {"TX": 0.438, "X": 1.0}})";
constexpr std::string_view upgrade_toml = R"(
[system1]
vendor = "Dell"
cpu_core_num = 56
dram = 64
ssd = 0
hdd = 1000
year = 2017
cpus = 2
cpu_idle_w = 10
acc_idle_w = 0
acc_task_w = 400
util = 0.8
[system2]
vendor = "Lenovo"
cpu_core_num = 64
dram = 64
ssd = 0
hdd = 1000
year = 2020
cpus = 2
cpu_idle_w = 10
acc_idle_w = 0
acc_task_w = 300
util = 0.5
[regions]
TX = 0.438
X = 1.0
)";
constexpr std::string_view upgrade_csv =
    "name,vendor,cpu_core_num,dram,ssd,hdd,year,cpus,cpu_idle_w,acc_idle_w,acc_task_w,util\n"
    "system1,Dell,56,64,0,1000,2017,2,10,0,400,0.8\n"
    "system2,Lenovo,64,64,0,1000,2020,2,10,0,300,0.5\n";

TEST(Scarif, TheSameUpgradeInEveryFormat) {
  const TestFolder folder;
  for (const auto& [name, text] :
       {std::pair{"a.json", upgrade_json}, {"a.toml", upgrade_toml}, {"a.csv", upgrade_csv}}) {
    Request request;
    request.input = folder.write(name, text);
    const Comparison comparison = compared(request);
    // Computed with SCARIF's own script formulas at f4dc4fb.
    EXPECT_NEAR(number(comparison, "TX", "break_even_years"), 1.8137285564128698, exact) << name;
    EXPECT_NEAR(number(comparison, "system2", "total"), 1183.04, 1e-6) << name;
  }
}

TEST(Scarif, UpgradeByFlags) {
  Request request;
  request.options = {{"cores", "56"},      {"dram", "64"},        {"ssd", "0"},
                     {"hdd", "1000"},      {"year", "2017"},      {"vendor", "Dell"},
                     {"acc-node", "14"},   {"acc-area", "815"},   {"new-cores", "64"},
                     {"new-year", "2020"}, {"new-acc-node", "7"}, {"new-acc-area", "826"},
                     {"old-power", "270"}, {"new-power", "195"},  {"new-idle-power", "73"},
                     {"new-util", "0.62"}};
  const Comparison comparison = compared(request);
  // The case study again: two sockets at 10 W are in the servers' powers.
  EXPECT_NEAR(number(comparison, "NY", "break_even_years"), 9.709653198798415, exact);
  request.options.erase("new-util");
  request.options["speedup"] = "0.5";
  EXPECT_FALSE(compare_scarif(request));  // busy for 200 % of the time
  request.options["speedup"] = "2";
  request.options["regions"] = "here=0.5,there=0.25";
  const Comparison faster = compared(request);
  EXPECT_NEAR(number(faster, "there", "break_even_years"), 2 * number(faster, "here", "break_even_years"), exact);
}

TEST(Scarif, AnUpgradeThatSavesNothing) {
  ScarifUpgrade question = scarif_case_study();
  question.proposed.accelerator_task = carbon::Watts{900};
  const auto published = evaluate_scarif(question, {});
  ScarifSwitches switches;
  switches.never = true;
  const auto corrected = evaluate_scarif(question, switches);
  ASSERT_TRUE(published && corrected);
  EXPECT_LT(published->regions[0].after.value(), 0);
  EXPECT_TRUE(std::isinf(corrected->regions[0].after.value()));
  question.regions = {{"no carbon", carbon::GramsPerKilowattHour{0}}};
  EXPECT_TRUE(std::isinf(evaluate_scarif(question, {})->regions[0].after.value()));
}

TEST(Scarif, EachSwitchChangesWhatItSays) {
  ScarifServer server = scarif_case_study().proposed.server;
  const auto with = [&](bool ScarifSwitches::*on, const ScarifServer& which) {
    ScarifSwitches switches;
    switches.*on = true;
    const auto carbon = evaluate_scarif(which, switches);
    EXPECT_TRUE(carbon);
    return carbon ? *carbon : ScarifCarbon{};
  };
  const ScarifCarbon base = *evaluate_scarif(server, {});
  const ScarifCarbon areas = with(&ScarifSwitches::square_centimetres, server);
  EXPECT_NEAR(areas.chip.value(), 10 * base.chip.value(), exact);
  EXPECT_NEAR(areas.total().value(), base.total().value(), 1e-9);
  // 64 cores, 64 GB, 2020 and a half year, at the fit's own coefficients.
  EXPECT_NEAR((with(&ScarifSwitches::fitted_terms, server).base - base.base).value(),
              64 * (5.0117352 - 5.01) + 64 * (0.95191529 - 0.95) + 20.5 * 83.08576834 - 20 * 83.08, 1e-6);
  // 583 g/kWh: 7 nm (2.15 kWh/cm2, 850 g/cm2) over 14 nm (1.2, 700).
  const double ratio = (583 * 2.15 + 850) / (583 * 1.2 + 700);
  EXPECT_NEAR(with(&ScarifSwitches::fab_grid, server).accelerator.value(), 140.28 * 826 / 698 * ratio, 1e-6);
  ScarifServer old = server;
  old.accelerator.reset();
  old.year = 1990;
  EXPECT_LT(evaluate_scarif(old, {})->total().value(), 0);
  EXPECT_EQ(with(&ScarifSwitches::not_negative, old).total().value(), 0);
  ScarifServer between = server;
  between.accelerator->node_nm = 12;
  EXPECT_FALSE(evaluate_scarif(between, {}));
  const ScarifCarbon interpolated = with(&ScarifSwitches::nodes_between, between);
  // Halfway between 14 and 10 nm.
  EXPECT_NEAR(interpolated.chip.value(), 0.826 * (820 * 1.3375 + 220 + 500) / 875, 1e-9);
  for (const auto on : {&ScarifSwitches::clear_accelerator, &ScarifSwitches::never, &ScarifSwitches::whole_servers,
                        &ScarifSwitches::nodes_between, &ScarifSwitches::not_negative}) {
    EXPECT_EQ(with(on, server).total(), base.total());
    EXPECT_EQ(with(on, server).chip, base.chip);
  }
}

TEST(Scarif, FleetsOfWholeServers) {
  ScarifFleet fleet;
  fleet.host = scarif_case_study().installed.server;
  fleet.options = {{"part", std::nullopt, 0, carbon::Watts{400}, carbon::Watts{0}, 1.25}};
  fleet.intensity = carbon::GramsPerKilowattHour{395};
  fleet.years = {1};
  ScarifSwitches whole;
  whole.whole_servers = true;
  const auto published = evaluate_scarif(fleet, {});
  const auto corrected = evaluate_scarif(fleet, whole);
  ASSERT_TRUE(published && corrected);
  EXPECT_NEAR((*corrected)[0].servers / (*published)[0].servers, 2 / 1.25, 1e-12);
  EXPECT_NEAR((*published)[0].after[0].value(),
              (*published)[0].servers.value() + (*published)[0].operation_per_year.value(), 1e-9);
}

TEST(Scarif, APrinterThatForgetsToClear) {
  const TestFolder folder;
  Request request;
  request.input = folder.write("two.csv",
                               "name,cpu_core_num,dram,ssd,hdd,year,acc_tech_node,acc_chip_area\n"
                               "gpu,56,64,0,1000,2017,14,815\nplain,56,64,0,1000,2017,,\n");
  const Comparison published = compared(request);
  EXPECT_EQ(number(published, "plain", "accelerator"), number(published, "gpu", "accelerator"));
  EXPECT_EQ(number(published, "plain", "total"), number(published, "plain", "base"));
  request.mode = Mode::corrected;
  for (const Row& row : compared(request).rows) EXPECT_FALSE(row.item == "plain" && row.quantity == "accelerator");
}

RC_GTEST_PROP(Scarif, BreakEvenFallsWithIntensity, ()) {
  ScarifUpgrade question = scarif_case_study();
  const double grid = *rc::gen::inRange(1, 1000);
  question.regions = {{"a", carbon::GramsPerKilowattHour{grid}}, {"b", carbon::GramsPerKilowattHour{grid * 2}}};
  const auto result = evaluate_scarif(question, {});
  RC_ASSERT(result.has_value());
  RC_ASSERT(std::abs(result->regions[0].after / result->regions[1].after - 2) < 1e-9);
}

TEST(Scarif, KeysThatMeanNothingAreNotedWithTheirPath) {
  const std::string system =
      "{\"cpu_core_num\": 32, \"dram\": 64, \"ssd\": 0, \"hdd\": 0, \"year\": 2020, \"cpus\": 2, \"cpu_idle_w\": 20, "
      "\"util\": 0.5";
  const auto input = parse_scarif_json(
      "{\"system1\": " + system + "},\n\"system2\": " + system + ",\n\"comment\": \"new\"}}", "up.json");
  ASSERT_TRUE(input) << to_string(input.error());
  EXPECT_EQ(input->notes, std::vector<std::string>{"up.json:3: 'system2.comment' is no field here; ignored"});
}

TEST(Scarif, RefusesWithPlaceAndHint) {
  const std::map<std::string, std::string> good = {{"c", "44"}, {"d", "32"}, {"s", "0"}, {"hd", "4800"}, {"y", "2017"}};
  const std::pair<const char*, const char*> changes[] = {
      {"c", "-1"},        {"c", "4.5"},      {"d", "many"},   {"d", "nan"},     {"y", "17"},      {"y", "1e9"},
      {"vendor", "dell"}, {"colour", "red"}, {"cores", "44"}, {"speedup", "0"}, {"regions", "TX"}};
  for (const auto& [key, value] : changes) {
    Request request;
    request.options = good;
    request.options[key] = value;
    const auto comparison = compare_scarif(request);
    EXPECT_FALSE(comparison) << key << " " << value;
    if (comparison) continue;
    EXPECT_FALSE(comparison.error().where.empty());
    EXPECT_FALSE(comparison.error().hint.empty());
  }
  for (const auto& [flag, value] : good) {
    Request request;
    request.options = good;
    request.options.erase(flag);
    EXPECT_FALSE(compare_scarif(request)) << flag;
  }
  Request node;
  node.options = good;
  node.options["at"] = "12";
  node.options["aa"] = "800";
  EXPECT_FALSE(compare_scarif(node));
  for (const char* text : {"", "[]", "{}", "{\"cpu_core_num\": 1}", "{\"system1\": {}}",
                           "{\"system1\": 1, \"system2\": 2}", "{\"host\": {}, \"options\": 3}", "{\"colour\": 1}"})
    EXPECT_FALSE(parse_scarif_json(text, "a.json")) << text;
  for (const char* text : {"", "cpu_core_num\n1\n", "cpu_core_num,dram,ssd,hdd,year\n1,2,3,4\n",
                           "cpu_core_num,dram,ssd,hdd,year\n-1,2,3,4,2020\n"})
    EXPECT_FALSE(parse_scarif_csv(text, "a.csv")) << text;
}

}  // namespace
}  // namespace cradle::published
