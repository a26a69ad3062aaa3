// GreenFPGA's rows, switches and published numbers.
#include <algorithm>
#include <cmath>
#include <map>

#include "case_folders.h"
#include "cradle/base/text.h"
#include "cradle/published/greenfpga.h"
#include "cradle/published/tools.h"
#include "options.h"
#include "switches.h"

namespace cradle::published {
namespace {

namespace fs = std::filesystem;
using carbon::GramsCO2e;
using carbon::GramsPerKilowattHour;
using carbon::Hours;
using carbon::KilogramsCO2e;
using carbon::KilowattHours;
using carbon::SquareMillimetres;
using carbon::Watts;

constexpr const char* tool = "greenfpga";
constexpr const char* built_in_tables =
    "technology tables: built in, those of GreenFPGA at 6add8f5 (BSD-3-Clause); no tech_params folder beside the "
    "design";

struct GreenFpgaCase {
  GreenFpgaDesign design;
  GreenFpgaTables tables;
  std::string where;
};

Result<GreenFpgaCarbon> carbon_of(const GreenFpgaCase& input, const GreenFpgaSwitches& switches, std::size_t node = 0) {
  if (auto fine = check(input.design, input.tables, switches, input.where); !fine) return fine.error();
  const GreenFpgaCarbon result = evaluate(input.design, input.tables, switches, node);
  if (!std::isfinite(result.total().value()))
    return bad_input("the total is no finite number", input.where, "check its counts, areas and powers");
  return result;
}

void add_rows(const std::string& item, const GreenFpgaCarbon& result, std::vector<Row>& rows) {
  const auto add = [&rows](const std::string& of, const char* quantity, GramsCO2e value) {
    rows.push_back({of, quantity, KilogramsCO2e{value}.value(), "kgCO2e"});
  };
  constexpr std::array<const char*, 3> blocks{"logic", "analog", "memory"};
  for (std::size_t block = 0; block < blocks.size(); ++block) {
    add(item + "/" + blocks[block], "manufacturing_per_part", result.device.manufacturing[block]);
    add(item + "/" + blocks[block], "operational_per_part", result.device.operational[block]);
  }
  add(item, "design", result.design);
  add(item, "manufacturing", result.manufacturing);
  add(item, "end_of_life", result.end_of_life);
  add(item, "operational", result.operational);
  add(item, "application_development", result.application_development);
  add(item, "embodied", result.embodied());
  add(item, "total", result.total());
}

/// A whole number of at least 0, as the tool's own command line wants it.
std::optional<double> whole(OptionReader& options, const std::vector<std::string>& names) {
  const auto text = options.text(names);
  if (!text) return std::nullopt;
  const auto value = parse_integer(*text);
  constexpr std::int64_t most = std::int64_t{1} << 53;
  if (!value || *value < 0 || *value > most) {
    options.fail(
        bad_input("'" + *text + "' is no whole number", "--" + names.back(), "give digits alone, such as 650"));
    return std::nullopt;
  }
  return static_cast<double>(*value);
}

GreenFpgaOverrides read_overrides(OptionReader& options) {
  GreenFpgaOverrides overrides;
  overrides.applications = whole(options, {"num-app", "num_app"});
  overrides.lifetime_years = options.number({"num-lifetime", "num_lifetime"});
  overrides.designs = whole(options, {"num-des", "num_des"});
  overrides.devices = whole(options, {"nfpga"});
  overrides.power = options.number({"power"});
  overrides.area = whole(options, {"chip-area", "chip_area"});
  overrides.volume = whole(options, {"emb-vol", "emb_vol"});
  overrides.operating_volume = options.number({"ope-vol", "ope_vol"});
  return overrides;
}

Result<GreenFpgaCase> read_case(const CaseFolder& folder, const GreenFpgaOverrides& overrides,
                                const std::optional<std::string>& tech, std::map<std::string, GreenFpgaTables>& known) {
  auto design = read_greenfpga(folder.path, overrides);
  if (!design) return design.error();
  design->name = folder.name;
  std::string from;
  if (tech) {
    from = *tech;
  } else if (const auto beside = folder_beside(folder.path, "tech_params")) {
    from = beside->string();
  }
  auto found = known.find(from);
  if (found == known.end()) {
    Result<GreenFpgaTables> tables = published_greenfpga_tables();
    if (!from.empty()) tables = read_greenfpga_tables(from);
    if (!tables) return tables.error();
    found = known.emplace(from, std::move(*tables)).first;
  }
  return GreenFpgaCase{std::move(*design), found->second, folder.path.string()};
}

}  // namespace

Result<Comparison> compare_greenfpga(const Request& request) {
  OptionReader options(request.options);
  const GreenFpgaOverrides overrides = read_overrides(options);
  const auto tech = options.text({"tech"}, "name the folder of technology tables (tech_params)");
  const auto against = options.text({"against"}, "name the folder of the other design");
  const GreenFpgaSwitches switches = switches_of(request.mode, greenfpga_switches(), options);
  if (auto fine = options.finish(); !fine) return fine.error();

  const auto folders = case_folders(request.input, "spec.json", "test_example");
  if (!folders) return folders.error();
  std::map<std::string, GreenFpgaTables> tables;
  std::vector<GreenFpgaCase> cases;
  for (const CaseFolder& folder : *folders) {
    auto input = read_case(folder, overrides, tech, tables);
    if (!input) return input.error();
    cases.push_back(std::move(*input));
  }

  Comparison comparison;
  comparison.tool = tool;
  comparison.mode = request.mode;
  std::vector<SwitchMeasure<GreenFpgaSwitches>> totals;
  for (const GreenFpgaCase& input : cases) {
    const auto& nodes = input.design.nodes;
    for (std::size_t node = 0; node < (switches.every_node ? nodes.size() : 1); ++node) {
      const auto result = carbon_of(input, switches, node);
      if (!result) return result.error();
      const std::string at = " at " + std::to_string(eco_chip_nodes[nodes[node]]) + " nm";
      add_rows(input.design.name + (node == 0 ? "" : at), *result, comparison.rows);
    }
    totals.push_back({input.design.name, "total", "kgCO2e", [&input](const GreenFpgaSwitches& alone) -> Result<double> {
                        const auto with = carbon_of(input, alone);
                        if (!with) return with.error();
                        return KilogramsCO2e{with->total()}.value();
                      }});
  }
  if (against) {
    const auto fpga = case_folders(*against, "spec.json", "test_example");
    if (!fpga) return fpga.error();
    if (fpga->size() != 1) return bad_input("more than one design", "--against", "name the folder of one design");
    const auto reused = read_case(fpga->front(), {}, tech, tables);
    if (!reused) return reused.error();
    for (const GreenFpgaCase& input : cases) {
      const auto designs = crossover(input.design, reused->design, input.tables, switches);
      if (!designs) return designs.error();
      comparison.rows.push_back(
          {input.design.name + " against " + reused->design.name, "crossover", *designs, "designs"});
    }
  }
  add_switches(greenfpga_switches(), totals, comparison);
  note_switches(greenfpga_switches(), switches, comparison);

  for (const auto& [folder, table] : tables)
    comparison.notes.push_back(folder.empty() ? built_in_tables : "technology tables: " + folder);
  comparison.notes.push_back(
      "packages cost nothing; pkg_type, interposer_node, rdl_layers, emib_layers, emib_pitch, tsv_pitch, tsv_size, "
      "num_beol, num_iter, Transistors_per_gate, Power_per_core and num_fpga_types have no influence");
  return comparison;
}

namespace {

/// The repository's examples, as facts: what differs between them, and how much they print.
struct Example {
  const char* name;
  bool fpga;  ///< developed for 2.5 + 1 months an application by 4,000 people, at four times the gates
  double area, power, designs, duty;
  double total;  ///< kg, of the program's run
};
constexpr Example examples[] = {
    {"TPU", false, 600, 192, 5, 1, 1438593485.0992665},
    {"Agilex", true, 550, 220, 1, 1, 1316956102.186287},
    {"Stratix", true, 380, 160, 1, 1, 948148721.5345747},
    {"Moffett", false, 340, 70, 5, 1, 541104686.0179603},
    {"ASIC_analysis", false, 100, 10, 5, 0.2, 58814353.28077419},
    {"FPGA_analysis", true, 400, 30, 1, 0.2, 69467552.19252628},
};

GreenFpgaDesign design_of(const Example& example) {
  constexpr EcoChipNodeIndex nm10 = 1;
  GreenFpgaDesign design;
  design.name = example.name;
  design.nodes = {nm10};
  design.area = SquareMillimetres{example.area};
  design.power = Watts{example.power};
  design.lifetime = Hours{131400};
  design.applications = 5;
  design.designs = example.designs;
  design.volume = design.operating_volume = 1e6;
  design.front_end = Months{example.fpga ? 2.5 : 0.2};
  design.back_end = Months{example.fpga ? 1.0 : 0.05};
  design.power_per_core = Watts{10};
  design.cores = 8;
  design.development_intensity = design.use_intensity = GramsPerKilowattHour{700};
  design.recycled_carbon = 0.4;
  design.per_person_year = KilowattHours{462.5};
  design.people = example.fpga ? 4000 : 16000;
  design.gate_scale = example.fpga ? 4 : 1;
  design.duty = example.duty;
  design.discarded_share = 0.8;
  design.discard_carbon = 0.010;
  design.recycle_credit = 0.002;
  design.device_mass = MassGrams{2};
  return design;
}

struct Printed {
  const char* quantity;
  double value;  ///< kg
};
/// README, results of the TPU example: seven digits.
constexpr Printed printed_tpu[] = {
    {"design", 2.59e7},          {"manufacturing", 3.141413e8},     {"end_of_life", 3.9e3},
    {"operational", 1.098548e9}, {"application_development", 50.4}, {"embodied", 3.400452e8},
    {"total", 1.438593e9}};
constexpr int printed_digits = 7;

/// README's two commands and what the program prints for them, kg.
struct Command {
  const char* example;
  double designs, applications, years, power, area, total;
};
constexpr Command commands[] = {{"TPU", 1, 5, 8, 150, 650, 536779292.147154},
                                {"Agilex", 3, 3, 5, 80, 450, 278298539.7768859}};

double half_a_digit(double value) {
  const double last = std::pow(10.0, std::floor(std::log10(value)) - (printed_digits - 1));
  return last / 2 / value;
}

}  // namespace

AnchorSet anchors_greenfpga(const fs::path& data) {
  AnchorSet set;
  const fs::path root = data / "greenfpga-coefficients";
  const auto tables = read_greenfpga_tables(root / "tech_params");
  if (!tables) set.notes.push_back(std::string(tool) + ": " + built_in_tables);
  const auto add = [&set](const std::string& item, const Row& row, double published, double tolerance,
                          const char* from) {
    set.anchors.push_back({tool, item, row.quantity, published, tolerance, row.unit, from, row.value});
  };
  const auto row_of = [](const std::vector<Row>& rows, const std::string& item, std::string_view quantity) {
    return std::find_if(rows.begin(), rows.end(),
                        [&](const Row& row) { return row.item == item && row.quantity == quantity; });
  };
  for (const Example& example : examples) {
    const fs::path folder = root / "test_example" / example.name;
    const auto read = read_greenfpga(folder);
    if (!read)
      set.notes.push_back("greenfpga: " + std::string(example.name) + " as stated in its repository, not from " +
                          folder.string());
    GreenFpgaCase input{read ? *read : design_of(example), tables ? *tables : published_greenfpga_tables(),
                        folder.string()};
    const auto result = carbon_of(input, {});
    if (!result) continue;
    std::vector<Row> rows;
    add_rows(example.name, *result, rows);
    add(example.name, *row_of(rows, example.name, "total"), example.total, 1e-9,
        "output of GreenFPGA at 6add8f5 for its own example");
    if (std::string_view(example.name) == "TPU")
      for (const Printed& number : printed_tpu)
        add(example.name, *row_of(rows, example.name, number.quantity), number.value, half_a_digit(number.value),
            "GreenFPGA README, TPU example");
    for (const Command& command : commands) {
      if (std::string_view(command.example) != example.name) continue;
      GreenFpgaCase changed = input;
      changed.design.designs = command.designs;
      changed.design.applications = command.applications;
      changed.design.lifetime = Hours{command.years * 24 * 365};
      changed.design.power = Watts{command.power};
      changed.design.area = SquareMillimetres{command.area};
      const auto total = carbon_of(changed, {});
      if (!total) continue;
      add(example.name, {"", "total", KilogramsCO2e{total->total()}.value(), "kgCO2e"}, command.total, 1e-9,
          "output of GreenFPGA at 6add8f5 for the command in its README");
    }
  }
  return set;
}

}  // namespace cradle::published
