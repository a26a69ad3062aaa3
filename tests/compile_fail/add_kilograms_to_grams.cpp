// Refused: kilograms summed with grams.
#include "cradle/carbon/quantity.h"

using namespace cradle::carbon;
using namespace cradle::carbon::literals;

#ifndef MISUSE
auto sum = 1_g + GramsCO2e{1_kg};
#else
auto sum = 1_g + 1_kg;
#endif
