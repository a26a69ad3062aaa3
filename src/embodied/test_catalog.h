// A small catalogue with round numbers, for the tests of this room: what they expect does not move with the real one.
#pragma once

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "cradle/base/text.h"
#include "cradle/catalog/catalog.h"

namespace cradle::embodied {

/// `name = { value, low, high, unit, ... }` with a range of +- `spread` of the value.
inline std::string entry(const std::string& name, double value, const std::string& unit, double spread = 0) {
  return name + " = { value = " + shortest(value) + ", low = " + shortest(value * (1 - spread)) +
         ", high = " + shortest(value * (1 + spread)) + ", unit = \"" + unit +
         "\", source = \"made up\", year = 2024, scope = \"test\", licence = \"none\" }\n";
}

inline std::string process_record(const std::string& id, double node, double energy, double defects, double spread) {
  return "[process." + id + "]\nname = \"" + id + "\"\n" + entry("node", node, "nm") +
         entry("energy", energy, "kWh/cm2", spread) + entry("gas", 200, "gCO2e/cm2", spread) +
         entry("material", 500, "gCO2e/cm2", spread) + entry("defects", defects, "defect/cm2", spread) +
         entry("clustering", 10, "ratio", spread) + entry("transistors", 50, "MTr/mm2") +
         entry("logic_area", 1, "ratio") + entry("sram_area", 1, "ratio") + entry("analog_area", 1, "ratio") +
         entry("delay", 1, "ratio") + entry("switching_energy", 1, "ratio") +
         entry("interconnect_share", 0.5, "ratio") + entry("wafer_cost", 9000, "USD") +
         entry("design_cost", 300, "MUSD");
}

inline std::string package_record(const std::string& id, const std::string& form, const std::string& carrier,
                                  double carrier_area, double most_dies, double spread) {
  const bool bridge = form == "bridge";
  // A yield of 0.95 +- 5 % stays below 1.
  return "[package." + id + "]\nname = \"" + id + "\"\nform = \"" + form + "\"\n" +
         (carrier.empty() ? "" : "carrier_process = \"" + carrier + "\"\n") +
         entry("carrier_area", carrier_area, bridge ? "mm2" : "ratio", spread) +
         entry("carrier_carbon_share", carrier.empty() ? 0 : 0.5, "ratio", spread) +
         (form == "passive-interposer" ? entry("carrier_defects", 0.0125, "defect/cm2", spread) : "") +
         entry("substrate_area", 2, "ratio", spread) + entry("substrate_energy", 0.002, "kWh/mm2", spread) +
         entry("bonding_energy", 0.001, "kWh/mm2", spread) + entry("bonding_yield", 0.95, "ratio", spread / 4) +
         entry("via_area", 0.1, "ratio", spread) + entry("link_energy", 1, "pJ/bit") +
         entry("link_delay", 0.1, "ratio") + entry("most_dies", most_dies, "die") + entry("cost", 0.01, "USD/mm2") +
         entry("bonding_cost", 1, "USD");
}

/// Processes t7 and t65; a package of each form; grids here (500 g/kWh) and there (100); ram (1 kg/GiB) and flash
/// (50 kg/TB); a cpu, an accelerator and a nic of 20, 150 and 30 kg; steel (2 kg/kg); a server of two cpus. `spread`:
/// ratio by which every uncertain number may be lower or higher, at most 0.2.
inline std::string test_records(double spread = 0) {
  const auto record = [](const std::string& kind, const std::string& id, const std::string& fields) {
    return "[" + kind + "." + id + "]\nname = \"" + id + "\"\n" + fields;
  };
  const std::string vendor = "vendor = \"v\"\n";
  const std::string watts = entry("idle_power", 10, "W") + entry("full_power", 100, "W");
  const std::string life = entry("lifetime", 6, "year");
  const auto mass = [&](double kg) { return entry("embodied", kg, "kgCO2e", spread) + life; };
  std::string text = process_record("t7", 7, 2, 0.2, spread) + process_record("t65", 65, 0.5, 0.05, spread);
  text += package_record("board", "organic", "", 0, 16, spread);
  text += package_record("layers", "fanout", "", 0, 16, spread);
  text += package_record("bridges", "bridge", "t65", 25, 16, spread);
  text += package_record("interposer", "passive-interposer", "t65", 1.2, 16, spread);
  text += package_record("routers", "active-interposer", "t65", 1.2, 16, spread);
  text += package_record("stack", "stacked", "", 0, 8, spread);
  text += package_record("tiers", "monolithic", "", 0, 2, spread);
  text += record("grid", "here", "region = \"x\"\n" + entry("average", 500, "gCO2e/kWh", spread));
  text += record("grid", "there", "region = \"y\"\n" + entry("average", 100, "gCO2e/kWh", spread));
  text += record("memory", "ram", entry("power", 0.3, "W/GiB") + entry("embodied", 1, "kgCO2e/GiB", spread) + life);
  text += record("storage", "flash", entry("power", 4, "W/TB") + entry("embodied", 50, "kgCO2e/TB", spread) + life);
  text +=
      record("cpu", "mind", vendor + entry("cores", 16, "core") + entry("threads", 32, "thread") + watts + mass(20));
  text += record("accelerator", "muscle",
                 vendor + watts + entry("memory", 80, "GiB") + entry("fp16_throughput", 100, "TFLOP/s") + mass(150));
  text += record("nic", "card", watts + mass(30));
  text += record("material", "steel", "per = \"kg\"\n" + entry("embodied", 2, "kgCO2e", spread));
  text += record("material", "rack", "per = \"piece\"\n" + entry("embodied", 400, "kgCO2e", spread));
  text += record("server", "box",
                 "cpu = \"mind\"\n" + entry("cpu_sockets", 2, "socket") + "memory = \"ram\"\n" +
                     entry("memory_size", 128, "GiB") + "accelerator = \"muscle\"\n" +
                     entry("accelerator_count", 4, "device") + "storage = \"flash\"\n" +
                     entry("storage_size", 4, "TB") + "nic = \"card\"\n" + entry("nic_count", 1, "device") +
                     entry("base_embodied", 300, "kgCO2e", spread) + entry("base_power", 50, "W") + life);
  return text;
}

inline catalog::Catalog test_catalog(double spread = 0) {
  const std::vector<catalog::Layer> layers = {{{"test.toml", test_records(spread)}}};
  auto parsed = catalog::Catalog::parse(layers);
  for (const Error& error : parsed.errors) std::cerr << to_string(error) << '\n';
  if (!parsed.errors.empty()) std::abort();
  return std::move(parsed.catalog);
}

}  // namespace cradle::embodied
