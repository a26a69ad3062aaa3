#include "cradle/observe/node.h"

#include "energy_range.h"

namespace cradle::observe {

const char* to_string(Component component) {
  switch (component) {
    case Component::cpu: return "cpu";
    case Component::memory: return "memory";
    case Component::storage: return "storage";
    case Component::network: return "network";
    case Component::accelerator: return "accelerator";
    case Component::base: return "base";
  }
  return "";
}

const char* to_string(MeterEvent event) {
  switch (event) {
    case MeterEvent::wrapped: return "wrapped";
    case MeterEvent::read_late: return "read_late";
    case MeterEvent::ran_backwards: return "ran_backwards";
    case MeterEvent::implausible: return "implausible";
    case MeterEvent::vanished: return "vanished";
    case MeterEvent::returned: return "returned";
    case MeterEvent::no_reading: return "no_reading";
  }
  return "";
}

carbon::Estimate<carbon::Joules> energy_estimate(const Snapshot& snapshot, const Totals& totals, Component component) {
  return EnergyRange(snapshot, component)
      .of(totals.microjoules(snapshot.policy, component),
          totals.dynamic_microjoules[static_cast<std::size_t>(component)]);
}

carbon::Estimate<carbon::Joules> energy_estimate(const Snapshot& snapshot, const ProcessTotals& process,
                                                 Component component) {
  const auto c = static_cast<std::size_t>(component);
  const std::int64_t dynamic = process.dynamic_microjoules[c];
  return EnergyRange(snapshot, component).of(dynamic + process.idle_microjoules[c], dynamic);
}

}  // namespace cradle::observe
