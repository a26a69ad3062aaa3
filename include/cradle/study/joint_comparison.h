// The joint rule beside the best pipeline of single-knob rules, in four views, on grids alone and together.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/intensity.h"
#include "cradle/carbon/quantity.h"
#include "cradle/catalog/catalog.h"
#include "cradle/dispatch/joint.h"
#include "cradle/study/fleet_plan.h"
#include "cradle/study/study.h"

namespace cradle::study {

struct JointOptions {
  std::filesystem::path data;  ///< folder with the openb trace; empty: the cache, then the generator
  std::filesystem::path cache;
  std::filesystem::path pods;  ///< another list in the openb layout; may be empty
  bool generated = false;
  double fleet_scale = 0.04;
  double load = 4;
  double days = 0;  ///< 0: all of the trace
  double pue = 1.2;
  std::vector<std::string> grids{"BPAT", "CISO", "MISO"};
  std::vector<std::uint64_t> seeds{42};
  double stretch = 1.1;  ///< of run times by power caps
  unsigned threads = 0;
};

/// What the joint rule must know of the fleet's GPU models: embodied shares of the plan's components and the caps of
/// the catalogue's curves for training. A model without a curve runs without caps.
std::vector<dispatch::JointModel> joint_models(const FleetPlan& plan, const catalog::Catalog& catalog, CurveEnd end);

/// How one decides and counts.
struct JointView {
  carbon::Signal signal = carbon::Signal::average;
  bool embodied = false;
  friend bool operator==(const JointView&, const JointView&) = default;
};

/// Means over the seeds. Grams are those at the work that FGD does: what jobs add is scaled by useful GPU-hours.
struct JointRow {
  std::string place;
  JointView view;
  std::string strategy;
  std::string detail;  ///< of the pipeline: what it chose
  /// Draw of all machines; with embodied share that of the whole fleet over the period.
  carbon::GramsCO2e total{};
  /// What jobs add to idle machines; with embodied share that of the time in which devices are used.
  carbon::GramsCO2e added{};
  double total_vs_fgd = 0, total_vs_power = 0, added_vs_fgd = 0, added_vs_power = 0;  ///< ratios less 1
  carbon::Hours useful;                                                               ///< of GPUs
  carbon::Seconds wait_mean, wait_p95;
  double slowdown = 1;
  double late = 0, finished = 0;  ///< jobs
};

/// What no policy changes at a place.
struct JointFixed {
  std::string place;
  carbon::Signal signal = carbon::Signal::average;
  carbon::GramsCO2e idle;            ///< draw of the machines with no job
  carbon::GramsCO2e fleet_embodied;  ///< of the period
  /// What jobs add at least if none waits and no cap is set, whatever machine they take and however often they move:
  /// GPUs full, cheapest first, threads by share. No schedule reaches it.
  carbon::GramsCO2e least_added;
};

struct JointComparison {
  std::uint64_t jobs = 0;
  std::size_t machines = 0;
  double allocation = 0;  ///< of the GPUs under FGD, at the first place
  std::vector<JointRow> rows;
  std::vector<JointFixed> fixed;
  std::vector<std::string> notes;
};

/// Strategies: FGD, PWR+FGD, the pipeline ("sequential"), joint, joint without each knob, joint with the curve's ends,
/// joint decided by the other signal, and joint with jobs that share GPUs on hardware slices: shares rounded up to
/// sevenths, on every model, as if all could be partitioned. Each grid alone, then (with more than one) the fleet
/// spread over them. The pipeline chooses placement, time, region and cap one after the other, each by replays with the
/// first seed, the earlier choices kept: the least that jobs add in this view among those that keep the service, which
/// is to have at most a thousandth of the jobs more late than FGD. It is the best over all orders of these knobs.
/// missing_data: no such trace, or no machine left of it; bad_input: no grid or seed, an unknown grid, or a workload
/// that cannot be replayed. Same result on any number of threads.
Result<JointComparison> compare_joint(const JointOptions& options, const catalog::Catalog& catalog);

}  // namespace cradle::study
