// ECO-CHIP's rows, switches and published numbers.
#include <algorithm>
#include <cmath>
#include <map>

#include "case_folders.h"
#include "cradle/base/text.h"
#include "cradle/published/eco_chip.h"
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
using carbon::SquareMillimetres;
using carbon::Watts;

constexpr const char* tool = "eco-chip";
constexpr const char* built_in_tables =
    "technology tables: built in, those of ECO-CHIP at fe998d9 (BSD-3-Clause); no tech_params folder beside the design";

struct EcoChipCarbon {
  EcoChipSystem system;
  std::vector<EcoChipShare> chiplets;
};

struct EcoChipCase {
  EcoChipDesign design;
  EcoChipTables tables;
  std::string where;
};

Result<EcoChipCarbon> carbon_of(const EcoChipCase& input, const EcoChipSwitches& switches) {
  if (auto fine = check(input.design, input.tables, switches, input.where); !fine) return fine.error();
  EcoChipCarbon result;
  result.chiplets.resize(input.design.chiplets.size());
  result.system = evaluate(input.design, input.tables, switches, result.chiplets);
  if (!std::isfinite(result.system.total().value()))
    return bad_input("the system's carbon is no finite number", input.where, "check its areas, powers and pitches");
  return result;
}

void add_rows(const EcoChipCase& input, const EcoChipCarbon& result, std::vector<Row>& rows) {
  const auto add = [&rows](const std::string& item, std::string quantity, GramsCO2e value) {
    rows.push_back({item, std::move(quantity), KilogramsCO2e{value}.value(), "kgCO2e"});
  };
  const auto add_share = [&add](const std::string& item, const EcoChipShare& share) {
    add(item, "manufacturing", share.manufacturing);
    add(item, "design", share.design);
    add(item, "operational", share.operational);
    add(item, "total", share.total());
  };
  const std::string& system = input.design.name;
  for (std::size_t i = 0; i < result.chiplets.size(); ++i)
    add_share(system + "/" + input.design.chiplets[i].name, result.chiplets[i]);
  const auto& [chiplets, packaging] = result.system;
  add_share(system + "/Packaging", packaging);
  add(system, "manufacturing", chiplets.manufacturing);
  add(system, "packaging", packaging.manufacturing);
  add(system, "design", chiplets.design + packaging.design);
  add(system, "operational", chiplets.operational + packaging.operational);
  add(system, "total", result.system.total());
}

/// The tables for a design: those named, those beside it, or the built-in ones. `used` collects what to note.
Result<EcoChipTables> tables_for(const fs::path& design, const std::optional<std::string>& named,
                                 std::map<std::string, EcoChipTables>& known) {
  std::string from;
  if (named) {
    from = *named;
  } else if (const auto beside = folder_beside(design, "tech_params")) {
    from = beside->string();
  }
  const auto found = known.find(from);
  if (found != known.end()) return found->second;
  if (from.empty()) return known.emplace(from, published_eco_chip_tables()).first->second;
  auto tables = read_eco_chip_tables(from);
  if (!tables) return tables.error();
  return known.emplace(from, std::move(*tables)).first->second;
}

}  // namespace

