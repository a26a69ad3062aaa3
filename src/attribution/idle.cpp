// The names of the idle policies, and the idle power learnt from quiet intervals.
#include <algorithm>
#include <cmath>
#include <string>

#include "cradle/attribution/attribution.h"
#include "cradle/base/text.h"

namespace cradle::attribution {

const char* to_string(IdlePolicy policy) {
  switch (policy) {
    case IdlePolicy::none: return "none";
    case IdlePolicy::even: return "even";
    case IdlePolicy::reservation: return "reservation";
    case IdlePolicy::use: return "use";
  }
  return "none";
}

Result<IdlePolicy> parse_idle_policy(std::string_view text, std::string_view where) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < idle_policies; ++i) {
    const auto policy = static_cast<IdlePolicy>(i);
    if (text == to_string(policy)) return policy;
    names.emplace_back(to_string(policy));
  }
  return bad_input("'" + std::string(text) + "' is no idle policy", std::string(where), suggest(text, names));
}

MicroJoules IdleFloor::idle(MicroJoules metered, std::int64_t interval_ns, double busy_share) {
  if (metered <= 0 || interval_ns <= 0) return 0;
  now_ns_ += interval_ns;
  constexpr double watts_per_microjoule_per_ns = 1000;
  const double interval = static_cast<double>(interval_ns);
  const double watts = static_cast<double>(metered) / interval * watts_per_microjoule_per_ns;
  if (busy_share < options_.quiet_share) {
    while (!quiet_.empty() && quiet_.back().watts >= watts) quiet_.pop_back();
    quiet_.push_back({watts, now_ns_});
  }
  while (quiet_.size() > 1 && now_ns_ - quiet_.front().at_ns > options_.memory_ns) quiet_.erase(quiet_.begin());
  const double floor_watts = quiet_.empty() ? options_.declared_watts : quiet_.front().watts;
  if (!(floor_watts < watts)) return metered;
  const double idle = std::floor(floor_watts / watts_per_microjoule_per_ns * interval);
  return std::clamp(static_cast<MicroJoules>(idle), MicroJoules{0}, metered);
}

}  // namespace cradle::attribution
