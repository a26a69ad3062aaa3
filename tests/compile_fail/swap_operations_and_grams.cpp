// Refused: arguments of embodied_share in another order.
#include "cradle/carbon/metric.h"

using namespace cradle::carbon;
using namespace cradle::carbon::literals;

#ifndef MISUSE
auto share = embodied_share(Operations{1}, Operations{10}, 5_g);
#else
auto share = embodied_share(5_g, Operations{10}, Operations{1});
#endif
