// The tables of GreenSKU that belong to no part, and the whole framework of its sources.
#include <algorithm>
#include <array>
#include <limits>

#include "cradle/base/csv.h"
#include "greensku_fields.h"
#include "greensku_read.h"

namespace cradle::published::greensku {

namespace {

constexpr double any = std::numeric_limits<double>::max();

Parameters read_parameters(const Fields& of) {
  Parameters p;
  p.lifetime = Months{of.number("lifetime", 1e-3, 1e6)};
  p.voltage_regulator_overhead = of.number("voltage_regulator_overhead", 0.1, 100);
  p.supply_efficiency = of.number("PSU_efficiency", 1e-3, 1);
  p.intensity = KilogramsPerKilowattHour{of.number("emissions_factor", 0, 1000)};
  p.pue = of.number("PUE", 1, 100);
  p.power_factor = of.number("power_factor", 0, 10, 1);
  p.cpu_efficiency = of.number("cpu_efficiency", 1e-3, 100, 1);
  p.fan_slope = of.number("fan_slope", -any, any, -1);
  if (of.has("fan_slope") || of.has("1U_server_base")) p.base_1u = of.power("1U_server_base");
  if (of.has("fan_slope") || of.has("2U_server_base")) p.base_2u = of.power("2U_server_base");
  return p;
}

std::vector<FailureRate> read_failures(const Fields& of) {
  static const std::map<std::string, FailingPart> parts{{"DRAM", FailingPart::memory},
                                                        {"SSD", FailingPart::ssd},
                                                        {"Rest", FailingPart::rest},
                                                        {"CPU", FailingPart::cpu},
                                                        {"NIC", FailingPart::nic}};
  std::vector<FailureRate> rates;
  if (!of.node()->is_mapping()) of.fail(*of.node(), "has no failure rates", "write for example 'Rest: {AFR: 2.4}'");
  for (const auto& [name, entry] : of.node()->members()) {
    const auto part = parts.find(name);
    if (part == parts.end()) {
      of.fail(entry, "is no part with a failure rate", "use DRAM, SSD, Rest, CPU or NIC");
      continue;
    }
    const Fields rate = of.at(name);
    FailureRate read{part->second, {}, {}, rate.number("FIP_rate", 0, 1, 0)};
    if (rate.has("AFR")) read.yearly = rate.number("AFR", 0, 1e6) / 100;
    if (rate.has("reuse_AFR")) read.reused_yearly = rate.number("reuse_AFR", 0, 1e6) / 100;
    rates.push_back(read);
  }
  return rates;
}

Result<void> read_series(const Sources& sources, Framework& framework) {
  using Columns = std::array<std::string_view, 3>;
  using Numbers = std::array<double, 3>;
  const auto each = [&sources](const std::string& file, std::span<const std::string_view> columns, double high,
                               const auto& take) -> Result<void> {
    const Sources::Text& series = sources.series.at(file);
    const auto read = read_csv(series.text, series.source, columns, [&](const CsvRow& row) -> Result<void> {
      Numbers numbers{};
      for (std::size_t i = 0; i < columns.size(); ++i) {
        const auto number = row.number(i, 0, i == 0 ? high : largest_figure);
        if (!number) return number.error();
        numbers[i] = *number;
      }
      take(numbers);
      return {};
    });
    if (!read) return read.error();
    return {};
  };
  const Columns region{"Renewable %", "Avg Grid Intensity", "Avg Renewable Intensity"};
  if (auto ok = each("azure_dc_data.csv", region, 100,
                     [&](const Numbers& n) {
                       framework.regions.push_back(
                           {n[0] / 100, KilogramsPerKilowattHour{n[1] / 1000}, KilogramsPerKilowattHour{n[2] / 1000}});
                     });
      !ok)
    return ok;
  const std::array<std::string_view, 2> fan{"server power", "fan power"};
  if (auto ok = each("server_fan_power.csv", fan, largest_figure,
                     [&](const Numbers& n) {
                       framework.fan_points.push_back({Watts{n[0]}, Watts{n[1]}});
                     });
      !ok)
    return ok;
  const Columns cluster{"OriginalClusterSize", "NewClusterSize_Baseline", "NewClusterSize_GreenSKU"};
  if (auto ok = each("cluster_data.csv", cluster, largest_figure,
                     [&](const Numbers& n) {
                       framework.clusters.push_back({n[0], n[1], n[2]});
                     });
      !ok)
    return ok;
  const auto& points = framework.fan_points;
  if (std::all_of(points.begin(), points.end(), [&](const FanPoint& p) { return p.server == points[0].server; }))
    return bad_input("has one server power only", sources.series.at("server_fan_power.csv").source,
                     "a slope needs two different ones");
  for (const Cluster& of : framework.clusters)
    if (of.original <= 0)
      return bad_input("has a cluster of 0 servers", sources.series.at("cluster_data.csv").source,
                       "OriginalClusterSize must be above 0");
  return {};
}

/// Configurations of the same name take that of their files, of which one may be a copy of the other; if names still
/// meet, all take their paths.
void name_apart(const Sources& sources, Framework& framework) {
  const auto count_names = [&framework] {
    std::map<std::string, std::size_t> counts;
    for (const Sku& sku : framework.skus) ++counts[sku.name];
    return counts;
  };
  const auto counts = count_names();
  for (const auto& [name, count] : counts)
    if (count > 1)
      framework.notes.push_back(std::to_string(count) + " configurations have the server.name '" + name +
                                "': each is called by its file");
  for (Sku& sku : framework.skus)
    if (counts.at(sku.name) > 1) sku.name = sku.stem;
  if (count_names().size() == framework.skus.size()) return;
  for (std::size_t i = 0; i < framework.skus.size(); ++i) framework.skus[i].name = sources.configurations[i].path;
}

}  // namespace

Result<Framework> resolve(const Sources& sources) {
  Framework framework;
  framework.notes = sources.notes;
  std::optional<Error> error;
  framework.parameters = read_parameters({&sources.tables.at("params.yaml"), &error});
  framework.failures = read_failures({&sources.tables.at("afr_data.yaml"), &error});
  for (const Sources::Configuration& configuration : sources.configurations) {
    if (error) break;
    framework.skus.push_back(read_sku(sources, configuration, error));
  }
  if (error) return *error;
  name_apart(sources, framework);
  if (auto series = read_series(sources, framework); !series) return series.error();
  return framework;
}

Result<Framework> read(const std::filesystem::path& input) {
  const auto sources = find_sources(input);
  if (!sources) return sources.error();
  return resolve(*sources);
}

Result<Framework> parse(const std::map<std::string, std::string>& files) {
  const auto sources = sources_of(files);
  if (!sources) return sources.error();
  return resolve(*sources);
}

// The release's own figures are sound: a test reads them.
Framework release() { return *parse({}); }

}  // namespace cradle::published::greensku
