// How uncertain one design point is, and which coefficient that is due to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/estimate.h"
#include "cradle/carbon/quantity.h"
#include "cradle/carbon/uncertainty.h"
#include "cradle/design/evaluator.h"

namespace cradle::design {

/// An amount of carbon: as the coefficients' values give it, and its quantiles over their ranges.
struct CarbonRange {
  std::string name;
  carbon::GramsCO2e value, p5, p50, p95;
  carbon::GramsCO2e standard_deviation;
};

/// What the point's carbon becomes when one coefficient alone moves over its range: total and embodied.
struct CoefficientSwing {
  std::string key;    ///< of the catalogue: "process.n5.defects"
  std::string range;  ///< low, value and high with their unit, as text
  carbon::GramsCO2e at_low, at_high;
  carbon::GramsCO2e embodied_at_low, embodied_at_high;
  /// Total Sobol indices of the coefficient, or of the group that it belongs to.
  std::optional<double> variance_share, embodied_variance_share;
  std::string group;  ///< empty if it varies alone
  std::string source;
};

struct PointUncertainty {
  /// silicon, edge, loss, carrier, substrate, bonding, package loss, design, operation.
  std::vector<CarbonRange> parts;
  CarbonRange embodied, total;
  /// Certain bounds of the total; nothing where some value of the ranges could not be made at all.
  std::optional<carbon::Estimate<carbon::GramsCO2e>> bounds;
  std::vector<carbon::SobolShare> shares;           ///< of the total's variance, largest first
  std::vector<carbon::SobolShare> embodied_shares;  ///< of that of what is embodied
  std::vector<CoefficientSwing> swings;             ///< of the total, widest first
  std::uint64_t samples = 0;                        ///< Monte Carlo
  std::uint64_t sobol_samples = 0;                  ///< length of the two tables
  bool stopped = false;                             ///< by the options' token: what is there holds, the rest is empty
};

/// The uncertain coefficients of a point, in coherent units: the catalogue's with a range, and what reclaiming takes
/// where a block has reused silicon. Each occurs once however many dies use it, so that one fab grid is one input.
/// Those of the nodes, the carrier's among them, move together as in a bill (embodied::BillInput): defect densities
/// ("yield learning"), process gases ("gas abatement") and materials ("wafer materials") as one, the fabs' energy ("fab
/// energy") correlated by 0.8 with its common cause. bad_input if the point cannot be made.
Result<std::vector<carbon::Input>> uncertain_inputs(const Evaluator& evaluator, std::uint64_t index);

/// Over the ranges of uncertain_inputs. Shares are estimated from a tenth of the samples, at least 1,024. bad_input if
/// the point cannot be made, as carbon::monte_carlo otherwise.
Result<PointUncertainty> uncertainty(const Evaluator& evaluator, std::uint64_t index,
                                     const carbon::MonteCarloOptions& options);

}  // namespace cradle::design
