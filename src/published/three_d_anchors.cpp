// Published numbers of 3D-Carbon: its README and notebook (two decimals), and what the program prints for its own
// examples. The tool has no licence: the inputs are stated here as facts, none of its files is needed.
#include <algorithm>
#include <string_view>

#include "cradle/published/three_d_carbon.h"
#include "cradle/published/tools.h"

namespace cradle::published {
namespace {

using carbon::GramsCO2e;
using carbon::GramsPerKilowattHour;
using carbon::KilogramsCO2e;
using carbon::SquareMillimetres;
using carbon::Watts;

constexpr GramsPerKilowattHour taiwan{583};
constexpr const char* readme = "3D-Carbon README";
constexpr const char* notebook = "3D-Carbon notebook";
constexpr const char* run = "output of 3D-Carbon at 14e1a7f for its own example";
constexpr double printed_kg = 0.005;  // half of the last digit of kilograms with two decimals

ThreeDDie die(const char* name, int node, double area, double gates, double layers, double number) {
  ThreeDDie result;
  result.name = name;
  result.node = node;
  result.area = SquareMillimetres{area};
  result.gates = gates;
  result.layers = layers;
  result.number = number;
  return result;
}

ThreeDProduct product(const char* name, ThreeDMethod method, std::vector<ThreeDDie> dies) {
  ThreeDProduct result;
  result.name = name;
  result.method = method;
  result.dies = std::move(dies);
  return result;
}

/// An AMD EPYC processor on its 4,410 mm2 package, made in Taiwan.
ThreeDProduct epyc(const char* name, double watts, std::vector<ThreeDDie> dies) {
  ThreeDProduct result = product(name, ThreeDMethod::mcm, std::move(dies));
  result.making = taiwan;
  result.package_area = SquareMillimetres{4410};
  if (watts > 0) {
    ThreeDUse use;
    use.power = Watts{watts};
    use.delay = use.application = carbon::Seconds{4.2e-10};
    result.use = use;
  }
  return result;
}

std::vector<ThreeDDie> zen2(double number) {
  return {die("zen2", 7, 78, 3.9e9, 13, number), die("IO1", 14, 125, 2.09e9, 0, 1)};
}

std::vector<ThreeDProduct> examples() {
  using enum ThreeDMethod;
  ThreeDProduct lakefield =
      product("lakefield", micro_bumping, {die("die1", 14, 0, 6.5e8, 0, 1), die("die2", 10, 0, 4.05e9, 0, 1)});
  lakefield.dies[0].ios = 1200;
  lakefield.face_to_face = true;
  return {epyc("EPYC 7351P", 155, {die("zen1", 14, 211, 1.92e10, 12, 4)}),
          epyc("EPYC 7272", 130, zen2(2)),
          epyc("EPYC 7402", 180, zen2(4)),
          epyc("EPYC 7702", 200, zen2(8)),
          epyc("EPYC 7452", 0, {die("zen2", 7, 74, 3.9e9, 13, 4), die("IO1", 12, 408, 0, 0, 1)}),
          product("Navi 31", info_chip_last, {die("GCD", 5, 304.5, 4.5e10, 0, 1), die("MCD", 7, 37.5, 2.05e9, 0, 6)}),
          product("P100", silicon_interposer, {die("GPU", 14, 610, 1.53e9, 0, 1), die("HBM", 28, 72, 1e6, 0, 4)}),
          product("RISC", monolithic, {die("logic", 28, 0.77, 0, 6, 1), die("memory", 28, 0.77, 0, 4, 1)}),
          lakefield};
}

struct Published {
  const char* item;
  const char* part;  ///< a die, or ""
  const char* quantity;
  double kilograms;
  const char* source;
};
constexpr Published printed[] = {
    {"EPYC 7351P", "zen1", "manufacturing", 16.80, readme},
    {"EPYC 7351P", "", "package", 3.47, readme},
    {"EPYC 7351P", "", "embodied", 20.27, readme},
    {"EPYC 7351P", "", "embodied", 20.267713022063366, run},
    {"EPYC 7351P", "", "operational", 19.789935, run},
    {"EPYC 7272", "zen2", "manufacturing", 3.38, notebook},
    {"EPYC 7272", "IO1", "manufacturing", 2.21, notebook},
    {"EPYC 7272", "", "package", 3.47, notebook},
    {"EPYC 7272", "", "embodied", 9.06, notebook},
    {"EPYC 7272", "", "embodied", 9.061139735417619, run},
    {"EPYC 7402", "", "embodied", 12.443174946919571, run},
    {"EPYC 7702", "", "embodied", 19.207245369923476, run},
    {"EPYC 7452", "zen2", "manufacturing", 6.38, readme},
    {"EPYC 7452", "IO1", "manufacturing", 9.96, readme},
    {"EPYC 7452", "", "embodied", 19.81, readme},
    {"EPYC 7452", "", "embodied", 19.80654703167041, run},
    {"Navi 31", "GCD", "manufacturing", 11.22, notebook},
    {"Navi 31", "MCD", "manufacturing", 4.78, notebook},
    {"Navi 31", "", "substrate", 3.79, notebook},
    {"Navi 31", "", "package", 0.26, notebook},
    {"Navi 31", "", "embodied", 20.05, notebook},
    {"Navi 31", "", "embodied", 20.046861217114878, run},
    {"P100", "GPU", "manufacturing", 14.68, notebook},
    {"P100", "HBM", "manufacturing", 2.71, notebook},
    {"P100", "", "package", 0.44, notebook},
    {"P100", "", "embodied", 33.029008262478026, run},
    {"RISC", "", "embodied", 0.007611858957891375, run},
    {"lakefield", "die1", "manufacturing", 1.42, notebook},
    {"lakefield", "die2", "manufacturing", 5.22, notebook},
    {"lakefield", "", "bonding", 0.14, notebook},
    {"lakefield", "", "package", 0.27, notebook},
    {"lakefield", "", "embodied", 7.06, notebook},
    {"lakefield", "", "embodied", 7.057170964538418, run},
};

/// README, exploration of NVIDIA's Thor (5 nm, 810 mm2): embodied, of two halves and of logic beside memory.
struct Explored {
  const char* option;
  double homogeneous, heterogeneous;
};
constexpr Explored explored[] = {{"MCM", 45.88, 54.66},
                                 {"InFO_chip_first", 85.72, 100.08},
                                 {"InFO_chip_last", 61.88, 71.41},
                                 {"Micro_bumping", 49.53, 60.52},
                                 {"Hybrid_bonding", 43.01, 50.97}};
constexpr std::pair<const char*, double> explored_use[] = {
    {"2D", 69.14}, {"Micro_bumping", 76.05}, {"Hybrid_bonding", 63.43}};

double kilograms(GramsCO2e grams) { return KilogramsCO2e{grams}.value(); }

double value_of(const ThreeDCarbon& carbon, const Published& number) {
  const std::string_view quantity = number.quantity;
  if (quantity == "manufacturing") {
    const auto found = std::find_if(carbon.dies.begin(), carbon.dies.end(),
                                    [&](const ThreeDDieCarbon& entry) { return entry.name == number.part; });
    return kilograms(found->carbon);
  }
  if (quantity == "package") return kilograms(carbon.package);
  if (quantity == "substrate") return kilograms(carbon.substrate);
  if (quantity == "bonding") return kilograms(carbon.bonding);
  if (quantity == "operational") return kilograms(carbon.operational.value_or(GramsCO2e{}));
  return kilograms(carbon.embodied());
}

}  // namespace

AnchorSet anchors_three_d_carbon(const std::filesystem::path&) {
  AnchorSet set;
  const auto add = [&set](std::string item, const char* quantity, double published, const char* source, double ours) {
    const double tolerance = std::string_view(source) == run ? 1e-9 : printed_kg / published;
    set.anchors.push_back({"3d-carbon", std::move(item), quantity, published, tolerance, "kgCO2e", source, ours});
  };
  for (const ThreeDProduct& example : examples()) {
    const auto carbon = three_d_carbon(example, {}, example.name);
    if (!carbon) continue;
    for (const Published& number : printed) {
      if (example.name != number.item) continue;
      const std::string part = *number.part ? "/" + std::string(number.part) : "";
      add(example.name + part, number.quantity, number.kilograms, number.source, value_of(*carbon, number));
    }
  }
  ThreeDQuestion thor;
  thor.name = "THOR";
  thor.die = die("die", 5, 810, 7.7e10, 0, 1);
  thor.efficiency = 12.5;
  thor.bandwidth = 6;
  for (const bool heterogeneous : {false, true}) {
    const auto options = explore(thor, heterogeneous, {}, thor.name);
    if (!options) continue;
    for (const ThreeDOption& option : *options) {
      const std::string item = "THOR/" + std::string(heterogeneous ? "heterogeneous/" : "homogeneous/") + option.name;
      for (const Explored& row : explored)
        if (option.name == row.option)
          add(item, "embodied", heterogeneous ? row.heterogeneous : row.homogeneous, readme,
              kilograms(option.embodied()));
      for (const auto& row : explored_use)
        if (!heterogeneous && option.name == row.first)
          add(item, "operational", row.second, readme, kilograms(option.operational.value_or(GramsCO2e{})));
    }
  }
  set.notes.push_back(
      "3d-carbon: left out, as they were printed with an interposer of 0.2 in place of 1.2 kWh/cm2: P100 in total "
      "(25.54 kg), Thor on EMIB and on an interposer");
  return set;
}

}  // namespace cradle::published
