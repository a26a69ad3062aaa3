// A coefficient is never a bare number: its value, its range, and where it came from.
#pragma once

#include <string>

namespace cradle::carbon {

/// Where a number came from. Every field but `note` is mandatory in the catalogue.
struct Provenance {
  std::string source;   ///< publication, data sheet or repository with commit
  int year = 0;         ///< year of publication
  std::string scope;    ///< what the number includes ("cradle to gate", "board power", ...)
  std::string licence;  ///< licence of the source
  std::string note;
};

/// A value with its low and high bound in the same unit (low <= value <= high).
template <class Q>
struct Estimate {
  Q value{};
  Q low{};
  Q high{};

  static Estimate exact(Q v) { return {v, v, v}; }
  friend bool operator==(const Estimate&, const Estimate&) = default;
};

template <class Q>
Estimate<Q> operator+(const Estimate<Q>& a, const Estimate<Q>& b) {
  return {a.value + b.value, a.low + b.low, a.high + b.high};
}
/// Scaling by a factor >= 0 keeps the order of the bounds.
template <class Q>
Estimate<Q> operator*(const Estimate<Q>& a, double factor) {
  return {a.value * factor, a.low * factor, a.high * factor};
}

}  // namespace cradle::carbon
