// A fleet question as a TOML file: work by year, machines on sale, sites and their grids, what is there already.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/catalog/catalog.h"
#include "cradle/design/replacement.h"
#include "cradle/design/study_figures.h"

namespace cradle::design {

struct FleetStudy {
  std::string title, question;
  int first_year = 2025;      ///< calendar year of the plan's first
  std::string capacity_unit;  ///< what capacities and demands count, for people: "TFLOP/s"
  FleetQuestion fleet;
  std::vector<RangedFigure> figures;
  std::vector<std::string> notes;
};

/// Integrates every site's hourly grid over every year, and over the daily profile of every class of work. Errors name
/// file and line.
Result<FleetStudy> read_fleet_study(std::string_view text, const std::string& source, const catalog::Catalog& catalog,
                                    std::optional<Move> move = {});

}  // namespace cradle::design
