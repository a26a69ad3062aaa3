// 3D-Carbon's coefficients (its parameter files at 14e1a7f, restated as facts).
#pragma once

#include <array>
#include <string_view>

#include "cradle/carbon/quantity.h"
#include "cradle/published/three_d_carbon.h"

namespace cradle::published {

/// Energy in kWh/cm2, gas and material in g/cm2, defects per mm2.
struct ThreeDNode {
  int nm;
  double energy, gas, material, energy_per_layer, layers, defects;
};
inline constexpr std::array<ThreeDNode, 9> three_d_node_table{{
    {3, 3.25, 275, 500, 0.097, 20, 0.002},
    {5, 2.75, 225, 500, 0.09, 17, 0.0011},
    {7, 2.15, 200, 500, 0.086, 15, 0.001},
    {8, 1.52, 150, 500, 0.071, 13, 0.001},
    {10, 1.49, 150, 500, 0.059, 12, 0.001},
    {12, 1.3, 135, 500, 0.055, 10, 0.0008},
    {14, 1.2, 125, 500, 0.05, 10, 0.001},
    {20, 1.2, 110, 500, 0.054, 10, 0.00075},
    {28, 0.9, 100, 500, 0.054, 10, 0.0007},
}};
inline constexpr double three_d_clustering = 10;

struct ThreeDGrid {
  std::string_view name;
  double grams_per_kwh;
};
inline constexpr std::array<ThreeDGrid, 9> three_d_grids{{{"world", 301},
                                                          {"India", 725},
                                                          {"Australia", 597},
                                                          {"Taiwan", 583},
                                                          {"Singapore", 495},
                                                          {"USA", 380},
                                                          {"Europe", 295},
                                                          {"Brazil", 82},
                                                          {"Iceland", 28}}};

struct ThreeDApplication {
  std::string_view name;
  double watts_per_mm2;
};
inline constexpr std::array<ThreeDApplication, 8> three_d_applications{{{"CPU(desktop)", 0.45},
                                                                        {"CPU(mobile)", 0.24},
                                                                        {"CPU(server)", 0.44},
                                                                        {"GPU(desktop)", 0.47},
                                                                        {"GPU(mobile)", 0.4},
                                                                        {"GPU(server)", 0.33},
                                                                        {"Desktop SOC", 0.27},
                                                                        {"Mobile SOC", 0.19}}};

namespace three_d {
inline constexpr double interposer_energy = 1.2, interposer_gas = 100, interposer_material = 250;  // per cm2, as above
inline constexpr double interposer_defects = 0.0006, interposer_clustering = 6;
inline constexpr double rdl_defects = 0.0005, rdl_clustering = 3;
// Yields of one bond.
inline constexpr double bump_w2w = 0.98, bump_d2w = 0.96, hybrid_w2w = 0.97, hybrid_d2w = 0.95, tier = 0.93;
// kWh/mm2.
inline constexpr double hybrid_bond = 0.0028, bump_bond = 0.0009, via = 0.0025;
inline constexpr double flip_chip_package = 0.00135, wafer_package = 0.01111, rdl_substrate = 0.011;
// Areas against the footprint.
inline constexpr double rdl_scale = 1.2, interposer_scale = 1.1, package_scale = 1.2;
inline constexpr double bridge_area = 16;  // mm2, of one EMIB bridge
inline constexpr double bridges_per_die = 4;
}  // namespace three_d

}  // namespace cradle::published
