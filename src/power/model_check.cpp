#include "cradle/power/model_check.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <unordered_set>
#include <utility>

#include "cradle/power/bank.h"

namespace cradle::power {

namespace {

constexpr Tile tiles = 3;
constexpr std::uint32_t partners = 2;

/// Link 0 of a tile goes to the lower one of the other two.
constexpr Tile other_end(Tile tile, std::uint32_t link) {
  return link == 0 ? (tile == 0 ? 1 : 0) : (tile == 2 ? 1 : 2);
}
constexpr std::uint32_t link_to(Tile tile, Tile other) { return other_end(tile, 0) == other ? 0 : 1; }

using Words = std::vector<std::int64_t>;

struct State {
  std::array<Node, tiles> nodes;
  std::array<Lease, tiles> leases;
  std::array<std::array<Link, partners>, tiles> links;
  std::array<std::array<ClosedLink, partners>, tiles> closed;
  std::array<std::array<std::vector<Message>, partners>, tiles> on_link;            ///< sent by the tile
  std::array<std::array<std::optional<BankMessage>, 2>, tiles> to_bank, from_bank;  ///< renewals, closings
  Bank bank;
  std::uint32_t ends = 0;
  bool cut = false;
};

Words words(const Message& m) {
  return {static_cast<int>(m.kind), m.epoch, m.from, m.to, m.held, m.demand, m.sent, m.received};
}

void describe(const std::optional<BankMessage>& mail, Words& out) {
  if (!mail) return out.push_back(-3);
  const BankMessage& m = *mail;
  out.insert(out.end(), {static_cast<int>(m.kind), m.incarnation, m.epoch, m.keep, m.sent, m.received, m.about,
                         m.about_incarnation});
}

struct Hash {
  std::uint64_t a = 0, b = 0;
  friend bool operator==(const Hash&, const Hash&) = default;
};
struct HashOfHash {
  std::size_t operator()(const Hash& hash) const { return hash.a; }
};

Hash hash_of(const State& state, Words& scratch) {
  scratch.clear();
  for (Tile tile = 0; tile < tiles; ++tile) {
    const Node& n = state.nodes[tile];
    const Lease& lease = state.leases[tile];
    scratch.insert(scratch.end(),
                   {n.incarnation, n.held, n.epoch, n.keep, n.aside, lease.sent, lease.received, lease.known});
    for (std::uint32_t link = 0; link < partners; ++link) {
      const Link& l = state.links[tile][link];
      const ClosedLink& c = state.closed[tile][link];
      scratch.insert(scratch.end(),
                     {l.partner, l.closed, l.sent, l.received, l.acknowledged, c.partner, c.sent, c.received, -4});
      for (const Message& message : state.on_link[tile][link]) {
        const Words w = words(message);
        scratch.insert(scratch.end(), w.begin(), w.end());
      }
      describe(state.to_bank[tile][link], scratch);
      describe(state.from_bank[tile][link], scratch);
    }
  }
  state.bank.describe(scratch);
  scratch.insert(scratch.end(), {state.ends, state.cut});
  Hash hash{0x9e3779b97f4a7c15U, 0xc2b2ae3d27d4eb4fU};
  for (const std::int64_t word : scratch) {
    const auto w = static_cast<std::uint64_t>(word);
    hash.a = std::rotl((hash.a ^ w) * 0xff51afd7ed558ccdU, 29);
    hash.b = std::rotl((hash.b + w) * 0xc4ceb9fe1a85ec53U, 37) ^ (hash.b >> 31);
  }
  return hash;
}

class Checker {
 public:
  Checker(const Topology& topology, const ModelCheckOptions& options)
      : topology_(topology),
        options_(options),
        receive_(options.receive != nullptr ? options.receive
                                            : [](Node& n, Link& l, const Message& m) { return receive(n, l, m); }),
        close_(options.close != nullptr ? options.close
                                        : [](Link& l, ClosedLink& c, Incarnation i) { return close(l, c, i); }) {}

