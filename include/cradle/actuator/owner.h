// Who may set devices: one owner for each device, a dry run unless told otherwise, and everything put back at the end.
//
// Three things stand behind "put back". The actuator's destructor, for the normal end. A watchdog, a small process of
// its own session, started when the owner opens: it holds one end of a socket, and when the other end closes for any
// reason (exit, signal, crash, SIGKILL) it writes back what the owner has not. A journal in the run folder, for when
// the watchdog was killed too: `restore`, or the next owner of the device, writes back what stands there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/actuator/actuator.h"
#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"

namespace cradle::actuator {

/// no: nothing is written, locked or started; what would be written is told.
enum class Apply : std::uint8_t { no, yes };

struct OwnerOptions {
  Apply apply = Apply::no;
  std::filesystem::path sysroot = "/";
  /// Locks and journals. Made if absent; must be the user's own and writable by nobody else, and be emptied at boot.
  std::filesystem::path run_folder = "/run/cradle/actuators";
  std::string nvml_library = "libnvidia-ml.so.1";
  carbon::Watts powercap_lowest{1};  ///< least limit for zones of which the kernel states none
  /// How long to wait for the watchdog of an owner that died to let go of a device.
  carbon::Seconds patience{2};
};

class Owner {
 public:
  /// Starts the watchdog (apply only). Call it before threads are started and before NVML is loaded: the watchdog is a
  /// copy of the process at this moment. failed if other threads run, or for a run folder that others may write to.
  static Result<Owner> open(const OwnerOptions& options);

  /// "powercap:ZONE", "cpufreq:policyN", "uclamp:GROUP", "cpu:GROUP", "nvml:UUID", "simulated:FILE[,KEY=VALUE...]".
  /// bad_input for an unknown form; missing_data if there is no such device, with those that there are; failed if
  /// another owner has it, with its process. If an earlier owner left a journal, what it saved is written back first
  /// and told in the device's notes.
  Result<std::unique_ptr<Actuator>> take(std::string_view name);

  /// 0 in a dry run.
  std::int64_t watchdog_pid() const;
  /// False if the watchdog was killed: nothing can be set any more.
  bool guarded() const;

  struct State;

 private:
  explicit Owner(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

/// Writes back what dead owners left in the run folder, and says so, a sentence for each device. Devices that have an
/// owner now are left alone and told. Apply::no only tells. An absent folder is empty.
Result<std::vector<std::string>> restore(const std::filesystem::path& run_folder, Apply apply);

/// What can be set on this machine, for `cradle doctor` and for choosing; reads only.
struct ActuatorReport {
  std::string interface;
  std::vector<Device> devices;
  std::string text;  ///< why there is none, and what would help; empty otherwise
};
std::vector<ActuatorReport> probe_actuators(const OwnerOptions& options);

}  // namespace cradle::actuator
