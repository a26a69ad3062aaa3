// cradle power sweep: how the response grows with the number of tiles.
#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "cradle/power/sweep.h"
#include "cradle/report/format.h"
#include "cradle/report/progress.h"
#include "interrupt.h"
#include "verb_power.h"

namespace cradle::cli {

using report::Align;
using report::Cell;
using report::significant;

namespace {

report::Line line_of(const power::Sweep& sweep) {
  report::Line line{to_string(sweep.protocol), {}, {}};
  std::map<std::uint32_t, std::pair<double, double>> means;
  for (const power::SweepRow& row : sweep.rows)
    if (row.outcome.settle_periods && *row.outcome.settle_periods > 0) {
      means[row.width].first += *row.outcome.settle_periods;
      means[row.width].second += 1;
    }
  for (const auto& [width, sum] : means) {
    line.x.push_back(static_cast<double>(width) * width);
    line.y.push_back(sum.first / sum.second);
  }
  return line;
}

}  // namespace

int run_power_sweep(const PowerOptions& options, const Common& common) {
  const auto start = power::parse_start(options.sweep_start, "--start");
  if (!start) return fail(start.error());
  const auto demands = power::parse_demands(options.demands, "--demands");
  if (!demands) return fail(demands.error());
  std::vector<std::string> names = options.protocols;
  if (names.empty()) names = {"escrow", "published", "c-rr", "optimal", "ring"};
  std::vector<power::Protocol> protocols;
  for (const std::string& name : names) {
    const auto protocol = power::parse_protocol(name, "--protocol");
    if (!protocol) return fail(protocol.error());
    protocols.push_back(*protocol);
  }
  if (options.far_every && std::none_of(protocols.begin(), protocols.end(), [](power::Protocol protocol) {
        return protocol == power::Protocol::escrow || protocol == power::Protocol::published;
      }))
    return fail(bad_input("none of the protocols has far partners", "--far-every",
                          "leave it out, or sweep escrow or published"));
  power::SweepOptions sweep_options;
  sweep_options.start = *start;
  sweep_options.widths = options.widths;
  sweep_options.seeds = options.seeds;
  sweep_options.far_every = options.far_every;
  sweep_options.demands = *demands;
  sweep_options.weights = coins_of(options.weights);
  sweep_options.threads = common.threads;

  std::optional<InterruptGuard> guard(std::in_place);
  std::optional<report::Progress> progress(
      std::in_place, "sweep",
      protocols.size() * sweep_options.widths.size() * std::max<std::size_t>(1, sweep_options.seeds),
      common.progress && !common.quiet);
  std::vector<power::Sweep> sweeps;
  for (const power::Protocol protocol : protocols) {
    if (InterruptGuard::interrupted()) break;
    auto sweep = power::run_sweep(
        protocol, sweep_options,
        [&] {
          progress->advance();
          return !InterruptGuard::interrupted();
        },
        [] { return !InterruptGuard::interrupted(); });
    if (!sweep) return fail(sweep.error());
    sweeps.push_back(std::move(*sweep));
  }
  progress.reset();
  const bool interrupted = InterruptGuard::interrupted();
  guard.reset();

  report::Table laws, rows;
  laws.column("protocol", "protocol")
      .column("exponent", "exponent", Align::right, 3)
      .column("low", "95 % from", Align::right, 3)
      .column("high", "to", Align::right, 3)
      .column("r_squared", "R2", Align::right, 3)
      .column("points", "sizes", Align::right)
      .column("note", "");
  rows.column("protocol", "protocol")
      .column("tiles", "tiles", Align::right)
      .column("seed", "seed", Align::right)
      .column("settle_periods", "settled", Align::right, 1, "periods")
      .column("residual_coins", "error at end", Align::right, 3, "coins")
      .column("messages_per_tile_period", "messages", Align::right, 2, "/tile/period");
  report::Curve curve;
  curve.title = "Response by number of tiles";
  curve.x = {"tiles", "", true};
  curve.y = {"settled", "periods", true};
  curve.caption = "Means over the seeds; runs that did not settle are left out.";
  DesignAnswer answer;
  for (const power::Sweep& sweep : sweeps) {
    const std::string name = to_string(sweep.protocol);
    std::set<std::uint32_t> settled;
    for (const power::SweepRow& row : sweep.rows)
      if (row.outcome.settle_periods) settled.insert(row.width);
    if (sweep.law)
      laws.row({name, sweep.law->exponent, sweep.law->low, sweep.law->high, sweep.law->r_squared,
                static_cast<std::int64_t>(sweep.law->points), std::string()});
    else
      laws.row({name, Cell(), Cell(), Cell(), Cell(), static_cast<std::int64_t>(settled.size()), sweep.no_law});
    for (const power::SweepRow& row : sweep.rows)
      rows.row({name, static_cast<std::int64_t>(row.width) * row.width, static_cast<std::int64_t>(row.seed),
                row.outcome.settle_periods ? Cell(*row.outcome.settle_periods) : Cell(), row.outcome.residual_coins,
                row.outcome.messages_per_tile_period});
    auto line = line_of(sweep);
    if (line.x.size() > 1) curve.lines.push_back(std::move(line));
    answer.fields.emplace_back("exponent_" + name, sweep.law ? Cell(sweep.law->exponent) : Cell());
  }
  report::DesignReport& page = answer.page;
  page.title = "Response by size, " + options.sweep_start + " start";
  page.question = "How does the response grow with the number of tiles N, from a " + options.sweep_start + " start?";
  std::string grows;
  for (const power::Sweep& sweep : sweeps)
    if (sweep.law)
      grows += (grows.empty() ? "" : ", ") + std::string(to_string(sweep.protocol)) + " as N^" +
               significant(sweep.law->exponent, 3) + " (95 %: " + significant(sweep.law->low, 3) + " .. " +
               significant(sweep.law->high, 3) + ")";
  page.answer = grows.empty() ? "No law could be fitted." : "It grows: " + grows + ".";
  page.tables = {{"Fitted laws: time = a x N^exponent", laws}};
  page.notes = {"exchange in synchronous rounds; a manager or ring takes a constant time for each tile",
                "a size counts once, as the geometric mean of its runs; the interval holds where sizes scatter about a "
                "power law alike"};
  if (*start == power::Start::corner && options.seeds > 1)
    page.notes.emplace_back("seed 1 starts from the quadrant at the origin, others from a drawn place and shape");
  if (*demands == power::Demands::equal && options.weights.empty())
    page.notes.emplace_back(
        "where all that ask ask alike, escrow's rounding and the published truncation move the same coins: what tells "
        "the two apart is how often they turn to far partners; see --demands mixed");
  if (interrupted) page.notes.emplace_back("interrupted: not all sizes were run");
  if (!curve.lines.empty()) page.curves.push_back(std::move(curve));
  answer.fields.emplace_back("interrupted", static_cast<std::int64_t>(interrupted));
  answer.rows = rows;
  answer.schema = "cradle.power.sweep/1";
  const int status = deliver(std::move(answer), options.command, options.report, options.output, common);
  return interrupted && status == 0 ? interrupted_status : status;
}

}  // namespace cradle::cli
