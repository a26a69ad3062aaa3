#include <array>

#include "cradle/published/scarif.h"

namespace cradle::published {

std::span<const NamedSwitch<ScarifSwitches>> scarif_switches() {
  using S = ScarifSwitches;
  static constexpr std::array<NamedSwitch<S>, 8> table = {{
      {"square-centimetres", "a chip's area is divided by 1000 for cm2; the scaling to a board cancels it",
       &S::square_centimetres},
      {"clear-accelerator", "a system without accelerator prints the accelerator of the one before; totals are right",
       &S::clear_accelerator, false, true},
      {"fitted-terms", "coefficients are cut to two decimals, and the year to whole ones though fitted with months",
       &S::fitted_terms},
      {"not-negative", "vendor constants set by hand make totals below zero possible", &S::not_negative},
      {"never", "an upgrade that emits more breaks even in negative time, one that saves nothing divides by zero",
       &S::never, false, true},
      {"whole-servers", "a fleet may have 1.38 servers", &S::whole_servers},
      {"nodes-between", "nodes between those of the table are refused, 12 and 16 nm chips entered as 14 nm",
       &S::nodes_between, false, true},
      {"fab-grid", "every chip is made with coal power, which changes what a newer node costs against an older one",
       &S::fab_grid},
  }};
  return table;
}

}  // namespace cradle::published
