// The event core: what happens next, in order of time and, at equal times, in order of insertion.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace cradle::simulate {

/// A 4-ary heap of (time, sequence, payload). Four children a node halve the depth of a binary heap, and the children
/// of a node lie side by side. push and pop allocate only when the queue grows beyond its largest size so far.
template <class Payload>
class EventQueue {
 public:
  struct Event {
    std::int64_t time;
    std::uint64_t sequence;
    Payload payload;
  };

  void reserve(std::size_t count) { heap_.reserve(count); }
  bool empty() const { return heap_.empty(); }
  std::size_t size() const { return heap_.size(); }
  /// Precondition of next_time, next and pop: not empty.
  std::int64_t next_time() const { return heap_.front().time; }
  const Payload& next() const { return heap_.front().payload; }

  void push(std::int64_t time, Payload payload) {
    heap_.push_back({time, sequence_++, std::move(payload)});
    std::size_t at = heap_.size() - 1;
    while (at > 0) {
      const std::size_t parent = (at - 1) / 4;
      if (!before(heap_[at], heap_[parent])) break;
      std::swap(heap_[at], heap_[parent]);
      at = parent;
    }
  }

  Event pop() {
    Event first = std::move(heap_.front());
    if (heap_.size() > 1) heap_.front() = std::move(heap_.back());
    heap_.pop_back();
    std::size_t at = 0;
    for (;;) {
      const std::size_t child = 4 * at + 1;
      if (child >= heap_.size()) break;
      std::size_t least = child;
      const std::size_t end = child + 4 < heap_.size() ? child + 4 : heap_.size();
      for (std::size_t other = child + 1; other < end; ++other)
        if (before(heap_[other], heap_[least])) least = other;
      if (!before(heap_[least], heap_[at])) break;
      std::swap(heap_[at], heap_[least]);
      at = least;
    }
    return first;
  }

 private:
  static bool before(const Event& a, const Event& b) {
    return a.time != b.time ? a.time < b.time : a.sequence < b.sequence;
  }
  std::vector<Event> heap_;
  std::uint64_t sequence_ = 0;
};

}  // namespace cradle::simulate
