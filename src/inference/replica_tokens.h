// A replica iteration by iteration: as long as the batch stays the same, iterations are passed in one jump.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

#include "replica_model.h"

namespace cradle::inference {

class TokenReplica {
 public:
  explicit TokenReplica(const ReplicaSetting& setting) : setting_(&setting) {
    const Service& s = setting.service;
    chunks_ = s.prefill_chunks;
    base_ms_ = batch_time_ms(s, 0) / (s.prefill_chunks + s.out_tokens);
  }

  std::int64_t in_system() const { return batch_ + static_cast<std::int64_t>(queue_.size()); }
  double next_event_ms() const { return next_event_ms_; }
  double work_left() const { return static_cast<double>(tokens_); }

  /// The boundary at next_event_ms: prompts that are read, requests that end, requests that join.
  void step() {
    const std::int64_t jump = next_ - iteration_;
    account(next_event_ms_);
    boundary_ms_ = next_event_ms_;
    attended_ += slope_ * jump;
    iteration_ = next_;
    fresh_.clear();
    for (; !reading_.empty() && reading_.front().iteration == iteration_; reading_.pop_front()) {
      const std::uint32_t request = reading_.front().request;
      const std::int64_t change = chunks_ - arrival(request).in_tokens;
      read_ += change, attended_ += change, slope_ += change;
      setting_->outcomes[request].itl_ms = boundary_ms_;  // until the end is known: when its prompt was read
      fresh_.push_back(request);
    }
    while (!ends_.empty() && ends_.front().iteration == iteration_) {
      std::pop_heap(ends_.begin(), ends_.end(), std::greater<>{});
      finish(ends_.back().request);
      ends_.pop_back();
    }
    admit();
    // The iteration that writes their first token is the next one, and its length is known only now.
    for (const std::uint32_t request : fresh_)
      setting_->outcomes[request].ttft_ms = boundary_ms_ + elapsed_ms(1) - arrival(request).at_ms;
    schedule();
  }

  /// A request arrives; no event is due before. False: the queue is full.
  bool offer(std::uint32_t request, double now) {
    const Service& s = setting_->service;
    if (in_system() >= s.max_batch + static_cast<std::int64_t>(s.max_queue)) return false;
    const bool first = queue_.empty();
    queue_.push_back(request);
    tokens_ += arrival(request).in_tokens + arrival(request).out_tokens;
    // An idle replica begins at once, with all that come at the same moment.
    if (batch_ == 0 || (iteration_ == 0 && boundary_ms_ == now)) {
      account(now);
      boundary_ms_ = now;
      iteration_ = 0;
      admit();
      schedule();
    } else if (first && batch_ < s.max_batch) {
      join_ = iteration_ + iterations_until(now);
      schedule();
    }
    return true;
  }

  void account(double now) { usage.account(now, static_cast<std::size_t>(batch_), setting_->watts); }
  Usage usage;

 private:
  struct Mark {
    std::int64_t iteration;
    std::uint32_t request;
    friend bool operator>(const Mark& a, const Mark& b) {
      return a.iteration != b.iteration ? a.iteration > b.iteration : a.request > b.request;
    }
  };
  static constexpr std::int64_t none = std::numeric_limits<std::int64_t>::max();

  const Arrival& arrival(std::uint32_t request) const { return setting_->arrivals[request]; }

  /// Time of the next `count` iterations with the batch as it is: the tokens attended to grow by the same number in
  /// each of them.
  double elapsed_ms(std::int64_t count) const {
    const auto k = static_cast<double>(count);
    return k * first_ms() + growth_ms() * k * (k - 1) / 2;
  }
  double first_ms() const {
    const Service& s = setting_->service;
    return base_ms_ + (s.beta_ms * static_cast<double>(read_) + s.gamma_ms * static_cast<double>(attended_)) /
                          static_cast<double>(chunks_);
  }
  double growth_ms() const {
    return setting_->service.gamma_ms * static_cast<double>(slope_) / static_cast<double>(chunks_);
  }

  /// The least number of iterations, at least 1, that end at `now` or after; at most those to the next event.
  std::int64_t iterations_until(double now) const {
    const std::int64_t most = next_ - iteration_;
    const double span = now - boundary_ms_, half = growth_ms() / 2, linear = first_ms() - half;
    if (span <= first_ms()) return 1;
    // half k^2 + linear k = span, in the form that is safe when half is 0.
    const double root = 2 * span / (linear + std::sqrt(linear * linear + 4 * half * span));
    std::int64_t k =
        root >= static_cast<double>(most) ? most : std::max<std::int64_t>(1, std::llround(std::ceil(root)));
    while (k > 1 && elapsed_ms(k - 1) >= span) --k;
    while (k < most && elapsed_ms(k) < span) ++k;
    return k;
  }

  void admit() {
    join_ = none;
    for (; batch_ < setting_->service.max_batch && !queue_.empty(); queue_.pop_front()) {
      const std::uint32_t request = queue_.front();
      const Arrival& a = arrival(request);
      ++batch_;
      read_ += a.in_tokens, attended_ += a.in_tokens, slope_ += a.in_tokens;
      reading_.push_back({iteration_ + chunks_, request});
      ends_.push_back({iteration_ + chunks_ + a.out_tokens, request});
      std::push_heap(ends_.begin(), ends_.end(), std::greater<>{});
      setting_->outcomes[request].waiting_ms = boundary_ms_ - a.at_ms;
    }
  }

  void finish(std::uint32_t request) {
    const Arrival& a = arrival(request);
    --batch_;
    read_ -= chunks_, slope_ -= chunks_;
    attended_ -= chunks_ * (static_cast<std::int64_t>(a.in_tokens) + a.out_tokens + 1);
    tokens_ -= static_cast<std::int64_t>(a.in_tokens) + a.out_tokens;
    Outcome& outcome = setting_->outcomes[request];
    outcome.itl_ms = (boundary_ms_ - outcome.itl_ms) / a.out_tokens;
    outcome.total_ms = boundary_ms_ - a.at_ms;
  }

  void schedule() {
    next_ = join_;
    if (!reading_.empty()) next_ = std::min(next_, reading_.front().iteration);
    if (!ends_.empty()) next_ = std::min(next_, ends_.front().iteration);
    next_event_ms_ = batch_ == 0 ? never : boundary_ms_ + elapsed_ms(next_ - iteration_);
  }

  const ReplicaSetting* setting_;
  std::int64_t chunks_ = 1;
  double base_ms_ = 0;
  std::deque<std::uint32_t> queue_;
  std::deque<Mark> reading_;  ///< prompts are read in the order of joining
  std::vector<Mark> ends_;    ///< heap, least iteration first
  std::vector<std::uint32_t> fresh_;
  std::int64_t batch_ = 0;
  std::int64_t tokens_ = 0;     ///< of unfinished requests
  std::int64_t iteration_ = 0;  ///< that begins at boundary_ms_
  std::int64_t join_ = none;    ///< boundary at which the queue may join a batch with room
  std::int64_t next_ = none;
  double boundary_ms_ = 0;
  double next_event_ms_ = never;
  // Of the iteration that begins at the boundary, in 1 / c of a token, so that chunks stay whole numbers.
  std::int64_t read_ = 0;      ///< tokens read or written
  std::int64_t attended_ = 0;  ///< tokens attended to
  std::int64_t slope_ = 0;     ///< growth of `attended_` with each iteration
};

}  // namespace cradle::inference
