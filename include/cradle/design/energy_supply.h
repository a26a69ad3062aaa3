// Carbon-aware energy supply: how much wind, solar, battery and spare capacity for shifting should a site have? The
// question and the equations of Carbon Explorer (Acun et al., ASPLOS 2023), as published and corrected.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"

namespace cradle::design {

/// One mean power for each hour of the period, first hour first.
using HourlyPower = std::vector<carbon::Watts>;

/// A datacenter's demand: mean + mean x swing / 2 x sin(hour / 4), shifted by six hours; `swing` is a ratio.
HourlyPower sinusoidal_demand(carbon::Watts mean, double swing, std::size_t hours);

/// `shape` scaled so that its highest hour is `capacity`; all zero where the shape is. Negative hours count as zero.
HourlyPower scaled_to(std::span<const carbon::Watts> shape, carbon::Watts capacity);

/// What the supply leaves open.
struct Coverage {
  carbon::Joules demand, unmet;
  double ratio() const { return demand.value() > 0 ? 1 - unmet / demand : 1; }
};
/// Precondition: as many hours of both.
Coverage coverage(std::span<const carbon::Watts> demand, std::span<const carbon::Watts> supply);

/// Which differences from the publication apply. Each is explained at the field it changes.
enum class SupplyRules { published, corrected };

/// Moves work within blocks of 24 hours, from the hours with least supply to those with a surplus, until no hour of the
/// surplus lies above its demand or no room is left under `cap`. At most `flexible` (ratio) of an hour's demand leaves
/// it. Published: a last block of fewer than 24 hours is dropped, so that the result is shorter, and an hour whose move
/// exactly fills a surplus gets a fresh allowance. Corrected: that block is shifted in itself, allowances are kept.
/// Every block keeps its sum of demand. Precondition: as many hours of both.
HourlyPower daily_shift(std::span<const carbon::Watts> demand, std::span<const carbon::Watts> supply, double flexible,
                        carbon::Watts cap, SupplyRules rules = SupplyRules::corrected);

/// A battery whose power falls as it fills or empties (the C/L/C model: Kazhamiaka et al., Energy Informatics 2019).
struct Battery {
  carbon::Joules capacity;
  double charge = 0.97;             ///< energy that arrives for each that is taken in, ratio
  double discharge = 1.04;          ///< energy that leaves for each that is given out, ratio
  double rate = 3;                  ///< capacities for each hour (C rate)
  carbon::Hours upper_slope{0.04};  ///< hours of charging at full power that the upper limit stands back
  carbon::Hours lower_slope{0.01};  ///< likewise of discharging
  double full = 1, empty = 0;       ///< limits of the content at no power, ratio of the capacity
};

struct BatteryYear {
  Coverage coverage;
  HourlyPower supply;      ///< what the site can use, hour by hour
  carbon::Joules content;  ///< at the end
};
/// Steps of `60 / steps_per_hour` minutes. Published: the battery starts full, and an hour of surplus counts as used up
/// whether or not the battery took it. Corrected: it starts empty and takes only what it takes.
/// Precondition: as many hours of both, steps_per_hour >= 1.
BatteryYear run_battery(std::span<const carbon::Watts> demand, std::span<const carbon::Watts> supply,
                        const Battery& battery, int steps_per_hour = 60, SupplyRules rules = SupplyRules::corrected);

/// What is bought.
struct SupplyPlan {
  carbon::Watts wind, solar;
  carbon::Joules battery;
  double extra_servers = 0;  ///< room for shifted work above the peak, ratio of the peak
};

/// What a site needs and is offered.
struct SupplySite {
  HourlyPower demand;
  HourlyPower wind, solar;                            ///< shapes, in any scale
  std::vector<carbon::GramsPerJoule> grid_intensity;  ///< hour by hour, of what is not covered
  double flexible = 0.4;                              ///< share of an hour's demand that may move within its day
  Battery battery;                                    ///< its capacity comes from the plan
};

/// Embodied carbon and lives. Renewables count by what they generate.
struct SupplyCoefficients {
  carbon::GramsPerJoule wind{carbon::GramsPerKilowattHour{12}};
  carbon::GramsPerJoule solar{carbon::GramsPerKilowattHour{55}};
  /// Grams for each joule of capacity (74 kg/kWh), bought again every `battery_life`.
  carbon::GramsPerJoule battery{carbon::GramsPerKilowattHour{74'000}};
  carbon::Hours battery_life{3000.0 * 24};
  /// 744.5 kg for a server of 120 W, and 15 % more for what surrounds it.
  carbon::GramsCO2e server{carbon::KilogramsCO2e{744.5 * 1.15}};
  carbon::Watts server_power{120};
  carbon::Hours server_life{4.0 * 8760};
  carbon::Hours horizon{10.0 * 8760};  ///< the period is repeated for this long
};

struct SupplyOutcome {
  SupplyPlan plan;
  Coverage coverage;                                          ///< of the period
  carbon::GramsCO2e operation, renewables, battery, servers;  ///< over the horizon
  carbon::GramsCO2e embodied() const { return servers + battery + renewables; }
  carbon::GramsCO2e total() const { return embodied() + operation; }
};

/// bad_input if the series have no hour or not the same number, a number is negative or not finite, the demand is zero,
/// or a share is above 1. `where` names the study.
Result<void> check(const SupplySite& site, const SupplyCoefficients& coefficients, const std::string& where);

/// The battery first, then the shift on what it leaves. Published: nothing is shifted without extra servers, operation
/// at the mean demand and mean intensity, the energy of 24 d + 1 hours counted as that of d days, servers at a
/// thousandth of their weight (kilograms of a server over its watts taken for tonnes over megawatts). Corrected: what
/// may be shifted is, up to the peak plus the extra servers; hour by hour, and by unit. Precondition: check passes.
SupplyOutcome evaluate(const SupplySite& site, const SupplyCoefficients& coefficients, const SupplyPlan& plan,
                       SupplyRules rules = SupplyRules::corrected);

/// Every combination of the sizes: battery outermost, then extra servers, wind, solar.
struct SupplySizes {
  std::vector<carbon::Watts> wind, solar;
  std::vector<carbon::Joules> battery;
  std::vector<double> extra_servers;
  std::uint64_t count() const { return wind.size() * solar.size() * battery.size() * extra_servers.size(); }
};

struct SupplySweep {
  std::vector<SupplyOutcome> outcomes;  ///< in the order above; those not reached are missing from the end
  std::size_t best = 0;                 ///< the first with the least total
  /// No other has less of both embodied and operation, to 1e-9 of what the demand emits from the grid; by embodied.
  std::vector<std::size_t> front;
  bool complete = true;
};

/// The same for any number of threads. `done` is told how many more are done, from any thread. Stopped: what was
/// evaluated until then, a whole number of batches. bad_input as check, and if a list is empty or holds a bad number.
Result<SupplySweep> sweep(const SupplySite& site, const SupplyCoefficients& coefficients, const SupplySizes& sizes,
                          SupplyRules rules, unsigned threads, const std::function<void(std::uint64_t)>& done,
                          const std::stop_token& stop, const std::string& where);

}  // namespace cradle::design
