#include "cradle/carbon/metric.h"

#include <array>
#include <cassert>
#include <cmath>
#include <string>

#include "cradle/base/text.h"

namespace cradle::carbon {
namespace {

struct Field {
  const char* name;
  double value;
  double low;
};

GramsCO2e embodied(const ComponentUse& use, const ComponentCost& cost) {
  assert(use.operation_type == cost.operation_type);
  return embodied_share(use.operations, cost.lifetime, cost.embodied);
}

}  // namespace

std::string_view name(View view) {
  switch (view) {
    case View::attributional: return "attributional";
    case View::marginal: return "marginal";
    case View::planning: return "planning";
  }
  return "";
}

Result<View> parse_view(std::string_view text) {
  std::array<std::string, 3> names;
  for (const View view : {View::attributional, View::marginal, View::planning}) {
    if (text == name(view)) return view;
    names[static_cast<std::size_t>(view)] = name(view);
  }
  return bad_input("there is no accounting view '" + std::string(text) + "'", "view", suggest(text, names));
}

Result<void> check(const ComponentUse& use, const ComponentCost& cost) {
  const Field fields[] = {
      {"energy", use.energy.value(), 0},         {"baseline", use.baseline.value(), 0},
      {"operations", use.operations.value(), 0}, {"pue", cost.pue, 1},
      {"average", cost.average.value(), 0},      {"marginal", cost.marginal ? cost.marginal->value() : 0, 0},
      {"embodied", cost.embodied.value(), 0},    {"lifetime", cost.lifetime.value(), 0},
  };
  for (const Field& field : fields) {
    if (std::isfinite(field.value) && field.value >= field.low) continue;
    return bad_input("the value is " + shortest(field.value), field.name,
                     "give a finite number of at least " + shortest(field.low));
  }
  if (use.baseline > use.energy) {
    return bad_input("the baseline of " + shortest(use.baseline.value()) + " J is more than the energy of " +
                         shortest(use.energy.value()) + " J",
                     "baseline", "the baseline is the part of the energy that would have been drawn without the job");
  }
  if (!(cost.lifetime > Operations{0})) {
    return bad_input("the component has no lifetime operations", "lifetime",
                     "give the operations that the component is made for, more than zero");
  }
  if (use.operation_type != cost.operation_type) {
    return bad_input("the use and the component's life are counted in different operation types", "operation_type",
                     "count both in the same type; operations of two types have no ratio");
  }
  return {};
}

Footprint attributional(const ComponentUse& use, const ComponentCost& cost) {
  return {operational(use.energy, cost.pue, cost.average), embodied(use, cost)};
}

Footprint marginal(const ComponentUse& use, const ComponentCost& cost) {
  const GramsPerJoule intensity = cost.marginal.value_or(cost.average);
  return {operational(use.energy - use.baseline, cost.pue, intensity), cost.sunk ? GramsCO2e{0} : embodied(use, cost)};
}

Footprint planning(const ComponentUse& use, const ComponentCost& cost, const Residue& residue) {
  Footprint footprint = attributional(use, cost);
  if (residue.reserved_by_tenants > Operations{0}) {
    const double share = use.operations / residue.reserved_by_tenants;
    footprint += {residue.footprint.operational * share, residue.footprint.embodied * share};
  }
  return footprint;
}

Result<Footprint> asc(std::span<const PricedUse> uses) {
  Footprint sum;
  for (std::size_t i = 0; i < uses.size(); ++i) {
    if (const auto checked = check(uses[i].use, uses[i].cost); !checked) {
      Error error = checked.error();
      error.where = "use " + std::to_string(i) + ", " + error.where;
      return error;
    }
    sum += attributional(uses[i].use, uses[i].cost);
  }
  return sum;
}

}  // namespace cradle::carbon
