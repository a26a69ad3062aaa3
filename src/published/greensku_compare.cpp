// GreenSKU's rows, switches and published numbers.
#include <algorithm>
#include <cmath>

#include "cradle/base/text.h"
#include "cradle/published/greensku.h"
#include "cradle/published/tools.h"
#include "options.h"
#include "switches.h"

namespace cradle::published {

namespace {

using namespace greensku;

/// The folder's name, a file's without extension.
std::string system_name(const std::filesystem::path& input) {
  const std::filesystem::path path = input.lexically_normal();
  const std::filesystem::path last = path.has_filename() ? path.filename() : path.parent_path().filename();
  const bool is_file = last.extension() == ".yaml" || last.extension() == ".yml";
  const std::string name = (is_file ? last.stem() : last).string();
  return name.empty() || name == "." || name == ".." ? "greensku" : name;
}

Result<Setting> setting_of(const Request& request) {
  OptionReader options(request.options);
  Setting setting;
  constexpr const char* which = "name a configuration, by its server.name or its file: Baseline, for example";
  setting.baseline = options.text({"baseline"}, which).value_or("");
  setting.cluster_sku = options.text({"cluster-sku"}, which).value_or("");
  if (const auto intensity = options.number({"intensity"}, 0, 1000))
    setting.intensity = KilogramsPerKilowattHour{*intensity};
  setting.plain = options.flag("plain");
  setting.switches = switches_of(request.mode, switch_table(), options);
  if (auto fine = options.finish(); !fine) return fine.error();
  return setting;
}

/// Whether there are both kinds of servers that the sizes of clusters count.
bool has_clusters(const Evaluation& evaluation) {
  return evaluation.baseline && evaluation.cluster_sku && evaluation.baseline != evaluation.cluster_sku;
}

void add_rows(const Evaluation& evaluation, const std::string& system, std::vector<Row>& rows) {
  rows.push_back({system, "average_intensity", evaluation.parameters.intensity.value(), "kgCO2e/kWh"});
  rows.push_back({system, "fan_slope", evaluation.parameters.fan_slope, "W/W"});
  if (has_clusters(evaluation)) {
    const ClusterSaving& clusters = evaluation.skus[*evaluation.cluster_sku].clusters;
    rows.push_back({system, "cluster_saving_percent", clusters.weighted, "percent"});
    rows.push_back({system, "cluster_saving_unweighted_percent", clusters.unweighted, "percent"});
    rows.push_back({system, "cluster_carbon_before", clusters.before.value(), "kgCO2e"});
    rows.push_back({system, "cluster_carbon_after", clusters.after.value(), "kgCO2e"});
    rows.push_back({system, "data_centre_saving_percent", evaluation.building_percent, "percent"});
  }
  for (const SkuEvaluation& sku : evaluation.skus) {
    const SkuResult& result = sku.result;
    const auto row = [&](const char* quantity, double value, const char* unit) {
      rows.push_back({sku.name, quantity, value, unit});
    };
    row("per_core_operational", result.per_core.operational.value(), "kgCO2e");
    row("per_core_embodied", result.per_core.embodied.value(), "kgCO2e");
    row("per_core_total", result.per_core.total().value(), "kgCO2e");
    if (evaluation.baseline) {
      row("saving_operational_percent", sku.savings.operational, "percent");
      row("saving_embodied_percent", sku.savings.embodied, "percent");
      row("saving_total_percent", sku.savings.total, "percent");
      row("table_operational_percent", sku.table.operational, "percent");
      row("table_embodied_percent", sku.table.embodied, "percent");
      row("table_total_percent", sku.table.total, "percent");
    }
    row("servers_per_rack", result.servers_per_rack, "servers");
    row("racks", result.racks, "racks");
    row("server_power_provisioned", result.provisioned.value(), "W");
    row("server_operational", result.server.operational.value(), "kgCO2e");
    row("server_embodied", result.server.embodied.value(), "kgCO2e");
    row("per_server_total", result.per_server.total().value(), "kgCO2e");
    row("per_core_data_centre_total", result.per_core_building.total().value(), "kgCO2e");
    row("per_server_data_centre_total", result.per_server_building.total().value(), "kgCO2e");
    row("failures_per_year", result.failures_per_year, "1/year");
    if (has_clusters(evaluation) && &sku != &evaluation.skus[*evaluation.baseline])
      row("cluster_saving_percent", sku.clusters.weighted, "percent");
  }
}

/// The configuration that stands for the others: that of the clusters, or the last but the baseline.
const SkuEvaluation& shown(const Evaluation& evaluation) {
  if (evaluation.cluster_sku) return evaluation.skus[*evaluation.cluster_sku];
  const std::size_t last = evaluation.skus.size() - 1;
  return evaluation.skus[evaluation.baseline == last && last > 0 ? last - 1 : last];
}

/// The figures in which a switch may show, the main ones first.
constexpr std::size_t main_figures = 2;
std::vector<Row> headline(const Evaluation& evaluation, const std::string& system) {
  const SkuEvaluation& sku = shown(evaluation);
  const SkuResult& result = sku.result;
  std::vector<Row> rows{{sku.name, "per_core_total", result.per_core.total().value(), "kgCO2e"}};
  if (has_clusters(evaluation)) {
    rows.push_back({system, "cluster_saving_percent", sku.clusters.weighted, "percent"});
    rows.push_back({system, "data_centre_saving_percent", evaluation.building_percent, "percent"});
  }
  if (evaluation.baseline) rows.push_back({sku.name, "table_total_percent", sku.before_rounding.total, "percent"});
  rows.push_back({sku.name, "rack_power", result.rack_provisioned.value(), "W"});
  rows.push_back({sku.name, "per_server_data_centre_total", result.per_server_building.total().value(), "kgCO2e"});
  return rows;
}

/// What each switch alone changes: the main figures, or the first other one if it changes none of them. Failure rates
/// of CPU and NIC, at which the release stops, count nothing there.
std::vector<Switch> effects(const Framework& framework, Setting setting, const std::string& system) {
  Framework as_published = framework;
  std::erase_if(as_published.failures,
                [](const FailureRate& rate) { return rate.part == FailingPart::cpu || rate.part == FailingPart::nic; });
  std::vector<Switch> list;
  setting.switches = {};
  const auto published = evaluate(as_published, setting);
  for (const auto& entry : switch_table()) {
    setting.switches = {};
    setting.switches.*(entry.flag) = true;
    const auto with = evaluate(setting.switches.cpu_nic_failures ? framework : as_published, setting);
    if (!published || !with) continue;
    const auto before = headline(*published, system), after = headline(*with, system);
    bool listed = false;
    const auto add = [&](std::size_t i) {
      list.push_back({std::string(entry.name), std::string(entry.why), before[i].item, before[i].quantity,
                      after[i].value - before[i].value, before[i].unit, entry.choice});
      listed = true;
    };
    for (std::size_t i = 0; i < before.size(); ++i)
      if (after[i].value != before[i].value && (i < main_figures || !listed)) add(i);
    if (!listed) add(0);
  }
  return list;
}

/// Whether the release's solver has to fit it.
bool is_fitted(const Derate& curve) {
  return std::any_of(curve.coefficients.begin() + 1, curve.coefficients.end(), [](double c) { return c != 0; });
}

void add_notes(const Framework& framework, const Setting& setting, const Evaluation& evaluation,
               std::vector<std::string>& notes) {
  notes.insert(notes.end(), framework.notes.begin(), framework.notes.end());
  if (!evaluation.baseline)
    notes.push_back(
        "no configuration is named Baseline: savings are left out; name one of the input's to compare with after "
        "--baseline");
  if (has_clusters(evaluation))
    notes.push_back("clusters: the sizes after are those of " + shown(evaluation).name +
                    "; other configurations are set into the same sizes" +
                    (setting.cluster_sku.empty() && shown(evaluation).name != "GreenSKU-Full"
                         ? std::string(" (--cluster-sku names another)")
                         : std::string()));
  else
    notes.push_back(
        "clusters and data centre: left out, as their sizes count servers of a baseline and of " +
        std::string(evaluation.cluster_sku && evaluation.baseline ? "another configuration" : "GreenSKU-Full") +
        "; name those of the input after --baseline and --cluster-sku");
  if (!setting.plain)
    notes.push_back(
        "evaluated as the release does: mean intensity over the regions (unweighted, though it is called an average by "
        "use), PUE 1.12, power factor 0.66 and the fitted fan slope in place of those in params.yaml; --plain keeps "
        "them");
  bool fitted = false;
  for (const Sku& sku : framework.skus) {
    for (const Part* part : {&sku.cpu, &sku.memory, &sku.cxl, &sku.cxl_controller, &sku.ssd, &sku.ssd_reuse, &sku.nic})
      fitted = fitted || is_fitted(part->curve);
    if (evaluation.skus[static_cast<std::size_t>(&sku - framework.skus.data())].result.cores_sold < 0)
      notes.push_back(sku.name +
                      ": the core overhead exceeds the cores, as published a number of cores counts as a share");
  }
  if (fitted)
    notes.push_back(
        "derating curves are fitted exactly; the release's iterative solver stops short of the minimum, by which its "
        "figures differ by 1e-9 to 3e-8");
}

/// "greensku" or the folder itself, below `data`, if the release's tables are there.
std::optional<std::filesystem::path> release_folder(const std::filesystem::path& data) {
  std::error_code ignored;
  for (const auto& folder : {data / "greensku", data})
    if (!data.empty() && std::filesystem::exists(folder / "data" / "carbon_data" / "params.yaml", ignored))
      return folder;
  return std::nullopt;
}

constexpr const char* tool = "greensku";
constexpr double whole_percent = 0.5;  ///< half a unit of the last digit printed
/// For the unrounded figures of the release's own run: its iterative solver stops short of the least squares of the
/// derating curve, by which they differ from those of the exact fit.
constexpr double solver = 1e-8;

/// Table VIII of the release's open data, and the totals as its code gives them before rounding.
struct TableRow {
  const char* sku;
  double operational, embodied, total;
  double unrounded_total;
};
constexpr TableRow table_viii[] = {{"Baseline-Resized", 6, 10, 8, 8.219621232534143},
                                   {"GreenSKU-Efficient", 16, 14, 15, 14.76867307268711},
                                   {"GreenSKU-CXL", 15, 32, 24, 23.814934491690675},
                                   {"GreenSKU-Full", 14, 38, 26, 26.423822437328464}};
constexpr std::pair<const char*, double> servers_per_rack[] = {{"Baseline", 29},
                                                               {"Baseline-Resized", 31},
                                                               {"GreenSKU-Efficient", 21},
                                                               {"GreenSKU-CXL", 16},
                                                               {"GreenSKU-Full", 16}};
/// kgCO2e per core, Baseline.
constexpr Carbon baseline_per_core{KilogramsCO2e{9.107010173616285}, KilogramsCO2e{9.458402698275863}};

}  // namespace

Result<Comparison> compare_greensku(const Request& request) {
  const auto setting = setting_of(request);
  if (!setting) return setting.error();
  const auto framework = read(request.input);
  if (!framework) return framework.error();
  const auto evaluation = evaluate(*framework, *setting);
  if (!evaluation) {
    Error error = evaluation.error();
    if (!error.where.starts_with("--")) error.where = request.input.string() + ": " + error.where;
    return error;
  }
  const std::string system = system_name(request.input);
  Comparison comparison;
  comparison.tool = tool;
  comparison.mode = request.mode;
  add_rows(*evaluation, system, comparison.rows);
  comparison.switches = effects(*framework, *setting, system);
  note_switches(switch_table(), setting->switches, comparison);
  add_notes(*framework, *setting, *evaluation, comparison.notes);
  return comparison;
}

AnchorSet anchors_greensku(const std::filesystem::path& data) {
  AnchorSet set;
  Framework framework;
  if (const auto folder = release_folder(data)) {
    auto files = read(*folder);
    if (!files) {
      set.notes.push_back("greensku: " + to_string(files.error()));
      return set;
    }
    framework = std::move(*files);
  } else {
    framework = release();
    set.notes.push_back("greensku: from the release's figures, restated; its own files are not in the data folder");
  }
  const auto evaluation = evaluate(framework, Setting{});
  if (!evaluation) {
    set.notes.push_back("greensku: " + to_string(evaluation.error()));
    return set;
  }
  const auto add = [&set](const std::string& item, const char* quantity, double published, double tolerance,
                          const char* unit, const char* source, double ours) {
    set.anchors.push_back({tool, item, quantity, published, tolerance, unit, source, ours});
  };
  const auto of = [&](const std::string& name) {
    const auto place = std::find_if(evaluation->skus.begin(), evaluation->skus.end(),
                                    [&](const SkuEvaluation& sku) { return sku.name == name; });
    return place == evaluation->skus.end() ? nullptr : &*place;
  };
  constexpr const char* run = "the framework's own run at b469a11, unrounded";
  constexpr const char* table = "figures/paper_figures_original/Table_VIII.csv";
  add("regions", "average_intensity", 0.098694425, 1e-9, "kgCO2e/kWh", run, evaluation->parameters.intensity.value());
  add("fans", "fan_slope", 0.17869226656579001, 1e-9, "W/W", run, evaluation->parameters.fan_slope);
  add("fans", "fan_slope", 0.18, 0.005 / 0.18, "W/W", "evaluation notebook, printed", evaluation->parameters.fan_slope);
  for (const TableRow& row : table_viii)
    if (const SkuEvaluation* sku = of(row.sku)) {
      const auto whole = [&](const char* quantity, double published, double ours) {
        add(row.sku, quantity, published, whole_percent / published, "percent", table, ours);
      };
      whole("saving_operational_percent", row.operational, sku->before_rounding.operational);
      whole("saving_embodied_percent", row.embodied, sku->before_rounding.embodied);
      whole("saving_total_percent", row.total, sku->before_rounding.total);
      add(row.sku, "saving_total_percent", row.unrounded_total, solver, "percent", run, sku->savings.total);
    }
  for (const auto& [name, servers] : servers_per_rack)
    if (const SkuEvaluation* sku = of(name))
      add(name, "servers_per_rack", servers, 1e-9, "servers", run, sku->result.servers_per_rack);
  if (const SkuEvaluation* sku = of("Baseline")) {
    const Carbon& ours = sku->result.per_core;
    add("Baseline", "per_core_operational", baseline_per_core.operational.value(), solver, "kgCO2e", run,
        ours.operational.value());
    add("Baseline", "per_core_embodied", baseline_per_core.embodied.value(), solver, "kgCO2e", run,
        ours.embodied.value());
    add("Baseline", "per_core_total", baseline_per_core.total().value(), solver, "kgCO2e", run, ours.total().value());
  }
  if (!has_clusters(*evaluation)) return set;
  const ClusterSaving& clusters = evaluation->skus[*evaluation->cluster_sku].clusters;
  add("clusters", "cluster_saving_percent", 14, whole_percent / 14, "percent",
      "figures/paper_figures_original/cluster_savings.txt", clusters.weighted);
  add("clusters", "cluster_saving_percent", 14.001515780160377, solver, "percent", run, clusters.weighted);
  add("clusters", "cluster_saving_unweighted_percent", 13.700277252087268, solver, "percent", run, clusters.unweighted);
  add("data centre", "data_centre_saving_percent", 7, whole_percent / 7, "percent",
      "figures/paper_figures_original/dc_savings.txt", evaluation->building_percent);
  add("data centre", "data_centre_saving_percent", 6.984368300000001, solver, "percent", run,
      evaluation->building_percent);
  return set;
}

}  // namespace cradle::published
