#include <algorithm>
#include <array>
#include <cmath>

#include "cradle/base/text.h"
#include "cradle/toml/toml_tree.h"
#include "curve_fields.h"
#include "file_reader.h"
#include "making_fields.h"
#include "tables.h"

namespace cradle::catalog {

namespace {

constexpr double highest_intensity = 5000;  // g/kWh: several times that of lignite

/// Walks the fields of one record and fills them from its table.
class RecordReader {
 public:
  RecordReader(FileReader& file, const TomlNode& table, std::string path)
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
    const TomlNode* node = table_.get(key);
    if (!node) return;
    if (const auto* value = node->as<bool>())
      out = *value;
    else
      file_.fail(*node, path_ + "." + std::string(key) + " must be true or false", "write it without quotes");
  }

  /// One word of a list: kept as it is, or as the enumerator of that index. False after an error.
  template <class T, std::size_t N>
  bool choice(std::string_view key, T& out, const std::array<std::string_view, N>& words) {
    const std::size_t before = file_.error_count();
    std::string word;
    text(key, word, Presence::required);
    if (file_.error_count() != before) return false;
    const auto at = std::find(words.begin(), words.end(), word);
    if (at == words.end()) {
      const std::vector<std::string> known(words.begin(), words.end());
      file_.fail(*table_.get(key), path_ + "." + std::string(key) + " has the unknown value '" + word + "'",
                 suggest(word, known));
      return false;
    }
    if constexpr (std::same_as<T, std::string>)
      out = word;
    else
      out = static_cast<T>(at - words.begin());
    return true;
  }
  /// A field that cannot be judged because of an error in another.
  void leave_out(std::string_view key) { known_.emplace_back(key); }

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
    const TomlNode* node = table_.get(key);
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

  void needs(std::string_view key, bool has, bool needed, std::string_view what) {
    if (needed && !has && !table_.get(key))
      file_.fail(table_, path_ + " has no '" + std::string(key) + "'",
                 "add " + std::string(key) + " = \"...\": it " + std::string(what));
  }

  /// A small whole number without unit: a fact of construction.
  void count(std::string_view key, int& out, int low, int high) {
    known_.emplace_back(key);
    if (const auto read = file_.integer(table_, key, path_, low, high))
      out = static_cast<int>(*read);
    else if (!table_.get(key))
      absent(key, " = N");
  }

  /// Where everything in the record comes from that does not say so itself.
  void origin(carbon::Provenance& out) {
    for (const char* key : {"source", "year", "scope", "licence"}) known_.emplace_back(key);
    if (auto read = file_.provenance(table_, path_)) out = *std::move(read);
  }

  void profiles(std::string_view key, Partitioning& out);
  void points(std::string_view key, AcceleratorCurve& out);

  /// True if every field that is there could be read.
  bool finish() {
    file_.refuse_unknown_keys(table_, known_, path_);
    return whole_;
  }

 private:
  void absent(std::string_view key, const std::string& form) {
    file_.fail(table_, path_ + " has no '" + std::string(key) + "'", "add " + std::string(key) + form);
  }

  void read_texts(const TomlNode& table, std::string_view key, const std::string& path, std::vector<std::string>& out) {
    const TomlNode* node = table.get(key);
    if (!node) return;
    const TomlNode::Array* array = node->as<TomlNode::Array>();
    if (!array) {
      file_.fail(*node, path + "." + std::string(key) + " must be a list of texts", "write [\"...\", \"...\"]");
      return;
    }
    for (const TomlNode& item : *array) {
      if (const auto* value = item.as<std::string>())
        out.push_back(*value);
      else
        file_.fail(item, path + "." + std::string(key) + " must hold texts only", "put each in double quotes");
    }
  }

