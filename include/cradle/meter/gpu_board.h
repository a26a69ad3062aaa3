// What NVIDIA boards say of themselves at this moment: energy, power, clock. Reads only; changes no setting.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cradle/base/result.h"

namespace cradle::meter {

struct Nvml;

/// What stays the same while a board is there.
struct GpuBoard {
  std::string uuid;  ///< "GPU-..."
  std::string name;
  std::string driver;
  std::int64_t limit_mw = 0;          ///< power limit that is set; 0: not stated
  std::int64_t default_limit_mw = 0;  ///< 0: not stated
  bool partitioned = false;           ///< multi-instance mode is on
};

/// One reading; what a board does not state is absent.
struct GpuMoment {
  std::optional<std::int64_t> millijoules;  ///< since the driver was loaded
  std::optional<std::int64_t> milliwatts;
  std::optional<std::int64_t> megahertz;  ///< of the multiprocessors
};

class GpuBoards {
 public:
  /// missing_data if the library cannot be loaded.
  static Result<GpuBoards> open(const std::string& library);

  /// Every board that answers; missing_data if none does.
  Result<std::vector<GpuBoard>> boards() const;
  /// missing_data if there is no such board, it is lost, or it states neither energy nor power.
  Result<GpuMoment> read(std::string_view uuid) const;

 private:
  GpuBoards(std::shared_ptr<const Nvml> nvml, std::string library)
      : nvml_(std::move(nvml)), library_(std::move(library)) {}
  std::shared_ptr<const Nvml> nvml_;
  std::string library_;
};

}  // namespace cradle::meter
