// The actions of `cradle shift`, one file each, and what they share.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"
#include "cradle/workload/job.h"
#include "shift_options.h"

namespace cradle::cli {

int run_shift_jobs(const ShiftVerbOptions& options, const Common& common);

/// "90m", "6h", "1.5d", "30s" as milliseconds; bad_input names the option.
Result<std::int64_t> parse_wait(const std::string& text, const std::string& option);
/// The trace in the layout that its header says: PAI or openb.
Result<workload::Workload> read_jobs(const std::filesystem::path& file);

/// Hourly intensities: up to a day before the options' start hour, which forecasts know, and `hours` from it on, fewer
/// where the file ends. The typical year of a grid of the catalogue goes on for ever.
struct HourlyIntensity {
  std::vector<carbon::GramsPerKilowattHour> hours;
  std::size_t history = 0;  ///< hours before the start hour
  std::string what;         ///< for people: the grid's name, or the file and its column
  std::vector<std::string> notes;
};
Result<HourlyIntensity> hourly_intensity(const ShiftVerbOptions& options, const Common& common, std::size_t hours);

}  // namespace cradle::cli