  /// Reads { value, low, high, unit, source, ... } into the unit that records store. False after an error.
  bool read_number(const TomlNode& node, const std::string& path, const Rule& rule, carbon::Estimate<double>& estimate,
                   carbon::Provenance& provenance);
  bool read_grid_table(const TomlNode& table, std::string_view key, const std::string& path, double factor,
                       YearProfile::Table<carbon::GramsPerKilowattHour>& out);
  /// The tables of a list; nothing after an error.
  std::vector<const TomlNode*> tables_of(std::string_view key, std::string_view form);
  void read_profile(const TomlNode& table, const std::string& path, const Partitioning& rules, SliceProfile& out);
  void read_relative(const TomlNode& point, std::string_view key, const std::string& path, std::string coefficient,
                     const carbon::Provenance& from, Coefficient<double>& out);
  void check_points(const TomlNode& node, const AcceleratorCurve& curve);

  FileReader& file_;
  const TomlNode& table_;
  std::string path_;
  std::vector<std::string> known_;
  bool whole_ = true;
};

bool RecordReader::read_number(const TomlNode& node, const std::string& path, const Rule& rule,
                               carbon::Estimate<double>& estimate, carbon::Provenance& provenance) {
  const std::size_t before = file_.error_count();
  const TomlNode* table = node.table();
  if (!table) {
    file_.fail(node,
               path + " is a bare " + (node.as<double>() || node.as<std::int64_t>() ? "number" : "value") +
                   " without unit and source",
               "write { value = ..., low = ..., high = ..., unit = \"" + std::string(rule.shown_unit) +
                   "\", source = \"...\", year = ..., scope = \"...\", licence = \"...\" }");
    return false;
  }
  file_.refuse_unknown_keys(*table, {"value", "low", "high", "unit", "source", "year", "scope", "licence", "note"},
                            path);
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
  const std::string unit = rule.measure == Measure::ratio ? "" : " " + std::string(rule.shown_unit);
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

bool RecordReader::read_grid_table(const TomlNode& table, std::string_view key, const std::string& path, double factor,
                                   YearProfile::Table<carbon::GramsPerKilowattHour>& out) {
  const std::size_t before = file_.error_count();
  const std::string name = path + "." + std::string(key);
  const TomlNode* node = table.get(key);
  const TomlNode::Array* months = node ? node->as<TomlNode::Array>() : nullptr;
  if (!months || months->size() != 12) {
    file_.fail(node ? *node : table, name + " must be a list of 12 months", "write 12 lists of 24 numbers each");
    return false;
  }
  for (std::size_t month = 0; month < 12; ++month) {
    const TomlNode::Array* hours = (*months)[month].as<TomlNode::Array>();
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
  const TomlNode* node = table_.get(key);
  if (!node) return;
  const std::size_t before = file_.error_count();
  const std::string path = path_ + "." + std::string(key);
  const TomlNode* table = node->table();
  if (!table) {
    file_.fail(*node, path + " must be a table", "derive it with 'cradle catalog derive-grid ID FILE'");
    return;
  }
  file_.refuse_unknown_keys(
      *table,
      {"unit", "source", "year", "scope", "licence", "note", "mean", "spread", "hours_used", "hours_missing", "gaps"},
      path);
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

std::vector<const TomlNode*> RecordReader::tables_of(std::string_view key, std::string_view form) {
  known_.emplace_back(key);
  std::vector<const TomlNode*> found;
  const TomlNode* node = table_.get(key);
  const TomlNode::Array* array = node ? node->as<TomlNode::Array>() : nullptr;
  if (!array || array->empty()) {
    file_.fail(node ? *node : table_, path_ + " has no list '" + std::string(key) + "'", "write " + std::string(form));
    return found;
  }
  for (const TomlNode& item : *array) {
    if (item.table())
      found.push_back(&item);
    else
      file_.fail(item, path_ + "." + std::string(key) + " must hold tables", "write " + std::string(form));
  }
  return found;
}

void RecordReader::read_profile(const TomlNode& table, const std::string& path, const Partitioning& rules,
                                SliceProfile& out) {
  file_.refuse_unknown_keys(table, {"name", "compute", "memory", "starts", "at_most"}, path);
  out.name = file_.text(table, "name", path).value_or("");
  if (trim(out.name).empty()) file_.fail(table, path + " has no name", "add name = \"1g.10gb\"");
  for (const SliceProfile& other : rules.profiles)
    if (other.name == out.name)
      file_.fail(table, path + " repeats the profile '" + out.name + "'", "remove one of them");
  const auto whole = [&](std::string_view key, int low, int high) {
    const auto read = file_.integer(table, key, path, low, high);
    if (!read && !table.get(key))
      file_.fail(table, path + " has no " + std::string(key), "add " + std::string(key) + " = N");
    return static_cast<int>(read.value_or(low));
  };
  out.compute = whole("compute", 1, rules.compute_slices);
  out.memory = whole("memory", 1, rules.memory_slices);
  if (table.get("at_most")) out.at_most = whole("at_most", 0, rules.memory_slices);
  const TomlNode* starts = table.get("starts");
  const TomlNode::Array* list = starts ? starts->as<TomlNode::Array>() : nullptr;
  if (!list || list->empty()) {
    file_.fail(starts ? *starts : table, path + " has no list of starts", "write starts = [0, 2]");
    return;
  }
  for (const TomlNode& item : *list) {
    const auto* start = item.as<std::int64_t>();
    if (!start || *start < 0 || *start + out.memory > rules.memory_slices ||
        (!out.starts.empty() && *start <= out.starts.back())) {
      file_.fail(item, path + ".starts must rise, from 0 to memory_slices less its own memory", "correct them");
      return;
    }
    out.starts.push_back(static_cast<int>(*start));
  }
}

void RecordReader::profiles(std::string_view key, Partitioning& out) {
  for (const TomlNode* node : tables_of(key, "[[" + path_ + ".profiles]] with name, compute, memory and starts")) {
    SliceProfile profile;
    read_profile(*node, path_ + ".profiles", out, profile);
    out.profiles.push_back(std::move(profile));
  }
  if (out.accelerators.empty())
    file_.fail(table_, path_ + " names no accelerator", "add accelerators = [\"...\"]: those that divide like this");
}

void RecordReader::read_relative(const TomlNode& point, std::string_view key, const std::string& path,
                                 std::string coefficient, const carbon::Provenance& from, Coefficient<double>& out) {
  const std::size_t before = file_.error_count();
  const std::string name = path + "." + std::string(key);
  const TomlNode* node = point.get(key);
  if (!node || !node->table()) {
    file_.fail(node ? *node : point, path + " has no table '" + std::string(key) + "'",
               "write " + std::string(key) + " = { value = ..., low = ..., high = ... }");
    return;
  }
  file_.refuse_unknown_keys(*node, {"value", "low", "high", "source", "year", "scope", "licence", "note"}, name);
  const auto value = file_.number(*node, "value", name);
  const auto low = file_.number(*node, "low", name);
  const auto high = file_.number(*node, "high", name);
  out.provenance = from;
  out.provenance.note = file_.text(*node, "note", name).value_or("");
  if (node->get("source"))
    if (auto own = file_.provenance(*node, name)) out.provenance = *std::move(own);
  if (file_.error_count() != before) return;
  if (!value || !low || !high || !(0 <= *low && *low <= *value && *value <= *high && *high <= rule::relative.highest)) {
    file_.fail(*node, name + " must have value, low and high", "0 <= low <= value <= high <= 10 must hold");
    return;
  }
  out.estimate = {*value, *low, *high};
  out.key = std::move(coefficient);
  out.unit = rule::relative.shown_unit;
}

/// What interpolation and division by throughput need.
void RecordReader::check_points(const TomlNode& node, const AcceleratorCurve& curve) {
  const std::string path = path_ + ".points";
  for (std::size_t i = 0; i < curve.points.size(); ++i) {
    const CurvePoint& point = curve.points[i];
    if (i > 0 && !(point.at.value() > curve.points[i - 1].at.value()))
      return file_.fail(node, path + " are out of order", "'at' must rise from point to point");
    if (point.at.value() > 0 && !(point.throughput.estimate.low > 0))
      return file_.fail(node, path + " has a throughput of 0 at " + shortest(point.at.value()),
                        "it must be above 0 wherever at is, in its low bound too");
  }
  const CurvePoint& last = curve.points.back();
  if (curve.points.size() < 2 || last.at.value() != 1 || last.power.value() != 1 || last.throughput.value() != 1)
    return file_.fail(node, path + " must end at 1", "two points at least; the last has at, power and throughput 1");
  if (curve.curve == CurveKind::power_cap && curve.points.front().at.value() == 0)
    file_.fail(node, path + " has a power cap of 0", "start at the lowest limit that can be set");
}

void RecordReader::points(std::string_view key, AcceleratorCurve& out) {
  carbon::Provenance from;
  origin(from);
  from.note.clear();
  const std::size_t before = file_.error_count();
  const auto nodes = tables_of(key, "points = [{ at = 0.5, power = { ... }, throughput = { ... } }, ...]");
  for (const TomlNode* node : nodes) {
    const std::string number = std::to_string(out.points.size() + 1);
    const std::string path = path_ + ".points";
    file_.refuse_unknown_keys(*node, {"at", "power", "throughput"}, path);
    CurvePoint point;
    const auto at = file_.number(*node, "at", path);
    if (!at || *at < 0 || *at > 1) {
      file_.fail(*node, path + " needs 'at' from 0 to 1", "it is a share of the default limit, or of all slices");
      return;
    }
    point.at = {carbon::Estimate<double>::exact(*at), from, path_ + ".at_" + number, "ratio"};
    read_relative(*node, "power", path, path_ + ".power_" + number, from, point.power);
    read_relative(*node, "throughput", path, path_ + ".throughput_" + number, from, point.throughput);
    out.points.push_back(std::move(point));
  }
  if (file_.error_count() == before && !out.points.empty()) check_points(*table_.get(key), out);
  if (out.accelerators.empty())
    file_.fail(table_, path_ + " names no accelerator", "add accelerators = [\"...\"]: those that it stands for");
}

template <class R>
void read_kind(FileReader& file, const TomlNode& root, std::vector<R>& records) {
  const std::string kind = to_string(kind_of<R>);
  const TomlNode* group = root.get(kind);
  if (!group) return;
  if (!group->table()) {
    file.fail(*group, kind + " must be tables", "write [" + kind + ".ID] and its fields below");
    return;
  }
  for (const auto& [key, value] : group->members()) {
    const std::string path = kind + "." + key;
    if (!is_id(key)) {
      file.fail(value, "'" + key + "' cannot be an id", "use letters, digits, '.', '_' and '-'");
      continue;
    }
    if (!value.table()) {
      file.fail(value, path + " must be a table", "write [" + path + "] and its fields below");
      continue;
    }
    const std::size_t before = file.error_count();
    R record;
    record.id = key;
    record.origin = file.place(value);
    RecordReader reader(file, value, path);
    visit_record(reader, record);
    const bool whole = reader.finish();
    if (whole && file.error_count() == before) records.push_back(std::move(record));
  }
}

void read_all(const SourceFile& file, RecordTables& tables, std::vector<Error>& errors) {
  const auto parsed = parse_toml(file.text, file.name);
  if (!parsed) {
    errors.push_back(parsed.error());
    return;
  }
  const TomlNode& root = *parsed;
  if (root.members().empty()) {
    errors.push_back(bad_input("no record in the file", file.name, "add one, for example [accelerator.my-gpu]"));
    return;
  }
  FileReader reader(file, errors);
  std::vector<std::string> kinds = {"sources"};
  for (const Kind kind : all_kinds) kinds.emplace_back(to_string(kind));
  reader.refuse_unknown_keys(root, kinds, "the file");
  if (!reader.read_sources(root)) return;
  for_each_table(tables, [&](auto& records) { read_kind(reader, root, records); });
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
  read_all(file, tables, errors);
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
