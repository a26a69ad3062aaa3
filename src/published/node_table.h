// The files of a tech_params folder, as ECO-CHIP and GreenFPGA share them: one number for each node, by position.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "cradle/base/result.h"
#include "json_reader.h"

namespace cradle::published {

inline constexpr double square_mm_per_cm2 = 100;
inline constexpr std::size_t circuit_nodes = 5;  ///< the first ones of eco_chip_nodes: those that make logic

/// The array `key` of the file: at least `count` numbers, no more than there are nodes.
Result<std::vector<double>> read_node_table(const std::filesystem::path& file, const std::string& key,
                                            std::size_t count, const Bounds& bounds);

}  // namespace cradle::published
