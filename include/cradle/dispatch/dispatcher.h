// The one object that decides at run time. Driven by events, with no clock, input, output or hidden random source: a
// simulation and a daemon drive it alike, and the same inputs give the same decisions, byte for byte.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/base/time.h"
#include "cradle/carbon/entry.h"
#include "cradle/dispatch/configuration.h"
#include "cradle/fleet/cluster.h"
#include "cradle/workload/job.h"

namespace cradle::dispatch {

class DecisionLog;
class JointDecider;
struct JointAsking;
class Outlook;
class RegionDecider;
struct RegionAsking;
struct RegionChoice;

using JobId = std::uint32_t;  ///< jobs are numbered in order of arrival, from 0

enum class Action : std::uint8_t {
  start,    ///< run it for the first time
  resume,   ///< run it on
  suspend,  ///< stop it and keep its state
  cap,      ///< go on at another pace
  grow,     ///< take one more machine of the same request
  shrink,   ///< give one of the further machines back
  defer,    ///< do not run it before `until_ms`
  refuse,   ///< no node could hold it even if empty; nothing more is ever decided about it
};

/// How a job runs, in thousandths: its GPUs' power limit over the default one, their draw over the full draw, and its
/// work done per time, on all of its machines, over that of one without a cap.
struct Pace {
  std::uint16_t limit = 1000, draw = 1000, speed = 1000;
  friend bool operator==(const Pace&, const Pace&) = default;
};

struct Decision {
  JobId job = 0;
  Action action = Action::start;
  Pace pace;                   ///< start, resume, cap, grow, shrink: from now on
  fleet::Placement placement;  ///< start, resume, cap: where it runs; suspend: where it ran; grow, shrink: the machine
  std::int64_t until_ms = 0;   ///< defer
  friend bool operator==(const Decision&, const Decision&) = default;
};

/// The calendar time of the dispatcher's time 0, and how long it will be in service.
struct Service {
  Instant start;
  std::int64_t length_ms = 0;
};

/// Inputs come in order of time; each is answered by what is to be done at that time, in order. The answer is valid
/// until the next input. At equal times: jobs that finished, then a tick, then arrivals; who uses another order gets
/// other decisions.
///
/// A job that may not run yet is deferred; one that may, but does not fit, waits. Whoever waits is tried whenever
/// something leaves or changes, jobs whose waiting is used up first, in order of arrival among equals. They are exempt
/// from every rule that could hold them back: nobody starves for the sake of carbon.
///
/// An elastic job is held back for as long as the machines of its curve could still end it in time. Its further
/// machines take only room that nobody waits for, and are given back when somebody comes who fits nowhere else; work
/// that is left behind by that is planned anew. Finishing, or being suspended, it leaves all of them.
class Dispatcher {
 public:
  /// `typical` is the workload whose shapes the fragment measure expects. bad_input: configuration, fleet or sites that
  /// cannot be used; a site rule with more than 64 sites; missing_data: a series that does not cover the service.
  static Result<std::unique_ptr<Dispatcher>> make(const Configuration& configuration,
                                                  std::span<const fleet::NodeSpec> nodes,
                                                  std::span<const carbon::SiteRecord> sites,
                                                  std::span<const workload::Job> typical, Service service);
  ~Dispatcher();
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  /// The job gets the next JobId. Its own arrival time is not looked at. Precondition of all inputs: time does not run
  /// backwards.
  std::span<const Decision> arrive(std::int64_t now_ms, const workload::Job& given);
  /// Precondition: each of them is running.
  std::span<const Decision> finish(std::int64_t now_ms, std::span<const JobId> jobs);
  std::span<const Decision> tick(std::int64_t now_ms);
  /// When the next tick is due, if nothing else happens before; nothing if none is needed.
  std::optional<std::int64_t> next_wake();

  /// Writes every input and decision from now on; null to end it. The log must outlive the dispatcher or that.
  void record(DecisionLog* log) { log_ = log; }

  const Configuration& configuration() const { return configuration_; }
  const fleet::Cluster& cluster() const { return cluster_; }
  Service service() const { return service_; }
  std::size_t jobs() const { return jobs_.size(); }  ///< that have arrived
  bool is_running(JobId job) const { return job < jobs_.size() && jobs_[job].state == State::running; }
  std::size_t waiting() const { return ready_.size(); }  ///< could run and do not fit

 private:
  /// A plan made anew is kept for this long at least, so that no two of them follow each other by the millisecond.
  static constexpr std::int64_t least_interval_ms = 60'000;
  enum class State : std::uint8_t { deferred, ready, running, done };
  struct Job {
    fleet::Request request;
    policy::ShapeIndex shape = 0;
    State state = State::ready;
    bool started = false;
    bool long_queue = false;
    bool may_wait = false;
    bool elastic = false;
    bool behind = false;            ///< it had fewer machines than planned, or started later
    fleet::SiteIndex site = 0;      ///< of its plan
    bool at_site = false;           ///< the region planner has a place for it there
    policy::SiteMask possible = 0;  ///< sites that could hold it; only with a region rule
    std::uint32_t version = 0;      ///< of its wake-up: earlier ones are void
    std::int64_t arrived_ms = 0, known_ms = 0, wait_ms = 0, deadline_ms = 0;
    std::int64_t length_ms = 0;     ///< its own, to learn the means of the queues
    std::int64_t remaining_ms = 0;  ///< believed, at full speed, as of since_ms
    std::int64_t done_of_ms = 0;    ///< thousandths of the next millisecond of work that are done already
    std::int64_t since_ms = 0, until_ms = 0;
    fleet::Placement placement;
    Pace pace;
    shifting::Plan plan;                    ///< of what remains, in milliseconds
    std::size_t interval = 0;               ///< of the plan
    std::vector<int> machines;              ///< by interval, of an elastic job; without a plan: of the time from now on
    std::vector<fleet::Placement> further;  ///< machines beyond the first
  };
  struct Wake {
    std::int64_t at_ms;
    JobId job;
    std::uint32_t version;
  };
  static bool later(const Wake& a, const Wake& b);
  struct Queue {
    std::int64_t finished = 0, total_ms = 0;
  };

