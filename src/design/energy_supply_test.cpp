#include "cradle/design/energy_supply.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <numeric>

#include "cradle/base/random.h"
#include "cradle/design/energy_supply_study.h"
#include "cradle/design/studies.h"

namespace cradle::design {
namespace {

using namespace cradle::carbon;

constexpr double mega = 1e6;

HourlyPower megawatts(std::span<const double> values) {
  HourlyPower out;
  for (const double value : values) out.emplace_back(std::max(0.0, value) * mega);
  return out;
}

// --- The same from the plain way ------------------------------------------------------------------------------------

/// Step by step, as the publication writes it; MW and MWh.
struct Plain {
  double unmet = 0;
  std::vector<double> supply;
  double content = 0;
};
Plain plain_battery(const HourlyPower& demand, const HourlyPower& supply, const Battery& battery, SupplyRules rules) {
  const bool published = rules == SupplyRules::published;
  const double b_max = battery.capacity.value() / 3.6e9, t = 1.0 / 60;
  double b = (published ? battery.full : battery.empty) * b_max;
  Plain out;
  for (std::size_t i = 0; i < demand.size(); ++i) {
    const double p = demand[i].value() / mega;
    double r = supply[i].value() / mega;
    const double gap = p - r;
    if (gap > 0) {
      double given = 0;
      for (int k = 0; k < 60; ++k) {
        const double most =
            std::min(b_max / battery.discharge * battery.rate,
                     (b - battery.empty * b_max) / (battery.lower_slope.value() + battery.discharge * t));
        const double power = std::min(most, gap);
        b -= power * battery.discharge * t;
        given += power * t;
      }
      out.unmet += gap - given;
      r += given;
    } else {
      double taken = 0;
      for (int k = 0; k < 60; ++k) {
        const double most = std::min(b_max / battery.charge * battery.rate,
                                     (battery.full * b_max - b) / (battery.charge * t + battery.upper_slope.value()));
        const double power = std::min(most, -gap);
        b += power * battery.charge * t;
        taken += power * t;
      }
      r -= published ? -gap : taken;
    }
    out.supply.push_back(r);
  }
  out.content = b;
  return out;
}

/// The shift in the order of its description, on lists of pairs.
std::vector<double> plain_shift(const HourlyPower& demand, const HourlyPower& supply, double flexible, double cap) {
  std::vector<double> p, r;
  for (std::size_t i = 0; i < demand.size(); ++i) {
    p.push_back(demand[i].value() / mega);
    r.push_back(supply[i].value() / mega);
  }
  p.resize(p.size() / 24 * 24);
  for (std::size_t day = 0; day * 24 < p.size(); ++day) {
    std::vector<std::size_t> order(24);
    std::iota(order.begin(), order.end(), day * 24);
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return r[a] != r[b] ? r[a] < r[b] : p[a] < p[b]; });
    std::size_t start = 0, end = 23;
    double move = 0;
    while (start < end) {
      const double surplus = r[order[end]] - p[order[end]], gap = p[order[start]] - r[order[start]];
      const double space = std::min(surplus, cap - p[order[end]]);
      if (surplus <= 0) {
        --end;
        continue;
      }
      if (gap <= 0) {
        ++start;
        continue;
      }
      if (move <= 0) move = std::min(gap, flexible * p[order[start]]);
      const double step = space > move ? move : space;
      p[order[end]] += step;
      p[order[start]] -= step;
      if (space > move) {
        ++start;
        move = 0;
      } else {
        move -= space;
        --end;
      }
    }
  }
  return p;
}

struct Weather {
  HourlyPower demand, supply;
};
Weather random_weather(std::uint64_t seed, std::size_t hours) {
  RandomStream random(seed, "weather");
  Weather out;
  for (std::size_t i = 0; i < hours; ++i) {
    out.demand.emplace_back((10 + 10 * random.uniform()) * mega);
    out.supply.emplace_back((random.uniform() < 0.2 ? 0 : 40 * random.uniform()) * mega);
  }
  return out;
}

