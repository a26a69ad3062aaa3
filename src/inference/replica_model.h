// A replica that follows the queueing model's law exactly: exponential work, served at 1 / tau(batch).
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "cradle/inference/replica_simulation.h"
#include "phases.h"

namespace cradle::inference {

/// What replicas of one run share: the law, the power of each batch, and where outcomes go.
struct ReplicaSetting {
  Service service;
  PhaseLaw phases;
  std::vector<double> tau_ms;  ///< by batch; [0] unused
  std::vector<double> watts;   ///< by batch, 0 .. max_batch
  std::span<const Arrival> arrivals;
  std::span<const double> work;  ///< of each request, mean 1; `model` only
  std::span<Outcome> outcomes;
};

inline constexpr double never = std::numeric_limits<double>::infinity();

/// Sums over time that each replica keeps up to its last event.
struct Usage {
  double busy_ms = 0;  ///< integral of the batch
  double watt_ms = 0;  ///< millijoules
  double upto_ms = 0;
  void account(double now_ms, std::size_t batch, const std::vector<double>& watts) {
    const double span = now_ms - upto_ms;
    busy_ms += span * static_cast<double>(batch);
    watt_ms += span * watts[batch];
    upto_ms = now_ms;
  }
};

/// A clock of work runs at 1 / tau(batch), so that a request which joins at V with work x leaves at V + x: one heap,
/// no events but arrivals and ends.
class ModelReplica {
 public:
  explicit ModelReplica(const ReplicaSetting& setting) : setting_(&setting) {}

  std::int64_t in_system() const { return static_cast<std::int64_t>(batch_.size() + queue_.size()); }
  double next_event_ms() const {
    return batch_.empty() ? never : std::max(upto_ms_, upto_ms_ + (batch_.front().ends - clock_) * tau());
  }
  double work_left() const { return admitted_ - clock_ * static_cast<double>(batch_.size()) + queued_; }

  /// The event at next_event_ms: a request ends, and the first that waits takes its place.
  void step() {
    const double now = next_event_ms();
    account(now);
    upto_ms_ = now;
    const Entry done = batch_.front();
    clock_ = done.ends;
    std::pop_heap(batch_.begin(), batch_.end(), std::greater<>{});
    batch_.pop_back();
    admitted_ -= done.ends;
    record(done, now);
    if (!queue_.empty()) {
      const std::uint32_t next = queue_.front();
      queue_.pop_front();
      queued_ -= setting_->work[next];
      join(next, now);
    } else if (batch_.empty()) {
      clock_ = admitted_ = queued_ = 0;
    }
  }

  /// A request arrives; no event is due before. False: the queue is full.
  bool offer(std::uint32_t request, double now) {
    if (in_system() >= setting_->service.max_batch + static_cast<std::int64_t>(setting_->service.max_queue))
      return false;
    if (static_cast<int>(batch_.size()) == setting_->service.max_batch) {
      queue_.push_back(request);
      queued_ += setting_->work[request];
      return true;
    }
    account(now);
    if (!batch_.empty()) clock_ = std::min(clock_ + (now - upto_ms_) / tau(), batch_.front().ends);
    upto_ms_ = now;
    join(request, now);
    return true;
  }

  void account(double now) { usage.account(now, batch_.size(), setting_->watts); }
  Usage usage;

 private:
  struct Entry {
    double ends;
    double joined_ms;
    std::uint32_t request;
    std::uint32_t others;
    friend bool operator>(const Entry& a, const Entry& b) {
      return a.ends != b.ends ? a.ends > b.ends : a.request > b.request;
    }
  };

  double tau() const { return setting_->tau_ms[batch_.size()]; }

  void join(std::uint32_t request, double now) {
    const auto others = static_cast<std::uint32_t>(batch_.size());
    batch_.push_back({clock_ + setting_->work[request], now, request, others});
    std::push_heap(batch_.begin(), batch_.end(), std::greater<>{});
    admitted_ += clock_ + setting_->work[request];
  }

  void record(const Entry& entry, double now) {
    Outcome& outcome = setting_->outcomes[entry.request];
    const double arrived = setting_->arrivals[entry.request].at_ms, work = setting_->work[entry.request];
    const double pace = work > 0 ? (now - entry.joined_ms) / work : setting_->tau_ms[entry.others + 1];
    const Phases phases = setting_->phases(entry.others, pace);
    outcome.waiting_ms = entry.joined_ms - arrived;
    outcome.ttft_ms = outcome.waiting_ms + phases.first_ms;
    outcome.itl_ms = phases.itl_ms;
    outcome.total_ms = now - arrived;
  }

  const ReplicaSetting* setting_;
  std::vector<Entry> batch_;  ///< heap, least end first
  std::deque<std::uint32_t> queue_;
  double clock_ = 0;  ///< work that a request in the batch since it was last empty has got, at upto_ms_
  double upto_ms_ = 0;
  double admitted_ = 0;  ///< sum of the ends in the batch
  double queued_ = 0;    ///< sum of the work that waits
};

}  // namespace cradle::inference
