// Start, region, machine and power cap chosen together: the way to run a job that adds the fewest life-cycle grams.
//
// Two exact enumerations. `plan_joint` looks ahead, at kinds of machines: every start that can be best, every kind at
// every site, every cap. `added_grams` looks at one machine as it is now: what a job adds to its draw for as long as it
// runs, knowing until when the machine's GPUs and sockets are awake for others anyway.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"
#include "cradle/fleet/cluster.h"
#include "cradle/shifting/signal.h"

namespace cradle::dispatch {

/// A GPU under a power cap, each relative to itself without one.
struct JointCap {
  double limit = 1, power = 1, speed = 1;
  friend bool operator==(const JointCap&, const JointCap&) = default;
};

/// What the optimiser must know of a GPU model besides its draw.
struct JointModel {
  std::string gpu_model;                ///< empty: machines without a GPU
  carbon::GramsPerSecond gpu_embodied;  ///< of one GPU in use, EMC over lifetime
  carbon::GramsPerSecond thread_embodied;
  std::vector<JointCap> caps;  ///< besides none
  friend bool operator==(const JointModel&, const JointModel&) = default;
};

/// Which knobs are turned together. One that is not stays where the configuration's own rules put it: the placement
/// policy, no waiting, any site, no cap.
struct JointRule {
  bool enabled = false;
  bool placement = true;
  bool start = true;
  bool region = true;
  bool cap = true;
  /// Jobs that share a GPU get a hardware slice: their share rounded up to sevenths, on every model, as if all could be
  /// partitioned.
  bool slice = false;
  bool embodied = false;  ///< device time counts its embodied share; false: what is bought is sunk
  std::vector<JointModel> models;
  friend bool operator==(const JointRule&, const JointRule&) = default;
};

/// Thousandths of a GPU that a job holds under the rule: what it asks for, or the narrowest slice of a seventh or more
/// around its share.
int held_gpu_milli(const JointRule& rule, int asked);

/// bad_input: a model that appears twice, an embodied rate that is negative or not finite, a cap outside 0.001 .. 1.
Result<void> check(const JointRule& rule);
/// Of each GPU model in order, and last of no GPU; what the rule does not name has no cap and no embodied share.
std::vector<JointModel> resolve(const JointRule& rule, std::span<const std::string> gpu_models);

/// A kind of machine at one site.
struct JointKind {
  fleet::SiteIndex site = 0;
  fleet::GpuModel model = fleet::no_gpu;
  carbon::Watts gpu_idle, gpu_full;
  carbon::Watts thread;  ///< what a busy thread adds: its part of a socket from idle to full
  bool free = true;      ///< has room for the job now; else from the next hour on
};

struct JointJob {
  double gpus = 0;  ///< GPU share; a cap is for whole GPUs only
  bool may_cap = false;
  double threads = 0;
  shifting::Step earliest = 0, latest = 0;  ///< of its start
  shifting::Step length = 1;                ///< at full speed, > 0
  shifting::Step deadline = 0;              ///< of its end, for starts at a slower pace
};

struct JointChoice {
  shifting::Step start = 0;
  std::size_t kind = 0;  ///< index into the kinds
  std::size_t cap = 0;   ///< 0: none, else index into the model's caps plus one
  carbon::GramsCO2e grams{std::numeric_limits<double>::infinity()};
};

/// The least grams over all starts, kinds and caps; the earliest start, then the first kind, then the weakest change of
/// pace on a tie. Steps are milliseconds. `signals` are those of the sites (intensity times PUE) and cover every run;
/// kinds that are not free can be had from the next hour on. Nothing if no kind can be had in time. Exact: the grams of
/// a start are piecewise linear between the hours of its begin and its end.
std::optional<JointChoice> plan_joint(const JointJob& job, std::span<const JointKind> kinds,
                                      std::span<const JointModel> models,
                                      std::span<const shifting::Signal* const> signals, bool embodied);

/// Grams of one way to run the job.
carbon::GramsCO2e run_grams(const JointJob& job, const JointKind& kind, const JointModel& model,
                            const shifting::Signal& signal, shifting::Step start, std::size_t cap, bool embodied);

/// Run time of this work at a cap, in steps.
shifting::Step stretched(shifting::Step length, double speed);

/// Who runs on a machine, and how long: in order of `until`.
struct JointStay {
  shifting::Step until = 0;
  std::int64_t cpu_milli = 0;
  std::uint32_t gpus = 0;
};

/// What a job adds to a machine.
struct AddedGrams {
  carbon::GramsCO2e woken;   ///< draw of what it keeps awake beyond what others do: whole GPUs, whole sockets
  carbon::GramsCO2e shared;  ///< the same with each thread its part of a socket, awake or not
  std::uint32_t gpu = 0;     ///< for a job that shares a GPU: the one that adds least, the fullest on a tie
};

/// Precondition: the machine has room. `power` is the GPUs' draw under a cap over their full draw.
AddedGrams added_grams(const fleet::NodeView& node, std::span<const JointStay> stays, const fleet::Request& request,
                       const shifting::Signal& signal, shifting::Step from, shifting::Step to, double power);

}  // namespace cradle::dispatch
