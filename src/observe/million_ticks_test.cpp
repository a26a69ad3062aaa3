// A million ticks from the counters of the devices down to processes: not one microjoule is missing or made.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "../meter/counter.h"
#include "cradle/base/random.h"
#include "tick_division.h"

namespace cradle::observe {
namespace {

using attribution::Consumer;
using attribution::Division;
using attribution::MicroJoules;
using attribution::Pool;

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::size_t policies = attribution::idle_policies;

/// A device whose counter wraps: what it draws, and what our reader makes of what it shows.
class Device {
 public:
  Device(std::int64_t range, double most_watts)
      : range_(range),
        most_watts_(most_watts),
        counter_(meter::EnergyCounter::Options{range, carbon::Watts{most_watts * 2}}) {
    counter_.step(0, 0);
  }

  /// The energy that is told of an interval, 0 while the device is away.
  MicroJoules tick(RandomStream& random, std::int64_t interval_ns) {
    const double most = most_watts_ * static_cast<double>(interval_ns) * 1e-3;
    const MicroJoules drawn = random.below(10) == 0 ? 0 : static_cast<MicroJoules>(random.uniform() * most);
    drawn_ += drawn;
    unread_ += drawn;
    if (away_ ? random.below(4) != 0 : random.below(500) == 0) {
      away_ = true;
      counter_.forget();
      return 0;
    }
    const meter::CounterStep step = counter_.step(drawn_ % range_, interval_ns);
    wraps_ += step.event == "wrapped" ? 1 : 0;
    if (away_) {  // the first reading afterwards only sets the mark
      lost_ += unread_;
      EXPECT_EQ(step.microjoules, 0);
      away_ = false;
    } else {
      EXPECT_EQ(step.microjoules - unread_, 0) << step.event;
      told_ += step.microjoules;
    }
    unread_ = 0;
    return step.microjoules;
  }

  /// What was drawn is what was told and what is known to be lost.
  void expect_whole(int wraps) const {
    EXPECT_EQ(told_ + lost_ + unread_ - drawn_, 0);
    EXPECT_GT(lost_, 0);
    EXPECT_GT(wraps_, wraps);
  }
  MicroJoules told() const { return told_; }

 private:
  std::int64_t range_;
  double most_watts_;
  meter::EnergyCounter counter_;
  bool away_ = false;
  MicroJoules drawn_ = 0, told_ = 0, lost_ = 0, unread_ = 0;
  int wraps_ = 0;
};

/// A process by number and start, and what it was billed under each policy.
struct Process {
  std::uint64_t pid, started;
  std::array<MicroJoules, policies> bill{};
};

/// A control group, a MIG instance: whoever holds processes.
struct Holder {
  std::vector<Process> processes;
  std::vector<std::int64_t> seen_ns;  ///< by process: 0 for one whose record was lost
  std::array<MicroJoules, policies> unseen{};
};

/// Bills of everybody who is gone. Numbers of processes are given again: the bill of the dead is closed at their end.
class Population {
 public:
  explicit Population(std::size_t most_holders) : most_(most_holders) {}

  void change(RandomStream& random) {
    for (std::size_t h = holders.size(); h > 0; --h)
      if (random.below(16) == 0) {
        close(holders[h - 1]);
        holders.erase(holders.begin() + static_cast<std::ptrdiff_t>(h - 1));
      }
    if (holders.size() < most_ && random.below(3) == 0) holders.emplace_back();
    for (Holder& holder : holders) {
      for (std::size_t i = holder.processes.size(); i > 0; --i)
        if (random.below(8) == 0) {
          bury(holder.processes[i - 1]);
          holder.processes.erase(holder.processes.begin() + static_cast<std::ptrdiff_t>(i - 1));
        }
      if (holder.processes.size() < 4 && random.below(3) == 0) born(holder, random.below(12));
    }
  }
  void close(Holder& holder) {
    for (const Process& process : holder.processes) bury(process);
    for (std::size_t p = 0; p < policies; ++p) gone[p] += holder.unseen[p];
  }
  /// `parts`: of the processes, then of what no process was seen at.
  void bill(Holder& holder, std::size_t policy, std::span<const MicroJoules> parts) {
    for (std::size_t i = 0; i < holder.processes.size(); ++i) holder.processes[i].bill[policy] += parts[i];
    holder.unseen[policy] += parts.back();
  }
  MicroJoules billed(std::size_t policy) const {
    MicroJoules sum = gone[policy];
    for (const Holder& holder : holders) {
      sum += holder.unseen[policy];
      for (const Process& process : holder.processes) sum += process.bill[policy];
    }
    return sum;
  }

  std::vector<Holder> holders;
  std::array<MicroJoules, policies> gone{};
  std::uint64_t births = 0, reused = 0;

