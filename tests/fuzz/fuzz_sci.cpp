// Software carbon intensity on any bytes, as JSON and as TOML: a finite score, or one error with a place and a hint.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "cradle/published/sci.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cradle;
  using namespace cradle::published;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (auto* const parse : {parse_sci_json, parse_sci_toml}) {
    const auto application = parse(text, "fuzz");
    const auto score = application ? evaluate_sci(*application, {}) : Result<carbon::GramsCO2e>(application.error());
    if (!score && (score.error().where.empty() || score.error().hint.empty())) std::abort();
    if (score && (!std::isfinite(score->value()) || score->value() < 0)) std::abort();
  }
  return 0;
}