RC_GTEST_PROP(EnergySupply, TheBatteryEqualsItsStepByStepForm, ()) {
  const auto weather = random_weather(static_cast<std::uint64_t>(*rc::gen::inRange(0, 1 << 20)), 200);
  Battery battery;
  battery.capacity = Joules{KilowattHours{1000.0 * *rc::gen::inRange(0, 300)}};
  battery.rate = *rc::gen::inRange(1, 40) / 10.0;
  battery.full = *rc::gen::inRange(60, 101) / 100.0;
  battery.empty = *rc::gen::inRange(0, 40) / 100.0;
  for (const auto rules : {SupplyRules::published, SupplyRules::corrected}) {
    const auto fast = run_battery(weather.demand, weather.supply, battery, 60, rules);
    const auto plain = plain_battery(weather.demand, weather.supply, battery, rules);
    const double scale = 20.0 * 200;
    RC_ASSERT(std::abs(fast.coverage.unmet.value() / 3.6e9 - plain.unmet) <= 1e-9 * scale);
    RC_ASSERT(std::abs(fast.content.value() / 3.6e9 - plain.content) <= 1e-9 * (1 + battery.capacity.value() / 3.6e9));
    for (std::size_t i = 0; i < plain.supply.size(); ++i)
      RC_ASSERT(std::abs(fast.supply[i].value() / mega - plain.supply[i]) <= 1e-9 * 40);
  }
}

RC_GTEST_PROP(EnergySupply, TheShiftEqualsItsPlainForm, ()) {
  const auto weather = random_weather(static_cast<std::uint64_t>(*rc::gen::inRange(0, 1 << 20)), 24 * 9 + 1);
  const double flexible = *rc::gen::inRange(0, 101) / 100.0, cap = *rc::gen::inRange(20, 50);
  const auto fast = daily_shift(weather.demand, weather.supply, flexible, Watts{cap * mega}, SupplyRules::published);
  const auto plain = plain_shift(weather.demand, weather.supply, flexible, cap);
  RC_ASSERT(fast.size() == plain.size());
  for (std::size_t i = 0; i < plain.size(); ++i) RC_ASSERT(std::abs(fast[i].value() / mega - plain[i]) <= 1e-9 * 50);
}

RC_GTEST_PROP(EnergySupply, TheShiftKeepsTheDaysWorkAndItsPromises, ()) {
  const std::size_t hours = 24 * 5 + static_cast<std::size_t>(*rc::gen::inRange(0, 24));
  const auto weather = random_weather(static_cast<std::uint64_t>(*rc::gen::inRange(0, 1 << 20)), hours);
  const double flexible = *rc::gen::inRange(0, 101) / 100.0;
  const Watts cap{(20.0 + *rc::gen::inRange(0, 20)) * mega};
  const auto shifted = daily_shift(weather.demand, weather.supply, flexible, cap);
  RC_ASSERT(shifted.size() == hours);
  for (std::size_t day = 0; day * 24 < hours; ++day) {
    double before = 0, after = 0;
    for (std::size_t i = day * 24; i < std::min(hours, day * 24 + 24); ++i) {
      before += weather.demand[i].value();
      after += shifted[i].value();
      RC_ASSERT(shifted[i].value() >= weather.demand[i].value() * (1 - flexible) - 1e-3);
      RC_ASSERT(shifted[i].value() <= std::max(cap.value(), weather.demand[i].value()) + 1e-3);
    }
    RC_ASSERT(std::abs(before - after) <= 1e-9 * before);
  }
  RC_ASSERT(coverage(shifted, weather.supply).unmet <= coverage(weather.demand, weather.supply).unmet + Joules{1});
}

RC_GTEST_PROP(EnergySupply, ABatteryGivesNoMoreThanItTookIn, ()) {
  const auto weather = random_weather(static_cast<std::uint64_t>(*rc::gen::inRange(0, 1 << 20)), 100);
  Battery battery;
  battery.capacity = Joules{KilowattHours{1000.0 * *rc::gen::inRange(1, 300)}};
  const auto year = run_battery(weather.demand, weather.supply, battery);
  const Joules without = coverage(weather.demand, weather.supply).unmet;
  Joules taken;
  for (std::size_t i = 0; i < weather.supply.size(); ++i)
    if (year.supply[i] < weather.supply[i]) taken += (weather.supply[i] - year.supply[i]) * Seconds{3600};
  const Joules given = without - year.coverage.unmet;
  const double stored = taken.value() * battery.charge - given.value() * battery.discharge;
  RC_ASSERT(std::abs(stored - year.content.value()) <= 1e-6 * (1 + taken.value()));
  RC_ASSERT(year.content <= battery.capacity * (1 + 1e-12));
}