  ModelCheckOutcome run() {
    const std::vector<Coins> held(options_.held.begin(), options_.held.end());
    const std::vector<Coins> demand(options_.demand.begin(), options_.demand.end());
    State start{{}, {}, {}, {}, {}, {}, {}, Bank(topology_, held, demand), 0, false};
    for (Tile tile = 0; tile < tiles; ++tile) {
      start.nodes[tile].held = held[tile];
      start.nodes[tile].demand = demand[tile];
      start.leases[tile].received = static_cast<std::uint32_t>(held[tile]);
      start.leases[tile].known = true;
      for (Link& link : start.links[tile]) link.partner = 1;
    }
    visit(start, no_parent, "start");
    while (!frontier_.empty() && outcome_.violation.empty()) {
      std::vector<Open> now = std::move(frontier_);
      frontier_.clear();
      for (Open& open : now) {
        if (outcome_.states >= options_.most_states || !outcome_.violation.empty()) return std::move(outcome_);
        parent_ = open.index;
        expand(open.state);
      }
      if (!frontier_.empty()) ++outcome_.depth;
    }
    outcome_.complete = outcome_.violation.empty();
    return std::move(outcome_);
  }

 private:
  static constexpr std::uint32_t no_parent = ~std::uint32_t{0};
  struct Open {
    State state;
    std::uint32_t index;
  };
  struct Origin {
    std::uint32_t parent;
    std::string action;
  };

  bool linked(Tile a, Tile b) const { return !options_.line || a == 1 || b == 1; }

  // -- Actions ---------------------------------------------------------------------------------------------------

  /// All states after `message` was put on the link: where it is full, any one of them is lost.
  void put(const State& state, Tile from, std::uint32_t link, const Message& message, const std::string& action) {
    std::vector<Message> queue = state.on_link[from][link];
    const auto less = [](const Message& a, const Message& b) { return words(a) < words(b); };
    queue.insert(std::upper_bound(queue.begin(), queue.end(), message, less), message);
    for (std::size_t i = 1; i < queue.size(); ++i)
      if (words(queue[i - 1]) == words(queue[i])) return visit(state, parent_, action);
    if (queue.size() <= options_.channel) {
      State next = state;
      next.on_link[from][link] = queue;
      return visit(std::move(next), parent_, action);
    }
    for (std::size_t lost = 0; lost < queue.size(); ++lost) {
      State next = state;
      next.on_link[from][link] = queue;
      next.on_link[from][link].erase(next.on_link[from][link].begin() + static_cast<std::ptrdiff_t>(lost));
      visit(std::move(next), parent_, action);
    }
  }

  static std::size_t kind_of(const BankMessage& message) {
    return message.kind == BankMessageKind::renew || message.kind == BankMessageKind::renewed ? 0 : 1;
  }
  /// What the bank does not read is not told apart.
  static void post(State& state, Tile from, BankMessage message) {
    message.held = 0;
    state.to_bank[from][kind_of(message)] = message;
  }
  /// A full channel keeps its old message or takes the new one; both are followed.
  void deal(const State& state, const Bank::Outbox& out, std::size_t at, const std::string& action) {
    if (at == out.size()) return visit(state, parent_, action);
    State next = state;
    auto& place = next.from_bank[out[at].to][kind_of(out[at].message)];
    const bool full = place.has_value();
    place = out[at].message;
    deal(next, out, at + 1, action);
    if (full) deal(state, out, at + 1, action);
  }

  void tell_bank(const State& state, Tile tile, const std::string& action) {
    State next = state;
    const BankMessage message = renew(next.nodes[tile], next.leases[tile], 0);
    State kept_old = next;
    const bool full = next.to_bank[tile][0].has_value();
    post(next, tile, message);
    visit(std::move(next), parent_, action);
    if (full) visit(std::move(kept_old), parent_, action);
  }

  void end(State& state, Tile tile) const {
    begin_anew(state.nodes[tile]);
    state.leases[tile] = {};
    state.links[tile] = {};
    state.closed[tile] = {};
  }

