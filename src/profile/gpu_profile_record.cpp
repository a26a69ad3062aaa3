#include <algorithm>
#include <cmath>
#include <map>

#include "cradle/base/text.h"
#include "cradle/profile/gpu_profile.h"

namespace cradle::profile {

namespace {

using carbon::Seconds;
using carbon::Watts;

/// Power over the board's default limit that no counter of a working board reports over a window.
constexpr double most_over_limit = 1.5;
constexpr double least_spread = 0.01;  ///< of the value: what two equal repetitions do not tell

/// Mean of some numbers, and how far single ones lie from it.
class Spread {
 public:
  void add(double value) {
    ++count_;
    const double step = value - mean_;
    mean_ += step / count_;
    squares_ += step * (value - mean_);
  }
  int count() const { return count_; }
  double mean() const { return mean_; }
  double low() const { return std::max(0.0, mean_ - reach()); }
  double high() const { return mean_ + reach(); }

 private:
  double reach() const {
    const double deviation = count_ > 1 ? std::sqrt(squares_ / (count_ - 1)) : 0;
    return std::max(2 * deviation, least_spread * mean_);
  }
  int count_ = 0;
  double mean_ = 0, squares_ = 0;
};

struct Drawn {
  Watts power;
  bool counted = false;
};

/// From the energy counter between its first and its last step within the window: it moves some ten times a second, and
/// its steps, not the moments at which it is read, bound what it counted. Without one: the mean of power over time.
Result<std::optional<Drawn>> drawn(const std::vector<GpuSample>& samples, std::string_view source) {
  const GpuSample* first = nullptr;
  const GpuSample* last = nullptr;
  double area = 0, time = 0;
  for (std::size_t i = 1; i < samples.size(); ++i) {
    const GpuSample& a = samples[i - 1];
    const GpuSample& b = samples[i];
    if (a.energy && b.energy) {
      if (*b.energy < *a.energy)
        return bad_input("the energy counter runs backwards", std::string(source),
                         "measure again: the driver was loaded anew in between");
      if (*b.energy > *a.energy) {
        if (!first) first = &b;
        last = &b;
      }
    }
    if (a.power && b.power) {
      area += (a.power->value() + b.power->value()) / 2 * (b.at - a.at).value();
      time += (b.at - a.at).value();
    }
  }
  if (first && last != first)
    return std::optional<Drawn>({(*last->energy - *first->energy) / (last->at - first->at), true});
  if (time > 0) return std::optional<Drawn>({Watts{area / time}, false});
  return std::optional<Drawn>();
}

struct StepSums {
  Spread power, operations, clock;
  bool counted = true;
  int multiprocessors = 0;
};

/// A TOML basic string.
std::string toml_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      out += std::string("\\") + c;
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      out += ' ';
    else
      out += c;
  }
  return out + "\"";
}

std::string bounds(double value, double low, double high) {
  return "{ value = " + fixed(value, 4) + ", low = " + fixed(std::min(low, value), 4) +
         ", high = " + fixed(std::max(high, value), 4);
}

/// More busy multiprocessors neither draw nor do less; what the repetitions leave open is not held against a run.
Result<void> check_rise(std::span<const ProfileStep> steps) {
  for (std::size_t i = 1; i < steps.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      const bool power = steps[i].power.high < steps[j].power.low;
      if (!power && !(steps[i].operations.high < steps[j].operations.low)) continue;
      return bad_input(std::string(power ? "power" : "work") + " falls from " +
                           std::to_string(steps[j].multiprocessors) + " to " +
                           std::to_string(steps[i].multiprocessors) + " busy multiprocessors, beyond the spread",
                       "profile", "measure again on a board that nobody else uses, with more --repetitions");
    }
  return {};
}

}  // namespace

Result<std::vector<ProfileStep>> steps_of(const RawProfile& profile, std::string_view source) {
  std::map<int, StepSums> sums;
  const Watts limit = profile.device.default_limit;
  for (std::size_t i = 0; i < profile.repetitions.size(); ++i) {
    const RawRepetition& raw = profile.repetitions[i];
    const auto power = drawn(raw.samples, source);
    if (!power) return power.error();
    if (!*power) continue;
    if (limit > Watts{} && (*power)->power > limit * most_over_limit)
      return bad_input("repetitions[" + std::to_string(i) + "]: " + fixed((*power)->power.value(), 0) +
                           " W on a board of " + shortest(limit.value()) + " W",
                       std::string(source),
                       "measure again: no board draws " + shortest(most_over_limit) +
                           " times its default limit; energy is in joules, time in seconds");
    if (raw.multiprocessors > 0 && raw.worked == 0)
      return bad_input("a load on which no multiprocessor worked", std::string(source), "measure again");
    // What worked is what counts, should the device not have spread the load as it was asked to.
    StepSums& step = sums[raw.multiprocessors == 0 ? 0 : raw.worked];
    step.multiprocessors = raw.multiprocessors == 0 ? 0 : raw.worked;
    step.power.add((*power)->power.value());
    step.counted = step.counted && (*power)->counted;
    step.operations.add(raw.operations / raw.duration.value());
    for (const GpuSample& sample : raw.samples)
      if (sample.megahertz) step.clock.add(static_cast<double>(*sample.megahertz));
  }
  if (sums.empty())
    return bad_input("no repetition with two samples of energy or power", std::string(source),
                     "measure again, with a longer --window");
  std::vector<ProfileStep> steps;
  for (const auto& [busy, step] : sums) {
    ProfileStep out;
    out.at = static_cast<double>(busy) / profile.device.multiprocessors;
    out.multiprocessors = busy;
    out.repetitions = step.power.count();
    out.counted = step.counted;
    out.power = {Watts{step.power.mean()}, Watts{step.power.low()}, Watts{step.power.high()}};
    out.operations = {step.operations.mean(), step.operations.low(), step.operations.high()};
    out.megahertz = std::llround(step.clock.mean());
    steps.push_back(out);
  }
  return steps;
}

