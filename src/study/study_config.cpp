#include "cradle/study/study_config.h"

#include <algorithm>
#include <optional>

#include "cradle/base/text.h"
#include "cradle/toml/toml_reader.h"
#include "strategy_config.h"

extern "C" const char cradle_embedded_study[];
extern "C" const char cradle_embedded_study_end[];

namespace cradle::study {

namespace {

void read_head(TomlReader& head, StudyConfig& config) {
  config.name = head.text("name");
  config.title = head.text("title", config.name);
  if (const std::string start = head.text("start", ""); !start.empty()) {
    const auto instant = parse_instant(start);
    if (!instant) {
      head.fail("start", "study.start: " + instant.error().message, instant.error().hint);
    } else if (*instant < instant_of(1970, 1, 1) || *instant > instant_of(2200, 1, 1)) {
      head.fail("start", "study.start: " + start + " is outside 1970 .. 2200", "choose a year in that range");
    } else {
      config.start = *instant;
    }
  }
  config.seed = static_cast<std::uint64_t>(
      head.integer("seed", 0, 9'000'000'000'000'000, static_cast<std::int64_t>(config.seed)));
  config.sensitivity = head.flag("sensitivity", config.sensitivity);
}

void read_workload(TomlReader& table, WorkloadConfig& workload) {
  workload.source = static_cast<WorkloadConfig::Source>(
      table.choice("source", {"automatic", "openb", "generator"}, static_cast<std::size_t>(workload.source)));
  workload.pods = table.text("pods", workload.pods);
  workload.load = table.number("load", 1e-4, 1e4, workload.load);
  workload.days = table.number("days", 0, 3650, workload.days);
}

void read_sites(TomlReader& root, StudyConfig& config) {
  for (TomlReader& site : root.tables("site", true)) {
    SiteConfig made;
    made.name = site.text("name");
    made.grid = site.text("grid");
    made.hourly = site.text("hourly", "");
    made.where = site.where("grid") + ": site.grid";
    made.pue = site.number("pue", 1, 10, made.pue);
    made.share = site.number("share", 1e-6, 1e6, made.share);
    for (const SiteConfig& other : config.sites)
      if (other.name == made.name)
        site.fail("name", "site.name: '" + made.name + "' appears twice", "name each site differently");
    config.sites.push_back(std::move(made));
  }
}

void read_policies(TomlReader& table, StudyConfig& config) {
  if (table.has("run")) config.policies = table.texts("run", true);
  for (std::size_t i = 0; i < config.policies.size(); ++i) {
    const auto policy = policy::policy_by_name(config.policies[i]);
    if (!policy) table.fail("run", "policies.run: " + policy.error().message, policy.error().hint);
    if (std::count(config.policies.begin(), config.policies.end(), config.policies[i]) > 1)
      table.fail("run", "policies.run: '" + config.policies[i] + "' appears twice", "name each policy once");
  }
  config.baseline = table.text("baseline", "");
  const std::vector<std::string> rows = row_names(config);
  if (!config.baseline.empty() && std::find(rows.begin(), rows.end(), config.baseline) == rows.end())
    table.fail("baseline", "policies.baseline: '" + config.baseline + "' is not among the policies run",
               suggest(config.baseline, rows));
  const std::size_t fixed = 0, integer = 0;
  config.tie_break = table.choice("tie_break", {"fixed", "random"}, fixed) == fixed ? policy::TieBreak::fixed
                                                                                    : policy::TieBreak::random;
  config.quantisation = table.choice("quantisation", {"integer", "full"}, integer) == integer
                            ? policy::Quantisation::integer
                            : policy::Quantisation::full;
}

}  // namespace

Result<StudyConfig> parse_study(std::string_view text, std::string_view file) {
  if (text.empty()) return bad_input("the file is empty", std::string(file), "see `cradle study --print-default`");
  auto root = TomlReader::parse(text, std::string(file));
  if (!root) return std::move(root).error();
  StudyConfig config;
  config.file = std::string(file);
  config.start = instant_of(2022, 1, 1);
  if (auto head = root->table("study", true)) read_head(*head, config);
  if (auto table = root->table("workload")) read_workload(*table, config.workload);
  if (auto table = root->table("fleet")) {
    config.fleet.nodes = table->text("nodes", config.fleet.nodes);
    config.fleet.scale = table->number("scale", 1e-6, 1, config.fleet.scale);
  }
  read_sites(*root, config);
  read_strategies(*root, config);
  // Who names neither policies nor strategies gets all policies.
  if (config.strategies.empty()) config.policies.assign(policy::policy_names().begin(), policy::policy_names().end());
  if (auto table = root->table("policies")) read_policies(*table, config);
  for (const dispatch::Configuration& strategy : config.strategies)
    if (std::find(config.policies.begin(), config.policies.end(), strategy.name) != config.policies.end())
      root->fail("strategy", "strategy.name: '" + strategy.name + "' is a policy that is run too",
                 "give the strategy a name of its own");
  if (auto ok = root->finish(); !ok) return std::move(ok).error();
  return config;
}

std::vector<std::string> row_names(const StudyConfig& config) {
  std::vector<std::string> names = config.policies;
  for (const dispatch::Configuration& strategy : config.strategies) names.push_back(strategy.name);
  return names;
}

dispatch::Configuration row_configuration(const StudyConfig& config, std::string_view name) {
  dispatch::Configuration row;
  const auto named = [&](const dispatch::Configuration& strategy) { return strategy.name == name; };
  const auto strategy = std::find_if(config.strategies.begin(), config.strategies.end(), named);
  if (strategy != config.strategies.end()) {
    row = *strategy;
  } else {
    row.name = name;
    row.placement = *policy::policy_by_name(name);
    row.service = config.service;
  }
  row.seed = config.seed;
  row.placement.tie_break = config.tie_break;
  row.placement.quantisation = config.quantisation;
  return row;
}

std::string_view embedded_study() {
  return {cradle_embedded_study, static_cast<std::size_t>(cradle_embedded_study_end - cradle_embedded_study)};
}

}  // namespace cradle::study
