// One die: yield, dies per wafer, and the grams of making it.
#pragma once

#include <cstdint>
#include <numbers>
#include <string_view>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"

namespace cradle::embodied {

using carbon::GramsPerSquareMillimetre;
using carbon::JoulesPerSquareMillimetre;
using carbon::PerSquareMillimetre;

/// A length. Areas are carbon::SquareMillimetres; the two meet only in the geometry of wafers and packages.
struct Millimetres {
  double value = 0;
  friend bool operator==(const Millimetres&, const Millimetres&) = default;
};

/// What one exposure of a lithography scanner covers: 26 x 33 mm. A larger die is stitched from several.
inline constexpr carbon::SquareMillimetres reticle_field{26.0 * 33.0};

/// How the fraction of good dies depends on their area.
enum class YieldLaw : std::uint8_t {
  constant,           ///< it does not (ACT)
  poisson,            ///< exp(-A D0)
  murphy,             ///< ((1 - exp(-A D0)) / (A D0))^2
  negative_binomial,  ///< (1 + A D0 / alpha)^-alpha (ECO-CHIP, 3D-Carbon)
};
std::string_view name(YieldLaw law);
Result<YieldLaw> parse_yield_law(std::string_view text, std::string where);

struct Yield {
  YieldLaw law = YieldLaw::negative_binomial;
  PerSquareMillimetre defects;  ///< D0
  double clustering = 10;       ///< alpha, of the negative binomial law
  double constant = 1;          ///< ratio, of the constant law
};

/// Good dies over all dies, 0 < result <= 1. Precondition: check(area, yield) passes.
double good_fraction(carbon::SquareMillimetres area, const Yield& yield);

/// Which silicon a die pays for.
enum class WaferShare : std::uint8_t {
  die_area,      ///< its own area only (ACT)
  edge_divided,  ///< wafer area / whole dies per wafer, all of it yielded (3D-Carbon, and ours)
  /// Its own area yielded, and a part of the unused wafer that is not (ECO-CHIP): (wafer - floor(n) A) / n, n being the
  /// whole dies or, with Wafer::whole_dies off, the real-valued number (as ECO-CHIP publishes it).
  edge_added,
};

struct Wafer {
  Millimetres diameter{300};
  Millimetres edge_exclusion{0};  ///< ring without dies
  /// True: whole dies are counted. False: the real-valued formula, smooth for gradients.
  bool whole_dies = true;

  carbon::SquareMillimetres area() const {
    return carbon::SquareMillimetres{std::numbers::pi / 4 * diameter.value * diameter.value};
  }
};

/// Dies that fit on the wafer; 0 or less if none does.
double dies_per_wafer(carbon::SquareMillimetres area, const Wafer& wafer);

/// What processing a wafer costs for each area, and how well it works.
struct Process {
  JoulesPerSquareMillimetre energy;   ///< EPA
  GramsPerSquareMillimetre gas;       ///< GPA, after abatement
  GramsPerSquareMillimetre material;  ///< MPA
  Yield yield;
  Wafer wafer;
  WaferShare share = WaferShare::edge_divided;
};

/// CI_fab EPA + GPA + MPA.
GramsPerSquareMillimetre carbon_per_area(const Process& process, carbon::GramsPerJoule fab_intensity);

/// The grams of one good die, by cause. silicon + edge + loss = total().
struct DieCarbon {
  carbon::GramsCO2e silicon;  ///< of its own area
  carbon::GramsCO2e edge;     ///< its share of the wafer that is no die
  carbon::GramsCO2e loss;     ///< its share of the dies that do not work
  double yield = 1;
  double dies_per_wafer = 0;

  carbon::GramsCO2e total() const { return silicon + edge + loss; }
};

/// bad_input if the area is not positive and finite, too large for the wafer, or the yield's parameters are outside
/// their range (D0 >= 0, alpha > 0, 0 < constant <= 1). `where` names the die.
Result<void> check(carbon::SquareMillimetres area, const Process& process, std::string where);

/// Precondition: check passes.
DieCarbon die_carbon(carbon::SquareMillimetres area, const Process& process, carbon::GramsPerJoule fab_intensity);

}  // namespace cradle::embodied
