// The equations of making silicon, once, for any number type: double for results, an interval for bounds, a dual number
// for gradients, a vector for speed. Numbers are in coherent units: mm2, 1/mm2, J/mm2, g/mm2, g/J, g, J.
//
// These are the shared parts of our own model and of every published variant; embodied/die.h and package.h give them
// types. A number type brings exp, log, pow, sqrt and floor, found by its namespace.
#pragma once

#include <cmath>
#include <numbers>

namespace cradle::embodied::formula {

/// Poisson: Y = exp(-A D0).
template <class Real>
Real poisson_yield(const Real& area, const Real& defects) {
  using std::exp;
  return exp(-(area * defects));
}

/// Murphy (1964): Y = ((1 - exp(-A D0)) / (A D0))^2. Precondition: A D0 > 0.
template <class Real>
Real murphy_yield(const Real& area, const Real& defects) {
  using std::exp;
  const Real faults = area * defects;
  const Real ratio = (Real(1.0) - exp(-faults)) / faults;
  return ratio * ratio;
}

/// Negative binomial (Stapper 1973): Y = (1 + A D0 / alpha)^-alpha; alpha is the clustering of defects.
template <class Real>
Real negative_binomial_yield(const Real& area, const Real& defects, const Real& clustering) {
  using std::pow;
  return pow(Real(1.0) + area * defects / clustering, -clustering);
}

/// Whole square dies on a round wafer, before flooring (de Vries 2005, first-order form):
/// pi d (d / (4 A) - 1 / sqrt(2 A)). `diameter` is the usable one, in mm.
template <class Real>
Real dies_per_wafer(const Real& area, const Real& diameter) {
  using std::sqrt;
  // With s = 1 / sqrt(A) both factors rise with s, so that intervals stay as narrow as the truth.
  const Real side = Real(1.0) / sqrt(area);
  return Real(std::numbers::pi) * diameter * side * (diameter * side / Real(4.0) - Real(1.0 / std::numbers::sqrt2));
}

/// Carbon of processing one area of wafer: CI_fab EPA + GPA + MPA (ACT, ISCA 2022, eq. 5 before yield).
template <class Real>
Real carbon_per_area(const Real& energy, const Real& intensity, const Real& gas, const Real& material) {
  return intensity * energy + gas + material;
}

/// Wafer that one die takes up with its share of what is no die: pi/4 D^2 / dies, mm2. `dies` are those of the wafer.
template <class Real>
Real silicon_per_die(const Real& dies, const Real& wafer_diameter) {
  return Real(std::numbers::pi / 4.0) * wafer_diameter * wafer_diameter / dies;
}

/// Grams of one good die: carbon per area x wafer per die / yield.
template <class Real>
Real good_die(const Real& carbon_per_area, const Real& silicon, const Real& yield) {
  return carbon_per_area * silicon / yield;
}

// --- Packages -------------------------------------------------------------------------------------------------------

/// Area of a die whose part `via_share` (0 .. 1, of the grown die) is vias and links: A / (1 - v).
template <class Real>
Real grown_area(const Real& area, const Real& via_share) {
  return area / (Real(1.0) - via_share);
}

/// Pairs of neighbours among n square dies set as closely as they go: 2 n - ceil(2 sqrt n) (Harary and Harborth 1976).
/// One bridge joins each pair.
inline double neighbours(double dies) { return 2 * dies - std::ceil(2 * std::sqrt(dies)); }

/// What goes into an assembly: good dies and carriers, and the areas that substrate and bonds cover.
template <class Real>
struct Assembly {
  Real dies;       ///< grams of all good dies
  Real carrier;    ///< grams of all good carrier silicon
  Real footprint;  ///< mm2: of dies side by side their sum, of a stack its largest die
  Real bonded;     ///< mm2 of die that is bonded
  double bonds;    ///< count of dies that are bonded
};

/// The coefficients of a packaging technology that its assembly needs.
template <class Real>
struct Joining {
  Real substrate_area;    ///< mm2 of substrate for each mm2 of footprint
  Real substrate_energy;  ///< J/mm2
  Real bonding_energy;    ///< J for each bonded mm2
  Real bonding_yield;     ///< for each bonded die, ratio
  Real intensity;         ///< g/J where the package is made
};

/// Grams of joining, by cause.
template <class Real>
struct JoiningCarbon {
  Real substrate;
  Real bonding;
  Real loss;  ///< of everything in assemblies that failed: (dies + carrier + substrate + bonding) (Y^-bonds - 1)
};

template <class Real>
JoiningCarbon<Real> join(const Assembly<Real>& assembly, const Joining<Real>& how) {
  using std::pow;
  const Real substrate = how.intensity * how.substrate_energy * how.substrate_area * assembly.footprint;
  const Real bonding = how.intensity * how.bonding_energy * assembly.bonded;
  const Real whole = assembly.dies + assembly.carrier + substrate + bonding;
  const Real tries = assembly.bonds > 0 ? pow(how.bonding_yield, Real(-assembly.bonds)) : Real(1.0);
  return {substrate, bonding, whole * (tries - Real(1.0))};
}

/// Where two linear costs are equal: x with fixed_a + slope_a x = fixed_b + slope_b x. Infinite or NaN if they never
/// are. GreenFPGA's question (DAC 2024): from how many designs does one reused device win over one chip for each?
template <class Real>
Real crossing(const Real& fixed_a, const Real& slope_a, const Real& fixed_b, const Real& slope_b) {
  return (fixed_b - fixed_a) / (slope_a - slope_b);
}

}  // namespace cradle::embodied::formula
