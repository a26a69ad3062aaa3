#include "power_options.h"

#include <algorithm>

#include "option_kinds.h"

namespace cradle::cli {

namespace {

constexpr std::int64_t most_coins = 1 << 20;

void add_far_every(CLI::App* action, PowerOptions& options) {
  const auto read = [&options](const std::string& text) {
    const auto number = parse_integer(text);
    if (!number || *number < 0 || *number > 1'000'000)
      throw CLI::ValidationError("--far-every", "'" + text + "' is no whole number from 0 to 1000000");
    options.far_every = static_cast<std::uint32_t>(*number);
  };
  action
      ->add_option_function<std::string>("--far-every", read,
                                         "every so many turns a far partner; 0: never; "
                                         "if left out 4, of published 17")
      ->type_name("N");
}

/// Read as one word: the parser's own lists leave out what stands empty between two commas.
void add_weights(CLI::App* action, PowerOptions& options, const char* help) {
  const auto read = [&options](const std::string& text) {
    const auto fields = split(text, ',');
    const auto fits = [](std::string_view field) {
      const auto weight = parse_integer(field);
      return weight && *weight >= 1 && *weight <= most_coins;
    };
    if (fields.empty() || !std::all_of(fields.begin(), fields.end(), fits))
      throw CLI::ValidationError("--weight", "'" + text + "' is no list of whole numbers from 1 to " +
                                                 std::to_string(most_coins) + " with commas between them");
    options.weights.clear();
    for (const std::string_view field : fields) options.weights.push_back(*parse_integer(field));
  };
  action->add_option_function<std::string>("--weight", read, help)->type_name("N,N,...");
}

/// What tiles ask for beyond a number of coins.
void add_demands(CLI::App* action, PowerOptions& options) {
  action
      ->add_option("--demands", options.demands, "equal: all that ask ask alike; mixed: for 1/8 to 8/8 of that, drawn")
      ->capture_default_str();
  add_weights(action, options, "priorities that tiles draw from, with commas, e.g. 1,4; 1 for all");
}

void add_scenario(CLI::App* action, PowerOptions& options) {
  action->add_option("--topology", options.topology, "torus:WxH or ring:N")->capture_default_str();
  action->add_option("--start", options.start, "corner or half-idle")->capture_default_str();
  add_count(action, "--demand", options.demand, most_coins, "coins that a tile asks for when it asks");
  add_demands(action, options);
  add_count(action, "--coins-per-tile", options.coins_per_tile, most_coins, "budget above the floors, by tile");
  add_count(action, "--floor", options.floor, most_coins, "coins that each tile keeps for ever");
  add_count(action, "--seed", options.seed, largest_count, "the same seed gives the same run");
  add_far_every(action, options);
}

void add_faults(CLI::App* action, PowerOptions& options) {
  add_number(action, "--periods", options.periods, 1, 1e9, "length of the run; a period is a tile's turn");
  add_number(action, "--loss", options.loss, 0, 1, "probability that a message is lost");
  add_number(action, "--duplicate", options.duplicate, 0, 1, "that it comes twice");
  add_number(action, "--reorder", options.reorder, 0, 1, "that it is up to four times as late");
  add_number(action, "--crash", options.crash, 0, 1, "that a tile crashes at its turn");
  add_number(action, "--activity", options.activity, 0, 1e9, "periods after which all tiles draw anew; 0: never");
  add_number(action, "--lease", options.lease, 1, 1e9, "periods that coins are held for without being renewed");
  add_repeatable(action, "--cut", options.cuts,
                 "AT:PART, e.g. 50:0.8: from period 50 on 80 % of the coins above the floors; floors stay; repeatable");
  add_repeatable(action, "--partition", options.partitions, "FROM:UNTIL:FIRST:TILES cut off; repeatable");
  action->add_flag("--four-way", options.four_way, "published: one tile polls all near partners");
  action->add_flag("--registers", options.registers,
                   "published: 7-bit counters that wrap, as released; at most 63 coins");
}

void add_watts(CLI::App* action, PowerOptions& options) {
  add_number(action, "--coin-watts", options.coin_watts, 1e-9, 1e9, "watts of a coin");
  add_number(action, "--period-seconds", options.period_seconds, 1e-12, 1e6, "seconds of a period");
}

}  // namespace

void add_power_verb(CLI::App& app, PowerOptions& options, std::function<void()> act) {
  CLI::App* verb = app.add_subcommand("power", "power budgets by token exchange, from tile to datacenter");
  verb->require_subcommand(1);
  const auto add = [&](const char* name, const char* help) {
    CLI::App* action = verb->add_subcommand(name, help);
    action->callback([&options, act, name, action] {
      options.action = name;
      const auto given = [action](const char* option) {
        const CLI::Option* known = action->get_option_no_throw(option);
        return known != nullptr && known->count() > 0;
      };
      options.periods_given = given("--periods");
      options.lease_given = given("--lease");
      options.day_given = given("--day");
      options.least_budget_given = given("--least-budget");
      options.command = given_command("cradle power", action);
      act();
    });
    add_output(action, options.output);
    return action;
  };
  CLI::App* simulate = add("simulate", "one protocol on one system: how soon, how fair, how safe");
  simulate->add_option("--protocol", options.protocol, "escrow, published, c-rr, optimal, ring or static")
      ->capture_default_str();
  simulate->add_option("--engine", options.engine, "events (latencies, loss, crashes) or rounds (synchronous)")
      ->capture_default_str();
  add_scenario(simulate, options);
  add_faults(simulate, options);
  add_watts(simulate, options);
  add_count(simulate, "--step-cycles", options.step_cycles, 1'000'000'000, "c-rr, optimal, ring: cycles for a tile");
  add_number(simulate, "--fastest", options.fastest, 0.01, 1,
             "dynamic timing: a turn that moves coins quarters a tile's interval, down to so many periods");
  add_number(simulate, "--slowest", options.slowest, 1, 1000,
             "one that moves none makes it half as long again, up to so many");
  simulate->add_option("--report", options.report, "write a page with plots");

  CLI::App* compare = add("compare", "all protocols on the same system, and response against the released systems");
  add_scenario(compare, options);
  add_faults(compare, options);
  add_watts(compare, options);
  compare->add_option("--report", options.report, "write a page with plots");

  CLI::App* sweep = add("sweep", "how the response grows with the number of tiles");
  sweep->add_option("--widths", options.widths, "of square tori, with commas")->delimiter(',');
  sweep->add_option("--protocol", options.protocols, "with commas; all if left out")->delimiter(',');
  sweep->add_option("--start", options.sweep_start, "corner or half-idle")->capture_default_str();
  add_count(sweep, "--seeds", options.seeds, 1000, "runs for each width");
  add_demands(sweep, options);
  add_far_every(sweep, options);
  sweep->add_option("--report", options.report, "write a page with plots");

  CLI::App* tree = add("tree", "a datacenter's budget, from the site down to devices");
  tree->add_option("--tree", options.tree, "NAME:FAN_OUT[:COIN[:RATING]],..., or dynamo")->capture_default_str();
  tree->add_option("--manager", options.managers, "exchange, dynamo, gradient, static, with commas; all if left out")
      ->delimiter(',');
  add_number(tree, "--budget", options.budget_watts, 0, 1e12,
             "watts of the site; 0: 30 MW of dynamo's, else 70 % of what devices can draw");
  add_count(tree, "--floor", options.device_floor, most_coins, "watts that each device always has");
  add_count(tree, "--demand", options.device_demand, most_coins, "watts above the floor at full use");
  tree->add_option("--demand-file", options.demand_file, "CSV: second,device,demand in watts above the floor");
  add_number(tree, "--hours", options.hours, 1e-3, 24 * 366, "length of the run");
  add_number(tree, "--from-hour", options.from_hour, 0, 24, "of the day at which the run begins");
  add_count(tree, "--day", options.day, 364, "of the grid's year on which it begins");
  add_repeatable(tree, "--cut", options.cuts, "AT:PART, e.g. 1800:0.8: at second 1800 the budget is 80 %; repeatable");
  add_number(tree, "--crash", options.crash_per_second, 0, 1, "chance for each server and second to fall silent");
  add_weights(tree, options, "priorities of devices in turn, with commas, e.g. 1,4; 1 for all");
  tree->add_option("--lease", options.lease_seconds, "seconds that a server's coins outlive its silence")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{3600}))
      ->capture_default_str();
  tree->add_option("--grid", options.grid, "grid of the catalogue, for grams");
  add_number(tree, "--signal", options.signal, 0, 100, "how deep the budget follows the grid; 0: not");
  add_number(tree, "--least-budget", options.least_budget, 0.01, 1, "share of the budget that is always there");
  add_count(tree, "--seed", options.seed, largest_count, "the same seed gives the same run");
  tree->add_option("--report", options.report, "write a page with plots");

