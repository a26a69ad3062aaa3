// Forward-mode derivatives: a value and its partial derivatives by N variables, carried through any formula.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>

namespace cradle::carbon {

/// The derivatives are exact up to rounding (no step size). floor and ceil have derivative zero, as almost everywhere;
/// of two equal numbers min and max take the first. More than N variables take several passes over the formula, each
/// with other variables seeded; nothing is allocated.
template <std::size_t N>
struct Dual {
  double value = 0;
  std::array<double, N> partial{};

  constexpr Dual() = default;
  /// A constant; implicit, so that a formula may mix the two.
  constexpr Dual(double constant) : value(constant) {}
  /// Variable `index` of 0 .. N-1.
  static constexpr Dual variable(double value, std::size_t index) {
    Dual x(value);
    x.partial[index] = 1;
    return x;
  }

  friend constexpr Dual operator-(const Dual& x) { return chain(-x.value, -1, x); }
  friend constexpr Dual operator+(const Dual& a, const Dual& b) { return chain(a.value + b.value, 1, a, 1, b); }
  friend constexpr Dual operator-(const Dual& a, const Dual& b) { return chain(a.value - b.value, 1, a, -1, b); }
  friend constexpr Dual operator*(const Dual& a, const Dual& b) {
    return chain(a.value * b.value, b.value, a, a.value, b);
  }
  friend constexpr Dual operator/(const Dual& a, const Dual& b) {
    const double ratio = a.value / b.value;
    return chain(ratio, 1 / b.value, a, -ratio / b.value, b);
  }
  friend constexpr Dual& operator+=(Dual& a, const Dual& b) { return a = a + b; }
  friend constexpr Dual& operator-=(Dual& a, const Dual& b) { return a = a - b; }
  friend constexpr Dual& operator*=(Dual& a, const Dual& b) { return a = a * b; }
  friend constexpr Dual& operator/=(Dual& a, const Dual& b) { return a = a / b; }

  friend Dual exp(const Dual& x) {
    const double e = std::exp(x.value);
    return chain(e, e, x);
  }
  friend Dual log(const Dual& x) { return chain(std::log(x.value), 1 / x.value, x); }
  friend Dual sqrt(const Dual& x) {
    const double root = std::sqrt(x.value);
    return chain(root, 0.5 / root, x);
  }
  /// By the exponent the derivative is taken for positive bases only; elsewhere it counts as zero.
  friend Dual pow(const Dual& base, const Dual& exponent) {
    const double power = std::pow(base.value, exponent.value);
    const double by_base = exponent.value == 0 ? 0 : exponent.value * std::pow(base.value, exponent.value - 1);
    return chain(power, by_base, base, base.value > 0 ? power * std::log(base.value) : 0, exponent);
  }
  friend Dual floor(const Dual& x) { return Dual(std::floor(x.value)); }
  friend Dual ceil(const Dual& x) { return Dual(std::ceil(x.value)); }
  friend constexpr Dual min(const Dual& a, const Dual& b) { return b.value < a.value ? b : a; }
  friend constexpr Dual max(const Dual& a, const Dual& b) { return a.value < b.value ? b : a; }

 private:
  static constexpr Dual chain(double value, double slope, const Dual& x) {
    Dual result(value);
    for (std::size_t i = 0; i < N; ++i) result.partial[i] = slope * x.partial[i];
    return result;
  }
  static constexpr Dual chain(double value, double by_a, const Dual& a, double by_b, const Dual& b) {
    Dual result(value);
    for (std::size_t i = 0; i < N; ++i) result.partial[i] = by_a * a.partial[i] + by_b * b.partial[i];
    return result;
  }
};

}  // namespace cradle::carbon
