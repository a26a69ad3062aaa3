// The folder of Cloud Carbon Footprint's coefficients.
#include <algorithm>

#include "cradle/base/csv.h"
#include "cradle/base/file.h"
#include "cradle/base/text.h"
#include "cradle/published/ccf.h"

namespace cradle::published {
namespace {

namespace fs = std::filesystem;
constexpr double bytes_per_gb = 1e9;
constexpr std::uint64_t file_limit = std::uint64_t{64} << 20;

struct FamilyFile {
  const char* file;
  const char* name;
};
// In the order in which AWS names are looked up.
constexpr std::array family_files = {
    FamilyFile{"amd-epyc-gen1.csv", "EPYC 1st Gen"},     FamilyFile{"amd-epyc-gen2.csv", "EPYC 2nd Gen"},
    FamilyFile{"intel-sandybridge.csv", "Sandy Bridge"}, FamilyFile{"intel-ivybridge.csv", "Ivy Bridge"},
    FamilyFile{"intel-haswell.csv", "Haswell"},          FamilyFile{"intel-broadwell.csv", "Broadwell"},
    FamilyFile{"intel-skylake.csv", "Skylake"},          FamilyFile{"intel-cascadelake.csv", "Cascade Lake"},
    FamilyFile{"intel-coffeelake.csv", "Coffee Lake"},   FamilyFile{"amd-epyc-gen3.csv", "EPYC 3rd Gen"}};

bool is_missing(std::string_view cell) {
  cell = trim(cell);
  return cell.empty() || cell == "NC" || cell == "NA" || cell == "N/A";
}

/// A number with or without commas between its thousands.
std::optional<double> number_of(std::string_view cell) {
  cell = trim(cell);
  if (cell.find(',') == std::string_view::npos) return parse_number(cell);
  std::string digits;
  const auto groups = split(cell, ',');
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const auto whole = groups[i].substr(0, groups[i].find('.'));
    if (i > 0 && (whole.size() != 3 || !parse_integer(whole))) return std::nullopt;
    digits += groups[i];
  }
  return parse_number(digits);
}

/// A number of a row within bounds; absent cells only if `optional`.
class Cells {
 public:
  explicit Cells(const CsvRow& row) : row_(row) {}
  std::optional<double> optional(std::size_t column, double low, double high) {
    if (is_missing(row_.field(column))) return std::nullopt;
    const auto value = number_of(row_.field(column));
    if (!value || *value < low || *value > high) {
      if (!error_)
        error_ = row_.error(column, "is no number from " + shortest(low) + " to " + shortest(high),
                            "write a plain number, or NC where nothing was measured");
      return std::nullopt;
    }
    return value;
  }
  double required(std::size_t column, double low, double high) {
    const auto value = optional(column, low, high);
    if (!value && !error_) error_ = row_.error(column, "is empty", "every row needs this number");
    return value.value_or(low);
  }
  Result<void> finish() const {
    if (error_) return *error_;
    return {};
  }

