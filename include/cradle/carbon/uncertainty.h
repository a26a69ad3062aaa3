// How uncertain a result is, given how uncertain its inputs are: by interval, to first order, by Monte Carlo, and which
// input it is due to (Sobol). docs/uncertainty.md says when each is right.
//
// A model is any callable that works on any number type, its arguments in the order of the inputs:
//
//     struct DieGrams {
//       template <class T>
//       T operator()(std::span<const T> x) const { return x[0] * (x[1] * x[2] + x[3]); }
//     };
//
// Numbers are in whatever coherent units the model counts in; the result has the model's unit.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/dual.h"
#include "cradle/carbon/estimate.h"
#include "cradle/carbon/interval.h"

namespace cradle::carbon {

/// How an input is distributed, given its value, low and high.
enum class Shape : std::uint8_t {
  triangular,  ///< from low to high, most likely at value
  uniform,     ///< from low to high; the value only names the nominal case
  normal,      ///< low and high are percentiles (`tail`); the mean is halfway between them
  lognormal,   ///< low and high are percentiles, both positive; the median is their geometric mean
  /// From low to high, all positive, with the value as median: half of the mass is below it and half above, each half
  /// a triangle on the logarithm, densest at the value. For ranges of a factor of several, of which a triangle would
  /// put nearly all far above a value near the low end.
  log_triangular,
  samples,  ///< one of the given samples, each as likely as the others
};

/// The shape of a range that is all that is known: triangular; log_triangular where it is positive and its high is more
/// than `wide_range` times its low.
inline constexpr double wide_range = 4;
Shape shape_of(const Estimate<double>& range);

/// One uncertain number. low == high is a constant, whatever its shape.
///
/// Inputs of the same `group` vary together: the fab grid of all chiplets, the yield learning of all dies of a node.
/// Each is driven by the group's common cause and its own, joined by a Gaussian copula with one factor: the normal
/// scores of two members with correlations r and s are correlated by sqrt(r s). 1 is one cause (all members are at the
/// same quantile, always), 0 none in common. Without a group an input is independent of all others.
struct Input {
  std::string name;
  Estimate<double> estimate;
  Shape shape = Shape::triangular;
  std::string group{};
  double correlation = 1;         ///< 0 .. 1, with the members of the group
  double tail = 0.05;             ///< of normal and lognormal: probability below low, and above high
  std::vector<double> samples{};  ///< of Shape::samples: within low .. high, in any order
};

/// bad_input, naming the input, if: there is none; a name is empty or occurs twice; an estimate is not finite, exceeds
/// 1e100, or is not ordered low <= value <= high; a lognormal or log_triangular is not positive, or the lognormal's
/// sigma exceeds 3 (P95 20,000 times P5); `tail` is not within (0, 0.4]; `correlation` is not within 0 .. 1, or is
/// given without a group; samples are missing, outside low .. high, or given for another shape.
Result<void> check(std::span<const Input> inputs);

/// Of one input's distribution, in its unit. Precondition: check passes.
double mean(const Input& input);
double standard_deviation(const Input& input);
/// The value that the input stays below with probability u, 0 < u < 1.
double quantile(const Input& input, double u);
/// Pearson's correlation of two inputs, which the copula gives them: 1 for two members that move together and have the
/// same shape, below the correlation of their normal scores where shapes differ from the normal. Numerical, to 1e-4
/// (1e-2 for samples).
double pearson_correlation(const Input& a, const Input& b);

// --- Interval -------------------------------------------------------------------------------------------------------

struct Bounds {
  Interval range;
  /// False if an input is normal or lognormal: the range then covers low .. high of it, not its tails.
  bool covers_all = true;
};

/// The range of the model over low .. high of all inputs: certain, wider than what will happen, blind to correlation.
/// bad_input as check, or if the model is not defined on that range (its bounds are NaN).
template <class Model>
Result<Bounds> interval_bounds(const Model& model, std::span<const Input> inputs);

// --- First order ----------------------------------------------------------------------------------------------------

struct Contribution {
  std::string name;
  double derivative;  ///< of the result by the input, at the means
  double swing;       ///< change of the result as the input rises by one standard deviation: derivative x sd
  /// Share of the variance: swing_i x sum over j of r_ij swing_j / variance. The shares add up to 1; one may be
  /// negative where correlated inputs compensate each other.
  double share;
};

struct FirstOrder {
  double nominal = 0;  ///< the model at the stated values
  double mean = 0;     ///< the model at the inputs' means
  double variance = 0;
  double standard_deviation = 0;
  std::vector<Contribution> contributions;  ///< parallel to the inputs
};

/// Variance = sum over i, j of g_i g_j s_i s_j r_ij, with the gradient at the inputs' means and pearson_correlation.
/// Exact for linear models. bad_input as check, or if the model or its gradient is not finite there.
template <class Model>
Result<FirstOrder> first_order(const Model& model, std::span<const Input> inputs);

// --- Monte Carlo ----------------------------------------------------------------------------------------------------

inline constexpr std::uint64_t most_samples = std::uint64_t{1} << 26;

struct MonteCarloOptions {
  /// 1 .. most_samples. All results are kept until the quantiles are known: 8 bytes each, 512 MiB at most.
  std::uint64_t samples = 100'000;
  std::uint64_t seed = 42;
  unsigned threads = 1;  ///< 0: one per processor; the result does not depend on it
  std::stop_token stop{};
  /// Told how many more samples are done, from any of the threads.
  std::function<void(std::uint64_t)> progress{};
};

struct MonteCarlo {
  double nominal = 0;  ///< the model at the stated values
  std::uint64_t samples = 0;
  /// Stopped before all samples were drawn: `samples` is how many there are, the first ones; 0 leaves all else zero.
  bool stopped = false;
  double mean = 0;
  double standard_deviation = 0;    ///< with samples - 1
  double low = 0, high = 0;         ///< least and greatest sample
  double p5 = 0, p50 = 0, p95 = 0;  ///< the sample that at least this share of samples do not exceed (nearest rank)

