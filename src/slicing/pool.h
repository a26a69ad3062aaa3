// The accelerators of a replay, what runs on them and what waits: the state that the policies act on.
#pragma once

#include <optional>
#include <vector>

#include "cradle/slicing/choose.h"
#include "cradle/slicing/replay.h"

namespace cradle::slicing {

/// A job on an accelerator. Under shared running it has no slice: its profile is no_profile.
struct Running {
  std::size_t job;
  Instance instance;
  double speed;
  double resume;  ///< seconds; before that it is being stopped, moved or started
};

/// An instance that exists, with a job on it or not: a job that finds it there need not wait for it to be made.
struct Standing {
  Instance instance;
  double free;  ///< seconds; before that a job that left it is being saved
};

struct Device {
  std::vector<Running> running;
  std::vector<Standing> standing;
  std::optional<double> wake;  ///< end of shared running, when the policy must decide anew
};

/// Times are seconds from 0 on the trace's clock.
class Pool {
 public:
  /// The instances of `layout` stand on every accelerator from the start.
  Pool(const PartitionTable& partitions, std::span<const SliceJob> all_jobs, const ReplayOptions& replay_options,
       StateId layout);

  const PartitionTable& table;
  const Chooser chooser;
  std::span<const SliceJob> jobs;
  const ReplayOptions& options;
  double now = 0;
  std::vector<Device> devices;
  std::vector<std::size_t> waiting;  ///< in order of arrival
  std::vector<double> remaining;     ///< by job, seconds on the whole accelerator
  double first_pause = 0;  ///< seconds for which a job is only measured before its first part of an accelerator
  ReplayOutcome outcome;

  double speed(std::size_t job, ProfileId profile) const { return jobs[job].speed[profile]; }
  double had(std::size_t job) const { return outcome.jobs[job].executed.value(); }
  bool started(std::size_t job) const { return started_[job]; }

  /// Gives the device these jobs on these slices. Jobs that keep their slice run on; those that run elsewhere or have
  /// run before are stopped and started again; those that lose theirs wait again. Each pays what it must.
  void assign(std::size_t device, const std::vector<Holder>& holders);
  /// Stops all jobs of the device, adds `job`, and lets them share the whole accelerator until `profiling` is over.
  void share(std::size_t device, std::size_t job);
  /// What a job that is not there yet finds at an instance of the device.
  struct Place {
    double free;      ///< seconds from now until nothing is in its way, if those that are there are stopped now
    double creation;  ///< seconds to make the instance: 0 if it stands
  };
  Place place(std::size_t device, Instance instance) const;
  /// Seconds for which a job stands still if it is started there, or stopped and started again, now.
  double pause(std::size_t job, ProfileId profile, const Place& place) const;

  /// To the next arrival, finish or end of shared running, when a policy decides. The end of a pause is none: were it
  /// one, a rule could stop jobs for ever. False when all is done.
  bool advance(std::vector<std::size_t>& finished_on);

 private:
  enum class Event { none, pause_over, decide };
  Event step(std::vector<std::size_t>& finished_on);
  double shared_speed(std::size_t job, std::size_t sharers) const;
  SliceLoad load(const Device& device) const;
  std::uint8_t covers(Instance instance) const;
  /// The instance that the job leaves is free when its state is saved.
  void leave(Device& device, Instance instance) const;
  void work(double until);
  std::size_t next_arrival_ = 0;
  std::vector<std::size_t> order_;  ///< jobs by arrival
  std::vector<bool> started_, running_;
  std::vector<bool> measured_;  ///< has worked on a part of an accelerator
};

/// The accelerator as one instance.
Instance whole_instance(const PartitionTable& table);

/// Which job a device holds where.
std::vector<Holder> holders_of(const Device& device);

/// Decides for Rule::ours after an event, until no change is worth its cost.
void decide_ours(Pool& pool, const SlicingPolicy& policy);

}  // namespace cradle::slicing
