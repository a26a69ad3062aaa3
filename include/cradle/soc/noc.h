// Where tiles of a mesh are to each other, which of them exchange tokens for power, and with whom.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/power/topology.h"
#include "cradle/soc/esp_config.h"

namespace cradle::soc {

/// Hops between two tiles of the mesh: rows and columns between them, which is what routing in X first, then in Y
/// takes.
std::uint32_t hops(const EspTile& from, const EspTile& to);

/// hops of every pair, by position in EspConfig::tiles: symmetric, its diagonal 0.
std::vector<std::vector<std::uint32_t>> hop_matrix(const EspConfig& config);

/// Positions of the tiles whose power is managed by tokens (has_tdvfs), row by row.
std::vector<std::size_t> managed_tiles(const EspConfig& config);

/// The managed tiles as partners of exchange, numbered in the order of managed_tiles. Near: each with its up to four
/// nearest (the lower position where hops are equal), as the released RTL has four neighbours for each. Far: any other
/// two. Nothing if fewer than two tiles are managed.
Result<std::optional<power::Topology>> exchange_topology(const EspConfig& config);

}  // namespace cradle::soc
