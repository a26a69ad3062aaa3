// Published numbers of ACT: its own test values, and the totals of the bills in its repository.
#include <cmath>

#include "cradle/published/act.h"
#include "cradle/published/tools.h"

namespace cradle::published {
namespace {

namespace fs = std::filesystem;

double kilograms(carbon::GramsCO2e amount) { return carbon::KilogramsCO2e{amount}.value(); }

ActSilicon die(double mm2, double packages) {
  ActSilicon part;
  part.name = "die";
  part.area = carbon::SquareMillimetres{mm2};
  part.process = "28nm";
  part.packages = packages;
  part.abatement = 95;
  part.fab_grid = "coal";
  return part;
}

ActSilicon storage(ActModel model, double gigabytes, const char* process, double packages) {
  ActSilicon part;
  part.name = "storage";
  part.model = model;
  part.capacity = carbon::Bytes{gigabytes * 1e9};
  part.process = process;
  part.packages = packages;
  return part;
}

/// The embodied carbon of some parts in kg; NaN, which no anchor passes, if they cannot be evaluated.
double embodied(const ActBom& bom) {
  const ActModels models = act_release_models();
  const auto report = evaluate_act(bom, models, models, {}, {});
  return report ? kilograms(report->embodied) : std::nan("");
}
double embodied(std::vector<ActSilicon> parts) {
  ActBom bom;
  bom.silicon = std::move(parts);
  return embodied(bom);
}

/// g for 1 cm2 of silicon at yield 0.875.
double grams_per_cm2(const char* node, const char* grid, int abatement) {
  const auto carbon = act_die(act_release_models(), carbon::SquareMillimetres{100}, node, grid, abatement, 0.875, "");
  return carbon ? carbon->value() : std::nan("");
}

}  // namespace

AnchorSet anchors_act(const fs::path& data) {
  AnchorSet set;
  const auto add = [&](std::string item, std::string quantity, double published, std::string unit, std::string source,
                       double ours) {
    set.anchors.push_back(
        {"act", std::move(item), std::move(quantity), published, 1e-9, std::move(unit), std::move(source), ours});
  };
  const std::string tests = "ACT v2.0 (@abc9fbb), act/tests";
  add("14 nm, Taiwan, GPA97", "carbon_per_area", 1556.685714285714, "gCO2e/cm2", tests,
      grams_per_cm2("14nm", "taiwan", 97));
  add("10 nm, coal, GPA95", "carbon_per_area", 2228.0, "gCO2e/cm2", tests, grams_per_cm2("10nm", "coal", 95));
  // The R740's parts as the test states them: two CPUs of 6.98 cm2 in 28 nm, drives of 30 nm NAND, DDR3.
  add("Dell R740", "cpu_pair", 23.143405714285716, "kgCO2e", tests, embodied({die(698, 2), die(698, 2)}));
  add("Dell R740", "ssd_main", 1103.9657142857143, "kgCO2e", tests,
      8 * embodied({storage(ActModel::flash, 3840, "nand_30nm", 13)}));
  add("Dell R740", "ssd_secondary", 65.6, "kgCO2e", tests,
      embodied({storage(ActModel::flash, 400, "nand_30nm", 13), storage(ActModel::dram, 68, "ddr3_50nm", 19)}));
  add("Dell R740", "dram_main", 330.4285714285714, "kgCO2e", tests,
      12 * embodied({storage(ActModel::dram, 36, "ddr3_50nm", 19)}));
  add("Fairphone 3", "cpu", 0.8992937142857143, "kgCO2e", tests, embodied({die(46.4, 1)}));
  add("Fairphone 3", "dram_and_flash", 5.310285714285714, "kgCO2e", tests,
      embodied({storage(ActModel::dram, 4, "ddr3_50nm", 1), storage(ActModel::flash, 64, "nand_30nm", 1)}));

  struct Bill {
    const char* file;
    const char* item;
    double total;
  };
  constexpr Bill bills[] = {{"dellr740.yaml", "Dell R740", 1523.1376914285718},
                            {"fairphone3.yaml", "Fairphone 3", 11.901223314285714},
                            {"test.yaml", "test bill", 28.982239614670092},
                            {"imported.yaml", "imported bill", 0.47217067460317463}};
  const fs::path root = data / "act-coefficients" / "act";
  std::error_code ignored;
  if (!fs::is_directory(root / "boms", ignored)) {
    set.notes.push_back("act: no bills in " + (root / "boms").string() + "; five totals are not checked");
    return set;
  }
  const auto models = read_act_models(root / "models");
  if (!models) {
    set.notes.push_back("act: " + to_string(models.error()));
    return set;
  }
  const std::string output = "output of ACT v2.0 (@abc9fbb)";
  for (const Bill& bill : bills) {
    const auto bom = read_act_bom(root / "boms" / bill.file, {});
    const auto report = bom ? evaluate_act(*bom, *models, *models, {}, {}) : Result<ActReport>(bom.error());
    add(bill.item, "total", bill.total, "kgCO2e", output, report ? kilograms(report->total()) : std::nan(""));
    if (!report) set.notes.push_back("act: " + to_string(report.error()));
    if (report && std::string_view(bill.file) == "fairphone3.yaml") {
      carbon::GramsCO2e sum;
      for (const ActAmount& part : report->amounts)
        if (part.item.starts_with("ics.")) sum += part.amount;
      add("Fairphone 3", "ics", 5.691643885714286, "kgCO2e", tests, kilograms(sum));
    }
  }
  return set;
}

}  // namespace cradle::published
