// Any bytes as the four files of an ECO-CHIP design, with "====" between them: an error with a place and a hint, or a
// design that both modes can evaluate.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "cradle/published/eco_chip.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cradle::published;
  constexpr std::string_view between = "====";
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::array<std::string_view, 4> texts;
  for (std::string_view& text : texts) {
    const std::size_t end = rest.find(between);
    text = rest.substr(0, end);
    rest = end == rest.npos ? std::string_view{} : rest.substr(end + between.size());
  }
  const auto design = parse_eco_chip({texts[0], texts[1], texts[2], texts[3]}, "fuzz");
  if (!design) {
    if (design.error().where.empty() || design.error().hint.empty()) std::abort();
    return 0;
  }
  std::vector<EcoChipShare> shares(design->chiplets.size());
  for (const EcoChipSwitches& switches : {EcoChipSwitches{}, all_corrections<EcoChipSwitches>(eco_chip_switches())}) {
    const auto fine = check(*design, published_eco_chip_tables(), switches, "fuzz");
    if (fine) {
      evaluate(*design, published_eco_chip_tables(), switches, shares);
    } else if (fine.error().hint.empty()) {
      std::abort();
    }
  }
  return 0;
}
