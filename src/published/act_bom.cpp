// ACT's bill of materials, read from YAML 1.1 into the parts that act.h names.
#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "cradle/base/file.h"
#include "cradle/base/text.h"
#include "cradle/published/act.h"
#include "units.h"
#include "yaml_reader.h"

namespace cradle::published {
namespace {

constexpr std::array<std::string_view, 5> model_names = {"logic", "dram", "flash", "hdd", "manual"};
constexpr std::array<std::string_view, 3> sections = {"silicon", "passives", "materials"};

bool only(std::string_view text, std::string_view characters) {
  return !text.empty() && text.find_first_not_of(characters) == std::string_view::npos;
}

/// An integer as YAML 1.1 writes it: 1_000, 0x5F, octal 010, sexagesimal 1:30.
std::optional<double> yaml_integer(std::string_view text) {
  double sign = 1;
  if (text.starts_with('-') || text.starts_with('+')) {
    sign = text.front() == '-' ? -1 : 1;
    text.remove_prefix(1);
  }
  if (text.empty() || text.front() == '_' || text.size() > 40) return std::nullopt;
  std::string digits;
  std::copy_if(text.begin(), text.end(), std::back_inserter(digits), [](char c) { return c != '_'; });
  double base = 10;
  std::string_view rest = digits;
  std::string_view allowed = "0123456789";
  if (rest.starts_with("0x")) {
    base = 16;
    allowed = "0123456789abcdefABCDEF";
    rest.remove_prefix(2);
  } else if (rest.size() > 1 && rest.front() == '0' && only(rest, "01234567")) {
    base = 8;
  } else if (rest.size() > 1 && rest.front() == '0') {
    return std::nullopt;
  } else if (rest.find(':') != std::string_view::npos) {
    double value = 0;
    for (const std::string_view part : split(rest, ':')) {
      const auto number = parse_integer(part);
      if (!number || *number < 0 || (part.data() != rest.data() && *number > 59)) return std::nullopt;
      value = value * 60 + static_cast<double>(*number);
    }
    return sign * value;
  }
  if (!only(rest, allowed)) return std::nullopt;
  double value = 0;
  for (const char c : rest) {
    const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    value = value * base + digit;
  }
  return sign * value;
}

/// A float as YAML 1.1 writes it: a point is needed, and an exponent needs its sign; 9e-1 and 9.0e1 are texts.
std::optional<double> yaml_float(std::string_view text) {
  std::string digits;
  std::copy_if(text.begin(), text.end(), std::back_inserter(digits), [](char c) { return c != '_'; });
  if (digits.starts_with('+')) digits.erase(0, 1);
  if (digits.find('.') == std::string::npos) return std::nullopt;
  const auto exponent = digits.find_first_of("eE");
  if (exponent != std::string::npos && digits.find_first_of("+-", exponent) != exponent + 1) return std::nullopt;
  if (exponent != std::string::npos && digits[exponent + 1] == '+') digits.erase(exponent + 1, 1);
  return parse_number(digits);
}

/// One item of a section: its fields by name, the first error kept.
class Item {
 public:
  Item(const YamlNode& node, const ActSwitches& switches, std::vector<std::string> keys)
      : node_(node), switches_(switches) {
    if (!node.is_mapping()) fail(node.error("is no map of fields", "write the part's fields below its name"));
    for (const auto& [key, value] : node.members())
      if (std::find(keys.begin(), keys.end(), key) == keys.end())
        fail(value.error("is no field of this kind of part", suggest(key, keys)));
  }

