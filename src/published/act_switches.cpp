#include <array>

#include "cradle/published/act.h"

namespace cradle::published {

std::span<const NamedSwitch<ActSwitches>> act_switches() {
  using S = ActSwitches;
  static constexpr std::array<NamedSwitch<S>, 14> table = {{
      {"fab-grid-of-flags", "a die given by flags is made with the grid of operation, not of the fab",
       &S::fab_grid_of_flags},
      {"every-flag", "--ics, --caps and --pcb-area are read and then left out of the bill", &S::every_flag},
      {"package-not-yielded", "only a manual part's packages are divided by the die's yield", &S::package_not_yielded},
      {"one-grid-table", "a chosen grid table reaches operation, but neither fabs nor capacitors", &S::one_grid_table},
      {"whole-number-yield", "a memory or storage yield written 1 is refused, 1.0 is not", &S::whole_number_yield,
       false, true},
      {"capacitor-defaults", "a capacitor without quantity or weight costs nothing", &S::capacitor_defaults},
      {"material-quantity", "three boards cost as much as one: a material's quantity is ignored",
       &S::material_quantity},
      {"squared-prefixes", "1 km2 is taken as 1000 m2: the prefix is not squared", &S::squared_prefixes},
      {"material-names", "aluminium is known only as 'alumnimum', LFP batteries not at all", &S::material_names, false,
       true},
      {"board-category", "circuit boards are reported as FABRICATION, never as PCB", &S::board_category, false, true},
      {"category-names", "a manual part's category is taken by number only", &S::category_names, false, true},
      {"data-capacity", "any plain number counts as a capacity in bits", &S::data_capacity, false, true},
      {"empty-imported-section", "an empty section is refused in an imported file only", &S::empty_imported_section,
       false, true},
      {"area-yield", "the default yield is 0.875 for a die of any area; Murphy at ACT's 0.15 defects/cm2",
       &S::area_yield},
  }};
  return table;
}

}  // namespace cradle::published
