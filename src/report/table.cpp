#include "cradle/report/table.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <nlohmann/json.hpp>

#include "cradle/base/text.h"
#include "cradle/report/format.h"

namespace cradle::report {
namespace {

constexpr std::size_t gap = 2;             ///< spaces between columns
constexpr std::size_t narrowest_text = 8;  ///< text cells are not cut below this width
constexpr std::string_view replacement = "\xEF\xBF\xBD";
constexpr std::string_view ellipsis = "\xE2\x80\xA6";

struct Decoded {
  char32_t point;
  std::size_t length;  ///< bytes
};

/// The code point at the start of `text`, which is valid UTF-8 and not empty.
Decoded decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  char32_t point = lead & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) point = point << 6 | (byte(i) & 0x3FU);
  return {point, length};
}

/// Unicode Standard Annex 11, reduced to the blocks that job and user names are likely to hold.
std::size_t width_of(char32_t c) {
  const auto in = [c](char32_t low, char32_t high) { return c >= low && c <= high; };
  if (in(0x300, 0x36F) || in(0x1AB0, 0x1AFF) || in(0x1DC0, 0x1DFF) || in(0x200B, 0x200F) || in(0x20D0, 0x20FF) ||
      in(0xFE00, 0xFE0F) || in(0xFE20, 0xFE2F))
    return 0;
  if (in(0x1100, 0x115F) || in(0x2E80, 0x303E) || in(0x3041, 0x33FF) || in(0x3400, 0x4DBF) || in(0x4E00, 0x9FFF) ||
      in(0xA000, 0xA4CF) || in(0xAC00, 0xD7A3) || in(0xF900, 0xFAFF) || in(0xFE30, 0xFE4F) || in(0xFF00, 0xFF60) ||
      in(0xFFE0, 0xFFE6) || in(0x1F300, 0x1F64F) || in(0x1F680, 0x1F6FF) || in(0x1F900, 0x1F9FF) ||
      in(0x20000, 0x3FFFD))
    return 2;
  return 1;
}

/// The longest start of `text` that fits, with an ellipsis if something had to go.
std::string cut(const std::string& text, std::size_t width) {
  if (display_width(text) <= width) return text;
  std::string out;
  std::size_t used = 1;
  for (std::string_view rest = text; !rest.empty();) {
    const Decoded next = decode(rest);
    if (used + width_of(next.point) > width) break;
    used += width_of(next.point);
    out += rest.substr(0, next.length);
    rest.remove_prefix(next.length);
  }
  return out.append(ellipsis);
}

/// Words filled into lines of at most `width` columns; a longer word has a line of its own.
std::vector<std::string> wrap(std::string_view title, std::size_t width) {
  std::vector<std::string> lines;
  for (const std::string_view word : split(title, ' ')) {
    if (!lines.empty() && display_width(lines.back()) + 1 + display_width(word) <= width)
      lines.back().append(" ").append(word);
    else
      lines.emplace_back(word);
  }
  return lines;
}

std::size_t longest_word(std::string_view title) {
  std::size_t width = 0;
  for (const std::string_view word : split(title, ' ')) width = std::max(width, display_width(word));
  return width;
}

std::string text_of(const Cell& cell, int decimals) {
  if (const auto* text = std::get_if<std::string>(&cell)) return printable(*text);
  if (const auto* integer = std::get_if<std::int64_t>(&cell)) return std::to_string(*integer);
  if (const auto* number = std::get_if<double>(&cell)) {
    if (!std::isfinite(*number)) return "-";
    return decimals < 0 ? significant(*number, 6) : decimal(*number, decimals);
  }
  return "-";
}

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out += '"';
}

nlohmann::ordered_json json_of(const Cell& cell) {
  if (const auto* text = std::get_if<std::string>(&cell)) return *text;
  if (const auto* integer = std::get_if<std::int64_t>(&cell)) return *integer;
  if (const auto* number = std::get_if<double>(&cell); number && std::isfinite(*number)) return *number;
  return nullptr;
}