  bool has(std::string_view key) const { return node_.find(key) != nullptr; }
  std::string text(std::string_view key, std::string fallback) {
    const YamlNode* node = node_.find(key);
    if (node == nullptr) return fallback;
    const auto word = node->word();
    if (!word) fail(word.error());
    return word ? *word : fallback;
  }
  /// A number of at least 0. `whole` tells whether it was written as an integer.
  std::optional<double> number(std::string_view key, bool* whole = nullptr) {
    const YamlNode* node = node_.find(key);
    if (node == nullptr) return std::nullopt;
    std::optional<double> value;
    if (node->is_scalar() && !node->quoted()) {
      value = yaml_integer(node->text());
      if (whole != nullptr) *whole = value.has_value();
      if (!value) value = yaml_float(node->text());
    }
    if (!value) {
      fail(node->error("is no number", "write a plain number such as 4 or 0.875, without quotes"));
    } else if (*value < 0 || *value > 1e12) {
      fail(node->error("is " + shortest(*value), "give a number from 0 to 1e12"));
      value.reset();
    }
    return value;
  }
  /// A quantity of at least 0 in coherent units.
  std::optional<double> measure(std::string_view key, const UnitPowers& powers, std::string_view expected) {
    const YamlNode* node = node_.find(key);
    if (node == nullptr) return std::nullopt;
    if (!node->is_scalar()) {
      fail(node->error("has no value", "write it as " + std::string(expected)));
      return std::nullopt;
    }
    const auto value = parse_measure(node->text(), powers, expected, node->where(), {switches_.squared_prefixes});
    if (!value) {
      fail(value.error());
      return std::nullopt;
    }
    return checked(*node, *value);
  }
  /// Capacity in bytes. ACT takes any text without a dimension as bits, and nothing as one bit.
  std::optional<double> capacity() {
    constexpr std::string_view expected = "a capacity, such as 64 GB";
    const YamlNode* node = node_.find("capacity");
    if (node == nullptr) return std::nullopt;
    if (!switches_.data_capacity) {
      if (node->is_null()) return 1.0 / 8;
      if (node->is_scalar() && !parse_number(trim(node->text()))) {
        const auto any = parse_measure(node->text(), node->where());
        if (any && any->powers == plain_number) return checked(*node, any->value / 8);
      }
    }
    return measure("capacity", data_unit, expected);
  }

  void fail(Error error) {
    if (!error_) error_ = std::move(error);
  }
  void fail(std::string_view key, std::string_view message, std::string hint) {
    const YamlNode* node = node_.find(key);
    fail((node == nullptr ? node_ : *node).error(message, std::move(hint)));
  }
  const std::optional<Error>& error() const { return error_; }

 private:
  std::optional<double> checked(const YamlNode& node, double value) {
    constexpr double most = 1e21;
    if (value >= 0 && value <= most) return value;
    fail(node.error(value < 0 ? "is negative" : "is out of range", "give a value of 0 or more"));
    return std::nullopt;
  }

