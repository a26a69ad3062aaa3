// Any bytes as a design space: an error with a hint, or a space whose points can be numbered, named and evaluated.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cradle/catalog/catalog.h"
#include "cradle/design/evaluator.h"
#include "cradle/design/space.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cradle;
  static const auto catalog = catalog::Catalog::load();
  if (!catalog) std::abort();
  const auto space = design::parse_space({reinterpret_cast<const char*>(data), size}, "input", *catalog);
  if (!space) {
    if (space.error().hint.empty() || space.error().where.empty()) std::abort();
    return 0;
  }
  const std::uint64_t points = space->points();
  if (points == 0 || points > design::most_points || space->objectives.empty()) std::abort();
  const design::Evaluator evaluator(*space);
  for (const std::uint64_t index : {std::uint64_t{0}, points / 3, points / 2, points - 1}) {
    if (space->index_of(space->at(index)) != index || space->label(index).empty()) std::abort();
    const design::Evaluated point = evaluator.at(index);
    if (point.standing == design::Standing::impossible) continue;
    if (!(point.outcome.carbon() > 0) || !(point.outcome.made > 0) || !(point.outcome.delay > 0)) std::abort();
  }
  return 0;
}
