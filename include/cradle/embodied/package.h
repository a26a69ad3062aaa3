// Several dies in one package: carrier silicon, substrate, bonding, and the good dies lost with bad bonds.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"
#include "cradle/catalog/records.h"
#include "cradle/embodied/die.h"
#include "cradle/embodied/formula.h"

namespace cradle::embodied {

std::string_view name(catalog::PackageForm form);

/// What the form of a package makes of its number of dies. Dies are counted from the bottom of a stack to its top.
struct Arrangement {
  bool stacked = false;    ///< one footprint, that of the largest die; else the sum of all
  bool one_wafer = false;  ///< tiers grown on each other: every tier has the whole footprint and none is tested alone
  double bonds = 0;        ///< dies that are bonded: all side by side; in a stack all but the lowest
  double bridges = 0;      ///< pieces of carrier silicon of fixed size
  bool carrier = false;    ///< one piece of carrier silicon in proportion to the footprint
};

/// Precondition: check_package passes.
inline Arrangement arrangement(catalog::PackageForm form, std::size_t dies) {
  using catalog::PackageForm;
  const double n = static_cast<double>(dies);
  switch (form) {
    case PackageForm::organic:
    case PackageForm::fanout: return {.bonds = n};
    case PackageForm::bridge: return {.bonds = n, .bridges = formula::neighbours(n)};
    case PackageForm::passive_interposer:
    case PackageForm::active_interposer: return {.bonds = n, .carrier = true};
    case PackageForm::stacked: return {.stacked = true, .bonds = n - 1};
    case PackageForm::monolithic: return {.stacked = true, .one_wafer = true, .bonds = n - 1};
  }
  return {};
}

/// True if die `index` gives area to vias and links: none where a die is alone, in a stack all but the top one.
inline bool has_vias(const Arrangement& arranged, std::size_t index, std::size_t dies) {
  return dies > 1 && !(arranged.stacked && index + 1 == dies);
}

/// bad_input if there are no dies or more than the technology carries, a bridge, stack or monolithic package has only
/// one, or the technology's numbers are not usable (bonding yield not in (0, 1], vias not in [0, 1), an interposer or
/// bridge without a process for its silicon). `where` names the package.
Result<void> check_package(const catalog::PackageTechnology& technology, std::size_t dies, bool has_carrier_process,
                           std::string where);

/// The catalogue's values of a fab node as a process: negative binomial yield, 300 mm wafers, edge divided.
Process process_of(const catalog::FabProcess& record);

/// Defect density of a package's carrier: its own, or that of the process where the technology states none.
const catalog::Coefficient<carbon::PerSquareMillimetre>& carrier_defects(const catalog::PackageTechnology& technology,
                                                                         const catalog::FabProcess& process);
/// The carrier's process, with its defect density.
Process carrier_process_of(const catalog::PackageTechnology& technology, const catalog::FabProcess& record);

struct PackagedDie {
  carbon::SquareMillimetres area;  ///< of its own circuits, without vias
  Process process;
  carbon::GramsPerJoule fab_intensity;
};

/// The grams of one good package, by cause.
struct PackageCarbon {
  DieCarbon dies;             ///< sums over the dies without vias; its yield is that of all dies together
  carbon::GramsCO2e vias;     ///< what vias and links add to the dies
  carbon::GramsCO2e carrier;  ///< interposer or bridges
  carbon::GramsCO2e substrate;
  carbon::GramsCO2e bonding;
  carbon::GramsCO2e loss;    ///< of assemblies with a bad bond
  double bonding_yield = 1;  ///< all bonds good, ratio

  carbon::GramsCO2e total() const { return dies.total() + vias + carrier + substrate + bonding + loss; }
  /// All but the dies themselves.
  carbon::GramsCO2e packaging() const { return vias + carrier + substrate + bonding + loss; }
};

/// The package of these dies (from the bottom of a stack to its top), with the technology's values:
///
///   dies       sum of die_carbon(A / (1 - v)); tiers grown on one wafer: sum of CPA x wafer per die / product of
///   yields carrier    share x die_carbon(piece, carrier process), a piece being ratio x footprint, or one bridge for
///   each
///              pair of neighbours
///   substrate  CI x energy x ratio x footprint
///   bonding    CI x energy x bonded area
///   loss       (dies + carrier + substrate + bonding) (Y^-bonds - 1)
///
/// `carrier` is null where the technology names none. `intensity`: electricity where carrier and package are made.
/// bad_input as check_package and as check of each die and carrier.
Result<PackageCarbon> package_carbon(std::span<const PackagedDie> dies, const catalog::PackageTechnology& technology,
                                     const catalog::FabProcess* carrier, carbon::GramsPerJoule intensity,
                                     const std::string& where);

}  // namespace cradle::embodied
