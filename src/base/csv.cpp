#include "cradle/base/csv.h"

#include <algorithm>
#include <deque>

#include "cradle/base/text.h"

namespace cradle {

namespace {

std::string place(std::string_view source, std::uint64_t line) {
  return std::string(source) + ":" + std::to_string(line);
}

std::string quoted(std::string_view field) {
  constexpr std::size_t longest = 60;
  return "'" + std::string(field.substr(0, longest)) + (field.size() > longest ? "...'" : "'");
}

/// Cuts one record off the front of `text`. Fields with quotes are unescaped into `storage`.
struct Splitter {
  std::string_view text;
  std::string_view source;
  std::size_t position = 0;
  std::uint64_t line = 1;  ///< line at which the next record starts
  std::deque<std::string> storage;

  bool done() const { return position >= text.size(); }

  Result<void> next(std::vector<std::string_view>& fields) {
    fields.clear();
    storage.clear();
    const std::uint64_t first_line = line;
    for (;;) {
      if (position < text.size() && text[position] == '"') {
        std::string& field = storage.emplace_back();
        ++position;
        for (;;) {
          const std::size_t quote = text.find('"', position);
          if (quote == std::string_view::npos)
            return bad_input("a quote is opened and never closed", place(source, first_line),
                             "close it; a file that was cut off is to be fetched again");
          field.append(text, position, quote - position);
          position = quote + 1;
          if (position < text.size() && text[position] == '"') {
            field += '"';
            ++position;
            continue;
          }
          break;
        }
        for (char c : field) line += c == '\n';
        if (position < text.size() && text[position] != ',' && text[position] != '\n' && text[position] != '\r')
          return bad_input("text after a closing quote", place(source, first_line), "double a quote inside quotes");
        fields.push_back(field);
      } else {
        const std::size_t end = std::min(text.find_first_of(",\n", position), text.size());
        std::string_view field = text.substr(position, end - position);
        if ((end == text.size() || text[end] == '\n') && field.ends_with('\r')) field.remove_suffix(1);
        fields.push_back(field);
        position = end;
      }
      if (position < text.size() && text[position] == '\r') ++position;
      if (position >= text.size()) return {};
      if (text[position] == '\n') {
        ++position;
        ++line;
        return {};
      }
      ++position;  // the comma
    }
  }
};

}  // namespace

Error CsvRow::error(std::size_t column, std::string message, std::string hint) const {
  return bad_input(std::string(names_[column]) + ": " + std::move(message), place(source_, line_), std::move(hint));
}

Result<double> CsvRow::number(std::size_t column, double low, double high) const {
  const auto value = parse_number(fields_[column]);
  if (!value) return error(column, "not a finite number: " + quoted(fields_[column]), "write a plain decimal number");
  if (*value < low || *value > high)
    return error(column, quoted(fields_[column]) + " is outside " + shortest(low) + " .. " + shortest(high),
                 "check the unit of this column");
  return *value;
}

Result<std::int64_t> CsvRow::integer(std::size_t column, std::int64_t low, std::int64_t high) const {
  const auto value = parse_integer(fields_[column]);
  if (!value) return error(column, "not a whole number: " + quoted(fields_[column]), "write a whole decimal number");
  if (*value < low || *value > high)
    return error(column, quoted(fields_[column]) + " is outside " + std::to_string(low) + " .. " + std::to_string(high),
                 "check the unit of this column");
  return *value;
}

Result<std::uint64_t> read_csv(std::string_view text, std::string_view source,
                               std::span<const std::string_view> columns,
                               const std::function<Result<void>(const CsvRow&)>& each, NoRows no_rows) {
  if (text.empty())
    return bad_input("the file is empty", std::string(source), "write a header and rows, or fetch the file again");
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (!is_utf8(text)) return bad_input("not UTF-8 text", std::string(source), "save the file as UTF-8");
  if (text.find('\0') != std::string_view::npos)
    return bad_input("holds NUL bytes", std::string(source), "this is not a text file: check the path");

  Splitter splitter{.text = text, .source = source, .storage = {}};
  std::vector<std::string_view> record;
  if (auto ok = splitter.next(record); !ok) return std::move(ok).error();
  const std::vector<std::string> header(record.begin(), record.end());

  constexpr std::size_t absent = static_cast<std::size_t>(-1);
  std::vector<std::size_t> position(columns.size(), absent);
  std::vector<std::string_view> names(columns.begin(), columns.end());
  for (std::size_t c = 0; c < columns.size(); ++c) {
    const bool optional = names[c].ends_with('?');
    if (optional) names[c].remove_suffix(1);
    for (std::size_t h = 0; h < header.size(); ++h) {
      if (header[h] != names[c]) continue;
      if (position[c] != absent)
        return bad_input("column '" + std::string(names[c]) + "' appears twice", place(source, 1),
                         "remove one of the two");
      position[c] = h;
    }
    if (position[c] == absent && !optional)
      return bad_input("no column '" + std::string(names[c]) + "'", place(source, 1), suggest(names[c], header));
  }

  std::uint64_t rows = 0;
  std::vector<std::string_view> fields(columns.size());
  while (!splitter.done()) {
    const std::uint64_t line = splitter.line;
    if (auto ok = splitter.next(record); !ok) return std::move(ok).error();
    if (record.size() == 1 && record[0].empty()) continue;  // a blank line
    if (record.size() != header.size())
      return bad_input(
          "has " + std::to_string(record.size()) + " fields, the header has " + std::to_string(header.size()),
          place(source, line),
          splitter.done() ? "the last line is cut: fetch the file again" : "check this line's commas");
    for (std::size_t c = 0; c < columns.size(); ++c)
      fields[c] = position[c] == absent ? std::string_view{} : record[position[c]];
    if (auto ok = each(CsvRow{source, line, names, fields}); !ok) return std::move(ok).error();
    ++rows;
  }
  if (rows == 0 && no_rows == NoRows::refuse)
    return bad_input("has a header but no rows", std::string(source), "write rows below it, or fetch the file again");
  return rows;
}

}  // namespace cradle
