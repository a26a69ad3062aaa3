// A GPU that can be put under a known load and watched: what the profile measures through, real or not.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"

namespace cradle::profile {

/// What the profile says of the device it measured.
struct GpuFacts {
  std::string name;
  std::string uuid;
  std::string driver;
  std::string compute_capability;  ///< "9.0"
  int multiprocessors = 0;
  carbon::Watts limit;          ///< power limit that was set; 0: not stated
  carbon::Watts default_limit;  ///< 0: not stated
  friend bool operator==(const GpuFacts&, const GpuFacts&) = default;
};

/// One look at the board's counters.
struct GpuSample {
  carbon::Seconds at;                    ///< since any fixed moment
  std::optional<carbon::Joules> energy;  ///< since any fixed moment
  std::optional<carbon::Watts> power;
  std::optional<std::int64_t> megahertz;
  friend bool operator==(const GpuSample&, const GpuSample&) = default;
};

/// What a load did.
struct LoadDone {
  double operations = 0;    ///< fused multiply-adds
  int multiprocessors = 0;  ///< different ones that worked
};

class LoadedGpu {
 public:
  virtual ~LoadedGpu() = default;

  virtual const GpuFacts& facts() const = 0;
  /// missing_data once the board is gone.
  virtual Result<GpuSample> sample() = 0;
  /// Keeps `multiprocessors` of them busy for `duration` from now on; returns at once. One load at a time.
  virtual Result<void> start(int multiprocessors, carbon::Seconds duration) = 0;
  /// Waits for the load to end.
  virtual Result<LoadDone> finish() = 0;
  virtual void wait(carbon::Seconds duration) = 0;
};

/// How a device is found, and by what clock it is watched.
struct GpuOptions {
  int device = 0;  ///< in the order of the management library
  std::string management_library = "libnvidia-ml.so.1";
  std::string driver_library = "libcuda.so.1";
  std::function<carbon::Seconds()> now;       ///< empty: the machine's steady clock
  std::function<void(carbon::Seconds)> wait;  ///< empty: sleeps
};

/// A real NVIDIA board through its management and driver libraries, loaded at run time. No setting is changed.
/// missing_data: no library, no such board, one that is partitioned, one older than compute capability 7.0.
Result<std::unique_ptr<LoadedGpu>> open_nvidia_gpu(const GpuOptions& options);

}  // namespace cradle::profile
