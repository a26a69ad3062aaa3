#include "cradle/power/events.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "cradle/base/text.h"
#include "cradle/power/escrow.h"
#include "cradle/power/rounds.h"
#include "event_loop.h"

namespace cradle::power {

namespace {

constexpr double longest_time = 1e9;    // periods
constexpr double longest_delay = 4096;  // periods that an event may lie ahead

struct Named {
  const char* name;
  double value, least, most;
};

Result<void> within(const Named& option) {
  if (std::isfinite(option.value) && option.value >= option.least && option.value <= option.most) return {};
  return bad_input(std::string(option.name) + " is " + shortest(option.value), std::string("events: ") + option.name,
                   "take a value from " + shortest(option.least) + " to " + shortest(option.most));
}

Result<void> check_options(const Topology& topology, const EventOptions& options) {
  if (options.protocol != Protocol::escrow && options.protocol != Protocol::published)
    return bad_input(std::string("no events for protocol ") + to_string(options.protocol), "events: protocol",
                     "use escrow or published");
  if (options.far_every == 1)
    return bad_input("far_every is 1: near partners would never be asked", "events: far_every",
                     "take 0 for never, or 2 and more");
  const double never = 1e300;
  for (const Named& option :
       {Named{"periods", options.periods, 0, longest_time}, Named{"latency", options.latency, 0, longest_delay},
        Named{"hop_latency", options.hop_latency, 0, longest_delay},
        Named{"bank_latency", options.bank_latency, 0, longest_delay}, Named{"jitter", options.jitter, 0, 0.9},
        Named{"loss", options.loss, 0, 1}, Named{"duplicate", options.duplicate, 0, 1},
        Named{"reorder", options.reorder, 0, 1}, Named{"crash", options.crash, 0, 1},
        Named{"crash_until", options.crash_until, 0, never}, Named{"down", options.down, 0, longest_delay},
        Named{"lease", options.lease, 0, longest_delay}, Named{"hold", options.hold, 0, longest_delay},
        Named{"renew", options.renew, 1.0 / ticks_per_period, longest_delay},
        Named{"fastest", options.fastest, 1.0 / ticks_per_period, 1},
        Named{"slowest", options.slowest, 1, longest_delay}, Named{"activity", options.activity, 0, longest_time},
        Named{"asking", options.asking, 0, 1}, Named{"trace_every", options.trace_every, 1.0 / 16, longest_time}}) {
    if (auto fine = within(option); !fine) return fine;
  }
  if (options.lease < options.renew + 2 * options.bank_latency)
    return bad_input("a lease of " + shortest(options.lease) + " periods ends before a renewal can be answered",
                     "events: lease", "take more than renew + 2 x bank_latency");
  for (const Partition& part : options.partitions) {
    if (!(part.from >= 0 && part.until >= part.from) || part.first >= topology.tiles() ||
        part.tiles > topology.tiles() - part.first)
      return bad_input("a partition outside the run or the topology", "events: partitions",
                       "take 0 <= from <= until and tiles that there are");
  }
  double before = 0;
  for (const BudgetChange& change : options.changes) {
    if (change.at < before)
      return bad_input("a change at " + shortest(change.at) + " after one at " + shortest(before), "events: changes",
                       "list the changes in order of time");
    if (&change != options.changes.data() && change.at == before)
      return bad_input("two changes of the budget at " + shortest(change.at), "events: changes",
                       "give one budget for each moment");
    before = change.at;
    if (options.protocol == Protocol::published)
      return bad_input("the published protocol knows no change of budget", "events: changes",
                       "leave the changes out, or take the escrow protocol");
    if (auto fine = within({"changes: at", change.at, 0, longest_time}); !fine) return fine;
    if (change.at >= options.periods && options.most_events == 0)
      return bad_input("a change at " + shortest(change.at) + " of a run of " + shortest(options.periods) + " periods",
                       "events: changes", "make the run longer, or change the budget earlier");
    if (auto fine = within({"changes: part", change.part, 0, 1}); !fine) return fine;
  }
  return {};
}

/// Both ends of one exchange, with nothing between them.
void exchange(std::vector<Node>& nodes, Link& there, Link& back, Tile a, Tile b, EventOutcome& outcome) {
  Step step = {Outcome::reply, ask(nodes[a], there)};
  for (bool to_b = true; step.outcome == Outcome::reply; to_b = !to_b) {
    ++outcome.events;
    step = to_b ? receive(nodes[b], back, step.reply) : receive(nodes[a], there, step.reply);
  }
}

/// Periods from the last redraw of demands, or from the start, until the mean error stays below one coin.
std::optional<double> settled(const EventOutcome& outcome, const EventSums& sums, double trace_every) {
  const std::vector<double>& trace = outcome.error_trace;
  const Ticks grain = std::max<Ticks>(1, to_ticks(trace_every));
  const auto first = static_cast<std::size_t>(sums.redrawn / grain) + 1;
  std::size_t below = trace.size();
  while (below > first && trace[below - 1] < 1) --below;
  const double at_first = sums.redrawn > 0 ? sums.redrawn_error : trace.front();
  if (below == first && at_first < 1) return 0;
  if (below == trace.size()) return std::nullopt;
  return static_cast<double>(static_cast<Ticks>(below) * grain - sums.redrawn) / ticks_per_period;
}

EventOutcome run_lock_step(const Topology& topology, const Tiles& tiles, const EventOptions& options) {
  EventOutcome outcome;
  outcome.protocol = options.protocol;
  const bool escrow = options.protocol == Protocol::escrow;
  const bool registers = options.published.registers;
  std::vector<Node> nodes(topology.tiles());
  for (Tile tile = 0; tile < topology.tiles(); ++tile) {
    nodes[tile].held = tiles.held[tile];
    nodes[tile].demand = tiles.demand[tile];
  }
  std::vector<std::uint32_t> first(topology.tiles() + 1, 0);
  for (Tile tile = 0; tile < topology.tiles(); ++tile) first[tile + 1] = first[tile] + topology.links(tile);
  std::vector<Link> links(first.back());
  for (Link& link : links) link.partner = 1;

  const Schedule schedule(topology, options.far_every);
  Tiles state = tiles;
  outcome.error_trace.push_back(mean_error(state));
  auto periods = static_cast<std::uint64_t>(options.periods);
  for (std::uint64_t period = 0; period < periods; ++period) {
    for (const Turn& turn : schedule.period(period)) {
      for (Tile a = 0; a < topology.tiles(); ++a) {
        const auto b = turn.far ? topology.far_partner(turn.matching, a) : topology.near_partner(turn.matching, a);
        if (!b || *b <= a) continue;
        if (escrow) {
          exchange(nodes, links[first[a] + *topology.link(a, *b)], links[first[*b] + *topology.link(*b, a)], a, *b,
                   outcome);
        } else {
          PublishedTile one{nodes[a].held, nodes[a].demand}, other{nodes[*b].held, nodes[*b].demand};
          const auto step = published_receive(other, {PacketKind::status, one.held, one.demand, 0}, registers);
          published_receive(one, step.reply, registers);
          nodes[a].held = one.held;
          nodes[*b].held = other.held;
          outcome.events += 2;
        }
        for (const Tile tile : {a, *b}) {
          outcome.min_balance = std::min<std::int64_t>(outcome.min_balance, nodes[tile].held);
          if (nodes[tile].held < 0) ++outcome.violations;
        }
      }
    }
    for (Tile tile = 0; tile < topology.tiles(); ++tile) state.held[tile] = nodes[tile].held;
    outcome.error_trace.push_back(mean_error(state));
    if (options.on_period) options.on_period(period + 1, state.held);
    if (options.go_on && !options.go_on(period + 1)) {
      outcome.interrupted = true;
      periods = period + 1;
    }
  }
  EventSums sums;
  sums.budget = budget(tiles);
  for (const Coins floor : tiles.floor) sums.floors += floor;
  sums.limit_at_end = sums.budget - sums.floors;
  sums.messages = outcome.events;
  sums.ticks = static_cast<Ticks>(periods) * ticks_per_period;
  sums.lost = budget(tiles) - budget(state);
  finish(outcome, sums, state, 1);
  return outcome;
}

}  // namespace

Peer peer_of(const Topology& topology, Tile tile, std::uint32_t link, const EventOptions& options) {
  const auto near = topology.near(tile);
  const Tile other =
      link < near.size() ? near[link] : topology.far(tile, static_cast<std::uint32_t>(link - near.size()));
  const double latency = options.latency + (topology.hops(tile, other) - 1.0) * options.hop_latency;
  return {other, 0, static_cast<std::uint16_t>(*topology.link(other, tile)),
          static_cast<std::uint16_t>(std::clamp<Ticks>(to_ticks(latency), 1, 65535))};
}

void finish(EventOutcome& outcome, const EventSums& sums, const Tiles& at_end, double trace_every) {
  const double all = sums.budget > 0 ? static_cast<double>(sums.budget) : 1;
  outcome.budget = sums.budget;
  outcome.periods = static_cast<double>(sums.ticks) / ticks_per_period;
  outcome.over_budget_max_percent = 100.0 * sums.most_over_share;
  outcome.over_budget_max_coins = sums.most_over;
  outcome.breaker_heat_periods = sums.heat_ticks / ticks_per_period;
  outcome.over_budget_coin_periods = sums.over_coin_ticks / ticks_per_period;
  outcome.coins_lost_percent = std::clamp(100.0 * static_cast<double>(sums.lost) / all, 0.0, 100.0);
  outcome.coins_made_percent = std::max(0.0, -100.0 * static_cast<double>(sums.lost) / all);
  outcome.messages_per_tile_period =
      sums.ticks == 0 ? 0
                      : static_cast<double>(sums.messages) / outcome.periods / static_cast<double>(at_end.held.size());
  outcome.residual_coins = mean_error(at_end);
  judge_fairness(outcome, at_end.held, at_end.demand);
  outcome.throughput = throughput(at_end.held, at_end.demand);
  // Where there is nothing to share any share is the right one.
  if (outcome.jain.has_value() || sums.limit_at_end == 0) outcome.settle_periods = settled(outcome, sums, trace_every);
}

Result<EventOutcome> run_events(const Topology& topology, const Tiles& tiles, const EventOptions& options) {
  if (auto fine = check(tiles, topology); !fine) return fine.error();
  if (auto fine = check_options(topology, options); !fine) return fine.error();
  for (Tile tile = 0; tile < topology.tiles(); ++tile)
    if (topology.links(tile) > 65535)
      return bad_input("tile " + std::to_string(tile) + " has " + std::to_string(topology.links(tile)) + " partners",
                       "events: topology", "give a tile at most 65535 partners");
  if (options.lock_step) return run_lock_step(topology, tiles, options);
  return options.protocol == Protocol::escrow ? run_escrow_events(topology, tiles, options)
                                              : run_published_events(topology, tiles, options);
}

}  // namespace cradle::power
