// Dynamic energy by group against a declared law: the simulated meter's, with cpu.stat and the generators' own counts
// as the truth of who used what.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <thread>

#include "cradle/base/random.h"
#include "cradle/meter/law.h"
#include "group.h"
#include "poll.h"
#include "sections.h"
#include "traffic.h"
#include "watch.h"
#include "workloads.h"

namespace cradle::bench {

namespace {

using std::chrono::milliseconds;

/// The truth for a law that is not linear in busy time: at each tick, what the law draws above idle, by share of
/// cpu.stat.
class LawTruth {
 public:
  LawTruth(const meter::SimulatedLaw& law, const std::vector<const Group*>& groups, int processors)
      : law_(law), groups_(groups), processors_(processors), cpu_(groups.size()), microjoules_(groups.size()) {
    step(false);
  }

  void step(bool counts = true) {
    const auto now = std::chrono::steady_clock::now();
    const BusyTime busy = read_busy();
    std::vector<std::int64_t> cpu;
    for (const Group* group : groups_) cpu.push_back(group->cpu_ns());
    if (counts && busy.busy_ns > busy_.busy_ns) {
      meter::Activity activity;
      activity.interval_ns = std::chrono::nanoseconds(now - at_).count();
      activity.processors = processors_;
      const double idle = package_energy(law_, activity).value();
      activity.busy_ns = busy.busy_ns - busy_.busy_ns;
      const double active = package_energy(law_, activity).value() - idle;
      for (std::size_t g = 0; g < groups_.size(); ++g) {
        microjoules_[g] += 1e6 * active * static_cast<double>(cpu[g] - cpu_[g]) / static_cast<double>(activity.busy_ns);
      }
    }
    at_ = now;
    busy_ = busy;
    cpu_ = cpu;
  }
  const std::vector<double>& microjoules() const { return microjoules_; }

 private:
  meter::SimulatedLaw law_;
  std::vector<const Group*> groups_;
  int processors_;
  std::chrono::steady_clock::time_point at_;
  BusyTime busy_;
  std::vector<std::int64_t> cpu_;
  std::vector<double> microjoules_;
};

struct Trial {
  std::string name, law;
  bool miss_ticks = false;
  std::unique_ptr<LawTruth> truth;  // outlives the watch, whose thread writes to it
  std::unique_ptr<Watch> watch;
};

}  // namespace

Result<void> meter_section(Context& context) {
  const Result<catalog::Catalog> catalog = catalog::Catalog::load();
  if (!catalog) return catalog.error();
  const int duty_percent[] = {8, 16, 32, 64};
  std::vector<Group> groups;
  groups.reserve(4);
  std::vector<const Group*> pointers;
  for (const int duty : duty_percent) {
    Result<Group> group = Group::make(context.prefix + "duty-" + std::to_string(duty));
    if (!group) return group.error();
    groups.push_back(std::move(*group));
    pointers.push_back(&groups.back());
  }

  const auto processors = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
  const std::string spoiled = ",noise=0.02,jitter_ms=1,missed=0.05,wrap_s=10";
  std::vector<Trial> trials(5);
  trials[0] = {"clean_linear", "idle=10,core=10", false, nullptr, nullptr};
  trials[1] = {"clean_cubic", "idle=10,core=5,cubic=3", false, nullptr, nullptr};
  trials[2] = {"clean_bytes", "idle=10,core=10,byte=1e-7", false, nullptr, nullptr};
  trials[3] = {"spoiled_linear", "idle=10,core=10" + spoiled, true, nullptr, nullptr};
  trials[4] = {"spoiled_cubic", "idle=10,core=5,cubic=3" + spoiled, true, nullptr, nullptr};
  for (Trial& trial : trials) {
    const Result<meter::SimulatedLaw> law = meter::parse_simulated_law(trial.law, "bench");
    if (!law) return law.error();
    trial.truth = std::make_unique<LawTruth>(*law, pointers, processors);
    Hooks hooks;
    hooks.after_tick = [truth = trial.truth.get()](const observe::Snapshot&) { truth->step(); };
    if (trial.miss_ticks)
      hooks.leave_out = [random = RandomStream(7, "missed ticks")]() mutable { return random.uniform() < 0.1; };
    Result<std::unique_ptr<Watch>> watch =
        Watch::start(simulated_options(trial.law), *catalog, milliseconds(1000), std::move(hooks));
    if (!watch) return watch.error();
    trial.watch = std::move(*watch);
  }

  const int seconds = context.quick ? 9 : 30;
  std::vector<pid_t> burners;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const int duty = duty_percent[g];
    burners.push_back(start_bystander(groups[g], milliseconds(duty), milliseconds(100 - duty)));
  }
  // Two of the groups write to a disk as well: 8 MB and 24 MB.
  const std::int64_t block_bytes[] = {8 << 20, 24 << 20};
  for (const std::size_t g : {0U, 1U}) {
    const auto file = context.folder / ("duty-" + std::to_string(g));
    const std::int64_t bytes = block_bytes[g];
    const int status = wait_for(groups[g].start([&] { return write_direct(file, bytes) ? 0 : 1; }));
    if (status != 0) return failure("no O_DIRECT writing", file.string(), "set TMPDIR to a folder on a disk");
  }
  std::this_thread::sleep_for(std::chrono::seconds(seconds));
  for (const pid_t burner : burners) end(burner);
  // The energy of a reading that did not come is in the next one: one regular tick more.
  std::this_thread::sleep_for(milliseconds(1200));

  for (Trial& trial : trials) {
    const Result<const observe::Snapshot*> snapshot = trial.watch->stop();
    if (!snapshot) return snapshot.error();
    const bool of_bytes = trial.name == "clean_bytes";
    double error = 0;
    std::string note;
    const std::size_t count = of_bytes ? 2 : groups.size();
    for (std::size_t g = 0; g < count; ++g) {
      const auto billed = static_cast<double>(dynamic_microjoules(
          **snapshot, groups[g].path(), of_bytes ? observe::Component::storage : observe::Component::cpu));
      const double truth = of_bytes ? static_cast<double>(block_bytes[g]) * 1e-7 * 1e6 : trial.truth->microjoules()[g];
      error += std::abs(billed / truth - 1) / static_cast<double>(count);
      note += (note.empty() ? "" : ", ") + shown(billed / truth, Unit::share);
    }
    context.rows.push_back({"observe/meter_error/" + trial.name, error, Unit::share, "",
                            "MAPE; by group " + note + (of_bytes ? " of the joules of the bytes" : "")});
  }
  return {};
}

}  // namespace cradle::bench
