// How uncertain a bill is, and which coefficients make it so.
#pragma once

#include <cstdint>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/uncertainty.h"
#include "cradle/embodied/compiled_bill.h"

namespace cradle::embodied {

/// The coefficients of a bill as uncertain inputs in coherent units, named by their keys: of carbon::shape_of between
/// low and high, the members of a group moving together. In the order of CompiledBill::inputs.
std::vector<carbon::Input> uncertain_inputs(const CompiledBill& bill);

struct BillUncertainty {
  carbon::MonteCarlo total;        ///< grams
  carbon::FirstOrder first_order;  ///< grams; without a second run of the bill, and blind to its bends
  /// Shares of the total's variance, largest total share first.
  carbon::Sobol causes;
};

/// As many samples as this at most are drawn for the shares: a thousandth is seen at far fewer.
inline constexpr std::uint64_t most_share_samples = std::uint64_t{1} << 17;

/// Errors as carbon::monte_carlo. Where `options.stop` is set on the way, the parts so far are marked stopped.
Result<BillUncertainty> uncertainty(const CompiledBill& bill, const carbon::MonteCarloOptions& options);

}  // namespace cradle::embodied
