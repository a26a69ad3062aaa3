// The one table printer: the same rows as aligned text, CSV, JSON or an HTML table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace cradle::report {

enum class Align { left, right };

/// Nothing (empty text, empty CSV field, JSON null), a text or a number. A number that is not finite counts as nothing.
using Cell = std::variant<std::monostate, std::string, double, std::int64_t>;

/// A named value beside the rows of a JSON document.
using Field = std::pair<std::string, Cell>;

/// Text cells may hold anything that people call a job: control characters and bytes that are not UTF-8 are shown as
/// U+FFFD in text and JSON; CSV keeps all bytes.
///
///     Table table;
///     table.column("policy", "policy").column("energy_kwh", "energy", Align::right, 1, "kWh");
///     table.row({"fgd", 1234.5});
class Table {
 public:
  static constexpr std::size_t default_width = 100;

  /// `key` names the column in CSV and JSON, `title` and `unit` head it in text. `decimals` are the digits after the
  /// point of a double in text; -1 prints six significant digits. CSV and JSON always carry the full precision.
  Table& column(std::string key, const std::string& title, Align align = Align::left, int decimals = -1,
                const std::string& unit = {});
  /// One cell for each column. Precondition: as many cells as columns.
  void row(std::vector<Cell> cells);

  std::size_t rows() const { return rows_.size(); }
  std::size_t columns() const { return columns_.size(); }

  /// Plain UTF-8 text without control sequences, every line ends in a newline: titles, units if any column has one, a
  /// rule, the rows. A table wider than `width` columns first wraps its titles, then cuts its longest text cells with
  /// an ellipsis; numbers are never cut, so that a table of many numbers may stay wider.
  std::string to_text(std::size_t width = default_width) const;
  /// RFC 4180 with a header line of keys and LF line ends.
  std::string to_csv() const;
  /// A JSON array of objects, one for each row, keys in column order.
  std::string to_json_rows() const;
  /// A <table> element: text escaped, digits grouped, right-aligned columns of class "n", units of class "u".
  std::string to_html() const;
  /// A whole JSON document: {"schema": schema, fields..., "rows": [...]} and a final newline.
  std::string to_json(std::string_view schema, const std::vector<Field>& fields = {}) const;

 private:
  struct Column {
    std::string key, title;
    Align align;
    int decimals;
    std::string unit;
  };
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

/// Columns that a text takes on a terminal: combining marks count 0, wide East Asian characters and emoji 2.
std::size_t display_width(std::string_view utf8);

/// The text as HTML text or attribute value: & < > " ' escaped, and only what `printable` lets through.
std::string html_escape(std::string_view text);

/// The text with control characters and malformed UTF-8 replaced by U+FFFD, so that it is safe to print.
std::string printable(std::string_view text);

}  // namespace cradle::report
