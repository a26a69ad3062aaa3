// What a process with a small steady load is billed while a build churns beside it: its own share, or the build's too.
#include <chrono>
#include <cmath>
#include <thread>

#include "group.h"
#include "poll.h"
#include "sections.h"
#include "watch.h"
#include "workloads.h"

namespace cradle::bench {

namespace {
using std::chrono::milliseconds;
}

Result<void> bystander_section(Context& context) {
  const Result<catalog::Catalog> catalog = catalog::Catalog::load();
  if (!catalog) return catalog.error();
  const auto folder = context.folder / "churn";
  write_small_c(folder, context.quick ? 20 : 120);
  Result<Group> quiet = Group::make(context.prefix + "bystander");
  if (!quiet) return quiet.error();
  Result<Group> busy = Group::make(context.prefix + "churn");
  if (!busy) return busy.error();

  // One watt for each processor at work: a joule is a CPU second, and what is billed can be set beside cpu.stat as it
  // is.
  const observe::ObserverOptions options = simulated_options("idle=0,core=1");
  const int periods_ms[] = {1000, 500, 5000};
  std::vector<std::unique_ptr<Watch>> watches;
  for (const int period : periods_ms) {
    Result<std::unique_ptr<Watch>> watch = Watch::start(options, *catalog, milliseconds(period));
    if (!watch) return watch.error();
    watches.push_back(std::move(*watch));
  }
  const BusyTime busy_before = read_busy();
  const pid_t bystander = start_bystander(*quiet, std::chrono::milliseconds(25), std::chrono::milliseconds(100));
  Poll each_second(milliseconds(1000), {&*quiet});
  Poll each_five(milliseconds(5000), {&*quiet});
  const int status = wait_for(start_builds(*busy, folder, milliseconds(context.quick ? 3000 : 20'000)));
  const double second = each_second.stop()[0].billed_ns;
  const double five = each_five.stop()[0].billed_ns;
  end(bystander);
  std::this_thread::sleep_for(milliseconds(300));
  std::vector<double> billed;
  std::string all;
  for (std::size_t k = 0; k < watches.size(); ++k) {
    const Result<const observe::Snapshot*> snapshot = watches[k]->stop();
    if (!snapshot) return snapshot.error();
    billed.push_back(static_cast<double>(dynamic_microjoules(**snapshot, quiet->path(), observe::Component::cpu)) *
                     1e3);
  }
  const BusyTime busy_after = read_busy();
  if (status != 0)
    return failure("the build ended with " + std::to_string(status), folder.string(), "is make, cc there?");

  const auto own = static_cast<double>(quiet->cpu_ns());
  for (std::size_t k = 0; k < billed.size(); ++k) {
    all += (k == 0 ? "" : ", ") + shown(billed[k] / own, Unit::share) + " at " +
           shown(periods_ms[k] * 1e-3, Unit::seconds);
  }
  const std::string baseline =
      "billed " + shown(second / own, Unit::share) + " at 1 s, " + shown(five / own, Unit::share) + " at 5 s";
  const double share = own / static_cast<double>(busy_after.busy_ns - busy_before.busy_ns);
  context.rows.push_back({"observe/bystander_error", std::abs(billed[0] / own - 1), Unit::share, baseline,
                          "billed " + all + " of its own; " + shown(share, Unit::share) + " of the machine's work"});
  double least = billed[0], most = billed[0];
  for (const double one : billed) {
    least = std::min(least, one);
    most = std::max(most, one);
  }
  context.rows.push_back(
      {"observe/interval_error", (most - least) / billed[0], Unit::share, "", "scans at 0.5, 1 and 5 s"});
  return {};
}

}  // namespace cradle::bench
