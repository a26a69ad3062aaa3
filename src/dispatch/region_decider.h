// Region dispatch at work in a dispatcher: every hour a plan of sites and start hours for all jobs that may wait.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "cradle/dispatch/dispatcher.h"
#include "cradle/shifting/region_planner.h"
#include "outlook.h"

namespace cradle::dispatch {

/// A job that may still wait, as it asks now. Times are the dispatcher's.
struct RegionAsking {
  JobId job = 0;
  double gpus = 0, threads = 0;
  std::int64_t length_ms = 1;  ///< believed, > 0
  std::int64_t latest_ms = 0;  ///< of its start
};

/// Where and from when a job is to run.
struct RegionChoice {
  fleet::SiteIndex site = 0;
  std::int64_t start_ms = 0;
};

/// A site has as many units in an hour as its GPUs have left by the believed ends of the jobs that run. A job that
/// fills a part of its hours takes that part of its GPUs: hours are shared. Jobs without a GPU are planned by the grams
/// alone. Models of GPU and processors are not looked at: who finds no room at the planned site takes another.
class RegionDecider {
 public:
  /// All must outlive it.
  RegionDecider(const fleet::Cluster& cluster, Outlook& outlook, std::size_t sites, std::uint64_t seed);

  /// Plans the open jobs anew from the hour that holds `now_ms`, which is the outlook's.
  void plan(std::int64_t now_ms, std::span<const RegionAsking> open);
  /// A job that arrives. Nothing where the sites' GPUs are taken for as long as it may wait.
  std::optional<RegionChoice> decide(std::int64_t now_ms, const RegionAsking& asking);
  /// Of a job that `plan` or `decide` was given.
  std::optional<RegionChoice> choice(std::int64_t now_ms, JobId job) const;

  void began(JobId job, fleet::SiteIndex site, double gpus, std::int64_t until_ms);
  void ended(JobId job) { stays_.erase(job); }

 private:
  struct Stay {
    fleet::SiteIndex site;
    double gpus;
    std::int64_t until_ms;
  };
  void begin_hour(std::int64_t now_ms, std::size_t open);
  /// What an hour of a site was worth, it is expected to be worth still.
  void keep_worth(const shifting::SiteHourPrices& known, std::int64_t passed);
  void ask(const RegionAsking& asking);
  shifting::RegionJob region_job(const RegionAsking& asking) const;

  Outlook& outlook_;
  shifting::RegionPlanner::Options options_;
  std::vector<double> gpus_, draw_factor_;  ///< by site
  carbon::Watts gpu_{}, thread_{};          ///< what a busy one adds to an idle machine, mean of the fleet
  std::map<JobId, Stay> stays_;             ///< who runs
  std::optional<shifting::RegionPlanner> planner_;
  shifting::Hour hours_ = 0;    ///< that the planner looks ahead
  std::int64_t hour0_ms_ = -1;  ///< when its first one begins
  bool planned_ = false;        ///< the planner is that of hour0_ms_
};

}  // namespace cradle::dispatch
