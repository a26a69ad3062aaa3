// One point of three blocks in two packages, against figures that were computed apart from the code.
//
// The coefficients are fixed here, so that the catalogue may move. The expected figures come from a calculation in kWh,
// cm2 and hours written from docs/verbs/design-explore.md alone: whole dies of a 300 mm wafer, negative binomial yield,
// 2 x 13 - ceil(2 sqrt 13) = 18 bridges (none in organic), 13 bonds, ceil(log2 13) = 4 crossings.
#include <gtest/gtest.h>

#include "cradle/catalog/catalog.h"
#include "cradle/design/evaluator.h"

namespace cradle::design {
namespace {

constexpr const char* catalogue = R"(
[sources.x]
text = "a test"
year = 2024
scope = "none"
licence = "none"

[process.n3]
name = "n3"
node = { value = 3, low = 3, high = 3, unit = "nm", source = "x" }
energy = { value = 2.9, low = 2.9, high = 2.9, unit = "kWh/cm2", source = "x" }
gas = { value = 350, low = 350, high = 350, unit = "gCO2e/cm2", source = "x" }
material = { value = 500, low = 500, high = 500, unit = "gCO2e/cm2", source = "x" }
defects = { value = 0.15, low = 0.15, high = 0.15, unit = "defect/cm2", source = "x" }
clustering = { value = 8, low = 8, high = 8, unit = "ratio", source = "x" }
transistors = { value = 210, low = 210, high = 210, unit = "MTr/mm2", source = "x" }
logic_area = { value = 0.34, low = 0.34, high = 0.34, unit = "ratio", source = "x" }
sram_area = { value = 0.7, low = 0.7, high = 0.7, unit = "ratio", source = "x" }
analog_area = { value = 0.78, low = 0.78, high = 0.78, unit = "ratio", source = "x" }
delay = { value = 0.75, low = 0.75, high = 0.75, unit = "ratio", source = "x" }
switching_energy = { value = 0.62, low = 0.62, high = 0.62, unit = "ratio", source = "x" }
wafer_cost = { value = 20000, low = 20000, high = 20000, unit = "USD", source = "x" }
design_cost = { value = 600, low = 600, high = 600, unit = "MUSD", source = "x" }
interconnect_share = { value = 0.5, low = 0.5, high = 0.5, unit = "ratio", source = "x" }

[process.n7]
name = "n7"
node = { value = 7, low = 7, high = 7, unit = "nm", source = "x" }
energy = { value = 2.1, low = 2.1, high = 2.1, unit = "kWh/cm2", source = "x" }
gas = { value = 280, low = 280, high = 280, unit = "gCO2e/cm2", source = "x" }
material = { value = 500, low = 500, high = 500, unit = "gCO2e/cm2", source = "x" }
defects = { value = 0.1, low = 0.1, high = 0.1, unit = "defect/cm2", source = "x" }
clustering = { value = 10, low = 10, high = 10, unit = "ratio", source = "x" }
transistors = { value = 90, low = 90, high = 90, unit = "MTr/mm2", source = "x" }
logic_area = { value = 1, low = 1, high = 1, unit = "ratio", source = "x" }
sram_area = { value = 1, low = 1, high = 1, unit = "ratio", source = "x" }
analog_area = { value = 1, low = 1, high = 1, unit = "ratio", source = "x" }
delay = { value = 1, low = 1, high = 1, unit = "ratio", source = "x" }
switching_energy = { value = 1, low = 1, high = 1, unit = "ratio", source = "x" }
wafer_cost = { value = 9500, low = 9500, high = 9500, unit = "USD", source = "x" }
design_cost = { value = 300, low = 300, high = 300, unit = "MUSD", source = "x" }
interconnect_share = { value = 0.5, low = 0.5, high = 0.5, unit = "ratio", source = "x" }

[process.n22]
name = "n22"
node = { value = 22, low = 22, high = 22, unit = "nm", source = "x" }
energy = { value = 1.1, low = 1.1, high = 1.1, unit = "kWh/cm2", source = "x" }
gas = { value = 150, low = 150, high = 150, unit = "gCO2e/cm2", source = "x" }
material = { value = 500, low = 500, high = 500, unit = "gCO2e/cm2", source = "x" }
defects = { value = 0.08, low = 0.08, high = 0.08, unit = "defect/cm2", source = "x" }
clustering = { value = 10, low = 10, high = 10, unit = "ratio", source = "x" }
transistors = { value = 9, low = 9, high = 9, unit = "MTr/mm2", source = "x" }
logic_area = { value = 7, low = 7, high = 7, unit = "ratio", source = "x" }
sram_area = { value = 3.8, low = 3.8, high = 3.8, unit = "ratio", source = "x" }
analog_area = { value = 2, low = 2, high = 2, unit = "ratio", source = "x" }
delay = { value = 2, low = 2, high = 2, unit = "ratio", source = "x" }
switching_energy = { value = 2.7, low = 2.7, high = 2.7, unit = "ratio", source = "x" }
wafer_cost = { value = 3500, low = 3500, high = 3500, unit = "USD", source = "x" }
design_cost = { value = 70, low = 70, high = 70, unit = "MUSD", source = "x" }
interconnect_share = { value = 0.5, low = 0.5, high = 0.5, unit = "ratio", source = "x" }

[package.emib]
name = "emib"
form = "bridge"
carrier_process = "n22"
carrier_area = { value = 25, low = 25, high = 25, unit = "mm2", source = "x" }
carrier_carbon_share = { value = 0.5, low = 0.5, high = 0.5, unit = "ratio", source = "x" }
carrier_defects = { value = 0.02, low = 0.02, high = 0.02, unit = "defect/cm2", source = "x" }
substrate_area = { value = 4, low = 4, high = 4, unit = "ratio", source = "x" }
substrate_energy = { value = 0.00135, low = 0.00135, high = 0.00135, unit = "kWh/mm2", source = "x" }
bonding_energy = { value = 0.0009, low = 0.0009, high = 0.0009, unit = "kWh/mm2", source = "x" }
bonding_yield = { value = 0.99, low = 0.99, high = 0.99, unit = "ratio", source = "x" }
via_area = { value = 0.05, low = 0.05, high = 0.05, unit = "ratio", source = "x" }
link_energy = { value = 0.5, low = 0.5, high = 0.5, unit = "pJ/bit", source = "x" }
link_delay = { value = 0.05, low = 0.05, high = 0.05, unit = "ratio", source = "x" }
most_dies = { value = 16, low = 16, high = 16, unit = "die", source = "x" }
cost = { value = 0.008, low = 0.008, high = 0.008, unit = "USD/mm2", source = "x" }
bonding_cost = { value = 1.5, low = 1.5, high = 1.5, unit = "USD", source = "x" }

[package.organic]
name = "organic"
form = "organic"
carrier_area = { value = 0, low = 0, high = 0, unit = "ratio", source = "x" }
carrier_carbon_share = { value = 0, low = 0, high = 0, unit = "ratio", source = "x" }
substrate_area = { value = 4, low = 4, high = 4, unit = "ratio", source = "x" }
substrate_energy = { value = 0.00135, low = 0.00135, high = 0.00135, unit = "kWh/mm2", source = "x" }
bonding_energy = { value = 0.0009, low = 0.0009, high = 0.0009, unit = "kWh/mm2", source = "x" }
bonding_yield = { value = 0.98, low = 0.98, high = 0.98, unit = "ratio", source = "x" }
via_area = { value = 0.09, low = 0.09, high = 0.09, unit = "ratio", source = "x" }
link_energy = { value = 1.5, low = 1.5, high = 1.5, unit = "pJ/bit", source = "x" }
link_delay = { value = 0.1, low = 0.1, high = 0.1, unit = "ratio", source = "x" }
most_dies = { value = 16, low = 16, high = 16, unit = "die", source = "x" }
cost = { value = 0.005, low = 0.005, high = 0.005, unit = "USD/mm2", source = "x" }
bonding_cost = { value = 0.5, low = 0.5, high = 0.5, unit = "USD", source = "x" }

[grid.IE]
name = "IE"
region = "IE"
average = { value = 300, low = 300, high = 300, unit = "gCO2e/kWh", source = "x" }

[grid.US]
name = "US"
region = "US"
average = { value = 370, low = 370, high = 370, unit = "gCO2e/kWh", source = "x" }

[grid.SE]
name = "SE"
region = "SE"
average = { value = 40, low = 40, high = 40, unit = "gCO2e/kWh", source = "x" }
)";

constexpr const char* study = R"(
name = "anchor"
objectives = ["carbon", "delay", "energy", "cost"]
[[block]]
name = "compute"
kind = "logic"
area_mm2 = 420
power_w = 210
split = 8
node = ["n3"]
[[block]]
name = "cache"
kind = "sram"
area_mm2 = 120
power_w = 25
split = 4
node = ["n3"]
[[block]]
name = "io"
kind = "analog"
area_mm2 = 80
power_w = 30
node = ["n7"]
products = 4
[package]
technology = ["emib", "organic"]
[fab]
grid = ["IE"]
[design]
grid = "US"
volume = 1e5
[use]
grid = ["SE"]
lifetime_years = 4
duty = 0.5
throughput = 150
traffic_gb_per_s = 1500
base_power_w = 40
idle_share = 0.1
pue = 1.2
)";

