// cradle power compare: all protocols on the same system, and response against the released systems.
#include <optional>

#include "cradle/base/text.h"
#include "cradle/power/baselines.h"
#include "cradle/report/format.h"
#include "interrupt.h"
#include "verb_power.h"

namespace cradle::cli {

using power::Protocol;
using report::Align;
using report::Cell;
using report::significant;

namespace {

constexpr Protocol protocols[] = {Protocol::escrow,  Protocol::published, Protocol::c_rr,
                                  Protocol::optimal, Protocol::ring,      Protocol::fixed};
constexpr std::uint32_t draws = 200;

report::Table response_table(std::uint64_t seed) {
  report::Table table;
  table.column("system", "system")
      .column("tiles", "tiles", Align::right)
      .column("exchange_cycles", "exchange", Align::right, 0, "cycles")
      .column("round_robin_cycles", "C-RR", Align::right, 0, "cycles")
      .column("ratio", "faster by", Align::right, 1);
  const auto add = [&](const std::string& name, const power::ResponseComparison& response) {
    table.row({name, static_cast<std::int64_t>(response.tiles), response.exchange_cycles, response.round_robin_cycles,
               response.ratio()});
  };
  for (const power::ReleasedSystem& system : power::released_systems())
    add(system.name, power::compare_response(system, power::calibrated_step_cycles, draws, seed));
  for (const std::uint32_t width : {6U, 10U, 20U})
    if (const auto torus = power::Topology::torus(width, width, "torus"))
      add("torus " + std::to_string(width) + "x" + std::to_string(width),
          power::compare_response(*torus, power::calibrated_step_cycles, draws, seed));
  return table;
}

}  // namespace

int run_power_compare(const PowerOptions& options, const Common& common) {
  std::vector<std::pair<std::string, power::EventOutcome>> runs;
  std::optional<InterruptGuard> guard(std::in_place);
  for (const Protocol protocol : protocols) {
    PowerOptions one = options;
    // Only ours knows budgets that change; managers and rings are latency models, without faults.
    if (protocol != Protocol::escrow) one.cuts.clear();
    if (protocol != Protocol::published) one.four_way = one.registers = false;
    if (knows_no_faults(protocol)) {
      one = without_faults(std::move(one));
      one.activity = 0;
    }
    // The first one is run in any case: interrupted, it tells how far it came.
    if (InterruptGuard::interrupted() && !runs.empty()) break;
    auto outcome = run_protocol(one, protocol);
    if (!outcome) return fail(outcome.error());
    runs.emplace_back(to_string(protocol), std::move(*outcome));
  }
  const bool interrupted = InterruptGuard::interrupted();
  guard.reset();
  report::Table table;
  table.column("protocol", "protocol")
      .column("settle_periods", "settled", Align::right, 1, "periods")
      .column("residual_coins", "error at end", Align::right, 3, "coins")
      .column("over_budget_max_percent", "over budget", Align::right, 2, "%")
      .column("over_budget_watt_seconds", "over, in all", Align::right, -1, "W s")
      .column("breaker_percent", "of a trip", Align::right, -1, "%")
      .column("min_balance", "least balance", Align::right, 0, "coins")
      .column("coins_lost_percent", "lost", Align::right, 2, "%")
      .column("coins_made_percent", "made", Align::right, 2, "%")
      .column("messages_per_tile_period", "messages", Align::right, 2, "/tile/period")
      .column("jain", "Jain", Align::right, 4)
      .column("jain_max_min", "by max-min", Align::right, 4)
      .column("throughput", "throughput", Align::right, 4)
      .column("violations", "violations", Align::right);
  std::vector<std::pair<std::string, const power::PowerOutcome*>> traces;
  for (const auto& [name, outcome] : runs) {
    table.row({name, outcome.settle_periods ? Cell(*outcome.settle_periods) : Cell(), outcome.residual_coins,
               outcome.over_budget_max_percent,
               outcome.over_budget_coin_periods * options.coin_watts * options.period_seconds,
               100 * breaker_share(options, outcome), outcome.min_balance, outcome.coins_lost_percent,
               outcome.coins_made_percent, outcome.messages_per_tile_period,
               outcome.jain ? Cell(*outcome.jain) : Cell(), outcome.jain_max_min ? Cell(*outcome.jain_max_min) : Cell(),
               outcome.throughput, static_cast<std::int64_t>(outcome.violations)});
    traces.emplace_back(name, &outcome);
  }
  DesignAnswer answer;
  report::DesignReport& page = answer.page;
  page.title = "Token exchange and what it is compared with, on " + options.topology;
  page.question = "Which protocol divides the budget on " + options.topology + " soonest and safely, from a " +
                  options.start + " start?";
  const power::EventOutcome& ours = runs[0].second;
  page.answer = "Escrow settled: " + settle_text(ours) + ", with " + std::to_string(ours.violations) + " violations";
  if (runs.size() > 1) {
    const power::EventOutcome& published = runs[1].second;
    page.answer += "; the published protocol: " + settle_text(published) + ", " + std::to_string(published.violations) +
                   " violations, up to " + significant(published.over_budget_max_percent, 3) + " % over the budget";
  }
  page.answer += ".";
  page.tables = {{"Protocols", table}};
  if (!interrupted) page.tables.emplace_back("Response to a change of activity", response_table(options.seed));
  page.notes = {
      "a manager or ring takes " + std::to_string(power::calibrated_step_cycles) +
          " cycles for each tile: chosen so that on the released 3x3 system round-robin is ten times as "
          "slow as exchange, the middle of the published 8x-12x; all other rows are predictions with it",
      "messages of escrow and of the published protocol are lost, doubled and late as the options say, and "
      "their tiles crash; a manager's and a ring's do not, and c-rr, optimal, ring and static count as settled "
      "when their own grants stand"};
  if (options.loss > 0 || options.crash > 0 || options.duplicate > 0 || options.reorder > 0 || options.activity > 0 ||
      !options.partitions.empty())
    page.notes.emplace_back(
        "c-rr, optimal, ring and static were run without loss, doubles, reordering, crashes, partitions and changes of "
        "activity: latency models know none, so that faults count against escrow and the published protocol alone");
  if (options.activity > 0) page.notes.push_back(activity_note(options));
  if (!options.cuts.empty())
    page.notes.emplace_back(
        "the budget is cut for escrow alone; the others keep all of it, and are no comparison then");
  answer.schema = "cradle.power.compare/1";
  answer.rows = table;
  answer.fields = {{"topology", options.topology},
                   {"start", options.start},
                   {"demands", options.demands},
                   {"interrupted", static_cast<std::int64_t>(interrupted)},
                   {"seed", static_cast<std::int64_t>(options.seed)},
                   {"step_cycles", static_cast<std::int64_t>(power::calibrated_step_cycles)}};
  for (const power::ReleasedSystem& system : power::released_systems()) {
    if (interrupted) break;
    answer.fields.emplace_back(
        std::string("ratio_") + system.name,
        power::compare_response(system, power::calibrated_step_cycles, draws, options.seed).ratio());
  }
  page.curves.push_back(error_curve(traces));
  if (interrupted)
    page.notes.push_back(interrupted_note(runs.back().second) + " of " + runs.back().first +
                         ": the protocols after it and the comparison with the released systems were not run");
  const int status = deliver(std::move(answer), options.command, options.report, options.output, common);
  return interrupted && status == 0 ? interrupted_status : status;
}

}  // namespace cradle::cli
