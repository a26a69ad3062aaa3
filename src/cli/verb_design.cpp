// cradle design: what is worth making, and when.
#include "verb_design.h"

namespace cradle::cli {

int run_design(const DesignOptions& options, const Common& common) {
  if (options.action == "explore") return run_design_explore(options, common);
  if (options.action == "show") return run_design_show(options, common);
  if (options.action == "break-even") return run_design_break_even(options, common);
  if (options.action == "reuse") return run_design_reuse(options, common);
  if (options.action == "fleet") return run_design_fleet(options, common);
  return run_design_supply(options, common);
}

}  // namespace cradle::cli
