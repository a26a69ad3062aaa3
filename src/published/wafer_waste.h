// The unused part of a wafer as ECO-CHIP (HPCA 2024, eq. 5) and its descendant GreenFPGA share it among dies.
#pragma once

#include <cmath>
#include <numbers>

#include "cradle/carbon/quantity.h"
#include "cradle/embodied/formula.h"

namespace cradle::published {

inline constexpr double eco_chip_wafer_mm = 450, real_wafer_mm = 300;

/// One die's share of the wafer that is no die: (pi/4 d^2 - floor(n) A) CPA / n, n = dies per wafer. With `whole_dies`
/// the divisor is floor(n) as well. Precondition: n, or floor(n), is not 0.
inline carbon::GramsCO2e wafer_waste(carbon::SquareMillimetres area, carbon::GramsPerSquareMillimetre per_area,
                                     double wafer_mm, bool whole_dies) {
  const double dies = embodied::formula::dies_per_wafer(area.value(), wafer_mm);
  const double whole = std::floor(dies);
  const carbon::SquareMillimetres unused =
      carbon::SquareMillimetres{std::numbers::pi * wafer_mm * wafer_mm / 4} - area * whole;
  return unused * per_area / (whole_dies ? whole : dies);
}

}  // namespace cradle::published
