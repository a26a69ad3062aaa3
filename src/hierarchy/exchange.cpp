// Token exchange in a tree. Coins lie in one place each: with a device, or in the escrow of the lowest node that they
// were issued to. Within a server the devices come to their balance in milliseconds, a small part of the step of one
// second, so their fixed point (water-filling) is taken. Above, each second: every parent recalls what it gave away and
// issues what it has, and every pair of siblings whose turn it is brings its water levels together. A recall runs down
// to the devices and back within some hundred milliseconds (cut_response), so that it ends before a donor's coins
// leave.
#include <algorithm>
#include <array>
#include <vector>

#include "family.h"
#include "hash.h"
#include "lanes.h"
#include "managers.h"

namespace cradle::hierarchy {

namespace {

constexpr std::uint64_t renew_and_renewed = 2, renewals_in_a_lease = 2;
/// Of a server with siblings, each second. Where devices differ in weight, what the light ones are left with changes by
/// much from second to second.
constexpr std::int64_t usual_meetings = 2, weighted_meetings = 3;

/// Servers one by one into lanes eight at a time.
class Block {
 public:
  Block(std::size_t fan_out, std::span<const std::int32_t> demand, void (*work)(const ServerBlock& block))
      : demand_(demand), work_(work) {
    block_.devices = fan_out;
  }

  /// `held`: of all devices; empty where the work writes none.
  void add(std::size_t s, Node& server, std::span<std::int32_t> held) {
    block_.demand[used_] = demand_.data() + s * block_.devices;
    block_.held[used_] = held.empty() ? nullptr : held.data() + s * block_.devices;
    block_.coins[used_] = server.budget;
    block_.fill[used_] = &server.fill;
    if (++used_ == ServerBlock::servers) finish();
  }

  void finish() {
    if (used_ == 0) return;
    std::array<std::int32_t, ServerBlock::most_devices> nobodys;
    Fill unused;
    for (; used_ < ServerBlock::servers; ++used_) {
      block_.demand[used_] = block_.demand[0];
      block_.held[used_] = nobodys.data();
      block_.coins[used_] = 0;
      block_.fill[used_] = &unused;
    }
    work_(block_);
    used_ = 0;
  }

 private:
  ServerBlock block_;
  std::size_t used_ = 0;
  std::span<const std::int32_t> demand_;
  void (*work_)(const ServerBlock& block);
};

class Exchange final : public Manager {
 public:
  Exchange(const Tree& tree, const ManagerOptions& options)
      : Manager(options.threads), tree_(tree), options_(options), site_(options.budget - floors_below(0)) {
    nodes_.resize(tree.levels());
    for (std::size_t l = 0; l < tree.levels(); ++l) nodes_[l].resize(tree.nodes(l));
    asked_.resize(tree.nodes(servers()));
    constexpr std::size_t worth_a_part = 512, most_parts = 16;
    parts_.resize(std::clamp<std::size_t>(tree.nodes(servers()) / worth_a_part, 1, most_parts));
    if (options.crash_per_second <= 0) return;
    silent_.assign(tree.nodes(servers()), 0);
    silent_since_.assign(tree.nodes(servers()), 0);
  }

  void step(std::int64_t second, std::span<const std::int32_t> demand, std::span<std::int32_t> held) override {
    if (!silent_.empty()) crash(second);
    by_parents_of_servers([&](std::size_t first, std::size_t last, Part& part) {
      const auto [from, to] = servers_below(first, last);
      ask(from, to, demand);
      for (std::size_t p = first; servers() > 0 && p < last; ++p)
        nodes_[servers() - 1][p].fill = family(servers() - 1, p, part.messages).sum();
    });
    for (std::size_t l = servers(); l-- > 1;)
      for (std::size_t p = 0; p < nodes_[l - 1].size(); ++p) nodes_[l - 1][p].fill = family(l - 1, p, messages_).sum();
    nodes_[0][0].budget = site_;
    // From the top: first what each parent does, then what siblings do; those change what children may have, so that
    // the parents come once more.
    for (std::size_t l = 0; l + 1 < servers(); ++l)
      for (std::size_t p = 0; p < nodes_[l].size(); ++p) {
        family(l, p, messages_).settle(nodes_[l][p].budget);
        family(l, p, messages_).meet(second);
      }
    for (std::size_t l = 1; l + 1 < servers(); ++l)
      for (std::size_t p = 0; p < nodes_[l].size(); ++p) family(l, p, messages_).settle(nodes_[l][p].budget);

    by_parents_of_servers([&](std::size_t first, std::size_t last, Part& part) {
      for (std::size_t p = first; servers() > 0 && p < last; ++p) {
        Family servers_of_one = family(servers() - 1, p, part.messages);
        servers_of_one.settle(nodes_[servers() - 1][p].budget);
        for (std::int64_t i = 0; i < meetings(); ++i) {
          if (!options_.weight.empty()) level_anew(p, demand);
          servers_of_one.meet(second * meetings() + i);
        }
        part.violations += violated(servers() - 1, p);
      }
      const auto [from, to] = servers_below(first, last);
      share(from, to, demand, held);
    });
    for (Part& part : parts_) {
      messages_ += std::exchange(part.messages, 0);
      violations_ += std::exchange(part.violations, 0);
    }
    renew();
    for (std::size_t l = 0; l + 1 < servers(); ++l)
      for (std::size_t p = 0; p < nodes_[l].size(); ++p) violations_ += violated(l, p);
  }

