// The common form of every published tool beside ours: rows of named numbers, and the switches that correct them.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"

namespace cradle::published {

/// as_published reproduces a tool with its slips; corrected turns every switch on that is no choice.
enum class Mode { as_published, corrected };
std::string_view name(Mode mode);

/// One number. `item` is a chiplet, SKU, region, ... or the system's name for totals.
struct Row {
  std::string item;      ///< printed as "case"
  std::string quantity;  ///< "manufacturing", "per_core_total", ...
  double value = 0;
  std::string unit;  ///< "kgCO2e", "year", "percent"
};

/// What a switch alone changes on a small case that is built in.
struct SwitchExample {
  std::string item;      ///< "dies by EMIB"
  std::string quantity;  ///< "total"
  double effect = 0;     ///< in `unit`
  std::string unit;
};

/// A named difference between a tool as published and as it may be corrected, with what it alone changes.
struct Switch {
  std::string name;  ///< "wafer-300mm"
  std::string why;   ///< one line
  /// The tool's main total with only this switch on, minus as published, kgCO2e (or the unit of `unit`).
  std::string item;
  std::string quantity;
  double effect = 0;
  std::string unit = "kgCO2e";
  bool choice = false;    ///< not part of the corrected mode: as defensible either way
  bool no_grams = false;  ///< changes what is accepted, or how it is told, never an amount
  std::optional<SwitchExample> example = std::nullopt;  ///< where `effect` is 0: see show_on_examples
};

struct Comparison {
  std::string tool;  ///< "eco-chip"
  Mode mode = Mode::as_published;
  std::vector<Row> rows;
  std::vector<Switch> switches;
  std::vector<std::string> notes;  ///< what was assumed or left out, named
};

/// What `cradle compare embodied --tool NAME` was asked.
struct Request {
  std::filesystem::path input;  ///< file or folder in the tool's own format; empty if options say all
  Mode mode = Mode::as_published;
  std::map<std::string, std::string> options;  ///< by flag without dashes: "package" -> "EMIB", "cores" -> "44"
};

/// One number of a publication: what it is, where it stands, and to how many digits it is known.
struct Anchor {
  std::string tool;
  std::string item;
  std::string quantity;
  double published = 0;
  double tolerance = 1e-9;  ///< relative; wider only where the publication prints fewer digits
  std::string unit;
  std::string source;  ///< paper table, README, test, output file
  double ours = 0;
  bool passes() const;
};

/// The anchors of one tool, computed from its own files in `data` (the layout of the tools' repositories under one
/// folder) or from the inputs that the publication states. An absent folder is one note, not an error.
struct AnchorSet {
  std::vector<Anchor> anchors;
  std::vector<std::string> notes;
};

}  // namespace cradle::published
