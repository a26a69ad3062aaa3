// The tables behind ACT: those of its release, restated, and those of a models folder.
#include <initializer_list>

#include "cradle/base/file.h"
#include "cradle/base/text.h"
#include "cradle/published/act.h"
#include "units.h"
#include "yaml_reader.h"

namespace cradle::published {
namespace {

namespace fs = std::filesystem;

constexpr double joules_per_kwh = 3.6e6;
constexpr double mm2_per_cm2 = 100;
constexpr double bytes_per_gb = 1e9;

constexpr UnitPowers per_energy{.mass = 1, .energy = -1};
constexpr UnitPowers energy_per_area{.length = -2, .energy = 1};
constexpr UnitPowers per_area{.length = -2, .mass = 1};
constexpr UnitPowers per_data{.mass = 1, .data = -1};
constexpr UnitPowers energy_per_mass{.mass = -1, .energy = 1};

struct Named {
  const char* name;
  double value;
};

template <class T>
ActModels::Table<T> table(double unit, std::initializer_list<Named> rows) {
  ActModels::Table<T> result;
  for (const Named& row : rows) result.emplace(row.name, T{row.value * unit});
  return result;
}

/// The flat maps of a models folder, file by file.
class FolderReader {
 public:
  explicit FolderReader(const fs::path& folder) : folder_(folder) {}

  /// Adds the file's rows; later files override earlier ones. `unit` turns coherent units into T's.
  template <class T>
  Result<void> add(const std::string& file, const UnitPowers& powers, std::string_view expected, double unit,
                   ActModels::Table<T>& into) const {
    auto document = open(file);
    if (!document) return document.error();
    return add(*document, powers, expected, unit, into);
  }
  template <class T>
  static Result<void> add(const YamlNode& map, const UnitPowers& powers, std::string_view expected, double unit,
                          ActModels::Table<T>& into) {
    for (const auto& [key, node] : map.members()) {
      const auto value = value_of(node, powers, expected);
      if (!value) return value.error();
      into.insert_or_assign(key, T{*value * unit});
    }
    return {};
  }

  static Result<double> value_of(const YamlNode& node, const UnitPowers& powers, std::string_view expected) {
    const auto word = node.word();
    if (!word) return word.error();
    auto value = parse_measure(*word, powers, expected, node.where());
    if (value && *value < 0) return node.error("is negative", "give a value of 0 or more");
    return value;
  }

  Result<YamlNode> open(const std::string& file) const {
    auto document = YamlNode::read(folder_ / file);
    if (!document) return document;
    if (!document->is_mapping() && !document->is_null() && !document->is_scalar())
      return document->error("is no map of names to values", "write lines such as \"7nm\": 2.15 kWh / cm2");
    return document;
  }

  /// location.yaml may be a link, or the text that git leaves where links are not supported: the name of another file.
  Result<YamlNode> open_locations(int year) const {
    if (year != 0) return open("carbon_intensity/location_" + std::to_string(year) + ".yaml");
    auto document = open("carbon_intensity/location.yaml");
    if (!document || !document->is_scalar()) return document;
    const std::string other = document->text();
    if (other.find('/') != std::string::npos)
      return document->error("names a file elsewhere", "name a file of the same folder, such as location_2022.yaml");
    auto target = open("carbon_intensity/" + other);
    if (target && target->is_scalar())
      return target->error("is no map of names to values", "write lines such as \"taiwan\": 583 g / kWh");
    return target;
  }

