#include "cradle/published/boavizta.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>

#include "boavizta_tables.h"
#include "cradle/base/text.h"
#include "cradle/published/tools.h"
#include "switches.h"
#include "test_folder.h"

namespace cradle::published {
namespace {

std::string request(std::string_view extra_parts, std::string_view usage = "",
                    std::string_view cpu = R"({"units": 2, "core_units": 24, "die_size_per_core": 24.5})") {
  std::string text = R"({"model": {"type": "rack"}, "configuration": {"cpu": )" + std::string(cpu) +
                     R"(, "power_supply": {"units": 2, "unit_weight": 2.99})" + std::string(extra_parts) + "}";
  if (!usage.empty()) text += ", \"usage\": " + std::string(usage);
  return text + "}";
}
constexpr std::string_view memory_and_disk =
    R"(, "ram": [{"units": 12, "capacity": 32, "density": 1.79}], "disk": [{"units": 1, "type": "ssd", "capacity": 400,
       "density": 50.6}])";

BoaviztaReport report_of(const std::string& text, const BoaviztaSwitches& switches = {},
                         const BoaviztaQuery& query = {}) {
  const auto server = parse_boavizta(text, "request.json");
  EXPECT_TRUE(server) << (server ? "" : to_string(server.error()));
  if (!server) return {};
  const auto report = evaluate_boavizta(*server, query, switches);
  EXPECT_TRUE(report) << (report ? "" : to_string(report.error()));
  return report ? *report : BoaviztaReport{};
}

void expect_range(const BoaviztaImpact& impact, double value, double min, double max) {
  EXPECT_NEAR(impact.value.value(), value, 1e-9 * value);
  EXPECT_NEAR(impact.min.value(), min, 1e-9 * min);
  EXPECT_NEAR(impact.max.value(), max, 1e-9 * max);
}

TEST(Boavizta, EveryPublishedNumber) {
  const AnchorSet set = anchors_boavizta({});
  EXPECT_GE(set.anchors.size(), 16U);
  for (const Anchor& anchor : set.anchors)
    EXPECT_TRUE(anchor.passes()) << anchor.item << " " << anchor.quantity << ": " << shortest(anchor.ours) << " for "
                                 << shortest(anchor.published);
}

// Held-out requests; figures computed with boaviztapi 2.4.1.
TEST(Boavizta, BoundsComeFromUnknownInputs) {
  const BoaviztaReport report = report_of(
      R"({"model": {"type": "rack"}, "configuration": {"cpu": {"core_units": 24, "die_size_per_core": 24.5},
          "ram": [{"capacity": 32, "density": 1.79}],
          "disk": [{"type": "ssd", "capacity": 400, "density": 50.6}, {"type": "hdd"}],
          "power_supply": {"unit_weight": 2.99}}})");
  expect_range(report.embodied, 789.6693758562061, 700.5701579791111, 902.4998980811271);
  expect_range(report.use, 7741.831703424, 121.520486016, 38762.14938577921);
}

TEST(Boavizta, DensitiesOfKnownChips) {
  const BoaviztaReport report = report_of(request(
      R"(, "ram": [{"units": 4, "capacity": 32, "manufacturer": "Samsung"},
                   {"units": 4, "capacity": 32, "manufacturer": "Micron", "process": 30},
                   {"units": 2, "capacity": 8, "manufacturer": "SK hynix", "process": 26},
                   {"units": 1, "capacity": 8, "process": 21}, {"units": 1, "capacity": 8}],
           "disk": [{"units": 1, "type": "ssd", "capacity": 400, "density": 50.6}])"));
  expect_range(report.embodied, 1090.6156339053784, 988.3066898114852, 1398.7035883793062);
}

TEST(Boavizta, ProcessorPowerFromItsTdp) {
  const BoaviztaReport report =
      report_of(request(memory_and_disk,
                        R"({"usage_location": "POL", "other_consumption_ratio": 0.1, "time_workload": [
                   {"time_percentage": 30, "load_percentage": 0}, {"time_percentage": 50, "load_percentage": 40},
                   {"time_percentage": 20, "load_percentage": 100}]})",
                        R"({"units": 1, "core_units": 32, "die_size": 700, "tdp": 270})"));
  expect_range(report.use, 8201.79626112, 8201.79626112, 8201.79626112);
  EXPECT_NEAR(report.power_watts.value, 290.7696, 1e-9);
}

