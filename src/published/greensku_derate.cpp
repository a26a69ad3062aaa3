// The derating curve: a cubic fitted by least squares.
#include <algorithm>
#include <cmath>

#include "cradle/published/greensku.h"

namespace cradle::published::greensku {

namespace {

using Coefficients = std::array<double, 4>;

/// p(t) + factor q(t)
Coefficients add(const Coefficients& p, double factor, const Coefficients& q) {
  Coefficients sum{};
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] = p[i] + factor * q[i];
  return sum;
}

/// The projection of the fractions on polynomials that are orthogonal over the points (Forsythe 1957): no normal
/// equations to solve, so that the error stays at the rounding of a few sums.
Coefficients least_squares(const std::vector<double>& t, const std::vector<double>& y) {
  std::vector<double> now(t.size(), 1), before(t.size(), 0), rest = y;
  Coefficients polynomial{1, 0, 0, 0}, polynomial_before{}, fit{};
  double norm_before = 1;
  for (std::size_t degree = 0; degree < fit.size(); ++degree) {
    double norm = 0, product = 0, shift = 0;
    for (std::size_t i = 0; i < t.size(); ++i) {
      norm += now[i] * now[i];
      product += now[i] * rest[i];
      shift += t[i] * now[i] * now[i];
    }
    const double share = product / norm, middle = shift / norm, back = degree == 0 ? 0 : norm / norm_before;
    fit = add(fit, share, polynomial);
    Coefficients next{};
    for (std::size_t i = 0; i + 1 < next.size(); ++i) next[i + 1] = polynomial[i];
    next = add(add(next, -middle, polynomial), -back, polynomial_before);
    for (std::size_t i = 0; i < t.size(); ++i) {
      rest[i] -= share * now[i];
      const double value = (t[i] - middle) * now[i] - back * before[i];
      before[i] = now[i];
      now[i] = value;
    }
    polynomial_before = polynomial;
    polynomial = next;
    norm_before = norm;
  }
  return fit;
}

}  // namespace

Result<Derate> fit_curve(std::vector<DeratePoint> points, std::string where) {
  if (points.empty()) return bad_input("a derating curve has no point", std::move(where), "give 'UTILISATION: SHARE'");
  std::sort(points.begin(), points.end(),
            [](const DeratePoint& a, const DeratePoint& b) { return a.utilisation < b.utilisation; });
  const double first = points.front().fraction;
  if (std::all_of(points.begin(), points.end(), [first](const DeratePoint& p) { return p.fraction == first; }))
    return Derate{0, 1, {first, 0, 0, 0}};
  std::size_t different = 1;
  for (std::size_t i = 1; i < points.size(); ++i) different += points[i].utilisation != points[i - 1].utilisation;
  if (different < 4)
    return bad_input("a derating curve of " + std::to_string(different) + " points", std::move(where),
                     "a cubic needs 4 different utilisations; or give the same share at all of them");

  Derate fitted;
  fitted.middle = (points.front().utilisation + points.back().utilisation) / 2;
  fitted.half_range = (points.back().utilisation - points.front().utilisation) / 2;
  std::vector<double> t, y;
  for (const DeratePoint& point : points) {
    t.push_back((point.utilisation - fitted.middle) / fitted.half_range);
    y.push_back(point.fraction);
  }
  fitted.coefficients = least_squares(t, y);
  return fitted;
}

}  // namespace cradle::published::greensku