  const YamlNode& node_;
  const ActSwitches& switches_;
  std::optional<Error> error_;
};

std::string one_of(std::string_view word, std::span<const std::string_view> choices) {
  return suggest(word, std::vector<std::string>(choices.begin(), choices.end()));
}

constexpr std::string_view an_area = "an area, such as 10 mm2";
constexpr std::string_view a_mass = "a mass, such as 0.5 kg";

Result<ActSilicon> read_silicon(const std::string& name, const YamlNode& node, const ActSwitches& switches) {
  ActSilicon part;
  part.name = name;
  part.where = node.where();
  Item item(node, switches,
            {"model", "area", "capacity", "n_ics", "process", "carbon", "ctype", "fab_yield", "fab_ci", "gpa"});
  const std::string model = item.text("model", "logic");
  const auto known = std::find(model_names.begin(), model_names.end(), model);
  if (known == model_names.end()) item.fail("model", "is an unknown model", one_of(model, model_names));
  part.model = static_cast<ActModel>(known - model_names.begin());
  part.area = carbon::SquareMillimetres{item.measure("area", area_unit, an_area).value_or(0)};
  part.capacity = carbon::Bytes{item.capacity().value_or(0)};
  part.packages = item.number("n_ics").value_or(0);
  part.process = item.text("process", "");
  if (const auto mass = item.measure("carbon", mass_unit, a_mass)) part.carbon = carbon::GramsCO2e{*mass};
  part.fab_grid = item.text("fab_ci", part.fab_grid);
  const double abatement = item.number("gpa").value_or(97);
  if (abatement != 95 && abatement != 97 && abatement != 99)
    item.fail("gpa", "is no abatement that ACT knows", "use 95, 97 or 99");
  else
    part.abatement = static_cast<int>(abatement);

  bool whole = false;
  part.yield = item.number("fab_yield", &whole);
  if (part.yield && (*part.yield <= 0 || *part.yield > 1))
    item.fail("fab_yield", "is outside its range", "a yield is greater than 0 and at most 1");
  const bool storage = part.model == ActModel::dram || part.model == ActModel::flash || part.model == ActModel::hdd;
  if (part.yield && whole && storage && !switches.whole_number_yield)
    item.fail("fab_yield", "is an integer, which ACT as published refuses for memory and storage",
              "write 1.0, or use --corrected");

  if (const YamlNode* category = node.find("ctype")) {
    const auto number = category->quoted() ? std::nullopt : yaml_integer(category->text());
    int found =
        number && *number >= 1 && *number <= 9 && *number == std::floor(*number) ? static_cast<int>(*number) : 0;
    for (int i = 1; i <= 9 && switches.category_names; ++i)
      if (cradle::published::name(static_cast<ActCategory>(i)) == category->text()) found = i;
    if (found == 0) item.fail("ctype", "is no category", "use a number from 1 to 9 (4 is FABRICATION, 6 is PCB)");
    if (found != 0) part.category = static_cast<ActCategory>(found);
  }
  if (part.model != ActModel::manual) part.category = ActCategory::fabrication;
  if (item.error()) return *item.error();
  return part;
}

Result<ActPassive> read_passive(const std::string& name, const YamlNode& node) {
  constexpr std::array<std::string_view, 3> categories = {"capacitor", "resistor", "signal bead"};
  ActPassive part;
  part.name = name;
  part.where = node.where();
  const ActSwitches as_published;
  Item item(node, as_published, {"category", "type", "quantity", "weight", "fab_ci", "area", "capacity", "layers"});
  part.category = item.text("category", "");
  if (std::find(categories.begin(), categories.end(), part.category) == categories.end())
    item.fail("category", part.category.empty() ? "has no category" : "is an unknown category",
              one_of(part.category, categories));
  part.type = item.text("type", part.type);
  part.quantity = item.number("quantity");
  if (const auto grams = item.measure("weight", mass_unit, a_mass)) part.weight = Kilograms{*grams / 1e3};
  part.fab_grid = item.text("fab_ci", part.fab_grid);
  if (item.error()) return *item.error();
  return part;
}

Result<ActMaterial> read_material(const std::string& name, const YamlNode& node, const ActSwitches& switches) {
  constexpr std::array<std::string_view, 4> categories = {"frame", "enclosure", "pcb", "battery"};
  ActMaterial part;
  part.name = name;
  part.where = node.where();
  Item item(node, switches, {"category", "type", "quantity", "weight", "area", "layers", "capacity", "fab_ci"});
  part.category = item.text("category", "");
  if (std::find(categories.begin(), categories.end(), part.category) == categories.end())
    item.fail("category", part.category.empty() ? "has no category" : "is an unknown category",
              one_of(part.category, categories));
  part.type = item.text("type", "");
  if (part.type == "na") part.type.clear();
  if (switches.material_names && (part.type == "aluminium" || part.type == "aluminum")) part.type = "alumnimum";
  if (part.type == "LFP" && !(switches.material_names && part.category == "battery"))
    item.fail("type", "is no material, though ACT has a figure for LFP batteries", "leave it out, or use --corrected");
  part.quantity = item.number("quantity").value_or(1);
  part.weight = Kilograms{item.measure("weight", mass_unit, a_mass).value_or(0) / 1e3};
  part.area = carbon::SquareMillimetres{item.measure("area", area_unit, an_area).value_or(0)};
  part.layers = item.number("layers");
  if (part.layers && *part.layers <= 0) item.fail("layers", "is 0", "a board has at least one layer");
  if (part.category == "battery")
    part.capacity = carbon::Joules{item.measure("capacity", energy_unit, "an energy, such as 5000 mWh").value_or(0)};
  if (item.error()) return *item.error();
  return part;
}

/// Fills a bill. A part of a name that is there takes that part's place, as an import may do.
class Builder {
 public:
  Builder(const ActSwitches& switches, ActBom& bom) : switches_(switches), bom_(bom) {}

