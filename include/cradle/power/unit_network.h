// A small on-chip network for units in lock step: 3 cycles and one for each hop of a mesh, two flits to a packet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cradle::power {

/// Cycle by cycle: ask `ready` and `arrived`, then `send` and `take`, then `tick`. Nothing is lost; a packet is held
/// until it is taken. Packets arrive in the order of their arrival times, of the same time in the order they were sent.
template <class Packet>
class UnitNetwork {
 public:
  static constexpr std::uint64_t base_cycles = 3, flits = 2;

  /// Tile of column x and row y is y * width + x; width >= 1.
  UnitNetwork(std::size_t tiles, std::size_t width) : width_(width), free_at_(tiles, 0), queues_(tiles) {}

  std::size_t tiles() const { return queues_.size(); }
  /// The sender of this tile can take a packet in this cycle.
  bool ready(std::size_t tile) const { return free_at_[tile] <= now_; }
  void send(std::size_t from, std::size_t to, const Packet& packet) {
    free_at_[from] = now_ + flits;
    const Flight flight{now_ + base_cycles + hops(from, to), packet};
    std::vector<Flight>& queue = queues_[to];
    std::size_t place = queue.size();
    while (place > 0 && queue[place - 1].arrives > flight.arrives) --place;
    queue.insert(queue.begin() + static_cast<std::ptrdiff_t>(place), flight);
  }
  /// The packet that waits for this tile, or null.
  const Packet* arrived(std::size_t tile) const {
    const std::vector<Flight>& queue = queues_[tile];
    return !queue.empty() && queue.front().arrives <= now_ ? &queue.front().packet : nullptr;
  }
  /// Precondition: arrived(tile) is not null.
  void take(std::size_t tile) { queues_[tile].erase(queues_[tile].begin()); }
  void tick() { ++now_; }

  /// Calls each(packet) for every packet that is on its way or not yet taken.
  template <class Each>
  void for_each(Each each) const {
    for (const std::vector<Flight>& queue : queues_)
      for (const Flight& flight : queue) each(flight.packet);
  }

 private:
  struct Flight {
    std::uint64_t arrives;
    Packet packet;
  };
  std::uint64_t hops(std::size_t a, std::size_t b) const {
    const auto distance = [](std::size_t p, std::size_t q) { return p < q ? q - p : p - q; };
    return distance(a % width_, b % width_) + distance(a / width_, b / width_);
  }

  std::size_t width_;
  std::uint64_t now_ = 0;
  std::vector<std::uint64_t> free_at_;
  std::vector<std::vector<Flight>> queues_;
};

}  // namespace cradle::power
