// Hourly grid data as published, with its defects found and named; and the typical year that is derived from it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/base/time.h"
#include "cradle/carbon/intensity.h"
#include "cradle/catalog/records.h"

namespace cradle::catalog {

enum class DefectKind {
  empty_cell,              ///< a field without a value: the hour is a gap
  missing_hour,            ///< no row for the hour: a gap
  duplicate_hour,          ///< a second row for an hour: the first one is kept
  out_of_order,            ///< a row earlier than the one before it: used, at its place in time
  negative_generation,     ///< a fuel with less than nothing: a gap
  collapsed_generation,    ///< total generation far below that of the days around it: a reporting gap
  inconsistent_intensity,  ///< the stated intensity is not that of the fuels: a gap
};
const char* to_string(DefectKind kind);

struct GridDefect {
  Instant instant;
  DefectKind kind;
  std::string text;  ///< what was found, with the line of the file where there is one
};

/// When data is a gap and how a gap is bridged.
struct GapRules {
  /// An hour whose total generation is below this fraction of the median over the 84 hours before and after it is a
  /// gap; 0 turns the test off.
  double collapse_fraction = 0.25;
  /// A gap of up to this many hours with data on both sides is filled on the straight line between its neighbours.
  int linear_hours = 6;
  /// Each hour of a longer gap, or of one at an end of the data, gets the mean of the same hour of the nearest day
  /// before and the nearest day after that have it (one of them where the other is missing), looked for this far.
  int neighbour_days = 14;
};

/// Generation of a group of fuels in one hour, and what it emitted.
struct Output {
  carbon::KilowattHours energy;
  carbon::GramsCO2e carbon;
};

/// Every hour from the first to the last of a file. A bridged hour has an intensity but no generation.
struct HourlyGrid {
  Instant start;
  std::vector<carbon::GramsPerKilowattHour> intensity;
  std::vector<carbon::KilowattHours> generation;  ///< total; empty if the source does not state it
  std::vector<bool> bridged;
  /// The same hours with the low and the high combustion factors of coal and gas; empty if there is no fuel mix.
  std::vector<carbon::GramsPerKilowattHour> low, high;
  /// What followed demand in each hour, and what of it was burnt; empty if there is no fuel mix.
  std::vector<Output> dispatched, burnt;
  std::vector<GridDefect> defects;  ///< by instant

  std::int64_t hours() const { return static_cast<std::int64_t>(intensity.size()); }
  std::int64_t hours_bridged() const;
  Instant at(std::size_t hour) const { return {start.ms + static_cast<std::int64_t>(hour) * ms_per_hour}; }

  /// Mean over the hours that were not bridged: of the hours, and weighted by generation. Precondition of the second:
  /// generation is stated.
  carbon::GramsPerKilowattHour observed_mean() const;
  carbon::GramsPerKilowattHour generation_weighted_mean() const;

  /// The data as a series that ends with it.
  Result<carbon::IntensitySeries> series(carbon::Signal signal) const;
};

/// Reads the hourly layout `timestamp,WND,SUN,WAT,OIL,NG,COL,NUC,OTH,avg_CI`: MWh by fuel (net generation of US
/// balancing areas, EIA form 930) and life-cycle g/kWh. avg_CI is checked against the fuels with the factors wind 11,
/// sun 41, water 24, oil 650, gas 490, coal 820, nuclear 12, other 230 g/kWh (Carbon Explorer, Acun et al., ASPLOS
/// 2023; mostly the medians of IPCC AR5 WG3 table A.III.2) to 0.1 g/kWh.
/// `source` names the text in errors. Errors: not CSV of this layout, a cell that is no number, a time that is no full
/// hour, more than 50 years, no usable hour, a gap that the rules cannot bridge.
Result<HourlyGrid> import_fuel_mix(std::string_view text, std::string_view source, const GapRules& rules = {});

/// Reads any CSV with a column of times and a column of intensities in g/kWh, hourly. Errors as above.
Result<HourlyGrid> import_intensity(std::string_view text, std::string_view source, std::string_view time_column,
                                    std::string_view value_column, const GapRules& rules = {});

/// Reads a file in the first layout if its header has the fuel columns; otherwise its first line must name exactly two
/// columns, times and g/kWh.
Result<HourlyGrid> import_hourly(std::string_view text, std::string_view source, const GapRules& rules = {});

/// Mean and population standard deviation by month and hour of the day (UTC) over the hours that were not bridged.
/// missing_data if any month and hour of the day has no such hour: a typical year needs a whole year.
Result<YearProfile> typical_year(const HourlyGrid& grid);

/// What one kWh more would emit: by regression, and how far the answer depends on what counts as following demand.
struct MarginalYear {
  YearProfile profile;  ///< mean: slope of the cell and its neighbours; spread: its standard error
  /// Slope over the whole year. Low and high: the lowest and the highest of it, of the slope of each month, of the
  /// slope over all generation (which counts sun and wind that come and go by themselves) and of the slope over burnt
  /// fuel alone (which holds where water is short: what it makes now it cannot make later).
  carbon::Estimate<carbon::GramsPerKilowattHour> mean;
};

/// Marginal intensity by the regression of hourly changes of emissions on hourly changes of generation (Hawkes, Energy
/// Policy 38, 2010; with intermittent and base-load sources left out as in Siler-Evans et al., Environ. Sci. Technol.
/// 46, 2012): what follows demand is gas, coal, oil, water and the rest, but not wind, sun and nuclear. A cell of month
/// and hour of the day takes the hours within 2 of it and the months beside its own, and stays within what the fuels
/// can emit. Curtailed sun and wind, and power from outside the area, are not in the data and not in the answer.
/// missing_data without a fuel mix, or where a cell has fewer than 30 changes or generation that never changes.
Result<MarginalYear> marginal_year(const HourlyGrid& grid);

/// What a derived record says about itself besides its numbers.
struct GridHeading {
  std::string id;
  std::string name;
  std::string region;
  carbon::Provenance provenance;
};

/// The heading of a record that exists, so that deriving it again gives its bytes again.
GridHeading heading_of(const Grid& grid);
/// The heading of a new record, from what the data itself says: the file, and the fuel mix if it has one. Its name,
/// region and licence are for the person who adds it to correct.
GridHeading new_heading(std::string_view id, std::string_view file, const HourlyGrid& grid);

/// The TOML file of a grid record with one typical year of average intensity, two decimals, and one of marginal
/// intensity where there is a fuel mix that allows it. The yearly mean is that of
/// the typical year; its bounds are the same mean with the low and high factors for coal (740, 910) and gas (410,
/// 650 g/kWh; IPCC AR5 WG3 table A.III.2), or the lowest and highest monthly mean where there is no fuel mix.
/// The same input gives the same bytes.
Result<std::string> grid_record_toml(const GridHeading& heading, const HourlyGrid& grid);

}  // namespace cradle::catalog
