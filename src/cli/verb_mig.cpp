// cradle mig states and choose: what an accelerator can be divided into, and what it should be.
#include "verb_mig.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "cradle/base/csv.h"
#include "cradle/base/file.h"
#include "cradle/base/text.h"
#include "cradle/report/format.h"
#include "cradle/report/table.h"
#include "cradle/slicing/choose.h"
#include "cradle/slicing/fragmentation.h"
#include "mig_options.h"

namespace cradle::cli {

namespace {

using report::Align;
using slicing::Multiset;
using slicing::PartitionTable;
using slicing::ProfileId;
using slicing::StateId;

/// Jobs, their speeds and the words of the command line that they came from.
struct Jobs {
  std::vector<std::string> names;
  std::vector<double> values;  ///< by job and profile
};

Result<void> add_speed(Jobs& jobs, const PartitionTable& table, const std::string& name, std::string_view profile_name,
                       std::optional<double> speed, const std::string& where) {
  const auto profile = table.find_profile(profile_name, where);
  if (!profile) return profile.error();
  if (!speed || !(*speed > 0) || *speed > 100)
    return bad_input("the speed on " + table.profile(*profile).name + " is no number in (0, 100]", where,
                     "1 is the whole accelerator; leave out a profile whose memory is too small");
  const std::size_t profiles = table.profiles().size();
  auto at = static_cast<std::size_t>(std::find(jobs.names.begin(), jobs.names.end(), name) - jobs.names.begin());
  if (at == jobs.names.size()) {
    jobs.names.push_back(name);
    jobs.values.insert(jobs.values.end(), profiles, slicing::cannot_run);
  }
  double& value = jobs.values[at * profiles + *profile];
  if (value != slicing::cannot_run)
    return bad_input("'" + name + "' has two speeds on " + table.profile(*profile).name, where, "give one");
  value = *speed;
  return {};
}

Result<Jobs> read_jobs(const MigOptions& options, const PartitionTable& table) {
  Jobs jobs;
  for (const std::string& text : options.jobs) {
    const auto colon = text.find(':');
    if (colon == std::string::npos || colon == 0)
      return bad_input("'" + text + "' is no job", "--job", "write NAME:PROFILE=SPEED,..., e.g. bert:3g=0.55,7g=1");
    const std::string name = text.substr(0, colon);
    if (std::find(jobs.names.begin(), jobs.names.end(), name) != jobs.names.end())
      return bad_input("'" + name + "' appears twice", "--job", "give each job its own name");
    const std::string speeds = text.substr(colon + 1);
    for (const std::string_view pair : split(speeds, ',')) {
      const auto parts = split(pair, '=');
      if (parts.size() != 2)
        return bad_input("'" + std::string(pair) + "' is no speed", "--job " + name,
                         "write PROFILE=SPEED, e.g. 3g=0.55");
      if (auto fine = add_speed(jobs, table, name, trim(parts[0]), parse_number(trim(parts[1])), "--job " + name);
          !fine)
        return fine.error();
    }
    if (speeds.empty())
      return bad_input("'" + name + "' has no speed", "--job", "write NAME:PROFILE=SPEED,..., e.g. bert:3g=0.55,7g=1");
  }
  if (!options.file.empty()) {
    const auto text = read_file(options.file, std::uint64_t{16} << 20);
    if (!text) return text.error();
    static constexpr std::array<std::string_view, 3> columns{"job", "profile", "speed"};
    const auto rows = read_csv(*text, options.file.string(), columns, [&](const CsvRow& row) -> Result<void> {
      const std::string where = options.file.string() + ":" + std::to_string(row.line());
      if (row.empty(0)) return bad_input("the job has no name", where, "give each job a name");
      return add_speed(jobs, table, std::string(row.field(0)), row.field(1), parse_number(row.field(2)), where);
    });
    if (!rows) return rows.error();
  }
  if (jobs.names.empty()) return bad_input("no job", "--job", "give --job NAME:PROFILE=SPEED,... or --jobs FILE");
  if (jobs.names.size() > slicing::Chooser::most_jobs)
    return bad_input(std::to_string(jobs.names.size()) + " jobs on one accelerator", "--job",
                     "it holds at most " + std::to_string(table.compute_slices()));
  return jobs;
}

/// "JOB=PROFILE@START,...": where jobs run now.
Result<std::vector<slicing::Holder>> read_current(const std::string& text, const Jobs& jobs,
                                                  const PartitionTable& table) {
  std::vector<slicing::Holder> holders;
  std::string layout;
  for (const std::string_view word : split(text, ',')) {
    const auto parts = split(trim(word), '=');
    if (parts.size() != 2)
      return bad_input("'" + std::string(word) + "' is no job's slice", "--current", "write JOB=PROFILE@START");
    const auto job = std::find(jobs.names.begin(), jobs.names.end(), parts[0]);
    if (job == jobs.names.end())
      return bad_input("no job '" + std::string(parts[0]) + "'", "--current", suggest(parts[0], jobs.names));
    const auto index = static_cast<std::size_t>(job - jobs.names.begin());
    if (std::any_of(holders.begin(), holders.end(), [&](const slicing::Holder& holder) { return holder.job == index; }))
      return bad_input("'" + *job + "' appears twice", "--current", "a job has one slice");
    const auto state = table.parse(parts[1], "--current");
    if (!state) return state.error();
    holders.push_back({index, table.instances(*state).front()});
    layout += (layout.empty() ? "" : ",") + std::string(parts[1]);
  }
  const auto together = table.parse(layout, "--current");
  if (!together) return together.error();
  return holders;
}

int print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  return 0;
}

}  // namespace