  Result<void> set_budget(Quanta budget) override {
    if (auto ok = check_budget(tree_, options_.floor, budget); !ok) return ok;
    site_ = budget - floors_below(0);
    return {};
  }

 private:
  /// Of the servers, what one thread has at a time; alone on its cache line.
  struct alignas(64) Part {
    std::uint64_t messages = 0, violations = 0;
  };

  /// The level of the devices' parents; 0 where the site itself is that.
  std::size_t servers() const { return tree_.levels() - 1; }
  Quanta floors_below(std::size_t l) const {
    return static_cast<Quanta>(tree_.devices() / tree_.nodes(l)) * options_.floor;
  }
  /// The children of a node, who hold coins of level l + 1.
  Family family(std::size_t l, std::size_t parent, std::uint64_t& messages) {
    const Level& level = tree_.level(l + 1);
    const Quanta limit = level.rating > 0 ? level.rating - floors_below(l + 1) : std::max<Quanta>(site_, 0);
    return {std::span(nodes_[l + 1]).subspan(parent * level.fan_out, level.fan_out), level.coin, limit, messages};
  }
  /// Of the parents first .. last - 1.
  std::pair<std::size_t, std::size_t> servers_below(std::size_t first, std::size_t last) const {
    const std::size_t fan_out = servers() == 0 ? 1 : tree_.level(servers()).fan_out;
    return {first * fan_out, last * fan_out};
  }

  template <class Work>
  void by_parents_of_servers(Work work) {
    const std::size_t count = servers() == 0 ? 1 : tree_.nodes(servers() - 1);
    team_.run(parts_.size(), [&](std::size_t part) {
      work(count * part / parts_.size(), count * (part + 1) / parts_.size(), parts_[part]);
    });
  }

  auto weights_of(std::size_t s) const {
    const std::size_t first = s * tree_.level(tree_.levels()).fan_out;
    return [this, first](std::size_t i) -> std::int64_t {
      return options_.weight.empty() ? 1 : options_.weight[(first + i) % options_.weight.size()];
    };
  }

  std::int64_t meetings() const { return options_.weight.empty() ? usual_meetings : weighted_meetings; }

  /// What the servers below one parent hold now, and not what they held a meeting ago.
  void level_anew(std::size_t parent, std::span<const std::int32_t> demand) {
    const auto [from, to] = servers_below(parent, parent + 1);
    for (std::size_t s = from; s < to; ++s) {
      Node& server = nodes_[servers()][s];
      if (server.silent) continue;
      if (server.surplus() >= 0)
        server.fill = {server.fill.demand};
      else
        level_by_weight(s, demand);
    }
  }

  /// Whether lanes can do it.
  bool alike() const {
    return options_.weight.empty() && tree_.level(tree_.levels()).fan_out <= ServerBlock::most_devices;
  }

  void ask(std::size_t from, std::size_t to, std::span<const std::int32_t> demand) {
    const std::size_t fan_out = tree_.level(tree_.levels()).fan_out;
    lanes_.sums(demand.subspan(from * fan_out, (to - from) * fan_out), fan_out, asked_.data() + from);
    Block block(fan_out, demand, lanes_.level);
    for (std::size_t s = from; s < to; ++s) {
      Node& server = nodes_[servers()][s];
      if (server.silent) {
        server.fill = {};
        continue;
      }
      server.fill.demand = asked_[s];
      if (server.surplus() >= 0)
        server.fill = {asked_[s]};
      else if (!alike())
        level_by_weight(s, demand);
      else if (server.fill.weight <= 0)
        block.add(s, server, {});
      // Else the level of the second before stands for this one's: near enough to tell who should give to whom, and
      // what devices hold is found exactly after it.
    }
    block.finish();
  }