  CLI::App* cost = add("unit-cost", "what the hardware unit weighs, and when it has paid for itself");
  add_number(cost, "--kge", options.gates, 0, 1e6, "thousand gate equivalents; 0: ours, as measured");
  cost->add_option("--fab-grid", options.grid, "grid of the fab; TW if left out");
  add_number(cost, "--intensity", options.intensity, 1e-3, 1e6, "gCO2e/kWh of the electricity it saves");

  CLI::App* daemon = add("daemon", "a node or the bank of a power domain: exchanges coins over UDP, sets its device");
  daemon->add_option("--config", options.config, "TOML: the domain, this node, its demand and device")->required();
  daemon->add_flag("--apply", options.apply, "set the device; without it: a dry run that says what it would set");
  add_number(daemon, "--drop", options.drop, 0, 1, "part of the packets received to throw away: a rehearsal");
  add_count(daemon, "--seed", options.seed, largest_count, "of what is thrown away");

  CLI::App* check = add("check-logs", "replays the logs of all daemons of a domain and looks for coins out of place");
  check->add_option("logs", options.logs, "the logs of all nodes and of the bank")->required();
  add_number(check, "--least-share", options.least_share, 0, 1, "of the budget to be held or in the bank at the end");
  add_number(check, "--grace", options.grace_seconds, 0, 1e6, "seconds that a cut may take beyond lease and hold");
}

}  // namespace cradle::cli
