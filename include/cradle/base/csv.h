// The one CSV reader: RFC 4180, strict, with the line of everything it refuses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"

namespace cradle {

/// One data row: its 1-based line in the file and its fields in the order of the columns asked for.
/// The views live as long as the text that was read, or until the next row when a field was quoted.
class CsvRow {
 public:
  CsvRow(std::string_view source, std::uint64_t line, std::span<const std::string_view> names,
         std::span<const std::string_view> fields)
      : source_(source), line_(line), names_(names), fields_(fields) {}

  std::uint64_t line() const { return line_; }
  std::string_view field(std::size_t column) const { return fields_[column]; }
  bool empty(std::size_t column) const { return fields_[column].empty(); }

  /// The field as a finite number in [low, high], or an error that names file, line and column.
  Result<double> number(std::size_t column, double low, double high) const;
  Result<std::int64_t> integer(std::size_t column, std::int64_t low, std::int64_t high) const;
  /// An error at this row, for a rule the caller checks itself.
  Error error(std::size_t column, std::string message, std::string hint) const;

 private:
  std::string_view source_;
  std::uint64_t line_;
  std::span<const std::string_view> names_;
  std::span<const std::string_view> fields_;
};

/// Whether a header alone is a file.
enum class NoRows { refuse, accept };

/// Reads `text` (a whole file; `source` names it in errors). The first line must hold every name in `columns`, in any
/// order and among others; a name ending in '?' is optional and reads as empty when the file lacks it. Calls `each`
/// for every data row. Errors: empty file, not UTF-8, NUL bytes, a missing or repeated column, a row with another
/// number of fields than the header, an unclosed quote, no data row unless that is accepted. CRLF and LF line ends are
/// both read; a last line without one is accepted only if it is whole (as many fields as the header). Returns the
/// number of data rows.
Result<std::uint64_t> read_csv(std::string_view text, std::string_view source,
                               std::span<const std::string_view> columns,
                               const std::function<Result<void>(const CsvRow&)>& each, NoRows no_rows = NoRows::refuse);

}  // namespace cradle
