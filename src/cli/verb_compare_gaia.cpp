// cradle compare gaia: the published comparison of time policies on any jobs and any hourly intensities.
#include <cstdio>

#include "cradle/base/file.h"
#include "cradle/report/format.h"
#include "cradle/report/table.h"
#include "cradle/shifting/intensity_column.h"
#include "cradle/shifting/published_gaia.h"
#include "cradle/workload/pai.h"
#include "shift_options.h"

namespace cradle::cli {

namespace {

/// What stands beside a saving that comes in part from core hours that nobody charges.
report::Cell caveat(carbon::Hours outside, carbon::Hours outside_now, carbon::Hours all) {
  if (!(outside.value() > 0)) return {};
  const std::string part = report::percent_text(outside / all) + " of core hours uncounted";
  return outside > outside_now ? "saved too much: " + part : part;
}

}  // namespace

int run_compare_gaia(const CompareGaiaOptions& options, const Common& common) {
  const auto workload = workload::read_pai(options.jobs);
  if (!workload) return fail(workload.error());
  const auto text = read_file(options.intensity);
  if (!text) return fail(text.error());
  const std::string source = options.intensity.string();
  const auto column = shifting::read_intensity_column(*text, source, options.column);
  if (!column) return fail(column.error());
  auto part = shifting::slice(*column, source, static_cast<std::size_t>(options.start_hour),
                              static_cast<std::size_t>(options.hours));
  if (!part) return fail(part.error());
  std::vector<shifting::GaiaJob> jobs;
  for (const workload::Job& job : workload->jobs)
    jobs.push_back({job.arrival_ms, job.duration_ms, static_cast<double>(job.demand.cpu_milli) / workload::milli});
  const auto hours = static_cast<std::int64_t>(part->hours.size());
  std::vector<std::string> notes = workload->notes;
  notes.insert(notes.end(), part->notes.begin(), part->notes.end());
  if (hours < options.hours)
    notes.push_back("the file has " + std::to_string(hours) + " of the " + std::to_string(options.hours) +
                    " hours asked for");
  const auto protocol = shifting::GaiaProtocol::make(std::move(jobs), std::move(part->hours));
  if (!protocol) {
    Error error = protocol.error();
    error.where = options.jobs.string() + ", " + error.where;
    if (hours < options.hours)
      error.message += " (" + source + " ends after " + std::to_string(hours) + " of the " +
                       std::to_string(options.hours) + " hours asked for)";
    return fail(error);
  }

  using report::Align;
  report::Table table;
  table.column("policy", "policy")
      .column("carbon", "carbon", Align::right, 4, "g")
      .column("saving_percent", "saved", Align::right, 2, "%")
      .column("core_hours_outside", "after the last hour", Align::right, 1, "core h")
      .column("caveat", "caveat");
  carbon::GramsCO2e now;
  carbon::Hours outside, outside_now;
  carbon::Hours all;
  for (const shifting::GaiaJob& job : protocol->jobs()) {
    const std::int64_t steps = job.length_ms / shifting::GaiaProtocol::step_ms;  // whole ones, as the protocol has it
    all += carbon::Hours{job.cores * static_cast<double>(steps) /
                         static_cast<double>(shifting::GaiaProtocol::steps_an_hour)};
  }
  for (const shifting::TimePolicy policy : shifting::all_time_policies) {
    const shifting::GaiaRow row = shifting::run_gaia(*protocol, policy);
    if (policy == shifting::TimePolicy::now) {
      now = row.carbon;
      outside_now = row.core_time_outside;
    }
    if (row.core_time_outside > outside) outside = row.core_time_outside;
    table.row({std::string(shifting::name(policy)), row.carbon.value(),
               now.value() > 0 ? report::Cell(100 * (1 - row.carbon / now)) : report::Cell(),
               row.core_time_outside.value(), caveat(row.core_time_outside, outside_now, all)});
  }
  if (outside.value() > 0)
    notes.emplace_back(
        "some jobs run on after the last hour: these core hours count no grams, so that rows compare badly");
  if (options.output == Output::json) {
    std::string joined;
    for (const std::string& note : notes) joined += (joined.empty() ? "" : "; ") + note;
    const auto document =
        table.to_json("cradle.compare.gaia/1", {{"jobs", static_cast<std::int64_t>(protocol->jobs().size())},
                                                {"column", column->column},
                                                {"start_hour", options.start_hour},
                                                {"hours", hours},
                                                {"notes", joined}});
    std::fputs(document.c_str(), stdout);
    return 0;
  }
  if (options.output == Output::csv) {
    std::fputs(table.to_csv().c_str(), stdout);
    return 0;
  }
  std::printf("%zu jobs, %lld hours of %s from hour %lld, 1 W a core, unlimited capacity\n\n%s",
              protocol->jobs().size(), static_cast<long long>(hours), report::printable(column->column).c_str(),
              static_cast<long long>(options.start_hour), table.to_text().c_str());
  if (!common.quiet)
    for (const std::string& note : notes) std::fprintf(stderr, "cradle: %s\n", note.c_str());
  return 0;
}

}  // namespace cradle::cli
