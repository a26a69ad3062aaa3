// cradle study: the main job from file to table, ledger and page.
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <stop_token>

#include "cradle/base/file.h"
#include "cradle/catalog/catalog.h"
#include "cradle/report/progress.h"
#include "cradle/report/study_report.h"
#include "cradle/report/table.h"
#include "cradle/study/study.h"
#include "cradle/study/study_config.h"
#include "cradle/workload/data_set.h"
#include "interrupt.h"
#include "verbs.h"

namespace cradle::cli {

namespace {

/// Refuses outputs that would overwrite each other or an input, are no files, or lie in folders that are not there,
/// before any work is done.
Result<void> check_outputs(const StudyOptions& options, const study::StudyConfig& config) {
  std::vector<std::pair<std::string, std::filesystem::path>> files{{"--ledger", options.ledger},
                                                                   {"--report", options.report}};
  if (!options.decisions.empty()) files.emplace_back("--decisions", options.decisions);
  for (const std::string& input : {options.file, config.workload.pods, config.fleet.nodes})
    if (!input.empty()) files.emplace_back("the input " + input, input);
  for (const study::SiteConfig& site : config.sites)
    if (!site.hourly.empty()) files.emplace_back("the input " + site.hourly, site.hourly);
  const std::size_t outputs = options.decisions.empty() ? 2 : 3;
  for (std::size_t i = 0; i < outputs; ++i) {
    const auto& [option, path] = files[i];
    for (std::size_t j = 0; j < files.size(); ++j)
      if (i != j && std::filesystem::weakly_canonical(path) == std::filesystem::weakly_canonical(files[j].second))
        return bad_input("would overwrite " + files[j].first, option + " " + path.string(), "name another file");
    const auto folder = std::filesystem::absolute(path).parent_path();
    if (::access(folder.c_str(), W_OK) != 0)
      return failure("the folder cannot be written", option + " " + path.string(), "name a file in another folder");
    std::error_code unseen;
    if (std::filesystem::exists(path, unseen) && !std::filesystem::is_regular_file(path, unseen))
      return failure("this is there and no file", option + " " + path.string(), "name a file");
  }
  return {};
}

constexpr int interrupted_status = 130;  // what shells call a program ended by SIGINT

/// Replays a decision log and says of every section whether it is what the dispatcher decides.
int check_log(const StudyOptions& options, const study::StudyConfig& config, const study::StudyInput& input,
              const catalog::Catalog& catalog) {
  const auto log = read_file(options.check_decisions);
  if (!log) return fail(log.error());
  const std::string file = options.check_decisions.string();
  const auto checks = study::check_decisions(config, input, catalog, *log, file);
  if (!checks) return fail(checks.error());
  report::Table table;
  table.column("run", "run")
      .column("inputs", "inputs", report::Align::right, 0)
      .column("decisions", "decisions", report::Align::right, 0)
      .column("result", "result");
  bool identical = true;
  for (const study::DecisionCheck& check : *checks) {
    identical = identical && check.outcome.identical;
    table.row(
        {check.run, static_cast<std::int64_t>(check.outcome.inputs), static_cast<std::int64_t>(check.outcome.decisions),
         check.outcome.identical ? std::string("identical") : "differs at line " + std::to_string(check.outcome.line)});
  }
  const std::string printed = options.output == Output::json  ? table.to_json("cradle.decisions/1")
                              : options.output == Output::csv ? table.to_csv()
                                                              : table.to_text(120);
  std::fwrite(printed.data(), 1, printed.size(), stdout);
  for (const study::DecisionCheck& check : *checks) {
    if (check.outcome.identical) continue;
    const auto said = [](const std::string& line) { return line.empty() ? std::string("nothing") : "'" + line + "'"; };
    return fail(failure(
        "the log says " + said(check.outcome.logged) + ", the dispatcher decides " + said(check.outcome.decided),
        file + ":" + std::to_string(check.outcome.line),
        "the log was changed, or it was made by another version of cradle"));
  }
  return identical ? 0 : 1;
}

}  // namespace

int run_study(const StudyOptions& options, const Common& common) {
  if (options.print_default) {
    const std::string_view text = study::embedded_study();
    std::fwrite(text.data(), 1, text.size(), stdout);
    return 0;
  }
  if (!options.decisions.empty() && !options.check_decisions.empty())
    return fail(bad_input("a log is either written or checked", "--decisions, --check-decisions",
                          "give one of the two: what is checked is not replayed anew"));
  std::string text(study::embedded_study());
  if (!options.file.empty()) {
    auto read = read_file(options.file);
    if (!read) return fail(read.error());
    text = std::move(*read);
  }
  const auto config = study::parse_study(text, options.file.empty() ? "embedded study" : options.file);
  if (!config) return fail(config.error());
  const auto catalog = catalog::Catalog::load(common.catalog);
  if (!catalog) return fail(catalog.error());
  // Without a home folder there is no cache to look in; that is no error here.
  const auto cache = workload::default_cache();
  const auto input =
      study::load_input(*config, options.data, cache ? *cache : std::filesystem::path(), options.embedded);
  if (!input) return fail(input.error());
  if (!input->note.empty() && !common.quiet) std::fprintf(stderr, "cradle: %s\n", input->note.c_str());

  if (!options.check_decisions.empty()) return check_log(options, *config, *input, *catalog);
  if (auto ok = check_outputs(options, *config); !ok) return fail(ok.error());

  std::stop_source stop;
  std::optional<InterruptGuard> guard(std::in_place);

  study::StudyOptions run;
  run.ledger = options.ledger;
  run.threads = common.threads;
  run.command = "cradle study" + (options.file.empty() ? std::string() : " " + options.file) +
                (options.embedded ? " --embedded" : "");
  run.log_decisions = !options.decisions.empty();
  run.stop = stop.get_token();
  run.redraw = [&](std::uint64_t seed) {
    study::StudyConfig drawn = *config;
    drawn.seed = seed;
    return study::load_input(drawn, options.data, cache ? *cache : std::filesystem::path(), options.embedded);
  };
  std::unique_ptr<report::Progress> bar;
  std::string shown;
  std::uint64_t reported = 0;
  run.progress = [&](const std::string& what, std::uint64_t done, std::uint64_t total) {
    if (InterruptGuard::interrupted()) stop.request_stop();
    if (what != shown) {
      bar.reset();
      bar = std::make_unique<report::Progress>(what, total, common.progress && !common.quiet);
      shown = what;
      reported = 0;
    }
    if (done > reported) bar->advance(done - reported);
    reported = std::max(reported, done);
  };
  const auto outcome = study::run_study(*config, *input, *catalog, run);
  bar.reset();
  const bool interrupted = InterruptGuard::interrupted();
  guard.reset();
  if (!outcome) return fail(outcome.error());

  if (!options.decisions.empty())
    if (auto written = write_file(options.decisions, outcome->decisions); !written) return fail(written.error());
  if (!outcome->report.policies.empty()) {
    const auto& report = outcome->report;
    const std::string printed = options.output == Output::json  ? report::to_json(report)
                                : options.output == Output::csv ? report::to_csv(report)
                                                                : report::to_text(report);
    std::fwrite(printed.data(), 1, printed.size(), stdout);
    if (auto written = write_file(options.report, report::to_html(report)); !written) return fail(written.error());
  }
  if (outcome->stopped || interrupted) {
    std::string held;
    for (std::size_t i = 0; i < outcome->runs.size(); ++i) {
      const bool whole = i + 1 < outcome->runs.size() || !outcome->stopped;
      held += (i > 0 ? ", " : "") + outcome->runs[i] + (whole ? "" : " (in part)");
    }
    std::fprintf(stderr,
                 "cradle: stopped; the ledger %s holds: %s\n  hint: see it with: cradle account --ledger %s --run %s\n",
                 options.ledger.c_str(), held.c_str(), options.ledger.c_str(), outcome->runs.front().c_str());
    return interrupted_status;
  }
  if (!common.quiet)
    std::fprintf(stderr, "cradle: every entry is in %s, the page is %s\n", options.ledger.c_str(),
                 options.report.c_str());
  return 0;
}

}  // namespace cradle::cli
