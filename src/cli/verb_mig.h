// What the actions of `cradle mig` share: the rules of an accelerator by the name that people give it.
#pragma once

#include <string>

#include "cradle/base/result.h"
#include "cradle/catalog/catalog.h"
#include "cradle/slicing/partition.h"

namespace cradle::cli {

/// By key of an accelerator or of a partitioning, in any case, "gb" at the end or not. The rules live as long as the
/// catalogue.
Result<const catalog::Partitioning*> find_rules(const catalog::Catalog& catalog, const std::string& gpu);

/// Its table of plain profiles, or of those with more memory too.
Result<slicing::PartitionTable> table_for(const catalog::Catalog& catalog, const std::string& gpu, bool wide);

}  // namespace cradle::cli
