// What a bill of materials costs: by part with bounds and sources, and compiled for evaluation with other coefficients.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/estimate.h"
#include "cradle/carbon/quantity.h"
#include "cradle/catalog/catalog.h"
#include "cradle/embodied/bill_of_materials.h"
#include "cradle/embodied/compiled_bill.h"

namespace cradle::embodied {

struct BillLine {
  std::string part;
  Group group = Group::other;
  double count = 1;
  carbon::Estimate<carbon::GramsCO2e> grams;  ///< of all `count`
  std::vector<std::size_t> inputs;            ///< the coefficients it depends on, indices in Bill::inputs
};

/// A priced bill. Bounds are those of all coefficients at their worst and at their best together, which is wider than
/// any percentile of independent ones.
struct Bill {
  std::string name;
  std::vector<BillInput> inputs;
  std::vector<BillLine> lines;                ///< in the order of the bill; design and maintenance last
  carbon::Estimate<carbon::GramsCO2e> total;  ///< sum of the lines
  std::array<carbon::Estimate<carbon::GramsCO2e>, group_count> by_group;
  Life life;
  /// Of the first life: once / T + twice / (T + T2), `twice` being the parts that are used T2 years longer.
  carbon::Estimate<carbon::GramsCO2e> per_year;
  /// What the second life carries: twice x T2 / (T + T2).
  carbon::Estimate<carbon::GramsCO2e> second_life;
};

/// bad_input at the file and line of the part that names an id the catalogue lacks, an impossible package, a die that
/// does not fit a wafer, or a material in another unit than its own.
Result<Bill> price(const BillOfMaterials& bill, const catalog::Catalog& catalog);

/// The same from a compiled bill.
Bill price(const CompiledBill& compiled);

}  // namespace cradle::embodied
