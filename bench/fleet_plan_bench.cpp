// Fleet planning at size: 1,000 kinds of machines, ten years of hours, three grids. The bench fails if the plan is not
// within 1 % of its bound.
#include <benchmark/benchmark.h>

#include <cmath>
#include <numbers>

#include "cradle/base/random.h"
#include "cradle/carbon/intensity.h"
#include "cradle/design/replacement.h"

namespace {

using namespace cradle;
using namespace cradle::carbon;
using namespace cradle::design;

/// Seeded machines, three classes of work that grow, three sites on hourly grids that get cleaner, an old fleet.
FleetQuestion large_question(std::size_t types) {
  RandomStream random(11, "fleet bench");
  const auto between = [&](double low, double high) { return low + (high - low) * random.uniform(); };
  FleetQuestion question;
  question.years = 10;
  constexpr std::size_t hours = 8760;
  const double peaks[] = {1.4, 1.0, 1.8};
  for (std::size_t i = 0; i < 3; ++i) {
    WorkClass work{"work", {}, peaks[i], i == 1};
    for (int year = 0; year < question.years; ++year)
      work.demand.emplace_back(between(0.9, 1.1) * 20'000 * std::pow(1.08, year));
    question.classes.push_back(work);
  }
  for (std::size_t i = 0; i < types; ++i) {
    MachineType type;
    type.name = "type " + std::to_string(i);
    type.on_sale_from = static_cast<int>(random.below(10));
    type.on_sale_to = type.on_sale_from + 3;
    if (i < 10) type.on_sale_from = 0;
    const double progress = std::pow(1.15, type.on_sale_from);
    type.making = GramsCO2e{KilogramsCO2e{between(600, 3000)}};
    type.capacity = catalog::OperationsPerSecond{between(5, 20) * progress};
    type.idle = Watts{between(60, 200)};
    type.full = type.idle + Watts{between(200, 800)};
    type.gain = between(0, 0.05);
    type.life = 3 + static_cast<int>(random.below(5));
    type.second_life = static_cast<int>(random.below(4));
    type.second_capacity = between(0.5, 0.9);
    type.refurbishing = GramsCO2e{KilogramsCO2e{between(10, 80)}};
    type.failures = between(0, 0.05);
    type.repair = between(0, 0.3);
    type.handed_on = random.below(3) == 0 ? between(0, 0.5) : 0;
    for (std::size_t work = 0; work < 3; ++work)
      if (random.below(2) == 0) type.work.push_back(work);
    if (type.work.empty()) type.work.push_back(random.below(3));
    question.types.push_back(type);
  }
  for (int s = 0; s < 3; ++s) {
    // Ten years of hours: a day, a season, noise, and a decline.
    std::vector<GramsPerKilowattHour> steps;
    for (std::size_t hour = 0; hour < hours * 10; ++hour) {
      const double day = std::sin(2 * std::numbers::pi * static_cast<double>(hour % 24) / 24);
      const double season =
          std::cos(2 * std::numbers::pi * static_cast<double>(hour % hours) / static_cast<double>(hours));
      steps.emplace_back((150.0 + 150 * s) * std::pow(0.95, static_cast<double>(hour / hours)) *
                         (1 + 0.2 * day + 0.15 * season + 0.1 * random.uniform()));
    }
    const auto series = *IntensitySeries::make(Signal::average, Instant{}, ms_per_hour, std::move(steps), false);
    FleetSite site{"site", 1.1 + 0.1 * s, {}, std::vector<std::vector<IntensitySeconds>>(3), s == 0 ? 3000.0 : 1e18};
    for (int year = 0; year < question.years; ++year) {
      const Instant from{static_cast<std::int64_t>(hours) * ms_per_hour * year};
      const Instant to{static_cast<std::int64_t>(hours) * ms_per_hour * (year + 1)};
      site.exposure.push_back(series.integral(from, to));
      for (auto& by_year : site.work_exposure) by_year.push_back(series.integral(from, to));
    }
    question.sites.push_back(std::move(site));
  }
  for (std::size_t i = 0; i < 10; ++i)
    question.stock.push_back({i, i % 3, static_cast<int>(random.below(3)), 100 + static_cast<int>(random.below(300))});
  return question;
}

void fleet_plan(benchmark::State& state) {
  const auto question = large_question(1000);
  for (auto _ : state) {
    FleetOptions options;
    options.method = FleetMethod::decomposed;
    options.time_limit_seconds = 60;
    const auto plan = plan_fleet(question, options, "bench");
    if (!plan) return state.SkipWithError(to_string(plan.error()).c_str());
    if (!plan->complete || plan->gap() > 0.01) return state.SkipWithError("not within 1 % of the bound");
    state.counters["gap_percent"] = plan->gap() * 100;
  }
}
BENCHMARK(fleet_plan)->Name("design/fleet_plan_1000_types")->Unit(benchmark::kMillisecond)->Iterations(1);

}  // namespace
