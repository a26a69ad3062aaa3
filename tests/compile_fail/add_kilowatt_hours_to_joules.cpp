// Refused: a sum in two units of one dimension.
#include "cradle/carbon/quantity.h"

using namespace cradle::carbon;
using namespace cradle::carbon::literals;

#ifndef MISUSE
auto sum = 1_J + Joules{1_kWh};
#else
auto sum = 1_J + 1_kWh;
#endif