 private:
  /// One of 12 numbers: whoever had it died without a word.
  void born(Holder& into, std::uint64_t pid) {
    for (Holder& holder : holders)
      for (std::size_t i = 0; i < holder.processes.size(); ++i)
        if (holder.processes[i].pid == pid) {
          bury(holder.processes[i]);
          holder.processes.erase(holder.processes.begin() + static_cast<std::ptrdiff_t>(i));
          ++reused;
          break;
        }
    into.processes.push_back({pid, ++births, {}});
  }
  void bury(const Process& process) {
    for (std::size_t p = 0; p < policies; ++p) gone[p] += process.bill[p];
  }
  std::size_t most_;
};

/// Shares of a holder's joules under each policy among its processes; the last place is what nobody was seen at.
class Sharing {
 public:
  /// `whole`: what the holder used by its own count. False if the parts were not what was to be shared.
  bool share(Population& population, Holder& holder, std::int64_t whole,
             const std::array<MicroJoules, policies>& joules) {
    weights_.assign(holder.seen_ns.begin(), holder.seen_ns.end());
    const std::int64_t seen = std::accumulate(weights_.begin(), weights_.end(), std::int64_t{0});
    weights_.push_back(std::max<std::int64_t>(0, whole - seen));
    parts_.resize(weights_.size());
    for (std::size_t p = 0; p < policies; ++p) {
      if (std::accumulate(weights_.begin(), weights_.end(), std::int64_t{0}) == 0) {
        parts_.assign(weights_.size(), 0);
        parts_.back() = joules[p];
      } else {
        attribution::divide(joules[p], weights_, parts_, room_);
      }
      MicroJoules sum = 0;
      for (const MicroJoules part : parts_) {
        if (part < 0) return false;
        sum += part;
      }
      if (sum != joules[p]) return false;
      population.bill(holder, p, parts_);
    }
    return true;
  }

 private:
  std::vector<std::int64_t> weights_;
  std::vector<MicroJoules> parts_;
  std::vector<attribution::Remainder> room_;
};

/// Meters of a machine, control groups and processes, through the observer's own division of a tick.
class Machine {
 public:
  Machine() : zones_(2), ticks_(2), division_(attribution::IdlePolicy::use), groups_(5) {
    for (ZoneTotals& zone : zones_) zone.counted = true;
    zones_[0].component = Component::cpu;
    zones_[1].component = Component::memory;
  }

  bool tick(RandomStream& random, std::int64_t interval_ns) {
    const std::array<MicroJoules, 2> metered{package_.tick(random, interval_ns), dram_.tick(random, interval_ns)};
    for (std::size_t z = 0; z < metered.size(); ++z)
      ticks_[z] = {metered[z], static_cast<MicroJoules>(random.below(static_cast<std::uint64_t>(metered[z]) + 1))};
    groups_.change(random);
    use(random, interval_ns);
    division_.divide(zones_, ticks_, node_, uses_);
    if (!division_.conserved()) return false;
    for (std::size_t p = 0; p < policies; ++p)
      for (std::size_t c = 0; c < metered.size(); ++c) {
        const auto component = static_cast<std::size_t>(zones_[c].component);
        const MicroJoules nobody =
            division_.idle().idle[p][component] + division_.overhead()[component] + division_.unattributed()[component];
        MicroJoules sum = nobody;
        for (const Take& take : division_.groups()) sum += take.dynamic[component] + take.idle[p][component];
        if (sum != metered[c]) return false;
        nobody_[p] += nobody;
      }
    for (std::size_t g = 0; g < groups_.holders.size(); ++g) {
      std::array<MicroJoules, policies> joules{};
      const Take& take = division_.groups()[g];
      for (std::size_t p = 0; p < policies; ++p)
        for (const ZoneTotals& zone : zones_) {
          const auto component = static_cast<std::size_t>(zone.component);
          joules[p] += take.dynamic[component] + take.idle[p][component];
        }
      if (!sharing_.share(groups_, groups_.holders[g], uses_[g].cpu_ns, joules)) return false;
    }
    return true;
  }

  void expect_whole() const {
    package_.expect_whole(300);
    dram_.expect_whole(300);
    EXPECT_GT(groups_.reused, 10'000U);
    for (std::size_t p = 0; p < policies; ++p) {
      EXPECT_EQ(groups_.billed(p) + nobody_[p] - package_.told() - dram_.told(), 0) << "policy " << p;
      EXPECT_GT(groups_.billed(p), 0);
    }
    MicroJoules zones = 0;
    for (const ZoneTotals& zone : zones_) zones += zone.microjoules;
    EXPECT_EQ(zones - package_.told() - dram_.told(), 0);
  }

 private:
  void use(RandomStream& random, std::int64_t interval_ns) {
    const auto below = [&](std::int64_t end) {
      return static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(end)));
    };
    uses_.assign(groups_.holders.size(), GroupUse{});
    node_ = {interval_ns, 0, below(interval_ns / 100), std::int64_t{1} << 34, 8};
    for (std::size_t g = 0; g < uses_.size(); ++g) {
      Holder& group = groups_.holders[g];
      GroupUse& use = uses_[g];
      group.seen_ns.assign(group.processes.size(), 0);
      for (std::int64_t& seen : group.seen_ns) {
        const std::int64_t ns = below(interval_ns);
        use.cpu_ns += ns;
        if (random.below(20) != 0) seen = ns;  // else its record was lost
      }
      node_.busy_ns += use.cpu_ns;
      if (random.below(50) == 0) {  // gone before anybody looked: the machine alone counted it
        use.cpu_ns = 0;
        group.seen_ns.assign(group.processes.size(), 0);
      }
      use.reserved_ns = random.below(2) == 0 ? use.cpu_ns : below(4 * interval_ns);
      use.resident_bytes = below(std::int64_t{1} << 33);
      use.memory_weight = std::int64_t{1} << (2 * random.below(4));
    }
    // The machine's own ticks are coarser: now and then they tell less than the groups used.
    if (random.below(10) == 0) node_.busy_ns = node_.busy_ns / 2;
    if (random.below(4) == 0) node_.busy_ns += below(interval_ns);
  }

