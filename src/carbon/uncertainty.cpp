#include "cradle/carbon/uncertainty.h"

#include <cmath>
#include <string_view>
#include <unordered_set>

#include "cradle/base/text.h"
#include "uncertainty_sampler.h"

namespace cradle::carbon {

namespace {

constexpr double largest = 1e100;    // its square, and the variance of the widest lognormal, are still numbers
constexpr double largest_sigma = 3;  // of a lognormal: P95 is 20,000 times P5

std::string range_text(const Estimate<double>& e) {
  return "low " + shortest(e.low) + ", value " + shortest(e.value) + ", high " + shortest(e.high);
}

Result<void> check_samples(const Input& input, const std::string& where) {
  if (input.shape != Shape::samples) {
    if (input.samples.empty()) return {};
    return bad_input("samples are given for another shape", where, "set the shape to samples or leave them out");
  }
  if (input.samples.empty()) return bad_input("there are no samples", where, "give at least one, or another shape");
  for (std::size_t i = 0; i < input.samples.size(); ++i) {
    const double sample = input.samples[i];
    if (!(sample >= input.estimate.low && sample <= input.estimate.high))
      return bad_input("sample " + std::to_string(i + 1) + " is " + shortest(sample) + ", outside " +
                           shortest(input.estimate.low) + " .. " + shortest(input.estimate.high),
                       where, "take it out or widen low and high");
  }
  return {};
}

Result<void> check_one(const Input& input) {
  if (input.name.empty() || !is_utf8(input.name) || !is_utf8(input.group))
    return bad_input("an input has no name in UTF-8", "inputs", "name every input and group in UTF-8");
  const std::string where = "input '" + input.name + "'";
  const auto& e = input.estimate;
  for (const double number : {e.low, e.value, e.high}) {
    if (!(std::abs(number) <= largest))
      return bad_input("not a finite number of usable size: " + range_text(e), where,
                       "give low, value and high within -1e100 .. 1e100");
  }
  if (!(e.low <= e.value && e.value <= e.high))
    return bad_input("not in order: " + range_text(e), where, "give low <= value <= high");
  if (!(input.correlation >= 0 && input.correlation <= 1))
    return bad_input("the correlation is " + shortest(input.correlation), where, "give a number within 0 .. 1");
  if (input.group.empty() && input.correlation != 1)
    return bad_input("it has a correlation but no group", where, "name the group that it varies with");
  if (auto ok = check_samples(input, where); !ok) return ok;
  if (input.shape == Shape::normal || input.shape == Shape::lognormal) {
    if (!(input.tail > 0 && input.tail <= 0.4))
      return bad_input("the tail probability is " + shortest(input.tail), where, "give a number within (0, 0.4]");
  }
  if (input.shape == Shape::lognormal || input.shape == Shape::log_triangular) {
    if (!(e.low > 0))
      return bad_input("a distribution of the logarithm is positive, but low is " + shortest(e.low), where,
                       "give a low above 0 or another shape");
  }
  if (input.shape == Shape::lognormal) {
    if ((std::log(e.high) - std::log(e.low)) / (-2 * normal_quantile(input.tail)) > largest_sigma)
      return bad_input("a lognormal this wide has no usable mean: " + range_text(e), where,
                       "give a narrower range, a smaller tail, or work with the logarithm");
  }
  return {};
}

// --- Correlation of values from the correlation of their normal scores -----------------------------------------------

// A grid of normal scores and their weights: the trapezium rule is exact to rounding for smooth functions that the
// normal density damps at both ends.
constexpr int grid_steps = 8;   // in one standard deviation
constexpr int grid_reach = 12;  // standard deviations: the variance of the widest lognormal comes from around 6
constexpr int grid_size = 2 * grid_reach * grid_steps + 1;

struct Grid {
  std::array<double, grid_size> score, weight;

