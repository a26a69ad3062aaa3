// How many replicas there should be: pure functions of what was seen so far, the same in a replay and online.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"

namespace cradle::inference {

enum class Scaling {
  static_peak,  ///< always for the given peak
  reactive,     ///< for the rate of the last window
  forecast,     ///< for the rate that level and trend (Holt) expect when a replica started now is ready
  quantile,     ///< for a high quantile of the rates of the recent windows
};
inline constexpr std::array all_scalings{Scaling::static_peak, Scaling::reactive, Scaling::forecast, Scaling::quantile};
/// "static", "reactive", "forecast", "quantile"
std::string_view name(Scaling scaling);
Result<Scaling> scaling_by_name(std::string_view name);

/// Replicas = ceil(margin x expected rate / capacity), within bounds; fewer only once fewer were enough for
/// `scale_down_delay` without a break.
struct AutoscalerRule {
  Scaling scaling = Scaling::reactive;
  double capacity_per_s = 1;     ///< requests that one replica serves within its targets
  double margin = 1;             ///< on the expected rate; what calibration finds
  carbon::Seconds interval{10};  ///< between decisions
  carbon::Seconds window{60};    ///< over which `reactive` and `quantile` count; whole intervals
  carbon::Seconds startup{60};   ///< from a decision until a new replica is ready
  carbon::Seconds scale_down_delay{120};
  carbon::Seconds memory{600};  ///< of `quantile`
  int min_replicas = 1;         ///< >= 1
  int max_replicas = 1000;
  double peak_per_s = 0;       ///< of `static_peak`
  double level_weight = 0.2;   ///< of `forecast`: of the newest interval in the level, in (0, 1]
  double trend_weight = 0.02;  ///< of the newest change of level in the trend, in [0, 1]
  double quantile = 0.95;      ///< of `quantile`, in (0, 1]
};
/// bad_input that names the field.
Result<void> check(const AutoscalerRule& rule);

/// What a rule remembers. A value: store it, copy it, decide again from it.
struct AutoscalerState {
  std::vector<double> loads;    ///< of the last intervals, newest last
  std::vector<int> wanted;      ///< replicas that the last intervals asked for, newest last
  double level = 0, trend = 0;  ///< requests per second; per second and interval
  bool seen = false;            ///< an interval has been
  friend bool operator==(const AutoscalerState&, const AutoscalerState&) = default;
};

struct ScalingDecision {
  AutoscalerState state;
  int replicas = 1;           ///< to be ready or starting
  double expected_per_s = 0;  ///< the rate (of mean requests) it was sized for, without the margin
};

/// One decision, at the end of an interval in which `load` requests came: their number, or, where requests differ,
/// their work in units of the mean request's. Precondition: `check` accepts the rule, load >= 0 and finite.
ScalingDecision decide(const AutoscalerRule& rule, AutoscalerState state, double load);

/// Replicas for a rate under the rule's margin and bounds.
int replicas_for(const AutoscalerRule& rule, double rate_per_s);

}  // namespace cradle::inference
