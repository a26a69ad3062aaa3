// Small built-in cases on which a tool's switches show what they change.
#pragma once

#include <cmath>
#include <span>
#include <string>
#include <vector>

#include "switches.h"

namespace cradle::published {

/// See show_on_examples. The first of `cases` that a switch alone changes is its example.
template <class Switches>
void show_on(std::span<const NamedSwitch<Switches>> table, const std::vector<SwitchMeasure<Switches>>& cases,
             Comparison& to) {
  if (to.switches.empty())
    for (const auto& entry : table)
      to.switches.push_back({std::string(entry.name), std::string(entry.why), "", "", 0, "kgCO2e", entry.choice});
  std::vector<Result<double>> published;
  for (const auto& of : cases) published.push_back(of.value(Switches{}));
  for (const auto& entry : table) {
    Switches alone;
    alone.*(entry.flag) = true;
    for (Switch& shown : to.switches) {
      if (shown.name != entry.name) continue;
      shown.no_grams = entry.no_grams;
      if (shown.effect != 0 || entry.no_grams) continue;
      for (std::size_t i = 0; i < cases.size() && !shown.example; ++i) {
        const auto with = cases[i].value(alone);
        if (!published[i] || !with) continue;
        // A sum in another order is no effect.
        constexpr double rounding = 1e-13;
        const double effect = *with - *published[i];
        if (std::isfinite(effect) && std::abs(effect) > rounding * std::abs(*published[i]))
          shown.example = {cases[i].item, cases[i].quantity, effect, cases[i].unit};
      }
    }
  }
}

void show_act(Comparison& to);
void show_eco_chip(Comparison& to);
void show_three_d_carbon(Comparison& to);
void show_greenfpga(Comparison& to);
void show_greensku(Comparison& to);
void show_scarif(Comparison& to);
void show_boavizta(Comparison& to);
void show_ccf(Comparison& to);

}  // namespace cradle::published
