// The main job: replay a workload on a fleet under several policies, keep every entry, and answer which emits least.
#pragma once

#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/catalog/catalog.h"
#include "cradle/dispatch/decision_log.h"
#include "cradle/report/study_report.h"
#include "cradle/study/study_config.h"
#include "cradle/workload/job.h"

namespace cradle::study {

/// A workload and the fleet it was recorded on, with where both came from.
struct StudyInput {
  workload::Workload workload;
  std::vector<workload::NodeRow> nodes;
  std::vector<report::DataSource> sources;
  std::string note;  ///< one line for the user when the input is not what was asked for first; may be empty
};

/// Loads or generates what the study names. `data` is an explicit folder of the trace or empty, `cache` the download
/// cache; `generated` forces the generator. missing_data if openb is asked for and cannot be found.
Result<StudyInput> load_input(const StudyConfig& config, const std::filesystem::path& data,
                              const std::filesystem::path& cache, bool generated);

struct StudyOptions {
  std::filesystem::path ledger;
  unsigned threads = 0;        ///< for the uncertainty replays; 0: one per processor
  std::string command;         ///< what the report tells people to type
  bool log_decisions = false;  ///< keep every input and decision of every row
  /// The same study's input drawn with another seed (copies of jobs, generated workload), for the uncertainty replays;
  /// without it only the node order is drawn anew.
  std::function<Result<StudyInput>(std::uint64_t seed)> redraw;
  std::stop_token stop;  ///< asked all the time; what is done by then is kept
  /// Called with what is being done and how far it is.
  std::function<void(const std::string& what, std::uint64_t done, std::uint64_t total)> progress;
};

struct StudyOutcome {
  report::StudyReport report;  ///< of the policies that were replayed whole
  bool stopped = false;        ///< the ledger then holds fewer runs, the last of them perhaps in part
  std::vector<std::string> runs;
  std::string decisions;  ///< the log, if it was asked for: a section for each run
};

/// Replays every policy (one run each in the ledger, which is made anew), accounts each from the ledger, then moves
/// every group of coefficients through its range and the seed to four others, with new decisions each time. The same
/// input gives the same report for any number of threads. Everything that input can get wrong is found before an
/// existing ledger is touched.
Result<StudyOutcome> run_study(const StudyConfig& config, const StudyInput& input, const catalog::Catalog& catalog,
                               const StudyOptions& options);

struct DecisionCheck {
  std::string run;
  dispatch::LogCheck outcome;
};

/// Replays every section of a decision log of this study through a fresh dispatcher. bad_input, with file and line: a
/// log that is damaged, or that another study, input or catalogue made.
Result<std::vector<DecisionCheck>> check_decisions(const StudyConfig& config, const StudyInput& input,
                                                   const catalog::Catalog& catalog, std::string_view log,
                                                   std::string_view file);

}  // namespace cradle::study
