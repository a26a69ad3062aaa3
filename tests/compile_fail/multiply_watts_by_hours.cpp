// Refused: W x h as joules: hours must be said in seconds first.
#include "cradle/carbon/quantity.h"

using namespace cradle::carbon;
using namespace cradle::carbon::literals;

#ifndef MISUSE
Joules energy = 5_W * Seconds{1_h};
#else
Joules energy = 5_W * 1_h;
#endif
