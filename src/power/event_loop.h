// What both event protocols share: turns, the network, crashes, changes of demand, and what is measured.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "cradle/base/random.h"
#include "cradle/power/events.h"
#include "timing_wheel.h"

namespace cradle::power {

inline constexpr Ticks ticks_per_period = 1024;

inline Ticks to_ticks(double periods) {
  return static_cast<Ticks>(std::llround(std::min(periods, 1e12) * static_cast<double>(ticks_per_period)));
}

/// The other end of a link.
struct Peer {
  Tile tile = 0;
  std::uint32_t at = 0;       ///< where a model keeps its end of the link
  std::uint16_t link = 0;     ///< its number there
  std::uint16_t latency = 1;  ///< ticks
};

/// Partners of a tile by number of the link: near, then far.
Peer peer_of(const Topology& topology, Tile tile, std::uint32_t link, const EventOptions& options);

/// Turns an outcome's raw sums into its figures.
struct EventSums {
  std::int64_t budget = 0, floors = 0;
  std::int64_t limit_at_end = 0;              ///< the budget in force then, without floors
  double most_over_share = 0, most_over = 0;  ///< of the budget at the time; coins
  double over_coin_ticks = 0;
  double heat_ticks = 0;  ///< most of the integral of (load / budget)^2 - 1
  std::int64_t lost = 0;  ///< of the budget, neither held nor in flight nor in the bank
  std::uint64_t messages = 0;
  Ticks ticks = 0;
  Ticks redrawn = 0;         ///< when all demands were drawn anew for the last time; 0: never
  double redrawn_error = 0;  ///< mean error right after it
};
void finish(EventOutcome& outcome, const EventSums& sums, const Tiles& at_end, double trace_every);

/// `Model` derives from it and offers: turn, deliver, timer, end (a crash), restart, demand_changed, soon, far_soon,
/// tick, held.
template <class Model, class Packet>
class EventLoop {
 public:
  EventLoop(const Topology& topology, const Tiles& tiles, const EventOptions& options)
      : topology_(topology),
        tiles_(tiles),
        options_(options),
        wakes_(options.seed, "power.wakes"),
        network_(options.seed, "power.network"),
        activity_(options.seed, "power.activity"),
        deliveries_(5 * longest_latency(topology, options)),
        timers_(longest_timer(options)),
        clocks_(topology.tiles()) {
    for (const Coins demand : tiles.demand)
      if (demand > 0) asked_.push_back(demand);
    const double two32 = 4294967296.0;
    lost_below_ = static_cast<std::uint64_t>(options.loss * two32);
    doubled_below_ = static_cast<std::uint32_t>(options.duplicate * 65536);
    late_below_ = static_cast<std::uint32_t>(options.reorder * 65536);
    crash_below_ = static_cast<std::uint64_t>(options.crash * 281474976710656.0);
    dynamic_ = options.fastest != 1 || options.slowest != 1;
    fastest_ = std::max<Ticks>(1, to_ticks(options.fastest));
    slowest_ = to_ticks(options.slowest);
    sums_.budget = budget(tiles);
    for (const Coins floor : tiles.floor) sums_.floors += floor;
    limit(sums_.budget - sums_.floors);
  }

  EventOutcome run() {
    RandomStream phases(options_.seed, "power.phases");
    for (Tile tile = 0; tile < topology_.tiles(); ++tile) {
      clocks_[tile].interval = static_cast<std::uint32_t>(std::max(fastest_, std::min(slowest_, ticks_per_period)));
      clocks_[tile].until_far = options_.far_every;
      schedule_turn(tile, 1 + static_cast<Ticks>(phases.below(ticks_per_period)));
    }
    const Ticks end = to_ticks(options_.periods);
    const Ticks change = options_.activity > 0 ? std::max<Ticks>(1, to_ticks(options_.activity)) : 0;
    const Ticks trace = std::max<Ticks>(1, to_ticks(options_.trace_every));
    const Ticks last_crash = to_ticks(options_.crash_until);
    outcome_.error_trace.push_back(mean_error(model().snapshot()));
    for (now_ = 1; now_ <= end; ++now_) {
      crashes_on_ = crash_below_ > 0 && now_ <= last_crash;
      apart_ = !options_.partitions.empty();
      deliveries_.drain(
          now_,
          [this](const Delivery& delivery) {
            ++outcome_.events;
            model().deliver(delivery.to, delivery.at, delivery.link, delivery.packet);
          },
          [this](const Delivery& delivery) __attribute__((always_inline)) { model().soon(delivery.to, delivery.at); });
      model().tick();
      timers_.drain(
          now_, [this](const Timer& timer) { fire(timer); },
          [this](const Timer& timer) __attribute__((always_inline)) {
            __builtin_prefetch(&clocks_[timer.tile()]);
            model().soon(timer.tile());
          },
          [this](const Timer& timer) __attribute__((always_inline)) {
            const Clock& clock = clocks_[timer.tile()];
            if (clock.until_far == 1 && timer.kind() == TimerKind::turn) model().far_soon(timer.tile(), clock.far);
          });
      if (over_ > 0 || heat_ > 0) warm();
      if (now_ % trace == 0) outcome_.error_trace.push_back(mean_error(model().snapshot()));
      if (now_ % ticks_per_period == 0) {
        const auto period = static_cast<std::uint64_t>(now_ / ticks_per_period);
        if (options_.on_period) options_.on_period(period, model().snapshot().held);
        outcome_.interrupted = options_.go_on && !options_.go_on(period);
        if (outcome_.interrupted || (options_.most_events > 0 && outcome_.events >= options_.most_events)) {
          ++now_;
          break;
        }
      }
      // After all that is told of this moment, so that nothing is judged against demands that nobody could follow yet.
      if (change > 0 && now_ % change == 0 && now_ < end) {
        change_demands();
        sums_.redrawn = now_;
        sums_.redrawn_error = mean_error(model().snapshot());
      }
    }
    sums_.ticks = now_ - 1;
    sums_.limit_at_end = limit_;
    model().close_books();
    finish(outcome_, sums_, model().snapshot(), options_.trace_every);
    return std::move(outcome_);
  }

