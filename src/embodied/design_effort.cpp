#include "cradle/embodied/design_effort.h"

#include <cmath>
#include <utility>

#include "cradle/base/text.h"

namespace cradle::embodied {

using carbon::GramsCO2e;

Result<GramsCO2e> design_carbon(const DesignEffort& effort, std::string where) {
  struct Field {
    const char* what;
    double value;
    bool zero_allowed;
  };
  const Field fields[] = {{"the number of gates", effort.gates, true},
                          {"the throughput in gates per core and hour", effort.gates_per_core_hour, false},
                          {"the power of a core in W", effort.power_per_core.value(), true},
                          {"the number of iterations", effort.iterations, true},
                          {"the number of person-years", effort.person_years, true},
                          {"the energy of a person-year in J", effort.energy_per_person_year.value(), true},
                          {"the carbon intensity in g/J", effort.intensity.value(), true}};
  for (const Field& field : fields) {
    if (std::isfinite(field.value) && (field.value > 0 || (field.zero_allowed && field.value == 0))) continue;
    return bad_input(std::string(field.what) + " is " + shortest(field.value), std::move(where),
                     field.zero_allowed ? "choose a finite value of 0 or more" : "choose a finite value above 0");
  }
  return design_energy(effort) * effort.intensity;
}

carbon::Joules design_energy(const DesignEffort& effort) {
  const carbon::Seconds compute{carbon::Hours{effort.iterations * effort.gates / effort.gates_per_core_hour}};
  return effort.power_per_core * compute + effort.person_years * effort.energy_per_person_year;
}

Result<GramsCO2e> amortised(GramsCO2e design, double volume, double products, std::string where) {
  if (!std::isfinite(volume) || volume < 1)
    return bad_input("the volume is " + shortest(volume), std::move(where), "choose a volume of 1 or more");
  if (!std::isfinite(products) || products < 1)
    return bad_input("the number of products that share the design is " + shortest(products), std::move(where),
                     "choose 1 or more");
  return design / volume / products;
}

}  // namespace cradle::embodied
