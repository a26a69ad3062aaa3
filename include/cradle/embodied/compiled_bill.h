// A bill of materials as a function of its coefficients: flat arrays, no allocation, any number type.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/estimate.h"
#include "cradle/carbon/quantity.h"
#include "cradle/catalog/catalog.h"
#include "cradle/embodied/bill_of_materials.h"
#include "cradle/embodied/formula.h"
#include "cradle/embodied/package.h"

namespace cradle::embodied {

/// A coefficient that a bill depends on. Used by several parts it is one input all the same: one fab grid for all dies.
struct BillInput {
  catalog::Figure figure;             ///< as the catalogue prints it: key, numbers in its unit, source
  carbon::Estimate<double> estimate;  ///< in coherent units: g, g/byte, J/mm2, g/mm2, 1/mm2, g/J, ratio
  /// Inputs of one group rise and fall together: "yield learning" is what the defect densities of all nodes share, "gas
  /// abatement" their process gases, "wafer materials" their materials, "fab energy" the energy of their fabs. Empty:
  /// on its own.
  std::string group;
  double correlation = 1;  ///< with the cause of the group
  bool lowers = false;     ///< the total falls as this rises (bonding yield)
};

/// A line of the bill without its grams.
struct LineHead {
  std::string part;
  Group group = Group::other;
  double count = 1;
  std::vector<std::size_t> inputs;  ///< indices of the coefficients it depends on
  bool second_life = false;         ///< its parts are used again
};

class CompiledBill {
 public:
  /// Errors as embodied::price.
  static Result<CompiledBill> make(const BillOfMaterials& bill, const catalog::Catalog& catalog);

  const std::string& name() const { return name_; }
  const Life& life() const { return life_; }
  std::span<const BillInput> inputs() const { return inputs_; }
  /// The lines in the order of `by_line`. The last is maintenance if anything is ever replaced.
  std::span<const LineHead> lines() const { return lines_; }

  /// Grams of the whole bill: the sum of its lines. `x`: one number for each input, coherent units. Real is double, an
  /// interval, a dual number, ...; it brings pow, sqrt, floor and max.
  template <class Real>
  Real operator()(std::span<const Real> x) const;

  /// As above in doubles. No allocation.
  carbon::GramsCO2e evaluate(std::span<const double> x) const { return carbon::GramsCO2e{(*this)(x)}; }

  /// Grams by line. Precondition: as many `grams` as lines().
  template <class Real>
  void by_line(std::span<const Real> x, std::span<Real> grams) const;

 private:
  friend class Compiler;

  /// amount x coefficient.
  struct Term {
    std::uint32_t input;
    std::uint32_t line;
    double amount;  ///< of the line alone
    double weight;  ///< with what is replaced in service
  };
  /// Coefficients of processing silicon.
  struct Wafers {
    std::uint32_t energy, gas, material, defects, clustering, intensity;
  };
  struct Die {
    std::uint32_t line;
    Wafers wafers;
    double area;     ///< mm2, without vias
    double silicon;  ///< mm2 of wafer for a die of that area
    double count;    ///< in one package
    double yield;    ///< ratio, of the constant law
    bool vias;
    YieldLaw law = YieldLaw::negative_binomial;
    double edge = 0;  ///< mm of the wafer without dies
  };
  struct Package {
    std::uint32_t line = 0;                     ///< of all but the dies
    double amount = 1;                          ///< packages
    double weight = 1;                          ///< with what is replaced in service
    std::uint32_t first_die = 0, last_die = 0;  ///< one past
    Arrangement arranged;
    bool joined = false;  ///< false: bare dies, and none of the coefficients below
    Wafers carrier_wafers{};
    std::uint32_t carrier_area = 0, carrier_share = 0, substrate_area = 0, substrate_energy = 0, bonding_energy = 0,
                  bonding_yield = 0, via_area = 0, intensity = 0;
  };
  /// The dies of a package, before they are joined.
  template <class Real>
  struct Dies {
    Real grams{0.0}, footprint{0.0}, bonded{0.0};
  };

  static constexpr double wafer_diameter = 300;

  template <class Real>
  Real processing(const Wafers& w, std::span<const Real> x) const {
    return formula::carbon_per_area(x[w.energy], x[w.intensity], x[w.gas], x[w.material]);
  }
  template <class Real>
  static Real silicon_of(const Real& area, double edge) {
    using std::floor;
    const Real usable(wafer_diameter - 2 * edge);
    return formula::silicon_per_die(Real(floor(formula::dies_per_wafer(area, usable))), Real(wafer_diameter));
  }
  template <class Real>
  Real yield_of(const Die& die, const Real& area, std::span<const Real> x) const {
    if (die.law == YieldLaw::constant) return Real(die.yield);
    if (die.law == YieldLaw::poisson) return formula::poisson_yield(area, x[die.wafers.defects]);
    if (die.law == YieldLaw::murphy) return formula::murphy_yield(area, x[die.wafers.defects]);
    return formula::negative_binomial_yield(area, x[die.wafers.defects], x[die.wafers.clustering]);
  }
  template <class Real>
  Real area_of(const Die& die, const Package& package, std::span<const Real> x) const {
    return die.vias ? formula::grown_area(Real(die.area), x[package.via_area]) : Real(die.area);
  }
  /// The dies of a package; adds what they cost in all packages to their lines if `grams` has any.
  template <class Real>
  Dies<Real> dies_of(const Package& package, std::span<const Real> x, std::span<Real> grams) const;
  template <class Real>
  Dies<Real> tiers_of(const Package& package, std::span<const Real> x, std::span<Real> grams) const;
  /// Carrier, substrate, bonding and loss.
  template <class Real>
  Real joining(const Package& package, const Dies<Real>& dies, std::span<const Real> x) const;

