// The switches of 3D-Carbon by name.
#include <array>

#include "cradle/published/three_d_carbon.h"

namespace cradle::published {

std::span<const NamedSwitch<ThreeDSwitches>> three_d_switches() {
  using S = ThreeDSwitches;
  static constexpr std::array<NamedSwitch<S>, 24> table{{
      {"wire-model",
       "wire length by Donath's formula, layers from it in one unit; published: lost brackets, mixed units",
       &S::wire_model},
      {"refuse-oversized", "a die larger than the wafer is refused; published: its carbon is negative",
       &S::refuse_oversized, false, true},
      {"neighbour-above", "face to back, a die's vias lead to the die above; published: to the one below, cyclically",
       &S::neighbour_above},
      {"face-to-face-dies",
       "face to face, the first die and those above the second have vias; published: all, to one die",
       &S::face_to_face_dies},
      {"raw-material", "raw material per wafer does not follow the layers; published: it does in W2W stacks only",
       &S::raw_material},
      {"via-energy",
       "energy for vias is charged to the dies that have vias, and yielded; published: to all but the first",
       &S::via_energy},
      {"bonding-intensity", "bonding energy times the grid's intensity; published: kWh added as grams in 2.5D packages",
       &S::bonding_intensity},
      {"bonding-counted",
       "EMIB and interposers pay for bonding, and failed bonds lose the substrate; published: neither",
       &S::bonding_counted},
      {"largest-footprint", "a stack's footprint is its largest die with vias; published: the first, before vias",
       &S::largest_footprint},
      {"every-bond", "W2W micro bumps are bonded between every pair of tiers; published: charged once", &S::every_bond},
      {"interposer-gas", "process gas of the interposer's wafer counts; published: defined and left out",
       &S::interposer_gas},
      {"bond-yield", "one bond for each die above the first; published: none, one or one too many", &S::bond_yield},
      {"bonded-dies", "D2W bonding is charged for every die above the bottom; published: the bottom too, copies not",
       &S::bonded_dies},
      {"stated-layers", "layers that the file states are kept, others are cut alike; published: D2W hybrid cuts all",
       &S::stated_layers},
      {"no-test-factor", "the key test changes nothing; published: it multiplies the total by 1000",
       &S::no_test_factor},
      {"emib", "EMIB can be estimated, as the README says; published: exploration alone knows it", &S::emib, false,
       true},
      {"every-entry",
       "every entry of a file is answered; published: the first without exploration ends an estimation, "
       "the last alone is explored",
       &S::every_entry, false, true},
      {"monolithic-tiers", "all tiers of a monolithic stack cost, at most two; published: the first tier alone",
       &S::monolithic_tiers},
      {"exploration-keys", "exploration reads its grid and memory node; published: Taiwan and 28 nm always",
       &S::exploration_keys},
      {"use-grid", "use draws power from use_power_grid; published: from the grid where the product is made",
       &S::use_grid},
      {"power-from-energy", "energy over T_app is the power in use where no power is given; published: 0 W",
       &S::power_from_energy},
      {"explored-stacks", "explored micro-bump stacks have 3D dies, and split dies split gates; published: neither",
       &S::explored_stacks},
      {"infeasible-bandwidth", "a bandwidth out of reach has no use phase; published: a negative or infinite slow-down",
       &S::infeasible_bandwidth, false, true},
      {"readme-keys", "the README's spellings of keys are read; published: ignored", &S::readme_keys},
  }};
  return table;
}

}  // namespace cradle::published
