#include "cradle/published/tools.h"

#include <array>
#include <utility>

#include "cradle/base/text.h"
#include "switch_examples.h"

namespace cradle::published {

const std::vector<Tool>& tools() {
  static const std::vector<Tool> all = {
      {"act", "ACT v2.0 (Gupta et al., ISCA 2022)", "bill of materials (YAML), or none with the tool's own flags",
       "--models DIR, --location 2022|2023, --logic-area 145mm2, --logic-process 14, --dram-size ..., --op-ci ..., "
       "--switch NAME[,NAME...]",
       compare_act, anchors_act},
      {"eco-chip", "ECO-CHIP (Sudarshan et al., HPCA 2024)",
       "folder with architecture.json, designC.json, packageC.json and operationalC.json, or a folder of such folders",
       "--package RDL|EMIB|passive|active|3D, --tech DIR, --design-intensity G_PER_KWH, --use-intensity G_PER_KWH, "
       "--switch NAME[,NAME...]",
       compare_eco_chip, anchors_eco_chip},
      {"3d-carbon", "3D-Carbon (Zhao et al., DAC 2024)",
       "design or design-exploration file (YAML), or a folder of them", "--switch NAME[,NAME...]",
       compare_three_d_carbon, anchors_three_d_carbon},
      {"greensku", "GreenSKU framework (Wang et al., ISCA 2024)",
       "folder of the framework (tables and server configurations), or one server configuration (YAML), or none: the "
       "release",
       "--baseline NAME, --cluster-sku NAME, --intensity KG_PER_KWH, --plain, --switch NAME[,NAME...]",
       compare_greensku, anchors_greensku},
      {"scarif", "SCARIF (Ji et al., ISVLSI 2024)",
       "server or upgrade (JSON, TOML or CSV), or none: the tool's own flags, or the publication's case study",
       "-c CORES, -d GB, -s GB, -hd GB, -y YEAR, --vendor HP|Dell|Lenovo, -at NM, -aa MM2; for an upgrade --new-cores "
       "..., --old-power W, --new-power W, --speedup X, --regions TX=0.438,..., --switch NAME[,NAME...]",
       compare_scarif, anchors_scarif},
      {"boavizta", "Boavizta server archetype (boaviztapi 2.4.1)",
       "request of its route /v1/server (JSON), or none: the archetype alone",
       "--archetype NAME, --duration HOURS, --criteria gwp, --cpu-specs FILE, --switch NAME[,NAME...]",
       compare_boavizta, anchors_boavizta},
      {"ccf", "Cloud Carbon Footprint coefficients (cloud-carbon-coefficients, after Teads)",
       "folder of the coefficients repository", "--switch NAME[,NAME...]", compare_ccf, anchors_ccf},
      {"greenfpga", "GreenFPGA (DAC 2024)",
       "folder with spec.json and green_fpga_param.json, or a folder of such folders",
       "--tech DIR, --against DIR, --num-lifetime YEARS, --power W, --ope-vol N, --switch NAME[,NAME...]",
       compare_greenfpga, anchors_greenfpga},
      {"sci", "Software Carbon Intensity (ISO/IEC 21031:2024)", "application (JSON or TOML), or none",
       "--energy-kwh X, --intensity G_PER_KWH, --embodied-kg X, --reserved-hours X, --lifetime-years X, ..., --switch "
       "NAME[,NAME...]",
       compare_sci, anchors_sci},
  };
  return all;
}

void show_on_examples(Comparison& comparison) {
  // SCI's one switch shows on the specification's own example.
  constexpr std::array<std::pair<std::string_view, void (*)(Comparison&)>, 8> all{{{"act", show_act},
                                                                                   {"eco-chip", show_eco_chip},
                                                                                   {"3d-carbon", show_three_d_carbon},
                                                                                   {"greensku", show_greensku},
                                                                                   {"scarif", show_scarif},
                                                                                   {"boavizta", show_boavizta},
                                                                                   {"ccf", show_ccf},
                                                                                   {"greenfpga", show_greenfpga}}};
  for (const auto& [name, show] : all)
    if (name == comparison.tool) show(comparison);
}

Result<const Tool*> find_tool(std::string_view name) {
  std::vector<std::string> names;
  for (const Tool& tool : tools()) {
    if (tool.name == name) return &tool;
    names.emplace_back(tool.name);
  }
  return bad_input("no tool '" + std::string(name) + "'", "--tool", suggest(name, names));
}

}  // namespace cradle::published