  static std::string name(const char* what, Tile tile) { return std::string(what) + " " + std::to_string(tile); }
  static std::string name(const char* what, Tile tile, Tile other) {
    return name(what, tile) + " " + std::to_string(other);
  }

  void expand(const State& state) {
    for (Tile tile = 0; tile < tiles; ++tile) {
      if (state.leases[tile].known) {
        for (std::uint32_t link = 0; link < partners; ++link) {
          const Tile other = other_end(tile, link);
          if (!linked(tile, other)) continue;
          put(state, tile, link, ask(state.nodes[tile], state.links[tile][link]), name("asks", tile, other));
          const std::uint32_t back = link_to(other, tile);
          for (const Message& message : state.on_link[other][back]) hear(state, tile, link, message);
        }
      }
      tell_bank(state, tile, name("renews", tile));
      for (std::size_t kind = 0; kind < 2; ++kind) {
        if (state.to_bank[tile][kind]) {
          State next = state;
          Bank::Outbox out;
          next.bank.receive(tile, *state.to_bank[tile][kind], out);
          deal(next, out, 0, name(kind == 0 ? "bank hears renewal of" : "bank hears closing by", tile));
        }
        if (state.from_bank[tile][kind]) hear_bank(state, tile, *state.from_bank[tile][kind]);
      }
      if (state.ends < options_.ends && state.leases[tile].known) {
        State next = state;
        ++next.ends;
        end(next, tile);
        visit(std::move(next), parent_, name("ends", tile));
      }
      if (state.bank.alive(tile) && state.bank.incarnation(tile) < state.nodes[tile].incarnation) {
        State next = state;
        Bank::Outbox out;
        next.bank.declare_dead(tile, out);
        deal(next, out, 0, name("bank declares dead", tile));
      }
    }
    State next = state;
    Bank::Outbox out;
    next.bank.repeat(out);
    deal(next, out, 0, "bank says again");
    if (options_.cut_to >= 0 && !state.cut) {
      next = state;
      out.clear();
      next.cut = true;
      next.bank.set_budget(options_.cut_to, out);
      deal(next, out, 0, "bank cuts");
    }
  }

  void hear(const State& state, Tile tile, std::uint32_t link, const Message& message) {
    State next = state;
    const Step step = receive_(next.nodes[tile], next.links[tile][link], message);
    const std::string action = name("hears", tile, other_end(tile, link));
    if (next.links[tile][link].sent > options_.most_sent &&
        next.links[tile][link].sent != state.links[tile][link].sent) {
      ++outcome_.bounded;
      return;
    }
    if (step.outcome == Outcome::reply) return put(next, tile, link, step.reply, action);
    visit(std::move(next), parent_, action);
  }

  void hear_bank(const State& state, Tile tile, const BankMessage& message) {
    State next = state;
    const std::string action = name("hears its bank:", tile);
    if (message.kind == BankMessageKind::close) {
      const std::optional<BankMessage> answer = closing(next, tile, message);
      if (!answer) return;
      State kept_old = next;
      const bool full = next.to_bank[tile][1].has_value();
      post(next, tile, *answer);
      visit(std::move(next), parent_, action);
      if (full) visit(std::move(kept_old), parent_, action);
      return;
    }
    receive_renewed(next.nodes[tile], next.leases[tile], message, 1);
    next.leases[tile].ends = 0;
    visit(std::move(next), parent_, action);
  }

  std::optional<BankMessage> closing(State& state, Tile tile, const BankMessage& message) const {
    if (message.incarnation != state.nodes[tile].incarnation || !state.leases[tile].known) return std::nullopt;
    const std::uint32_t link = link_to(tile, message.about);
    const ClosedLink counts = close_(state.links[tile][link], state.closed[tile][link], message.about_incarnation);
    if (counts.partner == 0) return std::nullopt;
    BankMessage answer = message;
    answer.kind = BankMessageKind::closed;
    answer.sent = counts.sent;
    answer.received = counts.received;
    return answer;
  }

