// cradle compare fgd: the published placement experiment beside ours.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <nlohmann/json.hpp>

#include "cradle/base/text.h"
#include "cradle/catalog/catalog.h"
#include "cradle/report/table.h"
#include "cradle/study/fgd_comparison.h"
#include "cradle/workload/data_set.h"
#include "cradle/workload/openb.h"
#include "verbs.h"

namespace cradle::cli {

namespace {

constexpr double allocation_bar = 0.5;     ///< percentage points between our mean and the published one
constexpr double fragmentation_bar = 0.7;  ///< percentage points, at 50 % and 80 % demand

std::string seeds_text(const std::vector<std::uint64_t>& seeds) {
  const bool run = seeds.size() > 1 && seeds.back() - seeds.front() + 1 == seeds.size();
  if (run) return std::to_string(seeds.front()) + ".." + std::to_string(seeds.back());
  std::string text;
  for (const auto seed : seeds) text += (text.empty() ? "" : ",") + std::to_string(seed);
  return text;
}

std::optional<double> kilowatts_at(const study::FgdRow& row, int demand_percent) {
  for (const study::PowerStep& step : row.steps)
    if (step.demand_percent == demand_percent) return step.power_mean.value() / 1000;
  return std::nullopt;
}

report::Table table_of(const std::vector<study::FgdComparison>& comparisons) {
  using report::Align;
  report::Table table;
  table.column("trace", "trace")
      .column("policy", "policy")
      .column("seeds", "seeds")
      .column("allocation_percent_mean", "allocation", Align::right, 2, "%")
      .column("allocation_percent_sd", "sd", Align::right, 2)
      .column("published_allocation_percent_mean", "published", Align::right, 2, "%")
      .column("published_allocation_percent_sd", "sd", Align::right, 2)
      .column("allocation_difference", "difference", Align::right, 2, "pp")
      .column("fragmentation_percent_50", "frag@50", Align::right, 2, "%")
      .column("published_fragmentation_percent_50", "published", Align::right, 2, "%")
      .column("fragmentation_percent_80", "frag@80", Align::right, 2, "%")
      .column("published_fragmentation_percent_80", "published", Align::right, 2, "%");
  const bool with_power = std::any_of(comparisons.begin(), comparisons.end(), [](const auto& comparison) {
    return std::any_of(comparison.rows.begin(), comparison.rows.end(),
                       [](const auto& row) { return !row.steps.empty(); });
  });
  if (with_power)
    table.column("power_kilowatts_50", "power@50", Align::right, 1, "kW")
        .column("power_kilowatts_80", "power@80", Align::right, 1, "kW");
  const auto optional = [](const std::optional<double>& value) {
    return value ? report::Cell(*value) : report::Cell(std::monostate{});
  };
  for (const auto& comparison : comparisons)
    for (const auto& row : comparison.rows) {
      std::optional<double> mean, sd, difference;
      if (row.published) {
        mean = row.published->mean;
        sd = row.published->sd;
        difference = row.allocation_mean - row.published->mean;
      }
      std::vector<report::Cell> cells{comparison.trace,
                                      row.policy,
                                      seeds_text(row.seeds),
                                      row.allocation_mean,
                                      row.allocation_sd,
                                      optional(mean),
                                      optional(sd),
                                      optional(difference),
                                      optional(row.fragmentation_50),
                                      optional(row.published_50),
                                      optional(row.fragmentation_80),
                                      optional(row.published_80)};
      if (with_power) {
        cells.push_back(optional(kilowatts_at(row, 50)));
        cells.push_back(optional(kilowatts_at(row, 80)));
      }
      table.row(std::move(cells));
    }
  return table;
}

nlohmann::ordered_json json_of(const study::FgdComparison& comparison) {
  nlohmann::ordered_json document{{"schema", "cradle.compare.fgd/1"}, {"trace", comparison.trace}};
  document["rows"] = nlohmann::ordered_json::array();
  for (const auto& row : comparison.rows) {
    nlohmann::ordered_json item{{"policy", row.policy},
                                {"seeds", row.seeds},
                                {"allocation_percent_mean", row.allocation_mean},
                                {"allocation_percent_sd", row.allocation_sd}};
    if (row.fragmentation_50) item["fragmentation_percent_50"] = *row.fragmentation_50;
    if (row.fragmentation_80) item["fragmentation_percent_80"] = *row.fragmentation_80;
    for (const int demand : {50, 80})
      if (const auto kilowatts = kilowatts_at(row, demand))
        item["power_kilowatts_" + std::to_string(demand)] = *kilowatts;
    for (const study::PowerStep& step : row.steps)
      item["steps"].push_back({{"demand_percent", step.demand_percent},
                               {"allocation_percent", step.allocation_mean},
                               {"power_kilowatts", step.power_mean.value() / 1000}});
    if (row.published) {
      item["published_allocation_percent_mean"] = row.published->mean;
      item["published_allocation_percent_sd"] = row.published->sd;
    }
    if (row.published_50) item["published_fragmentation_percent_50"] = *row.published_50;
    if (row.published_80) item["published_fragmentation_percent_80"] = *row.published_80;
    document["rows"].push_back(std::move(item));
  }
  return document;
}

/// Draw over the GPUs that are allocated; nothing where none is.
report::Cell watts_a_gpu(const study::PowerStep& step, double gpus) {
  const double allocated = step.allocation_mean / 100 * gpus;
  return allocated > 0 ? report::Cell(step.power_mean.value() / allocated) : report::Cell();
}

/// Draw at every step of demand, one column a policy, then the same for each allocated GPU of the fleet's `gpus`.
std::string power_by_demand(const study::FgdComparison& comparison, double gpus) {
  std::size_t steps = std::numeric_limits<std::size_t>::max();
  for (const study::FgdRow& row : comparison.rows) steps = std::min(steps, row.steps.size());
  if (comparison.rows.empty() || steps == 0) return {};
  report::Table table;
  table.column("demand_percent", "draw at demand", report::Align::right, 0, "%");
  for (const study::FgdRow& row : comparison.rows) table.column(row.policy, row.policy, report::Align::right, 1, "kW");
  for (const study::FgdRow& row : comparison.rows)
    table.column(row.policy + "_a_gpu", row.policy + " a GPU", report::Align::right, 1, "W");
  for (std::size_t at = 0; at < steps; ++at) {
    std::vector<report::Cell> cells{static_cast<double>(comparison.rows.front().steps[at].demand_percent)};
    for (const study::FgdRow& row : comparison.rows) cells.emplace_back(row.steps[at].power_mean.value() / 1000);
    for (const study::FgdRow& row : comparison.rows) cells.emplace_back(watts_a_gpu(row.steps[at], gpus));
    table.row(std::move(cells));
  }
  return "\n" + comparison.trace + "\n" + table.to_text(160);
}

/// For each policy against the published power-aware one: at how many steps of demand it draws less, the sum over the
/// steps, and the draw for each allocated GPU at the last one; nothing if that policy is not among the rows.
std::string power_verdict(const study::FgdComparison& comparison) {
  const auto& rows = comparison.rows;
  const auto named = [&](const char* name) {
    return std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return row.policy == name; });
  };
  const auto published = named("PWR+FGD");
  const auto fgd = named("FGD");
  if (published == rows.end() || published->steps.empty()) return {};
  std::string text;
  for (const study::FgdRow& row : rows) {
    if (&row == &*published) continue;
    const std::size_t steps = std::min(row.steps.size(), published->steps.size());
    std::size_t less = 0, less_in_sum = 0, less_per_gpu = 0;
    double sum = 0, published_sum = 0;
    for (std::size_t at = 0; at < steps; ++at) {
      const study::PowerStep &ours = row.steps[at], &theirs = published->steps[at];
      sum += ours.power_mean.value();
      published_sum += theirs.power_mean.value();
      less += ours.power_mean < theirs.power_mean;
      less_in_sum += sum < published_sum;
      less_per_gpu +=
          ours.power_mean.value() * theirs.allocation_mean < theirs.power_mean.value() * ours.allocation_mean;
    }
    char line[240];
    std::snprintf(
        line, sizeof line,
        "%s against PWR+FGD: draws less at %zu of %zu steps, less in sum up to %zu, less per allocated GPU at %zu "
        "(%+.1f %% in all)",
        row.policy.c_str(), less, steps, less_in_sum, less_per_gpu, 100 * (sum / published_sum - 1));
    text += line;
    if (fgd != rows.end() && &row != &*fgd) {
      std::snprintf(line, sizeof line, "; allocation %+.2f pp of FGD's", row.allocation_mean - fgd->allocation_mean);
      text += line;
    }
    text += "\n";
  }
  return text;
}

