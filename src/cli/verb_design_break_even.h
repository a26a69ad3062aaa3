// The kinds of `cradle design break-even` that have a file of their own, and what they share.
#pragma once

#include <string>
#include <vector>

#include "cradle/catalog/catalog.h"
#include "cradle/design/break_even.h"
#include "cradle/design/studies.h"
#include "cradle/report/table.h"
#include "verbs.h"

namespace cradle::cli {

/// "from 1174", "up to 38.2", "always", "never".
std::string crossing_text(const design::BreakEven& found);
void add_crossing_columns(report::Table& table);
void add_crossing_cells(const design::BreakEven& found, std::vector<report::Cell>& cells);

int run_upgrade(const design::StudyText& text, const DesignOptions& options, const Common& common,
                const catalog::Catalog& catalog);
int run_designs(const design::StudyText& text, const DesignOptions& options, const Common& common);

}  // namespace cradle::cli
