// Refused: kWh where joules are wanted, unless the conversion is written out.
#include "cradle/carbon/quantity.h"

using namespace cradle::carbon;
using namespace cradle::carbon::literals;

#ifndef MISUSE
Joules energy = Joules{2_kWh};
#else
Joules energy = 2_kWh;
#endif
