#include "cradle/hierarchy/run.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "cradle/base/random.h"
#include "cradle/power/scenario.h"
#include "lanes.h"

namespace cradle::hierarchy {

namespace {

constexpr std::int64_t ms_per_second = 1000, minute = 60;

/// Power of every node from that of the devices, and what its breaker has had.
class Breakers {
 public:
  Breakers(const Tree& tree, std::int32_t floor, const Breaker& breaker) : tree_(tree), breaker_(breaker) {
    for (std::size_t l = 0; l <= tree.levels(); ++l) {
      power_.emplace_back(tree.nodes(l), 0);
      heat_.emplace_back(tree.nodes(l), 0.0);
      tripped_.emplace_back(tree.nodes(l), 0);
      floors_.push_back(static_cast<Quanta>(tree.devices() / tree.nodes(l)) * floor);
    }
  }

  /// Without the floors, as the devices' are.
  std::vector<Quanta>& servers() { return power_[tree_.levels() - 1]; }
  Quanta site() const { return power_[0][0] + floors_[0]; }

  void second(Quanta site_budget, std::vector<LevelOutcome>& levels, double watts_per_quantum) {
    for (std::size_t l = tree_.levels() - 1; l-- > 0;) {
      const std::size_t fan_out = tree_.level(l + 1).fan_out;
      for (std::size_t n = 0; n < power_[l].size(); ++n) {
        const auto first = power_[l + 1].begin() + static_cast<std::ptrdiff_t>(n * fan_out);
        power_[l][n] = std::accumulate(first, first + static_cast<std::ptrdiff_t>(fan_out), Quanta{0});
      }
    }
    for (std::size_t l = 0; l < tree_.levels(); ++l) {
      const Quanta rating = l == 0 ? site_budget : tree_.level(l).rating;
      if (rating <= 0) continue;
      for (std::size_t n = 0; n < power_[l].size(); ++n) load(l, n, rating, levels[l], watts_per_quantum);
    }
  }

 private:
  void load(std::size_t l, std::size_t n, Quanta rating, LevelOutcome& level, double watts_per_quantum) {
    const Quanta drawn = power_[l][n] + floors_[l];
    double& heat = heat_[l][n];
    if (drawn <= rating && heat <= 0) return;
    const double ratio = static_cast<double>(drawn) / static_cast<double>(rating);
    heat = std::max(0.0, heat + ratio * ratio - 1);
    if (drawn <= rating) return;
    level.over_watt_seconds += static_cast<double>(drawn - rating) * watts_per_quantum;
    level.worst_over_percent = std::max(level.worst_over_percent, (ratio - 1) * 100);
    if (heat > breaker_.tolerance.value() && !tripped_[l][n]) {
      tripped_[l][n] = 1;
      ++level.tripped;
    }
  }

