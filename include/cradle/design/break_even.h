// Two ways of doing the same work: from which volume, time of service, grid intensity or utilisation does the second
// one emit less? Closed form where intensity is constant, a bracketed root on an hourly series.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/intensity.h"
#include "cradle/carbon/quantity.h"
#include "cradle/catalog/coefficient.h"

namespace cradle::design {

/// One way of doing the work: a machine, and how many of them share its design.
struct Technology {
  std::string name;
  carbon::GramsCO2e design;  ///< of designing it, once, however many are made; 0 for what is bought off the shelf
  carbon::GramsCO2e making;  ///< of one machine, end of life included; 0 for what is there already (sunk)
  carbon::Watts idle, full;
  catalog::OperationsPerSecond throughput;  ///< at full use
  carbon::Years lifetime;                   ///< bought again, in proportion, for a service longer than this
  double pue = 1;                           ///< facility energy over IT energy, ratio
};

/// How many challengers do the work of the baseline's machines.
enum class Sizing {
  by_work,      ///< as many as have the same throughput, each as busy as the baseline's (a fleet)
  one_for_one,  ///< one in the place of each, busy for as long as the work takes (a part of a product)
};

/// The work: `volume` machines of the baseline, each busy for the share `utilisation` of its time, over `service`.
struct Setting {
  double volume = 1;  ///< machines of the baseline, a count that may be fractional
  carbon::Years service{4};
  double utilisation = 1;  ///< ratio 0 .. 1
  Sizing sizing = Sizing::by_work;
};

struct Comparison {
  Technology baseline, challenger;
  Setting setting;
};

/// bad_input if a number is negative or not finite, a lifetime, volume, service or throughput is 0, pue < 1, or
/// (one_for_one) the challenger would be busy for more than all of its time. `where` names the study.
Result<void> check(const Comparison& comparison, const std::string& where);

/// Grams of one way over a service in which the grid's intensity integrates to `exposure`:
/// design + machines x (making x max(1, service / lifetime) + pue x (idle + (full - idle) x utilisation) x exposure).
struct Emissions {
  carbon::GramsCO2e design, making, operation;
  double machines = 0;
  carbon::GramsCO2e total() const { return design + making + operation; }
};
Emissions emissions(const Technology& technology, const Comparison& comparison, carbon::IntensitySeconds exposure);

/// What is varied; the others stay as in the setting.
enum class Variable { volume, service, intensity, utilisation };
std::string_view name(Variable variable);
/// Unit of the numbers of a break-even: "machines", "years", "gCO2e/kWh" (constant intensity) or "ratio".
std::string_view unit(Variable variable);

/// Where the two lines cross: the root and the bracket that is certain to hold it.
struct Crossing {
  double value = 0;
  double low = 0, high = 0;  ///< equal to `value` in closed form
  bool challenger_after =
      true;  ///< the challenger emits less beyond it, the baseline before it; or the other way round
};

/// The answer over one variable within [from, to], in the variable's unit.
struct BreakEven {
  enum class Answer {
    crosses,  ///< see `crossings`
    always,   ///< the challenger emits less (or the same) wherever the variable is in the range
    never,    ///< the baseline does
  };
  Variable variable = Variable::volume;
  double from = 0, to = 0;
  Answer answer = Answer::never;
  std::vector<Crossing> crossings;  ///< in order of value
  bool closed_form = true;
  std::string reason;  ///< one sentence: why it is so
};

/// Closed form at constant intensity. Within the range every line is straight, but for the service, where it bends at
/// each lifetime. bad_input if check fails, the range is empty, or (one_for_one) a utilisation overloads the
/// challenger.
Result<BreakEven> break_even(const Comparison& comparison, carbon::GramsPerJoule intensity, Variable variable,
                             double from, double to, const std::string& where);

/// On a series that begins to count at `start`. Over the service the root is found by bisection: at both ends of its
/// bracket, which is at most a second wide where rounding allows, the sign of the difference is certain. For the other
/// variables the exact mean over the service stands for the series, and the intensity is varied in proportion: its
/// number is the mean.
/// As above, and bad_input if the series does not cover the service.
Result<BreakEven> break_even(const Comparison& comparison, const carbon::IntensitySeries& series, Instant start,
                             Variable variable, double from, double to, const std::string& where);

}  // namespace cradle::design
