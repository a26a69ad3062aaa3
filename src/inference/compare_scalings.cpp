// Margins found on one part of a trace and judged on another, for several autoscalers.
#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "cradle/base/parallel.h"
#include "cradle/base/text.h"
#include "cradle/inference/replay.h"

namespace cradle::inference {

namespace {

constexpr double ms_per_s = 1e3;
constexpr double margin_step = 1.02;

/// A geometric grid of margins.
double margin_of(double least, int index) { return std::min(most_margin, least * std::pow(margin_step, index)); }
int margins(double least) {
  return static_cast<int>(std::ceil(std::log(most_margin / least) / std::log(margin_step))) + 1;
}

std::span<const Arrival> before(std::span<const Arrival> arrivals, double end_ms) {
  const auto end = std::lower_bound(arrivals.begin(), arrivals.end(), end_ms,
                                    [](const Arrival& a, double at) { return a.at_ms < at; });
  return arrivals.first(static_cast<std::size_t>(end - arrivals.begin()));
}

/// Level and trend weights that `forecast` may have: calm to quick.
constexpr std::array<std::pair<double, double>, 5> weights = {
    {{0.1, 0.02}, {0.2, 0.0}, {0.2, 0.02}, {0.3, 0.02}, {0.3, 0.05}}};

/// The margin, and for `forecast` the weights as well: those that reach the goal before those that do not, then the
/// least grams.
Result<void> calibrate_rule(std::span<const Arrival> arrivals, ReplayOptions& options,
                            const carbon::IntensitySeries& intensity, double goal, double least, ScalingRow& row) {
  if (options.rule.scaling != Scaling::forecast) {
    const auto found = calibrate(arrivals, options, intensity, goal, least);
    if (!found) return found.error();
    row.calibration = *found;
    return {};
  }
  bool first = true;
  for (const auto& [level, trend] : weights) {
    options.rule.level_weight = level, options.rule.trend_weight = trend;
    const auto found = calibrate(arrivals, options, intensity, goal, least);
    if (!found) return found.error();
    const auto rank = [](const Calibration& c) { return std::pair(!c.reached, c.grams_per_1000.value()); };
    if (!first && rank(*found) >= rank(row.calibration)) continue;
    first = false;
    row.calibration = *found;
    row.level_weight = level, row.trend_weight = trend;
  }
  options.rule.level_weight = row.level_weight, options.rule.trend_weight = row.trend_weight;
  return {};
}

}  // namespace

Result<Calibration> calibrate(std::span<const Arrival> arrivals, const ReplayOptions& options,
                              const carbon::IntensitySeries& intensity, double goal, double least) {
  if (!(goal > 0 && goal <= 1))
    return bad_input("a goal of " + shortest(goal), "goal", "give a share of requests above 0 and at most 1");
  if (!(least >= least_margin && least <= most_margin))
    return bad_input("a least margin of " + shortest(least), "margin",
                     "give a number from " + shortest(least_margin) + " to " + shortest(most_margin));
  const auto seen = before(arrivals, options.until.value() * ms_per_s);
  ReplayOptions trial = options;
  const auto with = [&](int index) -> Result<Calibration> {
    trial.rule.margin = margin_of(least, index);
    const auto run = replay(seen, trial, intensity);
    if (!run) return run.error();
    return Calibration{trial.rule.margin, run->level.kept, run->level.kept >= goal, run->grams_per_1000()};
  };
  int high = margins(least) - 1;
  auto found = with(high);
  if (!found || !found->reached) return found;
  for (int low = -1; high - low > 1;) {
    const int middle = low + (high - low) / 2;
    auto tried = with(middle);
    if (!tried) return tried;
    if (tried->reached) {
      high = middle;
      found = std::move(tried);
    } else {
      low = middle;
    }
  }
  return found;
}

Result<double> model_margin(const Service& service, double capacity_per_s, const Targets& targets, double goal) {
  for (int index = 0;; ++index) {
    const double margin = margin_of(1, index);
    const auto share = model_share(service, capacity_per_s / margin, targets);
    if (!share) return share.error();
    if (share->kept >= goal || margin == most_margin) return margin;
  }
}

double dispersion(std::span<const Arrival> arrivals, carbon::Seconds window, carbon::Seconds from,
                  carbon::Seconds until) {
  const double end_s = std::min(until.value(), arrivals.empty() ? 0 : arrivals.back().at_ms / ms_per_s);
  const double windows = std::floor((end_s - from.value()) / window.value());
  if (!(windows >= 2)) return 0;
  std::vector<double> counts(static_cast<std::size_t>(windows), 0.0);
  for (const Arrival& arrival : arrivals) {
    const double place = std::floor((arrival.at_ms / ms_per_s - from.value()) / window.value());
    if (place >= 0 && place < windows) ++counts[static_cast<std::size_t>(place)];
  }
  double mean = 0, variance = 0;
  for (const double count : counts) mean += count / windows;
  for (const double count : counts) variance += (count - mean) * (count - mean) / (windows - 1);
  return mean > 0 ? variance / mean : 0;
}

double peak_rate(std::span<const Arrival> arrivals, carbon::Seconds window, carbon::Seconds step, carbon::Seconds from,
                 carbon::Seconds until) {
  const auto count_before = [&](double at_s) { return before(arrivals, at_s * ms_per_s).size(); };
  const double end = std::min(until.value(), arrivals.empty() ? 0 : arrivals.back().at_ms / ms_per_s);
  std::size_t most = 0;
  for (double at = from.value(); at == from.value() || at + window.value() <= end; at += step.value())
    most = std::max(most, count_before(at + window.value()) - count_before(at));
  return static_cast<double>(most) / window.value();
}

Result<ScalingComparison> compare_scalings(std::span<const Arrival> arrivals, const ReplayOptions& options,
                                           const carbon::IntensitySeries& intensity, std::span<const Scaling> scalings,
                                           double goal, double first_part, unsigned threads) {
  if (auto fine = check(options.rule); !fine) return fine.error();
  if (arrivals.empty()) return bad_input("no request", "arrivals", "give a trace with at least one request");
  if (!(first_part > 0 && first_part < 1))
    return bad_input("a first part of " + shortest(first_part), "calibration", "give a share between 0 and 1");
  if (scalings.empty()) return bad_input("no autoscaler", "autoscaler", "name at least one");
  const AutoscalerRule& rule = options.rule;
  const double length = arrivals.back().at_ms / ms_per_s;
  ScalingComparison comparison;
  comparison.cut = rule.interval * std::ceil(first_part * length / rule.interval.value());
  const carbon::Seconds settled = rule.startup + rule.window + rule.scale_down_delay;
  if (settled >= comparison.cut)
    return bad_input("a first part of " + fixed(comparison.cut.value(), 0) + " s, of which " +
                         fixed(settled.value(), 0) + " s are needed to settle",
                     "calibration", "give a larger share, a longer trace, or shorter delays");
  comparison.peak_per_s = peak_rate(arrivals, rule.window, rule.interval, {}, comparison.cut);
  comparison.dispersion = dispersion(arrivals, rule.window, comparison.cut, carbon::Seconds{length});
  const auto rest = static_cast<double>(arrivals.size() - before(arrivals, comparison.cut.value() * ms_per_s).size());
  comparison.rest_per_s = rest / (length - comparison.cut.value());

  const auto least = model_margin(options.replica.service, rule.capacity_per_s, options.targets, goal);
  if (!least) return least.error();
  comparison.model_margin = *least;

  std::vector<std::optional<Error>> errors(scalings.size());
  comparison.rows.resize(scalings.size());
  parallel_for(scalings.size(), threads, [&](std::size_t i) {
    ScalingRow& row = comparison.rows[i];
    row.scaling = scalings[i];
    ReplayOptions one = options;
    one.rule.scaling = scalings[i];
    one.rule.peak_per_s = comparison.peak_per_s;
    one.from = settled, one.until = comparison.cut;
    if (auto fine = calibrate_rule(arrivals, one, intensity, goal, comparison.model_margin, row); !fine) {
      errors[i] = fine.error();
      return;
    }
    one.from = comparison.cut, one.until = carbon::Seconds{std::numeric_limits<double>::infinity()};
    const auto rest_with = [&](double margin, Replay& result) {
      one.rule.margin = margin;
      auto run = replay(arrivals, one, intensity);
      if (!run) errors[i] = run.error();
      if (run) result = std::move(*run);
    };
    rest_with(row.calibration.margin, row.replay);
    const auto hindsight = calibrate(arrivals, one, intensity, goal);
    if (!hindsight) errors[i] = hindsight.error();
    if (errors[i]) return;
    row.hindsight = *hindsight;
    rest_with(row.hindsight.margin, row.equal);
  });
  for (const auto& error : errors)
    if (error) return *error;
  return comparison;
}

}  // namespace cradle::inference
