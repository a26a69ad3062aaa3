// What the actions of `cradle mig` share: the rules of an accelerator by the name that people give it.
#pragma once

#include <string>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/catalog/catalog.h"
#include "cradle/slicing/comparison.h"
#include "cradle/slicing/partition.h"
#include "mig_options.h"

namespace cradle::cli {

/// By key of an accelerator or of a partitioning, in any case, "gb" at the end or not. The rules live as long as the
/// catalogue.
Result<const catalog::Partitioning*> find_rules(const catalog::Catalog& catalog, const std::string& gpu);

/// The accelerator whose slices these are: the one that `gpu` names, or the first that divides so.
Result<const catalog::Accelerator*> accelerator_of(const catalog::Catalog& catalog, const catalog::Partitioning& rules,
                                                   const std::string& gpu);

/// Its table of plain profiles, or of those with more memory too.
Result<slicing::PartitionTable> table_for(const catalog::Catalog& catalog, const std::string& gpu, bool wide);

/// What a replay is billed with, and what the output says of it.
struct ReplayBilling {
  slicing::SliceEconomics economics;
  std::string curves;  ///< "training: training-slices, ..."
  std::string server;  ///< whose host share the accelerators bear; empty: none
  std::vector<std::string> notes;
};

/// Curves, host share, grid and PUE of the options, for an accelerator with this table.
Result<ReplayBilling> replay_billing(const catalog::Catalog& catalog, const slicing::PartitionTable& table,
                                     const catalog::Accelerator& accelerator, const MigOptions& options);

}  // namespace cradle::cli