  double standard_error() const;  ///< of the mean
};

/// Draws inputs, runs the model. Each cause (input or group) has its own random streams, named by it: the same seed
/// gives the same draws whatever other inputs there are, so that two designs that share inputs can be compared pair by
/// pair. bad_input as check, if samples are 0 or too many, or if the model gives no number or one beyond 1e150.
template <class Model>
Result<MonteCarlo> monte_carlo(const Model& model, std::span<const Input> inputs,
                               const MonteCarloOptions& options = {});

// --- Sobol ----------------------------------------------------------------------------------------------------------

/// What one independent cause does: an input of its own, or all inputs of a group that vary together.
struct SobolShare {
  std::string name;  ///< of the input or the group
  bool group = false;
  double first = 0;  ///< share of the variance that goes away, on average, once this cause is known
  double total = 0;  ///< share of the variance that remains when all other causes are known
  double first_error = 0, total_error = 0;  ///< one standard error of the two estimates
};

struct Sobol {
  double mean = 0;
  double variance = 0;
  std::vector<SobolShare> shares;  ///< in the order of the inputs; constants have none
  std::uint64_t evaluations = 0;   ///< of the model: samples x (causes + 2)
  bool stopped = false;            ///< as MonteCarlo; without any sample there are no shares
};

/// First-order shares by Saltelli et al. 2010 (Comput. Phys. Commun. 181, table 2 b), total ones by Jansen 1999 (f).
/// `samples` is the length of the two independent tables; the options are those of monte_carlo. The shares are zero if
/// nothing varies. Errors as monte_carlo.
template <class Model>
Result<Sobol> sobol(const Model& model, std::span<const Input> inputs, const MonteCarloOptions& options = {});

// --- How it is done -------------------------------------------------------------------------------------------------

namespace detail {

/// The model on many rows of inputs, one row after the other.
using RowsModel = std::function<void(std::span<const double> rows, std::span<double> results)>;

template <class Model>
RowsModel on_rows(const Model& model, std::size_t width) {
  return [&model, width](std::span<const double> rows, std::span<double> results) {
    for (std::size_t i = 0; i < results.size(); ++i) results[i] = model(rows.subspan(i * width, width));
  };
}

std::vector<double> values(std::span<const Input> inputs);
std::vector<double> means(std::span<const Input> inputs);
Result<Bounds> finish_bounds(std::span<const Input> inputs, const Interval& range);
Result<FirstOrder> finish_first_order(std::span<const Input> inputs, double nominal, double mean,
                                      std::span<const double> gradient);
Result<MonteCarlo> monte_carlo(const RowsModel& model, std::span<const Input> inputs, const MonteCarloOptions& options);
Result<Sobol> sobol(const RowsModel& model, std::span<const Input> inputs, const MonteCarloOptions& options);

/// The model's value at a point, and its gradient in passes of as many variables as a dual number carries.
template <class Model>
double gradient_at(const Model& model, std::span<const double> point, std::span<double> gradient) {
  constexpr std::size_t lanes = 8;
  std::vector<Dual<lanes>> x(point.begin(), point.end());
  double value = 0;
  for (std::size_t first = 0; first < point.size(); first += lanes) {
    const std::size_t count = std::min(lanes, point.size() - first);
    for (std::size_t i = 0; i < count; ++i) x[first + i].partial[i] = 1;
    const Dual<lanes> result = model(std::span<const Dual<lanes>>(x));
    value = result.value;
    for (std::size_t i = 0; i < count; ++i) {
      gradient[first + i] = result.partial[i];
      x[first + i].partial[i] = 0;
    }
  }
  return value;
}

}  // namespace detail

template <class Model>
Result<Bounds> interval_bounds(const Model& model, std::span<const Input> inputs) {
  if (auto ok = check(inputs); !ok) return ok.error();
  std::vector<Interval> x;
  for (const Input& input : inputs) x.emplace_back(input.estimate.low, input.estimate.high);
  return detail::finish_bounds(inputs, model(std::span<const Interval>(x)));
}

template <class Model>
Result<FirstOrder> first_order(const Model& model, std::span<const Input> inputs) {
  if (auto ok = check(inputs); !ok) return ok.error();
  const std::vector<double> values = detail::values(inputs), means = detail::means(inputs);
  std::vector<double> gradient(inputs.size());
  const double mean = detail::gradient_at(model, means, gradient);
  return detail::finish_first_order(inputs, model(std::span<const double>(values)), mean, gradient);
}

template <class Model>
Result<MonteCarlo> monte_carlo(const Model& model, std::span<const Input> inputs, const MonteCarloOptions& options) {
  return detail::monte_carlo(detail::on_rows(model, inputs.size()), inputs, options);
}

template <class Model>
Result<Sobol> sobol(const Model& model, std::span<const Input> inputs, const MonteCarloOptions& options) {
  return detail::sobol(detail::on_rows(model, inputs.size()), inputs, options);
}

}  // namespace cradle::carbon
