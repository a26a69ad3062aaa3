// How many processors a control group may use at most by its quota: what is set aside for it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <unordered_map>

#include "cradle/capture/usage.h"

namespace cradle::observe {

/// Reads cpu.max (version 2) or cpu.cfs_quota_us over cpu.cfs_period_us (version 1) of a group's own folder. A quota of
/// a parent is not counted to its children: which of them it is set aside for is not known. Weights (cpu.weight,
/// cpu.shares) set nothing aside.
class Reservations {
 public:
  explicit Reservations(const std::filesystem::path& sysroot);
  /// Processors, a count; 0: none known. Files are read again every `scans_between` scans.
  double cores(const capture::GroupUsage& group);

  static constexpr std::uint32_t scans_between = 30;

 private:
  struct Known {
    double cores = 0;
    std::uint32_t scans_left = 0;
  };
  double read(const capture::GroupUsage& group) const;
  std::string version_2_, version_1_;  ///< where they are mounted; empty: not
  std::unordered_map<std::uint64_t, Known> known_;
};

/// The two forms in text; 0 if there is no limit or the text is not understood.
double cores_of_cpu_max(std::string_view text);
double cores_of_quota(std::string_view quota_us, std::string_view period_us);

}  // namespace cradle::observe
