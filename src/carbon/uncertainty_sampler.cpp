#include "uncertainty_sampler.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "cradle/base/random.h"
#include "cradle/carbon/compensated_sum.h"

namespace cradle::carbon {

namespace {

/// c[0] + c[1] x + ... + c[7] x^7.
double polynomial(const std::array<double, 8>& c, double x) {
  double sum = c[7];
  for (int i = 6; i >= 0; --i) sum = sum * x + c[i];
  return sum;
}

/// Uniform in (0, 1): zero, which no distribution without end can take, becomes half of the next draw.
void fill_uniform(RandomStream random, std::span<double> u) {
  for (double& draw : u) draw = std::max(random.uniform(), 0x1.0p-54);
}

/// Mean of exp(c s) - 1 over s of 0 .. 1 with density 2 (1 - s): 2 (e^c - 1 - c) / c^2 - 1. By its series where the
/// difference would lose its digits.
double mean_growth(double c) {
  constexpr double small = 0.5;
  if (std::abs(c) >= small) return 2 * (std::expm1(c) - c) / (c * c) - 1;
  double term = 1, sum = 0;  // 2 c^k / (k + 2)!, k = 1, 2, ...
  for (int k = 1; k <= 14; ++k) sum += term *= c / (k + 2);
  return sum;
}

}  // namespace

double normal_probability(double z) { return 0.5 * std::erfc(-z * (1 / std::numbers::sqrt2)); }

// Wichura, Algorithm AS 241 (PPND16), Applied Statistics 37, 1988: rational approximations in three ranges, good to
// 1e-16 relative.
double normal_quantile(double u) {
  constexpr std::array<double, 8> centre_above = {
      3.3871328727963666080e0,  1.3314166789178437745e+2, 1.9715909503065514427e+3, 1.3731693765509461125e+4,
      4.5921953931549871457e+4, 6.7265770927008700853e+4, 3.3430575583588128105e+4, 2.5090809287301226727e+3};
  constexpr std::array<double, 8> centre_below = {1.0,
                                                  4.2313330701600911252e+1,
                                                  6.8718700749205790830e+2,
                                                  5.3941960214247511077e+3,
                                                  2.1213794301586595867e+4,
                                                  3.9307895800092710610e+4,
                                                  2.8729085735721942674e+4,
                                                  5.2264952788528545610e+3};
  constexpr std::array<double, 8> side_above = {
      1.42343711074968357734e0, 4.63033784615654529590e0,  5.76949722146069140550e0,  3.64784832476320460504e0,
      1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4};
  constexpr std::array<double, 8> side_below = {1.0,
                                                2.05319162663775882187e0,
                                                1.67638483018380384940e0,
                                                6.89767334985100004550e-1,
                                                1.48103976427480074590e-1,
                                                1.51986665636164571966e-2,
                                                5.47593808499534494600e-4,
                                                1.05075007164441684324e-9};
  constexpr std::array<double, 8> tail_above = {
      6.65790464350110377720e0,  5.46378491116411436990e0,  1.78482653991729133580e0,  2.96560571828504891230e-1,
      2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7};
  constexpr std::array<double, 8> tail_below = {1.0,
                                                5.99832206555887937690e-1,
                                                1.36929880922735805310e-1,
                                                1.48753612908506148525e-2,
                                                7.86869131145613259100e-4,
                                                1.84631831751005468180e-5,
                                                1.42151175831644588870e-7,
                                                2.04426310338993978564e-15};
  const double q = u - 0.5;
  if (std::abs(q) <= 0.425) {
    const double r = 0.180625 - q * q;
    return q * polynomial(centre_above, r) / polynomial(centre_below, r);
  }
  const double r = std::sqrt(-std::log(q < 0 ? u : 1 - u));
  const double z = r <= 5 ? polynomial(side_above, r - 1.6) / polynomial(side_below, r - 1.6)
                          : polynomial(tail_above, r - 5) / polynomial(tail_below, r - 5);
  return q < 0 ? -z : z;
}

// --- Marginal -------------------------------------------------------------------------------------------------------

Marginal::Marginal(const Input& input)
    : shape_(input.shape),
      constant_(input.estimate.low == input.estimate.high),
      low_(input.estimate.low),
      high_(input.estimate.high),
      mode_(input.estimate.value) {
  if (constant_) return;
  if (shape_ == Shape::normal || shape_ == Shape::lognormal) {
    const bool log = shape_ == Shape::lognormal;
    const double from = log ? std::log(low_) : low_, to = log ? std::log(high_) : high_;
    location_ = (from + to) / 2;
    scale_ = (to - from) / (-2 * normal_quantile(input.tail));
  }
  if (shape_ == Shape::log_triangular) {
    below_ = std::log(mode_ / low_);
    above_ = std::log(high_ / mode_);
  }
  if (shape_ == Shape::samples) {
    sorted_ = input.samples;
    std::sort(sorted_.begin(), sorted_.end());
  }
}

double Marginal::mean() const {
  if (constant_) return low_;
  switch (shape_) {
    case Shape::triangular: return (low_ + mode_ + high_) / 3;
    case Shape::uniform: return (low_ + high_) / 2;
    case Shape::normal: return location_;
    case Shape::lognormal: return std::exp(location_ + scale_ * scale_ / 2);
    case Shape::log_triangular: return mode_ * (1 + (mean_growth(-below_) + mean_growth(above_)) / 2);
    case Shape::samples: break;
  }
  CompensatedSum sum;
  for (const double sample : sorted_) sum.add(sample);
  return sum.value() / static_cast<double>(sorted_.size());
}

double Marginal::standard_deviation() const {
  if (constant_) return 0;
  switch (shape_) {
    case Shape::triangular: {
      const double rise = mode_ - low_, fall = high_ - mode_;
      return std::sqrt((rise * rise + rise * fall + fall * fall) / 18);
    }
    case Shape::uniform: return (high_ - low_) / std::sqrt(12.0);
    case Shape::normal: return scale_;
    case Shape::lognormal: return mean() * std::sqrt(std::expm1(scale_ * scale_));
    case Shape::log_triangular: {
      // Of x / value - 1: the mean of (x / value)^2 - 1, less what the mean accounts for.
      const double first = (mean_growth(-below_) + mean_growth(above_)) / 2;
      const double second = (mean_growth(-2 * below_) + mean_growth(2 * above_)) / 2;
      return mode_ * std::sqrt(std::max(second - 2 * first - first * first, 0.0));
    }
    case Shape::samples: break;
  }
  const double centre = mean();
  CompensatedSum squares;
  for (const double sample : sorted_) squares.add((sample - centre) * (sample - centre));
  return std::sqrt(squares.value() / static_cast<double>(sorted_.size()));
}

// The inverse of the two parabolas. Which of them it is, is looked up and not branched on: nobody can predict it.
void Marginal::triangular(std::span<const double> u, double* x, std::size_t stride) const {
  const double span = high_ - low_, rise = mode_ - low_;
  const std::array<double, 2> end = {low_, high_}, sign = {1, -1}, area = {span * rise, span * (high_ - mode_)};
  const std::array<double, 2> from = {0, 1};
  for (std::size_t i = 0; i < u.size(); ++i) {
    const std::size_t side = u[i] * span >= rise;
    const double at = end[side] + sign[side] * std::sqrt(area[side] * std::abs(from[side] - u[i]));
    x[i * stride] = std::min(std::max(at, low_), high_);  // rounding must not leave the bounds
  }
}

void Marginal::log_triangular(std::span<const double> u, double* x, std::size_t stride) const {
  for (std::size_t i = 0; i < u.size(); ++i) {
    const double way = u[i] < 0.5 ? -below_ * (1 - std::sqrt(2 * u[i])) : above_ * (1 - std::sqrt(2 * (1 - u[i])));
    x[i * stride] = std::min(std::max(mode_ * std::exp(way), low_), high_);
  }
}

void Marginal::at_probabilities(std::span<const double> u, double* x, std::size_t stride) const {
  switch (shape_) {
    case Shape::triangular: triangular(u, x, stride); return;
    case Shape::log_triangular: log_triangular(u, x, stride); return;
    case Shape::uniform:
      for (std::size_t i = 0; i < u.size(); ++i) x[i * stride] = std::min(low_ + u[i] * (high_ - low_), high_);
      return;
    case Shape::normal:
      for (std::size_t i = 0; i < u.size(); ++i) x[i * stride] = location_ + scale_ * normal_quantile(u[i]);
      return;
    case Shape::lognormal:
      for (std::size_t i = 0; i < u.size(); ++i) x[i * stride] = std::exp(location_ + scale_ * normal_quantile(u[i]));
      return;
    case Shape::samples: {
      const auto count = static_cast<double>(sorted_.size());
      for (std::size_t i = 0; i < u.size(); ++i)
        x[i * stride] = sorted_[std::min(static_cast<std::size_t>(u[i] * count), sorted_.size() - 1)];
      return;
    }
  }
}

void Marginal::at_scores(std::span<const double> z, double* x, std::size_t stride) const {
  for (std::size_t i = 0; i < z.size(); ++i) {
    if (shape_ == Shape::normal) {
      x[i * stride] = location_ + scale_ * z[i];
    } else if (shape_ == Shape::lognormal) {
      x[i * stride] = std::exp(location_ + scale_ * z[i]);
    } else {
      const double u = normal_probability(z[i]);
      at_probabilities({&u, 1}, x + i * stride, stride);
    }
  }
}

// --- Sampler --------------------------------------------------------------------------------------------------------

Sampler::Sampler(std::span<const Input> inputs) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Input& input = inputs[i];
    marginals_.emplace_back(input);
    const bool grouped = !input.group.empty() && input.correlation > 0;
    sources_.push_back({input.name, grouped ? input.correlation : 0});
    if (marginals_.back().is_constant()) continue;
    const auto known = std::find_if(causes_.begin(), causes_.end(),
                                    [&](const Cause& cause) { return cause.group && cause.name == input.group; });
    if (grouped && known != causes_.end()) {
      known->members.push_back(i);
    } else {
      causes_.push_back({grouped ? input.group : input.name, grouped, {i}});
    }
  }
}

