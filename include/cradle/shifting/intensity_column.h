// One column of hourly intensities out of any CSV file, in the order of its rows, with empty cells bridged and named.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"

namespace cradle::shifting {

/// An hour that had no value in the file.
struct BridgedHour {
  std::size_t hour = 0;    ///< row, from 0
  std::uint64_t line = 0;  ///< in the file
};

struct IntensityColumn {
  std::string column;  ///< the one that was read
  std::vector<carbon::GramsPerKilowattHour> hours;
  std::vector<BridgedHour> bridged;  ///< in order
};

/// Reads the column `column`, one row an hour. If it is empty: carbon_intensity_avg (Electricity Maps), avg_CI (EIA
/// mixes), lca_g_per_kwh, the only column, or the second of two columns, whichever comes first.
/// Times are not looked at: this is the plain reading of the published protocols. An empty cell (in a file of one
/// column: a blank line before the last value) is bridged as
/// in the catalogue's hourly grids: up to 6 hours between two values on the straight line; longer or at an end, the
/// mean of the same hour on the nearest day with a value before and after, looked for 14 days far.
/// Errors: all of read_csv, a value that is negative, no number or above 1e6 g/kWh (with file and line), no column that
/// is known (the hint lists those that there are), no value at all, a gap that cannot be bridged.
Result<IntensityColumn> read_intensity_column(std::string_view text, std::string_view source,
                                              std::string_view column = {});

/// The hours [start, start + count) of a column, fewer where the file ends before.
/// bad_input: the start lies beyond the file, or a count of zero.
struct ColumnSlice {
  std::vector<carbon::GramsPerKilowattHour> hours;
  std::vector<std::string> notes;  ///< hours bridged within the slice
};
Result<ColumnSlice> slice(const IntensityColumn& column, std::string_view source, std::size_t start, std::size_t count);

}  // namespace cradle::shifting