// --- Published ------------------------------------------------------------------------------------------------------

// Two days and an hour of generation by fuel that we made up, run through Carbon Explorer's functions at 61d4cfd (the
// ten-year sums: formulas of its notebook of 2023-01-17): wind 20 MW, sun 20 MW, a datacenter of 70 MW.
constexpr double made_up_wind[] = {933,  953,  688,  947,  977,  1123, 841,  1103, 863,  1170, 871,  1170, 884,
                                   1115, 1210, 1033, 1269, 936,  923,  995,  1347, 1343, 1422, 1205, 1337, 1055,
                                   1142, 1067, 980,  1147, 1005, 1182, 1018, 1012, 1334, 1165, 1224, 1231, 1113,
                                   1133, 992,  1044, 1285, 1283, 894,  983,  895,  1029, 735};
constexpr double made_up_sun[] = {
    -3, -3, 0, 0, 0, 0, 0,   457, 965,  976,  1192, 1670, 1706, 1751, 1521, 1296, 958, 379, 0, 0, 0, 0, 0, 0, -3,
    -3, 0,  0, 0, 0, 0, 487, 953, 1406, 1442, 1814, 1409, 1574, 1566, 1208, 614,  397, 0,   0, 0, 0, 0, 0, -3};

SupplySite made_up_site() {
  SupplySite site;
  site.wind = megawatts(made_up_wind);
  site.solar = megawatts(made_up_sun);
  site.demand = sinusoidal_demand(Watts{70 * mega}, 0.05, site.wind.size());
  site.grid_intensity.assign(site.wind.size(), GramsPerJoule{GramsPerKilowattHour{277.035728404586}});
  return site;
}

void expect_near(double value, double expected) { EXPECT_NEAR(value / expected, 1, 1e-9) << expected; }