  // max_energy_range_uj of common server and client packages.
  Device package_{262'143'328'850, 350}, dram_{65'712'999'613, 80};
  std::vector<ZoneTotals> zones_;
  std::vector<ZoneTick> ticks_;
  TickDivision division_;
  Population groups_;
  Sharing sharing_;
  std::vector<GroupUse> uses_;
  NodeUse node_;
  std::array<MicroJoules, policies> nobody_{};
};

/// A GPU in MIG instances by slices x time, and the processes in them.
class Board {
 public:
  bool tick(RandomStream& random, std::int64_t interval_ns) {
    constexpr std::int64_t slices = 7;
    const MicroJoules metered = device_.tick(random, interval_ns);
    instances_.change(random);
    Pool pool;
    pool.metered = metered;
    pool.idle = static_cast<MicroJoules>(random.below(static_cast<std::uint64_t>(metered) + 1));
    pool.capacity = slices * interval_ns;
    consumers_.clear();
    for (Holder& instance : instances_.holders) {
      const std::int64_t size = std::int64_t{1} << random.below(3);
      std::int64_t busy = 0;
      instance.seen_ns.assign(instance.processes.size(), 0);
      for (std::int64_t& seen : instance.seen_ns) {
        const auto ns = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(interval_ns)));
        busy += ns;
        if (random.below(20) != 0) seen = ns;
      }
      used_.resize(consumers_.size() + 1);
      used_.back() = busy;
      consumers_.push_back({size * busy, size * interval_ns});
      pool.used += size * busy;
    }
    if (random.below(5) == 0) pool.used += static_cast<std::int64_t>(random.below(second_ns));
    attribution::divide(pool, consumers_, division_);
    for (std::size_t p = 0; p < policies; ++p) {
      const MicroJoules nobody = division_.idle_residue[p] + division_.overhead + division_.unattributed;
      MicroJoules sum = nobody;
      for (std::size_t i = 0; i < consumers_.size(); ++i) sum += division_.dynamic[i] + division_.idle[p][i];
      if (sum != metered) return false;
      nobody_[p] += nobody;
    }
    for (std::size_t i = 0; i < consumers_.size(); ++i) {
      std::array<MicroJoules, policies> joules{};
      for (std::size_t p = 0; p < policies; ++p) joules[p] = division_.dynamic[i] + division_.idle[p][i];
      if (!sharing_.share(instances_, instances_.holders[i], used_[i], joules)) return false;
    }
    return true;
  }

  void expect_whole() const {
    device_.expect_whole(100);
    for (std::size_t p = 0; p < policies; ++p) {
      EXPECT_EQ(instances_.billed(p) + nobody_[p] - device_.told(), 0) << "policy " << p;
      EXPECT_GT(instances_.billed(p), 0);
    }
  }

 private:
  Device device_{std::int64_t{1} << 40, 700};
  Population instances_{3};
  std::vector<Consumer> consumers_;
  std::vector<std::int64_t> used_;
  Division division_;
  Sharing sharing_;
  std::array<MicroJoules, policies> nobody_{};
};

TEST(MillionTicks, DeviceToGroupsToProcessesAndBoardToInstancesToProcesses) {
  RandomStream random(7, "million ticks");
  Machine machine;
  Board board;
  for (int tick = 0; tick < 1'000'000; ++tick) {
    // A second, give or take; now and then a scan that is minutes late, still within one wrap.
    const std::int64_t interval_ns = random.below(1000) == 0
                                         ? static_cast<std::int64_t>(random.below(300)) * second_ns + 1000
                                         : second_ns / 2 + static_cast<std::int64_t>(random.below(second_ns));
    ASSERT_TRUE(machine.tick(random, interval_ns)) << "tick " << tick;
    ASSERT_TRUE(board.tick(random, interval_ns)) << "tick " << tick;
  }
  machine.expect_whole();
  board.expect_whole();
}

}  // namespace
}  // namespace cradle::observe
