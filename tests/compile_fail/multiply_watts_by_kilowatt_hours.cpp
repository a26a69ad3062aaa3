// Refused: a product with a unit that is not coherent.
#include "cradle/carbon/quantity.h"

using namespace cradle::carbon;
using namespace cradle::carbon::literals;

#ifndef MISUSE
auto product = 5_W * Joules{1_kWh};
#else
auto product = 5_W * 1_kWh;
#endif
