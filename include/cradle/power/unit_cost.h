// What a token unit costs to make: gates to transistors to silicon to grams, and the joules that pay them back.
#pragma once

#include <string>

#include "cradle/base/result.h"
#include "cradle/carbon/estimate.h"
#include "cradle/carbon/quantity.h"

namespace cradle::power {

/// The logic of one unit.
struct UnitDesign {
  carbon::Estimate<double> kilogates;  ///< thousand gate equivalents: area over that of a two-input NAND
  double transistors_per_gate = 4;     ///< of that NAND
};

/// Ours, by yosys 0.23 in the osu018 cells (tests/rtl); high: as much more as the published unit takes in sky130.
inline constexpr UnitDesign unit_design{{2.83, 2.83, 3.20}};
/// BlitzCoin's Token_FSM (sld-columbia/esp), by yosys in five open libraries: their mean, 9.16 (osu018) to 10.35 kGE
/// (sky130). Like with like: ours against its 9.16 in the same cells.
inline constexpr UnitDesign published_unit_design{{10.2, 9.16, 10.35}};

/// "2.83 kGE, 30.9 % of the published unit's 9.16 in the same cells (osu018), 27.7 % of its mean over five libraries,
/// 10.2"; of gates in cells that are not known, the share of the mean and of the published unit from library to
/// library.
std::string compared_with_published(double kilogates, bool same_cells);

/// One node of a fab, as the catalogue's process records and embodied/die.h give it.
struct UnitSilicon {
  carbon::Estimate<carbon::GramsPerSquareMillimetre> carbon;  ///< of processed wafer, before yield
  carbon::Estimate<carbon::PerSquareMillimetre> transistors;  ///< density of logic
  /// Good dies over all dies of the chip that the unit is a part of; 1: before yield.
  carbon::Estimate<double> good_fraction = carbon::Estimate<double>::exact(1);
};

struct UnitCost {
  carbon::Estimate<double> transistors;
  carbon::Estimate<carbon::SquareMillimetres> area;
  carbon::Estimate<carbon::GramsCO2e> embodied;  ///< area x carbon / good fraction
  carbon::Estimate<carbon::Joules> payback;      ///< what the unit has to save until it is even: embodied / intensity
};

/// The bounds are those of the factors, each at its worst. `intensity` is that of the grid where the chip works.
/// bad_input with `where` and the name of the quantity: not finite, not positive, low > value or value > high, a good
/// fraction above 1.
Result<UnitCost> unit_cost(const UnitDesign& design, const UnitSilicon& silicon, carbon::GramsPerJoule intensity,
                           std::string where);

}  // namespace cradle::power
