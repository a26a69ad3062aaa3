// A design space as people see it: tables and the page of its front, bill and page of one point.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/uncertainty.h"
#include "cradle/design/explore.h"
#include "cradle/design/space.h"
#include "cradle/design/uncertain_point.h"
#include "cradle/report/design_report.h"
#include "cradle/report/table.h"

namespace cradle::study {

/// A design of the front that somebody may want to look at first.
struct Standout {
  std::size_t position = 0;  ///< in the front
  std::string why;           ///< "least carbon and energy", "knee"
};

/// The best of each objective and the knee, in the order of the front; nothing for an empty front.
std::vector<Standout> standouts(const design::Space& space, const design::Exploration& found);

/// Columns point, design, the objectives in their units, and what the design stands out by: in words, or as a mark that
/// leaves room for the rest. At most `most_rows` rows of the front in its order, and every standout; 0: all. With
/// `words`, and where anything is reused, a column for each block has the share of it that is.
report::Table front_table(const design::Space& space, const design::Exploration& found, std::size_t most_rows,
                          bool words);
/// As front_table with all rows, and a column that says whether the front is that of the whole space.
std::string front_csv(const design::Space& space, const design::Exploration& found);

/// How many points there were and what became of them, one sentence.
std::string count_sentence(const design::Space& space, const design::Exploration& found);
/// Each design that stands out: why, which one, and its values.
std::vector<std::string> standout_lines(const design::Space& space, const design::Exploration& found);
/// The designs that stand out, one sentence. Precondition: the front is not empty.
std::string answer_sentence(const design::Space& space, const design::Exploration& found);
/// What the figures stand on: same work, grids, measured use.
std::vector<std::string> notes(const design::Space& space, const std::optional<design::MeasuredUse>& measured);

/// Part, value, P5, P50, P95 and share of the total; embodied and total last.
report::Table bill_table(const design::PointUncertainty& uncertainty);
/// Every figure of the point that is not carbon by part: metrics, throughput, power, area, cost.
report::Table figure_table(const design::Space& space, const design::Outcome<double>& outcome);
/// Causes of variance in their order, at most `most_rows`; 0: all. `title` heads their column.
report::Table share_table(const std::vector<carbon::SobolShare>& shares, const std::string& title,
                          std::size_t most_rows);

/// What both pages say about themselves.
struct PageHeading {
  std::string study_file;
  std::string command;
};

/// The page of an exploration: front and cloud, what decides between the standouts, their bills, a tornado of the
/// first one. Errors as design::uncertainty. Precondition: the front is not empty.
Result<report::DesignReport> front_page(const design::Space& space, const design::Exploration& found,
                                        const PageHeading& heading, const std::vector<std::string>& notes,
                                        const carbon::MonteCarloOptions& options);

/// The page of one point.
report::DesignReport point_page(const design::Space& space, std::uint64_t index, const design::Outcome<double>& outcome,
                                const design::PointUncertainty& uncertainty, const PageHeading& heading,
                                const std::vector<std::string>& notes, const carbon::MonteCarloOptions& options);

}  // namespace cradle::study
