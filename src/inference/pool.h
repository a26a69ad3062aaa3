// The replicas of a run: who is ready, who takes the next request, who leaves once it is empty.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <vector>

#include "cradle/base/random.h"
#include "replica_model.h"

namespace cradle::inference {

template <class Replica>
class Pool {
 public:
  Pool(const ReplicaSetting& setting, Routing routing, std::uint64_t seed)
      : setting_(&setting), routing_(routing), chance_(seed, "routing") {}

  int ready() const { return static_cast<int>(ready_.size()); }
  int wanted() const { return static_cast<int>(ready_.size() + starting_.size()); }
  /// Ready, starting or draining.
  int on() const {
    return static_cast<int>(std::count_if(slots_.begin(), slots_.end(), [](const Slot& s) { return s.state != off; }));
  }

  /// Everything that happens up to and at `now`; never earlier than the call before.
  void advance(double now) {
    while (!starting_.empty() && starting_.front().ready_ms <= now) {
      slots_[starting_.front().slot].state = State::ready;
      ready_.push_back(starting_.front().slot);
      starting_.pop_front();
    }
    for (std::size_t i = 0; i < next_.size(); ++i)
      while (next_[i] <= now) step(i);
  }

  /// All requests to their end.
  void finish() {
    for (std::size_t i = 0; i < next_.size(); ++i)
      while (next_[i] < never) step(i);
  }

  /// `advance` to `now` comes first. At least one replica is ready.
  void arrive(std::uint32_t request, double now) {
    const std::size_t i = choose();
    if (!slots_[i].replica.offer(request, now))
      setting_->outcomes[request].blocked = true;
    else
      next_[i] = slots_[i].replica.next_event_ms();
  }

  /// Towards `replicas` ready or starting ones; at least one stays ready. A new one is ready `startup_ms` later.
  void scale(int replicas, double now, double startup_ms) {
    while (wanted() < replicas) {
      const std::size_t i = reusable();
      Slot& slot = slots_[i];
      if (slot.state == State::draining) {
        slot.state = State::ready;
        ready_.push_back(i);
        continue;
      }
      slot.since_ms = slot.replica.usage.upto_ms = now;
      if (startup_ms > 0) {
        slot.state = State::starting;
        starting_.push_back({now + startup_ms, i});
      } else {
        slot.state = State::ready;
        ready_.push_back(i);
      }
    }
    for (; wanted() > replicas && !starting_.empty(); starting_.pop_back()) turn_off(starting_.back().slot, now);
    while (ready() > std::max(1, replicas)) drain(now);
  }

  struct Totals {
    double busy_ms = 0, watt_ms = 0, on_ms = 0;
  };
  /// Since the beginning. `advance` to `now` comes first.
  Totals totals(double now) {
    Totals sums;
    for (Slot& slot : slots_) {
      if (slot.state != State::off) {
        slot.replica.account(now);
        slot.on_ms += now - slot.since_ms;
        slot.since_ms = now;
      }
      sums.busy_ms += slot.replica.usage.busy_ms;
      sums.watt_ms += slot.replica.usage.watt_ms;
      sums.on_ms += slot.on_ms;
    }
    return sums;
  }

 private:
  enum class State { off, starting, ready, draining };
  static constexpr State off = State::off;
  struct Slot {
    Replica replica;
    State state = State::off;
    double since_ms = 0;  ///< on, and not yet counted in on_ms
    double on_ms = 0;
  };
  struct Start {
    double ready_ms;
    std::size_t slot;
  };

  void step(std::size_t i) {
    Slot& slot = slots_[i];
    const double now = next_[i];
    slot.replica.step();
    next_[i] = slot.replica.next_event_ms();
    if (slot.state == State::draining && slot.replica.in_system() == 0) turn_off(i, now);
  }

  std::size_t choose() {
    if (routing_ == Routing::random) return ready_[chance_.below(ready_.size())];
    std::size_t best = ready_.front();
    if (routing_ == Routing::shortest_queue) {
      for (const std::size_t i : ready_)
        if (slots_[i].replica.in_system() < slots_[best].replica.in_system()) best = i;
    } else {
      for (const std::size_t i : ready_)
        if (slots_[i].replica.work_left() < slots_[best].replica.work_left()) best = i;
    }
    return best;
  }

  /// A draining replica, else one that is off.
  std::size_t reusable() {
    std::size_t found = slots_.size();
    for (std::size_t i = slots_.size(); i-- > 0;) {
      if (slots_[i].state == State::draining) return i;
      if (slots_[i].state == State::off) found = i;
    }
    if (found == slots_.size()) {
      slots_.push_back({Replica(*setting_)});
      next_.push_back(never);
    }
    return found;
  }

  /// The ready replica with the fewest requests takes no more.
  void drain(double now) {
    auto least = ready_.begin();
    for (auto it = ready_.begin(); it != ready_.end(); ++it)
      if (slots_[*it].replica.in_system() <= slots_[*least].replica.in_system()) least = it;
    const std::size_t i = *least;
    ready_.erase(least);
    slots_[i].state = State::draining;
    if (slots_[i].replica.in_system() == 0) turn_off(i, now);
  }

  void turn_off(std::size_t i, double now) {
    Slot& slot = slots_[i];
    slot.replica.account(now);
    slot.on_ms += now - slot.since_ms;
    slot.state = State::off;
  }

  const ReplicaSetting* setting_;
  Routing routing_;
  RandomStream chance_;
  std::vector<Slot> slots_;
  std::vector<double> next_;        ///< time of each slot's next event
  std::vector<std::size_t> ready_;  ///< slots that take requests
  std::deque<Start> starting_;      ///< the first one ready first: all take the same time
};

}  // namespace cradle::inference
