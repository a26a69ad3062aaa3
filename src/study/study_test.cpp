#include "cradle/study/study.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "cradle/base/file.h"
#include "cradle/ledger/ledger.h"
#include "cradle/simulate/timed_replay.h"
#include "cradle/study/fgd_comparison.h"
#include "cradle/study/fleet_plan.h"
#include "cradle/study/study_config.h"
#include "cradle/workload/generator.h"
#include "cradle/workload/openb.h"

namespace cradle::study {
namespace {

const catalog::Catalog& catalog_of_the_house() {
  static const catalog::Catalog catalog = *catalog::Catalog::load();
  return catalog;
}

std::filesystem::path scratch(const std::string& name) {
  const auto folder = std::filesystem::temp_directory_path() / ("cradle-study-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  return folder / name;
}

constexpr const char* small_study = R"([study]
name = "small"
seed = 7
[workload]
source = "generator"
load = 0.5
days = 20
[fleet]
scale = 0.02
[[site]]
name = "a"
grid = "CISO"
pue = 1.2
[[site]]
name = "b"
grid = "BPAT"
share = 2
[policies]
run = ["FGD", "PWR", "Carbon+FGD"]
)";

TEST(StudyConfig, ReadsEveryKey) {
  const auto config = *parse_study(small_study, "s.toml");
  EXPECT_EQ(config.name, "small");
  EXPECT_EQ(config.seed, 7U);
  EXPECT_EQ(config.sites.size(), 2U);
  EXPECT_EQ(config.sites[1].share, 2);
  EXPECT_EQ(config.policies.size(), 3U);
  ASSERT_TRUE(parse_study(embedded_study(), "embedded"));
  EXPECT_GE(parse_study(embedded_study(), "embedded")->policies.size(), 9U);
}

// What a person gets wrong, the line it is on, and what the error must say.
TEST(StudyConfig, EveryMistakeNamesItsLineAndAWayOut) {
  struct Mistake {
    const char *from, *to, *where, *hint;
  };
  for (const Mistake& m : {
           Mistake{"seed = 7", "sed = 7", "s.toml:3", "did you mean 'seed'?"},
           Mistake{"grid = \"CISO\"", "gird = \"CISO\"", "s.toml:10",
                   "rename 'gird' if it means this, or add grid = a text in double quotes"},
           Mistake{"[study]", "[studi]", "s.toml:1",
                   "rename 'studi' if it means this, or add study = a table, [study] and its keys below"},
           Mistake{"seed = 7", "seed = 1.5", "s.toml:3", "choose a whole number, 0 .. 9000000000000000"},
           Mistake{"[fleet]", "[flet]", "s.toml:8", "did you mean 'fleet'?"},
           Mistake{"\"PWR\"", "\"PRW\"", "s.toml:19", "did you mean 'PWR'?"},
           Mistake{"\"PWR\"", "\"FGD\"", "s.toml:19", "name each policy once"},
           Mistake{"scale = 0.02", "scale = 2", "s.toml:9", "choose a value of 1e-06 .. 1"},
           Mistake{"scale = 0.02", "scale = nan", "s.toml:9", "choose a value of 1e-06 .. 1"},
           Mistake{"scale = 0.02", "scale = \"x\"", "s.toml:9", "write a number, 1e-06 .. 1"},
           Mistake{"pue = 1.2", "pue = 0.5", "s.toml:13", "choose a value of 1 .. 10"},
           Mistake{"name = \"b\"", "name = \"a\"", "s.toml:15", "name each site differently"},
           Mistake{"grid = \"BPAT\"\n", "", "s.toml:14", "add grid = a text in double quotes"},
           Mistake{"source = \"generator\"", "source = \"genrator\"", "s.toml:5", "did you mean 'generator'?"},
           Mistake{"name = \"small\"\n", "", "s.toml:1", "add name = a text in double quotes"},
           Mistake{"[study]", "[study", "s.toml:1", "correct the line; a name may be defined only once in a file"},
           Mistake{"seed = 7", "seed = 7\nstart = \"soon\"", "s.toml:4",
                   "write it as 2022-01-31T23:59:59Z or 2022-01-31"},
           Mistake{"\"Carbon+FGD\"]", "\"Carbon+FGD\"]\nbaseline = \"BestFit\"", "s.toml:20",
                   "use one of: FGD, PWR, Carbon+FGD"},
       }) {
    std::string text = small_study;
    const std::size_t at = text.find(m.from);
    ASSERT_NE(at, std::string::npos) << m.from;
    text.replace(at, std::string(m.from).size(), m.to);
    const auto config = parse_study(text, "s.toml");
    ASSERT_FALSE(config) << m.to;
    EXPECT_EQ(config.error().where, m.where) << m.to;
    EXPECT_EQ(config.error().hint, m.hint) << m.to;
    EXPECT_EQ(config.error().code, ErrorCode::bad_input);
  }
  EXPECT_FALSE(parse_study("", "s.toml"));
  EXPECT_FALSE(parse_study("\xFF", "s.toml"));
}

TEST(FleetPlan, KeepsProportionsAndTheNodesOwnSizes) {
  const auto rows = *workload::generate_nodes(1);
  auto config = *parse_study(small_study, "s.toml");
  config.fleet.scale = 0.25;
  const auto plan = *plan_fleet(config, rows, catalog_of_the_house(), all_at(End::value));
  EXPECT_NEAR(static_cast<double>(plan.nodes.size()), 0.25 * static_cast<double>(rows.size()), 1);
  ASSERT_EQ(plan.components.size(), plan.nodes.size() * simulate::parts_per_node);
  const auto with = [](const auto& list, const std::string& model) {
    return static_cast<double>(
        std::count_if(list.begin(), list.end(), [&](const auto& n) { return n.gpu_model == model; }));
  };
  for (const char* model : {"T4", "G2", "P100"})
    EXPECT_NEAR(with(plan.nodes, model), 0.25 * with(rows, model), 1) << model;
  const auto at_b = std::count_if(plan.nodes.begin(), plan.nodes.end(), [](const auto& n) { return n.site == 1; });
  EXPECT_NEAR(static_cast<double>(at_b), static_cast<double>(plan.nodes.size()) * 2 / 3, 1);
  for (fleet::NodeIndex n = 0; n < plan.nodes.size(); ++n) {
    const auto& gpu = plan.components[simulate::component_of(n, simulate::Part::gpu)];
    EXPECT_EQ(gpu.machine, plan.nodes[n].name);
    EXPECT_EQ(gpu.site, plan.nodes[n].site);
    EXPECT_DOUBLE_EQ(gpu.lifetime_operations.value(), plan.nodes[n].gpu_count * gpu.lifetime.value());
  }
  // The published watt table must come out of the catalogue for the published placement model to hold.
  for (const auto& node : plan.nodes) {
    if (node.gpu_model != "P100") continue;
    EXPECT_EQ(node.power.gpu_idle.value(), 25);
    EXPECT_EQ(node.power.gpu_full.value(), 250);
    EXPECT_EQ(node.power.socket_full.value(), 120);
    EXPECT_EQ(node.power.cores_per_socket, 16);
  }
}

TEST(FleetPlan, MovesOnlyTheGroupThatIsMoved) {
  const auto rows = *workload::generate_nodes(0.01);
  auto config = *parse_study(small_study, "s.toml");
  config.fleet.scale = 1;
  const auto& catalog = catalog_of_the_house();
  const auto base = *plan_fleet(config, rows, catalog, all_at(End::value));
  const auto hot = *plan_fleet(config, rows, catalog, only(Group::gpu_full_power, End::high));
  const auto dirty = *plan_fleet(config, rows, catalog, only(Group::grid_intensity, End::high));
  const auto old = *plan_fleet(config, rows, catalog, only(Group::lifetime, End::low));
  for (std::size_t n = 0; n < base.nodes.size(); ++n) {
    EXPECT_GE(hot.nodes[n].power.gpu_full, base.nodes[n].power.gpu_full);
    EXPECT_EQ(hot.nodes[n].power.gpu_idle, base.nodes[n].power.gpu_idle);
    EXPECT_EQ(dirty.nodes[n].power, base.nodes[n].power);
  }
  EXPECT_GT(dirty.sites[0].average.at(config.start), base.sites[0].average.at(config.start));
  EXPECT_EQ(hot.sites[0].average.at(config.start), base.sites[0].average.at(config.start));
  EXPECT_LT(old.components[0].lifetime, base.components[0].lifetime);
}

TEST(FleetPlan, UnknownGridsAndModelsAreNamed) {
  auto rows = *workload::generate_nodes(0.01);
  auto config = *parse_study(small_study, "s.toml");
  config.fleet.scale = 1;
  config.sites[0].grid = "CIS0";
  EXPECT_EQ(
      plan_fleet(config, rows, catalog_of_the_house(), all_at(End::value)).error().hint.find("did you mean 'CISO'?"),
      0U);
  config.sites[0].grid = "CISO";
  rows[0].gpu_model = "T5";
  EXPECT_FALSE(plan_fleet(config, rows, catalog_of_the_house(), all_at(End::value)));
}

TEST(Study, IsTheSameForAnyNumberOfThreadsAndTheLedgerHoldsIt) {
  const auto config = *parse_study(small_study, "s.toml");
  const auto input = *load_input(config, {}, scratch("no-cache"), false);
  std::string printed[2];
  for (unsigned threads : {1U, 2U}) {
    StudyOptions options;
    options.ledger = scratch("threads-" + std::to_string(threads) + ".ledger");
    options.threads = threads;
    options.command = "cradle study s.toml";
    const auto outcome = run_study(config, input, catalog_of_the_house(), options);
    ASSERT_TRUE(outcome) << to_string(outcome.error());
    EXPECT_FALSE(outcome->stopped);
    printed[threads - 1] = report::to_json(outcome->report);
    const auto& policies = outcome->report.policies;
    ASSERT_EQ(policies.size(), 3U);
    // The study's figures must be what anybody gets from the ledger alone.
    const auto ledger = *ledger::Ledger::open_read(options.ledger);
    for (const auto& policy : policies) {
      const auto run = *ledger.read_run(policy.name);
      const auto account = *run.account(carbon::View::attributional, carbon::Grouping::machine);
      EXPECT_NEAR(account.total.total().value / policy.total.value, 1, 1e-12) << policy.name;
      EXPECT_LE(policy.total.low, policy.total.value);
      EXPECT_GE(policy.total.high, policy.total.value);
    }
    // Two thirds of the fleet on the clean grid: looking at carbon must pay.
    EXPECT_EQ(policies[outcome->report.answer.best].name, "Carbon+FGD");
    EXPECT_GT(outcome->report.answer.saving.value.value(), 0);
  }
  EXPECT_EQ(printed[0], printed[1]);
}

TEST(Study, AStopKeepsWhatIsDone) {
  const auto config = *parse_study(small_study, "s.toml");
  const auto input = *load_input(config, {}, scratch("no-cache"), false);
  std::stop_source stop;
  StudyOptions options;
  options.ledger = scratch("stopped.ledger");
  options.stop = stop.get_token();
  options.progress = [&](const std::string& what, std::uint64_t done, std::uint64_t total) {
    if (what == "PWR" && done > total / 3) stop.request_stop();
  };
  const auto outcome = *run_study(config, input, catalog_of_the_house(), options);
  EXPECT_TRUE(outcome.stopped);
  EXPECT_EQ(outcome.runs, (std::vector<std::string>{"FGD", "PWR"}));
  EXPECT_EQ(outcome.report.policies.size(), 1U);
  const auto ledger = *ledger::Ledger::open_read(options.ledger);
  const auto whole = *ledger.read_run("FGD"), part = *ledger.read_run("PWR");
  EXPECT_TRUE(whole.summary().finished);
  EXPECT_FALSE(part.summary().finished);
  EXPECT_GT(part.summary().entries, 0U);
  EXPECT_GT(part.account(carbon::View::attributional, carbon::Grouping::day)->total.total().value.value(), 0);
}

// Jobs that never run emit nothing: a policy must not win by running fewer of them.
TEST(Study, ComparesForTheSameWork) {
  auto config = *parse_study(small_study, "s.toml");
  config.fleet.scale = 0.0025;  // far too small for the work, so that the policies do different amounts of it
  config.workload.load = 12;
  config.sensitivity = false;
  const auto input = *load_input(config, {}, scratch("no-cache"), false);
  StudyOptions options;
  options.ledger = scratch("work.ledger");
  const auto report = run_study(config, input, catalog_of_the_house(), options)->report;
  const auto& best = report.policies[report.answer.best];
  for (const auto& policy : report.policies)
    EXPECT_LE(report::grams_per_useful_gpu_hour(best), report::grams_per_useful_gpu_hour(policy)) << policy.name;
  const auto& baseline = report.policies[report.answer.baseline];
  ASSERT_NE(best.useful_gpu_time, baseline.useful_gpu_time);
  EXPECT_TRUE(report.answer.at_equal_work);
  EXPECT_NEAR(report.answer.saving.value / baseline.total.value,
              1 - report::grams_per_useful_gpu_hour(best) / report::grams_per_useful_gpu_hour(baseline), 1e-9);
}

TEST(Study, TheRangeHoldsEveryCornerThatWasReplayed) {
  const auto config = *parse_study(small_study, "s.toml");
  const auto input = *load_input(config, {}, scratch("no-cache"), false);
  StudyOptions options;
  options.ledger = scratch("corners.ledger");
  options.redraw = [&](std::uint64_t seed) {
    auto drawn = config;
    drawn.seed = seed;
    return load_input(drawn, {}, scratch("no-cache"), false);
  };
  const auto report = run_study(config, input, catalog_of_the_house(), options)->report;
  const auto &best = report.policies[report.answer.best], &baseline = report.policies[report.answer.baseline];
  EXPECT_TRUE(report.answer.replayed);
  EXPECT_GT(report.answer.draws, 0);
  ASSERT_FALSE(report.answer.at_equal_work);
  EXPECT_LE(report.answer.saving.low, baseline.total.low - best.total.low);
  EXPECT_GE(report.answer.saving.high, baseline.total.high - best.total.high);
  EXPECT_EQ(report.sensitivity.size(), all_groups.size() + 1);
}

TEST(Study, ABadInputLeavesAnExistingLedgerAlone) {
  auto config = *parse_study(small_study, "s.toml");
  const auto input = *load_input(config, {}, scratch("no-cache"), false);
  StudyOptions options;
  options.ledger = scratch("kept.ledger");
  config.sensitivity = false;
  ASSERT_TRUE(run_study(config, input, catalog_of_the_house(), options));
  auto late = input;
  late.workload.jobs[0].arrival_ms += 30 * 366 * ms_per_day;
  auto unbounded = config;
  unbounded.workload.days = 0;
  EXPECT_FALSE(run_study(unbounded, late, catalog_of_the_house(), options));
  auto unknown = config;
  unknown.sites[0].grid = "nowhere";
  EXPECT_FALSE(run_study(unknown, input, catalog_of_the_house(), options));
  EXPECT_TRUE(ledger::Ledger::open_read(options.ledger)->read_run("FGD"));
}

TEST(Study, ASiteMayBringItsOwnHours) {
  auto config = *parse_study(small_study, "s.toml");
  const auto file = scratch("hours.csv");
  std::string text = "time,g_per_kWh\n";
  for (std::int64_t hour = 0; hour < 21 * 24; ++hour)
    text += to_iso({config.start.ms + hour * ms_per_hour}) + "," + (hour == 30 ? std::string() : "123") + "\n";
  ASSERT_TRUE(write_file(file, text));
  config.sites[0].hourly = file.string();
  const auto rows = *workload::generate_nodes(0.05);
  const auto plan = plan_fleet(config, rows, catalog_of_the_house(), all_at(End::value));
  ASSERT_TRUE(plan) << to_string(plan.error());
  EXPECT_NEAR(carbon::GramsPerKilowattHour{plan->sites[0].average.at({config.start.ms + 30 * ms_per_hour})}.value(),
              123, 1e-9);
  EXPECT_NE(std::find_if(plan->notes.begin(), plan->notes.end(),
                         [](const auto& note) { return note.find("1 of 504 hours") != std::string::npos; }),
            plan->notes.end());
  // 20 days of jobs fit the series; a later start does not.
  const auto input = *load_input(config, {}, scratch("no-cache"), false);
  StudyOptions options;
  options.ledger = scratch("hours.ledger");
  config.sensitivity = false;
  EXPECT_TRUE(run_study(config, input, catalog_of_the_house(), options));
  config.start.ms += 3 * ms_per_day;
  EXPECT_EQ(run_study(config, input, catalog_of_the_house(), options).error().code, ErrorCode::missing_data);
}

TEST(Study, AListThatCountsFromACalendarIsShiftedAndSaidSo) {
  const auto file = scratch("epoch.csv");
  std::string text = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,creation_time,deletion_time,scheduled_time\n";
  for (int job = 0; job < 5; ++job) {
    const std::string at = std::to_string(1'700'000'000 + 3600 * job);
    text += "j" + std::to_string(job) + ",4000,8192,1,500," + at + "," + std::to_string(1'700'009'000 + 3600 * job) +
            "," + at + "\n";
  }
  ASSERT_TRUE(write_file(file, text));
  auto config = *parse_study(small_study, "s.toml");
  config.workload.pods = file.string();
  config.workload.load = 1;
  const auto input = *load_input(config, {}, scratch("no-cache"), false);
  EXPECT_EQ(input.workload.jobs[0].arrival_ms, 0);
  EXPECT_EQ(input.workload.jobs[4].arrival_ms, 4 * ms_per_hour);
  EXPECT_NE(input.workload.notes.back().find("1700000000"), std::string::npos);
}

TEST(Study, SaysWhenATraceIsAbsent) {
  auto config = *parse_study(small_study, "s.toml");
  config.workload.source = WorkloadConfig::Source::openb;
  const auto absent = load_input(config, scratch("nowhere"), scratch("no-cache"), false);
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, ErrorCode::missing_data);
  EXPECT_NE(absent.error().hint.find("cradle data get openb"), std::string::npos);
}

TEST(Seeds, AreRangesAndLists) {
  EXPECT_EQ(parse_seeds("42..51")->size(), 10U);
  EXPECT_EQ(*parse_seeds("7"), std::vector<std::uint64_t>{7});
  EXPECT_EQ(*parse_seeds("3,5..6"), (std::vector<std::uint64_t>{3, 5, 6}));
  for (const char* bad : {"", "a", "5..3", "-1", "1..", "1..99999999999", "1,,2", "1,1", "1..3,2"})
    EXPECT_FALSE(parse_seeds(bad)) << bad;
}

TEST(FgdComparison, DoesNotDependOnTheThreads) {
  const auto nodes = *workload::generate_nodes(0.02);
  const auto jobs = workload::generate_workload({3, 10 * ms_per_day, 1})->jobs;
  FgdOptions options;
  for (const auto& name : policy::policy_names()) options.policies.push_back(*policy::policy_by_name(name));
  options.seeds = {42, 43, 44};
  options.threads = 1;
  const auto one = *compare_fgd("x", nodes, jobs, catalog_of_the_house(), options);
  options.threads = 2;
  const auto two = *compare_fgd("x", nodes, jobs, catalog_of_the_house(), options);
  for (std::size_t i = 0; i < one.rows.size(); ++i) {
    EXPECT_EQ(one.rows[i].allocation_mean, two.rows[i].allocation_mean);
    EXPECT_EQ(one.rows[i].allocation_sd, two.rows[i].allocation_sd);
    EXPECT_EQ(one.rows[i].fragmentation_80, two.rows[i].fragmentation_80);
  }
}

TEST(FgdComparison, PowerAwarePoliciesSeeTheCataloguesWatts) {
  const auto nodes = *workload::generate_nodes(0.05);
  const auto jobs = workload::generate_workload({3, 40 * ms_per_day, 1})->jobs;
  FgdOptions options;
  for (const char* name : {"FGD", "PWR", "PWR+FGD"}) options.policies.push_back(*policy::policy_by_name(name));
  options.seeds = {42, 43};
  const auto rows = compare_fgd("default", nodes, jobs, catalog_of_the_house(), options)->rows;
  EXPECT_NE(rows[0].fragmentation_50, rows[1].fragmentation_50);
  EXPECT_NE(rows[0].fragmentation_50, rows[2].fragmentation_50);
  // The name of a published list does not make another list the published one.
  EXPECT_FALSE(rows[0].published);
  auto unknown = nodes;
  for (auto& node : unknown) node.gpu_model = "T5";
  EXPECT_FALSE(compare_fgd("x", unknown, jobs, catalog_of_the_house(), options));
  options.policies.resize(1);
  EXPECT_TRUE(compare_fgd("x", unknown, jobs, catalog_of_the_house(), options));
  options.demand = 0.6;
  const auto low = compare_fgd("x", nodes, jobs, catalog_of_the_house(), options)->rows[0];
  EXPECT_TRUE(low.fragmentation_50);
  EXPECT_FALSE(low.fragmentation_80);
}

// The fidelity bar, on the published trace: every policy within 0.5 percentage points of the published mean over the
// same ten seeds, fragmentation within 0.7 points.
class Fidelity : public testing::TestWithParam<const char*> {};

TEST_P(Fidelity, EveryPolicyIsWithinTheBar) {
  const std::filesystem::path folder = CRADLE_SOURCE_DIR "/../shared/data/openb";
  const auto file = folder / (std::string("openb_pod_list_") + GetParam() + ".csv");
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "the openb trace is absent: " << folder;
  const auto nodes = *workload::read_openb_nodes(folder / "openb_node_list_gpu_node.csv");
  const auto pods = *workload::read_openb_pods(file);
  FgdOptions options;
  for (const auto& name : policy::published_policy_names()) options.policies.push_back(*policy::policy_by_name(name));
  options.seeds = *parse_seeds("42..51");
  const auto comparison =
      *compare_fgd(trace_name(file.stem().string()), nodes, pods.jobs, catalog_of_the_house(), options);
  for (const auto& row : comparison.rows) {
    ASSERT_TRUE(row.published) << row.policy;
    EXPECT_NEAR(row.allocation_mean, row.published->mean, 0.5) << row.policy;
    EXPECT_NEAR(*row.fragmentation_50, *row.published_50, 0.7) << row.policy;
    EXPECT_NEAR(*row.fragmentation_80, *row.published_80, 0.7) << row.policy;
  }
}
INSTANTIATE_TEST_SUITE_P(Openb, Fidelity, testing::Values("default", "cpu050"),
                         [](const auto& instance) { return std::string(instance.param); });

// Why quantisation and tie-break are named options: they decide FGD's published lead (FGD 95.39 against BestFit 93.08).
TEST(FgdComparison, RandomTiesLoseTheGradientsLead) {
  const std::filesystem::path folder = CRADLE_SOURCE_DIR "/../shared/data/openb";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "the openb trace is absent: " << folder;
  const auto nodes = *workload::read_openb_nodes(folder / "openb_node_list_gpu_node.csv");
  const auto pods = *workload::read_openb_pods(folder / "openb_pod_list_default.csv");
  FgdOptions options;
  options.policies = {*policy::policy_by_name("FGD"), *policy::policy_by_name("BestFit"),
                      *policy::policy_by_name("FGD")};
  options.policies[0].tie_break = policy::TieBreak::random;
  options.seeds = {42, 43};
  const auto rows = compare_fgd("default", nodes, pods.jobs, catalog_of_the_house(), options)->rows;
  EXPECT_LT(rows[0].allocation_mean, rows[1].allocation_mean);
  EXPECT_GT(rows[2].allocation_mean, rows[1].allocation_mean);
}

}  // namespace
}  // namespace cradle::study
