// One file of a GreenSKU folder on any bytes: the first line is its name, the rest its text; everything else is the
// release's. What is accepted has finite figures, as published and corrected; what is refused says where and what to
// do.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "cradle/published/greensku.h"

namespace {

void check(const cradle::Error& error) {
  if (error.where.empty() || error.message.empty() || error.hint.empty()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cradle::published;
  const std::string all(reinterpret_cast<const char*>(data), size);
  const std::size_t line = all.find('\n');
  if (line == all.npos || line == 0) return 0;  // a file has a name
  const auto framework = greensku::parse({{all.substr(0, line), all.substr(line + 1)}});
  if (!framework) {
    check(framework.error());
    return 0;
  }
  greensku::Setting setting;
  setting.baseline = framework->skus.front().name;
  for (const bool corrected : {false, true}) {
    if (corrected) setting.switches = all_corrections<greensku::Switches>(greensku::switch_table());
    const auto evaluation = greensku::evaluate(*framework, setting);
    if (!evaluation) {
      check(evaluation.error());
      continue;
    }
    for (const auto& sku : evaluation->skus)
      if (!std::isfinite(sku.result.per_core.total().value()) || !std::isfinite(sku.result.building.total().value()))
        std::abort();
  }
  return 0;
}
