// Refused: a difference of energy and time.
#include "cradle/carbon/quantity.h"

using namespace cradle::carbon;
using namespace cradle::carbon::literals;

#ifndef MISUSE
auto rest = 3_J - 2_J;
#else
auto rest = 3_J - 2_s;
#endif
