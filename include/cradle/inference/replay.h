// A trace of requests against replicas that come and go: what users got, joules and grams, for one or several
// autoscalers; and the margin that each needs, found on the first part of the trace and judged on the rest.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/base/time.h"
#include "cradle/carbon/intensity.h"
#include "cradle/carbon/quantity.h"
#include "cradle/inference/autoscaler.h"
#include "cradle/inference/replica_simulation.h"
#include "cradle/inference/vertical.h"

namespace cradle::inference {

struct ReplayOptions {
  Variant replica;  ///< law, power and embodied grams of each replica
  AutoscalerRule rule;
  Targets targets;
  Fidelity fidelity = Fidelity::tokens;
  Routing routing = Routing::shortest_queue;
  /// Replicas that are ready when the trace begins; 0: as the rule has them for the rate of the first window, as if it
  /// had been like that before.
  int initial = 0;
  /// The autoscaler sees requests by their work, not by their number: arrivals times the mean work of those that ended
  /// within the last window (what an answer's length was is known only then). Of `tokens` only.
  bool by_work = true;
  /// The part that is measured, from the trace's beginning; both ends are moved to the next whole interval.
  carbon::Seconds from{0};
  carbon::Seconds until{std::numeric_limits<double>::infinity()};
  Instant start;   ///< the trace's beginning, on the grid's clock
  double pue = 1;  ///< facility energy over IT energy; >= 1
  std::uint64_t seed = 1;
};

/// The model's word beside the simulation. All of requests within the part measured.
struct ModelWord {
  ModelShare share;
  double ttft_ms = 0, itl_ms = 0;  ///< means
};

/// One interval of the part measured, for plots.
struct ReplayStep {
  carbon::Seconds at;  ///< its end, from the trace's beginning
  int ready = 0;       ///< replicas that take requests
  int on = 0;          ///< with those that start or drain
  double rate_per_s = 0;
  double expected_per_s = 0;  ///< by the autoscaler, for some time ahead
  double kept = 0;            ///< share of the interval's requests within their targets; 1 without requests
};

struct Replay {
  ServiceLevel level;
  /// At the load that replicas are sized for: capacity over margin.
  ModelWord promised;
  /// At the rates that came and the replicas that were ready, window by window: without the autoscaler's lag and
  /// rounding it would be `promised`, without burstiness and differences among requests the simulation would be it.
  ModelWord modelled;
  carbon::Joules energy;  ///< IT: replicas that serve, idle, start and drain
  carbon::GramsCO2e operational, embodied;
  carbon::Hours replica_time;
  int most_replicas = 0;
  std::int64_t changes = 0;  ///< decisions that changed the number of replicas
  std::vector<ReplayStep> steps;

  carbon::GramsCO2e grams() const { return operational + embodied; }
  /// Of those that were served; 0 if none was.
  carbon::GramsCO2e grams_per_1000() const;
};

/// Replicas that start draw what an idle one draws; one that drains serves what it has and is off then, so that no
/// request is lost. bad_input as `simulate`, `check` of variant and rule, or a part without any request; missing_data
/// if the intensity does not cover the trace.
Result<Replay> replay(std::span<const Arrival> arrivals, const ReplayOptions& options,
                      const carbon::IntensitySeries& intensity);

/// The least margin whose share of requests within their targets is at least `goal`.
struct Calibration {
  double margin = 1;
  double kept = 0;                   ///< of the part it was found on
  bool reached = false;              ///< false: not even the largest margin keeps the goal
  carbon::GramsCO2e grams_per_1000;  ///< of the part it was found on
};
inline constexpr double least_margin = 0.4, most_margin = 16;

/// Over a geometric grid of margins from `least` to `most_margin` in steps of 2 %, by halving: the share rises with the
/// margin but for chance. Only requests before options.until are looked at. bad_input: a goal outside (0, 1], `least`
/// not within the margins.
Result<Calibration> calibrate(std::span<const Arrival> arrivals, const ReplayOptions& options,
                              const carbon::IntensitySeries& intensity, double goal, double least = least_margin);

/// The least margin at which the model itself promises the goal: capacity keeps the mean times within their targets,
/// which single requests may still miss. 1 if every margin from 1 does, `most_margin` if none does.
Result<double> model_margin(const Service& service, double capacity_per_s, const Targets& targets, double goal);

/// Variance over mean of the requests in windows of a length; 1 for Poisson arrivals, 0 without two windows.
double dispersion(std::span<const Arrival> arrivals, carbon::Seconds window, carbon::Seconds from,
                  carbon::Seconds until);
/// The highest rate of any window of a length, moved by `step`, within [from, until).
double peak_rate(std::span<const Arrival> arrivals, carbon::Seconds window, carbon::Seconds step, carbon::Seconds from,
                 carbon::Seconds until);

/// One autoscaler, judged twice on the same part.
struct ScalingRow {
  Scaling scaling = Scaling::reactive;
  double level_weight = 0, trend_weight = 0;  ///< of forecast: of a few pairs the one with the least grams there
  Calibration calibration;                    ///< on the first part, no less than the model's own margin
  Replay replay;                              ///< of the rest, with that margin
  Calibration hindsight;                      ///< on the rest itself: the least that would have kept the goal
  Replay equal;                               ///< of the rest, with that margin: grams at equal service
};
struct ScalingComparison {
  carbon::Seconds cut;      ///< end of the first part
  double peak_per_s = 0;    ///< of the first part, by window
  double dispersion = 0;    ///< of the rest, by window
  double rest_per_s = 0;    ///< mean rate of the rest
  double model_margin = 1;  ///< that makes the model promise the goal
  std::vector<ScalingRow> rows;
};
/// `first_part`: share of the trace's length that margins are found on, in (0, 1); its start (start-up, window and
/// scale-down delay) is not counted. options.rule gives everything but scaling, margin and peak; options.from and
/// options.until are not used. The same input gives the same result on any number of threads.
Result<ScalingComparison> compare_scalings(std::span<const Arrival> arrivals, const ReplayOptions& options,
                                           const carbon::IntensitySeries& intensity, std::span<const Scaling> scalings,
                                           double goal, double first_part, unsigned threads);

}  // namespace cradle::inference
