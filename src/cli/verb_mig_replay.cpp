// cradle mig replay and cradle compare miso: every policy on the same jobs, with time, energy and grams.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "cradle/base/text.h"
#include "cradle/report/format.h"
#include "cradle/report/table.h"
#include "cradle/slicing/comparison.h"
#include "cradle/slicing/map_speeds.h"
#include "cradle/slicing/miso_trace.h"
#include "cradle/slicing/mix.h"
#include "mig_options.h"
#include "verb_mig.h"

namespace cradle::cli {

namespace {

using carbon::Seconds;
using report::Align;
using slicing::PolicyRow;

/// The 40 GB board of the trace: its slices are those of the latency file.
constexpr const char* trace_accelerator = "a100-40";

/// Published against the mean time of the unpartitioned cluster and of the best static partition (MISO, SoCC 2022).
constexpr double published_below_whole = 0.49, published_below_static = 0.16;

/// One policy over all replays: means, and the geometric mean of its time over that of the best static partition.
struct Row {
  std::string policy, layout;
  double mean_jct = 0, p95_jct = 0, makespan = 0, moves = 0;
  carbon::Estimate<carbon::Joules> energy;
  carbon::Estimate<carbon::GramsCO2e> operational, embodied;
  double log_ratio = 0, wins = 0;
  slicing::ChoiceRatio speeds{1, 0, 0}, indices{1, 0, 0};
  std::size_t compared = 0;
};

struct Answer {
  std::vector<Row> rows;
  std::vector<report::Field> fields;
  std::vector<std::string> notes;
};

Result<slicing::MixOptions> mix_options(const MigOptions& options) {
  slicing::MixOptions mix;
  mix.jobs = options.mix_jobs;
  mix.mean_gap = Seconds{options.gap};
  mix.mean_length = Seconds{options.length};
  mix.training = mix.fine_tuning = mix.inference = 0;
  const std::vector<std::string> kinds{"training", "fine-tuning", "inference"};
  const std::array<double*, 3> shares{&mix.training, &mix.fine_tuning, &mix.inference};
  std::array<bool, 3> given{};
  for (const std::string_view pair : split(options.kinds, ',')) {
    const auto parts = split(trim(pair), '=');
    const auto share = parts.size() == 2 ? parse_number(parts[1]) : std::nullopt;
    if (!share || *share < 0)
      return bad_input("'" + std::string(pair) + "' is no share of a kind", "--kinds",
                       "write e.g. training=2,fine-tuning=1,inference=1");
    const auto kind = static_cast<std::size_t>(std::find(kinds.begin(), kinds.end(), parts[0]) - kinds.begin());
    if (kind == kinds.size())
      return bad_input("no kind '" + std::string(parts[0]) + "'", "--kinds", suggest(parts[0], kinds));
    if (given[kind]) return bad_input("'" + kinds[kind] + "' has two shares", "--kinds", "give one");
    given[kind] = true;
    *shares[kind] = *share;
  }
  return mix;
}

void add(Row& row, const PolicyRow& one, double parts) {
  row.mean_jct += one.mean_jct.value() / parts;
  row.p95_jct += one.p95_jct.value() / parts;
  row.makespan += one.outcome.makespan.value() / parts;
  row.moves += static_cast<double>(one.outcome.moves) / parts;
  row.energy = row.energy + one.footprint.energy * (1 / parts);
  row.operational = row.operational + one.footprint.operational * (1 / parts);
  row.embodied = row.embodied + one.footprint.embodied * (1 / parts);
  const auto join = [parts](slicing::ChoiceRatio& sum, const slicing::ChoiceRatio& part) {
    sum.worst = std::min(sum.worst, part.worst);
    sum.mean += part.mean / parts;
    sum.choices += part.choices;
  };
  join(row.speeds, one.outcome.speeds);
  join(row.indices, one.outcome.indices);
}

/// The trace on the slices of `rules`: as measured, or mapped from the accelerator on which it was.
Result<slicing::MisoTrace> read_trace(const MigOptions& options, const catalog::Catalog& catalog,
                                      const catalog::Partitioning& rules, const slicing::PartitionTable& table,
                                      std::vector<std::string>& notes) {
  const auto reading = options.reading == "literal" ? slicing::MisoReading::literal : slicing::MisoReading::lengths;
  const std::filesystem::path folder = options.data.empty() ? "../shared/data/miso" : options.data;
  const auto files = slicing::read_miso(folder);
  if (!files) {
    if (files.error().code != ErrorCode::missing_data) return files.error();
    return missing_data("the MISO trace is not at hand: " + files.error().message, folder.string(),
                        "give --data FOLDER with the files of the repository, or mig replay --mix");
  }
  const auto measured_rules = find_rules(catalog, trace_accelerator);
  if (!measured_rules) return measured_rules.error();
  const auto measured = table_for(catalog, trace_accelerator, false);
  if (!measured) return measured.error();
  auto trace = slicing::parse_miso(*files, *measured, reading);
  if (!trace) return std::move(trace).error();
  notes.push_back("length = 10 s + iterations x latency on 7g for " + std::to_string(trace->start_up_jobs) + " of " +
                  std::to_string(trace->jobs.size()) + " jobs; " + std::to_string(trace->nearest_batches) +
                  " jobs with the latency of the nearest batch");
  if (*measured_rules == &rules) return trace;
  auto mapped = slicing::map_speeds(trace->jobs, {&*measured, (*measured_rules)->slice_memory.value()},
                                    {&table, rules.slice_memory.value()});
  if (!mapped) return std::move(mapped).error();
  trace->jobs = std::move(mapped->jobs);
  trace->partitions.clear();
  notes.push_back(std::string("speeds were measured on ") + trace_accelerator + ", none on " + options.replay_gpu +
                  ": " + std::to_string(mapped->same_share) +
                  " are those of a slice with the same shares of compute and memory, " +
                  std::to_string(mapped->between) +
                  " lie between or below measured shares of compute; a job takes as long on the whole of either");
  notes.emplace_back("miso chooses among all maximal partitions: the published ones are of the accelerator measured");
  return trace;
}

/// Refuses options that the jobs asked for would not look at.
Result<void> check_source(const MigOptions& options) {
  if (!options.mix && !options.of_mix.empty())
    return bad_input("it says how jobs are made up: the trace would not look at it", options.of_mix.front(),
                     "leave it out, or make jobs up with --mix");
  if (options.mix && !options.of_trace.empty())
    return bad_input("it is of the trace: --mix would not look at it", options.of_trace.front(),
                     "leave it out, or leave --mix out");
  return {};
}

Result<Answer> run_replays(const MigOptions& options, const Common& common, bool mix) {
  if (options.mixes == 0) return bad_input("no mix", "--mixes", "give 1 or more");
  if (options.reading != "lengths" && options.reading != "literal")
    return bad_input("no reading '" + options.reading + "'", "--reading", "use one of: lengths, literal");
  const auto catalog = catalog::Catalog::load(common.catalog);
  if (!catalog) return catalog.error();
  const auto rules = find_rules(*catalog, options.replay_gpu);
  if (!rules) return rules.error();
  const auto table = table_for(*catalog, options.replay_gpu, false);
  if (!table) return table.error();
  const auto accelerator = accelerator_of(*catalog, **rules, options.replay_gpu);
  if (!accelerator) return accelerator.error();
  const auto billing = replay_billing(*catalog, *table, **accelerator, options);
  if (!billing) return billing.error();
  const slicing::RepartitionCost cost{Seconds{options.checkpoint}, Seconds{options.reconfigure},
                                      Seconds{options.restart}, Seconds{options.profiling}};

  Answer answer;
  std::vector<std::vector<slicing::SliceJob>> sets;
  std::vector<slicing::Multiset> partitions;
  if (mix) {
    const auto form = mix_options(options);
    if (!form) return form.error();
    for (std::uint32_t i = 0; i < options.mixes; ++i) {
      auto jobs = slicing::generate_mix(*table, *form, options.seed + i);
      if (!jobs) return std::move(jobs).error();
      sets.push_back(std::move(*jobs));
    }
  } else {
    auto trace = read_trace(options, *catalog, **rules, *table, answer.notes);
    if (!trace) return std::move(trace).error();
    answer.fields = {{"jobs_of_ten_seconds_and_iterations", static_cast<std::int64_t>(trace->start_up_jobs)},
                     {"nearest_batches", static_cast<std::int64_t>(trace->nearest_batches)}};
    sets.push_back(std::move(trace->jobs));
    partitions = std::move(trace->partitions);
  }

  for (const auto& jobs : sets) {
    const auto compared =
        slicing::compare_policies(*table, jobs, options.policies, partitions, options.gpus, cost, billing->economics);
    if (!compared) return compared.error();
    if (compared->no_static) answer.notes.push_back("best-static: " + compared->no_static->message);
    const auto still = std::find_if(compared->rows.begin(), compared->rows.end(),
                                    [](const PolicyRow& row) { return row.policy == "best-static"; });
    for (const PolicyRow& one : compared->rows) {
      auto row = std::find_if(answer.rows.begin(), answer.rows.end(),
                              [&](const Row& known) { return known.policy == one.policy; });
      if (row == answer.rows.end()) {
        Row added;
        added.policy = one.policy;
        row = answer.rows.insert(row, added);
      }
      add(*row, one, static_cast<double>(sets.size()));
      if (one.layout != 0) row->layout = sets.size() == 1 ? table->text_of(one.layout) : "its own for each mix";
      if (still == compared->rows.end()) continue;
      row->log_ratio += std::log(one.mean_jct / still->mean_jct);
      row->wins += one.mean_jct < still->mean_jct ? 1 : 0;
      ++row->compared;
    }
  }
  answer.fields.emplace_back("replays", static_cast<std::int64_t>(sets.size()));
  answer.fields.emplace_back("accelerators", static_cast<std::int64_t>(options.gpus));
  answer.fields.emplace_back("accelerator", (*accelerator)->id);
  answer.fields.emplace_back("server", billing->server);
  answer.fields.emplace_back("power_by_slices", "not measured: " + billing->curves);
  for (const Row& row : answer.rows) {
    if (row.policy == "exhaustive") answer.fields.emplace_back("table_over_exhaustive_choice_least", row.speeds.worst);
    if (row.policy != "ours") continue;
    answer.fields.emplace_back("ours_index_over_exhaustive_index_least", row.indices.worst);
    answer.fields.emplace_back("ours_index_over_exhaustive_index_mean", row.indices.mean);
    answer.fields.emplace_back("ours_over_exhaustive_choice_least", row.speeds.worst);
    answer.fields.emplace_back("ours_over_exhaustive_choice_mean", row.speeds.mean);
    answer.notes.push_back("ours: index over exhaustive index, all states, subsets and assignments at each of its " +
                           std::to_string(row.indices.choices) +
                           " changes: " + report::significant(row.indices.mean, 4) + " in the mean, " +
                           report::significant(row.indices.worst, 4) + " at worst");
    answer.notes.push_back("ours: sum of speeds of each change over the greatest of all valid states for its jobs: " +
                           report::significant(row.speeds.mean, 4) + " in the mean, " +
                           report::significant(row.speeds.worst, 3) +
                           " at worst; the index weighs pauses and remaining time too");
  }
  answer.notes.insert(answer.notes.end(), billing->notes.begin(), billing->notes.end());
  answer.notes.push_back("all " + std::to_string(options.gpus) +
                         " accelerators are held, and draw idle power when empty, from first arrival to last finish");
  if (std::any_of(answer.rows.begin(), answer.rows.end(),
                  [](const Row& row) { return row.policy.starts_with("ours"); }))
    answer.notes.emplace_back(
        "ours, ours-energy and ours-grams know each job's length and speeds; ours-profiled knows neither");
  return answer;
}

/// Time over that of the best static partition; not a number, hence nothing, where there is none to compare with.
double over_static(const Row& row) {
  return row.compared > 0 ? std::exp(row.log_ratio / static_cast<double>(row.compared)) : std::nan("");
}

/// "12.6 % below" or "1.5 % above".
std::string against(double ratio) {
  return report::decimal(100 * std::abs(1 - ratio), 1) + (ratio <= 1 ? " % below" : " % above");
}

/// What the replay says of the published 16 %; empty without best-static.
std::string verdict(const Answer& answer) {
  std::string said;
  const std::string wanted = report::significant(100 * published_below_static, 2) + " %";
  for (const Row& row : answer.rows) {
    const double ratio = over_static(row);
    if (std::isnan(ratio)) continue;
    const double missing = 100 * (published_below_static - (1 - ratio));
    const bool reached = missing <= 0;
    if (row.policy == "miso")
      said += "MISO's rule is " + against(ratio) + " the best static partition here: its published " + wanted + " is " +
              (reached ? "reached"
                       : "not reproduced, " + report::significant(missing, 3) +
                             " points short: what a change costs is our estimate and the rule is as described, not "
                             "its program") +
              ". ";
    else if (row.policy == "ours")
      said += "ours, which knows lengths, is " + against(ratio) + " at these costs: the " + wanted + " is " +
              (reached ? "reached. " : "missed. ");
    else if (row.policy == "ours-unknown-lengths")
      said += "With unknown lengths it is " + against(ratio) + (reached ? ". " : ", short of " + wanted + ". ");
    else if (row.policy == "ours-profiled")
      said += "With unknown speeds as well it is " + against(ratio) + (reached ? ". " : ", short of " + wanted + ". ");
  }
  if (!said.empty()) said.pop_back();
  return said;
}

template <class Q>
std::string band(const carbon::Estimate<Q>& estimate, double unit, int digits) {
  return report::significant(estimate.value.value() / unit, digits) + " (" +
         report::significant(estimate.low.value() / unit, digits) + " .. " +
         report::significant(estimate.high.value() / unit, digits) + ")";
}

/// Columns with the published figures, where `published` is set.
int show(const Answer& answer, const MigOptions& options, const std::string& schema, bool published) {
  report::Table text, data;
  text.column("policy", "policy")
      .column("mean", "mean JCT", Align::right, 0, "s")
      .column("p95", "p95 JCT", Align::right, 0, "s")
      .column("makespan", "makespan", Align::right, 0, "s")
      .column("ratio", "against static", Align::right, 1, "%")
      .column("moves", "moves", Align::right, 0)
      .column("energy", "energy", Align::right, -1, "kWh")
      .column("operational", "operational", Align::right, -1, "kgCO2e")
      .column("embodied", "embodied", Align::right, -1, "kgCO2e");
  data.column("policy", "policy")
      .column("layout", "layout")
      .column("mean_jct_s", "mean JCT")
      .column("p95_jct_s", "p95 JCT")
      .column("makespan_s", "makespan")
      .column("mean_jct_over_static", "against static")
      .column("replays_below_static", "below static")
      .column("moves", "moves");
  for (const char* key : {"energy_kwh", "operational_g", "embodied_g"})
    for (const char* bound : {"", "_low", "_high"}) data.column(std::string(key) + bound, key);
  if (published)
    data.column("published_over_static", "published")
        .column("mean_jct_over_unpartitioned", "against whole")
        .column("published_over_unpartitioned", "published");
  const auto whole = std::find_if(answer.rows.begin(), answer.rows.end(),
                                  [](const Row& row) { return row.policy == "unpartitioned"; });
  for (const Row& row : answer.rows) {
    const double ratio = over_static(row);
    text.row({row.policy + (row.layout.empty() ? "" : ": " + row.layout), row.mean_jct, row.p95_jct, row.makespan,
              100 * (ratio - 1), row.moves, band(row.energy, 3.6e6, 3), band(row.operational, 1000, 3),
              band(row.embodied, 1000, 3)});
    std::vector<report::Cell> cells{
        row.policy, row.layout, row.mean_jct, row.p95_jct, row.makespan, ratio, static_cast<std::int64_t>(row.wins),
        row.moves};
    for (const carbon::Joules energy : {row.energy.value, row.energy.low, row.energy.high})
      cells.emplace_back(carbon::KilowattHours{energy}.value());
    for (const auto& grams : {row.operational, row.embodied})
      for (const carbon::GramsCO2e bound : {grams.value, grams.low, grams.high}) cells.emplace_back(bound.value());
    if (published) {
      const bool theirs = row.policy == "miso", both = whole != answer.rows.end();
      cells.emplace_back(theirs ? 1 - published_below_static : std::nan(""));
      cells.emplace_back(both ? row.mean_jct / whole->mean_jct : std::nan(""));
      cells.emplace_back(theirs ? 1 - published_below_whole : std::nan(""));
    }
    data.row(std::move(cells));
  }
  std::string printed;
  if (options.output == Output::json) {
    std::vector<report::Field> fields = answer.fields;
    if (published) fields.emplace_back("verdict", verdict(answer));
    printed = data.to_json(schema, fields);
  } else if (options.output == Output::csv) {
    printed = data.to_csv();
  } else {
    printed = text.to_text(160);
    if (published) {
      printed +=
          "published for MISO: 49 % below unpartitioned, 16 % below the best static partition, on its own testbed\n";
      if (const std::string said = verdict(answer); !said.empty()) printed += "verdict: " + said + "\n";
    }
    for (const std::string& note : answer.notes) printed += "note: " + note + "\n";
  }
  std::fwrite(printed.data(), 1, printed.size(), stdout);
  return 0;
}

}  // namespace

int run_mig_replay(const MigOptions& options, const Common& common) {
  if (auto fine = check_source(options); !fine) return fail(fine.error());
  const auto answer = run_replays(options, common, options.mix);
  if (!answer) return fail(answer.error());
  return show(*answer, options, "cradle.mig.replay/1", false);
}

int run_compare_miso(const MigOptions& options, const Common& common) {
  const auto answer = run_replays(options, common, false);
  if (!answer) return fail(answer.error());
  return show(*answer, options, "cradle.compare.miso/1", true);
}

}  // namespace cradle::cli