Result<const catalog::Accelerator*> accelerator_of(const catalog::Catalog& catalog, std::string_view device_name) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : to_lower(device_name) + " ") {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      word += c;
      continue;
    }
    if (!word.empty()) words.push_back(std::move(word));
    word.clear();
  }
  const auto said = [&](std::string_view part) {
    return std::any_of(words.begin(), words.end(),
                       [&](const std::string& w) { return w == part || w == std::string(part) + "gb"; });
  };
  const catalog::Accelerator* found = nullptr;
  for (const catalog::Accelerator& accelerator : catalog.accelerators()) {
    const auto parts = split(accelerator.id, '-');
    if (!std::all_of(parts.begin(), parts.end(), said)) continue;
    if (found)
      return bad_input("'" + std::string(device_name) + "' may be '" + found->id + "' or '" + accelerator.id + "'",
                       "device", "say which with --accelerator ID");
    found = &accelerator;
  }
  if (!found)
    return bad_input("no accelerator of the catalogue is called like '" + std::string(device_name) + "'", "device",
                     "say which it is with --accelerator ID: 'cradle catalog list accelerator'");
  return found;
}

Result<std::string> curve_record_toml(const RawProfile& profile, std::span<const ProfileStep> steps,
                                      const catalog::Accelerator& accelerator, std::string_view id,
                                      std::string_view recording) {
  const GpuFacts& device = profile.device;
  if (steps.size() < 2 || steps.back().multiprocessors != device.multiprocessors)
    return bad_input("the run has no step with all multiprocessors and another one", "profile",
                     "let it go on: they are measured first");
  const ProfileStep& full = steps.back();
  if (!(full.power.value > Watts{}) || !(full.operations.value > 0))
    return bad_input("with all multiprocessors busy no power or no work was measured", "profile", "measure again");
  if (auto rises = check_rise(steps); !rises) return rises.error();
  const Watts limit = device.default_limit > Watts{} ? device.default_limit : accelerator.full_power.value();
  const bool counted = std::all_of(steps.begin(), steps.end(), [](const ProfileStep& s) { return s.counted; });
  const std::string source =
      "measured with cradle profile gpu on " + to_iso_date(profile.date) + ": " + device.name + ", driver " +
      device.driver + ", compute capability " + device.compute_capability + ", " +
      std::to_string(device.multiprocessors) + " multiprocessors, limit " + shortest(limit.value()) +
      " W; FP32 multiply-adds on some of them, " + (counted ? "energy counter" : "samples of power") + " over " +
      shortest(profile.window.value()) + " s, " + std::to_string(full.repetitions) + " repetitions";
  const auto draw = [&](Watts power) { return std::min(1.0, power / limit); };

  std::string text =
      "# Written by cradle profile gpu. Bounds: two standard deviations of the repetitions, at least 1 %.\n";
  text += "\n[sources.measured]\ntext = " + toml_string(source) +
          "\nyear = " + std::to_string(civil_hour(profile.date).year) +
          "\nscope = \"one board, synthetic load, relative to all multiprocessors busy\"\n"
          "licence = \"own measurement\"\n";
  text += "\n[curve." + std::string(id) +
          "]\nname = " + toml_string(device.name + ": power against busy multiprocessors, measured") + "\nnote = " +
          toml_string("idle is with an open context" +
                      (recording.empty() ? std::string() : "; made from the recording " + std::string(recording)) +
                      (profile.cut_short.empty() ? "" : "; the run was cut short: " + profile.cut_short)) +
          "\ncurve = \"slices\"\nwork = \"synthetic\"\naccelerators = [" + toml_string(accelerator.id) + "]\n";
  text += "draw_at_one = " + bounds(draw(full.power.value), draw(full.power.low), draw(full.power.high)) +
          ", unit = \"ratio\", source = \"measured\" }\nsource = \"measured\"\npoints = [\n";
  for (const ProfileStep& step : steps) {
    const bool whole = &step == &full;
    const auto relative = [&](double value, double low, double high, double by) {
      return whole ? bounds(1, 1, 1) + " }" : bounds(value / by, low / by, high / by) + " }";
    };
    text +=
        "  { at = " + shortest(std::round(step.at * 1e6) / 1e6) + ", power = " +
        relative(step.power.value.value(), step.power.low.value(), step.power.high.value(), full.power.value.value()) +
        ", throughput = " +
        relative(step.operations.value, step.operations.low, step.operations.high, full.operations.value) + " },\n";
  }
  text += "]\n";
  const std::vector<catalog::Layer> layers = {catalog::embedded_layer(), {{"record", text}}};
  const auto parsed = catalog::Catalog::parse(layers);
  for (const Error& error : parsed.errors)
    if (error.where.starts_with("record"))
      return bad_input("the record would not be one: " + error.message, std::string(id), error.hint);
  return text;
}

}  // namespace cradle::profile
