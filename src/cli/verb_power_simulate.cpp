// cradle power simulate: one protocol on one system.
#include <optional>
#include <string_view>

#include "cradle/base/text.h"
#include "cradle/report/format.h"
#include "interrupt.h"
#include "verb_power.h"

namespace cradle::cli {

using report::Align;
using report::Cell;
using report::significant;

int run_power_simulate(const PowerOptions& options, const Common& common) {
  const auto protocol = power::parse_protocol(options.protocol, "--protocol");
  if (!protocol) return fail(protocol.error());
  std::optional<InterruptGuard> guard(std::in_place);
  const auto outcome = run_protocol(options, *protocol);
  guard.reset();
  if (!outcome) return fail(outcome.error());

  const double over_watts = outcome->over_budget_max_coins * options.coin_watts;
  const double over_watt_seconds = outcome->over_budget_coin_periods * options.coin_watts * options.period_seconds;
  DesignAnswer answer;
  report::DesignReport& page = answer.page;
  page.title = "Token exchange: " + options.protocol + " on " + options.topology;
  page.question = "How soon, how fairly and how safely does " + options.protocol + " divide the budget on " +
                  options.topology + " from a " + options.start + " start?";
  const bool exchanges = !knows_no_faults(*protocol);
  const std::string left_out = exchanges ? std::string() : faults_text(options);
  page.answer = std::string(exchanges ? "Settled (mean error below one coin): " : "Settled (its own grants stand): ") +
                settle_text(*outcome) + "; Jain's index " +
                (outcome->jain ? significant(*outcome->jain, 4) : "of nothing, as no coins are left") +
                "; never more than " + significant(outcome->over_budget_max_percent, 3) + " % over the budget; " +
                std::to_string(outcome->violations) + " violations in " + std::to_string(outcome->events) + " events.";
  report::Table table;
  table.column("figure", "figure").column("value", "value", Align::right).column("unit", "unit");
  const auto optional = [](const std::optional<double>& value) { return value ? Cell(*value) : Cell(); };
  const auto count = [](std::uint64_t value) { return Cell(static_cast<std::int64_t>(value)); };
  struct Figure {
    const char* key;
    const char* name;
    Cell value;
    const char* unit;
  };
  // Only ours has a bank that takes coins back.
  const bool recovers = outcome->protocol == power::Protocol::escrow || outcome->crashes == 0;
  const auto recovery = [&](double percent) { return recovers ? Cell(percent) : Cell(); };
  const std::vector<Figure> figures = {
      {"settle_periods", "settled after", optional(outcome->settle_periods), "periods"},
      {"residual_coins", "mean error at the end", outcome->residual_coins, "coins"},
      {"over_budget_max_percent", "most over the budget", outcome->over_budget_max_percent, "%"},
      {"over_budget_max_watts", "", over_watts, "W"},
      {"over_budget_watt_seconds", "over the budget, in all", over_watt_seconds, "W s"},
      {"breaker_percent", "of what trips a breaker rated for the budget", 100 * breaker_share(options, *outcome), "%"},
      {"min_balance", "smallest balance", outcome->min_balance, "coins"},
      {"coins_lost_percent", "of the budget lost at the end", outcome->coins_lost_percent, "%"},
      {"coins_made_percent", "made out of nothing", outcome->coins_made_percent, "%"},
      {"coins_recovered_percent", "of what crashes took, recovered", recovery(outcome->coins_recovered_percent), "%"},
      {"messages_per_tile_period", "messages by tile and period", outcome->messages_per_tile_period, ""},
      {"jain", "Jain's index against weighted water-filling", optional(outcome->jain), ""},
      {"jain_max_min", "with all weights alike", optional(outcome->jain_max_min), ""},
      {"throughput", "throughput against unlimited power", outcome->throughput, ""},
      {"violations", "violations of what was promised", count(outcome->violations), ""},
      {"events", "events", count(outcome->events), ""},
      {"periods", "length of the run", outcome->periods, "periods"},
      {"budget", "budget", outcome->budget, "coins"},
      {"crashes", "incarnations that ended", count(outcome->crashes), ""},
      {"recovered_in_lease_percent", "recovered within a lease of its detection",
       recovery(outcome->recovered_in_lease_percent), "%"},
      {"obey_periods", "longest until a cut was obeyed", optional(outcome->obey_periods), "periods"}};
  answer.fields = {{"topology", options.topology}, {"protocol", options.protocol},
                   {"start", options.start},       {"demands", options.demands},
                   {"seed", count(options.seed)},  {"faults_left_out", left_out.empty() ? Cell() : Cell(left_out)}};
  for (const Figure& figure : figures) {
    answer.fields.emplace_back(figure.key, figure.value);
    const std::string_view key = figure.key;
    if ((key == "crashes" || key == "recovered_in_lease_percent") && outcome->crashes == 0) continue;
    if (key == "obey_periods" && options.cuts.empty()) continue;
    const bool never = key == "obey_periods" && !outcome->obey_periods;
    table.row({std::string(*figure.name ? figure.name : "most over the budget"),
               never ? Cell(std::string("never")) : figure.value, std::string(never ? "" : figure.unit)});
  }
  answer.fields.emplace_back("interrupted", count(outcome->interrupted ? 1 : 0));
  answer.fields.emplace_back("breaker_tripped", count(breaker_share(options, *outcome) >= 1 ? 1 : 0));
  answer.schema = "cradle.power.simulate/1";
  page.tables = {{"Outcome", table}};
  if (!outcome->settle_periods && options.far_every == 0U)
    page.notes.emplace_back("without far partners a slope of less than a coin from tile to tile stands for ever");
  if (outcome->error_trace.size() > 1) page.curves.push_back(error_curve({{options.protocol, &*outcome}}));
  page.notes.emplace_back(
      "a breaker trips by an inverse-time curve through its one published point: 10 % over for 17 "
      "minutes; this one " +
      std::string(breaker_share(options, *outcome) >= 1 ? "trips" : "does not"));
  if (!left_out.empty())
    page.notes.push_back("run without " + left_out + ": the latency model of " + options.protocol +
                         " knows none, so that nothing here says how it would stand them");
  if (options.activity > 0) page.notes.push_back(activity_note(options));
  if (outcome->interrupted) page.notes.push_back(interrupted_note(*outcome));
  const int status = deliver(std::move(answer), options.command, options.report, options.output, common);
  return outcome->interrupted && status == 0 ? interrupted_status : status;
}

}  // namespace cradle::cli
