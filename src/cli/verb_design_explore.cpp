// cradle design explore: every point of a space, and the exact front among them.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <stop_token>

#include "cradle/base/file.h"
#include "cradle/design/explore.h"
#include "cradle/report/progress.h"
#include "cradle/study/space_report.h"
#include "design_space_input.h"
#include "interrupt.h"
#include "verb_design.h"

namespace cradle::cli {

namespace {

constexpr int interrupted_status = 130;  // what shells call a program ended by SIGINT
constexpr std::size_t table_rows = 20;
constexpr std::uint64_t page_samples = 20'000;

Result<void> replace_objectives(const DesignOptions& options, design::Space& space) {
  if (options.objectives.empty()) return {};
  space.objectives.clear();
  for (const std::string& word : options.objectives) {
    const auto objective = design::parse_objective(word, "--objective");
    if (!objective) return objective.error();
    if (std::find(space.objectives.begin(), space.objectives.end(), *objective) != space.objectives.end())
      return bad_input("'" + word + "' is named twice", "--objective", "name each objective once");
    space.objectives.push_back(*objective);
  }
  if (space.objectives.size() > design::most_objectives)
    return bad_input(std::to_string(space.objectives.size()) + " objectives", "--objective",
                     "name at most " + std::to_string(design::most_objectives));
  return {};
}

void print_text(const design::Space& space, const design::Exploration& found, const std::vector<std::string>& notes) {
  std::string text = space.title + "\n" + study::count_sentence(space, found) + "\n\n";
  const report::Table table = study::front_table(space, found, table_rows, false);
  text += table.to_text(120);
  if (table.rows() < found.front.size())
    text += "(" + std::to_string(table.rows()) + " of " + std::to_string(found.front.size()) +
            " shown; all with --front FILE or --output csv)\n";
  text += found.complete() ? "\n" : "\nof the points so far:\n";
  for (const std::string& line : study::standout_lines(space, found)) text += "* " + line + "\n";
  text += "\n";
  for (const std::string& note : notes) text += "note: " + note + "\n";
  std::fwrite(text.data(), 1, text.size(), stdout);
}

}  // namespace

int run_design_explore(const DesignOptions& options, const Common& common) {
  if (options.print) return print_design_study(options);
  auto input = read_design_space(options, common);
  if (!input) return fail(input.error());
  design::Space& space = input->space;
  if (auto ok = replace_objectives(options, space); !ok) return fail(ok.error());
  if (auto ok = check_design_outputs(options); !ok) return fail(ok.error());

  std::stop_source stop;
  std::optional<InterruptGuard> guard(std::in_place);
  design::ExploreOptions explore;
  explore.threads = common.threads;
  explore.stop = stop.get_token();
  std::optional<report::Progress> bar(std::in_place, "explore", space.points(), common.progress && !common.quiet);
  explore.progress = [&](std::uint64_t points) {
    if (InterruptGuard::interrupted()) stop.request_stop();
    bar->advance(points);
  };
  const auto found = design::explore(space, explore);
  bar.reset();
  guard.reset();
  if (!found) return fail(found.error());

  // The front first: an interrupted search must not lose it. If it cannot be written, the table is still to be had.
  Result<void> front_written;
  if (!options.front.empty()) front_written = write_file(options.front, study::front_csv(space, *found));
  if (found->front.empty() && found->complete())
    return fail(bad_input("no design is left: of " + std::to_string(found->points) + " points " +
                              std::to_string(found->impossible) + " cannot be made and " +
                              std::to_string(found->excluded) + " miss a constraint or the work",
                          space.source, "loosen [constraints], lower the duty, or add nodes and packages"));
  const std::vector<std::string> notes = study::notes(space, input->measured);
  if (!found->front.empty()) {
    if (options.output == Output::csv) {
      std::fputs(study::front_csv(space, *found).c_str(), stdout);
    } else if (options.output == Output::json) {
      const auto count = [](std::uint64_t n) { return static_cast<std::int64_t>(n); };
      std::fputs(
          study::front_table(space, *found, 0, true)
              .to_json("cradle.design.front/1", {{"study", space.name},
                                                 {"points", count(found->points)},
                                                 {"evaluated", count(found->evaluated)},
                                                 {"impossible", count(found->impossible)},
                                                 {"oversized", count(found->oversized)},
                                                 {"excluded", count(found->excluded)},
                                                 {"complete", std::string(found->complete() ? "true" : "false")}})
              .c_str(),
          stdout);
    } else {
      print_text(space, *found, notes);
    }
    if (!options.report.empty()) {
      carbon::MonteCarloOptions samples;
      samples.samples = page_samples;
      samples.seed = options.seed;
      samples.threads = common.threads;
      const std::string command = "cradle design explore" + (options.study.empty() ? "" : " " + options.study);
      const auto page = study::front_page(space, *found, {input->source, command}, notes, samples);
      if (!page) return fail(page.error());
      if (auto ok = report::check(*page); !ok) return fail(ok.error());
      if (auto written = write_file(options.report, report::to_html(*page)); !written) return fail(written.error());
    }
  }
  std::fflush(stdout);
  if (!front_written) return fail(front_written.error());
  if (found->too_large)
    return fail({ErrorCode::budget_exceeded,
                 "after " + std::to_string(found->evaluated) + " of " + std::to_string(found->points) +
                     " points the front has more than " + std::to_string(explore.most_front) +
                     "; it is that of these points",
                 space.source, "name fewer objectives, or tighter constraints"});
  if (!found->complete()) {
    std::fprintf(stderr,
                 "cradle: stopped after %llu of %llu points; the front is that of these points\n"
                 "  hint: %s\n",
                 static_cast<unsigned long long>(found->evaluated), static_cast<unsigned long long>(found->points),
                 options.front.empty() ? "name a file with --front to keep it"
                                       : ("it is in " + options.front.string() + ", marked incomplete").c_str());
    return interrupted_status;
  }
  return 0;
}

}  // namespace cradle::cli