TEST(Boavizta, GpuBoards) {
  const BoaviztaReport report =
      report_of(request(std::string(memory_and_disk) +
                            R"(, "gpu": {"units": 2, "weight": 1.5, "heatsink_weight": 0.6, "pwb_surface": 250,
                       "casing_weight": 0.4, "gpu_surface": 600, "vram": 48, "vram_dies": 8, "transport_boat": 10000,
                       "transport_truck": 500, "transport_plane": 9000})",
                        R"({"avg_power": 900, "usage_location": "USA"})"));
  expect_range(report.embodied, 1540.2759501395174, 1540.2759501395174, 1540.2759501395174);
  expect_range(report.use, 11668.32, 11668.32, 11668.32);
}

TEST(Boavizta, ProcessorByNameFromTheUsersTable) {
  const TestFolder folder;
  const auto table =
      read_boavizta_cpus(folder.write("cpus.csv",
                                      "name,code_name,tdp,cores,threads,total_die_size,manufacturer,"
                                      "model_range\n"
                                      "Xeon Gold 5411N,Sapphire Rapids,165,28,56,1908,Intel,Xeon Gold\n"));
  ASSERT_TRUE(table) << to_string(table.error());
  BoaviztaQuery query;
  query.cpu_table = *table;
  const std::string text = request(memory_and_disk, R"({"usage_location": "FRA", "time_workload": 60})",
                                   R"({"units": 2, "name": "Intel Xeon Gold 5411N", "core_units": 4, "tdp": 50})");
  const BoaviztaReport report = report_of(text, {}, query);
  expect_range(report.embodied, 1019.8758116103958, 1019.8758116103958, 1019.8758116103958);
  expect_range(report.use, 1727.4467796096, 1558.598598144, 2078.131464192);
  BoaviztaSwitches switches;
  switches.user_over_name = true;
  const BoaviztaReport stated = report_of(text, switches, query);
  EXPECT_LT(stated.use.value, report.use.value);  // 50 W, not 165
  EXPECT_EQ(stated.embodied.value, report.embodied.value);
}

TEST(Boavizta, AmortisedOverItsLife) {
  const std::string text = request(memory_and_disk);
  BoaviztaQuery half;
  half.duration = carbon::Hours{17520};
  BoaviztaQuery twice;
  twice.duration = carbon::Hours{70080};
  const double whole = report_of(text).embodied.value.value();
  EXPECT_NEAR(report_of(text, {}, half).embodied.value.value(), whole / 2, 1e-9);
  EXPECT_NEAR(report_of(text, {}, twice).embodied.value.value(), whole, 1e-9);
  BoaviztaSwitches switches;
  switches.replacement = true;
  EXPECT_NEAR(report_of(text, switches, twice).embodied.value.value(), 2 * whole, 1e-9);
}

TEST(Boavizta, EachSwitchChangesWhatItSays) {
  const auto differs = [](bool BoaviztaSwitches::*on, const std::string& text, const BoaviztaQuery& query = {}) {
    BoaviztaSwitches switches;
    switches.*on = true;
    return (report_of(text, switches, query).embodied.value - report_of(text, {}, query).embodied.value).value();
  };
  BoaviztaQuery r740;
  r740.archetype = "dellR740";
  EXPECT_NEAR(differs(&BoaviztaSwitches::archetype_die, "{}", r740), 2 * 0.0197 * (588 - 522), 1e-9);
  EXPECT_GT(differs(&BoaviztaSwitches::gpu_wafer_loss, request(R"(, "gpu": {"units": 1, "gpu_surface": 600})")), 0);
  EXPECT_GT(differs(&BoaviztaSwitches::gpu_memory_default, request(R"(, "gpu": {"units": 1})")), 0);
  EXPECT_LT(differs(&BoaviztaSwitches::no_disks, request(R"(, "disk": [])")), 0);
  EXPECT_NEAR(differs(&BoaviztaSwitches::disk_units, request(R"(, "disk": [{"type": "hdd"}])")), 31.11, 1e-9);
  const std::string plain = request(memory_and_disk);
  for (const auto& entry : boavizta_switches()) EXPECT_EQ(differs(entry.flag, plain), 0) << entry.name;
}

TEST(Boavizta, WhatOnlyOneModeTakes) {
  const auto parsed = parse_boavizta(request(R"(, "disk": [{"type": "tape", "units": 1, "capacity": 5}])"), "a.json");
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(evaluate_boavizta(*parsed, {}, {}));
  EXPECT_FALSE(evaluate_boavizta(*parsed, {}, switches_of(Mode::corrected, boavizta_switches())));
  const auto process = parse_boavizta(
      request(R"(, "ram": [{"units": 1, "capacity": 8, "manufacturer": "Micron", "process": 99}])"), "a.json");
  ASSERT_TRUE(process);
  EXPECT_FALSE(evaluate_boavizta(*process, {}, {}));
  EXPECT_TRUE(evaluate_boavizta(*process, {}, switches_of(Mode::corrected, boavizta_switches())));
}

