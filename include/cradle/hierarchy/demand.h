// What each device could use, second by second.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"

namespace cradle::hierarchy {

/// Above the floor, in quanta, by device; 0 .. 2^20.
class Demand {
 public:
  virtual ~Demand() = default;
  /// Of the devices first .. first + out.size() - 1 in this second. The same for every thread count and order of calls.
  virtual void fill(std::int64_t second, std::size_t first, std::span<std::int32_t> out) const = 0;
};

/// Made-up demand: jobs of 10 minutes that a device has or has not, more of them by day, each with a level of its own,
/// and noise from second to second. Draws are hashes of seed, device and time, so that any second can be asked for.
struct DemandOptions {
  std::int32_t highest = 640;  ///< quanta of a device at full use
  double busy_by_day = 0.8;    ///< share of devices with a job at 15:00
  double busy_by_night = 0.4;  ///< at 03:00
  double noise = 0.05;         ///< of a job's level, either way
  std::uint64_t seed = 1;
};
/// bad_input: shares outside 0 .. 1, a level outside 1 .. 2^20.
class GeneratedDemand final : public Demand {
 public:
  static Result<GeneratedDemand> make(const DemandOptions& options, std::string where);
  void fill(std::int64_t second, std::size_t first, std::span<std::int32_t> out) const override;

 private:
  explicit GeneratedDemand(const DemandOptions& options) : options_(options) {}
  DemandOptions options_;
};

/// Recorded demand: CSV with the columns `second` (growing), `device` (from 0; left out: all alike) and `demand` in
/// quanta. A value holds until the device's next one; before its first it is 0. More devices than recorded ones repeat
/// them; after the last second it begins again.
class RecordedDemand final : public Demand {
 public:
  static Result<RecordedDemand> read(std::string_view csv, std::string name);
  void fill(std::int64_t second, std::size_t first, std::span<std::int32_t> out) const override;
  std::size_t columns() const { return columns_; }

 private:
  std::vector<std::int64_t> seconds_;
  std::vector<std::int32_t> values_;
  std::size_t columns_ = 0;
};

}  // namespace cradle::hierarchy
