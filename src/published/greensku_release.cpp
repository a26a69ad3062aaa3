// Figures of Azure/AzurePublicDataset, analysis/GreenSKU-Framework, at b469a11 (Wang et al., ISCA 2024), CC-BY-4.0:
// powers in watts from data sheets and reviews, carbon in kg from ACT, Dell's and Seagate's reports and Azure's
// estimates. Restated as short as the framework's reader allows.
#include "greensku_release.h"

namespace cradle::published::greensku {

namespace {

constexpr std::string_view parameters = R"(
lifetime: 72
voltage_regulator_overhead: 1.05
PSU_efficiency: 0.95
emissions_factor: 0.35
PUE: 1.12
power_factor: 0.66
fan_slope: 0.17869227
2U_server_base: 300
1U_server_base: 250
)";

constexpr std::string_view cpus = R"(
- vendor: AMD
  types:
    - {type: Genoa, core_counts: [{count: 80, power: 290W, carbon: 30.7}]}
    - {type: Bergamo, core_counts: [{count: 128, power: 400W, carbon: 28.3}]}
  spec_derates: {10: 0.2, 20: 0.28, 30: 0.36, 40: 0.44, 50: 0.53, 60: 0.62, 70: 0.7, 80: 0.79, 90: 0.88, 100: 0.95}
)";

constexpr std::string_view memories = R"(
DDR5:
  frequencies:
    - frequency: 4800MHz
      sizes: [{size: 64GB, power: 23.68W, carbon: 105.4}, {size: 96GB, power: 35.52W, carbon: 158.1}]
  spec_derates: &curve
    {10: 0.2, 20: 0.28, 30: 0.36, 40: 0.44, 50: 0.53, 60: 0.62, 70: 0.7, 80: 0.79, 90: 0.88, 100: 0.95}
DDR4:
  frequencies: [{frequency: 2400MHz, sizes: [{size: 32GB, power: 11.85W, carbon: 0}]}]
  spec_derates: *curve
)";

constexpr std::string_view ssds = R"(
- type: E1.S
  sizes: [{size: 2TB, power: 11.2W, carbon: 34.65}, {size: 4TB, power: 16.8W, carbon: 69.3}]
  spec_derates: {10: 0.2, 20: 0.28, 30: 0.36, 40: 0.44, 50: 0.53, 60: 0.62, 70: 0.7, 80: 0.79, 90: 0.88, 100: 0.95}
)";

constexpr std::string_view reused_ssds = R"(
- type: E1.S
  sizes: [{size: 1TB, power: 5.6W, carbon: 0}]
  spec_derates: {10: 0.2, 20: 0.28, 30: 0.36, 40: 0.44, 50: 0.53, 60: 0.62, 70: 0.7, 80: 0.79, 90: 0.88, 100: 0.95}
)";

constexpr std::string_view cards = R"(
bandwidths: [{bandwidth: 100G, power: 19W, carbon: 58.09}]
spec_derates: {10: 0.2, 20: 0.28, 30: 0.36, 40: 0.44, 50: 0.53, 60: 0.62, 70: 0.7, 80: 0.79, 90: 0.88, 100: 0.95}
)";

constexpr std::string_view controllers = R"(
types: {default: {power: 5.8W, carbon: 2.47, channels: 4, dimms_per_channel: 2}}
spec_derates: {10: 0.2, 20: 0.28, 30: 0.36, 40: 0.44, 50: 0.53, 60: 0.62, 70: 0.7, 80: 0.79, 90: 0.88, 100: 0.95}
)";

constexpr std::string_view servers = R"(
- type: Server-1U
  items:
    server: {number: 1, power: 35W, carbon: 350}
    fan:
      number: 1
      power: 75W
      carbon: 1.0598
      spec_derates: &curve
        {10: 0.2, 20: 0.28, 30: 0.36, 40: 0.44, 50: 0.53, 60: 0.62, 70: 0.7, 80: 0.79, 90: 0.88, 100: 0.95}