  void share(std::size_t from, std::size_t to, std::span<const std::int32_t> demand, std::span<std::int32_t> held) {
    const std::size_t fan_out = tree_.level(tree_.levels()).fan_out;
    Block block(fan_out, demand, lanes_.share);
    for (std::size_t s = from; s < to; ++s) {
      Node& server = nodes_[servers()][s];
      if (server.silent) {
        server.fill = {};
        std::fill_n(held.begin() + static_cast<std::ptrdiff_t>(s * fan_out), fan_out, 0);
      } else {
        alike() ? block.add(s, server, held) : share_by_weight(s, demand, held);
      }
    }
    block.finish();
  }

  void level_by_weight(std::size_t s, std::span<const std::int32_t> demand) {
    const std::size_t fan_out = tree_.level(tree_.levels()).fan_out;
    Node& server = nodes_[servers()][s];
    server.fill = level_of(server.budget, demand.subspan(s * fan_out, fan_out), server.fill.demand, weights_of(s));
  }

  void share_by_weight(std::size_t s, std::span<const std::int32_t> demand, std::span<std::int32_t> held) {
    const std::size_t fan_out = tree_.level(tree_.levels()).fan_out;
    Node& server = nodes_[servers()][s];
    const auto asked = demand.subspan(s * fan_out, fan_out);
    const auto out = held.subspan(s * fan_out, fan_out);
    const auto weight = weights_of(s);
    server.fill = level_of(server.budget, asked, server.fill.demand, weight, server.fill.level);
    pour(server.budget, server.fill, asked, out, weight);
  }

  void crash(std::int64_t second) {
    const auto seed = mix(static_cast<std::uint32_t>(options_.seed ^ (options_.seed >> 32)));
    std::vector<Node>& all = nodes_[servers()];
    for (std::size_t s = 0; s < all.size(); ++s) {
      Node& server = all[s];
      if (server.silent) {
        const std::int64_t gone = second - silent_since_[s];
        // One second more than the lease: by then its own watchdog has ended, whatever the message's delay was.
        if (gone == options_.lease_seconds + 1) server.budget = 0;
        if (gone >= std::max(options_.down_seconds, options_.lease_seconds + 2)) {
          server.silent = false;
          silent_[s] = 0;
        }
      } else if (unit(draw(seed, static_cast<std::uint32_t>(s), static_cast<std::uint32_t>(second))) <
                 options_.crash_per_second) {
        server.silent = true;
        silent_[s] = 1;
        silent_since_[s] = second;
      }
    }
  }

  void renew() {
    // From every node above the devices to its parent.
    std::uint64_t nodes = 0;
    for (std::size_t l = 1; l <= servers(); ++l) nodes += tree_.nodes(l);
    const auto lease = static_cast<std::uint64_t>(options_.lease_seconds);
    renewals_ += nodes * renew_and_renewed * renewals_in_a_lease;
    messages_ += renewals_ / lease;
    renewals_ %= lease;
  }

  /// Whether a node's children hold more than it has, or one less than nothing: 1 or 0.
  std::uint64_t violated(std::size_t l, std::size_t parent) const {
    const std::size_t fan_out = tree_.level(l + 1).fan_out;
    Quanta out = 0, least = 0;
    for (std::size_t c = parent * fan_out; c < (parent + 1) * fan_out; ++c) {
      const Node& child = nodes_[l + 1][c];
      // A cut cannot reach the silent: what they hold ends with their lease, and nobody else has it before.
      out += child.silent ? 0 : child.budget;
      least = std::min(least, child.budget);
    }
    return least < 0 || out > nodes_[l][parent].budget ? 1 : 0;
  }

  const Tree& tree_;
  ManagerOptions options_;
  const Lanes& lanes_ = lanes();
  Quanta site_;
  std::vector<std::vector<Node>> nodes_;  ///< by level, 0 .. servers
  std::vector<Quanta> asked_;             ///< by server, this second
  std::vector<std::int64_t> silent_since_;
  std::vector<Part> parts_;
  std::uint64_t renewals_ = 0;
};

}  // namespace

std::unique_ptr<Manager> make_exchange(const Tree& tree, const ManagerOptions& options) {
  return std::make_unique<Exchange>(tree, options);
}

}  // namespace cradle::hierarchy