 private:
  const fs::path& folder_;
};

}  // namespace

ActModels act_release_models(int year) {
  using carbon::GramsPerJoule;
  using carbon::GramsPerSquareMillimetre;
  ActModels models;
  models.source = "ACT v2.0 (@abc9fbb), location table of " + std::to_string(year);
  constexpr double g_per_kwh = 1 / joules_per_kwh;
  models.locations = year == 2023 ? table<GramsPerJoule>(g_per_kwh, {{"world", 481},
                                                                     {"india", 713},
                                                                     {"australia", 549},
                                                                     {"taiwan", 642},
                                                                     {"singapore", 471},
                                                                     {"usa", 369},
                                                                     {"europe", 300},
                                                                     {"brazil", 98},
                                                                     {"iceland", 7.3},
                                                                     {"korea", 402},
                                                                     {"japan", 446}})
                                  : table<GramsPerJoule>(g_per_kwh, {{"world", 301},
                                                                     {"india", 725},
                                                                     {"australia", 597},
                                                                     {"taiwan", 583},
                                                                     {"singapore", 495},
                                                                     {"usa", 380},
                                                                     {"europe", 295},
                                                                     {"brazil", 82},
                                                                     {"iceland", 28},
                                                                     {"japan", 485},
                                                                     {"korea", 430}});
  models.sources = table<GramsPerJoule>(g_per_kwh, {{"coal", 820},
                                                    {"gas", 490},
                                                    {"biomass", 230},
                                                    {"solar", 41},
                                                    {"geothermal", 38},
                                                    {"hydropower", 24},
                                                    {"nuclear", 12},
                                                    {"wind", 11}});
  models.energy = table<carbon::JoulesPerSquareMillimetre>(joules_per_kwh / mm2_per_cm2, {{"28nm", 0.9},
                                                                                          {"20nm", 1.2},
                                                                                          {"14nm", 1.2},
                                                                                          {"10nm", 1.475},
                                                                                          {"8nm", 1.52},
                                                                                          {"7nm", 2.15},
                                                                                          {"5nm", 2.75},
                                                                                          {"3nm", 3.25}});
  models.gas95 = table<GramsPerSquareMillimetre>(1 / mm2_per_cm2, {{"28nm", 175},
                                                                   {"20nm", 190},
                                                                   {"14nm", 200},
                                                                   {"10nm", 240},
                                                                   {"8nm", 240},
                                                                   {"7nm", 350},
                                                                   {"5nm", 430},
                                                                   {"3nm", 470}});
  models.gas99 = table<GramsPerSquareMillimetre>(1 / mm2_per_cm2, {{"28nm", 100},
                                                                   {"20nm", 110},
                                                                   {"14nm", 125},
                                                                   {"10nm", 150},
                                                                   {"8nm", 150},
                                                                   {"7nm", 200},
                                                                   {"5nm", 225},
                                                                   {"3nm", 275}});
  for (const auto& [node, energy] : models.energy) models.material.emplace(node, 500 / mm2_per_cm2);
  models.dram = table<catalog::GramsPerByte>(1 / bytes_per_gb, {{"ddr3_50nm", 600},
                                                                {"ddr3_40nm", 315},
                                                                {"ddr3_30nm", 230},
                                                                {"lpddr3_30nm", 201},
                                                                {"lpddr3_20nm", 184},
                                                                {"lpddr2_20nm", 159},
                                                                {"lpddr4", 48},
                                                                {"ddr4_10nm", 65}});
  models.flash = table<catalog::GramsPerByte>(1 / bytes_per_gb, {{"nand_30nm", 31},
                                                                 {"nand_20nm", 15},
                                                                 {"nand_10nm", 10},
                                                                 {"nand_tlc_1z", 5.6},
                                                                 {"nand_tlc_v3", 6.3},
                                                                 {"seagate_nytro_3530", 6.21},
                                                                 {"seagate_nytro_1551", 3.948},
                                                                 {"seagate_nytro_3331", 16.916},
                                                                 {"western_digital_2016", 24.4},
                                                                 {"western_digital_2017", 17.9},
                                                                 {"western_digital_2018", 12.5},
                                                                 {"western_digital_2019", 10.7}});
  models.hdd = table<catalog::GramsPerByte>(1 / bytes_per_gb, {{"BarraCuda", 4.57},
                                                               {"BarraCuda2", 10.32},
                                                               {"BarraCuda Pro", 2.35},
                                                               {"FireCuda", 5.1},
                                                               {"FireCuda2", 9.1},
                                                               {"IronWolf", 4.78},
                                                               {"IronWolfPro", 3.63},
                                                               {"SkyWalk3TB", 3.04},
                                                               {"Skyhawk Surveillance", 4.09},
                                                               {"Skyhawk-6TB", 3.74},
                                                               {"VideoHDD", 7.62},
                                                               {"VideoPipelineHDD", 8.86},
                                                               {"Exos2x14", 1.653},
                                                               {"Exosx12", 1.14},
                                                               {"Exosx16", 1.334},
                                                               {"Exos15e900", 20.46},
                                                               {"Exos10e2400", 10.323},
                                                               {"Exos5e8", 3.8556},
                                                               {"Exos7e8", 4.747}});
  models.metals = table<double>(1, {{"steel", 1.89}, {"alumnimum", 15.1}});  // spelt as in the table
  constexpr double kg_per_m2 = 1e3 / 1e6;
  models.boards = {{2, GramsPerSquareMillimetre{0.41 * kg_per_m2}},
                   {4, GramsPerSquareMillimetre{0.43 * kg_per_m2}},
                   {6, GramsPerSquareMillimetre{0.71 * kg_per_m2}},
                   {8, GramsPerSquareMillimetre{0.91 * kg_per_m2}}};
  models.board_layer = GramsPerSquareMillimetre{0.13 * kg_per_m2};
  models.capacitors = {{"mlcc", {6862e6}}, {"tec", {5567e6}}};
  return models;
}

Result<ActModels> read_act_models(const fs::path& folder, int year) {
  ActModels models;
  models.source = folder.string();
  const FolderReader reader(folder);

  const auto locations = reader.open_locations(year);
  if (!locations) return locations.error();
  const auto boards = reader.open("materials/pcb.yaml");
  if (!boards) return boards.error();
  const auto metals = reader.open("materials/materials.yaml");
  if (!metals) return metals.error();
  const YamlNode* metal_table = metals->find("materials");
  if (metal_table == nullptr)
    return metals->error("has no table of materials",
                         "write materials: and below it lines such as steel: 1.89 kg / kg");

  constexpr std::string_view intensity = "carbon for each energy, such as 583 g / kWh";
  constexpr std::string_view gas = "carbon for each area, such as 350 g / cm2";
  constexpr std::string_view capacity = "carbon for each capacity, such as 65 g / GB";
  const std::vector<Result<void>> steps = {
      FolderReader::add(*locations, per_energy, intensity, 1, models.locations),
      reader.add("carbon_intensity/source.yaml", per_energy, intensity, 1, models.sources),
      reader.add("logic/epa.yaml", energy_per_area, "energy for each area, such as 2.15 kWh / cm2", 1, models.energy),
      reader.add("logic/gpa_95.yaml", per_area, gas, 1, models.gas95),
      reader.add("logic/gpa_99.yaml", per_area, gas, 1, models.gas99),
      reader.add("logic/materials.yaml", per_area, gas, 1, models.material),
      reader.add("dram/dram_hynix.yaml", per_data, capacity, 1, models.dram),
      reader.add("ssd/ssd_hynix.yaml", per_data, capacity, 1, models.flash),
      reader.add("ssd/ssd_seagate.yaml", per_data, capacity, 1, models.flash),
      reader.add("ssd/ssd_western.yaml", per_data, capacity, 1, models.flash),
      reader.add("hdd/hdd_consumer.yaml", per_data, capacity, 1, models.hdd),
      reader.add("hdd/hdd_enterprise.yaml", per_data, capacity, 1, models.hdd),
      FolderReader::add(*metal_table, plain_number, "carbon for each mass, such as 1.89 kg / kg", 1, models.metals),
      reader.add("passives/capacitors.yaml", energy_per_mass, "energy for each mass, such as 6862 MJ / kg", 1e3,
                 models.capacitors),
  };
  for (const Result<void>& step : steps)
    if (!step) return step.error();

  for (const auto& [key, node] : boards->members()) {
    const auto value = FolderReader::value_of(node, per_area, "carbon for each area, such as 0.41 kg / m2");
    if (!value) return value.error();
    const carbon::GramsPerSquareMillimetre board{*value};
    if (key == "cpla") {
      models.board_layer = board;
      continue;
    }
    const auto layers = parse_number(key);
    if (!layers || *layers <= 0) return node.error("is no number of layers", "use a number, or cpla for each layer");
    models.boards[*layers] = board;
  }
  return models;
}

}  // namespace cradle::published
