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

/// Inputs are the ranges of the catalogue's coefficients that the point uses; each occurs once however many dies use
/// it, so that one fab grid is one input. The defect densities of all processes vary together (group "yield
/// learning"). Shares are estimated from a tenth of the samples, at least 1,024. bad_input if the point cannot be made,
/// as carbon::monte_carlo otherwise.
Result<PointUncertainty> uncertainty(const Evaluator& evaluator, std::uint64_t index,
                                     const carbon::MonteCarloOptions& options);

}  // namespace cradle::design
