// SCARIF's inputs on any bytes, in each of their formats: servers that can be evaluated or are refused with a place and
// a hint.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "cradle/published/scarif.h"

namespace {

void check(const cradle::Error& error) {
  if (error.where.empty() || error.hint.empty()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cradle::published;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  ScarifSwitches corrected;
  for (const auto& entry : scarif_switches()) corrected.*entry.flag = true;
  for (auto* const parse : {parse_scarif_json, parse_scarif_toml, parse_scarif_csv}) {
    const auto input = parse(text, "fuzz");
    if (!input) {
      check(input.error());
      continue;
    }
    for (const ScarifSwitches& switches : {ScarifSwitches{}, corrected}) {
      for (const ScarifServer& server : input->servers) {
        const auto carbon = evaluate_scarif(server, switches);
        if (!carbon) check(carbon.error());
        if (carbon && !std::isfinite(carbon->total().value())) std::abort();
      }
      if (input->upgrade) {
        const auto result = evaluate_scarif(*input->upgrade, switches);
        if (!result) check(result.error());
      }
      if (input->fleet) {
        const auto result = evaluate_scarif(*input->fleet, switches);
        if (!result) check(result.error());
      }
    }
  }
  return 0;
}