  Grid() {
    double sum = 0;
    for (int i = 0; i < grid_size; ++i) {
      score[i] = static_cast<double>(i) / grid_steps - grid_reach;
      weight[i] = std::exp(-score[i] * score[i] / 2);
      sum += weight[i];
    }
    for (double& w : weight) w /= sum;
  }
};

/// An input's mean for each score of its group's cause, less the mean over all of them, over its standard deviation.
/// Given the cause, members are independent, so this is all that correlates them.
std::vector<double> response_to_cause(const Input& input, const Grid& grid) {
  const Marginal marginal(input);
  const double shared = std::sqrt(input.correlation), alone = std::sqrt(1 - input.correlation);
  std::array<double, grid_size> score, x;
  marginal.at_scores(grid.score, x.data(), 1);
  double mean = 0, variance = 0;
  for (int i = 0; i < grid_size; ++i) mean += grid.weight[i] * x[i];
  for (int i = 0; i < grid_size; ++i) variance += grid.weight[i] * (x[i] - mean) * (x[i] - mean);

  std::vector<double> response(grid_size);
  for (int i = 0; i < grid_size; ++i) {
    double conditional = x[i];
    if (input.correlation < 1) {
      for (int k = 0; k < grid_size; ++k) score[k] = shared * grid.score[i] + alone * grid.score[k];
      std::array<double, grid_size> at;
      marginal.at_scores(score, at.data(), 1);
      conditional = 0;
      for (int k = 0; k < grid_size; ++k) conditional += grid.weight[k] * at[k];
    }
    response[i] = variance > 0 ? (conditional - mean) / std::sqrt(variance) : 0;
  }
  return response;
}

double correlation_of(const std::vector<double>& a, const std::vector<double>& b, const Grid& grid) {
  double sum = 0;
  for (int i = 0; i < grid_size; ++i) sum += grid.weight[i] * a[i] * b[i];
  return std::clamp(sum, -1.0, 1.0);
}

bool varies_with_group(const Input& input) {
  return !input.group.empty() && input.correlation > 0 && input.estimate.low < input.estimate.high;
}

}  // namespace

Shape shape_of(const Estimate<double>& range) {
  return range.low > 0 && range.high > wide_range * range.low ? Shape::log_triangular : Shape::triangular;
}

Result<void> check(std::span<const Input> inputs) {
  if (inputs.empty()) return bad_input("there are no inputs", "inputs", "give at least one");
  std::unordered_set<std::string_view> names;
  for (const Input& input : inputs) {
    if (auto ok = check_one(input); !ok) return ok;
    if (!names.insert(input.name).second)
      return bad_input("the name is used twice", "input '" + input.name + "'",
                       "name each input once; inputs that vary together share a group, not a name");
  }
  return {};
}

double mean(const Input& input) { return Marginal(input).mean(); }

double standard_deviation(const Input& input) { return Marginal(input).standard_deviation(); }

double quantile(const Input& input, double u) {
  const Marginal marginal(input);
  if (marginal.is_constant()) return input.estimate.value;
  double x = 0;
  marginal.at_probabilities({&u, 1}, &x, 1);
  return x;
}

double pearson_correlation(const Input& a, const Input& b) {
  if (!varies_with_group(a) || !varies_with_group(b) || a.group != b.group) return 0;
  const Grid grid;
  return correlation_of(response_to_cause(a, grid), response_to_cause(b, grid), grid);
}

double MonteCarlo::standard_error() const {
  return samples == 0 ? 0 : standard_deviation / std::sqrt(static_cast<double>(samples));
}

namespace detail {

std::vector<double> values(std::span<const Input> inputs) {
  std::vector<double> all;
  for (const Input& input : inputs) all.push_back(input.estimate.value);
  return all;
}

std::vector<double> means(std::span<const Input> inputs) {
  std::vector<double> all;
  for (const Input& input : inputs) all.push_back(mean(input));
  return all;
}

Result<Bounds> finish_bounds(std::span<const Input> inputs, const Interval& range) {
  if (std::isnan(range.low) || std::isnan(range.high))
    return bad_input("the model has no value on the range of its inputs", "interval bounds",
                     "narrow the inputs to where every step of the model is defined (no division by zero, no root or "
                     "logarithm of a negative number)");
  Bounds bounds{range};
  for (const Input& input : inputs) {
    const bool tails = input.shape == Shape::normal || input.shape == Shape::lognormal;
    if (tails && input.estimate.low < input.estimate.high) bounds.covers_all = false;
  }
  return bounds;
}

Result<FirstOrder> finish_first_order(std::span<const Input> inputs, double nominal, double mean,
                                      std::span<const double> gradient) {
  FirstOrder result;
  result.nominal = nominal;
  result.mean = mean;
  if (!std::isfinite(nominal) || !std::isfinite(mean))
    return bad_input("the model gives no finite number at the values or the means of its inputs", "first order",
                     "check the inputs' ranges against where the model is defined");
  const Grid grid;
  std::vector<std::vector<double>> responses(inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Input& input = inputs[i];
    if (!std::isfinite(gradient[i]))
      return bad_input("the model has no finite derivative at the means of its inputs", "input '" + input.name + "'",
                       "use Monte Carlo, which needs none");
    result.contributions.push_back({input.name, gradient[i], gradient[i] * standard_deviation(input), 0});
    if (varies_with_group(input)) responses[i] = response_to_cause(input, grid);
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    auto& mine = result.contributions[i];
    double together = mine.swing;
    for (std::size_t j = 0; j < inputs.size(); ++j) {
      if (j != i && !responses[i].empty() && !responses[j].empty() && inputs[i].group == inputs[j].group)
        together += correlation_of(responses[i], responses[j], grid) * result.contributions[j].swing;
    }
    mine.share = mine.swing * together;
    result.variance += mine.share;
  }
  // Members that compensate each other exactly may leave a rounding error below zero.
  result.variance = std::max(result.variance, 0.0);
  for (auto& each : result.contributions) each.share = result.variance > 0 ? each.share / result.variance : 0;
  result.standard_deviation = std::sqrt(result.variance);
  return result;
}

}  // namespace detail

}  // namespace cradle::carbon
