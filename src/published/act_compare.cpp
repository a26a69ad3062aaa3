// ACT as `cradle compare embodied` runs it: options, rows, switches and published numbers.
#include <algorithm>
#include <array>
#include <cmath>

#include "cradle/base/text.h"
#include "cradle/published/act.h"
#include "cradle/published/tools.h"
#include "die_size.h"
#include "options.h"
#include "switches.h"
#include "units.h"

namespace cradle::published {
namespace {

namespace fs = std::filesystem;
using carbon::GramsCO2e;
using carbon::KilogramsCO2e;

double kilograms(GramsCO2e amount) { return KilogramsCO2e{amount}.value(); }

/// What the command line says, read once and evaluated under any switches.
struct Study {
  fs::path bom;  ///< empty: made of the flags
  ActModels models, operation_models;
  ActOperation operation;
  ActBom flags;  ///< with the fab of --fab-ci
  std::string fab_grid = "taiwan";
  std::optional<ActPassive> capacitors;
  std::optional<ActMaterial> board;
  double packages = 0;
  ActSwitches asked;  ///< by mode or --switch

  Result<ActBom> bill(const ActSwitches& switches) const {
    if (!bom.empty()) return read_act_bom(bom, switches);
    ActBom made = flags;
    made.silicon.front().fab_grid = switches.fab_grid_of_flags ? fab_grid : operation.grid;
    if (switches.every_flag) {
      made.silicon.front().packages = packages;
      if (capacitors) made.passives.push_back(*capacitors);
      if (board) made.materials.push_back(*board);
    }
    return made;
  }
  Result<ActReport> report(const ActSwitches& switches) const {
    const auto made = bill(switches);
    if (!made) return made.error();
    auto report = evaluate_act(*made, models, operation_models, operation, switches);
    if (report && !std::isfinite(report->total().value()))
      return bad_input("the carbon is no finite number", bom.empty() ? "flags" : bom.string(),
                       "check its areas, capacities and yields");
    return report;
  }
};

bool is_models_folder(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_regular_file(folder / "logic" / "epa.yaml", ignored);
}

/// --models, else a folder of that name beside the bill or above it, else the release's tables.
Result<ActModels> find_models(const std::optional<std::string>& option, const fs::path& bom, int year) {
  if (option) return read_act_models(*option, year);
  if (!bom.empty()) {
    fs::path folder = fs::path(bom).parent_path();
    for (int level = 0; level < 3; ++level, folder /= "..")
      for (const fs::path& candidate : {folder / "models", folder / "act" / "models"})
        if (is_models_folder(candidate)) return read_act_models(candidate.lexically_normal(), year);
  }
  return act_release_models(year == 0 ? 2022 : year);
}

std::optional<double> measure(OptionReader& options, const std::string& name, const UnitPowers& powers,
                              std::string_view expected) {
  const auto text = options.text({name}, "give " + std::string(expected));
  if (!text) return std::nullopt;
  const auto value = parse_measure(*text, powers, expected, "--" + name);
  if (!value)
    options.fail(value.error());
  else if (*value < 0)
    options.fail(bad_input("'" + *text + "' is negative", "--" + name, "give a value of 0 or more"));
  else
    return *value;
  return std::nullopt;
}

std::optional<int> year(OptionReader& options, const std::string& name) {
  const auto text = options.text({name}, "use 2022 or 2023");
  if (!text) return std::nullopt;
  if (*text != "2022" && *text != "2023") {
    options.fail(bad_input("no location table of '" + *text + "'", "--" + name, "use 2022 or 2023"));
    return std::nullopt;
  }
  return *text == "2022" ? 2022 : 2023;
}

constexpr const char* grids = "name a grid or power source of the tables, such as taiwan or solar";

/// The bill that ACT makes of its flags: four items, in this order.
void read_flags(OptionReader& options, Study& study) {
  const auto yield = [&](const std::string& name) {
    const double value = options.number({name}, 0, 1).value_or(1);
    if (value == 0) options.fail(bad_input("a yield of 0", "--" + name, "a yield is greater than 0 and at most 1"));
    return value;
  };
  const auto abatement = options.number({"gpa"}, 95, 99).value_or(97);
  if (abatement != 95 && abatement != 97 && abatement != 99)
    options.fail(bad_input("no such abatement", "--gpa", "use 95, 97 or 99"));
  ActSilicon logic;
  logic.name = "logic";
  logic.where = "--logic-process";
  logic.area =
      carbon::SquareMillimetres{measure(options, "logic-area", area_unit, "an area, such as 145mm2").value_or(0)};
  logic.process = options.text({"logic-process"}, "name a process of the tables, such as 14 or 7nm").value_or("14");
  if (!logic.process.ends_with("nm")) logic.process += "nm";
  logic.yield = yield("logic-yield");
  logic.abatement = static_cast<int>(abatement);
  study.flags.silicon.push_back(logic);
  struct Storage {
    const char* name;
    ActModel model;
    const char* process;
  };
  constexpr std::array storages = {Storage{"dram", ActModel::dram, "ddr4_10nm"},
                                   Storage{"ssd", ActModel::flash, "nand_10nm"},
                                   Storage{"hdd", ActModel::hdd, "BarraCuda"}};
  for (const Storage& storage : storages) {
    const std::string name = storage.name;
    ActSilicon part;
    part.name = name;
    part.where = "--" + name + "-process";
    part.model = storage.model;
    part.capacity = carbon::Bytes{measure(options, name + "-size", data_unit, "a capacity, such as 64GB").value_or(0)};
    part.process =
        options.text({name + "-process"}, std::string("name a process of the tables, such as ") + storage.process)
            .value_or(storage.process);
    part.yield = yield(name + "-yield");
    study.flags.silicon.push_back(part);
  }
  study.fab_grid = options.text({"fab-ci"}, grids).value_or(study.fab_grid);
  study.packages = options.number({"ics"}, 0, 1e9).value_or(0);
  const std::string capacitor_grid = options.text({"cap-ci"}, grids).value_or("taiwan");
  if (const auto count = options.number({"caps"}, 0, 1e9)) {
    study.capacitors = ActPassive{"caps", "capacitor", "generic", *count, std::nullopt, capacitor_grid, "--caps"};
  }
  if (const auto area = measure(options, "pcb-area", area_unit, "an area, such as 100mm2")) {
    ActMaterial board;
    board.name = board.category = "pcb";
    board.area = carbon::SquareMillimetres{*area};
    board.layers = options.number({"pcb-layers"}, 1, 100).value_or(4);
    board.where = "--pcb-area";
    study.board = board;
  }
}

Result<Study> read_study(const Request& request) {
  Study study;
  OptionReader options(request.options);
  const auto materials = options.text({"m", "materials"}, "name a bill of materials (YAML)");
  study.bom = request.input.empty() && materials ? fs::path(*materials) : request.input;
  const auto location = year(options, "location");
  const auto operation_location = year(options, "operation-location");
  const auto folder = options.text({"models"}, "name the folder of tables (models)");
  study.operation.power = carbon::Watts{measure(options, "op-power", power_unit, "a power, such as 400W").value_or(0)};
  if (const auto life = measure(options, "lifetime", time_unit, "a time, such as 4years"))
    study.operation.lifetime = carbon::Seconds{*life};
  study.operation.duty = options.number({"duty-cycle"}, 0, 1e6).value_or(1);
  study.operation.grid = options.text({"op-ci"}, grids).value_or(study.operation.grid);
  read_flags(options, study);
  study.asked = switches_of(request.mode, act_switches(), options);
  if (auto ok = options.finish(); !ok) return ok.error();

  auto models = find_models(folder, study.bom, location.value_or(0));
  if (!models) return models.error();
  study.models = std::move(*models);
  study.operation_models = study.models;
  if (operation_location) {
    auto other = find_models(folder, study.bom, *operation_location);
    if (!other) return other.error();
    study.operation_models = std::move(*other);
  }
  return study;
}

std::string case_name(const Study& study) { return study.bom.empty() ? "flags" : study.bom.stem().string(); }

void add_rows(const ActReport& report, const std::string& system, Comparison& comparison) {
  // A part's rows stand together; the parts' order is the bill's.
  for (const ActAmount& part : report.amounts)
    comparison.rows.push_back(
        {std::string(part.section) + "." + part.item, to_lower(name(part.category)), kilograms(part.amount), "kgCO2e"});
  for (int i = 1; i <= 9; ++i) {
    const auto category = static_cast<ActCategory>(i);
    comparison.rows.push_back({system, to_lower(name(category)), kilograms(report.of(category)), "kgCO2e"});
  }
  comparison.rows.push_back({system, "embodied", kilograms(report.embodied), "kgCO2e"});
  comparison.rows.push_back({system, "total", kilograms(report.total()), "kgCO2e"});
}

}  // namespace

Result<Comparison> compare_act(const Request& request) {
  const auto study = read_study(request);
  if (!study) return study.error();
  const ActSwitches& switches = study->asked;
  const auto report = study->report(switches);
  if (!report) return report.error();
  Comparison comparison{"act", request.mode, {}, {}, {}};
  const std::string system = case_name(*study);
  add_rows(*report, system, comparison);
  comparison.notes.push_back("coefficients: " + study->models.source);
  if (const auto bill = study->bill(switches)) {
    comparison.notes.insert(comparison.notes.end(), bill->notes.begin(), bill->notes.end());
    constexpr double wafer_mm = 300;
    for (const ActSilicon& part : bill->silicon)
      if (auto note = size_note("silicon." + part.name, part.area, wafer_mm); note && part.model == ActModel::logic)
        comparison.notes.push_back(std::move(*note));
  }
  note_switches(act_switches(), switches, comparison);
  const auto total = [&](const ActSwitches& alone) -> Result<double> {
    const auto changed = study->report(alone);
    if (!changed) return changed.error();
    return kilograms(changed->total());
  };
  add_switches(act_switches(), {{system, "total", "kgCO2e", total}}, comparison);
  return comparison;
}

}  // namespace cradle::published
