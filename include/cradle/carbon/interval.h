// Numbers known only to lie between two bounds: whatever values the inputs take, the result lies within its interval.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

namespace cradle::carbon {

/// A closed interval, low <= high. Every operation rounds outward: sums, products, quotients and square roots by one
/// unit in the last place (their rounding error is half of one at most), exp, log and pow by two (the C library's is
/// below one). An operation is taken on the part of its operands where it is defined, as in IEEE 1788; where there is
/// none, both bounds are NaN.
///
/// An operand that occurs twice counts as two independent ones: x - x is not zero. The bounds are then safe but too
/// wide; write a formula so that each input occurs once where tight bounds matter.
struct Interval {
  double low = 0;
  double high = 0;

  constexpr Interval() = default;
  /// A number that is known; implicit, so that a formula may mix the two.
  constexpr Interval(double value) : low(value), high(value) {}
  /// Precondition: from <= to.
  constexpr Interval(double from, double to) : low(from), high(to) {}

  constexpr bool contains(double value) const { return low <= value && value <= high; }
  constexpr double width() const { return high - low; }
  friend constexpr bool operator==(const Interval&, const Interval&) = default;
};

namespace detail {

inline constexpr double infinity = std::numeric_limits<double>::infinity();
inline constexpr Interval no_interval{std::numeric_limits<double>::quiet_NaN(),
                                      std::numeric_limits<double>::quiet_NaN()};

inline double below(double value) { return std::nextafter(value, -infinity); }
inline double above(double value) { return std::nextafter(value, infinity); }

/// A product or quotient rounded down, given its rounded value. One that is known to be positive stays so.
inline double signed_below(double value) { return std::signbit(value) ? below(value) : std::max(below(value), 0.0); }
inline double signed_above(double value) { return std::signbit(value) ? std::min(above(value), 0.0) : above(value); }

/// An infinite bound stands for any finite number, so zero times it is zero; only NaN spoils a zero.
inline double zero_unless_nan(double a, double b) { return std::isnan(a + b) ? a + b : 0; }
inline double product_below(double a, double b) {
  return a == 0 || b == 0 ? zero_unless_nan(a, b) : signed_below(a * b);
}
inline double product_above(double a, double b) {
  return a == 0 || b == 0 ? zero_unless_nan(a, b) : signed_above(a * b);
}
inline double quotient_below(double a, double b) { return a == 0 || std::isinf(b) ? 0 : signed_below(a / b); }
inline double quotient_above(double a, double b) { return a == 0 || std::isinf(b) ? 0 : signed_above(a / b); }

}  // namespace detail

inline Interval operator-(const Interval& x) { return {-x.high, -x.low}; }

/// A sum that comes out as zero is exact.
inline Interval operator+(const Interval& a, const Interval& b) {
  const double low = a.low + b.low, high = a.high + b.high;
  return {low == 0 ? 0 : detail::below(low), high == 0 ? 0 : detail::above(high)};
}

inline Interval operator-(const Interval& a, const Interval& b) { return a + -b; }

inline Interval operator*(const Interval& a, const Interval& b) {
  using detail::product_above, detail::product_below;
  return {std::min({product_below(a.low, b.low), product_below(a.low, b.high), product_below(a.high, b.low),
                    product_below(a.high, b.high)}),
          std::max({product_above(a.low, b.low), product_above(a.low, b.high), product_above(a.high, b.low),
                    product_above(a.high, b.high)})};
}

/// Unbounded if the divisor holds numbers of both signs; NaN if it is zero.
inline Interval operator/(const Interval& a, const Interval& b) {
  using detail::quotient_above, detail::quotient_below;
  if (std::isnan(a.low + b.low) || (b.low == 0 && b.high == 0)) return detail::no_interval;
  if (b.low < 0 && b.high > 0) return {-detail::infinity, detail::infinity};
  // A bound of zero is approached from the side of the other one.
  const double near = b.low == 0 ? 0.0 : b.low, far = b.high == 0 ? -0.0 : b.high;
  return {std::min({quotient_below(a.low, near), quotient_below(a.low, far), quotient_below(a.high, near),
                    quotient_below(a.high, far)}),
          std::max({quotient_above(a.low, near), quotient_above(a.low, far), quotient_above(a.high, near),
                    quotient_above(a.high, far)})};
}

inline Interval& operator+=(Interval& a, const Interval& b) { return a = a + b; }
inline Interval& operator-=(Interval& a, const Interval& b) { return a = a - b; }
inline Interval& operator*=(Interval& a, const Interval& b) { return a = a * b; }
inline Interval& operator/=(Interval& a, const Interval& b) { return a = a / b; }

inline Interval exp(const Interval& x) {
  using detail::above, detail::below;
  return {std::max(0.0, below(below(std::exp(x.low)))), above(above(std::exp(x.high)))};
}

/// Of the positive part of x.
inline Interval log(const Interval& x) {
  using detail::above, detail::below;
  if (!(x.high > 0)) return detail::no_interval;
  return {below(below(std::log(std::max(x.low, 0.0)))), above(above(std::log(x.high)))};
}

/// Of the part of x that is not negative.
inline Interval sqrt(const Interval& x) {
  if (!(x.high >= 0)) return detail::no_interval;
  return {std::max(0.0, detail::below(std::sqrt(std::max(x.low, 0.0)))), detail::above(std::sqrt(x.high))};
}

/// Of the part of the base that is not negative: there the power is monotone in base and exponent, so its extremes are
/// at the corners. Raise negative bases by multiplying.
inline Interval pow(const Interval& base, const Interval& exponent) {
  using detail::above, detail::below;
  if (!(base.high >= 0) || std::isnan(exponent.low)) return detail::no_interval;
  const double from = std::max(base.low, 0.0);
  const double a = std::pow(from, exponent.low), b = std::pow(from, exponent.high);
  const double c = std::pow(base.high, exponent.low), d = std::pow(base.high, exponent.high);
  return {std::max(0.0, below(below(std::min({a, b, c, d})))), above(above(std::max({a, b, c, d})))};
}

inline Interval floor(const Interval& x) { return {std::floor(x.low), std::floor(x.high)}; }
inline Interval ceil(const Interval& x) { return {std::ceil(x.low), std::ceil(x.high)}; }
inline Interval min(const Interval& a, const Interval& b) { return {std::min(a.low, b.low), std::min(a.high, b.high)}; }
inline Interval max(const Interval& a, const Interval& b) { return {std::max(a.low, b.low), std::max(a.high, b.high)}; }

}  // namespace cradle::carbon