void Sampler::draw(std::uint64_t seed, std::string_view table, std::size_t block, std::span<double> rows) const {
  const std::size_t count = rows.size() / width();
  const auto stream = [&](const char* kind, const std::string& name) {
    return RandomStream(seed, std::string(table) + kind + name + "/" + std::to_string(block));
  };
  std::array<double, block_size> common, common_scores, own;
  for (std::size_t i = 0; i < width(); ++i) {
    if (!marginals_[i].is_constant()) continue;
    for (std::size_t row = 0; row < count; ++row) rows[row * width() + i] = marginals_[i].mean();
  }
  for (const Cause& cause : causes_) {
    bool scored = false;
    if (cause.group) fill_uniform(stream("/group ", cause.name), {common.data(), count});
    for (const std::size_t i : cause.members) {
      const double correlation = sources_[i].correlation;
      if (correlation == 1) {
        marginals_[i].at_probabilities({common.data(), count}, &rows[i], width());
        continue;
      }
      fill_uniform(stream("/input ", sources_[i].name), {own.data(), count});
      if (!cause.group) {
        marginals_[i].at_probabilities({own.data(), count}, &rows[i], width());
        continue;
      }
      for (std::size_t row = 0; row < count && !scored; ++row) common_scores[row] = normal_quantile(common[row]);
      scored = true;
      const double shared = std::sqrt(correlation), alone = std::sqrt(1 - correlation);
      for (std::size_t row = 0; row < count; ++row)
        own[row] = shared * common_scores[row] + alone * normal_quantile(own[row]);
      marginals_[i].at_scores({own.data(), count}, &rows[i], width());
    }
  }
}

}  // namespace cradle::carbon
