// What the published tools would say about one bill of materials, and which coefficient makes them differ.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"
#include "cradle/catalog/catalog.h"
#include "cradle/embodied/bill_of_materials.h"
#include "cradle/published/comparison.h"

namespace cradle::published {

/// One coefficient of a tool as it acts on a bill: `carbon` = `value` times what the bill has of `unit`. Where a tool
/// has several terms for the same thing (a die's area and a constant for each module), the value is their sum for a
/// unit, so that tools compare: "DRAM" in kgCO2e/GB, "logic silicon" in kgCO2e/cm2 of good dies.
struct OpinionTerm {
  embodied::Group group = embodied::Group::other;
  std::string coefficient;
  double value = 0;
  std::string unit;
  carbon::GramsCO2e carbon;
};

struct Opinion {
  std::string tool;  ///< "act"
  Mode mode = Mode::as_published;
  carbon::GramsCO2e total;  ///< of what is covered
  /// By group of the bill (embodied::name), in the bill's order of groups.
  std::vector<std::pair<std::string, carbon::GramsCO2e>> by_group;
  std::vector<OpinionTerm> terms;
  std::vector<std::string> covered, left_out;  ///< parts, with what was assumed or why not
};

/// ACT, ECO-CHIP, 3D-Carbon and GreenFPGA (dies; ACT also memory, drives, boards, metals; GreenFPGA their end of life),
/// SCARIF, Boavizta and CCF (servers), GreenSKU (parts), SCI (nothing: embodied carbon is its input). The bill is
/// translated into each tool's inputs: dies at the tool's node nearest to their own, if within a quarter; memory by the
/// GB that modules are sold by. Always all nine: one that has nothing to say about this bill has no terms and says why
/// in left_out. Errors are those of the bill against the catalogue: a name that it lacks.
Result<std::vector<Opinion>> opinions(const embodied::BillOfMaterials& bill, const catalog::Catalog& catalog,
                                      Mode mode = Mode::as_published);

/// One group: who says least and most of it, and the coefficient whose exchange closes most of the gap.
struct GroupSpread {
  std::string group;
  std::string low_tool, high_tool;
  carbon::GramsCO2e low, high;
  double ratio = 1;         ///< high over low
  std::string coefficient;  ///< empty if the two agree
  std::string unit;
  std::optional<double> low_value, high_value;  ///< absent where a tool has no such coefficient
  double share = 0;                             ///< of the gap that its exchange closes, ratio
};
struct Spread {
  std::vector<GroupSpread> groups;  ///< those on which at least two tools give more than nothing; widest gap first
};
Spread spread(std::span<const Opinion> opinions);

}  // namespace cradle::published
