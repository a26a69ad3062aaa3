// A process asks for its own joules and grams: a Unix socket at which the kernel says who asks.
#pragma once

#include <filesystem>
#include <memory>

#include "cradle/base/result.h"
#include "cradle/observe/node.h"

namespace cradle::observe {

/// A client connects, sends nothing, and reads one line of JSON up to the end of the stream: of its process (told by
/// the kernel, SO_PEERCRED, so that nobody can ask for another) and of its control group, since the observer began.
///
///     {"version":1,"pid":77,"found":true,"cpu_seconds":1.5,"joules":12.5,"operational_grams":0.002,
///      "embodied_grams":0.0001,"group_cpu_seconds":3.5,"group_joules":20.5,"group_operational_grams":0.003,
///      "group_embodied_grams":0.0002,"policy":"none","knowledge":"estimated","at":"2026-01-01T00:00:00Z",
///      "cgroup":"/system.slice/a.service"}
///
/// Joules are dynamic ones and idle ones under the policy in force. `found` is false for a process that no scan has
/// seen yet: its own figures are 0, those of its group stand. cradle_self.h reads it from C.
class SelfService {
 public:
  /// Replaces a socket that no server listens at. failed if the socket cannot be made, or another server has it.
  static Result<std::unique_ptr<SelfService>> start(const std::filesystem::path& socket);
  virtual ~SelfService() = default;  ///< stops serving, joins the thread, removes the socket

  /// What is answered from now on. Copies what it needs.
  virtual void publish(const Snapshot& snapshot) = 0;
};

}  // namespace cradle::observe
