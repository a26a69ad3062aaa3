// Notes on dies that a published tool takes and nobody can make.
#pragma once

#include <numbers>
#include <optional>
#include <string>

#include "cradle/base/text.h"
#include "cradle/carbon/quantity.h"

namespace cradle::published {

inline constexpr double reticle_mm2 = 26 * 33;  ///< the field that a lithography scanner exposes at once

inline std::string size_text(double mm2) { return (mm2 < 1e9 ? fixed(mm2, 0) : shortest(mm2)) + " mm2"; }

/// Why a die cannot be made, if it is larger than a wafer of that diameter, or than one exposure.
inline std::optional<std::string> size_note(const std::string& die, carbon::SquareMillimetres area, double wafer_mm) {
  const double mm2 = area.value(), wafer = std::numbers::pi * wafer_mm * wafer_mm / 4;
  const std::string start = die + ": a die of " + size_text(mm2) + " is larger than ";
  if (mm2 > wafer) return start + "a wafer of " + shortest(wafer_mm) + " mm: the tool's number has no meaning";
  if (mm2 > reticle_mm2) return start + "the " + size_text(reticle_mm2) + " (26 x 33 mm) that one exposure prints";
  return std::nullopt;
}

}  // namespace cradle::published
