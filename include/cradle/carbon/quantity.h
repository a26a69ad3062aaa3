// Quantities with units: misuse does not compile, correct use costs nothing at run time.
//
// A quantity is one double. Its type carries the dimension (powers of joule, second, gram CO2e, operation, mm2, byte)
// and the unit's scale against the coherent unit of that dimension. Sums and comparisons need the same type; products
// and quotients need coherent units and give the dimension they should. A change of unit is always written out:
// `Joules{energy_in_kwh}`.
#pragma once

#include <cmath>
#include <compare>
#include <ratio>

namespace cradle::carbon {

template <int Joule, int Second, int Gram, int Op, int SquareMm, int Byte>
struct Dimension {
  static constexpr int joule = Joule, second = Second, gram = Gram, op = Op, square_mm = SquareMm, byte = Byte;
};

template <class Dim, class Scale = std::ratio<1>>
class Quantity {
 public:
  using dimension = Dim;
  using scale = Scale;

  constexpr Quantity() = default;
  constexpr explicit Quantity(double value) : value_(value) {}
  /// The same dimension in another unit.
  template <class OtherScale>
  constexpr explicit Quantity(Quantity<Dim, OtherScale> other) {
    using Factor = std::ratio_divide<OtherScale, Scale>;
    value_ = other.value() * static_cast<double>(Factor::num) / static_cast<double>(Factor::den);
  }

  constexpr double value() const { return value_; }

  constexpr Quantity& operator+=(Quantity other) {
    value_ += other.value_;
    return *this;
  }
  constexpr Quantity& operator-=(Quantity other) {
    value_ -= other.value_;
    return *this;
  }
  friend constexpr Quantity operator+(Quantity a, Quantity b) { return Quantity{a.value_ + b.value_}; }
  friend constexpr Quantity operator-(Quantity a, Quantity b) { return Quantity{a.value_ - b.value_}; }
  friend constexpr Quantity operator-(Quantity a) { return Quantity{-a.value_}; }
  friend constexpr Quantity operator*(Quantity a, double factor) { return Quantity{a.value_ * factor}; }
  friend constexpr Quantity operator*(double factor, Quantity a) { return Quantity{a.value_ * factor}; }
  friend constexpr Quantity operator/(Quantity a, double divisor) { return Quantity{a.value_ / divisor}; }
  /// A ratio of like quantities is a plain number.
  friend constexpr double operator/(Quantity a, Quantity b) { return a.value_ / b.value_; }
  friend constexpr auto operator<=>(Quantity, Quantity) = default;

