// Published numbers of Cloud Carbon Footprint: its use tables, and how many of its embodied rows are reproduced.
#include <cmath>

#include "cradle/base/csv.h"
#include "cradle/base/file.h"
#include "cradle/base/text.h"
#include "cradle/published/ccf.h"
#include "cradle/published/tools.h"

namespace cradle::published {
namespace {

namespace fs = std::filesystem;
constexpr double bytes_per_gb = 1e9;
constexpr double exact = 1e-9;

/// One column of numbers of a shipped output table, in order.
Result<std::vector<double>> column(const fs::path& path, std::string_view name) {
  const auto text = read_file(path, std::uint64_t{64} << 20);
  if (!text) return text.error();
  std::vector<double> values;
  const std::array<std::string_view, 1> columns = {name};
  const auto rows = read_csv(*text, path.string(), columns, [&](const CsvRow& row) -> Result<void> {
    const auto value = row.number(0, -1e300, 1e300);
    if (!value) return value.error();
    values.push_back(*value);
    return {};
  });
  if (!rows) return rows.error();
  return values;
}

}  // namespace

AnchorSet anchors_ccf(const fs::path& data) {
  AnchorSet set;
  const auto add = [&](std::string item, std::string quantity, double published, std::string unit, std::string source,
                       double ours) {
    set.anchors.push_back(
        {"ccf", std::move(item), std::move(quantity), published, exact, std::move(unit), std::move(source), ours});
  };
  // Platforms as the instance tables state them; totals as the coefficients' own checks expect them.
  struct Platform {
    const char* item;
    double gb, drives, gpus, sockets, total;
  };
  constexpr Platform platforms[] = {{"a1.medium", 32, 0, 0, 1, 1022.21},
                                    {"c3.xlarge", 60, 2, 0, 2, 1361.07},
                                    {"e2-standard-2 (Skylake)", 128, 0, 0, 2, 1255.46},
                                    {"a2-highgpu-8g", 1360, 1, 16, 2, 5465.5}};
  for (const Platform& platform : platforms) {
    CcfInstance instance;
    instance.memory = carbon::Bytes{platform.gb * bytes_per_gb};
    instance.storage_type = "SSD";
    instance.drives = platform.drives;
    instance.gpus = platform.gpus;
    instance.sockets = platform.sockets;
    add(platform.item, "embodied", platform.total, "kgCO2e", "checks in the notebook at dda7621",
        evaluate_ccf(instance, {}).total.value());
  }

  const fs::path root = data / "ccf";
  std::error_code ignored;
  if (!fs::is_directory(root, ignored)) {
    set.notes.push_back("ccf: no folder " + root.string() + "; use tables and instance rows are not checked");
    return set;
  }
  const auto read = read_ccf(root);
  if (!read) {
    set.notes.push_back("ccf: " + to_string(read.error()));
    return set;
  }
  // What the repository's output tables say of each family, found through the families' figures.
  struct Known {
    const char* family;
    double idle, full, gb;
  };
  constexpr Known known[] = {{"EPYC 2nd Gen", 0.4742621527777778, 1.6929615162037037, 129.77777777777777},
                             {"Skylake", 0.6446044454253452, 4.193436438541878, 80.43037974683544},
                             {"Cascade Lake", 0.6389493581523519, 3.9673047343937564, 98.11764705882354}};
  const std::string output = "output/coefficients-aws-use.csv at dda7621";
  for (const Known& one : known) {
    for (const CcfFamily& family : read->families) {
      if (family.name != one.family) continue;
      const CcfFamilyFigures figures = evaluate_ccf(family, read->results, {});
      add(one.family, "min_watts", one.idle, "W/thread", output, figures.idle.value());
      add(one.family, "max_watts", one.full, "W/thread", output, figures.full.value());
      add(one.family, "gb_per_chip", one.gb, "GB", output, figures.memory_per_chip.value() / bytes_per_gb);
    }
  }
  for (const CcfProvider provider : {CcfProvider::aws, CcfProvider::azure, CcfProvider::gcp}) {
    const auto& instances = read->instances[static_cast<std::size_t>(provider)];
    const std::string which(name(provider));
    if (instances.empty()) {
      set.notes.push_back("ccf: no " + which + "-instances.csv; its rows are not checked");
      continue;
    }
    const fs::path embodied_file = root / "output" / ("coefficients-" + which + "-embodied.csv");
    if (const auto totals = column(embodied_file, "total")) {
      double same = 0;
      for (std::size_t i = 0; i < instances.size() && i < totals->size(); ++i)
        same += std::abs(evaluate_ccf(instances[i], {}).total.value() - (*totals)[i]) <= exact * (*totals)[i] ? 1 : 0;
      add(which, "embodied rows reproduced", static_cast<double>(totals->size()), "count",
          "output/" + embodied_file.filename().string() + " at dda7621", same);
    }
    const fs::path use_file = root / "output" / ("coefficients-" + which + "-use.csv");
    if (const auto watts = column(use_file, "Max Watts")) {
      const auto table = ccf_use_table(*read, provider, {});
      double same = 0;
      for (std::size_t i = 0; i < table.size() && i < watts->size(); ++i)
        same += std::abs(table[i].full.value() - (*watts)[i]) <= exact * (*watts)[i] ? 1 : 0;
      add(which, "use rows reproduced", static_cast<double>(watts->size()), "count",
          "output/" + use_file.filename().string() + " at dda7621", same);
    }
  }
  return set;
}

}  // namespace cradle::published
