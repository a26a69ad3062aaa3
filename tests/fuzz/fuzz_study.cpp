// Any bytes as a study file: an error with a hint, or a study that keeps its promises.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cradle/study/study_config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto config = cradle::study::parse_study({reinterpret_cast<const char*>(data), size}, "input");
  if (!config) {
    if (config.error().hint.empty()) std::abort();
    return 0;
  }
  if (config->sites.empty() || cradle::study::row_names(*config).empty() ||
      !(config->fleet.scale > 0 && config->fleet.scale <= 1))
    std::abort();
  for (const auto& site : config->sites)
    if (!(site.pue >= 1) || !(site.share > 0) || site.grid.empty()) std::abort();
  for (const auto& name : config->policies)
    if (!cradle::policy::policy_by_name(name)) std::abort();
  for (const auto& strategy : config->strategies)
    if (!cradle::dispatch::check(strategy)) std::abort();
  return 0;
}
