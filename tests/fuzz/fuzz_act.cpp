// ACT's bill of materials on any bytes: a finite report in both modes, or one error with a place and a hint.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "cradle/published/act.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cradle;
  using namespace cradle::published;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const ActModels models = act_release_models();
  // An import is the same text again: one level is followed, no more.
  const ActImport import = [&](std::string_view) -> Result<std::string> { return std::string(text); };
  ActSwitches corrected;
  for (const auto& entry : act_switches()) corrected.*entry.flag = true;
  for (const ActSwitches& switches : {ActSwitches{}, corrected}) {
    const auto bom = parse_act_bom(text, "fuzz.yaml", switches, import);
    const auto report = bom ? evaluate_act(*bom, models, models, {}, switches) : Result<ActReport>(bom.error());
    if (!report) {
      if (report.error().where.empty() || report.error().hint.empty()) std::abort();
      continue;
    }
    for (const ActAmount& part : report->amounts)
      if (!std::isfinite(part.amount.value()) || part.amount.value() < 0) std::abort();
    if (!std::isfinite(report->total().value())) std::abort();
  }
  return 0;
}
