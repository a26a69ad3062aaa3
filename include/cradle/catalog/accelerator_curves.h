// How accelerators divide in hardware, and how power and speed follow slices and power caps: records with sources.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cradle/catalog/records.h"

namespace cradle::catalog {

/// One kind of slice of a partitionable accelerator.
struct SliceProfile {
  std::string name;         ///< "1g.10gb"
  int compute = 1;          ///< compute slices
  int memory = 1;           ///< memory slices = length of its placement
  std::vector<int> starts;  ///< memory slices at which it may start
  int at_most = 0;          ///< instances for one accelerator; 0: as many as fit
};

/// The placement rules of one accelerator (NVIDIA multi-instance GPU).
struct Partitioning : Record {
  std::vector<std::string> accelerators;  ///< keys of accelerator records that divide like this
  int compute_slices = 7;
  int memory_slices = 8;
  Coefficient<carbon::Bytes> slice_memory;  ///< usable memory of one memory slice
  std::vector<SliceProfile> profiles;
  carbon::Provenance provenance;  ///< where the rules come from
};

/// A point of a curve: everything relative to the uncapped, whole accelerator at the same work.
struct CurvePoint {
  Coefficient<double> at;          ///< cap over the default limit, or busy compute slices over all of them; exact
  Coefficient<double> power;       ///< draw over the draw at 1
  Coefficient<double> throughput;  ///< work done per second over that at 1
};

/// What a curve is a curve of.
enum class CurveKind : std::uint8_t {
  power_cap,  ///< `at` is the power limit over the default one
  slices,     ///< `at` is the share of compute slices that work, idle draw included in `power`
};

/// Power and throughput of one accelerator and kind of work against its cap or its busy slices, by linear
/// interpolation between points; `at` rises strictly and ends at 1, where power and throughput are 1.
struct AcceleratorCurve : Record {
  CurveKind curve = CurveKind::power_cap;
  std::vector<std::string> accelerators;  ///< keys of accelerator records that it stands for
  std::string work;                       ///< "training", "fine-tuning", "prefill", "decode", "synthetic"
  /// Draw at 1 over the accelerator's full power: work that waits for memory draws far less than the limit allows.
  Coefficient<double> draw_at_one{carbon::Estimate<double>::exact(1), {}, {}, "ratio"};
  std::vector<CurvePoint> points;
};

}  // namespace cradle::catalog
