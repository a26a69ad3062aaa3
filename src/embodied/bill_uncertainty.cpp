#include "cradle/embodied/bill_uncertainty.h"

#include <algorithm>

namespace cradle::embodied {

std::vector<carbon::Input> uncertain_inputs(const CompiledBill& bill) {
  std::vector<carbon::Input> inputs;
  inputs.reserve(bill.inputs().size());
  for (const BillInput& input : bill.inputs()) {
    carbon::Input& uncertain = inputs.emplace_back();
    uncertain.name = input.figure.key;
    uncertain.estimate = input.estimate;
    uncertain.shape = carbon::shape_of(input.estimate);
    uncertain.group = input.group;
    uncertain.correlation = input.correlation;
  }
  return inputs;
}

Result<BillUncertainty> uncertainty(const CompiledBill& bill, const carbon::MonteCarloOptions& options) {
  const std::vector<carbon::Input> inputs = uncertain_inputs(bill);
  auto total = carbon::monte_carlo(bill, inputs, options);
  if (!total) return total.error();
  auto linear = carbon::first_order(bill, inputs);
  if (!linear) return linear.error();
  carbon::MonteCarloOptions for_shares = options;
  for_shares.samples = std::min(options.samples, most_share_samples);
  auto causes = carbon::sobol(bill, inputs, for_shares);
  if (!causes) return causes.error();
  std::stable_sort(causes->shares.begin(), causes->shares.end(),
                   [](const carbon::SobolShare& a, const carbon::SobolShare& b) { return a.total > b.total; });
  return BillUncertainty{*std::move(total), *std::move(linear), *std::move(causes)};
}

}  // namespace cradle::embodied
