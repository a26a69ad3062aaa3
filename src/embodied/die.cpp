#include "cradle/embodied/die.h"

#include <array>
#include <cmath>
#include <vector>

#include "cradle/base/text.h"
#include "cradle/embodied/formula.h"

namespace cradle::embodied {

namespace {

using carbon::GramsCO2e;
using carbon::SquareMillimetres;

constexpr std::array<std::string_view, 4> law_names = {"constant", "poisson", "murphy", "negative-binomial"};

Error out_of_range(std::string what, double value, std::string where, const std::string& allowed) {
  return bad_input(std::move(what) + " is " + shortest(value), std::move(where), "choose a value of " + allowed);
}

bool positive(double value) { return std::isfinite(value) && value > 0; }
bool not_negative(double value) { return std::isfinite(value) && value >= 0; }

Result<void> check_yield(const Yield& yield, const std::string& where) {
  if (yield.law == YieldLaw::constant) {
    if (positive(yield.constant) && yield.constant <= 1) return {};
    return out_of_range("the yield", yield.constant, where, "0 (excluded) .. 1");
  }
  if (!not_negative(yield.defects.value()))
    return out_of_range("the defect density per mm2", yield.defects.value(), where, "0 or more");
  if (yield.law == YieldLaw::negative_binomial && !positive(yield.clustering))
    return out_of_range("the clustering of defects (alpha)", yield.clustering, where, "more than 0");
  return {};
}

}  // namespace

std::string_view name(YieldLaw law) { return law_names[static_cast<std::size_t>(law)]; }

Result<YieldLaw> parse_yield_law(std::string_view text, std::string where) {
  for (std::size_t i = 0; i < law_names.size(); ++i)
    if (law_names[i] == text) return static_cast<YieldLaw>(i);
  const std::vector<std::string> known(law_names.begin(), law_names.end());
  return bad_input("no yield law '" + std::string(text) + "'", std::move(where), suggest(text, known));
}

double good_fraction(SquareMillimetres area, const Yield& yield) {
  const double a = area.value(), d = yield.defects.value();
  switch (yield.law) {
    case YieldLaw::constant: return yield.constant;
    case YieldLaw::poisson: return formula::poisson_yield(a, d);
    case YieldLaw::murphy: {
      // Where few dies fail, 1 - exp(-f) loses its digits, and Murphy differs from Poisson by f^2 / 12 only.
      constexpr double few = 1e-6;
      return a * d < few ? formula::poisson_yield(a, d) : formula::murphy_yield(a, d);
    }
    case YieldLaw::negative_binomial: return formula::negative_binomial_yield(a, d, yield.clustering);
  }
  return 1;
}

double dies_per_wafer(SquareMillimetres area, const Wafer& wafer) {
  const double usable = wafer.diameter.value - 2 * wafer.edge_exclusion.value;
  const double dies = formula::dies_per_wafer(area.value(), usable);
  return wafer.whole_dies ? std::floor(dies) : dies;
}

GramsPerSquareMillimetre carbon_per_area(const Process& process, carbon::GramsPerJoule fab_intensity) {
  return GramsPerSquareMillimetre{formula::carbon_per_area(process.energy.value(), fab_intensity.value(),
                                                           process.gas.value(), process.material.value())};
}

Result<void> check(SquareMillimetres area, const Process& process, std::string where) {
  if (!positive(area.value()))
    return out_of_range("the die area in mm2", area.value(), std::move(where), "more than 0");
  if (auto fine = check_yield(process.yield, where); !fine) return fine;
  if (!not_negative(process.energy.value()) || !not_negative(process.gas.value()) ||
      !not_negative(process.material.value()))
    return bad_input("energy, gas and material of the process must be finite and not negative", std::move(where),
                     "correct the process");
  const Wafer& wafer = process.wafer;
  const double usable = wafer.diameter.value - 2 * wafer.edge_exclusion.value;
  if (!positive(wafer.diameter.value) || !not_negative(wafer.edge_exclusion.value) || usable <= 0)
    return bad_input("a wafer of " + shortest(wafer.diameter.value) + " mm with " +
                         shortest(wafer.edge_exclusion.value) + " mm of edge has no room for dies",
                     std::move(where), "choose a diameter above twice the edge");
  if (process.share != WaferShare::die_area && dies_per_wafer(area, wafer) < 1)
    return bad_input(
        "a die of " + shortest(area.value()) + " mm2 does not fit a wafer of " + shortest(wafer.diameter.value) + " mm",
        std::move(where), "make it smaller, or split it");
  return {};
}

DieCarbon die_carbon(SquareMillimetres area, const Process& process, carbon::GramsPerJoule fab_intensity) {
  const GramsPerSquareMillimetre processing = carbon_per_area(process, fab_intensity);
  DieCarbon die;
  die.yield = good_fraction(area, process.yield);
  die.dies_per_wafer = dies_per_wafer(area, process.wafer);
  die.silicon = processing * area;
  const double tries = 1 / die.yield;
  switch (process.share) {
    case WaferShare::die_area: die.loss = die.silicon * (tries - 1); break;
    case WaferShare::edge_divided: {
      const SquareMillimetres wafer_per_die{formula::silicon_per_die(die.dies_per_wafer, process.wafer.diameter.value)};
      die.edge = processing * (wafer_per_die - area);
      die.loss = processing * wafer_per_die * (tries - 1);
      break;
    }
    case WaferShare::edge_added: {
      const SquareMillimetres unused = process.wafer.area() - area * std::floor(die.dies_per_wafer);
      die.edge = processing * unused / die.dies_per_wafer;
      die.loss = die.silicon * (tries - 1);
      break;
    }
  }
  return die;
}

}  // namespace cradle::embodied