TEST(PointAnchor, TwoPackagesByAnIndependentCalculation) {
  const std::vector<catalog::Layer> layers = {{{"anchor.toml", catalogue}}};
  const catalog::Catalog::Parsed parsed = catalog::Catalog::parse(layers);
  ASSERT_TRUE(parsed.errors.empty()) << to_string(parsed.errors.front());
  const auto space = parse_space(study, "anchor", parsed.catalog);
  ASSERT_TRUE(space) << to_string(space.error());
  ASSERT_EQ(space->points(), 2U);
  struct Expected {
    double silicon, edge, loss, carrier, substrate, bonding, package_loss, design, operation, kwh, cost, delay, power;
  };
  const Expected expected[] = {{5293.642105263158, 295.1504689828408, 244.2933698605055, 2325.8104327293654,
                                523.1747368421054, 87.19578947368421, 1223.9602370737584, 1263.3069726452093,
                                251641.98547200003, 6291.0496368, 1040.74339767124, 0.006, 261.8888888888889},
                               {5526.32967032967, 315.2263944006349, 266.95162911481316, 0, 546.1714285714286,
                                91.02857142857141, 2026.0885347865812, 1263.3069726452093, 289817.84534400003,
                                7245.4461336, 1029.6788625878082, 0.007, 275.9047619047619}};
  const Evaluator evaluator(*space);
  for (std::uint64_t i = 0; i < 2; ++i) {
    const Outcome<double> o = evaluator.at(i).outcome;
    const Expected& e = expected[i];
    const auto near = [](double a, double b) { EXPECT_NEAR(a, b, 1e-9 * b); };
    near(o.silicon, e.silicon);
    near(o.edge, e.edge);
    near(o.loss, e.loss);
    near(o.carrier, e.carrier);
    near(o.substrate, e.substrate);
    near(o.bonding, e.bonding);
    near(o.package_loss, e.package_loss);
    near(o.design, e.design);
    near(o.operation, e.operation);
    near(o.energy / 3.6e6, e.kwh);
    near(o.cost, e.cost);
    near(o.delay, e.delay);
    near(o.power, e.power);
    near(o.carbon(),
         e.silicon + e.edge + e.loss + e.carrier + e.substrate + e.bonding + e.package_loss + e.design + e.operation);
  }
}

}  // namespace
}  // namespace cradle::design
