// What happens at which tick: constant time to put in and to take out, in order of insertion within a tick.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
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
    if (slot.last == none || chunks_[slot.last].count == Chunk::most) {
      const std::uint32_t fresh = take();
      (slot.last == none ? slot.first : chunks_[slot.last].next) = fresh;
      slot.last = fresh;
    }
    Chunk& chunk = chunks_[slot.last];
    chunk.items[chunk.count++] = item;
  }

  /// Calls with each item of this tick; and so that memory is asked for in time, with those of the next one `soon`, and
  /// `ready` with some of this one just before their turn, when what `soon` asked for is there.
  template <class Call, class Soon, class Ready>
  void drain(Ticks now, Call&& call, Soon&& soon, Ready&& ready) {
    Slot& slot = slots_[static_cast<std::uint64_t>(now) & mask_];
    std::uint32_t ahead = slots_[static_cast<std::uint64_t>(now + 1) & mask_].first, ahead_at = 0;
    const auto look_ahead = [&]() __attribute__((always_inline)) {
      if (ahead == none) return;
      soon(chunks_[ahead].items[ahead_at]);
      if (++ahead_at < chunks_[ahead].count) return;
      ahead_at = 0;
      ahead = chunks_[ahead].next;
    };
    std::uint32_t at = slot.first;
    slot = {};
    while (at != none) {
      const std::uint32_t count = chunks_[at].count;
      for (std::uint32_t i = 0; i < count; ++i) ready(chunks_[at].items[i]);
      for (std::uint32_t i = 0; i < count; ++i) {
        look_ahead();
        look_ahead();
        const Item item = chunks_[at].items[i];
        call(item);
      }
      const std::uint32_t next = chunks_[at].next;
      chunks_[at].next = free_;
      free_ = at;
      at = next;
    }
    while (ahead != none) look_ahead();
  }
  template <class Call, class Soon>
  void drain(Ticks now, Call&& call, Soon&& soon) {
    drain(now, call, soon, [](const Item&) {});
  }

 private:
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();
  struct Chunk {
    static constexpr std::uint32_t most = std::max<std::uint32_t>(4, ChunkBytes / sizeof(Item));
    std::uint32_t next = none, count = 0;
    Item items[most];
  };
  struct Slot {
    std::uint32_t first = none, last = none;
  };

  std::uint32_t take() {
    std::uint32_t fresh = free_;
    if (fresh == none) {
      fresh = static_cast<std::uint32_t>(chunks_.size());
      chunks_.emplace_back();
    } else {
      free_ = chunks_[fresh].next;
    }
    chunks_[fresh].next = none;
    chunks_[fresh].count = 0;
    return fresh;
  }

  std::vector<Slot> slots_;
  std::uint64_t mask_;
  std::vector<Chunk> chunks_;
  std::uint32_t free_ = none;
};

}  // namespace cradle::power
