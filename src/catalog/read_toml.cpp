#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <variant>

#include "cradle/base/text.h"
#include "cradle/base/toml_text.h"
#include "fields.h"
#include "tables.h"

// toml++ 3.3 asserts on some malformed input ("[&"), and assumes the opposite when assertions are off. Its assertions
// become exceptions here, so that no file can bring the process down in either kind of build. The library is renamed
// because this variant of it must not be merged with another one in the same program.
namespace {
struct ParserAssertion {};
[[noreturn]] void assertion_failed() { throw ParserAssertion{}; }
}  // namespace
#undef NDEBUG
#define TOML_ASSERT(expr) (static_cast<bool>(expr) ? static_cast<void>(0) : assertion_failed())
#define toml toml_of_catalog
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 1
#include <toml++/toml.h>

namespace cradle::catalog {

namespace {

struct SyntaxError {
  std::uint64_t line;
  std::string text;
};

/// The table, or what is wrong with the text. No exception leaves this function.
std::variant<toml::table, SyntaxError> parse_toml(const SourceFile& file) {
  try {
    return toml::parse(file.text, file.name);
  } catch (const toml::parse_error& error) {
    return SyntaxError{error.source().begin.line, std::string(error.description())};
  } catch (const ParserAssertion&) {
  }
  // The parser does not say where. It reads from top to bottom: it is the first line without which it does not assert.
  std::vector<std::size_t> ends;
  for (std::size_t at = 0; at < file.text.size(); at = ends.back() + 1)
    ends.push_back(std::min(file.text.find('\n', at), file.text.size()));
  const auto passes = [&](std::size_t end) {
    try {
      (void)toml::parse(std::string_view(file.text).substr(0, end), file.name);
    } catch (const toml::parse_error&) {
    } catch (const ParserAssertion&) {
      return false;
    }
    return true;
  };
  const auto first = std::partition_point(ends.begin(), ends.end(), passes);
  return SyntaxError{static_cast<std::uint64_t>(first - ends.begin()) + 1, "malformed key or value"};
}

constexpr std::array<std::string_view, 9> number_keys = {"value", "low",   "high",    "unit", "source",
                                                         "year",  "scope", "licence", "note"};
constexpr std::array<std::string_view, 5> source_keys = {"text", "url", "year", "scope", "licence"};
constexpr std::array<std::string_view, 11> profile_keys = {
    "unit", "source", "year", "scope", "licence", "note", "mean", "spread", "hours_used", "hours_missing", "gaps"};
constexpr double highest_intensity = 5000;  // g/kWh: several times that of lignite

template <class Names>
std::vector<std::string> strings(const Names& names) {
  return {names.begin(), names.end()};
}

/// What a [sources.KEY] table says; a number that names it may override year, scope and licence.
struct SourceEntry {
  std::string text;
  std::optional<int> year;
  std::string scope;
  std::string licence;
};

/// One file being read: its sources, and the errors so far.
class FileReader {
 public:
  FileReader(const SourceFile& file, std::vector<Error>& errors) : file_(file), errors_(errors) {}

  void read(RecordTables& tables);

  std::string place(const toml::node& node) const {
    const auto line = node.source().begin.line;
    return line > 0 ? file_.name + ":" + std::to_string(line) : file_.name;
  }
  void fail(const toml::node& node, std::string message, std::string hint) {
    errors_.push_back(bad_input(std::move(message), place(node), std::move(hint)));
  }
  std::size_t error_count() const { return errors_.size(); }

