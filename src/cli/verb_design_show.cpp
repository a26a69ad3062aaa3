// cradle design show: one point, its bill and how sure it is.
#include <cstdio>
#include <optional>
#include <stop_token>

#include "cradle/base/file.h"
#include "cradle/base/text.h"
#include "cradle/design/explore.h"
#include "cradle/design/uncertain_point.h"
#include "cradle/report/format.h"
#include "cradle/report/progress.h"
#include "cradle/study/space_report.h"
#include "design_space_input.h"
#include "interrupt.h"
#include "verb_design.h"

namespace cradle::cli {

namespace {

constexpr int interrupted_status = 130;
constexpr std::size_t share_rows = 6;
constexpr std::uint64_t least_samples = 100;  // fewer have no P5 or P95

Result<std::uint64_t> point_of(const DesignOptions& options, const design::Space& space) {
  const auto number = parse_integer(options.point);
  if (number && *number >= 0 && static_cast<std::uint64_t>(*number) < space.points())
    return static_cast<std::uint64_t>(*number);
  return bad_input(options.point.empty() ? "no point is named" : "no point '" + options.point + "'",
                   options.point.empty() ? space.source : "--point " + options.point,
                   "name a number from 0 to " + std::to_string(space.points() - 1) +
                       " with --point; `cradle design explore` lists those of the front");
}

const char* standing_text(design::Standing standing) {
  switch (standing) {
    case design::Standing::feasible: return "feasible";
    case design::Standing::impossible: return "cannot be made";
    case design::Standing::excluded: return "misses a constraint or the work";
  }
  return "";
}

}  // namespace

int run_design_show(const DesignOptions& options, const Common& common) {
  if (options.print) return print_design_study(options);
  const auto input = read_design_space(options, common);
  if (!input) return fail(input.error());
  const design::Space& space = input->space;
  const auto index = point_of(options, space);
  if (!index) return fail(index.error());
  if (options.samples < least_samples)
    return fail(bad_input(std::to_string(options.samples) + " samples are too few for quantiles",
                          "--samples " + std::to_string(options.samples),
                          "draw at least " + std::to_string(least_samples)));
  if (auto ok = check_design_outputs(options); !ok) return fail(ok.error());

  const design::Evaluator evaluator(space);
  const design::Evaluated point = evaluator.at(*index);
  std::stop_source stop;
  std::optional<InterruptGuard> guard(std::in_place);
  carbon::MonteCarloOptions samples;
  samples.samples = options.samples;
  samples.seed = options.seed;
  samples.threads = common.threads;
  samples.stop = stop.get_token();
  std::optional<report::Progress> bar(std::in_place, "samples", 0, common.progress && !common.quiet);
  samples.progress = [&](std::uint64_t done) {
    if (InterruptGuard::interrupted()) stop.request_stop();
    bar->advance(done);
  };
  const auto uncertainty = design::uncertainty(evaluator, *index, samples);
  bar.reset();
  guard.reset();
  if (!uncertainty) return fail(uncertainty.error());
  if (uncertainty->stopped) {
    std::fputs("cradle: stopped before all samples were drawn; nothing is shown\n  hint: take fewer --samples\n",
               stderr);
    return interrupted_status;
  }

  const report::Table bill = study::bill_table(*uncertainty);
  const std::vector<std::string> notes = study::notes(space, input->measured);
  if (options.output == Output::csv) {
    std::fputs(bill.to_csv().c_str(), stdout);
  } else if (options.output == Output::json) {
    std::vector<report::Field> fields{{"study", space.name},
                                      {"point", static_cast<std::int64_t>(*index)},
                                      {"design", space.label(*index)},
                                      {"standing", std::string(standing_text(point.standing))},
                                      {"samples", static_cast<std::int64_t>(options.samples)},
                                      {"seed", static_cast<std::int64_t>(options.seed)}};
    for (std::size_t i = 0; i < design::objective_count; ++i) {
      const auto objective = static_cast<design::Objective>(i);
      fields.emplace_back(std::string(name(objective)), shown(objective, value(point.outcome, objective)));
    }
    if (uncertainty->bounds) {
      fields.emplace_back("least_kg", carbon::KilogramsCO2e{uncertainty->bounds->low}.value());
      fields.emplace_back("most_kg", carbon::KilogramsCO2e{uncertainty->bounds->high}.value());
    }
    std::fputs(bill.to_json("cradle.design.point/1", fields).c_str(), stdout);
  } else {
    std::string text = space.title + "\npoint " + std::to_string(*index) + ": " + space.label(*index) + " (" +
                       standing_text(point.standing) + ")\n\n" + bill.to_text() + "\n";
    if (uncertainty->bounds)
      text += "total with every coefficient anywhere in its range: " + report::mass_text(uncertainty->bounds->low) +
              " to " + report::mass_text(uncertainty->bounds->high) + "\n";
    text += "\n" + study::figure_table(space, point.outcome).to_text() + "\n" +
            study::share_table(uncertainty->shares, "variance of the total", share_rows).to_text() + "\n" +
            study::share_table(uncertainty->embodied_shares, "variance of what is embodied", share_rows).to_text() +
            "\n";
    for (const std::string& note : notes) text += "note: " + note + "\n";
    text += "note: quantiles of " + std::to_string(options.samples) + " samples, shares of variance from tables of " +
            std::to_string(uncertainty->sobol_samples) + ", seed " + std::to_string(options.seed) + "\n";
    std::fwrite(text.data(), 1, text.size(), stdout);
  }
  if (!options.report.empty()) {
    const std::string command = "cradle design show" + (options.study.empty() ? "" : " " + options.study) +
                                " --point " + std::to_string(*index);
    const auto page =
        study::point_page(space, *index, point.outcome, *uncertainty, {input->source, command}, notes, samples);
    if (auto ok = report::check(page); !ok) return fail(ok.error());
    if (auto written = write_file(options.report, report::to_html(page)); !written) return fail(written.error());
  }
  return 0;
}

}  // namespace cradle::cli
