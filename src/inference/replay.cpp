#include "cradle/inference/replay.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <string>
#include <utility>

#include "cradle/base/text.h"
#include "pool.h"
#include "replica_tokens.h"
#include "simulation_setting.h"

namespace cradle::inference {

namespace {

constexpr double ms_per_s = 1e3;
constexpr double most_intervals = 1e7;

/// The intervals of a run, and which of them are measured.
struct Clock {
  double interval_ms = 0;
  std::int64_t first = 0, last = 0;  ///< measured: intervals first .. last - 1
  std::int64_t all = 0;              ///< that hold every arrival
  double ms(std::int64_t interval) const { return static_cast<double>(interval) * interval_ms; }
};

Result<Clock> clock_of(std::span<const Arrival> arrivals, const ReplayOptions& options) {
  Clock clock;
  clock.interval_ms = options.rule.interval.value() * ms_per_s;
  const double intervals = std::floor(arrivals.back().at_ms / clock.interval_ms) + 1;
  if (intervals > most_intervals)
    return bad_input("a trace of " + shortest(arrivals.back().at_ms / ms_per_s) + " s in intervals of " +
                         shortest(options.rule.interval.value()) + " s",
                     "interval", "give a longer interval: at most 10 million fit");
  clock.all = static_cast<std::int64_t>(intervals);
  if (std::isnan(options.from.value()) || std::isnan(options.until.value()))
    return bad_input("a time that is no number", "from", "give seconds from the beginning of the trace");
  const auto whole = [&](carbon::Seconds time) {
    const double at = std::ceil(time / options.rule.interval - 1e-9);
    return static_cast<std::int64_t>(std::clamp(at, 0.0, intervals));
  };
  clock.first = whole(options.from);
  clock.last = whole(options.until);
  const auto until = std::lower_bound(arrivals.begin(), arrivals.end(), clock.ms(clock.last),
                                      [](const Arrival& a, double at) { return a.at_ms < at; });
  if (clock.first >= clock.last || until == arrivals.begin() || std::prev(until)->at_ms < clock.ms(clock.first))
    return bad_input(
        "no request from " + shortest(options.from.value()) + " s to " + shortest(options.until.value()) + " s", "from",
        "measure a part of the trace that has requests");
  return clock;
}

Result<void> check_replay(std::span<const Arrival> arrivals, const ReplayOptions& options, const Clock& clock,
                          const carbon::IntensitySeries& intensity) {
  if (options.initial < 0 || options.initial > options.rule.max_replicas)
    return bad_input(std::to_string(options.initial) + " replicas at first", "initial",
                     "give a number from 0 to the most there may be");
  if (!(options.pue >= 1) || !std::isfinite(options.pue))
    return bad_input("a PUE of " + shortest(options.pue), "pue", "give a number of at least 1");
  const Instant end{options.start.ms + std::llround(clock.ms(clock.all))};
  if (!intensity.covers(options.start, end))
    return missing_data("no intensity for " + to_iso(options.start) + " to " + to_iso(end), "intensity",
                        "use a series that covers the trace of " + std::to_string(arrivals.size()) + " requests");
  return {};
}

/// The part of a full replica's time that a request of these tokens takes, over that of the mean request.
double relative_work(const Service& s, const Arrival& a) {
  const double c = s.prefill_chunks, n = a.in_tokens, m = a.out_tokens;
  const double iterations = (c + m) / (c + s.out_tokens);
  const double tokens = (s.beta_ms + s.gamma_ms * (c + 1) / 2) * n + s.beta_ms * m + s.gamma_ms * m * (n + (m + 1) / 2);
  return (iterations * batch_time_ms(s, 0) + s.max_batch * tokens) / batch_time_ms(s, s.max_batch);
}

/// What the run leaves besides the outcomes: one entry for each measured interval.
struct Interval {
  int ready = 0, on = 0;
  std::int64_t arrivals = 0;
  double expected_per_s = 0;
};

template <class Replica>
class Run {
 public:
  Run(const ReplicaSetting& setting, const ReplayOptions& options, const Clock& clock,
      const carbon::IntensitySeries& intensity, Replay& result)
      : setting_(setting),
        options_(options),
        clock_(clock),
        intensity_(intensity),
        result_(result),
        pool_(setting, options.routing, options.seed),
        by_work_(options.by_work && options.fidelity == Fidelity::tokens) {}

