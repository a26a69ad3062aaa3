// Designing a chip costs compute and people; the grams are shared by all chips and products that use the design.
#pragma once

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"

namespace cradle::embodied {

/// What designing one block takes (ECO-CHIP, HPCA 2024, eq. 13: gates, EDA throughput, iterations), and the people
/// (GreenFPGA, DAC 2024: energy per employee and year).
struct DesignEffort {
  double gates = 0;                       ///< count
  double gates_per_core_hour = 3645.833;  ///< place-and-route throughput of one core
  carbon::Watts power_per_core{10};
  double iterations = 100;  ///< runs of the flow until tape-out
  double person_years = 0;
  carbon::Joules energy_per_person_year{};
  carbon::GramsPerJoule intensity;  ///< of the electricity that designers and servers use
};

/// iterations x gates / throughput x power + person-years x energy of each. Precondition: design_carbon succeeds.
carbon::Joules design_energy(const DesignEffort& effort);

/// Grams of the whole design, made once: design_energy x intensity. bad_input on negative or non-finite fields or zero
/// throughput.
Result<carbon::GramsCO2e> design_carbon(const DesignEffort& effort, std::string where);

/// One chip's share: design / (volume x products that use the block). bad_input if volume or products < 1.
Result<carbon::GramsCO2e> amortised(carbon::GramsCO2e design, double volume, double products, std::string where);

}  // namespace cradle::embodied
