// What a study found, as data, and its renderings: terminal text, CSV, JSON and one self-contained HTML page.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <ratio>
#include <string>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/base/time.h"
#include "cradle/carbon/estimate.h"
#include "cradle/carbon/quantity.h"
#include "cradle/report/table.h"

namespace cradle::report {

/// A place of the study and the grid it draws from.
struct SiteSummary {
  std::string name;
  std::string grid;
  double pue = 1;                               ///< facility energy over IT energy (ISO/IEC 30134-2)
  carbon::GramsPerKilowattHour mean_intensity;  ///< time-weighted over the period
  std::int64_t nodes = 0;
  std::int64_t gpus = 0;
};

using GramsPerHour = carbon::Quantity<carbon::Dimension<0, -1, 1, 0, 0, 0>, std::ratio<1, 3600>>;

/// How an input is known.
enum class DataKind { measured, estimated, simulated, published, generated };

/// One input of the study: what it is, where it came from, on what terms.
struct DataSource {
  std::string what;
  std::string origin;
  std::string licence;
  DataKind kind = DataKind::published;
};

struct WaitTimes {
  carbon::Seconds mean, p50, p95, p99, max;  ///< from submission to start, of the jobs that started
};

/// What jobs got where strategies may let them wait, pause or run slower. A job's delay is the time from its arrival to
/// its end less its own length; a job that has not ended counts up to the end of the period.
struct ServiceLevel {
  carbon::Seconds delay_mean, delay_p95;
  double slowdown_mean = 1, slowdown_p95 = 1;  ///< 1 + delay / length
  double late = 0;                             ///< ratio: jobs past their deadline over jobs that can run
  std::int64_t jobs_unfinished = 0;            ///< running or paused at the end of the period
  std::int64_t suspensions = 0;
};

/// Carbon of one step of time, by source. Operational grams include PUE.
struct CarbonStep {
  carbon::GramsCO2e gpu_operational;     ///< attributed to jobs
  carbon::GramsCO2e cpu_operational;     ///< attributed to jobs: processors and host
  carbon::GramsCO2e memory_operational;  ///< attributed to jobs
  carbon::GramsCO2e idle_operational;    ///< drawn by capacity that nobody had reserved
  carbon::GramsCO2e embodied;            ///< attributed to jobs
  carbon::GramsCO2e idle_embodied;       ///< of capacity that nobody had reserved
};

/// One policy's whole replay. operational + embodied + idle_operational + idle_embodied = total.value.
struct PolicyResult {
  std::string name;
  double allocation = 0;  ///< ratio: time-weighted mean of GPU share requested over capacity
  carbon::Joules energy;  ///< of the facility, PUE included
  carbon::GramsCO2e operational;
  carbon::GramsCO2e embodied;
  carbon::GramsCO2e idle_operational;
  carbon::GramsCO2e idle_embodied;
  carbon::Estimate<carbon::GramsCO2e> total;  ///< low and high: all coefficients over their ranges
  carbon::Hours useful_gpu_time;              ///< GPU share x time run, of all jobs that started
  WaitTimes wait;
  std::int64_t jobs_finished = 0;
  std::int64_t jobs_never_placed = 0;
  std::optional<ServiceLevel> service;  ///< of every policy or of none
  std::vector<CarbonStep> over_time;    ///< from StudyReport::from, one step every StudyReport::step_ms
};

/// One of the jobs with the largest ASC under the best policy; ASC = operational + embodied.
struct TopJob {
  std::string name;
  std::string user;
  std::string site;
  carbon::Hours gpu_time;
  carbon::GramsCO2e operational;
  carbon::GramsCO2e embodied;
};

/// What the best policy's total becomes when one coefficient moves to the ends of its range, all others held.
struct Sensitivity {
  std::string coefficient;
  std::string range;  ///< low, value and high with their unit, as text
  carbon::GramsCO2e total_at_low;
  carbon::GramsCO2e total_at_high;
  std::string source;
};

/// The comparison that the study was run for.
struct Answer {
  std::size_t best = 0;      ///< index into StudyReport::policies
  std::size_t baseline = 0;  ///< index into StudyReport::policies; equal to `best` if there is nothing to compare with
  /// False if both did the same work: then grams are compared as they are. True if their useful GPU time differs: then
  /// the baseline's grams are compared with what the best would emit for the baseline's GPU-hours.
  bool at_equal_work = false;
  /// Baseline's grams minus best's. The bounds come from replays of both policies under the same changes: each group of
  /// coefficients at both ends, combined as independent, and all of them at one end, whichever is wider; and `draws`
  /// other seeds.
  carbon::Estimate<carbon::GramsCO2e> saving;
  bool replayed = false;  ///< false: the bounds hold nothing but the value
  int draws = 0;          ///< how many other seeds (node order, copies of jobs) were replayed
};

struct StudyReport {
  std::string title;
  std::string study_file;  ///< path, or how the embedded study is called
  std::string created_by;  ///< "cradle 0.1.0"
  std::string command;     ///< what to type to get this report again
  Instant from, to;
  std::int64_t step_ms = ms_per_day;   ///< of every policy's `over_time`
  std::string view = "attributional";  ///< accounting view of every figure
  std::vector<SiteSummary> sites;
  std::vector<DataSource> data;
  std::vector<PolicyResult> policies;
  Answer answer;
  std::vector<TopJob> top_jobs;          ///< of the best policy, largest ASC first
  std::vector<Sensitivity> sensitivity;  ///< of the best policy's total, widest range first
  std::vector<std::string> notes;        ///< everything that was skipped, changed or assumed, counted and named
};

/// The laws of the model: at least one policy, distinct names, indices in range, finite numbers, low <= value <= high,
/// parts that add up to the total (1e-9 relative), over time as well, and a saving that is the difference of the two
/// totals (at equal work: of the baseline's total and the best's for the baseline's GPU-hours). The renderings below
/// accept any report; a report that fails here must not be shown to anybody.
Result<void> check(const StudyReport& report);

/// "Over 149 days, FGD emits ... less than Random ...": which policy, how much less than which, at what service and
/// whether that order holds over all ranges and draws. One line, plain text.
std::string answer_sentence(const StudyReport& report);

/// gCO2e per useful GPU-hour; not a number if nothing finished.
GramsPerHour grams_per_useful_gpu_hour(const PolicyResult& policy);

/// What carbon is traded against: mean waiting time if the policies differ in it, else the GPU share that is used.
enum class Service { wait_mean, allocation };
Service service_of(const StudyReport& report);
/// For each policy: true if no other is at least as good in both total carbon and service and better in one of them.
std::vector<bool> pareto_front(const StudyReport& report);

/// The table of the policies for a terminal of 120 columns.
Table policy_table(const StudyReport& report);

/// Title, table, the one-sentence answer, data sources and notes; at most 120 columns.
std::string to_text(const StudyReport& report);
/// One line for each policy with every figure; masses in kg, energy in kWh, times in s and h.
std::string to_csv(const StudyReport& report);
/// The whole model as one document of schema "cradle.study/1".
std::string to_json(const StudyReport& report);
/// One file that opens from disk without a network. The same report gives the same bytes.
std::string to_html(const StudyReport& report);

}  // namespace cradle::report
