// What making the chip emits, and the chip as a design space for `cradle design explore`.
#pragma once

#include <string>

#include "cradle/base/result.h"
#include "cradle/carbon/estimate.h"
#include "cradle/carbon/quantity.h"
#include "cradle/catalog/catalog.h"
#include "cradle/soc/design_carbon.h"
#include "cradle/soc/esp_config.h"
#include "cradle/soc/reuse_plan.h"
#include "cradle/soc/soc_figures.h"

namespace cradle::soc {

/// Of one good chip. Bounds: area and every coefficient at their best and at their worst together.
struct ChipMaking {
  carbon::Estimate<carbon::GramsCO2e> die;
  carbon::Estimate<carbon::GramsCO2e> package;  ///< substrate, bonding and what is lost with bad bonds
  carbon::Estimate<double> yield;               ///< good dies over all; low at the largest area

  carbon::Estimate<carbon::GramsCO2e> total() const { return die + package; }
};

/// All tiles on one die in the plan's package. `where` names the system in errors. bad_input for a grid or package that
/// the catalogue lacks, or a die that no wafer holds.
Result<ChipMaking> make_chip(const SocFigures& figures, const ReusePlan& plan, const catalog::Catalog& catalog,
                             const std::string& where);

/// A study of `cradle design explore` in TOML: logic and memory of processors, accelerators, memory and the rest as up
/// to eight blocks, each with `products` such that its design has the grams of `answer` (shared, placed often or
/// reused). [use] is assumed and says so.
std::string space_text(const EspConfig& config, const SocFigures& figures, const DesignAnswer& answer,
                       const ReusePlan& plan);

}  // namespace cradle::soc
