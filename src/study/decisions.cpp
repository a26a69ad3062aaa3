// A study's decision log, replayed through the objects that made it.
#include <algorithm>

#include "cradle/base/text.h"
#include "cradle/simulate/timed_replay.h"
#include "cradle/study/fleet_plan.h"
#include "cradle/study/study.h"
#include "strategy_config.h"

namespace cradle::study {

namespace {

/// A log that lacks a row would say "identical" of what it does not hold, so each has its section, once.
Result<void> check_rows(const std::vector<std::string>& rows, const std::vector<dispatch::LogSection>& sections,
                        std::string_view file) {
  std::vector<bool> seen(rows.size());
  for (const dispatch::LogSection& section : sections) {
    const std::string where = std::string(file) + ":" + std::to_string(section.line);
    const auto row = std::find(rows.begin(), rows.end(), section.name);
    if (row == rows.end())
      return bad_input("'" + section.name + "' is no policy or strategy of this study", where,
                       suggest(section.name, rows));
    auto known = seen.begin() + (row - rows.begin());
    if (*known)
      return bad_input("the log has a second section of '" + section.name + "'", where,
                       "log the study again with --decisions");
    *known = true;
  }
  const auto missing = std::find(seen.begin(), seen.end(), false);
  if (missing != seen.end())
    return bad_input("the log has no section of '" + rows[missing - seen.begin()] + "'", std::string(file),
                     "it was cut short, or another study made it: log the study again with --decisions");
  return {};
}

}  // namespace

Result<std::vector<DecisionCheck>> check_decisions(const StudyConfig& config, const StudyInput& input,
                                                   const catalog::Catalog& catalog, std::string_view log,
                                                   std::string_view file) {
  auto plan = plan_fleet(config, input.nodes, catalog, all_at(End::value));
  if (!plan) return plan.error();
  auto sections = dispatch::read_log(log, file);
  if (!sections) return sections.error();
  if (auto whole = check_rows(row_names(config), *sections, file); !whole) return whole.error();
  simulate::TimedOptions period;
  period.start = config.start;
  period.horizon_ms = horizon_of(config, input.workload.jobs);
  period.seed = config.seed;
  std::vector<DecisionCheck> checks;
  for (const dispatch::LogSection& section : *sections) {
    auto row = row_of(config, section.name, *plan, catalog);
    if (!row) return row.error();
    auto check = simulate::check_decisions(plan->nodes, input.workload.jobs, plan->sites, row->configuration, period,
                                           section, file);
    if (!check) return check.error();
    checks.push_back({section.name, std::move(*check)});
  }
  return checks;
}

}  // namespace cradle::study
