#include "file_reader.h"

#include <algorithm>
#include <cmath>

#include "cradle/base/text.h"

namespace cradle::catalog {

std::string FileReader::place(const TomlNode& node) const {
  return node.line > 0 ? file_.name + ":" + std::to_string(node.line) : file_.name;
}

void FileReader::fail(const TomlNode& node, std::string message, std::string hint) {
  errors_.push_back(bad_input(std::move(message), place(node), std::move(hint)));
}

std::optional<std::string> FileReader::text(const TomlNode& table, std::string_view key, const std::string& path) {
  const TomlNode* node = table.get(key);
  if (!node) return std::nullopt;
  const auto* value = node->as<std::string>();
  if (!value) {
    fail(*node, path + "." + std::string(key) + " must be a text", "put it in double quotes");
    return std::nullopt;
  }
  return *value;
}

std::optional<double> FileReader::number(const TomlNode& table, std::string_view key, const std::string& path) {
  const TomlNode* node = table.get(key);
  if (!node) return std::nullopt;
  return number(*node, path + "." + std::string(key));
}

std::optional<double> FileReader::number(const TomlNode& node, const std::string& path) {
  std::optional<double> value;
  if (const auto* real = node.as<double>()) value = *real;
  if (const auto* whole = node.as<std::int64_t>()) value = static_cast<double>(*whole);
  if (!value) {
    fail(node, path + " must be a number", "write it without quotes, for example 12.5");
  } else if (!std::isfinite(*value)) {
    fail(node, path + " is not finite", "leave the field out if the number is not known");
    value.reset();
  }
  return value;
}

std::optional<std::int64_t> FileReader::integer(const TomlNode& table, std::string_view key, const std::string& path,
                                                std::int64_t low, std::int64_t high) {
  const TomlNode* node = table.get(key);
  if (!node) return std::nullopt;
  const auto* whole = node->as<std::int64_t>();
  if (!whole || *whole < low || *whole > high) {
    fail(*node,
         path + "." + std::string(key) + " must be a whole number between " + std::to_string(low) + " and " +
             std::to_string(high),
         "correct it");
    return std::nullopt;
  }
  return *whole;
}

void FileReader::refuse_unknown_keys(const TomlNode& table, const std::vector<std::string>& known,
                                     const std::string& path) {
  for (const auto& [key, node] : table.members())
    if (std::find(known.begin(), known.end(), key) == known.end())
      fail(node, "unknown field '" + key + "' in " + path, suggest(key, known));
}

std::optional<carbon::Provenance> FileReader::provenance(const TomlNode& table, const std::string& path) {
  const std::size_t before = errors_.size();
  carbon::Provenance result;
  const auto source = text(table, "source", path);
  const auto year = integer(table, "year", path, 1900, 2100);
  const auto scope = text(table, "scope", path);
  const auto licence = text(table, "licence", path);
  if (const auto note = text(table, "note", path)) result.note = *note;
  if (errors_.size() != before) return std::nullopt;

  if (!source || trim(*source).empty()) {
    fail(table, path + " has no source",
         "add source = \"...\": the publication, data sheet or repository that the number is from");
    return std::nullopt;
  }
  SourceEntry entry;
  if (const auto found = sources_.find(*source); found != sources_.end()) {
    entry = found->second;
  } else {
    entry.text = *source;
    if (const auto near = nearest(*source, source_names_); near && source->find(' ') == std::string::npos) {
      fail(table, path + " names the source '" + *source + "', which the file does not have",
           "did you mean '" + std::string(*near) + "'?");
      return std::nullopt;
    }
  }
  if (entry.text.empty()) return std::nullopt;
  result.source = entry.text;
  result.year = year ? static_cast<int>(*year) : entry.year.value_or(0);
  result.scope = scope.value_or(entry.scope);
  result.licence = licence.value_or(entry.licence);
  const auto missing = [&](std::string_view what, std::string_view hint) {
    fail(table, path + " has no " + std::string(what), "add " + std::string(hint) + " here or to its [sources] table");
  };
  if (result.year == 0) missing("year", "year = YYYY, when the source was published,");
  if (trim(result.scope).empty()) missing("scope", "scope = \"...\", what the number includes,");
  if (trim(result.licence).empty()) missing("licence", "licence = \"...\", that of the source,");
  if (errors_.size() != before) return std::nullopt;
  return result;
}

double FileReader::unit_factor(const TomlNode& table, const Rule& rule, const std::string& path) {
  const std::size_t before = errors_.size();
  const auto name = text(table, "unit", path);
  if (errors_.size() != before) return 0;
  const std::vector<std::string> fitting = unit_names(rule.measure);
  if (!name) {
    fail(table, path + " has no unit", "add unit = \"" + std::string(rule.shown_unit) + "\"");
    return 0;
  }
  const TomlNode& node = *table.get("unit");
  const Unit* unit = find_unit(*name);
  if (!unit) {
    // Near units of the right measure first: 'watt' is nearer to 'W' than to anything that would be wrong here.
    const std::vector<std::string> every = all_unit_names();
    const auto near = nearest(*name, every);
    const bool fits = near && std::find(fitting.begin(), fitting.end(), *near) != fitting.end();
    fail(node, "unknown unit '" + *name + "' of " + path,
         fits ? "did you mean '" + std::string(*near) + "'?" : suggest(*name, fitting));
    return 0;
  }
  if (unit->measure != rule.measure) {
    std::string hint = "use one of: ";
    for (std::size_t i = 0; i < fitting.size(); ++i) hint += (i ? ", " : "") + fitting[i];
    fail(node,
         "'" + *name + "' is a unit of " + std::string(describe(unit->measure)) + ", but " + path + " is " +
             std::string(describe(rule.measure)),
         hint);
    return 0;
  }
  return unit->factor;
}

bool FileReader::read_sources(const TomlNode& root) {
  const TomlNode* node = root.get("sources");
  if (!node) return true;
  const TomlNode* table = node->table();
  if (!table) {
    fail(*node, "sources must be tables", "write [sources.KEY] with text, year and licence");
    return false;
  }
  for (const auto& [key, value] : table->members()) {
    const std::string path = "sources." + key;
    const TomlNode* fields = value.table();
    if (!fields) {
      fail(value, path + " must be a table", "write [" + path + "] with text, year and licence");
      continue;
    }
    refuse_unknown_keys(*fields, {"text", "url", "year", "scope", "licence"}, path);
    SourceEntry entry;
    entry.text = text(*fields, "text", path).value_or("");
    if (trim(entry.text).empty()) {
      fail(*fields, path + " has no text", "add text = \"...\" that names the source");
      entry.text.clear();
    }
    if (const auto url = text(*fields, "url", path); url && !entry.text.empty()) entry.text += " <" + *url + ">";
    if (const auto year = integer(*fields, "year", path, 1900, 2100)) entry.year = static_cast<int>(*year);
    entry.scope = text(*fields, "scope", path).value_or("");
    entry.licence = text(*fields, "licence", path).value_or("");
    source_names_.push_back(key);
    sources_.emplace(key, std::move(entry));
  }
  return true;
}

}  // namespace cradle::catalog
