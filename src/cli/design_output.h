// What every design question does with its answer: print it, or write its page.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/design/studies.h"
#include "cradle/design/study_figures.h"
#include "cradle/report/design_report.h"
#include "cradle/report/table.h"
#include "verbs.h"

namespace cradle::cli {

/// The page holds question, answer and tables; the first table is what JSON and CSV carry, if `rows` is empty.
struct DesignAnswer {
  report::DesignReport page;
  std::string schema;                 ///< of the JSON document
  std::vector<report::Field> fields;  ///< of the JSON document, beside the rows
  std::optional<report::Table> rows;  ///< of JSON and CSV
};

/// The study that the options name, or nothing after `--print` (then it is printed).
struct OpenedStudy {
  design::StudyText text;
  bool printed = false;
};
Result<OpenedStudy> open_design_study(const DesignOptions& options, std::string_view fallback);

/// Refuses a --report that cannot be written, before any work is done.
Result<void> check_report(const DesignOptions& options);

/// Prints the answer as the options say and writes the page. Returns the exit code.
int deliver(DesignAnswer answer, const DesignOptions& options, const Common& common);
/// The same for any verb; `command` is what the page names, an empty `page` is not written.
int deliver(DesignAnswer answer, const std::string& command, const std::filesystem::path& page, Output output,
            const Common& common);

/// The tornado of a result over the ranged figures of its study.
report::Tornado tornado_of(std::string title, report::Axis axis, double value,
                           const std::vector<design::Swing>& swings);

}  // namespace cradle::cli
