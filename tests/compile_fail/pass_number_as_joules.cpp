// Refused: a bare number where a quantity is wanted.
#include "cradle/carbon/metric.h"

using namespace cradle::carbon;
using namespace cradle::carbon::literals;

#ifndef MISUSE
auto grams = operational(Joules{5.0}, 1.2, GramsPerJoule{1e-4});
#else
auto grams = operational(5.0, 1.2, GramsPerJoule{1e-4});
#endif