/// One sentence: how far the rows with a published value are from it.
std::string verdict(const std::vector<study::FgdComparison>& comparisons) {
  double allocation = 0, fragmentation = 0;
  std::size_t rows = 0;
  for (const auto& comparison : comparisons)
    for (const auto& row : comparison.rows) {
      if (!row.published) continue;
      ++rows;
      allocation = std::max(allocation, std::abs(row.allocation_mean - row.published->mean));
      fragmentation = std::max({fragmentation, std::abs(*row.fragmentation_50 - *row.published_50),
                                std::abs(*row.fragmentation_80 - *row.published_80)});
    }
  if (rows == 0) return "no published value for these lists, policies and options\n";
  char text[240];
  std::snprintf(
      text, sizeof text,
      "largest difference over %zu rows: allocation %.2f pp (bar %.1f), fragmentation %.2f pp (bar %.1f): %s\n", rows,
      allocation, allocation_bar, fragmentation, fragmentation_bar,
      allocation <= allocation_bar && fragmentation <= fragmentation_bar ? "met" : "NOT met");
  return text;
}

}  // namespace

int run_compare_fgd(const CompareFgdOptions& options, const Common& common) {
  study::FgdOptions replay;
  replay.demand = options.demand;
  replay.threads = common.threads;
  auto seeds = study::parse_seeds(options.seeds);
  if (!seeds) return fail(seeds.error());
  replay.seeds = std::move(*seeds);
  const auto choice = [](const std::string& word, const char* option,
                         std::vector<std::string> words) -> Result<std::size_t> {
    for (std::size_t i = 0; i < words.size(); ++i)
      if (words[i] == word) return i;
    return bad_input("unknown value '" + word + "'", option, suggest(word, words));
  };
  const auto tie_break = choice(options.tie_break, "--tie-break", {"fixed", "random"});
  if (!tie_break) return fail(tie_break.error());
  const auto quantisation = choice(options.quantisation, "--quantisation", {"integer", "full"});
  if (!quantisation) return fail(quantisation.error());

  std::vector<std::string> names = options.policies;
  if (names.empty()) names.assign(policy::published_policy_names().begin(), policy::published_policy_names().end());
  for (const std::string& name : names) {
    auto policy = policy::policy_by_name(name);
    if (!policy) return fail({policy.error().code, policy.error().message, "--policy", policy.error().hint});
    policy->tie_break = *tie_break == 0 ? policy::TieBreak::fixed : policy::TieBreak::random;
    policy->quantisation = *quantisation == 0 ? policy::Quantisation::integer : policy::Quantisation::full;
    if (std::count(names.begin(), names.end(), name) > 1)
      return fail(bad_input("'" + name + "' appears twice", "--policy", "name each policy once"));
    replay.policies.push_back(std::move(*policy));
  }

  std::filesystem::path nodes_file = options.nodes;
  std::vector<std::filesystem::path> pods_files = options.pods;
  if (nodes_file.empty() || pods_files.empty()) {
    const auto cache = workload::default_cache();
    const auto folder = workload::find_data_set("openb", options.data, cache ? *cache : std::filesystem::path());
    if (!folder)
      return fail(missing_data("the openb trace is not at hand", options.data.string(),
                               "fetch it with `cradle data get openb`, or give --nodes and --pods"));
    if (nodes_file.empty()) nodes_file = *folder / "openb_node_list_gpu_node.csv";
    if (pods_files.empty())
      pods_files = {*folder / "openb_pod_list_default.csv", *folder / "openb_pod_list_cpu050.csv"};
  }
  const auto catalog = catalog::Catalog::load(common.catalog);
  if (!catalog) return fail(catalog.error());
  const auto nodes = workload::read_openb_nodes(nodes_file);
  if (!nodes) return fail(nodes.error());

  double gpus = 0;
  for (const workload::NodeRow& node : *nodes) gpus += node.gpu_count;
  std::vector<study::FgdComparison> comparisons;
  for (const auto& file : pods_files) {
    const auto pods = workload::read_openb_pods(file);
    if (!pods) return fail(pods.error());
    auto comparison = study::compare_fgd(study::trace_name(file.stem().string()), *nodes, pods->jobs, *catalog, replay);
    if (!comparison) {
      Error error = std::move(comparison).error();
      if (error.where.empty()) error.where = file.string();
      return fail(error);
    }
    comparisons.push_back(std::move(*comparison));
  }

  std::string printed;
  if (options.output == Output::json) {
    // One list: the document itself. Several: an array of such documents.
    nlohmann::ordered_json document;
    if (comparisons.size() == 1) {
      document = json_of(comparisons.front());
    } else {
      for (const auto& comparison : comparisons) document.push_back(json_of(comparison));
    }
    printed = document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  } else {
    const report::Table table = table_of(comparisons);
    if (options.output == Output::csv) {
      printed = table.to_csv();
    } else {
      printed = table.to_text(160) + verdict(comparisons);
      for (const auto& comparison : comparisons)
        printed += power_by_demand(comparison, gpus) + power_verdict(comparison);
    }
  }
  std::fwrite(printed.data(), 1, printed.size(), stdout);
  return 0;
}

}  // namespace cradle::cli
