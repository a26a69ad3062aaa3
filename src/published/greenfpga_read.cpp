#include <array>

#include "cradle/base/file.h"
#include "cradle/base/text.h"
#include "cradle/published/greenfpga.h"
#include "json_reader.h"
#include "node_table.h"

namespace cradle::published {
namespace {

using carbon::GramsPerKilowattHour;
using carbon::GramsPerSquareMillimetre;
using carbon::Hours;
using carbon::KilowattHours;
using carbon::PerSquareMillimetre;
using carbon::SquareMillimetres;
using carbon::Watts;

constexpr double hours_per_year = 24 * 365;  // the tool's
constexpr std::size_t most_nodes = 1000;
constexpr const char* list_hint = "each line is a list of nodes such as [10] or [14, 7], out of 7, 10, 14, 22, 28";

/// What an unused key is called, so that a misspelt one is still missed.
constexpr std::array<const char*, 12> without_influence{"num_iter",        "Transistors_per_gate",
                                                        "Power_per_core",  "num_fpga_types",
                                                        "interposer_node", "rdl_layers",
                                                        "emib_layers",     "tsv_pitch",
                                                        "tsv_size",        "num_beol",
                                                        "emib_pitch",      "pkg_type"};

/// One line of node_list.txt: "[10]", "(14, 7)" or "22, 28"; a comment may follow.
Result<void> add_nodes(std::string_view line, const std::string& where, std::vector<EcoChipNodeIndex>& nodes) {
  line = trim(line.substr(0, line.find('#')));
  bool list = false;
  if (line.size() >= 2 &&
      ((line.front() == '[' && line.back() == ']') || (line.front() == '(' && line.back() == ')'))) {
    list = line.front() == '[' || line.find(',') != std::string_view::npos;
    line = trim(line.substr(1, line.size() - 2));
    if (line.empty()) return {};
  } else if (line.empty()) {
    return bad_input("the line is empty", where, list_hint);
  }
  if (!list && line.find(',') == std::string_view::npos)
    return bad_input("a bare number is no list", where, "write [" + std::string(line) + "]");
  if (line.back() == ',') line.remove_suffix(1);
  for (const std::string_view word : split(line, ',')) {
    const auto nm = parse_number(trim(word));
    std::size_t index = 0;
    while (index < circuit_nodes && !(nm && *nm == eco_chip_nodes[index])) ++index;
    if (index == circuit_nodes)
      return bad_input("'" + std::string(trim(word)) + "' is no node of the tables", where, list_hint);
    if (nodes.size() == most_nodes) return bad_input("too many nodes", where, "give fewer");
    nodes.push_back(static_cast<EcoChipNodeIndex>(index));
  }
  return {};
}

Result<std::vector<EcoChipNodeIndex>> parse_nodes(std::string_view text, const std::string& file) {
  std::vector<EcoChipNodeIndex> nodes;
  if (text.ends_with('\n')) text.remove_suffix(1);
  std::size_t number = 0;
  for (const std::string_view line : split(text, '\n'))
    if (auto fine = add_nodes(line, file + ":" + std::to_string(++number), nodes); !fine) return fine.error();
  if (nodes.empty()) return bad_input("there is no node", file, list_hint);
  return nodes;
}

}  // namespace

GreenFpgaTables published_greenfpga_tables() { return {published_eco_chip_tables(), {0.74, 0.16, 0.1}}; }

Result<GreenFpgaTables> read_greenfpga_tables(const std::filesystem::path& folder) {
  GreenFpgaTables tables = published_greenfpga_tables();
  auto split_of_area = JsonReader::read(folder / "area_config.json");
  if (!split_of_area) return split_of_area.error();
  tables.area_share = {split_of_area->number("logic", share), split_of_area->number("analog_io", share),
                       split_of_area->number("memory", share)};
  if (!(tables.area_share[0] + tables.area_share[1] + tables.area_share[2] > 0))
    split_of_area->fail("logic", "the shares of all blocks are 0", "they should add up to 1");
  if (auto fine = split_of_area->finish(); !fine) return fine.error();

  const auto cpa = read_node_table(folder / "cpa_scaling.json", "cpa", circuit_nodes, positive);
  if (!cpa) return cpa.error();
  const auto defects = read_node_table(folder / "defect_density.json", "defect_density", circuit_nodes, not_negative);
  if (!defects) return defects.error();
  const auto dynamic = read_node_table(folder / "dyn_pwr_scaling.json", "dyn_pwr_ratio", circuit_nodes, share);
  if (!dynamic) return dynamic.error();
  for (std::size_t i = 0; i < circuit_nodes; ++i) {
    EcoChipNode& node = tables.nodes.nodes[i];
    node.carbon_per_area = GramsPerSquareMillimetre{(*cpa)[i]};
    node.defects = PerSquareMillimetre{(*defects)[i] / square_mm_per_cm2};
    node.dynamic_share = (*dynamic)[i];
  }
  return tables;
}

Result<GreenFpgaDesign> parse_greenfpga(const GreenFpgaFiles& files, const std::filesystem::path& folder,
                                        const GreenFpgaOverrides& overrides) {
  GreenFpgaDesign design;
  design.name = folder.filename().string();

  auto spec = JsonReader::parse(files.spec, (folder / "spec.json").string());
  if (!spec) return spec.error();
  const auto number = [&](const char* key, const Bounds& bounds, const std::optional<double>& instead) {
    return instead ? *instead : spec->number_or_text(key, bounds);
  };
  design.area = SquareMillimetres{spec->number("area", positive)};
  if (overrides.area) design.area = SquareMillimetres{*overrides.area};
  design.power = Watts{number("power", not_negative, overrides.power)};
  design.lifetime =
      Hours{overrides.lifetime_years ? *overrides.lifetime_years * hours_per_year : spec->number("lifetime", positive)};
  design.applications = number("num_app", not_negative, overrides.applications);
  design.designs = number("num_des", not_negative, overrides.designs);
  design.volume = number("num_prt_mfg", positive, overrides.volume);
  design.operating_volume = overrides.operating_volume ? *overrides.operating_volume
                                                       : spec->number_or_text("num_prt_mfg", positive, design.volume);
  if (auto fine = spec->finish(); !fine) return fine.error();
  design.devices = overrides.devices;

  auto parameters = JsonReader::parse(files.parameters, (folder / "green_fpga_param.json").string());
  if (!parameters) return parameters.error();
  const auto read = [&](const char* key, const Bounds& bounds) { return parameters->number(key, bounds); };
  constexpr double grams_per_gram = 1e-3;  // of kg per tonne
  design.application_size = read("App_size", positive);
  design.device_capacity = read("Fpga_cap", positive);
  design.front_end = Months{read("FE_dev_time", not_negative)};
  design.back_end = Months{read("BE_dev_time", not_negative)};
  design.configuration = Months{read("config_time", not_negative)};
  design.power_per_core = Watts{read("CPU_power_per_core", not_negative)};
  design.cores = read("num_CPU_cores", not_negative);
  design.development_intensity = GramsPerKilowattHour{read("app_dev_Carbon_per_kWh", not_negative)};
  design.use_intensity = GramsPerKilowattHour{read("Carbon_per_kWh", not_negative)};
  design.recycled_share = read("recycle_frac", share);
  design.recycled_carbon = read("recycle_cpa_frac", not_negative);
  design.per_person_year = KilowattHours{read("epp_yr", not_negative) * 1000};
  design.people = read("tot_emp", not_negative);
  design.gate_scale = read("gate_scale", not_negative);
  design.duty = read("dc", share);
  design.discarded_share = read("discard_frac", share);
  design.discard_carbon = read("Cdis_per_ton", not_negative) * grams_per_gram;
  design.recycle_credit = read("Crec_per_ton", not_negative) * grams_per_gram;
  design.device_mass = MassGrams{read("chip_weight", not_negative)};
  for (const char* key : without_influence)
    if (!parameters->has(key))
      parameters->fail("", "'" + std::string(key) + "' is missing",
                       "the tool wants the key though it has no influence: add it with any value");
  if (auto fine = parameters->finish(); !fine) return fine.error();

  auto nodes = parse_nodes(files.nodes, (folder / "node_list.txt").string());
  if (!nodes) return nodes.error();
  design.nodes = std::move(*nodes);
  return design;
}

Result<GreenFpgaDesign> read_greenfpga(const std::filesystem::path& folder, const GreenFpgaOverrides& overrides) {
  constexpr std::uint64_t largest = 16 << 20;
  std::array<std::string, 3> texts;
  const std::array<const char*, 3> names{"spec.json", "green_fpga_param.json", "node_list.txt"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    auto text = read_file(folder / names[i], largest);
    if (!text) return text.error();
    texts[i] = std::move(*text);
  }
  return parse_greenfpga({texts[0], texts[1], texts[2]}, folder, overrides);
}

}  // namespace cradle::published