  std::vector<Interval> go() {
    pool_.scale(initial(), 0, 0);
    std::uint32_t next = 0;
    const auto count = static_cast<std::uint32_t>(setting_.arrivals.size());
    for (std::int64_t interval = 0; interval < clock_.all; ++interval) {
      const double end = clock_.ms(interval + 1);
      const std::uint32_t before = next;
      const int ready = pool_.ready();
      for (; next < count && setting_.arrivals[next].at_ms < end; ++next) {
        const double now = setting_.arrivals[next].at_ms;
        pool_.advance(now);
        pool_.arrive(next, now);
        if (by_work_ && !setting_.outcomes[next].blocked) unfinished_.push_back(next);
      }
      pool_.advance(end);
      measure(interval, end, ready, next - before);
    }
    pool_.finish();
    return std::move(intervals_);
  }

 private:
  int initial() const {
    if (options_.initial > 0) return options_.initial;
    if (options_.rule.scaling == Scaling::static_peak) return replicas_for(options_.rule, options_.rule.peak_per_s);
    const double window_ms = options_.rule.window.value() * ms_per_s;
    const auto until = std::lower_bound(setting_.arrivals.begin(), setting_.arrivals.end(), window_ms,
                                        [](const Arrival& a, double at) { return a.at_ms < at; });
    return replicas_for(options_.rule,
                        static_cast<double>(until - setting_.arrivals.begin()) / options_.rule.window.value());
  }

  /// Mean work of the requests that ended within the last window; 1 before any has.
  double mean_work() {
    Ended now;
    std::erase_if(unfinished_, [&](std::uint32_t request) {
      if (setting_.outcomes[request].total_ms <= 0) return false;
      now.work += relative_work(setting_.service, setting_.arrivals[request]);
      ++now.count;
      return true;
    });
    ended_.push_back(now);
    const auto window =
        static_cast<std::size_t>(std::max(1.0, std::round(options_.rule.window / options_.rule.interval)));
    if (ended_.size() > window) ended_.pop_front();
    Ended sum;
    for (const Ended& one : ended_) sum.work += one.work, sum.count += one.count;
    return sum.count > 0 ? sum.work / static_cast<double>(sum.count) : 1;
  }

  /// Closes an interval: its energy and grams, and how many replicas there are to be.
  void measure(std::int64_t interval, double end, int ready, std::int64_t arrivals) {
    const auto totals = pool_.totals(end);
    const int on = pool_.on();
    const double load = static_cast<double>(arrivals) * (by_work_ ? mean_work() : 1);
    ScalingDecision decision = decide(options_.rule, std::move(state_), load);
    state_ = std::move(decision.state);
    const bool changed = decision.replicas != pool_.wanted();
    pool_.scale(decision.replicas, end, options_.rule.startup.value() * ms_per_s);
    if (interval >= clock_.first && interval < clock_.last) {
      const carbon::Joules energy{(totals.watt_ms - before_.watt_ms) / ms_per_s};
      const carbon::Seconds on_time{(totals.on_ms - before_.on_ms) / ms_per_s};
      const Instant from{options_.start.ms + std::llround(end - clock_.interval_ms)};
      const Instant to{options_.start.ms + std::llround(end)};
      result_.energy += energy;
      result_.operational += energy * options_.pue * intensity_.mean(from, to);
      result_.embodied += options_.replica.embodied * on_time;
      result_.replica_time += carbon::Hours{on_time};
      result_.most_replicas = std::max(result_.most_replicas, on);
      result_.changes += changed;
      intervals_.push_back({ready, on, arrivals, decision.expected_per_s});
    }
    before_ = totals;
  }

