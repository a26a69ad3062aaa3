// Power limits of NVIDIA boards through NVML, found at run time as the meter does.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cradle/base/result.h"

namespace cradle::meter {

struct Nvml;

/// One board's limits in whole milliwatts, as NVML states them.
struct GpuLimit {
  std::string uuid, name;
  std::int64_t lowest_mw = 0, highest_mw = 0;
  std::int64_t default_mw = 0;  ///< 0: not stated
  std::int64_t limit_mw = 0;    ///< what is set now
};

class GpuLimits {
 public:
  /// missing_data if the library cannot be loaded or is too old for limits.
  static Result<GpuLimits> open(const std::string& library);

  /// Every board that has a limit; missing_data if there is none.
  Result<std::vector<GpuLimit>> boards() const;
  /// missing_data if there is no such board, or it has no limit.
  Result<GpuLimit> board(std::string_view uuid) const;
  /// failed if the driver refuses (root is needed); bad_input for what is not a number of milliwatts.
  Result<void> set(std::string_view uuid, std::int64_t milliwatts) const;

 private:
  explicit GpuLimits(std::shared_ptr<const Nvml> nvml, std::string library)
      : nvml_(std::move(nvml)), library_(std::move(library)) {}
  std::shared_ptr<const Nvml> nvml_;
  std::string library_;
};

}  // namespace cradle::meter
