#include "watch.h"

#include <condition_variable>
#include <mutex>
#include <utility>

namespace cradle::bench {

observe::ObserverOptions simulated_options(const std::string& law) {
  observe::ObserverOptions options;
  options.capture.tier = capture::Tier::bpf;
  options.meter.sources = {"simulated:" + law};
  return options;
}

std::int64_t dynamic_microjoules(const observe::Snapshot& snapshot, const std::string& path,
                                 observe::Component component) {
  std::int64_t sum = 0;
  for (const observe::GroupTotals& group : snapshot.groups) {
    if (group.path == path) sum += group.totals.dynamic_microjoules[static_cast<std::size_t>(component)];
  }
  return sum;
}

Result<std::unique_ptr<Watch>> Watch::start(const observe::ObserverOptions& options, const catalog::Catalog& catalog,
                                            std::chrono::milliseconds period, Hooks hooks) {
  Result<std::unique_ptr<observe::Observer>> observer = observe::Observer::open(options, catalog);
  if (!observer) return observer.error();
  std::unique_ptr<Watch> watch(new Watch);
  watch->observer_ = std::move(*observer);
  watch->period_ = period;
  watch->hooks_ = std::move(hooks);
  watch->thread_ = std::jthread([self = watch.get()](std::stop_token stop) {
    std::mutex mutex;
    std::condition_variable_any wake;
    auto next = std::chrono::steady_clock::now();
    while (!stop.stop_requested()) {
      next += self->period_;
      std::unique_lock lock(mutex);
      if (wake.wait_until(lock, stop, next, [] { return false; }) || stop.stop_requested()) break;
      if (!self->hooks_.leave_out || !self->hooks_.leave_out()) self->tick();
    }
  });
  return watch;
}

Watch::~Watch() {
  if (thread_.joinable()) {
    thread_.request_stop();
    thread_.join();
  }
}

void Watch::tick() {
  if (Result<void> ticked = observer_->tick(); !ticked && !error_) error_ = ticked.error();
  if (hooks_.after_tick) hooks_.after_tick(observer_->snapshot());
}

Result<const observe::Snapshot*> Watch::stop() {
  thread_.request_stop();
  thread_.join();
  tick();
  if (error_) return *error_;
  return &observer_->snapshot();
}

}  // namespace cradle::bench
