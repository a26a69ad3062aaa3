#include <algorithm>
#include <array>
#include <map>

#include "cradle/base/file.h"
#include "cradle/base/text.h"
#include "cradle/published/three_d_carbon.h"
#include "three_d_tables.h"
#include "yaml_reader.h"

namespace cradle::published {
namespace {

using carbon::GramsPerKilowattHour;
using carbon::Joules;
using carbon::Seconds;
using carbon::SquareMillimetres;
using carbon::Watts;

constexpr double most = 1e300;
constexpr std::size_t most_entries = 1000;

/// Entries are read key by key; the first error is kept and everything after it reads as its fallback.
class EntryReader {
 public:
  EntryReader(const YamlNode& entry, const ThreeDSwitches& switches, std::optional<Error>& error)
      : entry_(entry), switches_(switches), error_(error) {}

  /// `key`, or the README's spelling of it where that is accepted.
  const YamlNode* find(std::string_view key, std::string_view readme = {}) {
    known_.push_back(std::string(key));
    if (const YamlNode* node = entry_.find(key)) return node;
    if (readme.empty() || !switches_.readme_keys) return nullptr;
    known_.push_back(std::string(readme));
    return entry_.find(readme);
  }

  double number(std::string_view key, double fallback, std::string_view readme = {}) {
    const YamlNode* node = find(key, readme);
    return node == nullptr ? fallback : number_of(*node, fallback);
  }
  double required_number(std::string_view key, std::string_view readme = {}) {
    const YamlNode* node = find(key, readme);
    if (node == nullptr) {
      missing(key);
      return 0;
    }
    return number_of(*node, 0);
  }
  std::string word(std::string_view key, std::string fallback) {
    const YamlNode* node = find(key);
    if (node == nullptr) return fallback;
    if (auto text = node->word()) return *text;
    fail(node->error("is no word", "give one"));
    return fallback;
  }
  /// What Python takes for true.
  bool truth(std::string_view key, bool fallback) {
    const YamlNode* node = find(key);
    if (node == nullptr) return fallback;
    if (node->is_null()) return false;
    if (!node->is_scalar()) return !node->items().empty() || !node->members().empty();
    if (node->quoted()) return !node->text().empty();
    const std::string text = to_lower(node->text());
    if (text == "false" || text == "no" || text == "off") return false;
    return node->as_number() != 0.0;
  }
  /// The index of a word in a table of names.
  template <class Table>
  std::size_t choice(std::string_view key, const Table& table, std::size_t fallback, std::string_view readme = {}) {
    const YamlNode* node = find(key, readme);
    if (node == nullptr) return fallback;
    std::vector<std::string> names;
    for (const auto& entry : table) {
      if (node->text() == entry.name) return names.size();
      names.emplace_back(entry.name);
    }
    fail(node->error("is '" + node->text() + "', which has no figures", suggest(node->text(), names)));
    return fallback;
  }
  /// The node in nm, in digits.
  int nanometres(std::string_view key, std::optional<int> fallback) {
    const YamlNode* node = find(key);
    if (node == nullptr) {
      if (!fallback) missing(key);
      return fallback.value_or(three_d_nodes[0]);
    }
    const auto nm = node->is_scalar() && !node->quoted() ? parse_integer(node->text()) : std::nullopt;
    if (nm && std::find(three_d_nodes.begin(), three_d_nodes.end(), *nm) != three_d_nodes.end())
      return static_cast<int>(*nm);
    fail(node->error("is '" + node->text() + "', a node without figures", "use 3, 5, 7, 8, 10, 12, 14, 20 or 28"));
    return fallback.value_or(three_d_nodes[0]);
  }

  void missing(std::string_view key) { fail(entry_.error("has no '" + std::string(key) + "'", "add it")); }
  void fail(Error error) {
    if (!error_) error_ = std::move(error);
  }
  /// Keys that nothing asked for.
  std::vector<std::string> ignored() const {
    std::vector<std::string> keys;
    for (const auto& [key, value] : entry_.members())
      if (std::find(known_.begin(), known_.end(), key) == known_.end()) keys.push_back(key);
    return keys;
  }