// The fit's optimum against a search over all three parameters of the shape.
TEST(Boavizta, FittedProfileIsTheLeastSquares) {
  const auto residual = [](const BoaviztaProfile& profile, double tdp) {
    const double loads[] = {0, 10, 50, 100}, shares[] = {0.12, 0.32, 0.75, 1.02};
    double sum = 0;
    for (int i = 0; i < 4; ++i) {
      const double miss = profile.a * std::log(profile.b * (loads[i] + profile.c)) + profile.d - shares[i] * tdp;
      sum += miss * miss;
    }
    return sum;
  };
  for (const double tdp : {50.0, 150.0, 205.0, 400.0, 900.0}) {
    for (const char* range : {"", "Xeon Gold", "Xeon Silver"}) {
      const BoaviztaProfile start = boavizta_profile(range);
      const BoaviztaProfile fit = boavizta_fit(start, tdp);
      EXPECT_LE(fit.a, 3 * start.a * (1 + 1e-12));
      for (const double step : {1e-3, 1e-2}) {
        for (const auto& [a, c, d] : {std::array{-1.0, 0.0, 0.0},
                                      {0.0, 1.0, 0.0},
                                      {0.0, -1.0, 0.0},
                                      {0.0, 0.0, 1.0},
                                      {0.0, 0.0, -1.0},
                                      {-1.0, -1.0, 1.0},
                                      {-1.0, 1.0, 1.0}}) {
          BoaviztaProfile near = fit;
          near.a *= 1 + step * a;
          near.c *= 1 + step * c;
          near.d += step * d * tdp;
          if (near.c > 3 * start.c) continue;
          EXPECT_GE(residual(near, tdp), residual(fit, tdp) * (1 - 1e-9)) << tdp << " " << range;
        }
      }
    }
  }
}

RC_GTEST_PROP(Boavizta, BoundsHoldTheValue, ()) {
  BoaviztaServer server;
  if (*rc::gen::arbitrary<bool>()) server.cpu.cores = *rc::gen::elementOf(std::vector<double>{16, 24, 26, 64});
  if (*rc::gen::arbitrary<bool>()) server.type = "blade";
  if (*rc::gen::arbitrary<bool>()) server.usage.load = *rc::gen::inRange(0, 101);
  BoaviztaQuery query;
  query.archetype = *rc::gen::elementOf(
      std::vector<std::string>{"platform_compute_low", "platform_compute_high", "platform_hddstorage_low", "dellR740"});
  const auto report = evaluate_boavizta(server, query, {});
  RC_ASSERT(report.has_value());
  RC_ASSERT(report->embodied.min <= report->embodied.value && report->embodied.value <= report->embodied.max);
  RC_ASSERT(report->use.min <= report->use.value && report->use.value <= report->use.max);
}

TEST(Boavizta, NullIsAbsent) {
  const BoaviztaReport with = report_of(R"({"model": null, "configuration": {"cpu": {"units": null}, "gpu": null}})");
  EXPECT_EQ(with.embodied.value, report_of("{}").embodied.value);
}

TEST(Boavizta, RefusesWithPlaceAndHint) {
  for (const char* text :
       {"", "[]", "{", R"({"configuration": 3})", R"({"configuration": {"cpu": {"units": -1}}})",
        R"({"configuration": {"cpu": {"units": 1.5}}})", R"({"configuration": {"cpu": {"tdp": 0}}})",
        R"({"configuration": {"cpu": {"die_size": -3}}})", R"({"configuration": {"ram": {"units": 1}}})",
        R"({"configuration": {"ram": [{"density": 0}]}})", R"({"configuration": {"ram": [{"capacity": "32"}]}})",
        R"({"usage": {"time_workload": 101}})", R"({"usage": {"time_workload": []}})",
        R"({"usage": {"time_workload": [{"time_percentage": 5}]}})", R"({"usage": {"hours_life_time": 0}})",
        R"({"usage": {"use_time_ratio": 2}})"}) {
    const auto server = parse_boavizta(text, "request.json");
    EXPECT_FALSE(server) << text;
    if (server) continue;
    EXPECT_TRUE(server.error().where.starts_with("request.json")) << server.error().where;
    EXPECT_FALSE(server.error().hint.empty());
  }
  Request request;
  request.options = {{"archetype", "platform_compute_medum"}};
  const auto comparison = compare_boavizta(request);
  ASSERT_FALSE(comparison);
  EXPECT_NE(comparison.error().hint.find("platform_compute_medium"), std::string::npos);
  request.options = {{"duration", "0"}};
  EXPECT_FALSE(compare_boavizta(request));
  request.options = {{"criteria", "adp"}};
  EXPECT_FALSE(compare_boavizta(request));
}

}  // namespace
}  // namespace cradle::published
