// A powercap tree in a folder, as the kernel would show it: for tests and benches without RAPL, ours and others'.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"

namespace cradle::meter {

/// Writes SYSROOT/sys/class/powercap/intel-rapl:0 and so on, with links as the kernel has them, and counters that
/// wrap. Our own reader says "simulated" of it, never "measured", since it is not the kernel's sysfs.
class FakePowercap {
 public:
  struct FakeZone {
    std::string name;        ///< "package-0", "core", "dram", "psys", ...
    int parent = -1;         ///< position of the zone that holds it, one before it; -1: at the top
    std::int64_t range = 0;  ///< microjoules from wrap to wrap; 0: 262143328850, that of many packages
    std::int64_t start = 0;  ///< first value of the counter, microjoules
    carbon::Watts rated{};   ///< constraint_0_max_power_uw; 0: no such file
  };

  /// bad_input for a parent that does not come before its zone, failed if the files cannot be written.
  static Result<FakePowercap> create(const std::filesystem::path& sysroot, const std::vector<FakeZone>& zones);

  /// Counts `microjoules` (>= 0) more, wrapping as often as it must. The file is written in place, so that readers
  /// which keep it open see it.
  Result<void> add(std::size_t zone, std::int64_t microjoules);
  /// Folder of the zone: where a test takes away, spoils or adds a file.
  const std::filesystem::path& folder(std::size_t zone) const { return states_[zone].folder; }
  std::int64_t value(std::size_t zone) const { return states_[zone].value; }

 private:
  struct State {
    std::filesystem::path folder;
    std::int64_t range = 0, value = 0;
  };
  Result<void> show(const State& state) const;
  std::vector<State> states_;
};

}  // namespace cradle::meter
