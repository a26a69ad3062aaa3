// What a study is: a fleet, a workload, grids and policies in one TOML file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/base/time.h"
#include "cradle/dispatch/configuration.h"
#include "cradle/policy/placement_policy.h"

namespace cradle::study {

struct WorkloadConfig {
  enum class Source { automatic, openb, generator };
  Source source = Source::automatic;  ///< automatic: openb if it is at hand, else the generator
  std::string pods;                   ///< a pod list in the openb layout in place of the trace's own
  double load = 1;                    ///< how often each job of a trace comes, or arrivals per published one
  double days = 0;                    ///< length of the period; 0: that of the workload
};

struct FleetConfig {
  std::string nodes;  ///< a node list in the openb layout in place of the workload's own fleet
  double scale = 1;   ///< share of the list's nodes that the fleet has, every shape in proportion
};

struct SiteConfig {
  std::string name;
  std::string grid;    ///< catalogue key
  std::string hourly;  ///< a file of hourly data in place of the grid's typical year; may be empty
  std::string where;   ///< file and line, for errors
  double pue = 1;
  double share = 1;  ///< of the nodes, relative to the other sites
};

/// Where in its range a curve of power caps is taken.
enum class CurveEnd : std::uint8_t { value, least_saving, most_saving };

/// What a strategy takes from the catalogue's curves of power caps once the fleet is known.
struct StrategyCurves {
  std::string where;   ///< file and line of the strategy, for errors
  std::string record;  ///< of the cap: a curve, "catalog" (each GPU model its own), or empty: typed, or no cap
  std::string work = "training";  ///< of the models' own curves
  CurveEnd end = CurveEnd::value;
};

struct StudyConfig {
  std::string file;  ///< what errors and the report call it
  std::string name;
  std::string title;
  Instant start;
  std::uint64_t seed = 42;
  bool sensitivity = true;
  WorkloadConfig workload;
  FleetConfig fleet;
  std::vector<SiteConfig> sites;
  std::vector<std::string> policies;
  std::vector<dispatch::Configuration> strategies;  ///< rows beside the policies; their seed is the study's
  std::vector<StrategyCurves> curves;               ///< one for each strategy
  dispatch::ServiceRule service;                    ///< what the jobs of every row were promised
  bool shows_service = false;                       ///< a [service] table or a strategy asks for its columns
  std::string baseline;  ///< the policy or strategy that the best one is held against; empty: the first
  policy::TieBreak tie_break = policy::TieBreak::fixed;
  policy::Quantisation quantisation = policy::Quantisation::integer;
};

/// Reads a study. Every error names file, line and key; an unknown key suggests the nearest valid one.
Result<StudyConfig> parse_study(std::string_view text, std::string_view file);

/// Names of all rows, in their order: policies, then strategies.
std::vector<std::string> row_names(const StudyConfig& config);
/// What decides in a row, as written: what comes from the catalogue is not filled in. Precondition: row_names holds the
/// name.
dispatch::Configuration row_configuration(const StudyConfig& config, std::string_view name);

/// The study that runs when no file is given: three sites with different grids, all policies.
std::string_view embedded_study();

}  // namespace cradle::study
