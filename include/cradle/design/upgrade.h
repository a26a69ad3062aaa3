// Is it worth replacing what is installed? An old machine (its making is sunk) against a new one, by grid: SCARIF's
// question, answered with its own figures and method, and beside them with ours.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/catalog/catalog.h"
#include "cradle/design/break_even.h"
#include "cradle/design/study_figures.h"

namespace cradle::design {

/// A place, with the intensity that the publication used and the grid of the catalogue that stands for it now.
struct UpgradeRegion {
  std::string name;
  carbon::GramsPerKilowattHour published;
  std::string grid;
  carbon::IntensitySeries series;
};

struct UpgradeStudy {
  std::string title, question;
  Comparison published;  ///< with the publication's figures; baseline: the installed machine
  Comparison corrected;  ///< with ours
  /// The publication counts years of 8,760 hours, the calendar has 8,766.
  carbon::Hours published_year{8760};
  Instant start;  ///< of the corrected answer's hourly series
  std::vector<UpgradeRegion> regions;
  std::vector<RangedFigure> figures;
  std::vector<std::string> corrections;  ///< one line for each difference between the two
};

/// Errors name file and line.
Result<UpgradeStudy> read_upgrade_study(std::string_view text, const std::string& source,
                                        const catalog::Catalog& catalog, std::optional<Move> move = {});

struct UpgradeAnswer {
  std::string region;
  carbon::KilogramsCO2e saved_per_year;   ///< published figures, a published year
  std::optional<double> published_years;  ///< years of `published_year`; nothing: never
  BreakEven corrected;                    ///< over the service, in years of 365.25 days, bracketed
};

/// Within `horizon` years, by region.
Result<std::vector<UpgradeAnswer>> answer(const UpgradeStudy& study, carbon::Years horizon);

}  // namespace cradle::design