  Result<void> add(const YamlNode& section, std::string_view kind, const std::string& prefix) {
    if (section.is_null()) return {};
    if (!section.is_mapping()) return section.error("is no map of parts", "write each part's name, then its fields");
    for (const auto& [key, node] : section.members()) {
      const std::string name = prefix + key;
      Result<void> done = kind == "silicon"    ? put(read_silicon(name, node, switches_), bom_.silicon, places_[0])
                          : kind == "passives" ? put(read_passive(name, node), bom_.passives, places_[1])
                                               : put(read_material(name, node, switches_), bom_.materials, places_[2]);
      if (!done) return done;
    }
    return {};
  }

  Result<void> add_import(const std::string& alias, const YamlNode& name, const std::string& source,
                          const ActImport& import) {
    const auto file = name.word();
    if (!file) return file.error();
    const auto text = import(*file);
    if (!text) return text.error();
    const auto slash = source.rfind('/');
    const auto document =
        YamlNode::parse(*text, slash == std::string::npos ? *file : source.substr(0, slash + 1) + *file);
    if (!document) return document.error();
    if (!document->is_mapping())
      return document->error("is no bill of materials", "write silicon:, passives: or materials:");
    for (const std::string_view kind : sections) {
      const YamlNode* section = document->find(kind);
      if (section == nullptr) continue;
      if (section->is_null() && !switches_.empty_imported_section)
        return section->error("is empty, which ACT as published refuses in an imported file",
                              "remove the key, or use --corrected");
      if (auto ok = add(*section, kind, alias + "."); !ok) return ok;
    }
    if (document->find("imports") != nullptr)
      bom_.notes.push_back("the imports of '" + *file + "' are ignored: ACT follows one level");
    return {};
  }

 private:
  using Places = std::unordered_map<std::string, std::size_t>;

  template <class Part>
  static Result<void> put(Result<Part> part, std::vector<Part>& parts, Places& places) {
    if (!part) return part.error();
    const auto [place, fresh] = places.emplace(part->name, parts.size());
    if (fresh)
      parts.push_back(std::move(*part));
    else
      parts[place->second] = std::move(*part);
    return {};
  }

  const ActSwitches& switches_;
  ActBom& bom_;
  std::array<Places, 3> places_;
};

}  // namespace

Result<ActBom> parse_act_bom(std::string_view text, const std::string& source, const ActSwitches& switches,
                             const ActImport& import) {
  const auto document = YamlNode::parse(text, source);
  if (!document) return document.error();
  if (!document->is_mapping())
    return document->error("is no bill of materials", "write silicon:, passives: or materials: and parts below them");
  const std::vector<std::string> keys = {"name", "owner", "description", "silicon", "passives", "materials", "imports"};
  ActBom bom;
  for (const auto& [key, node] : document->members())
    if (std::find(keys.begin(), keys.end(), key) == keys.end())
      return node.error("is no section of a bill of materials", suggest(key, keys));
  if (const YamlNode* name = document->find("name")) bom.name = name->text();
  Builder builder(switches, bom);
  for (const std::string_view kind : sections)
    if (const YamlNode* section = document->find(kind))
      if (auto ok = builder.add(*section, kind, ""); !ok) return ok.error();
  const YamlNode* imports = document->find("imports");
  if (imports == nullptr || imports->is_null()) return bom;
  if (!imports->is_mapping()) return imports->error("is no map of names to files", "write subsystem: other.yaml");
  for (const auto& [alias, name] : imports->members())
    if (auto ok = builder.add_import(alias, name, source, import); !ok) return ok.error();
  return bom;
}

Result<ActBom> read_act_bom(const std::filesystem::path& path, const ActSwitches& switches) {
  constexpr std::uint64_t limit = std::uint64_t{16} << 20;
  const auto text = read_file(path, limit);
  if (!text) return text.error();
  return parse_act_bom(*text, path.string(), switches, [&](std::string_view name) {
    return read_file(std::filesystem::path(path.parent_path().string()) / std::filesystem::path(name).relative_path(),
                     limit);
  });
}

}  // namespace cradle::published
