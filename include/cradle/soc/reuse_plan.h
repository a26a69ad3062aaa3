// Agile design: which tiles are new and which are reused, what designing takes, and how many share it.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "cradle/base/result.h"
#include "cradle/carbon/estimate.h"
#include "cradle/carbon/quantity.h"

namespace cradle::soc {

/// A number with a range, and where it is from.
struct Input {
  carbon::Estimate<double> estimate;
  std::string source;
};

struct TileReuse {
  bool reused = false;
  Input share;          ///< of a reused tile: effort of integrating it over that of its design, ratio
  Input products;       ///< count that share what this tile takes
  Input person_months;  ///< people's time for this tile
};

/// Of a whole chip. The defaults are those of default_reuse_plan, each with its source.
struct ReusePlan {
  std::string design_grid;  ///< of the catalogue: electricity of designers and their computers
  std::string fab_grid;     ///< where dies and package are made
  std::string package;      ///< technology of the catalogue
  double volume = 1e5;      ///< chips that are made, count
  // What every part of the design takes.
  Input iterations;  ///< runs of the flow, count
  Input gates_per_core_hour;
  Input power_per_core;        ///< W
  Input transistors_per_gate;  ///< count
  /// Of what its transistors as logic would take that memories take: 1 charges them as logic (ECO-CHIP), 0 not at all.
  Input sram_share;
  Input person_months;  ///< of the chip as a whole: integration, verification, layout
  Input kwh_per_person_year;
  Input new_person_months;  ///< of each new tile that names none
  Input integration_share;  ///< of each reused tile that names none
  /// By ip of accelerators, by kind of other tiles. What is not here is new, for this product alone.
  std::map<std::string, TileReuse, std::less<>> tiles;
};

ReusePlan default_reuse_plan();

/// [design] grid, volume, iterations, gates_per_core_hour, power_per_core_w, transistors_per_gate, sram_share,
/// person_months, kwh_per_person_year, new_person_months, integration_share; [making] grid, package; [[tile]] ip,
/// design = "new"|"reused", integration_share, products, person_months. A number may have KEY_range = [low, high]
/// around it, and a table a source. bad_input with file and line as TomlReader, and where a tile is named twice or an
/// integration share is given for a new one.
Result<ReusePlan> parse_reuse_plan(std::string_view text, const std::string& source);

}  // namespace cradle::soc