 private:
  double number_of(const YamlNode& node, double fallback) {
    // YAML 1.1, which the tool reads, wants a point and a sign: 3.9e+9. It takes 1e9 for a text.
    const std::string& text = node.text();
    const std::size_t exponent = text.find_first_of("eE");
    const bool as_text =
        exponent != std::string_view::npos && (text.find('.') > exponent || exponent + 1 >= text.size() ||
                                               (text[exponent + 1] != '+' && text[exponent + 1] != '-'));
    if (node.as_number() && as_text) {
      fail(node.error("is '" + text + "', which YAML 1.1 takes for a text", "write it as in 3.9e+9"));
      return fallback;
    }
    const auto value = node.number(0, most);
    if (value) return *value;
    fail(value.error());
    return fallback;
  }

  const YamlNode& entry_;
  const ThreeDSwitches& switches_;
  std::optional<Error>& error_;
  std::vector<std::string> known_;
};

ThreeDDie read_die(EntryReader& reader) {
  ThreeDDie die;
  die.name = reader.word("name", die.name);
  die.node = reader.nanometres("technode(nm)", {});
  die.gates = reader.number("gatenumber", 0, "gnumber");
  die.area = SquareMillimetres{reader.number("area(mm2)", 0)};
  die.layers = reader.number("layer", 0);
  die.layer_sensitive = reader.truth("layer_sensitive", true);
  die.ios = reader.number("IO_number", 0, "IO-number");
  die.number = reader.number("number", 1);
  die.feature_size = reader.number("feature_size", 0) != 0;
  return die;
}

struct Named {
  std::string_view name;
};

ThreeDUse read_use(EntryReader& reader) {
  constexpr double year = 365 * 3600 * 24;
  ThreeDUse use;
  use.power = Watts{reader.number("power(W)", 0)};
  use.energy = Joules{reader.number("energy(mJ)", 0) / 1000};
  use.delay = Seconds{reader.number("delay(s)", 0)};
  use.application = Seconds{reader.number("T_app(s)", use.delay.value(), "T-app(s)")};
  use.lifetime = Seconds{reader.number("T_exe(year)", 0.25) * year};
  reader.number("gamma", 0.98);
  // Looked at only where neither power nor energy is given.
  if (use.power.value() == 0 && use.energy.value() == 0)
    use.power_density = WattsPerSquareMillimetre{
        three_d_applications[reader.choice("application", three_d_applications, 0)].watts_per_mm2};
  else
    reader.find("application");
  return use;
}

ThreeDProduct read_product(const YamlNode& entry, EntryReader& reader, const ThreeDSwitches& switches,
                           std::optional<Error>& error, std::vector<std::string>& ignored) {
  static constexpr std::array<Named, 8> methods{{{"MCM"},
                                                 {"InFO_chip_first"},
                                                 {"InFO_chip_last"},
                                                 {"EMIB"},
                                                 {"Si_int"},
                                                 {"Micro_bumping"},
                                                 {"Hybrid_bonding"},
                                                 {"Monolithic_3D"}}};
  static constexpr std::array<Named, 2> stackings{{{"D2W"}, {"W2W"}}};
  static constexpr std::array<Named, 2> facings{{{"F2B"}, {"F2F"}}};
  ThreeDProduct product;
  product.name = reader.word("Product", product.name);
  if (entry.find("method") == nullptr) reader.missing("method");
  product.method = static_cast<ThreeDMethod>(reader.choice("method", methods, 0));
  const bool stack = product.method == ThreeDMethod::micro_bumping || product.method == ThreeDMethod::hybrid_bonding;
  product.making = GramsPerKilowattHour{
      three_d_grids[reader.choice("manufacturing_power_grid", three_d_grids, 0, "manufacturing-power-grid")]
          .grams_per_kwh};
  product.in_use = GramsPerKilowattHour{
      three_d_grids[reader.choice("use_power_grid", three_d_grids, 0, "use-power-grid")].grams_per_kwh};
  if (product.method == ThreeDMethod::monolithic)
    reader.find("stacking");
  else
    product.wafer_to_wafer = reader.choice("stacking", stackings, 0) == 1;
  if (stack)
    product.face_to_face = reader.choice("F2F_F2B", facings, 0, "F2F/F2B") == 1;
  else
    reader.find("F2F_F2B", "F2F/F2B");
  product.package_area = SquareMillimetres{reader.number("packagearea(mm2)", 0)};
  product.tested = reader.truth("test", false);
  if (reader.truth("design_exploration", false)) {
    product.use = read_use(reader);
  } else {
    for (const char* key : {"power(W)", "energy(mJ)", "delay(s)", "T_app(s)", "T_exe(year)", "gamma", "application"})
      reader.find(key);
  }
  const YamlNode* dies = reader.find("die_list");
  if (dies == nullptr || !dies->is_sequence() || dies->items().empty()) {
    reader.fail(dies ? dies->error("is no list of dies", "write '- technode(nm): 7' and more below it")
                     : entry.error("has no 'die_list'", "add it"));
    return product;
  }
  for (const YamlNode& item : dies->items()) {
    if (product.dies.size() == most_entries) reader.fail(item.error("is one die too many", "give fewer entries"));
    if (!item.is_mapping()) reader.fail(item.error("is no die", "write 'key: value' lines"));
    if (error) return product;
    EntryReader die(item, switches, error);
    product.dies.push_back(read_die(die));
    die.find("type");
    for (const std::string& key : die.ignored()) ignored.push_back(key);
  }
  return product;
}

ThreeDQuestion read_question(EntryReader& reader) {
  ThreeDQuestion question;
  question.name = reader.word("Product", question.name);
  question.die = read_die(reader);
  question.die.name = "die";
  question.die.number = 1;
  question.efficiency = reader.required_number("energy_efficiency", "energy-efficiency");
  question.bandwidth = reader.required_number("bandwidth-requirement");
  question.memory_node = reader.nanometres("memory-technode(nm)", question.memory_node);
  constexpr std::size_t taiwan = 3;
  question.making = GramsPerKilowattHour{
      three_d_grids[reader.choice("manufacturing_power_grid", three_d_grids, taiwan, "manufacturing-power-grid")]
          .grams_per_kwh};
  for (const char* key : {"memory(MB)", "throughput", "type"}) reader.find(key);
  return question;
}

bool is_question(const YamlNode& entry) {
  return entry.find("die_list") == nullptr && entry.find("method") == nullptr &&
         (entry.find("bandwidth-requirement") != nullptr || entry.find("energy_efficiency") != nullptr ||
          entry.find("energy-efficiency") != nullptr);
}

/// Names tell rows apart: a second "None" becomes "None 2".
void number_repeats(std::string& name, std::map<std::string, int>& seen) {
  const int times = ++seen[name];
  if (times > 1) name += " " + std::to_string(times);
}

}  // namespace

Result<ThreeDInput> parse_three_d(std::string_view text, const std::string& source, const ThreeDSwitches& switches) {
  ThreeDInput input;
  auto root = YamlNode::parse(text, source);
  if (!root) {
    // One of the tool's own files states a key twice; the last one counts.
    auto lenient = YamlNode::parse(text, source, RepeatedKeys::last_counts);
    if (!lenient) return lenient.error();
    input.notes.push_back(root.error().where + " " + root.error().message + ": the last one counts");
    root = std::move(lenient);
  }
  if (!root->is_sequence() || root->items().empty())
    return root->error("is no list of entries", "begin each entry with '- '");
  if (root->items().size() > most_entries) return root->error("has too many entries", "split the file");

  std::optional<Error> error;
  std::vector<std::string> ignored;
  std::map<std::string, int> seen;
  for (const YamlNode& entry : root->items()) {
    if (!entry.is_mapping()) return entry.error("is no entry", "write 'key: value' lines");
    EntryReader reader(entry, switches, error);
    if (is_question(entry)) {
      input.questions.push_back(read_question(reader));
      number_repeats(input.questions.back().name, seen);
    } else {
      input.products.push_back(read_product(entry, reader, switches, error, ignored));
      number_repeats(input.products.back().name, seen);
      std::map<std::string, int> dies;
      for (ThreeDDie& die : input.products.back().dies) number_repeats(die.name, dies);
    }
    if (error) return *error;
    for (const std::string& key : reader.ignored()) ignored.push_back(key);
  }
  if (!input.products.empty() && !input.questions.empty())
    return root->error("mixes entries to estimate with entries to explore", "give each kind its own file");
  std::sort(ignored.begin(), ignored.end());
  ignored.erase(std::unique(ignored.begin(), ignored.end()), ignored.end());
  for (const std::string& key : ignored) input.notes.push_back("key without influence: " + key);
  return input;
}

Result<ThreeDInput> read_three_d(const std::filesystem::path& path, const ThreeDSwitches& switches) {
  constexpr std::uint64_t largest = 16 << 20;
  const auto text = read_file(path, largest);
  if (!text) return text.error();
  return parse_three_d(*text, path.string(), switches);
}

}  // namespace cradle::published