  // -- Properties ------------------------------------------------------------------------------------------------

  /// Coins that `tile` can still take in from this link.
  static std::int64_t receivable(const State& state, Tile tile, std::uint32_t link) {
    const Tile other = other_end(tile, link);
    const Link& in = state.links[tile][link];
    const Link& out = state.links[other][link_to(other, tile)];
    const Incarnation mine = state.nodes[tile].incarnation, theirs = state.nodes[other].incarnation;
    std::int64_t coins = 0;
    // From an incarnation that lives: whatever it sent, since it can say so again.
    if (state.leases[other].known && out.partner == mine && theirs > in.closed && theirs >= in.partner)
      coins = static_cast<std::int32_t>(out.sent - (in.partner == theirs ? in.received : 0));
    for (const Message& message : state.on_link[other][link_to(other, tile)]) {
      if (message.from == theirs || message.to != mine || message.from <= in.closed) continue;
      if (message.from < in.partner || (message.from != in.partner && in.used())) continue;
      const std::uint32_t had = in.partner == message.from ? in.received : 0;
      coins = std::max<std::int64_t>(coins, static_cast<std::int32_t>(message.sent - had));
    }
    return coins;
  }

  std::string broken(const State& state) const {
    std::int64_t exists = 0;
    for (Tile tile = 0; tile < tiles; ++tile) {
      const Node& node = state.nodes[tile];
      const Lease& lease = state.leases[tile];
      if (node.held < 0 || node.aside < 0) return "a balance below 0";
      exists += node.held + node.aside;
      for (std::uint32_t link = 0; link < partners; ++link) {
        const std::int64_t coins = receivable(state, tile, link);
        if (coins < 0) return "a link on which more was taken in than sent";
        exists += coins;
      }
      if (state.bank.alive(tile) && state.bank.incarnation(tile) == node.incarnation) {
        exists += static_cast<std::int32_t>(state.bank.granted(tile) - lease.received);
        exists += static_cast<std::int32_t>(lease.sent - state.bank.returned(tile));
      } else if (const auto& mail = state.to_bank[tile][0];
                 mail && state.bank.alive(tile) && mail->incarnation == state.bank.incarnation(tile)) {
        exists += std::max(0, static_cast<std::int32_t>(mail->sent - state.bank.returned(tile)));
      }
    }
    if (exists > state.bank.outstanding()) return "more coins than are outstanding";
    if (state.bank.outstanding() > start_budget()) return "more outstanding than the budget was";
    if (state.bank.outstanding() + state.bank.pool() > std::max(state.bank.budget(), state.bank.outstanding()))
      return "more in the pool than is free";
    return {};
  }

  std::int64_t start_budget() const { return std::int64_t{options_.held[0]} + options_.held[1] + options_.held[2]; }

  /// Nothing is lost from now on, nobody ends: some rounds, then all coins must be held.
  bool finds_all(State state) const {
    for (int round = 0; round < 16; ++round) {
      Bank::Outbox out;
      const auto serve = [&] {
        for (std::size_t i = 0; i < out.size(); ++i) {
          const Bank::Sent sent = out[i];
          if (sent.message.kind == BankMessageKind::close) {
            if (const auto answer = closing(state, sent.to, sent.message)) state.bank.receive(sent.to, *answer, out);
          } else if (receive_renewed(state.nodes[sent.to], state.leases[sent.to], sent.message, 1)) {
            state.bank.receive(sent.to, renew(state.nodes[sent.to], state.leases[sent.to], 0), out);
          }
        }
        out.clear();
      };
      for (Tile tile = 0; tile < tiles; ++tile) {
        state.bank.receive(tile, renew(state.nodes[tile], state.leases[tile], 0), out);
        serve();
      }
      state.bank.repeat(out);
      serve();
      std::int64_t held = 0;
      for (const Node& node : state.nodes) held += node.held;
      if (held == state.bank.budget() && state.bank.outstanding() == held && state.bank.unrecovered() == 0) return true;
      for (Tile tile = 0; tile < tiles; ++tile) {
        for (std::uint32_t link = 0; link < partners; ++link) {
          const Tile other = other_end(tile, link);
          if (!linked(tile, other)) continue;
          const std::uint32_t back = link_to(other, tile);
          Step step = {Outcome::reply, ask(state.nodes[tile], state.links[tile][link])};
          for (int hop = 0; step.outcome == Outcome::reply && hop < 8; ++hop)
            step = hop % 2 == 0 ? receive_(state.nodes[other], state.links[other][back], step.reply)
                                : receive_(state.nodes[tile], state.links[tile][link], step.reply);
        }
      }
    }
    return false;
  }

