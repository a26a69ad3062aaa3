// Refused: a quantity read as a bare number without saying so.
#include "cradle/carbon/quantity.h"

using namespace cradle::carbon;
using namespace cradle::carbon::literals;

#ifndef MISUSE
double number = (5_J).value();
#else
double number = 5_J;
#endif