Result<const catalog::Partitioning*> find_rules(const catalog::Catalog& catalog, const std::string& gpu) {
  std::string word = to_lower(gpu);
  if (word.ends_with("gb")) word.resize(word.size() - 2);
  std::vector<std::string> known;
  for (const auto& rules : catalog.partitionings())
    for (const std::string& accelerator : rules.accelerators) {
      if (word == accelerator || word == rules.id) return &rules;
      known.push_back(accelerator);
    }
  // "h100-80" where the catalogue has only one h100.
  if (const auto dash = word.rfind('-'); dash != std::string::npos)
    if (const auto* rules = catalog.partitioning_of(word.substr(0, dash))) return rules;
  return bad_input("no divisible accelerator '" + gpu + "'", "--gpu", suggest(word, known));
}

Result<const catalog::Accelerator*> accelerator_of(const catalog::Catalog& catalog, const catalog::Partitioning& rules,
                                                   const std::string& gpu) {
  std::string word = to_lower(gpu);
  if (word.ends_with("gb")) word.resize(word.size() - 2);
  const auto named = std::find(rules.accelerators.begin(), rules.accelerators.end(), word);
  return catalog.find_accelerator(named == rules.accelerators.end() ? rules.accelerators.front() : word, "--gpu");
}

Result<PartitionTable> table_for(const catalog::Catalog& catalog, const std::string& gpu, bool wide) {
  const auto rules = find_rules(catalog, gpu);
  if (!rules) return rules.error();
  return PartitionTable::make(**rules, slicing::plain_profiles(**rules, wide));
}

int run_mig(const MigOptions& options, const Common& common) {
  if (options.action == "states") return run_mig_states(options, common);
  if (options.action == "choose") return run_mig_choose(options, common);
  return run_mig_replay(options, common);
}

