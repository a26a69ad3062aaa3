// What happens at which tick: constant time to put in and to take out, in order of insertion within a tick.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <deque>
#include <vector>

#include "cradle/power/bank.h"

namespace cradle::power {

/// A ring of ticks, each with a list of chunks. Chunks are taken from those freed last, so that what is under way stays
/// in a small part of memory however long the ring is; a chunk should hold what a tick usually brings.
template <class Item, std::size_t ChunkBytes>
class TimingWheel {
 public:
  /// Nothing may be put in further ahead than `longest`.
  explicit TimingWheel(Ticks longest)
      : slots_(std::bit_ceil(static_cast<std::uint64_t>(longest) + 2)), mask_(slots_.size() - 1) {}

  /// At least one tick ahead of `now`.
  [[gnu::always_inline]] void push(Ticks now, Ticks at, const Item& item) {
    at = std::clamp(at, now + 1, now + static_cast<Ticks>(mask_));
    Slot& slot = slots_[static_cast<std::uint64_t>(at) & mask_];
    Chunk* chunk = slot.last;
    if (chunk == nullptr || chunk->count == Chunk::most) {
      Chunk* fresh = take();
      (chunk == nullptr ? slot.first : chunk->next) = fresh;
      slot.last = chunk = fresh;
    }
    chunk->items[chunk->count++] = item;
  }
  /// Something will soon be put in there.
  [[gnu::always_inline]] void expect(Ticks at) const {
    __builtin_prefetch(slots_[static_cast<std::uint64_t>(at) & mask_].last);
  }

  /// Calls with each item of this tick; and so that memory is asked for in time, with those of the next one `soon`, and
  /// `ready` with some of this one just before their turn, when what `soon` asked for is there.
  template <class Call, class Soon, class Ready>
  void drain(Ticks now, Call&& call, Soon&& soon, Ready&& ready) {
    Slot& slot = slots_[static_cast<std::uint64_t>(now) & mask_];
    Chunk* chunk = slot.first;
    slot = {};
    const Chunk* ahead = slots_[static_cast<std::uint64_t>(now + 1) & mask_].first;
    std::uint32_t ahead_at = 0;
    const auto look_ahead = [&]() __attribute__((always_inline)) {
      if (ahead == nullptr) return;
      soon(ahead->items[ahead_at]);
      if (++ahead_at < ahead->count) return;
      ahead_at = 0;
      ahead = ahead->next;
    };
    while (chunk != nullptr) {
      const std::uint32_t count = chunk->count;
      for (std::uint32_t i = 0; i < count; ++i) ready(chunk->items[i]);
      for (std::uint32_t i = 0; i < count; ++i) {
        look_ahead();
        look_ahead();
        call(chunk->items[i]);
      }
      Chunk* next = chunk->next;
      chunk->next = free_;
      free_ = chunk;
      chunk = next;
    }
    while (ahead != nullptr) look_ahead();
  }
  template <class Call, class Soon>
  void drain(Ticks now, Call&& call, Soon&& soon) {
    drain(now, call, soon, [](const Item&) {});
  }

 private:
  struct alignas(64) Chunk {
    static constexpr std::uint32_t most = std::max<std::uint32_t>(4, ChunkBytes / sizeof(Item));
    Chunk* next = nullptr;
    std::uint32_t count = 0;
    Item items[most];
  };
  struct Slot {
    Chunk* first = nullptr;
    Chunk* last = nullptr;
  };

  Chunk* take() {
    Chunk* fresh = free_;
    if (fresh == nullptr)
      fresh = &chunks_.emplace_back();
    else
      free_ = fresh->next;
    fresh->next = nullptr;
    fresh->count = 0;
    return fresh;
  }

  std::vector<Slot> slots_;
  std::uint64_t mask_;
  std::deque<Chunk> chunks_;  ///< they stay where they are
  Chunk* free_ = nullptr;
};

}  // namespace cradle::power
