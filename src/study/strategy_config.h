// The [service] and [[strategy]] tables of a study, and what the report says of them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "cradle/catalog/catalog.h"
#include "cradle/study/fleet_plan.h"
#include "cradle/study/study_config.h"
#include "cradle/toml/toml_reader.h"

namespace cradle::study {

/// Length of the period: as configured, or until the last job would end if none waited.
std::int64_t horizon_of(const StudyConfig& config, std::span<const workload::Job> jobs);

/// One line each for the report: who counts as late, and what a strategy does.
std::string service_note(const dispatch::ServiceRule& rule);
std::string strategy_note(const dispatch::Configuration& strategy);

/// As the record of a cap: each GPU model takes the curve that the catalogue has for it.
inline constexpr std::string_view each_model = "catalog";

/// A row with what its rules take from the catalogue, for one fleet.
struct Row {
  dispatch::Configuration configuration;
  std::vector<std::string> notes;  ///< curves used with their sources and bands, models without one
};
/// bad_input, with file and line: a record that is none, is no curve of power caps, stands for no GPU model of the
/// fleet, or does not reach the limit. Precondition: row_names holds the name.
Result<Row> row_of(const StudyConfig& config, std::string_view name, const FleetPlan& plan,
                   const catalog::Catalog& catalog);

/// The curve of power caps of a trace's GPU model at this work; null if the catalogue has none.
const catalog::AcceleratorCurve* cap_curve_of(const catalog::Catalog& catalog, std::string_view gpu_model,
                                              std::string_view work);
/// A point of a curve, taken at an end of its range.
dispatch::CapPoint cap_point(const catalog::CurvePoint& point, CurveEnd end);

/// Fills service, strategies, curves and shows_service; mistakes are kept in the document.
void read_strategies(TomlReader& root, StudyConfig& config);

}  // namespace cradle::study
