#include "cradle/profile/gpu_profile.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "cradle/base/text.h"

namespace cradle::profile {

namespace {

using carbon::Seconds;

constexpr int most_steps = 64, most_repetitions = 1000;
constexpr Seconds longest{60};
constexpr Seconds look_every{0.05};
/// The load outlives the window by this, so that no sample falls on its end.
constexpr Seconds tail{0.25};

Result<void> check(const ProfileOptions& options) {
  const auto refuse = [](const std::string& what, const char* key, const char* hint) {
    return bad_input(what, key, hint);
  };
  if (options.steps < 1 || options.steps > most_steps)
    return refuse(std::to_string(options.steps) + " steps", "steps", "give 1 to 64");
  if (options.repetitions < 1 || options.repetitions > most_repetitions)
    return refuse(std::to_string(options.repetitions) + " repetitions", "repetitions", "give 1 to 1000");
  if (!(options.settle >= Seconds{} && options.settle <= longest))
    return refuse("a settling time of " + shortest(options.settle.value()) + " s", "settle", "give 0 to 60 s");
  if (!(options.window > Seconds{} && options.window <= longest))
    return refuse("a window of " + shortest(options.window.value()) + " s", "window", "give above 0 to 60 s");
  return {};
}

/// Numbers of multiprocessors in the order in which they are measured.
std::vector<int> order_of(int all, int steps) {
  std::vector<int> order = {all, 0};
  for (int i = 1; i < steps; ++i) {
    const int count = static_cast<int>(std::lround(static_cast<double>(i) * all / steps));
    if (count > 0 && count < all && count != order.back()) order.push_back(count);
  }
  return order;
}

/// One repetition; nothing if it was stopped.
class Repetition {
 public:
  Repetition(LoadedGpu& gpu, const ProfileOptions& options, int multiprocessors)
      : gpu_(gpu), options_(options), busy_(multiprocessors > 0) {
    raw_.multiprocessors = multiprocessors;
    raw_.duration = options.settle + options.window + tail;
  }

  Result<std::optional<RawRepetition>> run() {
    if (busy_)
      if (auto started = gpu_.start(raw_.multiprocessors, raw_.duration); !started) return started.error();
    auto watched = watch();
    if (busy_) {
      // Whatever happened, the device must be at rest before anybody goes on.
      const auto done = gpu_.finish();
      if (!done) return done.error();
      raw_.worked = done->multiprocessors;
      raw_.operations = done->operations;
    }
    if (!watched) return watched.error();
    if (!*watched) return std::optional<RawRepetition>();
    return std::optional(std::move(raw_));
  }

 private:
  bool stopped() const { return options_.stop && options_.stop(); }

  /// False if it was stopped.
  Result<bool> watch() {
    for (Seconds left = options_.settle; left > Seconds{}; left -= look_every) {
      if (stopped()) return false;
      gpu_.wait(std::min(left, look_every));
    }
    auto first = gpu_.sample();
    if (!first) return first.error();
    raw_.samples.push_back(*first);
    const Seconds end = first->at + options_.window;
    while (raw_.samples.back().at < end) {
      if (stopped()) return false;
      gpu_.wait(std::min(look_every, end - raw_.samples.back().at));
      auto sample = gpu_.sample();
      if (!sample) return sample.error();
      if (!(sample->at > raw_.samples.back().at))
        return failure("the clock stands still", "profile", "look at the machine's clock source");
      raw_.samples.push_back(*sample);
    }
    return true;
  }

  LoadedGpu& gpu_;
  const ProfileOptions& options_;
  bool busy_;
  RawRepetition raw_;
};

}  // namespace

Result<RawProfile> measure(LoadedGpu& gpu, const ProfileOptions& options, Instant date) {
  if (auto usable = check(options); !usable) return usable.error();
  RawProfile profile;
  profile.device = gpu.facts();
  profile.date = date;
  profile.settle = options.settle;
  profile.window = options.window;
  const std::vector<int> order = order_of(profile.device.multiprocessors, options.steps);
  const int all = static_cast<int>(order.size()) * options.repetitions;
  for (const int multiprocessors : order) {
    for (int i = 0; i < options.repetitions; ++i) {
      auto repetition = Repetition(gpu, options, multiprocessors).run();
      if (!repetition) {
        if (profile.repetitions.empty()) return std::move(repetition).error();
        profile.cut_short = repetition.error().message;
        return profile;
      }
      if (!*repetition) {
        profile.cut_short = "stopped by the user";
        return profile;
      }
      profile.repetitions.push_back(**std::move(repetition));
      if (options.progress) options.progress(static_cast<int>(profile.repetitions.size()), all);
    }
  }
  return profile;
}

}  // namespace cradle::profile
