// Energy supply of a year: shifting work within each day, and a battery in steps of a minute.
#include <benchmark/benchmark.h>

#include "cradle/base/random.h"
#include "cradle/design/energy_supply.h"

namespace {

using namespace cradle;
using namespace cradle::carbon;
using namespace cradle::design;

struct Year {
  HourlyPower demand, supply;
};

/// A site of 20 MW with twice as much wind and sun as it needs on average, in bad weather and good.
Year year_of_hours() {
  RandomStream random(3, "supply bench");
  Year year;
  constexpr std::size_t hours = 8760;
  year.demand = sinusoidal_demand(Watts{20e6}, 0.1, hours);
  double wind = 20;
  for (std::size_t hour = 0; hour < hours; ++hour) {
    wind = std::min(60.0, std::max(0.0, wind + 8 * (random.uniform() - 0.5)));
    const double sun = hour % 24 >= 8 && hour % 24 <= 18 ? 40 * random.uniform() : 0;
    year.supply.emplace_back((wind + sun) * 1e6);
  }
  return year;
}

void daily_shift_year(benchmark::State& state) {
  const Year year = year_of_hours();
  for (auto _ : state)
    benchmark::DoNotOptimize(daily_shift(year.demand, year.supply, 0.4, Watts{28e6}, SupplyRules::corrected));
}
BENCHMARK(daily_shift_year)->Name("design/daily_shift_year")->Unit(benchmark::kMicrosecond);

void battery_year_minutes(benchmark::State& state) {
  const Year year = year_of_hours();
  Battery battery;
  battery.capacity = Joules{KilowattHours{100'000}};
  for (auto _ : state)
    benchmark::DoNotOptimize(run_battery(year.demand, year.supply, battery, 60, SupplyRules::corrected));
}
BENCHMARK(battery_year_minutes)->Name("design/battery_year_minutes")->Unit(benchmark::kMicrosecond);

}  // namespace