TEST(EnergySupply, GivesThePublishedToolsNumbers) {
  const SupplySite site = made_up_site();
  const SupplyPlan renewables{Watts{20 * mega}, Watts{20 * mega}, {}, 0};
  const auto plain = evaluate(site, {}, renewables, SupplyRules::published);
  expect_near(plain.coverage.ratio() * 100, 29.839850548488574);
  expect_near(plain.coverage.demand.value() / 3.6e9, 3430.6178222223375);
  expect_near(plain.operation.value() / 1e9, 1192.0834354901374);
  expect_near(plain.renewables.value() / 1e9, 44.69033713289511);
  SupplyPlan stored = renewables;
  stored.battery = Joules{KilowattHours{120'000}};
  const auto with_battery = evaluate(site, {}, stored, SupplyRules::published);
  expect_near(with_battery.coverage.ratio() * 100, 33.20322768240288);
  expect_near(with_battery.operation.value() / 1e9, 1134.9366620013418);
  expect_near(with_battery.embodied().value() / 1e9, 55.49433713289511);
  SupplyPlan shifted = renewables;
  shifted.extra_servers = 0.6;
  const auto with_shift = evaluate(site, {}, shifted, SupplyRules::published);
  expect_near(with_shift.coverage.ratio() * 100, 30.139984270573294);
  expect_near(with_shift.embodied().value() / 1e9, 45.43962519767603);
  stored.extra_servers = 0.6;
  expect_near(evaluate(site, {}, stored, SupplyRules::published).coverage.ratio() * 100, 33.571846775477155);
}

TEST(EnergySupply, CorrectedRulesChangeWhatTheySay) {
  const SupplySite site = made_up_site();
  const SupplyPlan plan{Watts{20 * mega}, Watts{20 * mega}, Joules{KilowattHours{120'000}}, 0.6};
  const auto published = evaluate(site, {}, plan, SupplyRules::published), corrected = evaluate(site, {}, plan);
  // An empty battery at the start, and a supply that never has a surplus: no help.
  EXPECT_LT(corrected.coverage.ratio(), published.coverage.ratio());
  expect_near(corrected.servers / published.servers, 1000);
  // 49 hours counted as 49, not as 48.
  expect_near(published.renewables / corrected.renewables, 49.0 / 48);
}

TEST(EnergySupply, WithoutExtraServersWorkMovesUpToThePeakWhereRulesAreCorrected) {
  // A day of 10 MW, 12 MW in its first hour; from noon on the sun gives 20 MW. Up to the peak, each of the 12 hours of
  // sun has room for 2 MWh; the others may give 40 % of their demand, 48.8 MWh in all.
  SupplySite site;
  site.demand.assign(24, Watts{10 * mega});
  site.demand[0] = Watts{12 * mega};
  site.solar.assign(24, Watts{0});
  std::fill(site.solar.begin() + 12, site.solar.end(), Watts{1});
  site.wind.assign(24, Watts{0});
  site.grid_intensity.assign(24, GramsPerJoule{GramsPerKilowattHour{400}});
  site.flexible = 0.4;
  SupplyCoefficients coefficients;
  coefficients.horizon = Hours{24};
  SupplyPlan plan{Watts{0}, Watts{20 * mega}, Joules{0}, 0};
  const auto unmet = [&](SupplyRules rules) {
    const auto outcome = evaluate(site, coefficients, plan, rules);
    EXPECT_NEAR(outcome.coverage.demand.value() / 3.6e9, 242, 1e-9);
    // At constant intensity both rules count what is not met, each in its way.
    EXPECT_NEAR(outcome.operation / (outcome.coverage.unmet * site.grid_intensity[0]), 1, 1e-12);
    return outcome.coverage.unmet.value() / 3.6e9;
  };
  const auto published = SupplyRules::published, corrected = SupplyRules::corrected;
  EXPECT_NEAR(unmet(published), 122, 1e-9);
  EXPECT_NEAR(unmet(corrected), 122 - 12 * 2, 1e-9);
  EXPECT_EQ(evaluate(site, coefficients, plan, corrected).servers, GramsCO2e{0});
  // With 40 % more servers there is room for all that may move, and the rules agree.
  plan.extra_servers = 0.4;
  EXPECT_NEAR(unmet(published), 122 - 48.8, 1e-9);
  EXPECT_NEAR(unmet(corrected), 122 - 48.8, 1e-9);
  // Nothing may move.
  site.flexible = 0;
  plan.extra_servers = 0;
  EXPECT_NEAR(unmet(corrected), 122, 1e-9);
}

// --- Sweep and study ------------------------------------------------------------------------------------------------

TEST(EnergySupply, TheSweepFindsTheLeastForAnyNumberOfThreads) {
  const SupplySite site = made_up_site();
  SupplySizes sizes{{Watts{0}, Watts{50 * mega}, Watts{90 * mega}},
                    {Watts{0}, Watts{70 * mega}},
                    {Joules{0}, Joules{KilowattHours{5e4}}},
                    {0, 0.3}};
  std::uint64_t told = 0;
  const auto one = sweep(
      site, {}, sizes, SupplyRules::corrected, 1, [&](std::uint64_t more) { told += more; }, {}, "x");
  const auto two = sweep(site, {}, sizes, SupplyRules::corrected, 2, {}, {}, "x");
  ASSERT_TRUE(one && two);
  EXPECT_EQ(told, sizes.count());
  ASSERT_EQ(one->outcomes.size(), 24u);
  EXPECT_TRUE(one->complete);
  for (std::size_t i = 0; i < 24; ++i) {
    EXPECT_EQ(one->outcomes[i].total(), two->outcomes[i].total());
    EXPECT_GE(one->outcomes[i].total(), one->outcomes[one->best].total());
    bool dominated = false, on_front = false;
    for (const auto& other : one->outcomes)
      dominated = dominated ||
                  (other.embodied() <= one->outcomes[i].embodied() && other.operation <= one->outcomes[i].operation &&
                   (other.embodied() < one->outcomes[i].embodied() || other.operation < one->outcomes[i].operation));
    for (const std::size_t j : one->front) on_front = on_front || j == i;
    EXPECT_NE(dominated, on_front);
  }
  std::stop_source stop;
  stop.request_stop();
  const auto stopped = sweep(site, {}, sizes, SupplyRules::corrected, 1, {}, stop.get_token(), "x");
  ASSERT_TRUE(stopped);
  EXPECT_FALSE(stopped->complete);
  EXPECT_TRUE(stopped->outcomes.empty());
}

TEST(EnergySupply, RefusesWhatCannotBe) {
  const auto refused = [](auto change) {
    SupplySite site = made_up_site();
    SupplyCoefficients coefficients;
    change(site, coefficients);
    const auto fine = check(site, coefficients, "study");
    return !fine && fine.error().code == ErrorCode::bad_input && !fine.error().hint.empty();
  };
  EXPECT_TRUE(refused([](auto& site, auto&) { site.demand.clear(); }));
  EXPECT_TRUE(refused([](auto& site, auto&) { site.wind.pop_back(); }));
  EXPECT_TRUE(refused([](auto& site, auto&) { site.demand[3] = Watts{std::nan("")}; }));
  EXPECT_TRUE(refused([](auto& site, auto&) { site.demand.assign(site.demand.size(), Watts{0}); }));
  EXPECT_TRUE(refused([](auto& site, auto&) { site.flexible = 2; }));
  EXPECT_TRUE(refused([](auto& site, auto&) { site.battery.empty = 1; }));
  EXPECT_TRUE(refused([](auto&, auto& coefficients) { coefficients.server_life = Hours{0}; }));
  EXPECT_TRUE(refused([](auto&, auto& coefficients) { coefficients.wind = GramsPerJoule{-1}; }));
  EXPECT_FALSE(sweep(made_up_site(), {}, {}, SupplyRules::corrected, 1, {}, {}, "x"));
  EXPECT_FALSE(
      sweep(made_up_site(), {}, {{Watts{-1}}, {Watts{0}}, {Joules{0}}, {0}}, SupplyRules::corrected, 1, {}, {}, "x"));
}

TEST(SupplyStudy, TheEmbeddedOneIsAYear) {
  const auto catalog = catalog::Catalog::load();
  ASSERT_TRUE(catalog);
  for (const auto& embedded : embedded_studies()) {
    if (embedded.name != "supply") continue;
    const auto study = read_supply_study(embedded.text, "supply.toml", *catalog);
    ASSERT_TRUE(study) << to_string(study.error());
    EXPECT_EQ(study->site.wind.size(), 8760u);
    // Mean over the highest hour of the shape: wind of Texas 2022 has 0.456 of its own highest hour.
    const auto wind = scaled_to(study->site.wind, Watts{1});
    double mean = 0;
    for (const Watts power : wind) mean += power.value() / 8760;
    EXPECT_GT(mean, 0.3);
    EXPECT_LT(mean, 0.46);
    return;
  }
  FAIL() << "no study supply";
}

TEST(SupplyStudy, ReadsAYearOfGenerationByFuel) {
  const std::string path = std::string(CRADLE_SOURCE_DIR) + "/../shared/data/grid-eia-hourly-2022/CISO.csv";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no data folder at ../shared/data";
  const auto catalog = catalog::Catalog::load();
  std::string text;
  for (const auto& embedded : embedded_studies())
    if (embedded.name == "supply") text = embedded.text;
  const auto at = text.find("# generation = \"ERCO.csv\"");
  ASSERT_NE(at, std::string::npos);
  text.replace(at, 25, "generation = \"" + path + "\"");
  const auto study = read_supply_study(text, "supply.toml", *catalog);
  ASSERT_TRUE(study) << to_string(study.error());
  EXPECT_EQ(study->site.wind.size(), 8760u);
  EXPECT_EQ(study->site.wind[0].value(), 3130e6);  // first row of the file
}

}  // namespace
}  // namespace cradle::design
