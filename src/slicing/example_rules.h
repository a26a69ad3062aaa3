// Placement rules written out by hand for the tests, beside those of the catalogue.
#pragma once

#include "cradle/slicing/partition.h"

namespace cradle::slicing {

/// A100 40 GB (NVIDIA MIG user guide).
inline catalog::Partitioning a100_rules() {
  catalog::Partitioning rules;
  rules.id = "a100";
  rules.profiles = {{"1g.5gb", 1, 1, {0, 1, 2, 3, 4, 5, 6}, 0},
                    {"1g.5gb+me", 1, 1, {0, 1, 2, 3, 4, 5, 6}, 1},
                    {"1g.10gb", 1, 2, {0, 2, 4, 6}, 0},
                    {"2g.10gb", 2, 2, {0, 2, 4}, 0},
                    {"3g.20gb", 3, 4, {0, 4}, 0},
                    {"4g.20gb", 4, 4, {0}, 0},
                    {"7g.40gb", 7, 8, {0}, 0}};
  return rules;
}

inline PartitionTable a100_table(bool wide = false) {
  const auto rules = a100_rules();
  return *PartitionTable::make(rules, plain_profiles(rules, wide));
}

}  // namespace cradle::slicing