 private:
  const CsvRow& row_;
  std::optional<Error> error_;
};

Result<std::vector<CcfResult>> read_results(const fs::path& path) {
  const auto text = read_file(path, file_limit);
  if (!text) return text.error();
  constexpr std::array<std::string_view, 6> columns = {"CPU Description",   "Chips",
                                                       "Total Threads",     "Total Memory (GB)",
                                                       "avg. watts @ 100%", "avg. watts @ active idle"};
  std::vector<CcfResult> results;
  const auto rows = read_csv(*text, path.string(), columns, [&](const CsvRow& row) -> Result<void> {
    Cells cells(row);
    CcfResult result;
    result.cpu = row.field(0);
    result.chips = cells.required(1, 1, 1e6);
    result.threads = cells.required(2, 1, 1e9);
    result.memory = carbon::Bytes{cells.required(3, 0, 1e9) * bytes_per_gb};
    if (const auto watts = cells.optional(4, 0, 1e9)) result.full = carbon::Watts{*watts};
    if (const auto watts = cells.optional(5, 0, 1e9)) result.idle = carbon::Watts{*watts};
    results.push_back(std::move(result));
    return cells.finish();
  });
  if (!rows) return rows.error();
  return results;
}

/// The first field of each line; "EPYC 7601, Dell SKU" is EPYC 7601.
Result<std::vector<std::string>> read_list(const fs::path& path) {
  const auto text = read_file(path, file_limit);
  if (!text) return text.error();
  if (!is_utf8(*text)) return bad_input("is not UTF-8", path.string(), "save it as UTF-8");
  std::vector<std::string> entries;
  for (const std::string_view line : split(*text, '\n')) {
    std::string_view entry = trim(line.substr(0, line.find(',')));
    if (entry.size() > 1 && entry.front() == '"' && entry.back() == '"')
      entry = trim(entry.substr(1, entry.size() - 2));
    if (!entry.empty()) entries.emplace_back(entry);
  }
  return entries;
}

/// Sockets by name; nothing if there is no such file.
Result<std::map<std::string, double>> read_sockets(const fs::path& path, std::string_view key, std::string_view value) {
  const auto text = read_file(path, file_limit);
  if (!text) return text.error();
  std::map<std::string, double> sockets;
  const std::array<std::string_view, 2> columns = {key, value};
  const auto rows = read_csv(*text, path.string(), columns, [&](const CsvRow& row) -> Result<void> {
    Cells cells(row);
    sockets[std::string(row.field(0))] = cells.required(1, 0, 1024);
    return cells.finish();
  });
  if (!rows) return rows.error();
  return sockets;
}

// Sockets at release dda7621.
double release_sockets(CcfProvider provider, std::string_view name) {
  if (provider != CcfProvider::aws) return name == "EPYC 2nd Gen" || name == "EPYC 3rd Gen" ? 1 : 2;
  if (name == "EPYC 7R32" || name == "Graviton" || name == "Graviton2" || name == "Core i7-8700B") return 1;
  return name == "Xeon E7-8880 v3" ? 4 : name == "Xeon Platinum 8176M" ? 8 : 2;
}

struct InstanceColumns {
  const char* file;
  std::array<std::string_view, 9>
      names;  ///< family, type, architecture, memory, storage, drives, GPUs, vCPUs, of platform
};
constexpr std::array<InstanceColumns, 3> instance_files = {{
    {"aws-instances.csv",
     {"Instance type", "Instance type", "Platform CPU Name", "Platform Memory (in GB)", "Storage Type",
      "Platform Storage Drive Quantity", "Platform GPU Quantity", "Instance vCPU?", "Platform Total Number of vCPU?"}},
    {"azure-instances.csv",
     {"Series", "Virtual Machine", "Microarchitecture", "Platform Memory", "Platform Storage Type",
      "Platform (largest instance) Storage Drive quantity", "Platform GPU", "Instance vCPUs?",
      "Platform vCPUs (highest vCPU possible)?"}},
    {"gcp-instances.csv",
     {"Machine Family", "Machine type", "Microarchitecture", "Platform Memory", "Platform Storage Type",
      "Platform (largest instance) Storage Drive quantity", "Platform GPU", "Instance vCPUs?",
      "Platform vCPUs (highest vCPU possible)?"}},
}};

using Sockets = std::optional<std::map<std::string, double>>;

Result<std::vector<CcfInstance>> read_instances(const fs::path& path, CcfProvider provider, const Sockets& sockets) {
  const auto text = read_file(path, file_limit);
  if (!text) return text.error();
  const auto& names = instance_files[static_cast<std::size_t>(provider)].names;
  // AWS has no column of families; its list of columns starts at the type.
  const bool aws = provider == CcfProvider::aws;
  const std::span<const std::string_view> columns(names.begin() + (aws ? 1 : 0), names.end());
  std::vector<CcfInstance> instances;
  const auto rows = read_csv(*text, path.string(), columns, [&](const CsvRow& row) -> Result<void> {
    Cells cells(row);
    std::size_t column = 0;
    CcfInstance instance;
    if (!aws) instance.family = row.field(column++);
    instance.type = row.field(column++);
    const std::size_t architecture = column++;
    instance.architecture = row.field(architecture);
    instance.memory = carbon::Bytes{cells.required(column++, 0, 1e9) * bytes_per_gb};
    instance.storage_type = row.field(column++);
    instance.drives = cells.optional(column++, 0, 1e6).value_or(0);
    instance.gpus = cells.optional(column++, 0, 1e6).value_or(0);
    const auto mine = cells.optional(column++, 0, 1e6);
    const auto all = cells.optional(column++, 0, 1e6);
    if (mine && all && *all > 0) instance.share = std::min(1.0, *mine / *all);
    if (!sockets) {
      instance.sockets = release_sockets(provider, instance.architecture);
    } else if (const auto found = sockets->find(instance.architecture); found != sockets->end()) {
      instance.sockets = found->second;
    } else {
      return row.error(architecture, "has no number of sockets",
                       "add it to the provider's table, *-instances-cpus.csv");
    }
    instances.push_back(std::move(instance));
    return cells.finish();
  });
  if (!rows) return rows.error();
  return instances;
}

}  // namespace

