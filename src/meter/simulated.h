// The simulated meter: a declared law over the machine's real activity, with the faults of real counters.
#pragma once

#include <memory>

#include "cradle/meter/law.h"

namespace cradle::meter {

std::unique_ptr<Meter> make_simulated_meter(const SimulatedLaw& law);

}  // namespace cradle::meter
