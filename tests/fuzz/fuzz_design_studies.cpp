// Any bytes as a study file of each design question: an error with a hint, or a question that keeps its promises.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cradle/design/break_even_study.h"
#include "cradle/design/energy_supply_study.h"
#include "cradle/design/replacement_study.h"
#include "cradle/design/reprogrammable.h"
#include "cradle/design/reuse.h"
#include "cradle/design/upgrade.h"

namespace {

template <class T>
bool refused(const cradle::Result<T>& study) {
  if (study) return false;
  if (study.error().hint.empty() || study.error().message.empty()) std::abort();
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cradle::design;
  static const auto catalog = cradle::catalog::Catalog::load();
  if (!catalog) std::abort();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto technologies = read_break_even_study(text, "input", *catalog);
  if (!refused(technologies)) {
    if (technologies->ranges.empty() || !check(technologies->comparison, "input")) std::abort();
    for (const auto& range : technologies->ranges)
      if (range.variable != Variable::service) (void)refused(answer(*technologies, range));
  }
  if (const auto upgrade = read_upgrade_study(text, "input", *catalog); !refused(upgrade))
    if (upgrade->regions.empty()) std::abort();
  if (const auto chips = read_reprogrammable_study(text, "input"); !refused(chips))
    (void)refused(applications_to_break_even(chips->fixed, chips->reprogrammed, "input"));
  if (const auto reuse = read_reuse_study(text, "input"); !refused(reuse)) {
    const auto found = threshold(reuse->comparison, reuse->target);
    if (std::isnan(found.intensity.value())) std::abort();
  }
  if (const auto fleet = read_fleet_study(text, "input", *catalog); !refused(fleet))
    if (!check(fleet->fleet, "input")) std::abort();
  // A study of supply may name a file to read, which is no part of what is tried here.
  if (text.find("generation") != std::string_view::npos) return 0;
  if (const auto supply = read_supply_study(text, "input", *catalog); !refused(supply))
    if (!check(supply->site, supply->coefficients, "input")) std::abort();
  return 0;
}
