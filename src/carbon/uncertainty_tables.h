// What Monte Carlo and Sobol have in common: checks of a run, and moments that blocks of samples add up to.
#pragma once

#include <cmath>
#include <span>
#include <string>

#include "cradle/carbon/uncertainty.h"

namespace cradle::carbon {

/// bad_input as `check`, if the number of samples is out of range or the model gives no usable number at the stated
/// values.
Result<void> check_run(const detail::RowsModel& model, std::span<const Input> inputs, const MonteCarloOptions& options);

/// A result that can be summed and squared: within -1e150 .. 1e150.
inline bool usable(double result) { return std::abs(result) <= 1e150; }

/// The error of a model that gave `result`, which is not usable, for a row of inputs.
Error not_usable(std::span<const Input> inputs, std::span<const double> row, double result, const std::string& where);

/// Count, mean and sum of squared deviations, merged pairwise (Chan, Golub and LeVeque 1979) so that no digits go to a
/// large mean.
struct Moments {
  double count = 0;
  double mean = 0;
  double squares = 0;

  /// Precondition: there is at least one number.
  void add(std::span<const double> numbers);
  void add(const Moments& other);
};

}  // namespace cradle::carbon
