// The joint rule at work in a dispatcher: who runs where until when, what a job would add to each machine, and whether
// waiting adds less.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "cradle/dispatch/configuration.h"
#include "cradle/dispatch/dispatcher.h"
#include "cradle/dispatch/joint.h"
#include "cradle/fleet/fragmentation.h"
#include "outlook.h"

namespace cradle::dispatch {

/// A job as it asks now. Times are the dispatcher's.
struct JointAsking {
  const fleet::Request& request;
  policy::ShapeIndex shape;
  std::int64_t now_ms, length_ms;  ///< believed, > 0
  bool may_wait;
  std::int64_t latest_ms, deadline_ms;
};

class JointDecider {
 public:
  /// All must outlive it.
  JointDecider(const Configuration& configuration, const fleet::Cluster& cluster,
               const fleet::FragmentationModel& fragmentation, Outlook& outlook, std::size_t sites);

  struct Choice {
    fleet::Placement placement;
    Pace pace;
  };

  /// When to start: now, or the later time that saves enough.
  std::int64_t start(const JointAsking& asking);
  /// Where and how fast to run now on the machines of these sites; nothing if none has room.
  std::optional<Choice> choose(const JointAsking& asking, policy::SiteMask sites);
  /// The pace that adds least on this machine.
  Pace pace(const JointAsking& asking, fleet::NodeIndex node);

  void began(JobId job, const fleet::Request& request, const fleet::Placement& placement, std::int64_t until_ms);
  void ended(JobId job, fleet::NodeIndex node);

 private:
  struct Way {
    fleet::NodeIndex node = 0;
    std::uint32_t gpu = 0;
    carbon::GramsCO2e shared, woken;
    double fragment = 0;  ///< score, higher is better
    Pace pace;
  };
  struct Fragment {
    std::size_t at = 0;  ///< the node's last change, plus one
    double score = 0;
  };

  const shifting::Signal& signal(fleet::SiteIndex site);
  const JointModel& model(fleet::GpuModel index) const {
    return models_[std::min<std::size_t>(index, models_.size() - 1)];
  }
  bool may_cap(const JointAsking& asking) const;
  Way way(const JointAsking& asking, const fleet::NodeView& view, fleet::NodeIndex node);
  /// The best way now, if any.
  const Way* best(const JointAsking& asking, policy::SiteMask sites);
  double fragment_score(const JointAsking& asking, fleet::NodeIndex node);

  const JointRule& rule_;
  const double stretch_;
  const policy::Scheduler::Cache cache_;
  const fleet::Cluster& cluster_;
  const fleet::FragmentationModel& fragmentation_;
  Outlook& outlook_;
  std::vector<JointModel> models_;
  std::vector<JointKind> kinds_;
  std::vector<std::size_t> kind_of_;  ///< by node
  // By node, in order of the end believed:
  std::vector<std::vector<JointStay>> stays_;
  std::vector<std::vector<JobId>> staying_;
  std::vector<std::vector<Fragment>> fragments_;  ///< by shape, then node
  // Scratch:
  std::vector<Way> ways_;
  std::vector<JointStay> looked_at_;
  std::vector<JointKind> open_kinds_;
  std::vector<const shifting::Signal*> signals_;
};

}  // namespace cradle::dispatch
