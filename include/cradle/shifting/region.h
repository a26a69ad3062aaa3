// Where and when jobs run: sites, jobs with windows and latency bounds, what a placement emits, and whether it is one.
//
// The question is that of Bahreini, Tantawi and Youssef (CLOUD 2023), jobs with release, deadline and demand over data
// centres and start slots, with the latency bound of CASPER (Souza et al., IGSC 2023), PUE and the embodied share of
// the machine used. Jobs are not interrupted.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"

namespace cradle::shifting {

/// An hour of the horizon, from 0.
using Hour = std::int32_t;
/// Whole units of capacity; what one is (a GPU, a thousandth of a core) is the caller's. At most `most_units`.
using Units = std::int64_t;
inline constexpr Units most_units = std::int64_t{1} << 50;
inline constexpr Hour most_region_hours = 366 * 24;
inline constexpr std::size_t most_region_sites = 256;
inline constexpr std::size_t most_region_jobs = 4'000'000;

struct RegionSite {
  std::string name;
  std::vector<carbon::GramsPerKilowattHour> intensity;  ///< by hour
  std::vector<Units> capacity;                          ///< by hour
  double pue = 1;                                       ///< energy of the site over that of its machines; >= 1
  double draw_factor = 1;  ///< what a job draws here over what it states; > 0 (another generation of machine)
  carbon::GramsCO2e embodied_per_unit_hour{};  ///< of the machine used: its embodied grams over its units and life
};

struct RegionJob {
  std::string name;
  Hour release = 0;   ///< the first hour in which it may run
  Hour deadline = 0;  ///< it has ended by the beginning of this hour
  Hour length = 1;    ///< whole hours that it runs
  Units demand = 1;   ///< units that it holds in each of them
  carbon::Watts draw{};
  std::int32_t home = 0;               ///< index of the site that it comes from
  carbon::Seconds latency_bound{1e9};  ///< from home to where it runs; the default excludes nothing
};

/// Where and when a job runs.
struct Placement {
  static constexpr std::int32_t nowhere = -1;
  std::int32_t site = nowhere;  ///< index, or nowhere: not served
  Hour start = 0;
  bool served() const { return site != nowhere; }
  friend bool operator==(const Placement&, const Placement&) = default;
};
/// One placement for each job, in the order of the jobs.
using RegionSchedule = std::vector<Placement>;

/// What a schedule emits.
struct RegionGrams {
  carbon::GramsCO2e operational{};
  carbon::GramsCO2e embodied{};
  carbon::GramsCO2e total() const { return operational + embodied; }
};

/// Checked input: every index and number below is in range.
class RegionProblem {
 public:
  /// `latency` is row by row from home to site, or empty: every site is near enough. bad_input names the job or site:
  /// no site, no job, more than the limits above, series of different lengths, a number that is negative or not
  /// finite, PUE below 1, a name twice, an unknown home, a length of 0, demand 0, a job that no site can run alone
  /// (its deadline before release + length, beyond the horizon; every near site smaller than its demand, with the
  /// largest there is), a site without capacity in any hour, unless `full_sites` says that others may use them.
  static Result<RegionProblem> make(std::vector<RegionSite> sites, std::vector<RegionJob> jobs,
                                    std::vector<carbon::Seconds> latency = {}, bool full_sites = false);

  Hour hours() const { return hours_; }
  std::span<const RegionSite> sites() const { return sites_; }
  std::span<const RegionJob> jobs() const { return jobs_; }
  std::int32_t site_count() const { return static_cast<std::int32_t>(sites_.size()); }
  std::size_t job_count() const { return jobs_.size(); }
  /// From the home of a job to a site.
  carbon::Seconds latency(std::int32_t home, std::int32_t site) const;
  bool near(const RegionJob& job, std::int32_t site) const { return latency(job.home, site) <= job.latency_bound; }

  /// Draw x draw factor x PUE x intensity of each hour, and demand x length x embodied. Precondition: served, and
  /// within the horizon.
  RegionGrams grams(const RegionJob& job, const Placement& placement) const;
  /// Over the jobs that are served.
  RegionGrams grams(const RegionSchedule& schedule) const;

  /// Whether the schedule is one: as many placements as jobs; those served at a near site, within their window, and
  /// no site above its capacity in any hour. bad_input says which is not. Written without the structures that the
  /// optimiser uses.
  Result<void> check(const RegionSchedule& schedule) const;

  /// Sum over the jobs of demand x length, and over sites and hours of capacity.
  double demanded_unit_hours() const;
  double offered_unit_hours() const;

 private:
  RegionProblem() = default;
  Hour hours_ = 0;
  std::vector<RegionSite> sites_;
  std::vector<RegionJob> jobs_;
  std::vector<carbon::Seconds> latency_;
};

/// Intervals whose jobs ask for more than all sites that are near enough to any of them offer: jobs with the same near
/// sites (and those whose near sites are among them) whose windows lie within hours [from, to). bad_input names the
/// sites, the interval and how much is lacking; success proves nothing.
Result<void> check_aggregate(const RegionProblem& problem);

}  // namespace cradle::shifting
