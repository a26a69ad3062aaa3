// Cloud Carbon Footprint as `cradle compare embodied` runs it, and its published numbers.
#include <cmath>

#include "cradle/base/csv.h"
#include "cradle/base/file.h"
#include "cradle/base/text.h"
#include "cradle/published/ccf.h"
#include "cradle/published/tools.h"
#include "options.h"
#include "switch_examples.h"
#include "switches.h"

namespace cradle::published {
namespace {

constexpr std::array providers = {CcfProvider::aws, CcfProvider::azure, CcfProvider::gcp};
constexpr double bytes_per_gb = 1e9;

const std::vector<CcfInstance>& instances_of(const CcfData& data, CcfProvider provider) {
  return data.instances[static_cast<std::size_t>(provider)];
}

CcfEmbodied embodied(const CcfData& data, CcfProvider provider, CcfInstance instance, const CcfSwitches& switches) {
  if (switches.azure_sockets && provider == CcfProvider::azure)
    if (const auto own = data.azure_sockets.find(instance.architecture); own != data.azure_sockets.end())
      instance.sockets = own->second;
  return evaluate_ccf(instance, switches);
}

std::string item_of(CcfProvider provider, const CcfInstance& instance) {
  std::string item = std::string(name(provider)) + "/" + instance.type;
  if (provider != CcfProvider::aws) item += "/" + instance.architecture;
  return item;
}

/// GCP's mean over the architectures of a machine type, of totals as rounded; types in order of appearance.
std::vector<std::pair<std::string, double>> gcp_means(const CcfData& data, const CcfSwitches& switches) {
  struct Sum {
    double kilograms = 0, count = 0;
  };
  std::map<std::string, Sum> sums;
  std::vector<std::string> order;
  for (const CcfInstance& instance : instances_of(data, CcfProvider::gcp)) {
    Sum& sum = sums[instance.type];
    if (sum.count == 0) order.push_back(instance.type);
    sum.kilograms += embodied(data, CcfProvider::gcp, instance, switches).total.value();
    sum.count += 1;
  }
  std::vector<std::pair<std::string, double>> means;
  for (const std::string& type : order) means.emplace_back(type, sums[type].kilograms / sums[type].count);
  return means;
}

class Rows {
 public:
  explicit Rows(Comparison& comparison) : comparison_(comparison) {}
  void add(const std::string& item, const char* quantity, double value, const char* unit) {
    if (std::isnan(value))
      comparison_.notes.push_back(item + ": no result gives " + quantity);
    else
      comparison_.rows.push_back({item, quantity, value, unit});
  }

