// For tests: GreenSKU's release as a folder with some texts replaced, and its evaluation.
#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "cradle/published/greensku.h"
#include "greensku_release.h"

namespace cradle::published::greensku {

inline constexpr std::array<const char*, 14> table_files{
    "params.yaml",          "CPU.yaml",        "DRAM.yaml", "SSD.yaml",         "SSD_reuse.yaml", "NIC.yaml",
    "CXL_controller.yaml",  "server.yaml",     "rack.yaml", "data_center.yaml", "afr_data.yaml",  "azure_dc_data.csv",
    "server_fan_power.csv", "cluster_data.csv"};

/// What to replace in a file of the release: every occurrence, of which there must be one.
struct Edit {
  const char* file;
  const char* from;
  const char* to;
};

/// The release's files by name, with some texts replaced. Throws if there is nothing to replace.
inline std::map<std::string, std::string> release_texts(const std::vector<Edit>& edits = {}) {
  std::map<std::string, std::string> files;
  for (const char* name : table_files) files[name] = release_table(name);
  for (const auto& [name, text] : release_configurations()) files[std::string(name)] = text;
  for (const Edit& edit : edits) {
    std::string& text = files.at(edit.file);
    std::size_t place = text.find(edit.from);
    if (place == text.npos) throw std::logic_error(std::string(edit.file) + " has no '" + edit.from + "'");
    for (; place != text.npos; place = text.find(edit.from, place + std::string_view(edit.to).size()))
      text.replace(place, std::string_view(edit.from).size(), edit.to);
  }
  return files;
}

/// What must be there; throws the error if it is not.
template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(to_string(result.error()));
  return std::move(*result);
}

inline Framework framework_of(const std::vector<Edit>& edits) { return must(parse(release_texts(edits))); }

inline Evaluation evaluated(const Framework& framework, const Setting& setting = {}) {
  return must(evaluate(framework, setting));
}

inline const SkuResult& of(const Evaluation& evaluation, std::string_view name) {
  const auto place = std::find_if(evaluation.skus.begin(), evaluation.skus.end(),
                                  [&](const SkuEvaluation& sku) { return sku.name == name; });
  if (place == evaluation.skus.end()) throw std::out_of_range(std::string(name));
  return place->result;
}

inline Setting with(std::initializer_list<bool Switches::*> on) {
  Setting setting;
  for (const auto flag : on) setting.switches.*flag = true;
  return setting;
}

inline Setting corrected() {
  Setting setting;
  setting.switches = all_corrections<Switches>(switch_table());
  return setting;
}

/// The correction and all choices.
inline Setting every_switch() {
  Setting setting;
  for (const auto& entry : switch_table()) setting.switches.*(entry.flag) = true;
  return setting;
}

/// Every figure of an evaluation in one list, for comparing two.
inline std::vector<double> figures(const Evaluation& evaluation) {
  std::vector<double> all{evaluation.cluster_percent, evaluation.building_percent};
  for (const SkuEvaluation& sku : evaluation.skus) {
    const SkuResult& r = sku.result;
    for (const PartResult& part : r.parts)
      all.insert(all.end(), {part.operational.value(), part.embodied.value(), part.allocated.value()});
    for (const Carbon& carbon : {r.server, r.rack, r.building, r.per_core, r.per_server, r.per_server_building})
      all.insert(all.end(), {carbon.operational.value(), carbon.embodied.value()});
    all.insert(all.end(), {r.provisioned.value(), r.rack_provisioned.value(), r.fan.value(), r.cores_sold,
                           r.failures_per_year, sku.clusters.weighted, sku.before_rounding.total});
  }
  return all;
}

}  // namespace cradle::published::greensku
