// Fleet questions for tests.
#pragma once

#include <algorithm>
#include <string>

#include "cradle/base/random.h"
#include "cradle/design/replacement.h"

namespace cradle::design {

/// A question in which `random` fills in everything.
inline FleetQuestion random_question(RandomStream& random, int years, std::size_t types, std::size_t classes,
                                     std::size_t sites, double machines) {
  using namespace cradle::carbon;
  const auto between = [&](double low, double high) { return low + (high - low) * random.uniform(); };
  FleetQuestion question;
  question.years = years;
  for (std::size_t i = 0; i < classes; ++i) {
    WorkClass work{"work " + std::to_string(i), {}, between(1, 1.5), i == 0};
    for (int year = 0; year < years; ++year)
      work.demand.emplace_back(between(0.3, 1) * machines / static_cast<double>(classes) * (1 + 0.1 * year));
    question.classes.push_back(work);
  }
  for (std::size_t i = 0; i < types; ++i) {
    MachineType type;
    type.name = "type " + std::to_string(i);
    type.making = GramsCO2e{KilogramsCO2e{between(500, 3000)}};
    type.capacity = catalog::OperationsPerSecond{between(0.5, 2)};
    type.idle = Watts{between(50, 150)};
    type.full = type.idle + Watts{between(100, 600)};
    type.gain = between(0, 0.2);
    type.on_sale_from =
        static_cast<int>(random.below(static_cast<std::uint64_t>(std::max(1, years / 2)))) * (i == 0 ? 0 : 1);
    type.life = 1 + static_cast<int>(random.below(static_cast<std::uint64_t>(years)));
    type.second_life = static_cast<int>(random.below(3));
    type.second_capacity = between(0.4, 1);
    type.refurbishing = GramsCO2e{KilogramsCO2e{between(10, 100)}};
    type.failures = between(0, 0.1);
    type.repair = between(0, 0.5);
    type.handed_on = random.below(2) == 0 ? 0 : between(0, 0.8);
    for (std::size_t work = 0; work < classes; ++work)
      if (i == 0 || random.below(2) == 0) type.work.push_back(work);
    question.types.push_back(type);
  }
  for (std::size_t i = 0; i < sites; ++i) {
    FleetSite site{"site " + std::to_string(i), between(1, 1.5), {}, {}, 1e18};
    for (int year = 0; year < years; ++year)
      site.exposure.push_back(GramsPerJoule{GramsPerKilowattHour{between(30, 600)}} * Seconds{Hours{8766}});
    for (std::size_t work = 0; work < classes; ++work) {
      site.work_exposure.push_back(site.exposure);
      for (auto& exposure : site.work_exposure.back()) exposure = exposure * between(0.9, 1.1);
    }
    question.sites.push_back(site);
  }
  question.stock.push_back({0, 0, static_cast<int>(random.below(3)), static_cast<int>(random.below(2))});
  return question;
}

}  // namespace cradle::design
