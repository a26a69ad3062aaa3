// The metric: JSC, ASC, SCI, and what one use of one component emits under each accounting view.
//
// Definitions of Gandhi et al. (SIGENERGY Energy Informatics Review 3(3), 2023):
//   JSC(j, m) = Ops(j, m) x J/Op(m) x PUE x intensity                operational grams of job j on machine m
//   ASC(j)    = sum over m of [ JSC(j, m) + Ops(j, m) / Ops_lifetime(m) x EMC(m) ]
//   EPC(p)    = sum of ASC(j) over the jobs that made product p       product_dag.h
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "cradle/base/result.h"
#include "cradle/carbon/entry.h"
#include "cradle/carbon/intensity.h"
#include "cradle/carbon/quantity.h"

namespace cradle::carbon {

/// Which question the grams of a table answer. Every output names its view; grams of two views are never added.
enum class View : std::uint8_t {
  /// Whose share of the emissions is it? ASC: all joules that the job used or reserved, at the average intensity, and
  /// its share of every component's embodied carbon. Right for reports, wrong for placement on bought hardware.
  attributional,
  /// What does running the job change? Only the joules above what would be drawn anyway, at the marginal intensity
  /// where the site has one, and embodied carbon only of hardware that is not bought yet: the rest is sunk.
  marginal,
  /// What does a fleet for these jobs cost? ASC, and the idle residue of every component, operational and embodied,
  /// spread over its tenants in proportion to the operations they reserved.
  planning,
};

/// "attributional", "marginal" or "planning".
std::string_view name(View view);
/// The view of that name; bad_input with the nearest name otherwise.
Result<View> parse_view(std::string_view text);

/// JSC of `count` operations that need `need` each. `pue` is facility energy over IT energy (ISO/IEC 30134-2), >= 1.
constexpr GramsCO2e jsc(Operations count, JoulesPerOperation need, double pue, GramsPerJoule intensity) {
  return count * need * pue * intensity;
}

/// Grams of an amount of energy, metered at the machine.
constexpr GramsCO2e operational(Joules energy, double pue, GramsPerJoule intensity) { return energy * pue * intensity; }

/// Grams of a constant draw over [from, to), exact over the steps of the series. Precondition: it covers the interval.
inline GramsCO2e operational(Watts power, double pue, const IntensitySeries& series, Instant from, Instant to) {
  return power * pue * series.integral(from, to);
}

/// The share of a component's embodied carbon that `used` operations take out of the `lifetime` it was made for. Both
/// are counted in the same operation type. Shares of disjoint uses add up to `emc` when the uses add up to `lifetime`.
constexpr GramsCO2e embodied_share(Operations used, Operations lifetime, GramsCO2e emc) {
  return emc * (used / lifetime);
}

/// Grams with their two sources kept apart.
struct Footprint {
  GramsCO2e operational;
  GramsCO2e embodied;

  constexpr GramsCO2e total() const { return operational + embodied; }
  constexpr Footprint& operator+=(const Footprint& other) {
    operational += other.operational;
    embodied += other.embodied;
    return *this;
  }
  friend constexpr Footprint operator+(Footprint a, const Footprint& b) { return a += b; }
  friend bool operator==(const Footprint&, const Footprint&) = default;
};

/// What one job (or nobody: idle capacity) took of one component over one interval.
struct ComponentUse {
  Joules energy;          ///< at the machine, before PUE
  Joules baseline;        ///< of these, what would have been drawn without the job; 0 .. energy
  Operations operations;  ///< executed or reserved, counted in `operation_type`
  OperationType operation_type = OperationType::device_second;
};

/// What that component and its place cost over the same interval.
struct ComponentCost {
  double pue = 1;
  GramsPerJoule average;                  ///< mean average intensity over the interval
  std::optional<GramsPerJoule> marginal;  ///< mean marginal intensity, where the site has that signal
  GramsCO2e embodied;                     ///< EMC of the component as made
  Operations lifetime{1};                 ///< Ops_lifetime, counted in `operation_type`
  OperationType operation_type = OperationType::device_second;
  bool sunk = true;  ///< already bought

  /// The signal that the marginal view uses here: it falls back to the average one, and tables say so.
  Signal marginal_signal() const { return marginal ? Signal::marginal : Signal::average; }
};

/// Refuses what the functions below may assume: quantities finite and not negative, baseline <= energy, PUE >= 1,
/// lifetime > 0, and both sides counted in the same operation type. bad_input that names the field.
Result<void> check(const ComponentUse& use, const ComponentCost& cost);

/// One use in the attributional view: its term of ASC. Precondition for this and the views below: check() passes.
Footprint attributional(const ComponentUse& use, const ComponentCost& cost);

/// One use in the marginal view. What the job saves nobody is not credited: idle capacity (energy == baseline, sunk)
/// is zero grams.
Footprint marginal(const ComponentUse& use, const ComponentCost& cost);

/// What nobody used of one component over a period: the sum of `attributional` over its idle entries (and over those
/// of operating system and unseen load), and the operations that all its tenants reserved in that period.
struct Residue {
  Footprint footprint;
  Operations reserved_by_tenants;
};

/// One use in the planning view: its ASC and its part of the residue. Over all tenants of a component these add up to
/// attributional grams + residue. A residue without tenants has no job to carry it and stays with the fleet.
Footprint planning(const ComponentUse& use, const ComponentCost& cost, const Residue& residue);

/// One use and what it is priced with.
struct PricedUse {
  ComponentUse use;
  ComponentCost cost;
};

/// ASC of a job over all components it used, each in its own operation type (an accelerator's device-seconds, a
/// processor's instructions, a memory's GiB-seconds). A component whose life is counted in several types is given
/// once for each, its EMC divided between them. The first use that check() refuses is named by its index.
Result<Footprint> asc(std::span<const PricedUse> uses);

/// M of SCI (ISO/IEC 21031:2024, specification v1.1): TE x TS x RS, the total embodied emissions of the hardware,
/// the share of its life it was reserved for, and the share of it that was reserved (0 .. 1).
constexpr GramsCO2e sci_embodied(GramsCO2e total_embodied, Seconds reserved, Seconds lifespan, double resource_share) {
  return total_embodied * (reserved / lifespan) * resource_share;
}

/// SCI = (E x I + M) / R: grams per functional unit, functional units counted as operations. E is the energy of all
/// reserved hardware, including the facility's overhead, and I the location-based average intensity.
constexpr GramsPerOperation sci(Joules energy, GramsPerJoule intensity, GramsCO2e embodied, Operations units) {
  return (energy * intensity + embodied) / units;
}

}  // namespace cradle::carbon
