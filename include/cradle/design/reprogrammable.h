// A new chip for every application, or one that is reprogrammed? GreenFPGA's question (DAC 2024): from how many designs
// does the FPGA win? Its life-cycle sums, made of the parts of embodied/die.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"
#include "cradle/design/study_figures.h"
#include "cradle/embodied/die.h"

namespace cradle::design {

/// A part of the chip that scales in its own way.
struct ChipBlock {
  std::string name;
  carbon::SquareMillimetres area;  ///< as at the reference node (7 nm)
  double area_scale = 1;           ///< area at the chip's node over `area`
  double power_scale = 1;          ///< likewise of power
};

/// A kind of chip over the whole time that is looked at.
struct ReprogrammableChip {
  std::string name;
  bool reprogrammed = false;  ///< one design and one purchase serve every application
  std::vector<ChipBlock> blocks;
  embodied::Process process;        ///< of its node
  double recycled = 0;              ///< share of the making that recycled material stands in for
  double recycled_cost = 0;         ///< what that costs, ratio of new material
  carbon::GramsCO2e design;         ///< of one design
  carbon::GramsCO2e end_of_life;    ///< of one chip
  carbon::GramsCO2e development;    ///< of writing one application, once
  double volume = 1;                ///< parts in use
  double devices = 1;               ///< chips for each part
  carbon::Watts power;              ///< at the reference node
  double activity = 1;              ///< mean draw over `power`, ratio, before the duty
  double duty = 1;                  ///< share of time in use
  carbon::Hours service;            ///< the whole evaluation, all applications one after the other
  carbon::GramsPerJoule intensity;  ///< of the electricity in use
};

/// Grams of all parts over the service.
struct ChipLifeCycle {
  carbon::GramsCO2e design, making, end_of_life, development, operation;
  carbon::GramsCO2e embodied() const { return design + making + end_of_life + development; }
  carbon::GramsCO2e total() const { return embodied() + operation; }
};

/// For `applications` designs, a count that may be fractional. making = recycled mix of one die x devices x volume, and
/// again for each application unless reprogrammed. bad_input on negative or non-finite numbers, volume 0, an impossible
/// die. `where` names the chip.
Result<ChipLifeCycle> life_cycle(const ReprogrammableChip& chip, double applications, const std::string& where);

/// The number of applications at which the two emit the same: both are linear in it. Nothing: they never meet.
Result<std::optional<double>> applications_to_break_even(const ReprogrammableChip& fixed,
                                                         const ReprogrammableChip& reprogrammed, std::string where);

struct ReprogrammableStudy {
  std::string title, question;
  std::vector<double> applications;        ///< for which the totals are shown
  ReprogrammableChip fixed, reprogrammed;  ///< as published
  ReprogrammableChip fixed_corrected, reprogrammed_corrected;
  std::vector<RangedFigure> figures;
  std::vector<std::string> corrections;  ///< one line for each difference between the two
};

/// Errors name file and line.
Result<ReprogrammableStudy> read_reprogrammable_study(std::string_view text, const std::string& source,
                                                      std::optional<Move> move = {});

}  // namespace cradle::design
