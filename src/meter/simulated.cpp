#include "simulated.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "counter.h"
#include "cradle/base/random.h"
#include "cradle/base/text.h"
#include "sources.h"

namespace cradle::meter {

using carbon::Joules;
using carbon::Seconds;
using carbon::Watts;

namespace {

Seconds length(const Activity& activity) {
  return Seconds{static_cast<double>(std::max<std::int64_t>(0, activity.interval_ns)) * 1e-9};
}

Watts package_power(const SimulatedLaw& law, double busy) {
  return law.idle + law.core * busy + law.cubic * (busy * busy * busy);
}

Joules bytes_energy(const SimulatedLaw& law, std::int64_t bytes) {
  return law.byte * carbon::Bytes{static_cast<double>(std::max<std::int64_t>(0, bytes))};
}

class SimulatedMeter : public Meter {
 public:
  explicit SimulatedMeter(const SimulatedLaw& law) : law_(law), draws_(law.seed, "simulated meter") {
    constexpr std::array<std::pair<const char*, ZoneKind>, 3> kinds = {
        {{"package-0", ZoneKind::package}, {"disk", ZoneKind::disk}, {"network", ZoneKind::network}}};
    for (const auto& [name, kind] : kinds) {
      Zone zone;
      zone.name = name;
      zone.kind = kind;
      zone.path = "declared law";
      zone.source = "simulated";
      zone.knowledge = knowledge_of(zone.source);
      zone.uncertainty = law.noise;
      zone.uncertainty_source = "the law's declared noise of one reading";
      zones_.push_back(std::move(zone));
    }
  }

  const std::vector<Zone>& zones() const override { return zones_; }

  std::vector<ZoneReading> read(Instant, const Activity& activity) override {
    const double seconds = length(activity).value();
    const Joules idle = law_.idle * length(activity);
    if (seconds > 0) owed_idle_ += idle.value();
    const std::array<Joules, 3> truth = {package_energy(law_, activity), bytes_energy(law_, activity.block_bytes),
                                         bytes_energy(law_, activity.network_bytes)};
    // Drawn whether used or not, so that one fault leaves the others where they were.
    const double late = seconds > 0 ? std::min(1.0, draws_.uniform() * law_.jitter.value() / seconds) : 0;
    const bool missed = draws_.uniform() < law_.missed && marked_;

    std::vector<ZoneReading> readings(zones_.size());
    for (std::size_t i = 0; i < zones_.size(); ++i) {
      State& state = states_[i];
      readings[i].zone = i;
      const double noisy = marked_ ? std::max(0.0, truth[i].value() * (1 + law_.noise * draws_.normal())) : 0;
      state.counted += state.whole.add((state.held + noisy * (1 - late)) * 1e6);
      state.held = noisy * late;  // shown by the reading after this one
      if (missed) {
        readings[i].event = "no reading: missed";
        continue;
      }
      const std::int64_t range = range_of(activity.processors);
      if (range != state.range) {
        state.counter = EnergyCounter({range, {}});
        state.counter.step(range > 0 ? state.told % range : state.told, 0);
        state.range = range;
      }
      CounterStep step = state.counter.step(range > 0 ? state.counted % range : state.counted, activity.interval_ns);
      state.told = state.counted;
      readings[i].microjoules = step.microjoules;
      readings[i].event = std::move(step.event);
    }
    if (!marked_) owed_idle_ = 0;
    if (!missed) {
      readings[0].idle_known = true;
      readings[0].idle_microjoules = std::min(readings[0].microjoules, idle_.add(owed_idle_ * 1e6));
      readings[1].idle_known = readings[2].idle_known = true;
      owed_idle_ = 0;
    }
    marked_ = true;
    return readings;
  }

 private:
  struct State {
    std::int64_t counted = 0, told = 0;
    std::int64_t range = 0;
    double held = 0;
    WholeMicrojoules whole;
    EnergyCounter counter;
  };

  /// What the counter holds between two wraps at full load; disk and network are given that of the package.
  std::int64_t range_of(int processors) const {
    if (law_.wrap.value() <= 0) return 0;
    const Joules range = package_power(law_, std::max(1, processors)) * law_.wrap;
    return static_cast<std::int64_t>(std::clamp(range.value() * 1e6, 1.0, 9e15));
  }

  SimulatedLaw law_;
  RandomStream draws_;
  std::vector<Zone> zones_;
  std::array<State, 3> states_;
  WholeMicrojoules idle_;
  double owed_idle_ = 0;
  bool marked_ = false;
};

}  // namespace

Joules package_energy(const SimulatedLaw& law, const Activity& activity) {
  const Seconds seconds = length(activity);
  if (seconds.value() <= 0) return Joules{0};
  const double busy = static_cast<double>(std::max<std::int64_t>(0, activity.busy_ns)) * 1e-9 / seconds.value();
  return package_power(law, busy) * seconds;
}

Joules energy(const SimulatedLaw& law, const Activity& activity) {
  return package_energy(law, activity) + bytes_energy(law, activity.block_bytes) +
         bytes_energy(law, activity.network_bytes);
}

Result<SimulatedLaw> parse_simulated_law(std::string_view text, std::string_view where) {
  SimulatedLaw law;
  double wrap = 0, jitter = 0, seed = 1, idle = law.idle.value(), core = law.core.value(), cubic = 0, byte = 0;
  struct Key {
    const char* name;
    double* value;
    double high;
  };
  const std::array<Key, 9> keys = {{{"idle", &idle, 1e6},
                                    {"core", &core, 1e6},
                                    {"cubic", &cubic, 1e6},
                                    {"byte", &byte, 1},
                                    {"noise", &law.noise, 1},
                                    {"wrap_s", &wrap, 1e9},
                                    {"jitter_ms", &jitter, 1e6},
                                    {"missed", &law.missed, 1},
                                    {"seed", &seed, 9e15}}};
  std::vector<std::string> names;
  for (const Key& key : keys) names.emplace_back(key.name);
  std::set<std::string_view> given;
  for (const std::string_view part : split(text, ',')) {
    const std::size_t equals = part.find('=');
    const std::string_view name = trim(part.substr(0, equals));
    const auto key = std::find_if(keys.begin(), keys.end(), [&](const Key& k) { return name == k.name; });
    if (key == keys.end())
      return bad_input("the simulated meter has no '" + std::string(name) + "'", std::string(where),
                       suggest(name, names));
    if (!given.insert(key->name).second)
      return bad_input("'" + std::string(name) + "' is there twice", std::string(where), "give it once");
    const auto value = equals == std::string_view::npos ? std::nullopt : parse_number(trim(part.substr(equals + 1)));
    if (!value || *value < 0 || *value > key->high || (key->value == &seed && std::floor(*value) != *value))
      return bad_input("'" + std::string(part) + "' is no value of the simulated meter", std::string(where),
                       "write " + std::string(name) + "=NUMBER with a number in 0 .. " + shortest(key->high));
    *key->value = *value;
  }
  law.idle = Watts{idle};
  law.core = Watts{core};
  law.cubic = Watts{cubic};
  law.byte = JoulesPerByte{byte};
  law.wrap = Seconds{wrap};
  law.jitter = Seconds{jitter * 1e-3};
  law.seed = static_cast<std::uint64_t>(seed);
  return law;
}

std::unique_ptr<Meter> make_simulated_meter(const SimulatedLaw& law) { return std::make_unique<SimulatedMeter>(law); }

}  // namespace cradle::meter