  std::string name_;
  Life life_;
  std::vector<BillInput> inputs_;
  std::vector<LineHead> lines_;
  std::vector<Term> terms_;
  std::vector<Die> dies_;
  std::vector<Package> packages_;
  std::vector<double> replaced_;  ///< by line: ratio that is bought again in service
  bool maintained_ = false;
};

// --- Implementation -------------------------------------------------------------------------------------------------

template <class Real>
CompiledBill::Dies<Real> CompiledBill::dies_of(const Package& package, std::span<const Real> x,
                                               std::span<Real> grams) const {
  using std::max;
  if (package.arranged.one_wafer) return tiers_of(package, x, grams);
  Dies<Real> dies;
  for (std::uint32_t i = package.first_die; i < package.last_die; ++i) {
    const Die& die = dies_[i];
    const Real area = area_of(die, package, x);
    const Real silicon = die.vias ? silicon_of(area, die.edge) : Real(die.silicon);
    const Real count(die.count);
    const Real made = formula::good_die(processing(die.wafers, x), silicon, yield_of(die, area, x)) * count;
    dies.grams = dies.grams + made;
    if (!grams.empty()) grams[die.line] = grams[die.line] + made * Real(package.amount);
    dies.footprint = package.arranged.stacked ? Real(max(dies.footprint, area)) : Real(dies.footprint + area * count);
    // The lowest die of a stack is not bonded to another.
    if (!package.arranged.stacked || i > package.first_die) dies.bonded = dies.bonded + area * count;
  }
  return dies;
}

template <class Real>
CompiledBill::Dies<Real> CompiledBill::tiers_of(const Package& package, std::span<const Real> x,
                                                std::span<Real> grams) const {
  using std::max;
  Dies<Real> dies;
  double edge = 0;  // of the one wafer
  for (std::uint32_t i = package.first_die; i < package.last_die; ++i) {
    dies.footprint = max(dies.footprint, area_of(dies_[i], package, x));
    edge = std::max(edge, dies_[i].edge);
  }
  Real yield(1.0);
  for (std::uint32_t i = package.first_die; i < package.last_die; ++i)
    yield = yield * yield_of(dies_[i], dies.footprint, x);
  const Real silicon = silicon_of(dies.footprint, edge);
  for (std::uint32_t i = package.first_die; i < package.last_die; ++i) {
    const Real made = formula::good_die(processing(dies_[i].wafers, x), silicon, yield);
    dies.grams = dies.grams + made;
    if (!grams.empty()) grams[dies_[i].line] = grams[dies_[i].line] + made * Real(package.amount);
  }
  dies.bonded = dies.footprint * Real(package.arranged.bonds);
  return dies;
}

template <class Real>
Real CompiledBill::joining(const Package& package, const Dies<Real>& dies, std::span<const Real> x) const {
  Real carrier(0.0);
  if (package.arranged.carrier || package.arranged.bridges > 0) {
    const Wafers& wafers = package.carrier_wafers;
    const bool sized = package.arranged.carrier;
    const Real piece = sized ? Real(x[package.carrier_area] * dies.footprint) : x[package.carrier_area];
    const Real pieces(sized ? 1.0 : package.arranged.bridges);
    const Real yield = formula::negative_binomial_yield(piece, x[wafers.defects], x[wafers.clustering]);
    carrier = x[package.carrier_share] * pieces * formula::good_die(processing(wafers, x), silicon_of(piece, 0), yield);
  }
  const formula::JoiningCarbon<Real> joined =
      formula::join<Real>({dies.grams, carrier, dies.footprint, dies.bonded, package.arranged.bonds},
                          {x[package.substrate_area], x[package.substrate_energy], x[package.bonding_energy],
                           x[package.bonding_yield], x[package.intensity]});
  return carrier + joined.substrate + joined.bonding + joined.loss;
}

template <class Real>
Real CompiledBill::operator()(std::span<const Real> x) const {
  Real grams(0.0);
  for (const Term& term : terms_) grams = grams + x[term.input] * Real(term.weight);
  for (const Package& package : packages_) {
    const Dies<Real> dies = dies_of(package, x, std::span<Real>());
    const Real whole = package.joined ? Real(dies.grams + joining(package, dies, x)) : dies.grams;
    grams = grams + whole * Real(package.weight);
  }
  return grams;
}

template <class Real>
void CompiledBill::by_line(std::span<const Real> x, std::span<Real> grams) const {
  std::fill(grams.begin(), grams.end(), Real(0.0));
  for (const Term& term : terms_) grams[term.line] = grams[term.line] + x[term.input] * Real(term.amount);
  for (const Package& package : packages_) {
    const Dies<Real> dies = dies_of(package, x, grams);
    if (package.joined) grams[package.line] = grams[package.line] + joining(package, dies, x) * Real(package.amount);
  }
  if (!maintained_) return;
  Real again(0.0);
  for (std::size_t i = 0; i < replaced_.size(); ++i) again = again + grams[i] * Real(replaced_[i]);
  grams[lines_.size() - 1] = again;
}

}  // namespace cradle::embodied