  /// The text of a key, or nothing after an error. An absent key is no error here.
  std::optional<std::string> text(const toml::table& table, std::string_view key, const std::string& path) {
    const toml::node* node = table.get(key);
    if (!node) return std::nullopt;
    const auto* value = node->as_string();
    if (!value) {
      fail(*node, path + "." + std::string(key) + " must be a text", "put it in double quotes");
      return std::nullopt;
    }
    return value->get();
  }
  std::optional<double> number(const toml::table& table, std::string_view key, const std::string& path) {
    const toml::node* node = table.get(key);
    if (!node) return std::nullopt;
    return number(*node, path + "." + std::string(key));
  }
  std::optional<double> number(const toml::node& node, const std::string& path) {
    std::optional<double> value;
    if (const auto* real = node.as_floating_point()) value = real->get();
    if (const auto* whole = node.as_integer()) value = static_cast<double>(whole->get());
    if (!value) {
      fail(node, path + " must be a number", "write it without quotes, for example 12.5");
    } else if (!std::isfinite(*value)) {
      fail(node, path + " is not finite", "leave the field out if the number is not known");
      value.reset();
    }
    return value;
  }
  std::optional<std::int64_t> integer(const toml::table& table, std::string_view key, const std::string& path,
                                      std::int64_t low, std::int64_t high) {
    const toml::node* node = table.get(key);
    if (!node) return std::nullopt;
    const auto* whole = node->as_integer();
    if (!whole || whole->get() < low || whole->get() > high) {
      fail(*node,
           path + "." + std::string(key) + " must be a whole number between " + std::to_string(low) + " and " +
               std::to_string(high),
           "correct it");
      return std::nullopt;
    }
    return whole->get();
  }

  template <class Names>
  void refuse_unknown_keys(const toml::table& table, const Names& known, const std::string& path) {
    const std::vector<std::string> names = strings(known);
    for (const auto& [key, node] : table)
      if (std::find(names.begin(), names.end(), key.str()) == names.end())
        fail(node, "unknown field '" + std::string(key.str()) + "' in " + path, suggest(key.str(), names));
  }

  /// Source, year, scope and licence of `table`, or nothing after an error, here or in the [sources] table it names.
  std::optional<carbon::Provenance> provenance(const toml::table& table, const std::string& path);
  /// A factor into the stored unit; 0 after an error.
  double unit_factor(const toml::table& table, const Rule& rule, const std::string& path);

 private:
  bool parse_sources(const toml::table& root);

