#include <algorithm>
#include <array>

#include "cradle/base/file.h"
#include "cradle/base/text.h"
#include "cradle/published/eco_chip.h"
#include "json_reader.h"
#include "node_table.h"

namespace cradle::published {
namespace {

using carbon::GramsPerKilowattHour;
using carbon::GramsPerSquareMillimetre;
using carbon::Hours;
using carbon::PerSquareMillimetre;
using carbon::SquareMillimetres;
using carbon::Watts;
using embodied::Millimetres;

constexpr std::array<std::string_view, 3> block_names{"logic", "analog", "sram"};
constexpr std::array<std::string_view, 5> package_names{"RDL", "EMIB", "passive", "active", "3D"};

std::string choose_one_of(std::string_view word, std::span<const std::string_view> names) {
  return suggest(word, std::vector<std::string>(names.begin(), names.end()));
}

/// The index of that node among the first `count`; an error of the reader if there is none.
EcoChipNodeIndex read_node(JsonReader& reader, std::string_view key, std::size_t count) {
  const double nm = reader.number(key, any_number);
  for (std::size_t i = 0; i < count; ++i)
    if (nm == eco_chip_nodes[i]) return static_cast<EcoChipNodeIndex>(i);
  reader.fail(key, "node " + shortest(nm) + " nm is not in the tables",
              count == circuit_nodes ? "use 7, 10, 14, 22 or 28" : "use 7, 10, 14, 22, 28 or 65");
  return 0;
}

std::vector<EcoChipChiplet> read_chiplets(JsonReader& architecture) {
  std::vector<EcoChipChiplet> chiplets;
  for (const std::string& key : architecture.keys()) {
    if (key == "pkg_type") continue;
    auto object = architecture.object(key);
    if (!object) continue;
    if (chiplets.size() == eco_chip_most_chiplets)
      architecture.fail(key, "more than " + std::to_string(eco_chip_most_chiplets) + " chiplets", "give fewer");
    EcoChipChiplet chiplet;
    chiplet.name = key;
    const std::string block = object->text("type");
    const auto found = std::find(block_names.begin(), block_names.end(), block);
    if (found == block_names.end())
      object->fail("type", "'" + block + "' is no type of chiplet", choose_one_of(block, block_names));
    else
      chiplet.block = static_cast<EcoChipBlock>(found - block_names.begin());
    chiplet.area = SquareMillimetres{object->number("area", positive)};
    chiplet.node = read_node(*object, "node", circuit_nodes);
    if (object->has("power"))
      object->fail("power", "a chiplet has no power of its own", "give the system's power in designC.json");
    chiplets.push_back(std::move(chiplet));
    if (!architecture.finish()) return {};
  }
  if (chiplets.empty())
    architecture.fail("", "there is no chiplet", "add \"CPU\": {\"type\": .., \"area\": .., \"node\": ..}");
  return chiplets;
}

void read_package(JsonReader& package, EcoChipDesign& design) {
  // The tool looks at none of these numbers when there is one chiplet, yet wants them all.
  const bool several = design.chiplets.size() > 1;
  const Bounds pitch = several ? positive : any_number;
  if (several)
    design.interposer_node = read_node(package, "interposer_node", eco_chip_nodes.size());
  else
    package.number("interposer_node", any_number);
  design.rdl_layers = package.number("rdl_layers", several ? not_negative : any_number);
  package.number("emib_layers", any_number);
  design.num_beol =
      package.number("num_beol", several && design.package == EcoChipPackage::rdl ? positive : any_number);
  design.emib_pitch = Millimetres{package.number("emib_pitch", pitch)};
  design.tsv_pitch = Millimetres{package.number("tsv_pitch", pitch)};
  design.tsv_size = Millimetres{package.number("tsv_size", several ? not_negative : any_number)};
}

}  // namespace

Result<std::vector<double>> read_node_table(const std::filesystem::path& file, const std::string& key,
                                            std::size_t count, const Bounds& bounds) {
  auto reader = JsonReader::read(file);
  if (!reader) return reader.error();
  auto values = reader->numbers(key, bounds);
  if (values.size() < count || values.size() > eco_chip_nodes.size())
    reader->fail(key, "'" + key + "' has " + std::to_string(values.size()) + " numbers",
                 "give one for each node: 7, 10, 14, 22, 28" + std::string(count == circuit_nodes ? "" : ", 65"));
  if (auto fine = reader->finish(); !fine) return fine.error();
  return values;
}

std::string_view name(EcoChipBlock block) { return block_names[static_cast<std::size_t>(block)]; }
std::string_view name(EcoChipPackage package) { return package_names[static_cast<std::size_t>(package)]; }

Result<EcoChipPackage> parse_eco_chip_package(std::string_view text, std::string where) {
  const auto found = std::find(package_names.begin(), package_names.end(), text);
  if (found != package_names.end()) return static_cast<EcoChipPackage>(found - package_names.begin());
  return bad_input("'" + std::string(text) + "' is no type of package", std::move(where),
                   choose_one_of(text, package_names));
}

const EcoChipTables& published_eco_chip_tables() {
  const auto node = [](double cpa, double defects, double wiring, double dynamic, double transistors, double gates,
                       std::array<double, 3> area, std::array<double, 3> power) {
    return EcoChipNode{GramsPerSquareMillimetre{cpa},
                       PerSquareMillimetre{defects / square_mm_per_cm2},
                       wiring,
                       dynamic,
                       PerSquareMillimetre{transistors},
                       gates,
                       area,
                       power};
  };
  static const EcoChipTables tables{{{
      node(26.13, 0.2, 0.509, 0.164167, 82.86e6, 3645.8333, {1, 1, 1}, {1, 1, 1}),
      node(19.49, 0.11, 0.4887, 0.258575, 38.72e6, 3645.833, {1.949555068, 1, 1}, {1.237623762, 1, 1}),
      node(16.84, 0.09, 0.4916, 0.353535, 18.09e6, 3645.833, {3.709574145, 1, 1.902779873},
           {1.524390244, 1, 1.231707317}),
      node(16.74, 0.08, 0.4855, 0.507937, 8.45e6, 3645.833, {7.325456759, 1.974743319, 3.757501843},
           {2.283105023, 1.497716895, 1.844748858}),
      node(14.138, 0.07, 0.5675, 0.651163, 3.95e6, 3645.833, {8.453656378, 2.278875162, 4.336197791},
           {2.666666667, 1.749333333, 2.154666667}),
      node(8, 0.05, 0.5675, 0.8, 0, 0, {0, 0, 0}, {0, 0, 0}),
  }}};
  return tables;
}

Result<EcoChipTables> read_eco_chip_tables(const std::filesystem::path& folder) {
  struct Column {
    const char* file;
    const char* key;
    std::size_t count;
    Bounds bounds;
    void (*put)(EcoChipNode&, double);
  };
  static constexpr std::array<Column, 12> columns{{
      {"cpa_scaling.json", "cpa", 6, positive,
       [](EcoChipNode& node, double value) { node.carbon_per_area = GramsPerSquareMillimetre{value}; }},
      {"defect_density.json", "defect_density", 6, not_negative,
       [](EcoChipNode& node, double value) { node.defects = PerSquareMillimetre{value / square_mm_per_cm2}; }},
      {"beol_feol_scaling.json", "beolVfeol", 6, share,
       [](EcoChipNode& node, double value) { node.wiring_share = value; }},
      {"dyn_pwr_scaling.json", "dyn_pwr_ratio", 5, share,
       [](EcoChipNode& node, double value) { node.dynamic_share = value; }},
      {"transistors_scaling.json", "Transistors_per_mm2", 5, positive,
       [](EcoChipNode& node, double value) { node.transistors = PerSquareMillimetre{value}; }},
      {"gates_perhr_scaling.json", "Gates_per_hr_per_core", 5, positive,
       [](EcoChipNode& node, double value) { node.gates_per_core_hour = value; }},
      {"logic_scaling.json", "area", 5, positive, [](EcoChipNode& node, double value) { node.area_scale[0] = value; }},
      {"analog_scaling.json", "area", 5, positive, [](EcoChipNode& node, double value) { node.area_scale[1] = value; }},
      {"sram_scaling.json", "area", 5, positive, [](EcoChipNode& node, double value) { node.area_scale[2] = value; }},
      {"logic_scaling.json", "power", 5, not_negative,
       [](EcoChipNode& node, double value) { node.power_scale[0] = value; }},
      {"analog_scaling.json", "power", 5, not_negative,
       [](EcoChipNode& node, double value) { node.power_scale[1] = value; }},
      {"sram_scaling.json", "power", 5, not_negative,
       [](EcoChipNode& node, double value) { node.power_scale[2] = value; }},
  }};
  EcoChipTables tables{};
  for (const Column& column : columns) {
    const auto values = read_node_table(folder / column.file, column.key, column.count, column.bounds);
    if (!values) return values.error();
    for (std::size_t i = 0; i < values->size(); ++i) column.put(tables.nodes[i], (*values)[i]);
  }
  return tables;
}

Result<EcoChipDesign> parse_eco_chip(const EcoChipFiles& files, const std::filesystem::path& folder,
                                     std::optional<EcoChipPackage> package) {
  EcoChipDesign design;
  design.name = folder.filename().string();

  auto architecture = JsonReader::parse(files.architecture, (folder / "architecture.json").string());
  if (!architecture) return architecture.error();
  design.chiplets = read_chiplets(*architecture);
  const std::string form = architecture->text("pkg_type");
  if (auto fine = architecture->finish(); !fine) return fine.error();
  if (package) {
    design.package = *package;
  } else if (design.chiplets.size() > 1) {
    // A single chiplet's package has no influence: the tool takes any text for it.
    auto parsed = parse_eco_chip_package(form, architecture->where("pkg_type"));
    if (!parsed) return parsed.error();
    design.package = *parsed;
  }

  auto effort = JsonReader::parse(files.design, (folder / "designC.json").string());
  if (!effort) return effort.error();
  design.power = Watts{effort->number_or_text("power", not_negative)};
  design.iterations = effort->number("num_iter", positive);
  design.volume = effort->number("num_prt_mfg", positive);
  design.transistors_per_gate = effort->number("Transistors_per_gate", positive);
  design.power_per_core = Watts{effort->number("Power_per_core", not_negative)};
  design.design_intensity = GramsPerKilowattHour{effort->number("Carbon_per_kWh", not_negative)};
  design.use_intensity = design.design_intensity;
  if (auto fine = effort->finish(); !fine) return fine.error();

  auto operation = JsonReader::parse(files.operation, (folder / "operationalC.json").string());
  if (!operation) return operation.error();
  design.lifetime = Hours{operation->number("lifetime", positive)};
  if (auto fine = operation->finish(); !fine) return fine.error();

  auto carrier = JsonReader::parse(files.package, (folder / "packageC.json").string());
  if (!carrier) return carrier.error();
  read_package(*carrier, design);
  if (auto fine = carrier->finish(); !fine) return fine.error();
  return design;
}

Result<EcoChipDesign> read_eco_chip(const std::filesystem::path& folder, std::optional<EcoChipPackage> package) {
  constexpr std::uint64_t largest = 16 << 20;
  std::array<std::string, 4> texts;
  const std::array<const char*, 4> names{"architecture.json", "designC.json", "operationalC.json", "packageC.json"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    auto text = read_file(folder / names[i], largest);
    if (!text) return text.error();
    texts[i] = std::move(*text);
  }
  return parse_eco_chip({texts[0], texts[1], texts[2], texts[3]}, folder, package);
}

}  // namespace cradle::published