- type: Server-2U
  items:
    server: {number: 1, power: 35W, carbon: 375}
    fan: {number: 1, power: 112.5W, carbon: 1.5897, spec_derates: *curve}
)";

constexpr std::string_view racks = R"(
- {type: Rack, items: {rack: {number: 1, power: 500W, capacity: 10, carbon: 500, lifetime: 180}}}
)";

constexpr std::string_view buildings = R"(
- type: DC
  items: {dc_building: {number: 1, power: 0W, carbon: 9000000, lifetime: 240}}
  rack_capacity: 2500
  power_capacity: 50MW
)";

constexpr std::string_view failures = R"(
DRAM: {AFR: 0.1, reuse_AFR: 0.1, FIP_rate: 0.75}
SSD: {AFR: 0.2, reuse_AFR: 0.2, FIP_rate: 0.75}
Rest: {AFR: 2.4, FIP_rate: 0}
)";

constexpr std::string_view regions = R"(Region,Renewable %,Avg Grid Intensity,Avg Renewable Intensity
europewest,79,291,27.67
useast,70,397,27.67
ussouth,100,389,27.67
uscentral,100,519,27.67
europenorth,49,382,27.67
uswest2,47,24,27.67
uswest,47,240,27.67
usnorth,70,397,27.67
)";

constexpr std::string_view fans = R"(server power,fan power
320,28.57142857
382.8571429,42.85714286
400,51.42857143
445.7142857,60
654.2857143,91.42857143
725.7142857,105.7142857
894.2857143,134.2857143
911.4285714,140
)";

constexpr std::string_view clusters = R"(OriginalClusterSize,NewClusterSize_Baseline,NewClusterSize_GreenSKU
498,198,220
543,143,240
544,144,220
499,199,220
506,266,168
578,178,220
261,61,128
274,74,128
272,72,120
276,76,128
529,169,264
546,146,240
550,190,264
494,194,240
567,167,240
306,126,108
917,377,360
621,141,264
551,151,220
623,143,264
523,163,264
518,158,264
538,238,180
511,111,240
269,69,120
619,139,312
237,77,112
272,152,80
325,85,176
273,113,104
463,143,224
287,87,112
125,85,24
118,78,24
497,197,240
517,217,200
)";

constexpr std::string_view baseline = R"(
server:
  name: Baseline
  cpu: {vendor: AMD, type: Genoa, number: 1, core_count: 80}
  memory: {type: DDR5, number: 12, size: 64GB, frequency: 4800MHz}
  cxl: {type: DDR4, number: 0, size: 32GB, frequency: 2400MHz, controller: default}
  ssd: {type: E1.S, number: 6, size: 2TB}
  nic: {bandwidth: 100G, number: 1}
  rack: {type: Rack, power: 15kW, capacity: 42U, spec_allocation: 50, num_servers: 0}
  dc: {type: DC}
  type: Server-1U
  form: 1U
  spec: 40
)";

constexpr std::string_view baseline_2u = R"(
server:
  name: Baseline-2U
  cpu: {vendor: AMD, type: Genoa, number: 1, core_count: 80}
  memory: {type: DDR5, number: 12, size: 64GB, frequency: 4800MHz}
  cxl: {type: DDR4, number: 0, size: 32GB, frequency: 2400MHz, controller: default}
  ssd: {type: E1.S, number: 6, size: 2TB}
  nic: {bandwidth: 100G, number: 1}
  rack: {type: Rack, power: 15kW, capacity: 42U, spec_allocation: 50, num_servers: 0}
  dc: {type: DC}
  type: Server-2U
  form: 2U
  spec: 40
)";

