// Every published tool by name: one way to run it on its own files, and its published numbers beside ours.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/published/comparison.h"

namespace cradle::published {

/// One tool. `compare` takes its input files or options; `anchors` its published numbers.
struct Tool {
  std::string_view name;     ///< "eco-chip"
  std::string_view title;    ///< "ECO-CHIP (Sudarshan et al., HPCA 2024)"
  std::string_view input;    ///< what --input is: "folder with architecture.json, designC.json, ..."
  std::string_view options;  ///< its own options, for the help text
  Result<Comparison> (*compare)(const Request& request);
  AnchorSet (*anchors)(const std::filesystem::path& data);
};

/// act, eco-chip, 3d-carbon, greensku, scarif, boavizta, ccf, greenfpga, sci.
const std::vector<Tool>& tools();
/// bad_input with the nearest name if there is no such tool.
Result<const Tool*> find_tool(std::string_view name);

/// Gives the switches that change nothing in `comparison` an example: what each alone changes on a small case of its
/// tool that is built in. One that changes no amount anywhere keeps none and is marked (Switch::no_grams). A comparison
/// without switches gets all those of its tool.
void show_on_examples(Comparison& comparison);

// One pair for each tool; each is implemented in its own file.
Result<Comparison> compare_act(const Request& request);
AnchorSet anchors_act(const std::filesystem::path& data);
Result<Comparison> compare_eco_chip(const Request& request);
AnchorSet anchors_eco_chip(const std::filesystem::path& data);
Result<Comparison> compare_three_d_carbon(const Request& request);
AnchorSet anchors_three_d_carbon(const std::filesystem::path& data);
Result<Comparison> compare_greensku(const Request& request);
AnchorSet anchors_greensku(const std::filesystem::path& data);
Result<Comparison> compare_scarif(const Request& request);
AnchorSet anchors_scarif(const std::filesystem::path& data);
Result<Comparison> compare_boavizta(const Request& request);
AnchorSet anchors_boavizta(const std::filesystem::path& data);
Result<Comparison> compare_ccf(const Request& request);
AnchorSet anchors_ccf(const std::filesystem::path& data);
Result<Comparison> compare_greenfpga(const Request& request);
AnchorSet anchors_greenfpga(const std::filesystem::path& data);
Result<Comparison> compare_sci(const Request& request);
AnchorSet anchors_sci(const std::filesystem::path& data);

}  // namespace cradle::published