Result<CcfData> read_ccf(const fs::path& folder) {
  std::error_code ignored;
  const fs::path root = fs::is_directory(folder / "data", ignored) ? folder / "data" : folder;
  const auto exists = [&](const char* file) { return fs::exists(root / file, ignored); };
  CcfData data;
  constexpr const char* results_file = "SPECpower-full-results.csv";
  if (exists(results_file)) {
    auto results = read_results(root / results_file);
    if (!results) return results.error();
    data.results = std::move(*results);
    for (const FamilyFile& file : family_files) {
      if (!exists(file.file)) {
        data.notes.push_back(std::string(file.file) + " is absent: no figures of " + file.name);
        continue;
      }
      auto list = read_list(root / file.file);
      if (!list) return list.error();
      data.families.push_back({file.name, std::move(*list)});
    }
  } else {
    data.notes.push_back(std::string(results_file) + " is absent: no watts of processor families");
  }

  const auto sockets_of = [&](const char* file, std::string_view key, std::string_view value) -> Result<Sockets> {
    if (!exists(file)) {
      data.notes.push_back(std::string(file) + " is absent: sockets as at release dda7621");
      return Sockets{};
    }
    auto table = read_sockets(root / file, key, value);
    if (!table) return table.error();
    return Sockets{std::move(*table)};
  };
  const auto aws = sockets_of("aws-instances-cpus.csv", "CPU Name", "Platform Number of CPU Socket(s)");
  if (!aws) return aws.error();
  const auto gcp = sockets_of("gcp-instances-cpus.csv", "Microarchitecture", "CPU Sockets");
  if (!gcp) return gcp.error();
  if (exists("azure-instances-cpus.csv")) {
    auto azure = read_sockets(root / "azure-instances-cpus.csv", "Microarchitecture", "CPU Sockets");
    if (!azure) return azure.error();
    data.azure_sockets = std::move(*azure);
  }
  for (std::size_t i = 0; i < instance_files.size(); ++i) {
    const auto provider = static_cast<CcfProvider>(i);
    const char* file = instance_files[i].file;
    if (!exists(file)) {
      data.notes.push_back(std::string(file) + " is absent: no instances of " + std::string(name(provider)));
      continue;
    }
    auto instances = read_instances(root / file, provider, provider == CcfProvider::aws ? *aws : *gcp);
    if (!instances) return instances.error();
    data.instances[i] = std::move(*instances);
  }
  const bool nothing = data.results.empty() && std::all_of(data.instances.begin(), data.instances.end(),
                                                           [](const auto& list) { return list.empty(); });
  if (nothing)
    return missing_data("has none of the coefficients' files", root.string(),
                        "give the folder with SPECpower-full-results.csv or aws-instances.csv, or the one above data/");
  return data;
}

}  // namespace cradle::published
