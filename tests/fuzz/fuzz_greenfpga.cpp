// Any bytes as the three files of a GreenFPGA design, with "====" between them: an error with a place and a hint, or a
// design that both modes can evaluate.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cradle/published/greenfpga.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cradle::published;
  constexpr std::string_view between = "====";
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::array<std::string_view, 3> texts;
  for (std::string_view& text : texts) {
    const std::size_t end = rest.find(between);
    text = rest.substr(0, end);
    rest = end == rest.npos ? std::string_view{} : rest.substr(end + between.size());
  }
  const auto design = parse_greenfpga({texts[0], texts[1], texts[2]}, "fuzz");
  if (!design) {
    if (design.error().where.empty() || design.error().hint.empty()) std::abort();
    return 0;
  }
  const GreenFpgaTables tables = published_greenfpga_tables();
  for (const GreenFpgaSwitches& switches :
       {GreenFpgaSwitches{}, all_corrections<GreenFpgaSwitches>(greenfpga_switches())}) {
    const auto fine = check(*design, tables, switches, "fuzz");
    if (fine) {
      for (std::size_t node = 0; node < design->nodes.size(); ++node) evaluate(*design, tables, switches, node);
    } else if (fine.error().hint.empty()) {
      std::abort();
    }
  }
  return 0;
}
