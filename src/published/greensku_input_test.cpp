// GreenSKU's files: other depths, missing tables, bad input, and what the command line asks.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "cradle/published/tools.h"
#include "greensku_fixture.h"

namespace cradle::published::greensku {
namespace {

namespace fs = std::filesystem;

/// The release's files in a folder.
class Folder {
 public:
  Folder() {
    static int count = 0;
    path_ = fs::temp_directory_path() / ("greensku-" + std::to_string(getpid()) + "-" + std::to_string(count++));
    fs::create_directories(path_ / "data" / "carbon_data");
    fs::create_directories(path_ / "server_configs" / "Eval-Configs");
    for (const char* name : table_files) write(table(name), release_table(name));
    for (const auto& [name, text] : release_configurations()) write(configuration(std::string(name)), text);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }

  const fs::path& path() const { return path_; }
  fs::path table(const std::string& name) const { return path_ / "data" / "carbon_data" / name; }
  fs::path configuration(const std::string& name) const { return path_ / "server_configs" / "Eval-Configs" / name; }
  static void write(const fs::path& path, std::string_view text) { std::ofstream(path, std::ios::binary) << text; }

 private:
  fs::path path_;
};

TEST(GreenSku, AnotherDepthAndMissingTables) {
  const Folder folder;
  const fs::path flat = folder.path() / "flat";
  fs::create_directories(flat);
  for (const auto& [name, text] : release_configurations()) Folder::write(flat / name, text);
  // Configurations alone: the tables are found above them.
  const Framework above = must(read(flat));
  EXPECT_NE(above.notes.at(0).find("tables from"), std::string::npos);
  EXPECT_EQ(figures(evaluated(above)), figures(evaluated(release())));
  // Nowhere near: the release's.
  const Folder elsewhere;
  fs::remove_all(elsewhere.path() / "data");
  const Framework built_in = must(read(elsewhere.path()));
  EXPECT_NE(built_in.notes.at(0).find("figures of the release"), std::string::npos);
  EXPECT_EQ(figures(evaluated(built_in)), figures(evaluated(release())));
}

TEST(GreenSku, OneConfigurationAgainstTheBaseline) {
  const Folder folder;
  const fs::path file = folder.configuration("GreenSKU-Full.yaml");
  const Framework framework = must(read(file));
  ASSERT_EQ(framework.skus.size(), 2u);
  const Evaluation evaluation = evaluated(framework);
  EXPECT_EQ(evaluation.skus[*evaluation.cluster_sku].name, "GreenSKU-Full");
  EXPECT_NEAR(evaluation.skus[*evaluation.cluster_sku].clusters.weighted, 14.001515776328858, 1e-11);
}

TEST(GreenSku, ABaselineOfAnotherFileName) {
  const Folder folder;
  const fs::path file = folder.path() / "mine.yaml";
  Folder::write(file, release_texts({{"Baseline.yaml", "number: 12", "number: 8"}}).at("Baseline.yaml"));
  const Framework framework = must(read(file));
  ASSERT_EQ(framework.skus.size(), 1u);
  EXPECT_EQ(framework.skus[0].memory.number, 8);
}

TEST(GreenSku, CopiesWithTheSameNameAreCalledByTheirFiles) {
  const Folder folder;
  const std::string text(release_texts({{"GreenSKU-Full.yaml", "core_count: 128}", "core_count: 128, overhead: 4}"}})
                             .at("GreenSKU-Full.yaml"));
  Folder::write(folder.configuration("copy.yaml"), text);
  const Framework framework = must(read(folder.path()));
  ASSERT_EQ(framework.skus.size(), 7u);
  EXPECT_NE(framework.notes.back().find("2 configurations have the server.name 'GreenSKU-Full'"), std::string::npos);
  const Evaluation evaluation = evaluated(framework);
  EXPECT_EQ(evaluation.skus[*evaluation.cluster_sku].name, "GreenSKU-Full");
  EXPECT_EQ(of(evaluation, "GreenSKU-Full").per_core.total(),
            of(evaluated(release()), "GreenSKU-Full").per_core.total());
  EXPECT_NE(of(evaluation, "copy").per_core.total(), of(evaluation, "GreenSKU-Full").per_core.total());
  // One configuration alone: a copy of the baseline is compared with it, and the baseline itself with nothing.
  Folder::write(folder.configuration("new.yaml"), release_texts().at("Baseline.yaml"));
  const Framework pair = must(read(folder.configuration("new.yaml")));
  ASSERT_EQ(pair.skus.size(), 2u);
  EXPECT_EQ(pair.skus[0].name, "new");
  EXPECT_EQ(*evaluated(pair).baseline, 1u);
  const fs::path baseline = folder.configuration("Baseline.yaml");
  Folder::write(baseline, release_texts({{"Baseline.yaml", "name: Baseline", "name: Today"}}).at("Baseline.yaml"));
  const Framework itself = must(read(baseline));
  ASSERT_EQ(itself.skus.size(), 1u);
  EXPECT_EQ(*evaluated(itself).baseline, 0u);
  fs::remove(folder.configuration("new.yaml"));
  // A copy of a whole folder: the files' names meet too.
  fs::create_directories(folder.path() / "mine");
  Folder::write(folder.path() / "mine" / "copy.yaml", text);
  std::set<std::string> names;
  for (const Sku& sku : must(read(folder.path())).skus) names.insert(sku.name);
  EXPECT_EQ(names.size(), 8u);
  EXPECT_TRUE(names.contains("mine/copy.yaml"));
}

TEST(GreenSku, ABaselineByNameOrFile) {
  const Folder folder;
  Folder::write(folder.configuration("old.yaml"),
                release_texts({{"Baseline.yaml", "name: Baseline", "name: Servers of today"}}).at("Baseline.yaml"));
  fs::remove(folder.configuration("Baseline.yaml"));
  const Framework framework = must(read(folder.path()));
  Setting by_name, by_file;
  by_name.baseline = "Servers of today";
  by_file.baseline = "old";
  EXPECT_EQ(figures(evaluated(framework, by_name)), figures(evaluated(framework, by_file)));
  EXPECT_NEAR(evaluated(framework, by_file).building_percent, 6.984368300000001, 1e-9);
  // A configuration without a name has its file's.
  Folder::write(folder.configuration("old.yaml"),
                release_texts({{"Baseline.yaml", "name: Baseline", "name:"}}).at("Baseline.yaml"));
  EXPECT_EQ(of(evaluated(must(read(folder.path())), by_file), "old").per_core.total(),
            of(evaluated(release()), "Baseline").per_core.total());
}

/// Quantities of a comparison's rows, and its notes.
struct Told {
  std::set<std::string> quantities;
  std::string notes;
};
Told told(const fs::path& input, std::map<std::string, std::string> options = {}) {
  Request request;
  request.input = input;
  request.options = std::move(options);
  const auto comparison = compare_greensku(request);
  EXPECT_TRUE(comparison) << to_string(comparison.error());
  Told result;
  if (!comparison) return result;
  for (const Row& row : comparison->rows) result.quantities.insert(row.quantity);
  for (const std::string& note : comparison->notes) result.notes += note + "\n";
  EXPECT_FALSE(comparison->switches.empty());
  return result;
}

TEST(GreenSku, RowsOfWhatThereIs) {
  const Folder folder;
  const auto has = [](const Told& of, const char* quantity) { return of.quantities.contains(quantity); };
  fs::remove(folder.configuration("Baseline.yaml"));
  const Told without = told(folder.path());
  EXPECT_TRUE(has(without, "per_core_total"));
  for (const char* saving : {"saving_total_percent", "table_total_percent", "cluster_saving_percent",
                             "cluster_carbon_before", "data_centre_saving_percent"})
    EXPECT_FALSE(has(without, saving)) << saving;
  EXPECT_NE(without.notes.find("no configuration is named Baseline"), std::string::npos);
  EXPECT_TRUE(has(told(folder.path(), {{"baseline", "Baseline-2U"}}), "data_centre_saving_percent"));

  // Without the release's own the sizes are taken for the last that is no variant of the baseline, and a note says so.
  const Told other = told(folder.configuration("GreenSKU-CXL.yaml"));
  EXPECT_TRUE(has(other, "saving_total_percent"));
  EXPECT_TRUE(has(other, "cluster_saving_percent"));
  EXPECT_NE(other.notes.find("those of GreenSKU-CXL"), std::string::npos);
  EXPECT_NE(other.notes.find("--cluster-sku names another"), std::string::npos);
  const Told itself = told(folder.configuration("GreenSKU-CXL.yaml"), {{"cluster-sku", "Baseline"}});
  EXPECT_FALSE(has(itself, "cluster_saving_percent"));
}

TEST(GreenSku, BadInput) {
  struct Bad {
    Edit edit;
    const char* says;
  };
  const Bad cases[] = {
      {{"Baseline.yaml", "core_count: 80", "core_count: 96"}, "96 cores"},
      {{"Baseline.yaml", "size: 64GB", "size: 128GB"}, "128GB"},
      {{"Baseline.yaml", "size: 64GB", "size: 64 GB"}, "64 GB"},
      {{"Baseline.yaml", "size: 2TB", "size: 2000GB"}, "2000GB"},
      {{"Baseline.yaml", "E1.S", "U.2"}, "U.2"},
      {{"Baseline.yaml", "4800MHz", "5600"}, "5600MHz"},
      {{"Baseline.yaml", "cxl:", "cxxl:"}, "has no 'cxl'"},
      {{"Baseline.yaml", "DDR4", "DDR3"}, "DDR3"},
      {{"Baseline.yaml", "100G", "200G"}, "200G"},
      {{"Baseline.yaml", "number: 12", "number: -12"}, "out of range"},
      {{"Baseline.yaml", "number: 12", "number: twelve"}, "no number"},
      {{"Baseline.yaml", "number: 12", "number: .nan"}, "no number"},
      {{"Baseline.yaml", "15kW", "15kw"}, "no power"},
      {{"Baseline.yaml", "15kW", "-15kW"}, "no power"},
      {{"Baseline.yaml", "num_servers: 0", "num_servers:"}, "empty"},
      {{"Baseline.yaml", "form: 1U", "form: 0U"}, "rack units"},
      {{"Baseline.yaml", "type: Server-1U", "type: Server-3U"}, "Server-3U"},
      {{"GreenSKU-Full.yaml", "controller: default", "controller: other"}, "other"},
      {{"params.yaml", "lifetime: 72", "lifetime: 0"}, "lifetime"},
      {{"params.yaml", "lifetime", "lifetim"}, "lifetime"},
      {{"params.yaml", "PSU_efficiency: 0.95", "PSU_efficiency: 1.2"}, "out of range"},
      {{"params.yaml", "1U_server_base: 250", "1U_server_bas: 250"}, "1U_server_base"},
      {{"CPU.yaml", "power: 290W, ", ""}, "power"},
      {{"CPU.yaml", "spec_derates", "derates"}, "spec_derates"},
      {{"CPU.yaml", "10: 0.2,", "ten: 0.2,"}, "utilisation"},
      {{"server.yaml", "fan:", "fans:"}, "fan"},
      {{"rack.yaml", "capacity: 10, ", ""}, "capacity"},
      {{"afr_data.yaml", "Rest:", "GPU:"}, "failure rate"},
      {{"azure_dc_data.csv", "europewest,79,", "europewest,179,"}, "179"},
      {{"cluster_data.csv", "498,198,220", "0,198,220"}, "0 servers"},
      {{"cluster_data.csv", "498,198,220", "498,-198,220"}, "-198"},
      {{"cluster_data.csv", "NewClusterSize_GreenSKU", "GreenSKU"}, "NewClusterSize_GreenSKU"},
      {{"DRAM.yaml", "DDR5:", "DDR5: ["}, "no YAML"},
  };
  for (const Bad& bad : cases) {
    SCOPED_TRACE(std::string(bad.edit.from) + " -> " + bad.edit.to);
    const auto framework = parse(release_texts({bad.edit}));
    ASSERT_FALSE(framework);
    const Error& error = framework.error();
    EXPECT_EQ(error.code, ErrorCode::bad_input);
    EXPECT_NE(to_string(error).find(bad.says), std::string::npos) << to_string(error);
    EXPECT_NE(error.where.find(bad.edit.file), std::string::npos) << error.where;
    EXPECT_FALSE(error.hint.empty());
  }
}

TEST(GreenSku, TextsByFileName) {
  const auto framework = parse(release_texts());
  ASSERT_TRUE(framework) << to_string(framework.error());
  EXPECT_TRUE(framework->notes.empty());
  EXPECT_EQ(of(evaluated(*framework), "Baseline-Resized").building.total(),
            of(evaluated(release()), "Baseline-Resized").building.total());
  EXPECT_FALSE(parse({{"x.yaml", "a: 1"}})) << "neither a table nor a configuration";
  EXPECT_FALSE(parse({{"CPU.yaml", ""}}));
}

TEST(GreenSku, BadFoldersAndSettings) {
  EXPECT_EQ(figures(evaluated(must(read({})))), figures(evaluated(release())));
  EXPECT_FALSE(read("/nowhere/at/all"));
  const Folder folder;
  fs::create_directories(folder.path() / "copy");
  Folder::write(folder.path() / "copy" / "CPU.yaml", release_table("CPU.yaml"));
  const auto twice = read(folder.path());
  ASSERT_FALSE(twice);
  EXPECT_NE(twice.error().message.find("twice"), std::string::npos);
  EXPECT_FALSE(read(folder.path() / "data")) << "tables without any configuration";
  EXPECT_FALSE(read(folder.table("CPU.yaml"))) << "a table is no configuration";

  const Framework framework = release();
  Setting setting;
  setting.baseline = "Basline";
  EXPECT_FALSE(evaluate(framework, setting));
  Framework other = framework;
  other.skus[0].rack_power = Watts{600};
  const auto none = evaluate(other, Setting{});
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().message.find("no server fits"), std::string::npos);
  other = framework;
  other.failures.push_back({FailingPart::cpu, 0.01, {}, 0});
  EXPECT_FALSE(evaluate(other, Setting{})) << "the release stops there as well";
  EXPECT_TRUE(evaluate(other, with({&Switches::cpu_nic_failures})));
}

TEST(GreenSku, Comparison) {
  const Folder folder;
  Request request;
  request.input = folder.path();
  const auto comparison = compare_greensku(request);
  ASSERT_TRUE(comparison) << to_string(comparison.error());
  const auto value = [&](std::string_view item, std::string_view quantity) {
    for (const Row& row : comparison->rows)
      if (row.item == item && row.quantity == quantity) return row.value;
    ADD_FAILURE() << item << " " << quantity;
    return 0.0;
  };
  // The release's own run, unrounded; its solver stops short of the exact fit.
  EXPECT_NEAR(value("GreenSKU-Full", "saving_total_percent"), 26.423822437328464, 1e-7);
  EXPECT_NEAR(value("GreenSKU-Full", "cluster_saving_percent"), 14.001515780160377, 1e-7);
  EXPECT_EQ(value("GreenSKU-CXL", "table_embodied_percent"), 32);
  EXPECT_EQ(value("GreenSKU-CXL", "per_core_operational") + value("GreenSKU-CXL", "per_core_embodied"),
            value("GreenSKU-CXL", "per_core_total"));
  std::set<std::string> named;
  for (const Switch& entry : comparison->switches) named.insert(entry.name);
  EXPECT_EQ(named.size(), switch_table().size());

  // --corrected is the one switch that is no choice; all is every name.
  const auto values = [](const Request& asked) {
    const auto answer = compare_greensku(asked);
    EXPECT_TRUE(answer);
    std::vector<double> list;
    if (answer)
      for (const Row& row : answer->rows) list.push_back(row.value);
    return list;
  };
  const auto with_switches = [&](const std::string& names) {
    Request asked = request;
    asked.options = {{"switch", names}};
    return values(asked);
  };
  std::string every;
  for (const auto& entry : switch_table()) every += (every.empty() ? "" : ",") + std::string(entry.name);
  Request corrected = request;
  corrected.mode = Mode::corrected;
  EXPECT_EQ(values(corrected), with_switches("embodied-without-use"));
  EXPECT_NE(values(corrected), values(request));
  EXPECT_EQ(with_switches("all"), with_switches(every));
  EXPECT_NE(with_switches("all"), values(corrected));
  corrected.options = {{"switch", "item-curves"}};
  EXPECT_FALSE(compare_greensku(corrected)) << "--switch beside --corrected";

  for (const auto& [key, text] : std::map<std::string, std::string>{
           {"basline", "x"}, {"baseline", "Unknown"}, {"intensity", "-1"}, {"switch", "item-curve"}, {"plain", "2"}}) {
    Request wrong;
    wrong.input = folder.path();
    wrong.options = {{key, text}};
    const auto refused = compare_greensku(wrong);
    ASSERT_FALSE(refused) << key;
    EXPECT_EQ(refused.error().code, ErrorCode::bad_input);
  }
}

}  // namespace
}  // namespace cradle::published::greensku