  const ReplicaSetting& setting_;
  const ReplayOptions& options_;
  const Clock& clock_;
  const carbon::IntensitySeries& intensity_;
  Replay& result_;
  Pool<Replica> pool_;
  typename Pool<Replica>::Totals before_;
  AutoscalerState state_;
  struct Ended {
    double work = 0;
    std::int64_t count = 0;
  };
  bool by_work_;
  std::vector<std::uint32_t> unfinished_;
  std::deque<Ended> ended_;
  std::vector<Interval> intervals_;
};

ModelWord word_at(const Service& service, double rate_per_s, const Targets& targets) {
  const auto state = queue_state(service, rate_per_s);
  const auto share = model_share(service, rate_per_s, targets);
  if (!state || !share) return {};
  return {*share, state->ttft_ms, state->itl_ms};
}

/// The model window by window, each in its steady state.
ModelWord modelled(const ReplayOptions& options, const std::vector<Interval>& intervals) {
  const auto window = static_cast<std::size_t>(std::max(1.0, std::round(options.rule.window / options.rule.interval)));
  ModelWord sum;
  double all = 0;
  for (std::size_t from = 0; from < intervals.size(); from += window) {
    const std::size_t until = std::min(from + window, intervals.size());
    double arrivals = 0, ready = 0;
    for (std::size_t i = from; i < until; ++i) {
      arrivals += static_cast<double>(intervals[i].arrivals);
      ready += intervals[i].ready;
    }
    if (arrivals == 0) continue;
    // Intervals cancel: arrivals / (intervals x length) over ready / intervals.
    const ModelWord word =
        word_at(options.replica.service, arrivals / (ready * options.rule.interval.value()), options.targets);
    sum.share.ttft_kept += arrivals * word.share.ttft_kept;
    sum.share.itl_kept += arrivals * word.share.itl_kept;
    sum.share.kept += arrivals * word.share.kept;
    sum.ttft_ms += arrivals * word.ttft_ms;
    sum.itl_ms += arrivals * word.itl_ms;
    all += arrivals;
  }
  for (double* value : {&sum.share.ttft_kept, &sum.share.itl_kept, &sum.share.kept, &sum.ttft_ms, &sum.itl_ms})
    *value /= all;
  return sum;
}

void fill_steps(std::span<const Arrival> arrivals, std::span<const Outcome> outcomes, const ReplayOptions& options,
                const Clock& clock, const std::vector<Interval>& intervals, Replay& result) {
  auto next = static_cast<std::size_t>(std::lower_bound(arrivals.begin(), arrivals.end(), clock.ms(clock.first),
                                                        [](const Arrival& a, double at) { return a.at_ms < at; }) -
                                       arrivals.begin());
  for (std::size_t i = 0; i < intervals.size(); ++i) {
    const Interval& interval = intervals[i];
    ReplayStep step;
    step.at = carbon::Seconds{clock.ms(clock.first + static_cast<std::int64_t>(i) + 1) / ms_per_s};
    step.ready = interval.ready, step.on = interval.on;
    step.rate_per_s = static_cast<double>(interval.arrivals) / options.rule.interval.value();
    step.expected_per_s = interval.expected_per_s;
    std::int64_t kept = 0;
    for (std::int64_t k = 0; k < interval.arrivals; ++k, ++next) {
      const Outcome& outcome = outcomes[next];
      kept += !outcome.blocked && (!options.targets.ttft_ms || outcome.ttft_ms <= *options.targets.ttft_ms) &&
              (!options.targets.itl_ms || outcome.itl_ms <= *options.targets.itl_ms);
    }
    step.kept = interval.arrivals > 0 ? static_cast<double>(kept) / static_cast<double>(interval.arrivals) : 1;
    result.steps.push_back(step);
  }
}

}  // namespace

carbon::GramsCO2e Replay::grams_per_1000() const {
  const auto served = static_cast<double>(level.requests - level.blocked);
  return served > 0 ? grams() * (1000 / served) : carbon::GramsCO2e{};
}

Result<Replay> replay(std::span<const Arrival> arrivals, const ReplayOptions& options,
                      const carbon::IntensitySeries& intensity) {
  if (auto fine = check(options.replica); !fine) return fine.error();
  if (auto fine = check(options.rule); !fine) return fine.error();
  const Service& service = options.replica.service;
  if (auto fine = check_simulation(service, arrivals, options.fidelity); !fine) return fine.error();
  const auto clock = clock_of(arrivals, options);
  if (!clock) return clock.error();
  if (auto fine = check_replay(arrivals, options, *clock, intensity); !fine) return fine.error();

  std::vector<Outcome> outcomes(arrivals.size());
  const std::vector<double> work = work_of(arrivals.size(), options.fidelity, options.seed);
  std::vector<double> watts(static_cast<std::size_t>(service.max_batch) + 1);
  for (std::size_t b = 0; b < watts.size(); ++b) watts[b] = draw(options.replica, static_cast<double>(b)).value();
  const ReplicaSetting setting = setting_of(service, std::move(watts), arrivals, work, outcomes);
  Replay result;
  const std::vector<Interval> intervals = options.fidelity == Fidelity::model
                                              ? Run<ModelReplica>(setting, options, *clock, intensity, result).go()
                                              : Run<TokenReplica>(setting, options, *clock, intensity, result).go();
  result.level = service_level(arrivals, outcomes, options.targets, clock->ms(clock->first), clock->ms(clock->last));
  result.promised = word_at(service, options.rule.capacity_per_s / options.rule.margin, options.targets);
  result.modelled = modelled(options, intervals);
  fill_steps(arrivals, outcomes, options, *clock, intervals, result);
  return result;
}

}  // namespace cradle::inference