 private:
  Comparison& comparison_;
};

void add_rows(const CcfData& data, const CcfSwitches& switches, Comparison& comparison) {
  Rows rows(comparison);
  for (const CcfFamily& family : data.families) {
    const CcfFamilyFigures figures = evaluate_ccf(family, data.results, switches);
    rows.add(family.name, "results", static_cast<double>(figures.results), "count");
    rows.add(family.name, "min_watts", figures.idle.value(), "W/thread");
    rows.add(family.name, "max_watts", figures.full.value(), "W/thread");
    rows.add(family.name, "max_watts_gcp", figures.full_gcp.value(), "W/thread");
    rows.add(family.name, "gb_per_chip", figures.memory_per_chip.value() / bytes_per_gb, "GB");
  }
  for (const CcfProvider provider : providers) {
    for (const CcfUse& use : ccf_use_table(data, provider, switches)) {
      const std::string item = std::string(name(provider)) + "/" + use.architecture;
      rows.add(item, "min_watts", use.idle.value(), "W/thread");
      rows.add(item, "max_watts", use.full.value(), "W/thread");
      rows.add(item, "gb_per_chip", use.memory_per_chip.value() / bytes_per_gb, "GB");
    }
  }
  for (const CcfProvider provider : providers)
    for (const CcfInstance& instance : instances_of(data, provider))
      rows.add(item_of(provider, instance), "embodied", embodied(data, provider, instance, switches).total.value(),
               "kgCO2e");
  for (const auto& [type, mean] : gcp_means(data, switches)) rows.add("gcp/" + type, "embodied_mean", mean, "kgCO2e");
  rows.add("platform of one socket", "embodied_per_hour", ccf_hourly_share(switches).value(), "kgCO2e");
}

Result<double> sum_of_watts(const CcfData& data, const CcfSwitches& switches) {
  double sum = 0;
  for (const CcfProvider provider : providers)
    for (const CcfUse& use : ccf_use_table(data, provider, switches))
      if (!std::isnan(use.full.value())) sum += use.full.value();
  return sum;
}

Result<double> sum_of_embodied(const CcfData& data, const CcfSwitches& switches) {
  double sum = 0;
  for (const CcfProvider provider : providers)
    for (const CcfInstance& instance : instances_of(data, provider))
      sum += embodied(data, provider, instance, switches).total.value();
  return sum;
}

}  // namespace

Result<Comparison> compare_ccf(const Request& request) {
  OptionReader options(request.options);
  const CcfSwitches switches = switches_of(request.mode, ccf_switches(), options);
  if (auto ok = options.finish(); !ok) return ok.error();
  if (request.input.empty())
    return bad_input("no folder of coefficients", "--input",
                     "give the folder of cloud-carbon-coefficients, or its data folder");
  const auto data = read_ccf(request.input);
  if (!data) return data.error();
  Comparison comparison{"ccf", request.mode, {}, {}, data->notes};
  note_switches(ccf_switches(), switches, comparison);
  add_rows(*data, switches, comparison);
  // Each switch by what it can change: watts of all tables, kilograms of all instances, an hour's share.
  using Measure = SwitchMeasure<CcfSwitches>;
  const Measure watts{"all tables", "sum of max_watts", "W/thread",
                      [&](const CcfSwitches& alone) { return sum_of_watts(*data, alone); }};
  const Measure embodied{"all instances", "sum of embodied", "kgCO2e",
                         [&](const CcfSwitches& alone) { return sum_of_embodied(*data, alone); }};
  const Measure hour{"platform of one socket", "embodied_per_hour", "kgCO2e",
                     [](const CcfSwitches& alone) { return ccf_hourly_share(alone).value(); }};
  add_switches(ccf_switches(), {watts, embodied, hour}, comparison);
  return comparison;
}

void show_ccf(Comparison& to) {
  const auto gb = [](double amount) { return carbon::Bytes{amount * bytes_per_gb}; };
  CcfData data;
  data.results = {{"Intel Xeon Platinum 8380", 2, 160, gb(256), carbon::Watts{160}, carbon::Watts{640}},
                  {"Intel Xeon Platinum 8380", 2, 160, gb(1024), std::nullopt, carbon::Watts{800}},
                  {"AMD EPYC 7763", 2, 256, gb(512), carbon::Watts{100}, carbon::Watts{500}}};
  data.families = {{"Skylake", {"Platinum 8380"}}, {"EPYC 3rd Gen", {"EPYC 7763"}}};
  const auto instance = [&](const char* type, const char* architecture, const char* storage, double share) {
    return CcfInstance{"", type, architecture, gb(116), storage, 2, 0, 2, share};
  };
  data.instances[static_cast<std::size_t>(CcfProvider::aws)] = {instance("quarter", "Xeon Platinum 8380", "EBS", 0.25),
                                                                instance("whole", "EPYC 7763", "SSD", 1)};
  data.instances[static_cast<std::size_t>(CcfProvider::azure)] = {instance("four sockets", "Skylake", "SSD", 1)};
  data.instances[static_cast<std::size_t>(CcfProvider::gcp)] = {instance("whole", "Skylake", "SSD", 1)};
  data.azure_sockets = {{"Skylake", 4}};
  const std::string item = "four instances, three SPECpower results";
  show_on<CcfSwitches>(
      ccf_switches(),
      {{item, "sum of embodied", "kgCO2e", [&](const CcfSwitches& on) { return sum_of_embodied(data, on); }},
       {item, "sum of max_watts", "W/thread", [&](const CcfSwitches& on) { return sum_of_watts(data, on); }},
       {"platform of one socket", "embodied_per_hour", "kgCO2e",
        [](const CcfSwitches& on) -> Result<double> { return ccf_hourly_share(on).value(); }}},
      to);
}

}  // namespace cradle::published
