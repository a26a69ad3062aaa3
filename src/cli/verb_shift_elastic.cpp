// cradle shift elastic: one job scaled by the hour, beside the same job on a fixed number of machines.
#include <optional>

#include "cradle/base/text.h"
#include "cradle/base/time.h"
#include "cradle/report/format.h"
#include "cradle/shifting/elastic.h"
#include "design_output.h"
#include "shift_elastic_options.h"
#include "verb_shift.h"

namespace cradle::cli {

using report::Align, report::Cell;
using shifting::ElasticPlan;

namespace {

constexpr shifting::Step steps_an_hour = 60;  // a machine can stop within an hour

Result<std::vector<double>> curve_of(const ShiftElasticOptions& options) {
  std::vector<double> curve;
  for (const std::string& text : options.curve) {
    const auto number = parse_number(text);
    if (!number)
      return bad_input("'" + text + "' is no number", "--curve", "write what each machine adds, e.g. 1,.9,.8");
    curve.push_back(*number);
  }
  const auto points = static_cast<std::int64_t>(curve.size());
  if (options.machines > points)
    return bad_input(std::to_string(options.machines) + " machines, but the curve has " + std::to_string(points) +
                         (points == 1 ? " point" : " points"),
                     "--machines", "give --curve a point for each machine");
  if (options.machines > 0) curve.resize(static_cast<std::size_t>(options.machines));
  return curve;
}

Error at_options(Error error) {
  error.where = "--work-hours, --curve (steps are minutes)";
  return error;
}

}  // namespace

int run_shift_elastic(const ShiftElasticOptions& options, const Common& common) {
  const auto curve = curve_of(options);
  if (!curve) return fail(curve.error());
  if (options.deadline_hours < 1) return fail(bad_input("no hour to run in", "--deadline-hours", "take 1 or more"));
  ShiftVerbOptions source;
  source.grid = options.grid;
  source.intensity = options.intensity;
  source.column = options.column;
  source.start_hour = options.start_hour;
  auto intensity = hourly_intensity(source, common, static_cast<std::size_t>(options.deadline_hours));
  if (!intensity) return fail(intensity.error());
  const auto signal = shifting::Signal::make(intensity->hours, steps_an_hour);
  if (!signal) return fail(signal.error());
  shifting::ElasticJob job;
  job.marginal = *curve;
  job.work = options.work_hours * steps_an_hour;
  job.release = static_cast<shifting::Step>(intensity->history) * steps_an_hour;
  job.deadline = job.release + options.deadline_hours * steps_an_hour;
  job.draw = carbon::Watts{options.watts};
  job.step = carbon::Seconds{carbon::Hours{1.0 / steps_an_hour}};
  job.embodied = carbon::GramsCO2e{options.embodied_per_hour} / carbon::Seconds{carbon::Hours{1}};
  if (job.deadline > signal->end())
    return fail(missing_data("the intensities end " + std::to_string((job.deadline - signal->end()) / steps_an_hour) +
                                 " h before the deadline",
                             "--deadline-hours", "take fewer hours, or an earlier --start-hour"));
  const auto plan = shifting::scale(*signal, job, shifting::ElasticObjective::life_cycle);
  if (!plan) return fail(at_options(plan.error()));
  // A width on which the job cannot end in time is none to choose from.
  std::optional<ElasticPlan> alone, best;
  int best_width = 0;
  for (int width = 1; width <= static_cast<int>(curve->size()); ++width) {
    auto fixed = shifting::run_fixed(*signal, job, width);
    if (!fixed) continue;
    if (width == 1) alone = *fixed;
    if (!best || fixed->total() < best->total()) {
      best = *fixed;
      best_width = width;
    }
  }

  report::Table table;
  table.column("plan", "plan")
      .column("operational_grams", "operational", Align::right, 1, "g")
      .column("embodied_grams", "embodied", Align::right, 1, "g")
      .column("total_grams", "total", Align::right, 1, "g")
      .column("plan_saves_percent", "the plan saves", Align::right, 2, "%")
      .column("machine_hours", "machine time", Align::right, 2, "h");
  const auto row = [&](const std::string& name, const std::optional<ElasticPlan>& one) {
    if (!one) {
      table.row({name, Cell(), Cell(), Cell(), Cell(), Cell()});
      return;
    }
    table.row({name, one->operational.value(), one->embodied.value(), one->total().value(),
               one->total().value() > 0 ? Cell(100 * (1 - plan->total() / one->total())) : Cell(),
               carbon::Hours{one->machine_time}.value()});
  };
  row("now, one machine", alone);
  row("now, best fixed width" + (best ? " (" + std::to_string(best_width) + ")" : std::string()), best);
  row("elastic", *plan);
  report::Table hours;
  hours.column("from", "from", Align::right, 2, "h")
      .column("to", "to", Align::right, 2, "h")
      .column("machines", "machines", Align::right);
  const auto since_release = [&](shifting::Step step) {
    return static_cast<double>(step - job.release) / static_cast<double>(steps_an_hour);
  };
  for (const shifting::ElasticInterval& interval : plan->intervals)
    hours.row({since_release(interval.from), since_release(interval.to), std::int64_t{interval.machines}});

  DesignAnswer answer;
  report::DesignReport& page = answer.page;
  page.question = "On how many machines should " + shortest(options.work_hours) + " h of work run on " +
                  intensity->what + " from hour to hour, to end within " + std::to_string(options.deadline_hours) +
                  " h?";
  page.answer = "The elastic plan emits " + report::mass_text(plan->total(), 4) + ".";
  if (best && best->total().value() > 0)
    page.answer += " The best fixed width, run now, emits " + report::mass_text(best->total(), 4) + ".";
  page.tables = {{"Plans", std::move(table)}, {"Machines by hour from release", std::move(hours)}};
  page.notes = intensity->notes;
  if (!alone) page.notes.emplace_back("one machine does not end in time");
  answer.schema = "cradle.shift.elastic/1";
  answer.fields = {{"grid", intensity->what},
                   {"work_hours", options.work_hours},
                   {"deadline_hours", options.deadline_hours},
                   {"machines", static_cast<std::int64_t>(curve->size())},
                   {"best_fixed_width", best ? Cell(std::int64_t{best_width}) : Cell()},
                   {"total_grams", plan->total().value()}};
  return deliver(std::move(answer), "cradle shift elastic", {}, options.output, common);
}

}  // namespace cradle::cli