Result<Comparison> compare_eco_chip(const Request& request) {
  OptionReader options(request.options);
  std::optional<EcoChipPackage> package;
  if (const auto text = options.text({"package"}, "use one of: RDL, EMIB, passive, active, 3D")) {
    auto parsed = parse_eco_chip_package(*text, "--package");
    if (!parsed) return parsed.error();
    package = *parsed;
  }
  const auto tech = options.text({"tech"}, "name the folder of technology tables (tech_params)");
  const auto design_intensity = options.number({"design-intensity"}, 0, 1e6);
  const auto use_intensity = options.number({"use-intensity"}, 0, 1e6);
  const EcoChipSwitches switches = switches_of(request.mode, eco_chip_switches(), options);
  if (auto fine = options.finish(); !fine) return fine.error();

  const auto folders = case_folders(request.input, "architecture.json", "testcases");
  if (!folders) return folders.error();
  std::vector<EcoChipCase> cases;
  std::map<std::string, EcoChipTables> tables;
  for (const CaseFolder& folder : *folders) {
    auto design = read_eco_chip(folder.path, package);
    if (!design) return design.error();
    design->name = folder.name;
    if (design_intensity) design->design_intensity = GramsPerKilowattHour{*design_intensity};
    if (use_intensity) design->use_intensity = GramsPerKilowattHour{*use_intensity};
    auto table = tables_for(folder.path, tech, tables);
    if (!table) return table.error();
    cases.push_back({std::move(*design), std::move(*table), folder.path.string()});
  }

  Comparison comparison;
  comparison.tool = tool;
  comparison.mode = request.mode;
  std::vector<SwitchMeasure<EcoChipSwitches>> totals;
  for (const EcoChipCase& input : cases) {
    const auto result = carbon_of(input, switches);
    if (!result) return result.error();
    add_rows(input, *result, comparison.rows);
    for (std::string& note : size_notes(input.design, input.tables, switches))
      comparison.notes.push_back(std::move(note));
    totals.push_back({input.design.name, "total", "kgCO2e", [&input](const EcoChipSwitches& alone) -> Result<double> {
                        const auto with = carbon_of(input, alone);
                        if (!with) return with.error();
                        return KilogramsCO2e{with->system.total()}.value();
                      }});
  }
  add_switches(eco_chip_switches(), totals, comparison);
  note_switches(eco_chip_switches(), switches, comparison);

  for (const auto& [folder, table] : tables)
    comparison.notes.push_back(folder.empty() ? built_in_tables : "technology tables: " + folder);
  comparison.notes.push_back(
      "a system's manufacturing is that of its chiplets and packaging that of its package: their sum is the tool's "
      "row Manufacture");
  comparison.notes.push_back(
      "emib_layers has no influence; power is "
      "that of all chiplets as if made in 7 nm; the carbon of wafers does not follow Carbon_per_kWh");
  return comparison;
}

