// A study's decision log, replayed through the objects that made it.
#include <algorithm>

#include "cradle/base/text.h"
#include "cradle/simulate/timed_replay.h"
#include "cradle/study/fleet_plan.h"
#include "cradle/study/study.h"
#include "strategy_config.h"

namespace cradle::study {

Result<std::vector<DecisionCheck>> check_decisions(const StudyConfig& config, const StudyInput& input,
                                                   const catalog::Catalog& catalog, std::string_view log,
                                                   std::string_view file) {
  auto plan = plan_fleet(config, input.nodes, catalog, all_at(End::value));
  if (!plan) return plan.error();
  auto sections = dispatch::read_log(log, file);
  if (!sections) return sections.error();
  const std::vector<std::string> rows = row_names(config);
  simulate::TimedOptions period;
  period.start = config.start;
  period.horizon_ms = horizon_of(config, input.workload.jobs);
  period.seed = config.seed;
  std::vector<DecisionCheck> checks;
  for (const dispatch::LogSection& section : *sections) {
    if (std::find(rows.begin(), rows.end(), section.name) == rows.end())
      return bad_input("'" + section.name + "' is no policy or strategy of this study",
                       std::string(file) + ":" + std::to_string(section.line), suggest(section.name, rows));
    auto check = simulate::check_decisions(plan->nodes, input.workload.jobs, plan->sites,
                                           row_configuration(config, section.name), period, section, file);
    if (!check) return check.error();
    checks.push_back({section.name, std::move(*check)});
  }
  return checks;
}

}  // namespace cradle::study
