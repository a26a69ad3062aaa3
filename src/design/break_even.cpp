#include "cradle/design/break_even.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <functional>
#include <limits>

#include "cradle/base/text.h"

namespace cradle::design {

using carbon::GramsCO2e;
using carbon::GramsPerJoule;
using carbon::GramsPerKilowattHour;
using carbon::IntensitySeconds;
using carbon::Seconds;
using carbon::Watts;
using carbon::Years;

std::string_view name(Variable variable) {
  constexpr std::array<std::string_view, 4> names = {"volume", "service", "intensity", "utilisation"};
  return names[static_cast<std::size_t>(variable)];
}

std::string_view unit(Variable variable) {
  constexpr std::array<std::string_view, 4> units = {"machines", "years", "gCO2e/kWh", "ratio"};
  return units[static_cast<std::size_t>(variable)];
}

namespace {

Result<void> check(const Technology& technology, const std::string& where) {
  const auto refuse = [&](const std::string& what, const std::string& hint) {
    return bad_input(technology.name + ": " + what, where, hint);
  };
  const auto negative = [](double value) { return !(value >= 0) || std::isinf(value); };
  if (negative(technology.design.value()) || negative(technology.making.value()))
    return refuse("the carbon of design or making is negative or no number", "give kilograms of 0 or more");
  if (negative(technology.idle.value()) || negative(technology.full.value()) || technology.full < technology.idle)
    return refuse("idle and full power are not in order", "give watts with 0 <= idle <= full");
  if (!(technology.throughput.value() > 0) || std::isinf(technology.throughput.value()))
    return refuse("the throughput is not positive", "give the work it does in a second");
  if (!(technology.lifetime.value() > 0) || std::isinf(technology.lifetime.value()))
    return refuse("the lifetime is not positive", "give the years until it is replaced");
  if (!(technology.pue >= 1) || std::isinf(technology.pue))
    return refuse("the PUE is below 1", "give facility energy over IT energy, 1 or more");
  return {};
}

/// Challengers for each machine of the baseline, and how busy each is for a busy share of 1.
struct Ratio {
  double machines = 1;
  double use = 1;
};
Ratio ratio_of(const Technology& technology, const Comparison& comparison) {
  const double share = comparison.baseline.throughput / technology.throughput;
  return comparison.setting.sizing == Sizing::by_work ? Ratio{share, 1} : Ratio{1, share};
}

/// The difference challenger - baseline: fixed + volume x (making(service) + power(utilisation) x exposure). Each part
/// comes with the sum of its magnitudes, from which follows how far rounding may have moved it.
struct Part {
  double value = 0, magnitude = 0;
  friend Part operator+(Part a, Part b) { return {a.value + b.value, a.magnitude + b.magnitude}; }
  friend Part operator-(Part a, Part b) { return {a.value - b.value, a.magnitude + b.magnitude}; }
  friend Part operator*(Part a, double factor) { return {a.value * factor, a.magnitude * std::abs(factor)}; }
};
Part part(double value) { return {value, std::abs(value)}; }

/// 1 or -1 where the sign is certain, 0 where rounding could have made it.
int certain_sign(Part difference) {
  // A dozen roundings of half a unit each, and as many again for the integral's own.
  const double doubt = 32 * std::numeric_limits<double>::epsilon() * difference.magnitude;
  return difference.value > doubt ? 1 : difference.value < -doubt ? -1 : 0;
}

struct Difference {
  const Comparison& comparison;

