// An energy-supply question as a TOML file: a site's demand and weather, what supply costs to make, and the sizes to
// try.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/catalog/catalog.h"
#include "cradle/design/energy_supply.h"
#include "cradle/design/study_figures.h"

namespace cradle::design {

struct SupplyStudy {
  std::string title, question;
  std::string grid;
  SupplySite site;
  SupplyCoefficients coefficients;
  SupplySizes sizes;
  SupplyRules rules = SupplyRules::corrected;
  std::vector<RangedFigure> figures;
  std::vector<std::string> notes;  ///< those of the file, and what was found in its series
};

/// Reads the hourly file too, if the study names one: missing cells count as no generation and are counted in a note.
/// Errors name file and line.
Result<SupplyStudy> read_supply_study(std::string_view text, const std::string& source, const catalog::Catalog& catalog,
                                      std::optional<Move> move = {});

}  // namespace cradle::design