int run_mig_states(const MigOptions& options, const Common& common) {
  const auto catalog = catalog::Catalog::load(common.catalog);
  if (!catalog) return fail(catalog.error());
  const auto rules = find_rules(*catalog, options.gpu);
  if (!rules) return fail(rules.error());
  const auto table = table_for(*catalog, options.gpu, options.wide);
  if (!table) return fail(table.error());
  const auto fragmentation = slicing::SliceFragmentation::make(*table, slicing::even_demands(*table));
  if (!fragmentation) return fail(fragmentation.error());
  const auto count = [](std::size_t n) { return report::Cell(static_cast<std::int64_t>(n)); };
  report::Table rows;
  std::vector<report::Field> fields{{"partitioning", (*rules)->id},
                                    {"states", count(table->states())},
                                    {"maximal_layouts", count(table->maximal_layouts().size())},
                                    {"multisets", count(table->maximal_multisets().size())}};
  std::string text = (*rules)->name + ": " + std::to_string(table->states()) + " valid states, " +
                     std::to_string(table->maximal_layouts().size()) + " maximal layouts, " +
                     std::to_string(table->maximal_multisets().size()) + " multisets\n";
  if (options.layout.empty()) {
    rows.column("layout", "maximal layout")
        .column("multiset", "instances")
        .column("compute", "compute", Align::right)
        .column("fragments", "fragments", Align::right, 2, "slices");
    for (const StateId state : table->maximal_layouts())
      rows.row({table->text(state), table->text_of(table->multiset(state)), std::int64_t{table->compute(state)},
                fragmentation->amount(state)});
  } else {
    const auto state = table->parse(options.layout, "--layout");
    if (!state) return fail(state.error());
    const slicing::SlicePlacer placer(*table, *fragmentation);
    fields.emplace_back("layout", table->text(*state));
    fields.emplace_back("fragments", fragmentation->amount(*state));
    text += table->text(*state) + ": " + report::significant(fragmentation->amount(*state), 3) +
            " free memory slices of no use to a job, in the mean over all profiles\n";
    rows.column("profile", "profile")
        .column("starts", "fits at")
        .column("best", "best at", Align::right)
        .column("growth", "growth of fragments", Align::right, 2, "slices");
    for (std::size_t p = 0; p < table->profiles().size(); ++p) {
      const auto profile = static_cast<ProfileId>(p);
      std::string starts;
      for (int start = 0; start < 8; ++start)
        if (table->fits(*state, profile) >> start & 1) starts += (starts.empty() ? "" : " ") + std::to_string(start);
      const auto& step = placer.step(*state, profile);
      const bool fits = step.next != slicing::no_state;
      rows.row({table->profile(profile).name, starts.empty() ? "nowhere" : starts,
                fits ? report::Cell(std::int64_t{step.start}) : report::Cell(),
                fits ? report::Cell(static_cast<double>(step.growth)) : report::Cell()});
    }
  }
  if (options.output == Output::json) return print(rows.to_json("cradle.mig.states/1", fields));
  return print(options.output == Output::csv ? rows.to_csv() : text + rows.to_text());
}

int run_mig_choose(const MigOptions& options, const Common& common) {
  const auto catalog = catalog::Catalog::load(common.catalog);
  if (!catalog) return fail(catalog.error());
  const auto table = table_for(*catalog, options.gpu, options.wide);
  if (!table) return fail(table.error());
  const auto jobs = read_jobs(options, *table);
  if (!jobs) return fail(jobs.error());
  std::vector<slicing::Holder> current;
  if (!options.current.empty()) {
    auto holders = read_current(options.current, *jobs, *table);
    if (!holders) return fail(holders.error());
    current = std::move(*holders);
  }
  if (const auto error = slicing::unplaceable(*table, jobs->values, jobs->names, "--job")) return fail(*error);
  const slicing::Chooser chooser(*table);
  const auto choice = chooser.best(jobs->values, jobs->names.size());
  if (!choice)
    return fail(bad_input("no partition gives all " + std::to_string(jobs->names.size()) + " jobs the memory they need",
                          "--job", "place some of them on another accelerator"));
  const auto fragmentation = slicing::SliceFragmentation::make(*table, slicing::even_demands(*table));
  if (!fragmentation) return fail(fragmentation.error());
  const auto layout = chooser.lay_out({choice->profile.data(), jobs->names.size()}, current, fragmentation->amounts());
  report::Table rows;
  rows.column("job", "job")
      .column("profile", "profile")
      .column("start", "start", Align::right)
      .column("speed", "speed", Align::right, 3)
      .column("moves", "moves");
  std::vector<slicing::Instance> instances;
  for (const auto& holder : layout) {
    const bool ran = std::any_of(current.begin(), current.end(), [&](const auto& h) { return h.job == holder.job; });
    const bool stays = std::any_of(current.begin(), current.end(),
                                   [&](const auto& h) { return h.job == holder.job && h.instance == holder.instance; });
    rows.row({jobs->names[holder.job], table->profile(holder.instance.profile).name,
              std::int64_t{holder.instance.start},
              jobs->values[holder.job * table->profiles().size() + holder.instance.profile],
              std::string(stays ? "stays"
                          : ran ? "moves"
                                : "starts")});
    instances.push_back(holder.instance);
  }
  const auto state = table->find(instances, "choice");
  if (!state) return fail(state.error());
  if (options.output == Output::json)
    return print(rows.to_json("cradle.mig.choose/1", {{"layout", table->text(*state)},
                                                      {"sum_of_speeds", choice->value},
                                                      {"fragments", fragmentation->amount(*state)}}));
  if (options.output == Output::csv) return print(rows.to_csv());
  return print(
      rows.to_text() + "sum of relative speeds " + report::significant(choice->value, 4) +
      ", the greatest of all valid states; free memory slices of no use to a job, in the mean over all profiles: " +
      report::significant(fragmentation->amount(*state), 3) + "\n");
}

}  // namespace cradle::cli
