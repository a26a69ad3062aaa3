// Any bytes as each file of ESP, and as the tables that go with them: an error with a hint, or what keeps its promises.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cradle/design/space.h"
#include "cradle/soc/chip.h"
#include "cradle/soc/noc.h"

namespace {

template <class T>
bool refused(const cradle::Result<T>& result) {
  if (result) return false;
  if (result.error().hint.empty() || result.error().message.empty()) std::abort();
  return true;
}

void require(bool kept) {
  if (!kept) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cradle::soc;
  static const auto catalog = cradle::catalog::Catalog::load();
  if (!catalog) std::abort();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto config = parse_esp_config(text, "input"); !refused(config)) {
    require(to_text(*config) == text);
    require(config->tiles.size() == std::size_t{config->rows} * config->columns);
    const auto figures = measure(*config, {}, default_tile_table(), *catalog, *catalog->process("n12"));
    if (refused(figures)) return 0;
    require(figures->die().low <= figures->die().high);
    (void)refused(exchange_topology(*config));
    const ReusePlan plan = default_reuse_plan();
    const auto parts = design_parts(*figures, plan, "plan");
    // The swings of many designs take long, and say nothing new here.
    if (refused(parts) || parts->size() > 16) return 0;
    const auto intensity = cradle::carbon::Estimate<cradle::carbon::GramsPerJoule>::exact(
        cradle::carbon::GramsPerJoule{cradle::carbon::GramsPerKilowattHour{400}});
    const auto design = design_carbon(*parts, plan, intensity, "plan");
    if (refused(design)) return 0;
    // A die of huge caches is no block of a space: that is an error with a hint too.
    (void)refused(cradle::design::parse_space(space_text(*config, *figures, *design, plan), "space", *catalog));
  }
  if (const auto memories = parse_memory_list(text, "input"); !refused(memories)) {
    const auto bits = plm_bits(*memories, "basic_dma64", 64);
    require(bits.low <= bits.value && bits.value <= bits.high);
  }
  if (const auto record = parse_accelerator_xml(text, "input"); !refused(record)) require(!record->name.empty());
  if (const auto table = parse_tile_table(text, "input"); !refused(table))
    require(table->efficiency.estimate.low > 0 && table->efficiency.estimate.low <= table->efficiency.estimate.high);
  if (const auto plan = parse_reuse_plan(text, "input"); !refused(plan)) require(plan->volume >= 1);
  return 0;
}
