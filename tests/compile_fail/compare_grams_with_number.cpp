// Refused: a comparison of a quantity with a bare number.
#include "cradle/carbon/quantity.h"

using namespace cradle::carbon;
using namespace cradle::carbon::literals;

#ifndef MISUSE
bool none = 1_g == 0_g;
#else
bool none = 1_g == 0.0;
#endif
