#include "joint_decider.h"

#include <algorithm>
#include <cmath>

namespace cradle::dispatch {

using carbon::GramsCO2e;
using fleet::GpuModel;
using fleet::NodeIndex;
using fleet::NodeView;
using shifting::Step;

namespace {

/// How the score of a machine is made, each part scaled to 0 .. 100 over the machines with room. Grams by share decide
/// which kind is taken, what is woken between equals, fragments what later jobs will find. On openb with a quarter of
/// the GPUs allocated a ninth to three times the weight of fragments gives totals within 0.1 % of one another; with a
/// third of them allocated less weight has twice the jobs late.
constexpr double fragment_weight = 900;
constexpr double shared_weight = 900;
constexpr double woken_weight = 200;

/// A later start must save a tenth: it gives up room that is certain for room that others may have taken by then.
constexpr double least_gain = 1.1;
/// Of the time that a job may wait, the part that plans use; the rest is for finding room.
constexpr double planned_wait = 0.8;

Pace pace_of(const JointCap& cap, const fleet::PowerModel& power) {
  const auto thousandths = [](double share) { return static_cast<std::uint16_t>(std::lround(share * 1000)); };
  // No cap takes a GPU below what it draws when idle.
  const double floor = power.gpu_full.value() > 0 ? std::min(1.0, power.gpu_idle / power.gpu_full) : 1;
  return {thousandths(cap.limit), thousandths(std::max(cap.power, floor)), thousandths(cap.speed)};
}

std::int64_t run_ms(std::int64_t work_ms, Pace pace) { return (work_ms * 1000 + pace.speed - 1) / pace.speed; }

carbon::Seconds seconds(std::int64_t ms) {
  return carbon::Seconds{static_cast<double>(ms) / static_cast<double>(ms_per_second)};
}
double gpus(const fleet::Request& request) { return static_cast<double>(request.total_gpu_milli()) / fleet::milli; }
double threads(const fleet::Request& request) { return static_cast<double>(request.cpu_milli) / fleet::milli; }

/// Scales to 0 .. 100, the least grams best.
class Scaling {
 public:
  void see(GramsCO2e grams) {
    low_ = std::min(low_, grams.value());
    high_ = std::max(high_, grams.value());
  }
  double operator()(GramsCO2e grams) const {
    return high_ > low_ ? 100 * (high_ - grams.value()) / (high_ - low_) : 100;
  }