std::string dump(const nlohmann::ordered_json& json) {
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

void append_aligned(std::string& line, std::string_view text, std::size_t width, Align align, bool first) {
  if (!first) line.append(gap, ' ');
  const std::size_t pad = width - std::min(width, display_width(text));
  if (align == Align::right) line.append(pad, ' ');
  line += text;
  if (align == Align::left) line.append(pad, ' ');
}

void finish_line(std::string& out, std::string& line) {
  while (!line.empty() && line.back() == ' ') line.pop_back();
  out.append(line).append("\n");
  line.clear();
}

}  // namespace

std::size_t display_width(std::string_view utf8) {
  if (!is_utf8(utf8)) return display_width(printable(utf8));
  std::size_t width = 0;
  while (!utf8.empty()) {
    const Decoded next = decode(utf8);
    width += width_of(next.point);
    utf8.remove_prefix(next.length);
  }
  return width;
}

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    // A malformed sequence is replaced byte by byte: the longest valid code point is at most four bytes.
    std::size_t length = 1;
    while (length <= std::min<std::size_t>(4, text.size()) && !is_utf8(text.substr(0, length))) ++length;
    if (length > std::min<std::size_t>(4, text.size())) {
      out += replacement;
      text.remove_prefix(1);
      continue;
    }
    const char32_t point = decode(text).point;
    const bool control = point < 0x20 || (point >= 0x7F && point < 0xA0) || (point >= 0x202A && point <= 0x202E) ||
                         (point >= 0x2066 && point <= 0x2069);
    out += control ? replacement : text.substr(0, length);
    text.remove_prefix(length);
  }
  return out;
}

std::string html_escape(std::string_view text) {
  std::string out;
  for (const char c : printable(text)) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

Table& Table::column(std::string key, const std::string& title, Align align, int decimals, const std::string& unit) {
  assert(rows_.empty());
  columns_.push_back({std::move(key), printable(title), align, decimals, printable(unit)});
  return *this;
}

void Table::row(std::vector<Cell> cells) {
  assert(cells.size() == columns_.size());
  cells.resize(columns_.size());
  rows_.push_back(std::move(cells));
}

std::string Table::to_text(std::size_t width) const {
  std::vector<std::vector<std::string>> cells;
  cells.reserve(rows_.size());
  std::vector<std::size_t> data(columns_.size()), widths(columns_.size());
  std::vector<bool> cuttable(columns_.size());
  for (const auto& row : rows_) {
    auto& texts = cells.emplace_back();
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      texts.push_back(text_of(row[c], columns_[c].decimals));
      data[c] = std::max(data[c], display_width(texts.back()));
      cuttable[c] = cuttable[c] || std::holds_alternative<std::string>(row[c]);
    }
  }
  for (std::size_t c = 0; c < columns_.size(); ++c)
    widths[c] = std::max({data[c], display_width(columns_[c].title), display_width(columns_[c].unit)});

  const auto total = [&] {
    std::size_t sum = columns_.empty() ? 0 : gap * (columns_.size() - 1);
    for (const std::size_t w : widths) sum += w;
    return sum;
  };
  if (total() > width)
    for (std::size_t c = 0; c < columns_.size(); ++c)
      widths[c] = std::max({data[c], longest_word(columns_[c].title), display_width(columns_[c].unit)});
  while (total() > width) {
    std::size_t widest = columns_.size();
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      const std::size_t floor = std::max(narrowest_text, longest_word(columns_[c].title));
      if (cuttable[c] && widths[c] > floor && (widest == columns_.size() || widths[c] > widths[widest])) widest = c;
    }
    if (widest == columns_.size()) break;
    --widths[widest];
  }

  std::vector<std::vector<std::string>> titles;
  std::size_t title_lines = 0;
  bool any_unit = false;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    titles.push_back(wrap(columns_[c].title, widths[c]));
    title_lines = std::max(title_lines, titles.back().size());
    any_unit = any_unit || !columns_[c].unit.empty();
  }

  std::string out, line;
  for (std::size_t l = 0; l < title_lines; ++l) {
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      // Titles of fewer lines stand at the bottom, next to what they name.
      const std::size_t skipped = title_lines - titles[c].size();
      append_aligned(line, l < skipped ? "" : titles[c][l - skipped], widths[c], columns_[c].align, c == 0);
    }
    finish_line(out, line);
  }
  if (any_unit) {
    for (std::size_t c = 0; c < columns_.size(); ++c)
      append_aligned(line, columns_[c].unit, widths[c], columns_[c].align, c == 0);
    finish_line(out, line);
  }
  for (std::size_t c = 0; c < columns_.size(); ++c)
    append_aligned(line, std::string(widths[c], '-'), widths[c], columns_[c].align, c == 0);
  finish_line(out, line);
  for (const auto& row : cells) {
    for (std::size_t c = 0; c < columns_.size(); ++c)
      append_aligned(line, cuttable[c] ? cut(row[c], widths[c]) : row[c], widths[c], columns_[c].align, c == 0);
    finish_line(out, line);
  }
  return out;
}

