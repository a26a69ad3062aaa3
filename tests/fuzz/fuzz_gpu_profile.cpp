// The reader of recorded GPU runs on any bytes: a run that is written and read back as it is, whose steps are in order
// and whose record the catalogue takes; or an error with a hint.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cradle/profile/gpu_profile.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cradle::profile;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto run = parse_profile(text, "fuzz.json");
  if (!run) {
    if (run.error().hint.empty() || run.error().message.empty()) std::abort();
    return 0;
  }
  const auto again = parse_profile(to_json(*run), "fuzz.json");
  if (!again || again->repetitions.size() != run->repetitions.size()) std::abort();
  const auto steps = steps_of(*run, "fuzz.json");
  if (!steps) return 0;
  for (const ProfileStep& step : *steps)
    if (!(step.power.low <= step.power.value && step.power.value <= step.power.high && step.at >= 0 && step.at <= 1))
      std::abort();
  static const auto catalog = cradle::catalog::Catalog::load();
  if (const auto record = curve_record_toml(*run, *steps, *catalog->accelerator("h100"), "fuzz"); record)
    if (record->find("[curve.fuzz]") == std::string::npos) std::abort();
  return 0;
}