 protected:
  enum class TimerKind : std::uint8_t { turn, restart, renew, watchdog };
  /// In one word: there are many, all over the wheel.
  class Timer {
   public:
    Timer() = default;
    Timer(Tile tile, TimerKind kind) : word_(tile << 2 | static_cast<std::uint32_t>(kind)) {}
    Tile tile() const { return word_ >> 2; }
    TimerKind kind() const { return static_cast<TimerKind>(word_ & 3U); }

   private:
    std::uint32_t word_ = 0;
  };
  struct Delivery {
    Tile to = 0;
    std::uint32_t at = 0;
    std::uint16_t link = 0;
    Packet packet;
  };
  struct alignas(32) Clock {
    Ticks next_turn = 0, last_turn = 0;
    std::uint32_t interval = 0, until_far = 0;
    std::uint16_t near = 0, far = 0;
    bool down = false;
  };

  Model& model() { return static_cast<Model&>(*this); }

  /// The link whose turn has come: neighbours in turn, and each far_every-th time the next far partner,
  /// the furthest first: coins that must cross the die do so early.
  std::uint32_t next_link(Tile tile, std::uint32_t near, std::uint32_t links) {
    Clock& clock = clocks_[tile];
    const std::uint32_t far = links - near;
    if (near == 0 || (options_.far_every > 0 && far > 0 && --clock.until_far == 0)) {
      clock.until_far = options_.far_every;
      if (clock.far >= far) clock.far = 0;
      return links - 1 - clock.far++;
    }
    if (clock.near >= near) clock.near = 0;
    return clock.near++;
  }

  bool cut_off(Tile a, Tile b) const {
    return apart_ && std::any_of(options_.partitions.begin(), options_.partitions.end(), [&](const Partition& part) {
             return within(part) && inside(part, a) != inside(part, b);
           });
  }
  /// From the bank.
  bool cut_off(Tile tile) const {
    return apart_ && std::any_of(options_.partitions.begin(), options_.partitions.end(),
                                 [&](const Partition& part) { return within(part) && inside(part, tile); });
  }

  /// How many times it will arrive.
  [[gnu::always_inline]] int send(Tile from, const Peer& peer, const Packet& packet) {
    ++sums_.messages;
    const std::uint64_t draw = network_.next();
    if ((draw & 0xffffffffU) < lost_below_ || cut_off(from, peer.tile)) return 0;
    Ticks latency = peer.latency;
    if (((draw >> 48) & 0xffffU) < late_below_) latency += lateness(peer.latency);
    deliveries_.push(now_, now_ + latency, {peer.tile, peer.at, peer.link, packet});
    if (((draw >> 32) & 0xffffU) >= doubled_below_) return 1;
    deliveries_.push(now_, now_ + latency + lateness(peer.latency), {peer.tile, peer.at, peer.link, packet});
    return 2;
  }
  /// Up to four times as late in all.
  Ticks lateness(Ticks latency) {
    return static_cast<Ticks>(network_.below(static_cast<std::uint64_t>(3 * latency) + 1));
  }

  void moved(Tile tile) {
    if (!dynamic_) return;
    Clock& clock = clocks_[tile];
    clock.interval = static_cast<std::uint32_t>(std::max<Ticks>(fastest_, clock.interval / 4));
    const Ticks sooner = std::max(now_ + 1, clock.last_turn + static_cast<Ticks>(clock.interval));
    if (!clock.down && sooner < clock.next_turn) schedule_turn(tile, sooner);
  }
  void stood_still(Tile tile) {
    if (!dynamic_) return;
    Clock& clock = clocks_[tile];
    clock.interval =
        static_cast<std::uint32_t>(std::min<Ticks>(slowest_, clock.interval + std::max<Ticks>(1, clock.interval / 2)));
  }

