// Refused: joules x seconds of intensity: a draw, not an energy, integrates to grams.
#include "cradle/carbon/quantity.h"

using namespace cradle::carbon;
using namespace cradle::carbon::literals;

#ifndef MISUSE
GramsCO2e grams = 5_W * IntensitySeconds{0.1};
#else
GramsCO2e grams = 5_J * IntensitySeconds{0.1};
#endif
