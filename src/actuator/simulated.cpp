#include "cradle/actuator/simulated.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include "cradle/base/random.h"
#include "cradle/base/text.h"
#include "port.h"

namespace cradle::actuator {

namespace fs = std::filesystem;
using carbon::Seconds;
using carbon::Watts;

namespace {

constexpr double most_watts = 1e6;

class SimulatedPort : public Port {
 public:
  SimulatedPort(SimulatedDevice law, std::string_view text) : law_(std::move(law)), draws_(law_.seed, "actuator") {
    device_.name = "simulated:" + std::string(text);
    device_.interface = "simulated";
    device_.path = law_.file.string();
    device_.known = Known::simulated;
    device_.range = {level_of(law_.lowest), level_of(law_.highest), level_of(law_.step).amount, false};
  }

  Result<std::vector<Write>> saved() override {
    const auto level = stated();
    if (!level) return level.error();
    return std::vector<Write>{{device_.path, std::to_string(level->amount)}};
  }

  Result<Level> stated() override {
    if (crashed_) return no_answer();
    const auto count = read_count(law_.file);
    if (!count) return count.error();
    return Level{Unit::microwatts, *count, false};
  }

  Result<Level> current() override {
    auto level = stated();
    if (!level) return level;
    if (earlier_ && Clock::now() < effective_) level = *earlier_;
    if (law_.noise > 0) {
      const double seen = static_cast<double>(level->amount) * (1 + law_.noise * draws_.normal());
      level->amount = static_cast<std::int64_t>(std::clamp(seen, 0.0, most_watts * 1e6));
    }
    return level;
  }

  std::vector<Write> plan(const Level& level) override { return {{device_.path, std::to_string(level.amount)}}; }

  Result<void> write(const Write& write) override {
    if (crashed_) return no_answer();
    if (draws_.uniform() < law_.refusal)
      return failure("the device refuses '" + write.text + "'", device_.path, "it was declared to: try again");
    if (draws_.uniform() < law_.stuck) return {};
    if (law_.latency > Seconds{0}) {
      const auto seen = Clock::now() < effective_ && earlier_ ? Result<Level>(*earlier_) : stated();
      if (seen) earlier_ = *seen;
      effective_ = Clock::now() +
                   std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(law_.latency.value()));
    }
    auto written = write_register(write);
    crashed_ = draws_.uniform() < law_.crash;
    return written;
  }

 private:
  using Clock = std::chrono::steady_clock;

  Error no_answer() const {
    return failure("the device answers nothing any more", device_.path, "it was declared to crash: open it again");
  }

  SimulatedDevice law_;
  RandomStream draws_;
  std::optional<Level> earlier_;  ///< in force until `effective_`
  Clock::time_point effective_;
  bool crashed_ = false;
};

}  // namespace

Result<SimulatedDevice> parse_simulated_device(std::string_view text, std::string_view where) {
  SimulatedDevice device;
  const auto parts = split(text, ',');
  const std::string at(where);
  if (parts.empty() || parts[0].empty())
    return bad_input("no file", at, "simulated:FILE, a file that holds whole microwatts");
  device.file = fs::path(std::string(parts[0]));

  double latency_ms = 0, lowest = device.lowest.value(), highest = device.highest.value(), step = device.step.value();
  double seed = 1;
  const std::vector<std::string> keys{"lowest", "highest", "step",  "latency_ms", "refusal",
                                      "stuck",  "noise",   "crash", "seed"};
  double* const values[] = {&lowest,       &highest,      &step,         &latency_ms, &device.refusal,
                            &device.stuck, &device.noise, &device.crash, &seed};
  const double most[] = {most_watts, most_watts, most_watts, 3.6e6, 1, 1, 1, 1, 9e15};
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const auto equals = parts[i].find('=');
    const std::string_view key = parts[i].substr(0, equals);
    const auto known = std::find(keys.begin(), keys.end(), key);
    if (known == keys.end()) return bad_input("unknown key '" + std::string(key) + "'", at, suggest(key, keys));
    const auto position = static_cast<std::size_t>(known - keys.begin());
    const auto value = equals == std::string_view::npos ? std::nullopt : parse_number(parts[i].substr(equals + 1));
    if (!value || *value < 0 || *value > most[position])
      return bad_input("'" + std::string(parts[i]) + "' is no value for it", at,
                       *known + "=NUMBER from 0 to " + shortest(most[position]));
    *values[position] = *value;
  }
  if (lowest > highest) return bad_input("lowest is above highest", at, "give lowest <= highest");
  if (step < 1e-6) return bad_input("a step below a microwatt", at, "give step=0.000001 or more");
  device.lowest = Watts{lowest};
  device.highest = Watts{highest};
  device.step = Watts{step};
  device.latency = Seconds{latency_ms / 1000};
  device.seed = static_cast<std::uint64_t>(seed);
  return device;
}

Opened open_simulated(std::string_view text) {
  auto device = parse_simulated_device(text, "simulated:" + std::string(text));
  if (!device) return device.error();
  device->file = fs::absolute(device->file);
  auto port = std::make_unique<SimulatedPort>(std::move(*device), text);
  if (const auto level = port->stated(); !level) return level.error();
  return Opened(std::move(port));
}

}  // namespace cradle::actuator