  /// The budget in force, without floors.
  void limit(std::int64_t coins) { limit_ = coins; }
  /// What exists above the floors, after each event.
  void load(std::int64_t coins) {
    over_ = coins - limit_;
    if (over_ <= 0) return;
    const auto above = static_cast<double>(over_);
    sums_.most_over = std::max(sums_.most_over, above);
    sums_.most_over_share = std::max(sums_.most_over_share, above / whole_limit());
  }

  Coins demand(Tile tile) const { return tiles_.demand[tile]; }

  // NOLINTBEGIN(readability-identifier-naming): named as private members are
  const Topology& topology_;
  Tiles tiles_;  ///< demand: as it is now; held: as at the start
  const EventOptions& options_;
  RandomStream wakes_, network_, activity_;
  TimingWheel<Delivery, 504> deliveries_;
  TimingWheel<Timer, 52> timers_;
  std::vector<Clock> clocks_;
  EventOutcome outcome_;
  EventSums sums_;
  Ticks now_ = 0;
  // NOLINTEND(readability-identifier-naming)

 private:
  static Ticks longest_latency(const Topology& topology, const EventOptions& options) {
    const double hops = topology.width() > 0 ? (topology.width() + topology.height()) / 2.0 : topology.tiles();
    return std::min<Ticks>(65535, to_ticks(options.latency + hops * options.hop_latency) + 1);
  }
  static Ticks longest_timer(const EventOptions& options) {
    return to_ticks(2 * std::max({options.down, options.lease, options.renew, options.slowest, 1.0})) + 2;
  }
  /// Where nothing may be drawn any more, what could be at the start: a share of nothing says nothing.
  double whole_limit() const {
    const std::int64_t whole = limit_ + sums_.floors;
    return static_cast<double>(std::max<std::int64_t>(1, whole > 0 ? whole : sums_.budget));
  }
  /// One tick of a breaker rated for the budget: it warms above it and cools below it.
  void warm() {
    sums_.over_coin_ticks += static_cast<double>(std::max<std::int64_t>(0, over_));
    const double ratio = 1 + static_cast<double>(over_) / whole_limit();
    heat_ = std::max(0.0, heat_ + ratio * ratio - 1);
    sums_.heat_ticks = std::max(sums_.heat_ticks, heat_);
  }
  bool within(const Partition& part) const { return now_ >= to_ticks(part.from) && now_ < to_ticks(part.until); }
  static bool inside(const Partition& part, Tile tile) { return tile >= part.first && tile - part.first < part.tiles; }

  void schedule_turn(Tile tile, Ticks at) {
    clocks_[tile].next_turn = at;
    timers_.push(now_, at, {tile, TimerKind::turn});
  }

  void fire(const Timer& timer) {
    Clock& clock = clocks_[timer.tile()];
    if (timer.kind() == TimerKind::restart) {
      clock.down = false;
      model().restart(timer.tile());
      schedule_turn(timer.tile(), now_ + 1 + static_cast<Ticks>(wakes_.below(ticks_per_period)));
      return;
    }
    if (timer.kind() != TimerKind::turn) return model().timer(timer.tile(), timer.kind());
    if (clock.down || clock.next_turn != now_) return;
    ++outcome_.events;
    const std::uint64_t draw = wakes_.next();
    if (crashes_on_ && (draw >> 16) < crash_below_) {
      ++outcome_.crashes;
      clock.down = true;
      model().end(timer.tile());
      timers_.push(now_, now_ + to_ticks(options_.down), {timer.tile(), TimerKind::restart});
      return;
    }
    clock.last_turn = now_;
    // Uniform within 1 +- jitter.
    const double shift = (static_cast<double>(draw & 0xffffU) / 32768.0 - 1) * options_.jitter;
    const auto interval = static_cast<double>(clock.interval);
    const Ticks next = now_ + std::max<Ticks>(1, static_cast<Ticks>(2 * interval * (1 + shift) + 1) / 2);
    timers_.expect(next);
    model().turn(timer.tile());
    schedule_turn(timer.tile(), next);
  }

  void change_demands() {
    for (Tile tile = 0; tile < topology_.tiles(); ++tile) {
      const double draw = activity_.uniform();
      tiles_.demand[tile] = 0;
      if (draw < options_.asking && !asked_.empty()) {
        const auto kinds = static_cast<double>(asked_.size());
        tiles_.demand[tile] =
            asked_[std::min(asked_.size() - 1, static_cast<std::size_t>(draw / options_.asking * kinds))];
      }
      model().demand_changed(tile);
    }
  }

  std::vector<Coins> asked_;  ///< by those that asked at the start
  std::uint64_t lost_below_ = 0, crash_below_ = 0;
  std::uint32_t doubled_below_ = 0, late_below_ = 0;
  Ticks fastest_ = 1, slowest_ = 1;
  bool dynamic_ = false, crashes_on_ = false, apart_ = false;
  std::int64_t limit_ = 0, over_ = 0;
  double heat_ = 0;
};

EventOutcome run_escrow_events(const Topology& topology, const Tiles& tiles, const EventOptions& options);
EventOutcome run_published_events(const Topology& topology, const Tiles& tiles, const EventOptions& options);

}  // namespace cradle::power