  /// Messages that can never be taken in again are as good as lost.
  static void forget_ghosts(State& state) {
    for (Tile tile = 0; tile < tiles; ++tile) {
      for (std::uint32_t link = 0; link < partners; ++link) {
        const Tile other = other_end(tile, link);
        const Link& in = state.links[other][link_to(other, tile)];
        std::erase_if(state.on_link[tile][link], [&](const Message& message) {
          return (message.to != 0 && message.to != state.nodes[other].incarnation) || message.from <= in.closed ||
                 message.from < in.partner;
        });
      }
      for (auto& mail : state.from_bank[tile])
        if (mail && mail->incarnation < state.nodes[tile].incarnation) mail.reset();
      if (auto& mail = state.to_bank[tile][0];
          mail && (mail->incarnation < state.bank.incarnation(tile) ||
                   (mail->incarnation == state.bank.incarnation(tile) && !state.bank.alive(tile))))
        mail.reset();
    }
  }

  void visit(State state, std::uint32_t parent, const std::string& action) {
    if (parent != no_parent) ++outcome_.transitions;
    forget_ghosts(state);
    if (!outcome_.violation.empty() || !seen_.insert(hash_of(state, scratch_)).second) return;
    ++outcome_.states;
    origins_.push_back({parent, action});
    const auto index = static_cast<std::uint32_t>(origins_.size() - 1);
    outcome_.violation = broken(state);
    if (outcome_.violation.empty() && !finds_all(state)) outcome_.violation = "coins that are never found again";
    if (!outcome_.violation.empty()) {
      for (std::uint32_t at = index; at != no_parent; at = origins_[at].parent)
        outcome_.way.insert(outcome_.way.begin(), origins_[at].action);
      return;
    }
    frontier_.push_back({std::move(state), index});
  }

  const Topology& topology_;
  const ModelCheckOptions& options_;
  Step (*receive_)(Node&, Link&, const Message&);
  ClosedLink (*close_)(Link&, ClosedLink&, Incarnation);
  ModelCheckOutcome outcome_;
  std::vector<Open> frontier_;
  std::vector<Origin> origins_;
  std::unordered_set<Hash, HashOfHash> seen_;
  Words scratch_;
  std::uint32_t parent_ = no_parent;
};

}  // namespace

Result<ModelCheckOutcome> check_model(const ModelCheckOptions& options) {
  for (Tile tile = 0; tile < tiles; ++tile)
    for (const Coins coins : {options.held[tile], options.demand[tile]})
      if (coins < 0 || coins > 1'000'000)
        return bad_input(std::to_string(coins) + " coins", "model check: tile " + std::to_string(tile),
                         "take 0 to 1000000; the number of states grows fast with it");
  if (options.channel == 0 || options.channel > 4 || options.ends > 4)
    return bad_input(
        "channels of " + std::to_string(options.channel) + " messages, " + std::to_string(options.ends) + " ends",
        "model check", "take 1 to 4 messages and 0 to 4 ends");
  std::vector<Edge> edges = {{0, 1}, {1, 2}};
  if (!options.line) edges.push_back({0, 2});
  const auto topology = Topology::graph(tiles, edges, {}, "model check");
  if (!topology) return topology.error();
  return Checker(*topology, options).run();
}

}  // namespace cradle::power
