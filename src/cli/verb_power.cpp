// cradle power: power budgets by token exchange.
#include "verb_power.h"

#include <algorithm>

#include "cradle/base/text.h"
#include "cradle/hierarchy/run.h"
#include "cradle/power/baselines.h"
#include "cradle/power/rounds.h"
#include "cradle/report/format.h"
#include "interrupt.h"

namespace cradle::cli {

using power::EventOutcome;
using power::PowerOutcome;
using power::Protocol;

int run_power(const PowerOptions& options, const Common& common) {
  DesignOptions page;
  page.report = options.report;
  if (auto fine = check_report(page); !fine) return fail(fine.error());
  if (options.action == "simulate") return run_power_simulate(options, common);
  if (options.action == "compare") return run_power_compare(options, common);
  if (options.action == "sweep") return run_power_sweep(options, common);
  if (options.action == "tree") return run_power_tree(options, common);
  if (options.action == "daemon") return run_power_daemon(options, common);
  if (options.action == "check-logs") return run_power_check_logs(options, common);
  return run_power_unit_cost(options, common);
}

std::vector<power::Coins> coins_of(const std::vector<std::int64_t>& weights) {
  std::vector<power::Coins> coins;
  for (const std::int64_t weight : weights) coins.push_back(static_cast<power::Coins>(weight));
  return coins;
}

Result<PowerSystem> power_system(const PowerOptions& options) {
  auto topology = power::Topology::parse(options.topology, "--topology");
  if (!topology) return std::move(topology).error();
  const auto start = power::parse_start(options.start, "--start");
  if (!start) return start.error();
  const auto demands = power::parse_demands(options.demands, "--demands");
  if (!demands) return demands.error();
  power::ScenarioOptions scenario;
  scenario.start = *start;
  scenario.demand = static_cast<power::Coins>(options.demand);
  scenario.coins_per_tile = static_cast<power::Coins>(options.coins_per_tile);
  scenario.floor = static_cast<power::Coins>(options.floor);
  scenario.seed = options.seed;
  scenario.demands = *demands;
  scenario.weights = coins_of(options.weights);
  auto tiles = power::make_tiles(*topology, scenario);
  if (!tiles) return std::move(tiles).error();
  return PowerSystem{std::move(*topology), std::move(*tiles)};
}

Result<std::pair<double, double>> parse_cut(const std::string& text) {
  const auto fields = split(text, ':');
  const auto at = fields.size() == 2 ? parse_number(fields[0]) : std::nullopt;
  const auto part = fields.size() == 2 ? parse_number(fields[1]) : std::nullopt;
  if (!at || !part || *at < 0 || *part < 0)
    return bad_input("'" + text + "' is no change of the budget", "--cut", "write AT:PART, e.g. 50:0.8");
  if (*part > 1) return bad_input("'" + text + "' is more than the whole budget", "--cut", "give a part of it, 0 to 1");
  return std::pair{*at, *part};
}

Result<power::EventOptions> event_options(const PowerOptions& options, Protocol protocol) {
  power::EventOptions events;
  events.protocol = protocol;
  events.published.four_way = options.four_way;
  events.published.registers = options.registers;
  events.fastest = options.fastest;
  events.slowest = options.slowest;
  events.periods = options.periods;
  events.seed = options.seed;
  events.loss = options.loss;
  events.duplicate = options.duplicate;
  events.reorder = options.reorder;
  events.crash = options.crash;
  events.activity = options.activity;
  if (options.activity >= options.periods)
    return bad_input("the run ends at period " + shortest(options.periods) + ", before demands are drawn anew at " +
                         shortest(options.activity),
                     "--activity", "make --periods longer, or draw anew more often");
  if (protocol == Protocol::escrow && options.lease < events.renew + 2 * events.bank_latency)
    return bad_input("a lease of " + shortest(options.lease) + " periods ends before a renewal can be answered",
                     "--lease", "give " + shortest(events.renew + 2 * events.bank_latency) + " periods or more");
  events.lease = options.lease;
  events.far_every = options.far_every.value_or(power::usual_far_every(protocol));
  for (const std::string& text : options.cuts) {
    const auto cut = parse_cut(text);
    if (!cut) return cut.error();
    if (cut->first >= options.periods)
      return bad_input("the run ends at period " + shortest(options.periods) + ", before the cut '" + text + "'",
                       "--cut", "make --periods longer, or cut earlier");
    if (!events.changes.empty() && events.changes.back().at == cut->first)
      return bad_input("'" + text + "' is a second budget for the same moment", "--cut",
                       "give one budget for each moment");
    events.changes.push_back({cut->first, cut->second});
  }
  for (const std::string& text : options.partitions) {
    const auto fields = split(text, ':');
    const auto number = [&](std::size_t i) { return fields.size() == 4 ? parse_number(fields[i]) : std::nullopt; };
    const auto whole = [&](std::size_t i) { return fields.size() == 4 ? parse_integer(fields[i]) : std::nullopt; };
    const auto from = number(0), until = number(1);
    const auto first = whole(2), tiles = whole(3);
    constexpr std::int64_t most = std::int64_t{1} << 26;
    if (!from || !until || !first || !tiles || *first < 0 || *tiles < 0 || *first > most || *tiles > most)
      return bad_input("'" + text + "' is no partition", "--partition",
                       "write FROM:UNTIL:FIRST:TILES, e.g. 10:40:0:64");
    if (*until <= *from || *tiles == 0 || *from >= options.periods)
      return bad_input("'" + text + "' cuts nothing off in a run of " + shortest(options.periods) + " periods",
                       "--partition", "end it after it begins, begin before the run ends, name at least one tile");
    events.partitions.push_back({*from, *until, static_cast<power::Tile>(*first), static_cast<std::uint32_t>(*tiles)});
  }
  return events;
}

namespace {

/// bad_input for an option that one run of `protocol` would take without any effect. A comparison gives each protocol
/// what it knows of them.
Result<void> check_effect(const PowerOptions& options, Protocol protocol, const power::Topology& topology) {
  const bool exchanges = !knows_no_faults(protocol);
  const bool rounds = options.engine == "rounds";
  const std::string name = to_string(protocol);
  if (options.action == "simulate") {
    if (rounds && !exchanges)
      return bad_input("protocol " + name + " is a latency model and knows no engines", "--engine",
                       "leave it out, or simulate escrow or published");
    if (options.periods_given && rounds)
      return bad_input("synchronous rounds end when they have settled", "--periods",
                       "leave it out, or use --engine events");
    if (options.periods_given && !exchanges)
      return bad_input("the latency model of " + name + " ends when its grants stand", "--periods",
                       "leave it out, or simulate escrow or published");
    if (options.lease_given && (rounds || protocol != Protocol::escrow))
      return bad_input(rounds ? "synchronous rounds have no leases" : "protocol " + name + " has no leases", "--lease",
                       "leave it out, or simulate --protocol escrow with --engine events");
    if (options.far_every && !exchanges)
      return bad_input("protocol " + name + " has no far partners", "--far-every",
                       "leave it out, or simulate escrow or published");
    if (protocol != Protocol::published && (options.four_way || options.registers))
      return bad_input(
          "protocol " + name + " has no " + (options.four_way ? "four-way variant" : "registers that wrap"),
          options.four_way ? "--four-way" : "--registers", "leave it out, or simulate --protocol published");
    // A balance has seven bits, signed; a demand six.
    constexpr std::int64_t most_in_registers = 63;
    if (options.registers && std::max(options.demand, options.coins_per_tile + options.floor) > most_in_registers)
      return bad_input("the released registers hold at most " + std::to_string(most_in_registers) + " coins of " +
                           (options.demand > most_in_registers ? "demand" : "a tile"),
                       "--registers", "leave it out, or ask for fewer coins");
    if ((options.fastest != 1 || options.slowest != 1) && (rounds || !exchanges))
      return bad_input(rounds ? "synchronous rounds have one pace" : "protocol " + name + " has no turns to time",
                       options.fastest != 1 ? "--fastest" : "--slowest",
                       "leave it out, or simulate escrow or published with --engine events");
  }
  if (options.far_every.value_or(0) > 0 && topology.far_count(0) == 0)
    return bad_input("no tile of " + options.topology + " has a partner that is not a neighbour", "--far-every",
                     "leave it out, or take more tiles");
  return {};
}

}  // namespace

bool knows_no_faults(Protocol protocol) { return protocol != Protocol::escrow && protocol != Protocol::published; }

PowerOptions without_faults(PowerOptions options) {
  options.loss = options.crash = options.duplicate = options.reorder = 0;
  options.partitions.clear();
  return options;
}

std::string faults_text(const PowerOptions& options) {
  std::string text;
  const auto name = [&](bool given, const char* fault) {
    if (given) text += (text.empty() ? "" : ", ") + std::string(fault);
  };
  name(options.loss > 0, "loss");
  name(options.duplicate > 0, "doubles");
  name(options.reorder > 0, "reordering");
  name(options.crash > 0, "crashes");
  name(!options.partitions.empty(), "partitions");
  return text;
}

Result<EventOutcome> run_protocol(const PowerOptions& options, Protocol protocol) {
  auto system = power_system(options);
  if (!system) return std::move(system).error();
  const bool exchanges = !knows_no_faults(protocol);
  const bool rounds = options.engine == "rounds";
  if (!rounds && options.engine != "events") {
    const std::vector<std::string> engines{"events", "rounds"};
    return bad_input("no engine '" + options.engine + "'", "--engine", suggest(options.engine, engines));
  }
  if (auto fine = check_effect(options, protocol, system->topology); !fine) return fine.error();
  if ((exchanges || protocol == Protocol::fixed) && options.step_cycles > 0)
    return bad_input(std::string("protocol ") + to_string(protocol) + " has no manager that steps from tile to tile",
                     "--step-cycles", "leave it out, or simulate c-rr, optimal or ring");
  if (rounds && (options.four_way || options.registers))
    return bad_input("synchronous rounds are of pairs, with counters that do not wrap",
                     options.four_way ? "--four-way" : "--registers", "leave it out, or use --engine events");
  const bool changes = !options.cuts.empty() || options.activity > 0;
  if (rounds && exchanges && (changes || !faults_text(options).empty()))
    return bad_input("synchronous rounds know no faults", "--engine", "leave the faults out, or use --engine events");
  const auto whole = [](PowerOutcome outcome) {
    EventOutcome all;
    static_cast<PowerOutcome&>(all) = std::move(outcome);
    return all;
  };
  const auto go_on = [](std::uint64_t) { return !InterruptGuard::interrupted(); };
  if (exchanges && !rounds) {
    auto events = event_options(options, protocol);
    if (!events) return events.error();
    events->go_on = go_on;
    return power::run_events(system->topology, system->tiles, *events);
  }
  if (exchanges) {
    power::RoundsOptions round_options;
    round_options.rule = protocol;
    round_options.far_every = options.far_every.value_or(power::usual_far_every(protocol));
    round_options.go_on = go_on;
    auto outcome = power::run_rounds(system->topology, system->tiles, round_options);
    if (!outcome) return std::move(outcome).error();
    return whole(std::move(*outcome));
  }
  if (changes)
    return bad_input(
        "the latency model of " + std::string(to_string(protocol)) + " knows one budget and one demand",
        options.cuts.empty() ? "--activity" : "--cut",
        options.cuts.empty() ? "leave it out, or simulate escrow or published" : "leave it out, or simulate escrow");
  power::BaselineOptions baseline;
  baseline.protocol = protocol;
  baseline.seed = options.seed;
  if (options.step_cycles > 0) baseline.step_cycles = options.step_cycles;
  auto outcome = power::run_baseline(system->topology, system->tiles, baseline);
  if (!outcome) return std::move(outcome).error();
  return whole(std::move(*outcome));
}

std::string interrupted_note(const PowerOutcome& outcome) {
  return "interrupted at period " + report::significant(outcome.periods, 9);
}

double breaker_share(const PowerOptions& options, const PowerOutcome& outcome) {
  return outcome.breaker_heat_periods * options.period_seconds / hierarchy::Breaker{}.tolerance.value();
}

report::Curve error_curve(const std::vector<std::pair<std::string, const PowerOutcome*>>& runs) {
  report::Curve curve;
  curve.title = "Mean distance from the proportional share";
  curve.x = {"time", "periods", false};
  curve.y = {"mean error", "coins", false};
  curve.caption = "Below one coin the budget counts as settled.";
  constexpr std::size_t most_points = 400;
  for (const auto& [name, outcome] : runs) {
    const auto& trace = outcome->error_trace;
    if (trace.size() < 2) continue;
    report::Line line{name, {}, {}};
    const std::size_t step = trace.size() / most_points + 1;
    for (std::size_t i = 0; i < trace.size(); i += step) {
      line.x.push_back(static_cast<double>(i + 1) * outcome->periods / static_cast<double>(trace.size()));
      line.y.push_back(trace[i]);
    }
    curve.lines.push_back(std::move(line));
  }
  // A manager takes a hundred times as long as exchange: on a straight axis one of them could not be seen.
  curve.x.logarithmic = runs.size() > 1;
  return curve;
}

std::string activity_note(const PowerOptions& options) {
  return "demands are drawn anew every " + shortest(options.activity) +
         " periods: settling counts from the last time on, and a redraw due at the very end is left out";
}

std::string settle_text(const PowerOutcome& outcome) {
  return outcome.settle_periods ? report::significant(*outcome.settle_periods, 3) + " periods" : "not within the run";
}

}  // namespace cradle::cli
