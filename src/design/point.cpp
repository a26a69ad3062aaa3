#include "cradle/design/point.h"

#include <string>
#include <utility>
#include <vector>

#include "cradle/base/text.h"
#include "cradle/carbon/quantity.h"

namespace cradle::design {

namespace {

constexpr double gram_per_kg = 1000;
constexpr double joule_per_kwh = 3.6e6;

/// A name, the unit that people read, and how many coherent units it is.
struct Kind {
  std::string_view name, unit;
  double scale;
};

constexpr std::array<Kind, objective_count> kinds = {{
    {"carbon", "kgCO2e", gram_per_kg},
    {"delay", "s", 1},
    {"energy", "kWh", joule_per_kwh},
    {"cost", "USD", 1},
    {"tcdp", "kgCO2e s", gram_per_kg},
    {"cdp", "kgCO2e s", gram_per_kg},
    {"cep", "kgCO2e kWh", gram_per_kg* joule_per_kwh},
    {"c2ep", "kgCO2e2 kWh", gram_per_kg* gram_per_kg* joule_per_kwh},
    {"ce2p", "kgCO2e kWh2", gram_per_kg* joule_per_kwh* joule_per_kwh},
    {"edp", "kWh s", joule_per_kwh},
    {"asc", "gCO2e", 1},
}};

const Kind& kind(Objective objective) { return kinds[static_cast<std::size_t>(objective)]; }

}  // namespace

std::string_view name(Objective objective) { return kind(objective).name; }
std::string_view unit(Objective objective) { return kind(objective).unit; }
double shown(Objective objective, double value) { return value / kind(objective).scale; }

Result<Objective> parse_objective(std::string_view text, std::string where) {
  std::vector<std::string> known;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    if (kinds[i].name == text) return static_cast<Objective>(i);
    known.emplace_back(kinds[i].name);
  }
  return bad_input("no objective '" + std::string(text) + "'", std::move(where), suggest(text, known));
}

}  // namespace cradle::design
