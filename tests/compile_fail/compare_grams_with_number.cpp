// Refused: a comparison of a quantity with a bare number.
#include "cradle/carbon/quantity.h"

using namespace cradle::carbon;
using namespace cradle::carbon::literals;

#ifndef MISUSE
const bool none = 1_g == 0_g;
#else
const bool none = 1_g == 0.0;
#endif
