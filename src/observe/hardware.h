// The machine in the catalogue's terms: what its parts cost to make, how long they serve, and what its grid emits.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/entry.h"
#include "cradle/catalog/catalog.h"
#include "cradle/observe/node.h"

namespace cradle::observe {

/// How far a signal may be off, as ratios to its value: the catalogue's range of the grid's yearly mean.
struct SignalRange {
  double low = 1, high = 1;
};

/// Bytes per second.
using ByteRate = decltype(carbon::Bytes{} / carbon::Seconds{});

/// What a drive and a network card move at most, by which bytes moved are a share of the device: those of the model's
/// energy per byte (meter/model.h), a drive of the NVMe class and a card of 100 Gbit/s, in one direction.
inline constexpr ByteRate storage_rate{3e9};
inline constexpr ByteRate network_rate{12.5e9};

struct Hardware {
  std::string node_name;
  carbon::SiteRecord site;
  SignalRange average_range, marginal_range;
  /// By Component. A part that the server lacks has no embodied carbon. A life is counted in device-seconds.
  std::array<carbon::ComponentRecord, components> parts;
  /// Drawn without work, by Component, where the server was named; 0 where nothing is declared.
  std::array<carbon::Watts, components> declared_idle{};
  std::vector<std::string> notes;  ///< what was assumed
};

/// bad_input (with the nearest name) for a server or grid that the catalogue lacks, or a PUE below 1. Without a server
/// the catalogue's one for machines without an accelerator stands in, scaled to `processors` and `memory_bytes`;
/// without a grid the world's mean does.
Result<Hardware> hardware_of(const Place& place, int processors, std::int64_t memory_bytes,
                             const catalog::Catalog& catalog);

}  // namespace cradle::observe