 private:
  double low_ = std::numeric_limits<double>::infinity(), high_ = -low_;
};

}  // namespace

JointDecider::JointDecider(const Configuration& configuration, const fleet::Cluster& cluster,
                           const fleet::FragmentationModel& fragmentation, Outlook& outlook, std::size_t sites)
    : rule_(configuration.joint),
      stretch_(configuration.service.stretch),
      cache_(configuration.cache),
      cluster_(cluster),
      fragmentation_(fragmentation),
      outlook_(outlook),
      models_(resolve(configuration.joint, cluster.gpu_models())),
      stays_(cluster.size()),
      staying_(cluster.size()),
      signals_(sites) {
  for (NodeIndex node = 0; node < cluster.size(); ++node) {
    const NodeView view = cluster.view(node);
    const fleet::PowerModel& power = view.power;
    const JointKind kind{view.site,
                         view.gpu_model,
                         power.gpu_idle,
                         power.gpu_full,
                         (power.socket_full - power.socket_idle) / (2.0 * power.cores_per_socket),
                         false};
    const auto same = std::find_if(kinds_.begin(), kinds_.end(), [&](const JointKind& known) {
      return known.site == kind.site && known.model == kind.model && known.gpu_idle == kind.gpu_idle &&
             known.gpu_full == kind.gpu_full && known.thread == kind.thread;
    });
    kind_of_.push_back(static_cast<std::size_t>(same - kinds_.begin()));
    if (same == kinds_.end()) kinds_.push_back(kind);
  }
}

const shifting::Signal& JointDecider::signal(fleet::SiteIndex site) {
  return rule_.region ? outlook_.forecast(site) : outlook_.forecast_anywhere();
}

bool JointDecider::may_cap(const JointAsking& asking) const {
  return rule_.cap && asking.may_wait && asking.request.gpu_count > 0 && !asking.request.shares_gpu();
}

double JointDecider::fragment_score(const JointAsking& asking, NodeIndex node) {
  if (asking.shape >= fragments_.size()) fragments_.resize(std::size_t{asking.shape} + 1);
  std::vector<Fragment>& kept = fragments_[asking.shape];
  if (kept.empty()) kept.resize(cluster_.size());
  const std::size_t at = cluster_.last_change(node) + 1;
  if (kept[node].at != at || cache_ == policy::Scheduler::Cache::off) {
    const policy::Scale scale{cluster_.max_cpu_milli(), cluster_.max_gpu_milli(), &fragmentation_};
    const NodeView view = cluster_.view(node);
    kept[node] = {at, policy::score(policy::Measure::fragmentation, policy::Quantisation::full, scale, view,
                                    asking.request, fragmentation_.amount(view))};
  }
  return kept[node].score;
}

JointDecider::Way JointDecider::way(const JointAsking& asking, const NodeView& view, NodeIndex node) {
  const shifting::Signal& hours = signal(view.site);
  const JointModel& known = model(view.gpu_model);
  looked_at_ = stays_[node];
  for (JointStay& stay : looked_at_) stay.until = outlook_.step_of(stay.until);
  const Step from = outlook_.step_of(asking.now_ms);
  const std::size_t caps = may_cap(asking) ? known.caps.size() : 0;
  std::optional<Way> least;
  for (std::size_t cap = 0; cap <= caps; ++cap) {
    const Pace pace = cap == 0 ? Pace{} : pace_of(known.caps[cap - 1], view.power);
    const std::int64_t time = run_ms(asking.length_ms, pace);
    const bool in_time = asking.now_ms + time <= asking.deadline_ms &&
                         static_cast<double>(time) <= stretch_ * static_cast<double>(asking.length_ms) + 1;
    if (cap > 0 && !in_time) continue;
    // What lies beyond the last known hour is as long for every way.
    const Step to = std::max(from, std::min(from + time, hours.end()));
    const AddedGrams added =
        added_grams(view, looked_at_, asking.request, hours, from, to, static_cast<double>(pace.draw) / fleet::milli);
    GramsCO2e embodied{};
    if (rule_.embodied)
      embodied =
          (known.gpu_embodied * gpus(asking.request) + known.thread_embodied * threads(asking.request)) * seconds(time);
    if (!least || added.shared + embodied < least->shared)
      least = Way{node, added.gpu, added.shared + embodied, added.woken + embodied, 0, pace};
  }
  return *least;
}

const JointDecider::Way* JointDecider::best(const JointAsking& asking, policy::SiteMask sites) {
  ways_.clear();
  Scaling shared, woken;
  for (NodeIndex node = 0; node < cluster_.size(); ++node) {
    if ((sites >> cluster_.site(node) & 1) == 0 || !cluster_.fits(node, asking.request)) continue;
    Way& made = ways_.emplace_back(way(asking, cluster_.view(node), node));
    made.fragment = fragment_score(asking, node);
    shared.see(made.shared);
    woken.see(made.woken);
  }
  const Way* chosen = nullptr;
  double most = 0;
  for (const Way& one : ways_) {
    const double score =
        fragment_weight * one.fragment + shared_weight * shared(one.shared) + woken_weight * woken(one.woken);
    if (chosen != nullptr && score <= most) continue;
    most = score;
    chosen = &one;
  }
  return chosen;
}

std::optional<JointDecider::Choice> JointDecider::choose(const JointAsking& asking, policy::SiteMask sites) {
  const Way* chosen = best(asking, sites);
  if (chosen == nullptr) return std::nullopt;
  Choice choice{{chosen->node, 0}, chosen->pace};
  if (asking.request.shares_gpu()) {
    choice.placement.gpus = 1U << chosen->gpu;
  } else if (asking.request.gpu_count > 0) {
    choice.placement.gpus = fleet::first_idle_gpus(cluster_.view(chosen->node), asking.request.gpu_count);
  }
  return choice;
}

Pace JointDecider::pace(const JointAsking& asking, NodeIndex node) {
  return way(asking, cluster_.view(node), node).pace;
}

std::int64_t JointDecider::start(const JointAsking& asking) {
  const std::int64_t now = asking.now_ms;
  const auto latest = now + static_cast<std::int64_t>(planned_wait * static_cast<double>(asking.latest_ms - now));
  if (!rule_.start || !asking.may_wait || latest <= now) return now;
  for (JointKind& kind : kinds_) kind.free = false;
  for (NodeIndex node = 0; node < cluster_.size(); ++node) {
    JointKind& kind = kinds_[kind_of_[node]];
    kind.free = kind.free || cluster_.fits(node, asking.request);
  }
  open_kinds_.clear();
  std::copy_if(kinds_.begin(), kinds_.end(), std::back_inserter(open_kinds_),
               [](const JointKind& kind) { return kind.free; });
  for (fleet::SiteIndex site = 0; site < static_cast<fleet::SiteIndex>(signals_.size()); ++site)
    signals_[site] = &signal(site);
  JointJob job;
  job.gpus = gpus(asking.request);
  job.threads = threads(asking.request);
  job.may_cap = false;  // by which cap it runs is decided when it starts
  job.length = asking.length_ms;
  job.earliest = outlook_.step_of(now);
  job.latest = outlook_.step_of(latest);
  job.deadline = outlook_.step_of(asking.deadline_ms);
  for (const shifting::Signal* hours : signals_) job.latest = std::min(job.latest, hours->end() - job.length);
  if (job.latest <= job.earliest) return now;
  const auto later = plan_joint(job, open_kinds_, models_, signals_, rule_.embodied);
  if (!later || later->start <= job.earliest) return now;
  // Now, the machines are known: GPUs and sockets that are awake anyway cost nothing.
  const Way* at_once = best(asking, policy::all_sites);
  if (at_once != nullptr && at_once->woken <= least_gain * later->grams) return now;
  return outlook_.ms_of(later->start);
}

void JointDecider::began(JobId job, const fleet::Request& request, const fleet::Placement& placement,
                         std::int64_t until_ms) {
  std::vector<JointStay>& stays = stays_[placement.node];
  const auto at = std::upper_bound(stays.begin(), stays.end(), until_ms,
                                   [](std::int64_t until, const JointStay& stay) { return until < stay.until; });
  staying_[placement.node].insert(staying_[placement.node].begin() + (at - stays.begin()), job);
  stays.insert(at, {until_ms, request.cpu_milli, placement.gpus});
}

void JointDecider::ended(JobId job, NodeIndex node) {
  std::vector<JobId>& staying = staying_[node];
  const auto at = std::find(staying.begin(), staying.end(), job);
  stays_[node].erase(stays_[node].begin() + (at - staying.begin()));
  staying.erase(at);
}

}  // namespace cradle::dispatch
