// Power against busy multiprocessors of a real GPU: measured step by step, kept raw, and made a catalogue record.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/base/time.h"
#include "cradle/carbon/estimate.h"
#include "cradle/catalog/catalog.h"
#include "cradle/profile/gpu_load.h"

namespace cradle::profile {

struct ProfileOptions {
  int steps = 8;                                   ///< 1 .. 64: busy multiprocessors in steps of 1 / steps of them all
  int repetitions = 3;                             ///< 1 .. 1000, of each step
  carbon::Seconds settle{1};                       ///< under load before it counts: clocks and temperature come to rest
  carbon::Seconds window{2};                       ///< that counts; counters move ten times a second
  std::function<bool()> stop;                      ///< asked often; true: keep what is finished
  std::function<void(int done, int of)> progress;  ///< after each repetition
};

/// One repetition of one step, as read.
struct RawRepetition {
  int multiprocessors = 0;  ///< asked for; 0: idle
  int worked = 0;           ///< different ones that did
  double operations = 0;    ///< over `duration`
  carbon::Seconds duration;
  std::vector<GpuSample> samples;  ///< within the window
  friend bool operator==(const RawRepetition&, const RawRepetition&) = default;
};

/// A whole run, as it is kept in a file.
struct RawProfile {
  GpuFacts device;
  Instant date;
  carbon::Seconds settle, window;
  std::vector<RawRepetition> repetitions;
  std::string cut_short;  ///< why the run ended before its last step; empty: it did not
  friend bool operator==(const RawProfile&, const RawProfile&) = default;
};

/// Measures: all multiprocessors first, then none, then what lies between, so that a run that is cut short can still be
/// read. bad_input: options outside their ranges. An error of the device is returned if nothing is finished; else the
/// run is cut short by it.
Result<RawProfile> measure(LoadedGpu& gpu, const ProfileOptions& options, Instant date);

/// The JSON of a run, schema cradle.gpu-profile/1; the same run gives the same bytes.
std::string to_json(const RawProfile& profile);
/// bad_input: not such JSON, numbers that cannot be, more than 100,000 repetitions or samples of one.
Result<RawProfile> parse_profile(std::string_view text, std::string_view source);

/// One step, over its repetitions. Bounds: two standard deviations of the repetitions, at least 1 % of the value.
struct ProfileStep {
  double at = 0;  ///< busy multiprocessors over all
  int multiprocessors = 0;
  int repetitions = 0;
  bool counted = false;  ///< power from the energy counter; else the mean of samples of power
  carbon::Estimate<carbon::Watts> power;
  carbon::Estimate<double> operations;  ///< a second
  std::int64_t megahertz = 0;           ///< mean; 0: not stated
};

/// Rising in `at`. bad_input: no repetition with two samples, or energy that runs backwards.
Result<std::vector<ProfileStep>> steps_of(const RawProfile& profile, std::string_view source);

/// The accelerator that a device's name stands for: every part of the id between dashes is a word of the name, a number
/// with or without "GB". bad_input: none, or several.
Result<const catalog::Accelerator*> accelerator_of(const catalog::Catalog& catalog, std::string_view device_name);

/// The TOML file of a curve (kind slices, work synthetic) that the steps are. bad_input: fewer than two steps, or none
/// with all multiprocessors: nothing to be relative to; power or work that falls beyond its spread. `recording`: the
/// file that the run was read from, for the record's note; empty: it was measured now.
Result<std::string> curve_record_toml(const RawProfile& profile, std::span<const ProfileStep> steps,
                                      const catalog::Accelerator& accelerator, std::string_view id,
                                      std::string_view recording = {});

}  // namespace cradle::profile