 private:
  double value_ = 0;
};

namespace detail {
template <class A, class B, int Sign>
using Combined = Dimension<A::joule + Sign * B::joule, A::second + Sign * B::second, A::gram + Sign * B::gram,
                           A::op + Sign * B::op, A::square_mm + Sign * B::square_mm, A::byte + Sign * B::byte>;
using None = Dimension<0, 0, 0, 0, 0, 0>;
template <class Dim>
struct CoherentOrRatio {
  using type = Quantity<Dim>;
};
template <>
struct CoherentOrRatio<None> {
  using type = double;
};
template <class Dim>
using Coherent = typename CoherentOrRatio<Dim>::type;
}  // namespace detail

/// Products exist for coherent units only (J, W, s, g, g/J, ...): a kWh must first be said in joules.
template <class A, class B>
constexpr auto operator*(Quantity<A> a, Quantity<B> b) {
  return detail::Coherent<detail::Combined<A, B, 1>>{a.value() * b.value()};
}
template <class A, class B>
constexpr auto operator/(Quantity<A> a, Quantity<B> b) {
  return detail::Coherent<detail::Combined<A, B, -1>>{a.value() / b.value()};
}

using EnergyDimension = Dimension<1, 0, 0, 0, 0, 0>;
using TimeDimension = Dimension<0, 1, 0, 0, 0, 0>;
using CarbonDimension = Dimension<0, 0, 1, 0, 0, 0>;
using IntensityDimension = Dimension<-1, 0, 1, 0, 0, 0>;

using Joules = Quantity<EnergyDimension>;
using KilowattHours = Quantity<EnergyDimension, std::ratio<3'600'000>>;
using Seconds = Quantity<TimeDimension>;
using Hours = Quantity<TimeDimension, std::ratio<3600>>;
using Years = Quantity<TimeDimension, std::ratio<31'557'600>>;  ///< Julian years of 365.25 days
using Watts = Quantity<Dimension<1, -1, 0, 0, 0, 0>>;
using GramsCO2e = Quantity<CarbonDimension>;
using KilogramsCO2e = Quantity<CarbonDimension, std::kilo>;
using TonnesCO2e = Quantity<CarbonDimension, std::mega>;
using GramsPerSecond = Quantity<Dimension<0, -1, 1, 0, 0, 0>>;
using GramsPerJoule = Quantity<IntensityDimension>;
using GramsPerKilowattHour = Quantity<IntensityDimension, std::ratio<1, 3'600'000>>;
/// What a grid's intensity integrates to over time: g s / J. A draw in watts times it gives grams.
using IntensitySeconds = Quantity<Dimension<-1, 1, 1, 0, 0, 0>>;
using Operations = Quantity<Dimension<0, 0, 0, 1, 0, 0>>;
using JoulesPerOperation = Quantity<Dimension<1, 0, 0, -1, 0, 0>>;
using GramsPerOperation = Quantity<Dimension<0, 0, 1, -1, 0, 0>>;
using SquareMillimetres = Quantity<Dimension<0, 0, 0, 0, 1, 0>>;
using GramsPerSquareMillimetre = Quantity<Dimension<0, 0, 1, 0, -1, 0>>;
using JoulesPerSquareMillimetre = Quantity<Dimension<1, 0, 0, 0, -1, 0>>;
using PerSquareMillimetre = Quantity<Dimension<0, 0, 0, 0, -1, 0>>;  ///< a density of things: defects, transistors
using Bytes = Quantity<Dimension<0, 0, 0, 0, 0, 1>>;
using Gibibytes = Quantity<Dimension<0, 0, 0, 0, 0, 1>, std::ratio<1'073'741'824>>;

static_assert(sizeof(Joules) == sizeof(double));

namespace literals {
constexpr Joules operator""_J(long double v) { return Joules{static_cast<double>(v)}; }
constexpr Joules operator""_J(unsigned long long v) { return Joules{static_cast<double>(v)}; }
constexpr KilowattHours operator""_kWh(long double v) { return KilowattHours{static_cast<double>(v)}; }
constexpr KilowattHours operator""_kWh(unsigned long long v) { return KilowattHours{static_cast<double>(v)}; }
constexpr Watts operator""_W(long double v) { return Watts{static_cast<double>(v)}; }
constexpr Watts operator""_W(unsigned long long v) { return Watts{static_cast<double>(v)}; }
constexpr Seconds operator""_s(long double v) { return Seconds{static_cast<double>(v)}; }
constexpr Seconds operator""_s(unsigned long long v) { return Seconds{static_cast<double>(v)}; }
constexpr Hours operator""_h(long double v) { return Hours{static_cast<double>(v)}; }
constexpr Hours operator""_h(unsigned long long v) { return Hours{static_cast<double>(v)}; }
constexpr GramsCO2e operator""_g(long double v) { return GramsCO2e{static_cast<double>(v)}; }
constexpr GramsCO2e operator""_g(unsigned long long v) { return GramsCO2e{static_cast<double>(v)}; }
constexpr KilogramsCO2e operator""_kg(long double v) { return KilogramsCO2e{static_cast<double>(v)}; }
constexpr KilogramsCO2e operator""_kg(unsigned long long v) { return KilogramsCO2e{static_cast<double>(v)}; }
constexpr GramsPerKilowattHour operator""_g_per_kWh(long double v) {
  return GramsPerKilowattHour{static_cast<double>(v)};
}
constexpr GramsPerKilowattHour operator""_g_per_kWh(unsigned long long v) {
  return GramsPerKilowattHour{static_cast<double>(v)};
}
}  // namespace literals

}  // namespace cradle::carbon
