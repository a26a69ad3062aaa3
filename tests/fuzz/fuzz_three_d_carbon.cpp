// Any bytes as a file of 3D-Carbon: an error with a place and a hint, or entries that are answered or refused.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cradle/published/three_d_carbon.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cradle::published;
  for (const ThreeDSwitches& switches : {ThreeDSwitches{}, all_corrections<ThreeDSwitches>(three_d_switches())}) {
    const auto input = parse_three_d({reinterpret_cast<const char*>(data), size}, "fuzz.yaml", switches);
    if (!input) {
      if (input.error().where.empty() || input.error().hint.empty()) std::abort();
      return 0;
    }
    if (input->products.empty() == input->questions.empty()) std::abort();
    constexpr std::size_t enough = 20;
    for (std::size_t i = 0; i < std::min(enough, input->products.size()); ++i) {
      const auto carbon = three_d_carbon(input->products[i], switches, "fuzz.yaml");
      if (carbon ? !std::isfinite(carbon->total().value()) : carbon.error().hint.empty()) std::abort();
    }
    for (std::size_t i = 0; i < std::min(enough, input->questions.size()); ++i)
      for (const bool heterogeneous : {false, true}) {
        const auto options = explore(input->questions[i], heterogeneous, switches, "fuzz.yaml");
        if (options ? options->size() != 9 : options.error().hint.empty()) std::abort();
      }
  }
  return 0;
}
