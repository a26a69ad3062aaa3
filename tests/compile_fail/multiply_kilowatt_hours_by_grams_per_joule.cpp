// Refused: kWh x g/J.
#include "cradle/carbon/quantity.h"

using namespace cradle::carbon;
using namespace cradle::carbon::literals;

#ifndef MISUSE
GramsCO2e grams = Joules{1_kWh} * GramsPerJoule{1e-4};
#else
GramsCO2e grams = 1_kWh * GramsPerJoule{1e-4};
#endif