std::string Table::to_html() const {
  const auto tag = [](const char* name, const Column& column) {
    return std::string("<") + name + (column.align == Align::right ? " class=\"n\">" : ">");
  };
  std::string out = "<table>\n<thead><tr>";
  for (const Column& column : columns_) {
    out += tag("th scope=\"col\"", column) + html_escape(column.title);
    if (!column.unit.empty()) out += " <span class=\"u\">" + html_escape(column.unit) + "</span>";
    out += "</th>";
  }
  out += "</tr></thead>\n<tbody>\n";
  for (const auto& row : rows_) {
    out += "<tr>";
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      const auto* number = std::get_if<double>(&row[c]);
      const auto* integer = std::get_if<std::int64_t>(&row[c]);
      out += tag("td", columns_[c]);
      if (number && columns_[c].decimals >= 0)
        out += html_escape(grouped(*number, columns_[c].decimals));
      else if (integer)
        out += grouped(static_cast<double>(*integer), 0);
      else
        out += html_escape(text_of(row[c], columns_[c].decimals));
      out += "</td>";
    }
    out += "</tr>\n";
  }
  return out += "</tbody>\n</table>\n";
}

std::string Table::to_csv() const {
  std::string out;
  for (std::size_t c = 0; c < columns_.size(); ++c) out.append(c ? "," : "").append(csv_field(columns_[c].key));
  out += '\n';
  for (const auto& row : rows_) {
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      if (c) out += ',';
      if (const auto* text = std::get_if<std::string>(&row[c])) {
        out += csv_field(*text);
      } else if (const auto* integer = std::get_if<std::int64_t>(&row[c])) {
        out += std::to_string(*integer);
      } else if (const auto* number = std::get_if<double>(&row[c]); number && std::isfinite(*number)) {
        out += shortest(*number);
      }
    }
    out += '\n';
  }
  return out;
}

namespace {
nlohmann::ordered_json rows_json(const std::vector<std::string>& keys, const std::vector<std::vector<Cell>>& rows) {
  auto array = nlohmann::ordered_json::array();
  for (const auto& row : rows) {
    auto object = nlohmann::ordered_json::object();
    for (std::size_t c = 0; c < keys.size(); ++c) object[keys[c]] = json_of(row[c]);
    array.push_back(std::move(object));
  }
  return array;
}
}  // namespace

std::string Table::to_json_rows() const {
  std::vector<std::string> keys;
  for (const auto& column : columns_) keys.push_back(column.key);
  return dump(rows_json(keys, rows_));
}

std::string Table::to_json(std::string_view schema, const std::vector<Field>& fields) const {
  std::vector<std::string> keys;
  for (const auto& column : columns_) keys.push_back(column.key);
  nlohmann::ordered_json document;
  document["schema"] = std::string(schema);
  for (const auto& [name, value] : fields) document[name] = json_of(value);
  document["rows"] = rows_json(keys, rows_);
  return dump(document) + "\n";
}

}  // namespace cradle::report