  const SourceFile& file_;
  std::vector<Error>& errors_;
  std::map<std::string, SourceEntry, std::less<>> sources_;
  std::vector<std::string> source_names_;
};

std::optional<carbon::Provenance> FileReader::provenance(const toml::table& table, const std::string& path) {
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

double FileReader::unit_factor(const toml::table& table, const Rule& rule, const std::string& path) {
  const std::size_t before = errors_.size();
  const auto name = text(table, "unit", path);
  if (errors_.size() != before) return 0;
  const std::vector<std::string> fitting = unit_names(rule.measure);
  if (!name) {
    fail(table, path + " has no unit", "add unit = \"" + std::string(rule.shown_unit) + "\"");
    return 0;
  }
  const toml::node& node = *table.get("unit");
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

bool FileReader::parse_sources(const toml::table& root) {
  const toml::node* node = root.get("sources");
  if (!node) return true;
  const toml::table* table = node->as_table();
  if (!table) {
    fail(*node, "sources must be tables", "write [sources.KEY] with text, year and licence");
    return false;
  }
  for (const auto& [key, value] : *table) {
    const std::string path = "sources." + std::string(key.str());
    const toml::table* fields = value.as_table();
    if (!fields) {
      fail(value, path + " must be a table", "write [" + path + "] with text, year and licence");
      continue;
    }
    refuse_unknown_keys(*fields, source_keys, path);
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
    source_names_.emplace_back(key.str());
    sources_.emplace(std::string(key.str()), std::move(entry));
  }
  return true;
}

/// Walks the fields of one record and fills them from its table.
class RecordReader {
 public:
  RecordReader(FileReader& file, const toml::table& table, std::string path)
      : file_(file), table_(table), path_(std::move(path)) {}

  void text(std::string_view key, std::string& out, Presence presence) {
    known_.emplace_back(key);
    const std::size_t before = file_.error_count();
    const auto value = file_.text(table_, key, path_);
    if (file_.error_count() != before) return;
    if (value) out = *value;
    if (presence == Presence::required && trim(out).empty()) absent(key, " = \"...\"");
  }

  void flag(std::string_view key, bool& out) {
    known_.emplace_back(key);
    const toml::node* node = table_.get(key);
    if (!node) return;
    if (const auto* value = node->as_boolean())
      out = value->get();
    else
      file_.fail(*node, path_ + "." + std::string(key) + " must be true or false", "write it without quotes");
  }

  void texts(std::string_view key, std::vector<std::string>& out) {
    known_.emplace_back(key);
    read_texts(table_, key, path_, out);
  }

  template <class Q>
  void number(std::string_view key, Coefficient<Q>& out, const Rule& rule) {
    std::optional<Coefficient<Q>> read;
    number(key, read, rule);
    if (read)
      out = std::move(*read);
    else if (!table_.get(key))
      absent(key, " = { value = ..., low = ..., high = ..., unit = \"" + std::string(rule.shown_unit) +
                      "\", source = \"...\", year = ..., scope = \"...\", licence = \"...\" }");
  }

  template <class Q>
  void number(std::string_view key, std::optional<Coefficient<Q>>& out, const Rule& rule) {
    known_.emplace_back(key);
    const toml::node* node = table_.get(key);
    if (!node) return;
    const std::string path = path_ + "." + std::string(key);
    carbon::Estimate<double> estimate;
    carbon::Provenance provenance;
    if (!read_number(*node, path, rule, estimate, provenance)) {
      whole_ = false;
      return;
    }
    out = Coefficient<Q>{{Q(estimate.value), Q(estimate.low), Q(estimate.high)},
                         std::move(provenance),
                         path,
                         std::string(rule.shown_unit)};
  }

  void profile(std::string_view key, std::optional<YearProfile>& out);

  /// A record whose `above` is less than its `below` contradicts itself, in its value as in either bound. Ranges may
  /// overlap: a card that idles high need not be one that peaks low.
  template <class Q>
  void not_below(std::string_view above, const Coefficient<Q>& a, std::string_view below, const Coefficient<Q>& b) {
    if (a.key.empty() || b.key.empty()) return;
    const char* wrong = a.value() < b.value()               ? "value"
                        : a.estimate.low < b.estimate.low   ? "low"
                        : a.estimate.high < b.estimate.high ? "high"
                                                            : nullptr;
    if (!wrong) return;
    file_.fail(*table_.get(above),
               path_ + "." + std::string(above) + "." + wrong + " is less than " + std::string(below) + "." + wrong,
               "correct one of the two");
  }

  void together(std::string_view a, bool has_a, std::string_view b, bool has_b) {
    if (has_a == has_b || table_.get(has_a ? b : a)) return;
    file_.fail(*table_.get(has_a ? a : b),
               path_ + " has '" + std::string(has_a ? a : b) + "' without '" + std::string(has_a ? b : a) + "'",
               "give both or neither");
  }

  /// True if every field that is there could be read.
  bool finish() {
    file_.refuse_unknown_keys(table_, known_, path_);
    return whole_;
  }

 private:
  void absent(std::string_view key, const std::string& form) {
    file_.fail(table_, path_ + " has no '" + std::string(key) + "'", "add " + std::string(key) + form);
  }

  void read_texts(const toml::table& table, std::string_view key, const std::string& path,
                  std::vector<std::string>& out) {
    const toml::node* node = table.get(key);
    if (!node) return;
    const toml::array* array = node->as_array();
    if (!array) {
      file_.fail(*node, path + "." + std::string(key) + " must be a list of texts", "write [\"...\", \"...\"]");
      return;
    }
    for (const toml::node& item : *array) {
      if (const auto* value = item.as_string())
        out.push_back(value->get());
      else
        file_.fail(item, path + "." + std::string(key) + " must hold texts only", "put each in double quotes");
    }
  }

  /// Reads { value, low, high, unit, source, ... } into the unit that records store. False after an error.
  bool read_number(const toml::node& node, const std::string& path, const Rule& rule,
                   carbon::Estimate<double>& estimate, carbon::Provenance& provenance);
  bool read_grid_table(const toml::table& table, std::string_view key, const std::string& path, double factor,
                       YearProfile::Table<carbon::GramsPerKilowattHour>& out);

  FileReader& file_;
  const toml::table& table_;
  std::string path_;
  std::vector<std::string> known_;
  bool whole_ = true;
};

bool RecordReader::read_number(const toml::node& node, const std::string& path, const Rule& rule,
                               carbon::Estimate<double>& estimate, carbon::Provenance& provenance) {
  const std::size_t before = file_.error_count();
  const toml::table* table = node.as_table();
  if (!table) {
    file_.fail(node, path + " is a bare " + (node.is_number() ? "number" : "value") + " without unit and source",
               "write { value = ..., low = ..., high = ..., unit = \"" + std::string(rule.shown_unit) +
                   "\", source = \"...\", year = ..., scope = \"...\", licence = \"...\" }");
    return false;
  }
  file_.refuse_unknown_keys(*table, number_keys, path);
  const auto value = file_.number(*table, "value", path);
  const auto low = file_.number(*table, "low", path);
  const auto high = file_.number(*table, "high", path);
  const double factor = file_.unit_factor(*table, rule, path);
  const auto source = file_.provenance(*table, path);
  if (!table->get("value")) file_.fail(*table, path + " has no value", "add value = ...");
  if (!rule.exact)
    for (const std::string_view bound : {"low", "high"})
      if (!table->get(bound))
        file_.fail(*table, path + " has no " + std::string(bound),
                   "add " + std::string(bound) + " = ...; equal to value only if the number is exact");
  if (file_.error_count() != before || !source) return false;

  estimate = {*value, low.value_or(*value), high.value_or(*value)};
  if (!(estimate.low <= estimate.value && estimate.value <= estimate.high)) {
    file_.fail(*table,
               path + " is out of order: low " + shortest(estimate.low) + ", value " + shortest(estimate.value) +
                   ", high " + shortest(estimate.high),
               "low <= value <= high must hold");
    return false;
  }
  const double shown = factor / find_unit(rule.shown_unit)->factor;
  const std::string unit = " " + std::string(rule.shown_unit);
  const std::string limits = (rule.lowest_excluded ? "it must be above " : "it must be at least ") +
                             shortest(rule.lowest) + " and at most " + shortest(rule.highest) + unit;
  const auto is = [&](double in_shown) { return path + " is " + shortest(in_shown) + unit; };
  for (const double number : {estimate.low, estimate.value, estimate.high}) {
    const double in_shown = number * shown;
    if (in_shown < rule.lowest || (rule.lowest_excluded && in_shown <= rule.lowest) || in_shown > rule.highest) {
      file_.fail(*table, is(in_shown), limits);
      return false;
    }
    if (rule.whole && number != std::floor(number)) {
      file_.fail(*table, path + " must be a whole number", "correct it");
      return false;
    }
  }
  estimate = estimate * factor;
  provenance = *source;
  return true;
}

bool RecordReader::read_grid_table(const toml::table& table, std::string_view key, const std::string& path,
                                   double factor, YearProfile::Table<carbon::GramsPerKilowattHour>& out) {
  const std::size_t before = file_.error_count();
  const std::string name = path + "." + std::string(key);
  const toml::node* node = table.get(key);
  const toml::array* months = node ? node->as_array() : nullptr;
  if (!months || months->size() != 12) {
    file_.fail(node ? *node : table, name + " must be a list of 12 months", "write 12 lists of 24 numbers each");
    return false;
  }
  for (std::size_t month = 0; month < 12; ++month) {
    const toml::array* hours = (*months)[month].as_array();
    if (!hours || hours->size() != 24) {
      file_.fail((*months)[month], name + " must have 24 hours in month " + std::to_string(month + 1),
                 "write 24 numbers, hour 0 (UTC) first");
      continue;
    }
    for (std::size_t hour = 0; hour < 24; ++hour) {
      const auto value = file_.number((*hours)[hour], name);
      if (!value) continue;
      const double intensity = *value * factor;
      if (intensity < 0 || intensity > highest_intensity)
        file_.fail((*hours)[hour], name + " is " + shortest(intensity) + " gCO2e/kWh",
                   "it must be between 0 and " + shortest(highest_intensity) + " gCO2e/kWh");
      out[month][hour] = carbon::GramsPerKilowattHour{intensity};
    }
  }
  return file_.error_count() == before;
}

void RecordReader::profile(std::string_view key, std::optional<YearProfile>& out) {
  known_.emplace_back(key);
  const toml::node* node = table_.get(key);
  if (!node) return;
  const std::size_t before = file_.error_count();
  const std::string path = path_ + "." + std::string(key);
  const toml::table* table = node->as_table();
  if (!table) {
    file_.fail(*node, path + " must be a table", "derive it with 'cradle catalog derive-grid ID FILE'");
    return;
  }
  file_.refuse_unknown_keys(*table, profile_keys, path);
  YearProfile profile;
  const double factor = file_.unit_factor(*table, rule::intensity, path);
  const auto source = file_.provenance(*table, path);
  if (source) profile.provenance = *source;
  constexpr std::int64_t most_hours = 100 * 8784;
  using Count = std::pair<std::string_view, std::int64_t*>;
  for (const auto& [name, value] :
       {Count{"hours_used", &profile.hours_used}, Count{"hours_missing", &profile.hours_missing}}) {
    if (const auto hours = file_.integer(*table, name, path, 0, most_hours))
      *value = *hours;
    else if (!table->get(name))
      file_.fail(*table, path + " has no " + std::string(name), "add it: how many hours of data it is from");
  }
  read_texts(*table, "gaps", path, profile.gaps);
  read_grid_table(*table, "mean", path, factor, profile.mean);
  read_grid_table(*table, "spread", path, factor, profile.spread);
  if (file_.error_count() == before && source)
    out = std::move(profile);
  else
    whole_ = false;
}

void FileReader::read(RecordTables& tables) {
  if (auto passed = check_toml_text(file_.text, file_.name); !passed) {
    errors_.push_back(std::move(passed).error());
    return;
  }
  const auto parsed = parse_toml(file_);
  if (const auto* error = std::get_if<SyntaxError>(&parsed)) {
    errors_.push_back(bad_input("not TOML: " + error->text, file_.name + ":" + std::to_string(error->line),
                                "correct the line; an id may be defined only once in a file"));
    return;
  }
  const toml::table& root = std::get<toml::table>(parsed);
  if (root.empty()) {
    errors_.push_back(bad_input("no record in the file", file_.name, "add one, for example [accelerator.my-gpu]"));
    return;
  }
  std::vector<std::string> kinds = {"sources"};
  for (const Kind kind : all_kinds) kinds.emplace_back(to_string(kind));
  refuse_unknown_keys(root, kinds, "the file");
  if (!parse_sources(root)) return;

  for_each_table(tables, [&](auto& records) {
    using R = typename std::remove_reference_t<decltype(records)>::value_type;
    const std::string kind = to_string(kind_of<R>);
    const toml::node* node = root.get(kind);
    if (!node) return;
    const toml::table* group = node->as_table();
    if (!group) {
      fail(*node, kind + " must be tables", "write [" + kind + ".ID] and its fields below");
      return;
    }
    for (const auto& [key, value] : *group) {
      const std::string path = kind + "." + std::string(key.str());
      const toml::table* fields = value.as_table();
      if (!is_id(key.str())) {
        fail(value, "'" + std::string(key.str()) + "' cannot be an id", "use letters, digits, '.', '_' and '-'");
        continue;
      }
      if (!fields) {
        fail(value, path + " must be a table", "write [" + path + "] and its fields below");
        continue;
      }
      const std::size_t before = errors_.size();
      R record;
      record.id = key.str();
      record.origin = place(*fields);
      RecordReader reader(*this, *fields, path);
      visit_record(reader, record);
      const bool whole = reader.finish();
      if (whole && errors_.size() == before) records.push_back(std::move(record));
    }
  });
}

}  // namespace

bool is_id(std::string_view id) {
  return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
}

void read_records(const SourceFile& file, RecordTables& tables, std::vector<Error>& errors) {
  const std::size_t first = errors.size();
  FileReader(file, errors).read(tables);
  // Records are read by kind; people correct a file from top to bottom.
  std::stable_sort(
      errors.begin() + static_cast<std::ptrdiff_t>(first), errors.end(), [&](const Error& a, const Error& b) {
        const auto line = [&](const Error& e) {
          return parse_integer(std::string_view(e.where).substr(std::min(e.where.size(), file.name.size() + 1)))
              .value_or(0);
        };
        return line(a) < line(b);
      });
}

}  // namespace cradle::catalog
