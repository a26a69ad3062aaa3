// Draws of uncertain inputs: their distributions by quantile, and who shares whose random numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/carbon/uncertainty.h"

namespace cradle::carbon {

/// The standard normal distribution: P(Z < z), and its inverse for 0 < u < 1.
double normal_probability(double z);
double normal_quantile(double u);

/// One input's distribution, ready to be drawn from. Precondition: check passes for the input.
class Marginal {
 public:
  explicit Marginal(const Input& input);

  bool is_constant() const { return constant_; }
  double mean() const;
  double standard_deviation() const;
  /// x[i * stride] = quantile(u[i]), by probability or by normal score.
  void at_probabilities(std::span<const double> u, double* x, std::size_t stride) const;
  void at_scores(std::span<const double> z, double* x, std::size_t stride) const;

 private:
  void triangular(std::span<const double> u, double* x, std::size_t stride) const;
  void log_triangular(std::span<const double> u, double* x, std::size_t stride) const;

  Shape shape_;
  bool constant_;
  double low_, high_, mode_;
  double location_ = 0, scale_ = 0;  ///< of normal, and of the logarithm of lognormal
  double below_ = 0, above_ = 0;     ///< of log_triangular: from the logarithm of the value to those of low and high
  std::vector<double> sorted_;
};

/// Inputs that vary together, independently of all others.
struct Cause {
  std::string name;
  bool group = false;
  std::vector<std::size_t> members;  ///< inputs, none of them constant
};

class Sampler {
 public:
  /// Samples come in blocks of this size, each with streams of its own, so that threads may draw them in any order.
  static constexpr std::size_t block_size = 1024;
  static std::size_t blocks(std::uint64_t samples) {
    return static_cast<std::size_t>((samples + block_size - 1) / block_size);
  }
  static std::size_t size_of(std::size_t block, std::uint64_t samples) {
    const std::uint64_t rest = samples - static_cast<std::uint64_t>(block) * block_size;
    return rest < block_size ? static_cast<std::size_t>(rest) : block_size;
  }

  /// Precondition: check passes.
  explicit Sampler(std::span<const Input> inputs);

  std::span<const Cause> causes() const { return causes_; }
  std::size_t width() const { return marginals_.size(); }

  /// The inputs of the first samples of a block, as many as `rows` has room for, one row of `width` numbers each.
  /// Streams are named "TABLE/group G/BLOCK" and "TABLE/input I/BLOCK".
  void draw(std::uint64_t seed, std::string_view table, std::size_t block, std::span<double> rows) const;

 private:
  struct Source {
    std::string name;
    double correlation;  ///< with the group's cause
  };
  std::vector<Marginal> marginals_;
  std::vector<Source> sources_;
  std::vector<Cause> causes_;
};

}  // namespace cradle::carbon
