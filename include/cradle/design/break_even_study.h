// A break-even question as a TOML file: two technologies, a setting, and what is varied over which range.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/catalog/catalog.h"
#include "cradle/design/break_even.h"
#include "cradle/design/study_figures.h"

namespace cradle::design {

/// Which of the break-even questions a study file asks.
enum class BreakEvenKind {
  technologies,  ///< two ways of doing the same work, over four variables
  upgrade,       ///< an installed machine against a new one, by grid (upgrade.h)
  designs,       ///< a chip for each application against one that is reprogrammed (reprogrammable.h)
};

/// The kind that the file names in its key `kind`. `source` names the text in errors.
Result<BreakEvenKind> break_even_kind(std::string_view text, std::string source);

struct VariedRange {
  Variable variable;
  double from = 0, to = 0;  ///< in the variable's unit
};

struct BreakEvenStudy {
  std::string title, question;
  Comparison comparison;
  std::string grid;                 ///< key of the catalogue; empty: a constant intensity
  carbon::IntensitySeries series;   ///< the grid's, or the constant one
  bool hourly = false;              ///< the series is not constant
  Instant start;                    ///< when the service begins
  std::vector<VariedRange> ranges;  ///< in the order of the variables
  std::vector<RangedFigure> figures;
  std::vector<std::string> notes;
};

/// `utilisation`: takes the place of the file's (as measured). Errors name file and line.
Result<BreakEvenStudy> read_break_even_study(std::string_view text, const std::string& source,
                                             const catalog::Catalog& catalog, std::optional<Move> move = {},
                                             std::optional<double> utilisation = {});

/// The study's answer for one of its ranges.
Result<BreakEven> answer(const BreakEvenStudy& study, const VariedRange& range);

}  // namespace cradle::design
