#include "cradle/power/unit_cost.h"

#include <cmath>
#include <cstdio>

#include "cradle/base/text.h"

namespace cradle::power {

namespace {

using carbon::Estimate;

double number(double value) { return value; }
template <class Dim, class Scale>
double number(carbon::Quantity<Dim, Scale> quantity) {
  return quantity.value();
}

template <class Q>
Result<void> check(const Estimate<Q>& estimate, const char* name, const std::string& where) {
  const double low = number(estimate.low), value = number(estimate.value), high = number(estimate.high);
  if (std::isfinite(low) && std::isfinite(high) && low > 0 && low <= value && value <= high) return {};
  return bad_input(std::string(name) + " of " + shortest(value) + ", " + shortest(low) + " to " + shortest(high), where,
                   "give finite numbers above 0, low <= value <= high");
}

std::string three_digits(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

}  // namespace

std::string compared_with_published(double kilogates, bool same_cells) {
  const Estimate<double>& published = published_unit_design.kilogates;
  const auto share = [&](double of) { return three_digits(100 * kilogates / of) + " %"; };
  const std::string mean =
      share(published.value) + " of its mean over five libraries, " + three_digits(published.value);
  if (same_cells)
    return three_digits(kilogates) + " kGE, " + share(published.low) + " of the published unit's " +
           three_digits(published.low) + " in the same cells (osu018), " + mean;
  return three_digits(kilogates) + " kGE as given, of cells unknown here: of the published unit " +
         share(published.high) + " to " + share(published.low) + " from library to library, " + mean;
}

Result<UnitCost> unit_cost(const UnitDesign& design, const UnitSilicon& silicon, carbon::GramsPerJoule intensity,
                           std::string where) {
  for (const Result<void>& checked :
       {check(design.kilogates, "gate equivalents", where),
        check(Estimate<double>::exact(design.transistors_per_gate), "transistors per gate", where),
        check(silicon.carbon, "carbon per area", where), check(silicon.transistors, "transistors per area", where),
        check(silicon.good_fraction, "good fraction", where),
        check(Estimate<carbon::GramsPerJoule>::exact(intensity), "intensity", where)})
    if (!checked) return checked.error();
  if (silicon.good_fraction.high > 1)
    return bad_input("good fraction up to " + shortest(silicon.good_fraction.high), std::move(where),
                     "no more dies are good than there are: give a fraction of at most 1");

  UnitCost cost;
  cost.transistors = design.kilogates * (1000 * design.transistors_per_gate);
  const auto area = [](double transistors, carbon::PerSquareMillimetre density) {
    return carbon::SquareMillimetres{transistors / density.value()};
  };
  cost.area = {area(cost.transistors.value, silicon.transistors.value),
               area(cost.transistors.low, silicon.transistors.high),
               area(cost.transistors.high, silicon.transistors.low)};
  cost.embodied = {cost.area.value * silicon.carbon.value / silicon.good_fraction.value,
                   cost.area.low * silicon.carbon.low / silicon.good_fraction.high,
                   cost.area.high * silicon.carbon.high / silicon.good_fraction.low};
  cost.payback = {cost.embodied.value / intensity, cost.embodied.low / intensity, cost.embodied.high / intensity};
  const double most = number(cost.payback.high), least = number(cost.payback.low);
  if (!std::isfinite(most) || least <= 0)
    return bad_input("a unit that is paid back by " + shortest(least) + " to " + shortest(most) + " J",
                     std::move(where), "the factors are far from any chip: check their units");
  return cost;
}

}  // namespace cradle::power