  Dispatcher(const Configuration& configuration, fleet::Cluster cluster, std::vector<carbon::SiteRecord> sites,
             fleet::FragmentationModel fragmentation, Service service);

  void begin(std::int64_t now_ms);
  void set_factors();
  std::int64_t hour_of(std::int64_t at_ms) const { return (service_.start.ms + at_ms) / ms_per_hour; }
  void describe(Job& job, const workload::Job& given);
  std::int64_t pauses_ms(const Job& job) const;
  void progress(Job& job);
  /// Latest time at which the job may still be held back.
  std::int64_t latest_ms(const Job& job) const;
  bool may_still_wait(const Job& job) const { return job.may_wait && now_ms_ < latest_ms(job); }
  /// Plans what remains of a job; the time from which it may run, now or later.
  std::int64_t plan(Job& job);
  /// The same for an elastic job; nothing if its window reaches beyond what is known of the hours.
  std::optional<std::int64_t> plan_elastic(Job& job);
  void put_off(JobId id, std::int64_t until_ms);
  void defer(JobId id, std::int64_t until_ms);
  void wake_at(JobId id, std::int64_t at_ms);
  void make_ready(JobId id);
  void end_interval(JobId id);
  void end_level(JobId id);
  int wanted_machines(const Job& job) const;
  void set_machines(Job& job, Action action, const fleet::Placement& machine);
  void shrink(JobId id, std::size_t further);
  /// Elastic jobs take the machines that they want, as long as nobody waits for room.
  void grow();
  bool wants_machines() const;
  void release(JobId id);
  void drain();
  bool try_start(JobId id);
  std::optional<fleet::Placement> find(const Job& job, Pace& pace);
  /// As `find` without the further machines of elastic jobs; those in the way are given back.
  std::optional<fleet::Placement> find_beside_further(const Job& job);
  /// Into ranked_: the sites that could hold the job, best first.
  void rank_sites(const Job& job);
  policy::SiteMask under_quota(const Job& job);
  std::optional<fleet::Placement> choose(const Job& job, policy::SiteMask sites, std::size_t slot);
  Pace pace_of(const Job& job, const fleet::Placement& placement);
  JointAsking asking(const Job& job) const;
  RegionAsking region_asking(const Job& job) const;
  /// Keeps the planned site; the time from which the job may run.
  std::int64_t take(Job& job, const std::optional<RegionChoice>& choice);
  void replan_regions();
  void set_paces();
  void replan();
  bool needs_hours() const;
  std::span<const Decision> answer();

  Configuration configuration_;
  bool plans_, perfect_;
  fleet::Cluster cluster_;
  std::vector<carbon::SiteRecord> sites_;
  fleet::FragmentationModel fragmentation_;
  policy::Scheduler scheduler_;
  Service service_;
  std::unique_ptr<Outlook> outlook_;
  std::unique_ptr<JointDecider> joint_;    ///< null without the joint rule
  std::unique_ptr<RegionDecider> region_;  ///< null unless the region rule is planned
  DecisionLog* log_ = nullptr;

  std::int64_t now_ms_ = 0;
  std::vector<carbon::GramsPerJoule> factors_;
  std::vector<Job> jobs_;
  std::vector<JobId> ready_;
  std::vector<Wake> wakes_;     ///< a heap, earliest first
  std::vector<JobId> capped_;   ///< running and looked at again every hour, ascending
  std::vector<JobId> elastic_;  ///< running and elastic, ascending
  std::vector<Decision> answer_;
  std::vector<fleet::SiteIndex> ranked_;
  std::vector<std::int64_t> site_gpu_milli_, site_used_milli_, quota_milli_;
  std::int64_t quota_hour_ = -1;  ///< in which the quotas hold
  std::vector<JobId> order_;      ///< scratch of drain
  Queue short_, long_;
  std::vector<JobId> deferred_;  ///< ascending
  std::uint64_t releases_ = 0;
  std::int64_t planned_hour_ = -1;  ///< the last one in which jobs were planned anew
  /// A shape that found no node keeps finding none until something leaves; more memory does not help it. By shape and
  /// slot: all sites, or one of them.
  struct Refusal {
    std::uint64_t at = 0;
    std::int64_t memory_mib = 0;
  };
  std::vector<Refusal> refused_;
  std::size_t slots_ = 1;
};

}  // namespace cradle::dispatch
