// The mode that turns a tool's corrections on, and what each switch alone changes.
#pragma once

#include <cmath>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/published/comparison.h"
#include "cradle/published/named_switch.h"

namespace cradle::published {

template <class Switches>
Switches switches_of(Mode mode, std::span<const NamedSwitch<Switches>> table) {
  return mode == Mode::corrected ? all_corrections<Switches>(table) : Switches{};
}

/// A number by which a comparison shows what switches do: that of a case, in `unit`, under given switches.
template <class Switches>
struct SwitchMeasure {
  std::string item, quantity, unit;
  std::function<Result<double>(const Switches&)> value;
};

/// Appends to `to.switches`, for each switch, every measure that it changes, or the first measure with an effect of 0.
/// A case that the tool as published or a switch alone refuses is a note.
template <class Switches>
void add_switches(std::span<const NamedSwitch<Switches>> table, const std::vector<SwitchMeasure<Switches>>& measures,
                  Comparison& to) {
  std::vector<Result<double>> published;
  for (const auto& of : measures) {
    published.push_back(of.value(Switches{}));
    if (!published.back())
      to.notes.push_back("as published the tool refuses " + of.item + ": " + published.back().error().message);
  }
  for (const NamedSwitch<Switches>& entry : table) {
    Switches alone;
    alone.*(entry.flag) = true;
    bool listed = false;
    const auto list = [&](const SwitchMeasure<Switches>& of, double effect) {
      to.switches.push_back(
          {std::string(entry.name), std::string(entry.why), of.item, of.quantity, effect, of.unit, entry.choice});
      listed = true;
    };
    for (std::size_t i = 0; i < measures.size(); ++i) {
      if (!published[i]) continue;
      const auto with = measures[i].value(alone);
      if (!with) {
        to.notes.push_back("with " + std::string(entry.name) + " alone " + measures[i].item +
                           " is refused: " + with.error().message);
        continue;
      }
      // A sum in another order is no effect.
      constexpr double rounding = 1e-13;
      const double effect = *with - *published[i];
      if (std::abs(effect) > rounding * std::abs(*published[i])) list(measures[i], effect);
    }
    if (!listed && !measures.empty()) list(measures.front(), 0);
  }
}

}  // namespace cradle::published