  Part fixed() const { return part(comparison.challenger.design.value()) - part(comparison.baseline.design.value()); }
  Part making(Years service) const {
    const auto one = [&](const Technology& technology) {
      const double bought = std::max(1.0, service / technology.lifetime);
      return part(ratio_of(technology, comparison).machines * technology.making.value() * bought);
    };
    return one(comparison.challenger) - one(comparison.baseline);
  }
  /// Watts at the meter of the facility, for each machine of the baseline.
  Part power(double utilisation) const {
    const auto one = [&](const Technology& technology) {
      const Ratio ratio = ratio_of(technology, comparison);
      const Watts draw = technology.idle + (technology.full - technology.idle) * (utilisation * ratio.use);
      return part(ratio.machines * technology.pue * draw.value());
    };
    return one(comparison.challenger) - one(comparison.baseline);
  }
  Part at(double volume, Years service, double utilisation, IntensitySeconds exposure) const {
    return fixed() + (making(service) + power(utilisation) * exposure.value()) * volume;
  }
};

/// A straight piece of the difference: constant + slope x variable over [from, to].
struct Piece {
  double from = 0, to = 0;
  double constant = 0, slope = 0;
  /// 1 or -1; 0 where rounding could have made the sign.
  int sign_at(double x) const { return certain_sign({constant + slope * x, std::abs(constant) + std::abs(slope * x)}); }
};

/// The straight pieces over a variable; `exposure_per_year` is the constant intensity over one year.
std::vector<Piece> pieces(const Comparison& comparison, IntensitySeconds exposure_per_year, Variable variable,
                          double from, double to) {
  const Difference difference{comparison};
  const Setting& setting = comparison.setting;
  const double fixed = difference.fixed().value, making = difference.making(setting.service).value;
  const double power = difference.power(setting.utilisation).value;
  const double exposure = exposure_per_year.value() * setting.service.value();
  switch (variable) {
    case Variable::volume: return {{from, to, fixed, making + power * exposure}};
    case Variable::intensity: {
      const double per_unit = GramsPerJoule{GramsPerKilowattHour{1}}.value() * Seconds{setting.service}.value();
      return {{from, to, fixed + setting.volume * making, setting.volume * power * per_unit}};
    }
    case Variable::utilisation: {
      const double idle = difference.power(0).value, span = difference.power(1).value - idle;
      return {{from, to, fixed + setting.volume * (making + idle * exposure), setting.volume * span * exposure}};
    }
    case Variable::service: break;
  }
  std::vector<double> bends = {from};
  for (const Technology* technology : {&comparison.baseline, &comparison.challenger})
    if (technology->lifetime.value() > from && technology->lifetime.value() < to)
      bends.push_back(technology->lifetime.value());
  bends.push_back(to);
  std::sort(bends.begin(), bends.end());
  std::vector<Piece> out;
  for (std::size_t i = 0; i + 1 < bends.size(); ++i) {
    Piece piece{bends[i], bends[i + 1], fixed, setting.volume * power * exposure_per_year.value()};
    const auto add = [&](const Technology& technology, double sign) {
      const double grams =
          sign * setting.volume * ratio_of(technology, comparison).machines * technology.making.value();
      if (technology.lifetime.value() <= bends[i])
        piece.slope += grams / technology.lifetime.value();
      else
        piece.constant += grams;
    };
    add(comparison.challenger, 1);
    add(comparison.baseline, -1);
    out.push_back(piece);
  }
  return out;
}

std::string text(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.4g", value);
  return buffer;
}

constexpr double thousand = 1000;

/// In the larger unit from a thousand on.
std::string mass_text(double grams) {
  const double kilograms = grams / thousand;
  return kilograms < thousand ? text(kilograms) + " kgCO2e" : text(kilograms / thousand) + " tCO2e";
}
std::string power_text(double watts) { return watts < thousand ? text(watts) + " W" : text(watts / thousand) + " kW"; }

/// Why it is so, from the parts of the difference at the setting.
std::string reason_of(const Comparison& comparison, const BreakEven& found) {
  const Difference difference{comparison};
  const double making =
      difference.fixed().value + comparison.setting.volume * difference.making(comparison.setting.service).value;
  const double power = difference.power(comparison.setting.utilisation).value * comparison.setting.volume;
  const std::string& challenger = comparison.challenger.name;
  const std::string made = making > 0   ? "costs " + mass_text(making) + " more to make"
                           : making < 0 ? "costs " + mass_text(-making) + " less to make"
                                        : "costs the same to make";
  const std::string drawn = power < 0   ? "draws " + power_text(-power) + " less"
                            : power > 0 ? "draws " + power_text(power) + " more"
                                        : "draws the same";
  std::string out = challenger + " " + made + " and " + drawn;
  const std::string range = text(found.from) + " .. " + text(found.to) + " " + std::string(unit(found.variable));
  switch (found.answer) {
    case BreakEven::Answer::crosses: break;
    case BreakEven::Answer::always: out += ": it emits no more anywhere in " + range; break;
    case BreakEven::Answer::never:
      out += making >= 0 && power >= 0 ? ": there is nothing that could pay it back"
                                       : ": it does not pay back within " + range;
      break;
  }
  return out;
}

void conclude(const Comparison& comparison, double first_difference, double last_difference, BreakEven& found) {
  if (!found.crossings.empty())
    found.answer = BreakEven::Answer::crosses;
  else
    found.answer = first_difference <= 0 && last_difference <= 0 ? BreakEven::Answer::always : BreakEven::Answer::never;
  found.reason = reason_of(comparison, found);
}

BreakEven closed_form(const Comparison& comparison, IntensitySeconds exposure_per_year, Variable variable, double from,
                      double to) {
  BreakEven found{variable, from, to, BreakEven::Answer::never, {}, true, {}};
  const auto straight = pieces(comparison, exposure_per_year, variable, from, to);
  // A crossing is a change of sides: where the two only meet, at an end of the range or within it, there is none.
  const int first = straight.front().sign_at(from);
  int before = first;
  for (const Piece& piece : straight) {
    const int after = piece.sign_at(piece.to);
    if (before != 0 && after == -before) {
      const double root = std::clamp(-piece.constant / piece.slope, piece.from, piece.to);
      found.crossings.push_back({root, root, root, before > 0});
    }
    if (after != 0) before = after;
  }
  conclude(comparison, first, straight.back().sign_at(to), found);
  return found;
}

Result<void> check_range(const Comparison& comparison, Variable variable, double from, double to,
                         const std::string& where) {
  if (!(from < to) || !(from >= 0) || std::isinf(to))
    return bad_input("the range of " + std::string(name(variable)) + " is empty or not finite", where,
                     "give two numbers, 0 or more, the lower one first");
  if (variable == Variable::utilisation &&
      to * std::max(1.0, ratio_of(comparison.challenger, comparison).use) > 1 + 1e-12)
    return bad_input("at the upper end of its range of utilisation a machine is busy for more than all of its time",
                     where,
                     "end the range at " + text(1 / std::max(1.0, ratio_of(comparison.challenger, comparison).use)));
  return {};
}

/// [low, high] shrunk, while the sign at both ends stays certain and opposite, to one second or to where the sign is in
/// doubt. Times are milliseconds of service.
struct Bracket {
  std::int64_t low, high;
};
Bracket bisect(Bracket bracket, int sign_at_low, const std::function<int(std::int64_t)>& sign) {
  while (bracket.high - bracket.low > ms_per_second) {
    const std::int64_t middle = bracket.low + (bracket.high - bracket.low) / 2;
    const int here = sign(middle);
    if (here == sign_at_low) {
      bracket.low = middle;
    } else if (here == -sign_at_low) {
      bracket.high = middle;
    } else {
      // The doubtful stretch lies around `middle`: find where each side becomes certain.
      std::int64_t doubtful_from = middle, doubtful_to = middle;
      while (doubtful_from - bracket.low > 1) {
        const std::int64_t at = bracket.low + (doubtful_from - bracket.low) / 2;
        (sign(at) == sign_at_low ? bracket.low : doubtful_from) = at;
      }
      while (bracket.high - doubtful_to > 1) {
        const std::int64_t at = doubtful_to + (bracket.high - doubtful_to) / 2;
        (sign(at) == -sign_at_low ? bracket.high : doubtful_to) = at;
      }
      break;
    }
  }
  return bracket;
}

}  // namespace

Result<void> check(const Comparison& comparison, const std::string& where) {
  for (const Technology* technology : {&comparison.baseline, &comparison.challenger})
    if (auto fine = check(*technology, where); !fine) return fine;
  const Setting& setting = comparison.setting;
  if (!(setting.volume > 0) || std::isinf(setting.volume))
    return bad_input("the volume is not positive", where, "say how many machines there are");
  if (!(setting.service.value() > 0) || std::isinf(setting.service.value()))
    return bad_input("the service is not positive", where, "say for how many years the work is done");
  if (!(setting.utilisation >= 0 && setting.utilisation <= 1))
    return bad_input("the utilisation is outside 0 .. 1", where, "give the share of time in which a machine is busy");
  if (setting.utilisation * ratio_of(comparison.challenger, comparison).use > 1 + 1e-12)
    return bad_input(comparison.challenger.name + " is too slow to do the work of one " + comparison.baseline.name,
                     where, "lower the utilisation, or size the two by work");
  return {};
}

Emissions emissions(const Technology& technology, const Comparison& comparison, IntensitySeconds exposure) {
  const Ratio ratio = ratio_of(technology, comparison);
  const Setting& setting = comparison.setting;
  Emissions out;
  out.machines = setting.volume * ratio.machines;
  out.design = technology.design;
  out.making = technology.making * (out.machines * std::max(1.0, setting.service / technology.lifetime));
  const Watts draw = technology.idle + (technology.full - technology.idle) * (setting.utilisation * ratio.use);
  out.operation = draw * exposure * (out.machines * technology.pue);
  return out;
}

Result<BreakEven> break_even(const Comparison& comparison, GramsPerJoule intensity, Variable variable, double from,
                             double to, const std::string& where) {
  if (auto fine = check(comparison, where); !fine) return fine.error();
  if (auto fine = check_range(comparison, variable, from, to, where); !fine) return fine.error();
  if (!(intensity.value() >= 0) || std::isinf(intensity.value()))
    return bad_input("the intensity is negative or no number", where, "give gCO2e/kWh of 0 or more");
  return closed_form(comparison, intensity * Seconds{Years{1}}, variable, from, to);
}

Result<BreakEven> break_even(const Comparison& comparison, const carbon::IntensitySeries& series, Instant start,
                             Variable variable, double from, double to, const std::string& where) {
  if (auto fine = check(comparison, where); !fine) return fine.error();
  if (auto fine = check_range(comparison, variable, from, to, where); !fine) return fine.error();
  const double longest = variable == Variable::service ? to : comparison.setting.service.value();
  const double ms_per_year = Seconds{Years{1}}.value() * static_cast<double>(ms_per_second);
  constexpr double reach = 1e17;  // 3 million years, far inside what a series may span
  if (longest * ms_per_year > reach || std::abs(static_cast<double>(start.ms)) > reach)
    return bad_input("the service is longer than any series", where, "give a service in years");
  const auto ms_of = [&](double years) { return static_cast<std::int64_t>(std::llround(years * ms_per_year)); };
  if (!series.covers(start, Instant{start.ms + ms_of(longest)}))
    return bad_input("the intensity series does not cover the whole service", where,
                     "shorten the service, start it within the series, or use a typical year");

  const Difference difference{comparison};
  if (variable != Variable::service) {
    const GramsPerJoule mean = series.mean(start, Instant{start.ms + ms_of(comparison.setting.service.value())});
    return closed_form(comparison, mean * Seconds{Years{1}}, variable, from, to);
  }
  const auto sign = [&](std::int64_t ms) {
    const Years service{static_cast<double>(ms) / ms_per_year};
    return certain_sign(difference.at(comparison.setting.volume, service, comparison.setting.utilisation,
                                      series.integral(start, Instant{start.ms + ms})));
  };
  // Up to the shorter lifetime nothing is bought again: what is made is constant, what is emitted only grows, and the
  // difference is monotone. Beyond it the two may meet more than once, and the series' own steps are searched.
  BreakEven found{variable, from, to, BreakEven::Answer::never, {}, false, {}};
  const std::int64_t first = ms_of(from), last = ms_of(to);
  const std::int64_t bend =
      ms_of(std::min(comparison.baseline.lifetime.value(), comparison.challenger.lifetime.value()));
  int before = sign(first);
  std::int64_t low = first;
  const std::int64_t step = std::max(series.step_ms(), (last - first) / 1'000'000);
  for (std::int64_t at = first; at < last;) {
    const std::int64_t next = at < bend ? std::min(bend, last) : std::min(at + step, last);
    const int after = sign(next);
    if (before != 0 && after == -before) {
      const Bracket bracket = bisect({low, next}, before, sign);
      const double low_years = static_cast<double>(bracket.low) / ms_per_year;
      const double high_years = static_cast<double>(bracket.high) / ms_per_year;
      found.crossings.push_back({(low_years + high_years) / 2, low_years, high_years, before > 0});
    }
    if (after != 0) {
      before = after;
      low = next;
    }
    at = next;
  }
  conclude(comparison, sign(first), sign(last), found);
  return found;
}

}  // namespace cradle::design
