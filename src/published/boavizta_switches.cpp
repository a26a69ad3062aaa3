// The switches of Boavizta's server by name.
#include <array>

#include "cradle/published/boavizta.h"

namespace cradle::published {

std::span<const NamedSwitch<BoaviztaSwitches>> boavizta_switches() {
  using S = BoaviztaSwitches;
  static constexpr std::array<NamedSwitch<S>, 10> table = {{
      {"archetype-die", "an archetype's cores and die per core are not seen: every one has a die of 522 mm2",
       &S::archetype_die},
      {"gpu-wafer-loss", "a stated GPU die is its bare area, the default one includes the wafer lost around it",
       &S::gpu_wafer_loss},
      {"gpu-memory-default", "archetypes say that GPUs have 0 GB, so that the default of 80 GB never applies",
       &S::gpu_memory_default},
      {"user-over-name", "a processor's name overwrites cores and TDP that the request states", &S::user_over_name},
      {"no-disks", "an empty list of disks means the archetype's disks", &S::no_disks},
      {"disk-types", "disks of unknown type are dropped without a word", &S::disk_types, false, true},
      {"disk-units", "a hard disk without units counts as often as the archetype has them, which is never",
       &S::disk_units},
      {"manufacturer", "a processor's stated maker is ignored: all profiles are Intel's", &S::manufacturer},
      {"replacement", "beyond its life a server's use grows, its making does not", &S::replacement},
      {"ignore-empty-filter", "a memory process that no known chip has gives no number at all", &S::ignore_empty_filter,
       false, true},
  }};
  return table;
}

}  // namespace cradle::published
