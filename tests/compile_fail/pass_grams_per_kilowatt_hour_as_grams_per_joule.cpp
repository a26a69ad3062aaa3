// Refused: an intensity in g/kWh where g/J is wanted.
#include "cradle/carbon/metric.h"

using namespace cradle::carbon;
using namespace cradle::carbon::literals;

#ifndef MISUSE
auto grams = operational(5_J, 1.2, GramsPerJoule{100_g_per_kWh});
#else
auto grams = operational(5_J, 1.2, 100_g_per_kWh);
#endif
