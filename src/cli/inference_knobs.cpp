// What can be turned on a replica: batch, slice and cap, as far as the catalogue has curves of its device.
#include "inference_replay_setting.h"

namespace cradle::cli {

using namespace inference;

TypeKnobs knobs_of(const Variant& replica, const catalog::Catalog& catalog, const std::string& device) {
  TypeKnobs knobs{replica, {}, {}, {}};
  for (int batch = replica.service.max_batch / 2; batch >= 1 && knobs.batches.size() < 3; batch /= 2)
    knobs.batches.push_back(batch);
  for (const catalog::AcceleratorCurve* curve : catalog.curves_of(device, catalog::CurveKind::power_cap)) {
    if (curve->work != "decode") continue;
    for (const catalog::CurvePoint& point : curve->points) {
      const auto knob = cap_knob(*curve, point.at.value());
      if (knob && point.at.value() < 1) knobs.caps.push_back(*knob);
    }
    break;
  }
  // A replica of several devices is no slice of one.
  const catalog::Partitioning* rules = catalog.partitioning_of(device);
  if (!rules || replica.devices != 1) return knobs;
  for (const catalog::AcceleratorCurve* curve : catalog.curves_of(device, catalog::CurveKind::slices)) {
    if (curve->work != "decode") continue;
    for (const catalog::SliceProfile& profile : rules->profiles) {
      const double memory = static_cast<double>(profile.memory) / rules->memory_slices;
      const auto knob = slice_knob(*curve, *rules, profile, replica.power, memory);
      if (knob && profile.memory < rules->memory_slices) knobs.slices.push_back(*knob);
    }
    break;
  }
  return knobs;
}

}  // namespace cradle::cli
