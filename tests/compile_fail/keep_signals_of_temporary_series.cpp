// Refused: site signals that refer to a series which dies at the end of the line.
#include "cradle/carbon/decision.h"

using namespace cradle::carbon;
using namespace cradle::carbon::literals;

#ifndef MISUSE
auto series = IntensitySeries::constant(Signal::average, 100_g_per_kWh);
auto site = SiteSignals::make(1.2, series, nullptr);
#else
auto site = SiteSignals::make(1.2, IntensitySeries::constant(Signal::average, 100_g_per_kWh), nullptr);
#endif
