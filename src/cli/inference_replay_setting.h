// From the options of `cradle inference replay` to a trace and what it is replayed against.
#pragma once

#include <string>
#include <vector>

#include "cradle/carbon/intensity.h"
#include "cradle/catalog/catalog.h"
#include "cradle/inference/replay.h"
#include "inference_replay_options.h"

namespace cradle::cli {

struct InferenceReplaySetting {
  std::string trace;  ///< as people call it
  std::vector<inference::Arrival> arrivals;
  inference::ReplayOptions options;
  inference::Capacity capacity;
  std::vector<inference::Scaling> scalings;
  carbon::IntensitySeries intensity;
  std::string intensity_text;
  std::vector<inference::TypeKnobs> knobs;  ///< the replica and what may be turned on it, then other accelerators
  std::vector<std::string> notes;           ///< what was assumed
};
/// Smaller batches, and slices and caps by the catalogue's curves of decoding on that device.
inference::TypeKnobs knobs_of(const inference::Variant& replica, const catalog::Catalog& catalog,
                              const std::string& device);
Result<InferenceReplaySetting> inference_replay_setting(const InferenceReplayOptions& options, const Common& common);

}  // namespace cradle::cli