namespace {

/// The repository's test cases, as facts: they are small, and two of them are not always at hand.
EcoChipDesign system_of(std::string name, std::vector<EcoChipChiplet> chiplets, double watts, double iterations) {
  EcoChipDesign design;
  design.name = std::move(name);
  design.chiplets = std::move(chiplets);
  design.power = Watts{watts};
  design.iterations = iterations;
  design.lifetime = Hours{17520};
  return design;
}

EcoChipChiplet chiplet(std::string name, EcoChipBlock block, double area, EcoChipNodeIndex node) {
  return {std::move(name), block, SquareMillimetres{area}, node};
}

std::vector<EcoChipDesign> shipped_systems() {
  using enum EcoChipBlock;
  constexpr EcoChipNodeIndex nm7 = 0, nm10 = 1, nm14 = eco_chip_node_14;
  return {
      system_of("TigerLake",
                {chiplet("CPU", logic, 16.04, nm7), chiplet("Analog", analog, 24.47, nm10),
                 chiplet("Memory", sram, 10.84, nm10)},
                15, 90),
      system_of("GA102",
                {chiplet("GPU_1", logic, 425.01, nm7), chiplet("Analog", analog, 92.03, nm10),
                 chiplet("Memory", sram, 58.78, nm14)},
                225, 100),
      system_of("A15",
                {chiplet("CPU", logic, 93.55, nm7), chiplet("Analog", analog, 6.605, nm7),
                 chiplet("Memory", sram, 18.36, nm7)},
                6, 90),
      system_of("EMR2", {chiplet("CPU_0", logic, 595.95, nm10), chiplet("CPU_1", logic, 595.95, nm10)}, 212.672186, 90),
      system_of("test-chiplet", {chiplet("CPU1", logic, 74, nm7), chiplet("CPU2", logic, 74, nm7)}, 6, 90),
      system_of("test-monolithic", {chiplet("CPU", logic, 148, nm7)}, 6, 90),
  };
}

struct Printed {
  const char* system;
  const char* part;  ///< a chiplet, "Packaging", or "" for the system
  const char* quantity;
  double value;  ///< kg
  int decimals;  ///< printed; 0: all digits of a double
};

/// README's tables (6 decimals), and row sums that the tool prints for its own test cases at fe998d9.
constexpr Printed printed[] = {
    {"TigerLake", "CPU", "manufacturing", 0.443625, 6},
    {"TigerLake", "Analog", "manufacturing", 0.505251, 6},
    {"TigerLake", "Memory", "manufacturing", 0.218273, 6},
    {"TigerLake", "Packaging", "manufacturing", 0.244415, 6},
    {"TigerLake", "CPU", "design", 0.28708, 6},
    {"TigerLake", "Analog", "design", 0.204655, 6},
    {"TigerLake", "Memory", "design", 0.090661, 6},
    {"TigerLake", "Packaging", "design", 0.005803, 6},
    {"TigerLake", "CPU", "operational", 3.329402, 6},
    {"TigerLake", "Analog", "operational", 4.637593, 6},
    {"TigerLake", "Memory", "operational", 2.054414, 6},
    {"TigerLake", "CPU", "total", 4.060106, 6},
    {"TigerLake", "Analog", "total", 5.347499, 6},
    {"TigerLake", "Memory", "total", 2.363347, 6},
    {"TigerLake", "Packaging", "total", 0.250218, 6},
    {"GA102", "GPU_1", "manufacturing", 26.787675, 6},
    {"GA102", "Analog", "manufacturing", 2.099898, 6},
    {"GA102", "Memory", "manufacturing", 2.216669, 6},
    {"GA102", "Packaging", "manufacturing", 4.170742, 6},
    {"GA102", "GPU_1", "design", 7.606727, 6},
    {"GA102", "Analog", "design", 0.769695, 6},
    {"GA102", "Memory", "design", 0.437029, 6},
    {"GA102", "Packaging", "design", 0.005642, 6},
    {"GA102", "GPU_1", "operational", 118.006498, 6},
    {"GA102", "Analog", "operational", 23.330982, 6},
    {"GA102", "Memory", "operational", 16.596411, 6},
    {"GA102", "GPU_1", "total", 152.4009, 6},
    {"GA102", "Analog", "total", 26.200575, 6},
    {"GA102", "Memory", "total", 19.250109, 6},
    {"GA102", "Packaging", "total", 4.176384, 6},
    {"TigerLake", "", "total", 12.021169891403304, 0},
    {"GA102", "", "total", 202.02796740768537, 0},
    {"A15", "", "total", 10.787374368757478, 0},
    {"EMR2", "", "total", 378.0681956517443, 0},
    {"test-chiplet", "", "total", 12.192786322381442, 0},
    {"test-monolithic", "", "total", 12.411354969008968, 0},
};

}  // namespace

AnchorSet anchors_eco_chip(const fs::path& data) {
  AnchorSet set;
  const fs::path root = data / "ecochip-coefficients";
  auto tables = read_eco_chip_tables(root / "tech_params");
  if (!tables) set.notes.push_back(std::string(tool) + ": " + built_in_tables);
  std::vector<Row> rows;
  for (EcoChipDesign& design : shipped_systems()) {
    const fs::path folder = root / "testcases" / design.name;
    auto read = read_eco_chip(folder);
    if (!read)
      set.notes.push_back("eco-chip: " + design.name + " as stated in its repository, not from " + folder.string());
    const EcoChipCase input{read ? *read : design, tables ? *tables : published_eco_chip_tables(), folder.string()};
    if (const auto result = carbon_of(input, {})) add_rows(input, *result, rows);
  }
  for (const Printed& number : printed) {
    const std::string item = std::string(number.system) + (*number.part ? "/" : "") + number.part;
    const auto row = std::find_if(rows.begin(), rows.end(), [&](const Row& candidate) {
      return candidate.item == item && candidate.quantity == number.quantity;
    });
    if (row == rows.end()) continue;
    const double tolerance = number.decimals == 0 ? 1e-9 : 0.5 * std::pow(10.0, -number.decimals) / number.value;
    set.anchors.push_back({tool, item, number.quantity, number.value, tolerance, "kgCO2e",
                           number.decimals == 0 ? "output of ECO-CHIP at fe998d9 for its own test case"
                                                : "ECO-CHIP README, table of the test case",
                           row->value});
  }
  return set;
}

}  // namespace cradle::published