constexpr std::string_view baseline_resized = R"(
server:
  name: Baseline-Resized
  cpu: {vendor: AMD, type: Genoa, number: 1, core_count: 80}
  memory: {type: DDR5, number: 10, size: 64GB, frequency: 4800MHz}
  cxl: {type: DDR4, number: 0, size: 32GB, frequency: 2400MHz, controller: default}
  ssd: {type: E1.S, number: 6, size: 2TB}
  nic: {bandwidth: 100G, number: 1}
  rack: {type: Rack, power: 15kW, capacity: 42U, spec_allocation: 50, num_servers: 0}
  dc: {type: DC}
  type: Server-1U
  form: 1U
  spec: 40
)";

constexpr std::string_view efficient = R"(
server:
  name: GreenSKU-Efficient
  cpu: {vendor: AMD, type: Bergamo, number: 1, core_count: 128}
  memory: {type: DDR5, number: 12, size: 96GB, frequency: 4800MHz}
  cxl: {type: DDR4, number: 0, size: 32GB, frequency: 2400MHz, controller: default}
  ssd: {type: E1.S, number: 5, size: 4TB}
  nic: {bandwidth: 100G, number: 1}
  rack: {type: Rack, power: 15kW, capacity: 42U, spec_allocation: 50, num_servers: 0}
  dc: {type: DC}
  type: Server-1U
  form: 1U
  spec: 40
)";

constexpr std::string_view with_cxl = R"(
server:
  name: GreenSKU-CXL
  cpu: {vendor: AMD, type: Bergamo, number: 1, core_count: 128}
  memory: {type: DDR5, number: 12, size: 64GB, frequency: 4800MHz}
  cxl: {type: DDR4, number: 8, size: 32GB, frequency: 2400MHz, controller: default}
  ssd: {type: E1.S, number: 5, size: 4TB}
  nic: {bandwidth: 100G, number: 1}
  rack: {type: Rack, power: 15kW, capacity: 42U, spec_allocation: 50, num_servers: 0}
  dc: {type: DC}
  type: Server-2U
  form: 2U
  spec: 40
)";

constexpr std::string_view full = R"(
server:
  name: GreenSKU-Full
  cpu: {vendor: AMD, type: Bergamo, number: 1, core_count: 128}
  memory: {type: DDR5, number: 12, size: 64GB, frequency: 4800MHz}
  cxl: {type: DDR4, number: 8, size: 32GB, frequency: 2400MHz, controller: default}
  ssd: {type: E1.S, number: 2, size: 4TB}
  ssd_reuse: {type: E1.S, number: 12, size: 1TB}
  nic: {bandwidth: 100G, number: 1}
  rack: {type: Rack, power: 15kW, capacity: 42U, spec_allocation: 50, num_servers: 0}
  dc: {type: DC}
  type: Server-2U
  form: 2U
  spec: 40
)";

using File = std::pair<std::string_view, std::string_view>;

}  // namespace

std::string_view release_table(std::string_view file) {
  static constexpr File tables[] = {{"params.yaml", parameters},
                                    {"CPU.yaml", cpus},
                                    {"DRAM.yaml", memories},
                                    {"SSD.yaml", ssds},
                                    {"SSD_reuse.yaml", reused_ssds},
                                    {"NIC.yaml", cards},
                                    {"CXL_controller.yaml", controllers},
                                    {"server.yaml", servers},
                                    {"rack.yaml", racks},
                                    {"data_center.yaml", buildings},
                                    {"afr_data.yaml", failures},
                                    {"azure_dc_data.csv", regions},
                                    {"server_fan_power.csv", fans},
                                    {"cluster_data.csv", clusters}};
  for (const auto& [name, text] : tables)
    if (name == file) return text;
  return {};
}

std::span<const File> release_configurations() {
  static constexpr File files[] = {{"Baseline.yaml", baseline},
                                   {"Baseline-2U.yaml", baseline_2u},
                                   {"Baseline-Resized.yaml", baseline_resized},
                                   {"GreenSKU-CXL.yaml", with_cxl},
                                   {"GreenSKU-Efficient.yaml", efficient},
                                   {"GreenSKU-Full.yaml", full}};
  return files;
}

}  // namespace cradle::published::greensku
