// Refused: a sum of energy and carbon.
#include "cradle/carbon/quantity.h"

using namespace cradle::carbon;
using namespace cradle::carbon::literals;

#ifndef MISUSE
auto sum = 3_J + 2_J;
#else
auto sum = 3_J + 2_g;
#endif
