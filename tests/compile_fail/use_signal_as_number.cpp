// Refused: a signal of the grid made from a number.
#include "cradle/carbon/intensity.h"

using namespace cradle::carbon;
using namespace cradle::carbon::literals;

#ifndef MISUSE
Signal signal = Signal::marginal;
#else
Signal signal = 1;
#endif
