// What designing a system of tiles emits, whose part is how large, and which range moves it most.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/estimate.h"
#include "cradle/carbon/quantity.h"
#include "cradle/catalog/catalog.h"
#include "cradle/soc/reuse_plan.h"
#include "cradle/soc/soc_figures.h"

namespace cradle::soc {

enum class DesignRole : std::uint8_t { fresh, reused, top };
/// "new", "reused", "top".
std::string_view name(DesignRole role);

/// One design: a kind of tile, or the top (what is between and around the tiles, and the chip as a whole). Products
/// share it: of its whole a product bears 1 / products, and a chip 1 / volume of that.
struct DesignPart {
  std::string label;
  DesignRole role = DesignRole::fresh;
  std::size_t placed = 1;  ///< tiles of this design, count
  /// Gates of one of them, of ECO-CHIP's transistors_per_gate each, memories with sram_share.
  carbon::Estimate<double> logic_transistors, sram_transistors;
  carbon::Estimate<double> share, products, person_months;
  double gates = 0;           ///< count, at the values
  carbon::GramsCO2e compute;  ///< whole, at the values
  carbon::GramsCO2e people;
  carbon::GramsCO2e per_chip;  ///< (compute + people) / (volume x products)
};

enum class DesignCause : std::uint8_t { compute, people, both };
/// "EDA compute", "people", "both".
std::string_view name(DesignCause cause);

/// A ranged input and what it makes of the grams per chip, all else at its value.
struct DesignSwing {
  std::string name;
  DesignCause cause = DesignCause::compute;
  bool of_new = false, of_reused = false;  ///< it moves parts of this role
  carbon::Estimate<double> input;
  carbon::GramsCO2e at_low, at_high;
  std::string source;

  carbon::GramsCO2e spread() const;
};

struct DesignAnswer {
  std::vector<DesignPart> parts;                ///< as SocFigures::designs, the top last
  carbon::GramsCO2e compute, people;            ///< per chip
  carbon::GramsCO2e of_new, of_reused, of_top;  ///< per chip; their sum is that of compute and people
  /// Value at the values; bounds with every input at its best and at its worst together.
  carbon::Estimate<carbon::GramsCO2e> per_chip;
  carbon::GramsCO2e
      if_all_new;  ///< per chip, were every tile new, for this product alone and as long in people's hands
  std::vector<DesignSwing> swings;  ///< widest first; those that move nothing are left out

  carbon::GramsCO2e spread_of_compute() const, spread_of_people() const;  ///< sums over swings of that cause alone
  carbon::GramsCO2e spread_of_new() const, spread_of_reused() const;      ///< sums over swings of that role alone
};

/// The parts as a plan and areas say them, their grams not yet computed. bad_input if the plan names a tile that the
/// system lacks, with the nearest.
Result<std::vector<DesignPart>> design_parts(const SocFigures& figures, const ReusePlan& plan,
                                             const std::string& plan_source);

/// Grams of designing: sum over parts of
///   share x transistors / transistors_per_gate x iterations / gates_per_core_hour x power per core x intensity
///   + person-months / 12 x energy of a person-year x intensity,
/// each over volume x products (ECO-CHIP, HPCA 2024, eq. 13; GreenFPGA, DAC 2024). bad_input as
/// embodied::design_carbon.
Result<DesignAnswer> design_carbon(std::vector<DesignPart> parts, const ReusePlan& plan,
                                   const carbon::Estimate<carbon::GramsPerJoule>& intensity, const std::string& where);

}  // namespace cradle::soc
