// Refused: a quantity where a ratio (PUE) is wanted.
#include "cradle/carbon/metric.h"

using namespace cradle::carbon;
using namespace cradle::carbon::literals;

#ifndef MISUSE
auto grams = operational(5_J, 1.2, GramsPerJoule{1e-4});
#else
auto grams = operational(5_J, 1.2_J, GramsPerJoule{1e-4});
#endif
