// The mode that turns a tool's corrections on, and what each switch alone changes.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/base/text.h"
#include "cradle/published/comparison.h"
#include "cradle/published/named_switch.h"
#include "options.h"

namespace cradle::published {

template <class Switches>
Switches switches_of(Mode mode, std::span<const NamedSwitch<Switches>> table) {
  return mode == Mode::corrected ? all_corrections<Switches>(table) : Switches{};
}

/// As above, or those that the option --switch names; there "corrected" stands for every correction, "all" for every
/// switch.
template <class Switches>
Switches switches_of(Mode mode, std::span<const NamedSwitch<Switches>> table, OptionReader& options) {
  std::vector<std::string> names;
  for (const auto& entry : table) names.emplace_back(entry.name);
  names.insert(names.end(), {"corrected", "all"});
  Switches on = switches_of(mode, table);
  const auto chosen = options.text({"switch"}, "name one or more, with commas: " + suggest("", names));
  if (!chosen) return on;
  if (mode == Mode::corrected)
    options.fail(bad_input("is given beside --corrected", "--switch",
                           "name all that you want after --switch: 'corrected' stands for every correction, 'all' for "
                           "every switch"));
  for (const std::string_view part : split(*chosen, ',')) {
    const std::string_view word = trim(part);
    if (std::find(names.begin(), names.end(), word) == names.end())
      options.fail(bad_input("no switch '" + std::string(word) + "'", "--switch", suggest(word, names)));
    for (const auto& entry : table)
      if (word == entry.name || word == "all" || (word == "corrected" && !entry.choice)) on.*(entry.flag) = true;
  }
  return on;
}

/// Notes the switches that are on by name: what corrected means is known without.
template <class Switches>
void note_switches(std::span<const NamedSwitch<Switches>> table, const Switches& switches, Comparison& to) {
  std::string names;
  for (const auto& entry : table)
    if (switches.*(entry.flag)) names += (names.empty() ? "" : ", ") + std::string(entry.name);
  if (to.mode != Mode::corrected && !names.empty()) to.notes.push_back("switches on: " + names);
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
