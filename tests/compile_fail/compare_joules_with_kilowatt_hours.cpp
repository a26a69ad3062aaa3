// Refused: a comparison across units.
#include "cradle/carbon/quantity.h"

using namespace cradle::carbon;
using namespace cradle::carbon::literals;

#ifndef MISUSE
bool less = 1_J < Joules{1_kWh};
#else
bool less = 1_J < 1_kWh;
#endif