  const Tree& tree_;
  Breaker breaker_;
  std::vector<std::vector<Quanta>> power_;
  std::vector<std::vector<double>> heat_;
  std::vector<std::vector<char>> tripped_;
  std::vector<Quanta> floors_;
};

/// What one part of the devices came to in one second.
struct alignas(64) Part {
  std::size_t first = 0, last = 0;  ///< servers
  Work work;
};

/// Speed summed over those that ask, and by server what is drawn.
Work work_of(std::span<const std::int32_t> asked, std::span<const std::int32_t> held, std::size_t fan_out,
             double exponent, Quanta* drawn) {
  Work work = lanes().work(asked, held, fan_out, drawn);
  constexpr double square = 2;
  if (exponent == square) return work;
  work.speed = 0;
  for (std::size_t i = 0; i < asked.size(); ++i)
    if (asked[i] > 0) work.speed += speed(held[i], asked[i], exponent);
  return work;
}

Result<void> check(const Tree& tree, const ManagerOptions& manager_options, const RunOptions& options,
                   const std::string& where) {
  if (options.seconds < 1) return bad_input("a run of no seconds", where, "give at least one");
  for (std::size_t i = 1; i < options.changes.size(); ++i)
    if (options.changes[i].second <= options.changes[i - 1].second)
      return bad_input("the budget's changes do not grow in time", where, "sort them by second");
  if (options.signal && !options.intensity)
    return bad_input("a budget that follows the grid needs the grid's intensity", where, "name a grid");
  if (options.signal && !(options.signal->depth >= 0 && options.signal->least > 0 && options.signal->least <= 1))
    return bad_input("a signal's depth below 0 or its least share outside 0 .. 1", where, "e.g. depth 1, least 0.6");
  if (options.signal && options.signal->least * static_cast<double>(manager_options.budget) <
                            static_cast<double>(tree.devices()) * manager_options.floor)
    return bad_input("the least budget that follows the grid is below the sum of the floors", where,
                     "raise the least share or lower the floor");
  const Instant end{options.start.ms + options.seconds * ms_per_second};
  if (options.intensity && !options.intensity->covers(options.start, end))
    return bad_input("the grid's series does not cover the run", where, "choose another start or a shorter run");
  return {};
}

}  // namespace

Result<RunOutcome> run(const Tree& tree, Manager& manager, ManagerKind kind, const ManagerOptions& manager_options,
                       const Demand& demand, const RunOptions& options, const std::string& where) {
  if (auto ok = check(tree, manager_options, options, where); !ok) return std::move(ok).error();
  const std::size_t devices = tree.devices();
  const std::size_t fan_out = tree.level(tree.levels()).fan_out;
  const std::size_t server_count = tree.nodes(tree.levels() - 1);
  constexpr std::size_t servers_worth_a_thread = 512;
  const std::size_t parts = std::clamp<std::size_t>(server_count / servers_worth_a_thread, 1, 16);
  const Instant end{options.start.ms + options.seconds * ms_per_second};

  RunOutcome outcome;
  outcome.manager = kind;
  outcome.devices = devices;
  for (std::size_t l = 0; l < tree.levels(); ++l) outcome.levels.push_back({tree.name(l), tree.nodes(l), 0, 0, 0});
  Breakers breakers(tree, manager_options.floor, options.breaker);
  std::vector<std::int32_t> asked(devices), held(devices);
  std::vector<std::int32_t> asked_next(devices);
  ThreadTeam& team = manager.team();
  std::vector<Part> parts_of(parts);
  for (std::size_t p = 0; p < parts; ++p) {
    parts_of[p].first = server_count * p / parts;
    parts_of[p].last = server_count * (p + 1) / parts;
  }
  const auto devices_of = [&](const Part& part, std::vector<std::int32_t>& all) {
    return std::span(all).subspan(part.first * fan_out, (part.last - part.first) * fan_out);
  };
  team.run(parts, [&](std::size_t p) {
    demand.fill(options.first_second, parts_of[p].first * fan_out, devices_of(parts_of[p], asked));
  });
  std::vector<std::int32_t> device_weight(devices, 1);
  for (std::size_t i = 0; i < devices && !manager_options.weight.empty(); ++i)
    device_weight[i] = manager_options.weight[i % manager_options.weight.size()];

  Quanta budget = manager_options.budget, in_force = budget;
  std::size_t next_change = 0;
  std::optional<std::int64_t> cut_at;
  double work = 0, fairness = 0, grams = 0;
  std::int64_t asking = 0;
  Quanta drawn_sum = 0;
  const double mean_intensity = options.intensity ? options.intensity->mean(options.start, end).value() : 0;
  for (std::int64_t t = 0; t < options.seconds; ++t) {
    if (t % minute == 0 && options.go_on && !options.go_on(t)) break;
    if (next_change < options.changes.size() && options.changes[next_change].second == t)
      budget = options.changes[next_change++].budget;
    Quanta wanted = budget;
    const Instant now{options.start.ms + t * ms_per_second};
    const double intensity = options.intensity ? options.intensity->at(now).value() : 0;
    if (options.signal && mean_intensity > 0) {
      const double share = 1 - options.signal->depth * (intensity / mean_intensity - 1);
      wanted = static_cast<Quanta>(static_cast<double>(budget) * std::clamp(share, options.signal->least, 1.0));
    }
    if (wanted != in_force) {
      if (auto ok = manager.set_budget(wanted); !ok) return std::move(ok).error();
      if (wanted < in_force) {
        cut_at = t;
        outcome.seconds_to_obey.reset();
      }
      in_force = wanted;
    }

    manager.step(t, asked, held);
    team.run(parts, [&](std::size_t p) {
      Part& part = parts_of[p];
      const auto wanted_here = devices_of(part, asked), held_here = devices_of(part, held);
      part.work =
          work_of(wanted_here, held_here, fan_out, options.speed_exponent, breakers.servers().data() + part.first);
      // While the threads are awake: the next second's.
      demand.fill(options.first_second + t + 1, part.first * fan_out, devices_of(part, asked_next));
    });
    for (const Part& part : parts_of) {
      work += part.work.speed;
      asking += part.work.asking;
    }
    breakers.second(in_force, outcome.levels, options.quantum.value());
    if (cut_at && !outcome.seconds_to_obey && breakers.site() <= in_force)
      outcome.seconds_to_obey = static_cast<double>(t - *cut_at);
    drawn_sum += breakers.site();
    grams += static_cast<double>(breakers.site()) * intensity;
    ++outcome.seconds;

    // Not in the first minute: everything starts from nothing there.
    if (t >= minute && t % options.fairness_every == 0) {
      std::vector<std::int32_t> capped(devices);
      for (std::size_t i = 0; i < devices; ++i) capped[i] = std::min(held[i], asked[i]);
      // Against the fairest division of what the budget allows, or of all that is asked if that is less.
      const Quanta allowed = in_force - static_cast<Quanta>(devices) * manager_options.floor;
      const std::int64_t all = std::accumulate(asked.begin(), asked.end(), std::int64_t{0});
      const auto share = power::water_filling(std::min<std::int64_t>(allowed, all), asked, device_weight);
      const double sample = power::jain(capped, share);
      fairness += sample;
      outcome.fairness_least = std::min(outcome.fairness_least, sample);
      ++outcome.fairness_samples;
    }
    std::swap(asked, asked_next);
  }
  if (outcome.fairness_samples > 0) outcome.fairness_mean = fairness / static_cast<double>(outcome.fairness_samples);
  const auto seconds = static_cast<double>(outcome.seconds);
  outcome.messages_per_device_second =
      seconds > 0 ? static_cast<double>(manager.messages()) / seconds / static_cast<double>(devices) : 0;
  outcome.violations = manager.violations();
  outcome.work_share = asking > 0 ? work / static_cast<double>(asking) : 1;
  constexpr double seconds_per_hour = 3600;
  outcome.device_hours_lost = (static_cast<double>(asking) - work) / seconds_per_hour;
  outcome.energy = options.quantum * carbon::Seconds{static_cast<double>(drawn_sum)};
  if (options.intensity) outcome.grams = carbon::GramsCO2e{grams * options.quantum.value()};
  return outcome;
}

std::vector<CutResponse> cut_response(const Tree& tree, const LinkModel& model) {
  RandomStream draws(model.seed, "budget cut");
  std::vector<std::vector<double>> at;
  at.push_back({model.handling.value()});
  for (std::size_t l = 1; l <= tree.levels(); ++l) {
    at.emplace_back(tree.nodes(l));
    const std::size_t fan_out = tree.level(l).fan_out;
    for (std::size_t n = 0; n < at[l].size(); ++n) {
      double time = at[l - 1][n / fan_out];
      while (draws.uniform() < model.loss) time += model.retry.value();
      time += model.link.value() + draws.exponential(model.link.value());
      at[l][n] = time + (l == tree.levels() ? model.actuation : model.handling).value();
    }
  }
  // A node has obeyed when the last device below it has.
  for (std::size_t l = tree.levels(); l-- > 0;) {
    const std::size_t fan_out = tree.level(l + 1).fan_out;
    for (std::size_t n = 0; n < at[l].size(); ++n)
      at[l][n] = *std::max_element(at[l + 1].begin() + static_cast<std::ptrdiff_t>(n * fan_out),
                                   at[l + 1].begin() + static_cast<std::ptrdiff_t>((n + 1) * fan_out));
  }
  std::vector<CutResponse> responses;
  for (std::size_t l = 0; l <= tree.levels(); ++l) {
    std::sort(at[l].begin(), at[l].end());
    const auto quantile = [&](double q) {
      return carbon::Seconds{at[l][static_cast<std::size_t>(q * static_cast<double>(at[l].size() - 1))]};
    };
    responses.push_back({tree.name(l), quantile(0.5), quantile(0.999), quantile(1)});
  }
  return responses;
}

}  // namespace cradle::hierarchy
