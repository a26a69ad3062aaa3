// Strategies that take from the catalogue: the joint rule as a row of a study, caps by the curves of each GPU model.
#include "strategy_config.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "cradle/report/study_report.h"
#include "cradle/study/joint_comparison.h"
#include "cradle/study/study.h"
#include "cradle/workload/generator.h"

namespace cradle::study {
namespace {

const catalog::Catalog& catalogue() {
  static const catalog::Catalog loaded = *catalog::Catalog::load();
  return loaded;
}

std::filesystem::path scratch(const std::string& name) {
  const auto folder = std::filesystem::temp_directory_path() / ("cradle-strategy-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  return folder / name;
}

/// As compare_joint sees BPAT and MISO together.
const std::string two_sites = R"([study]
name = "two"
sensitivity = false
[workload]
source = "generator"
load = 2
days = 2
[fleet]
scale = 0.02
[[site]]
name = "BPAT"
grid = "BPAT"
pue = 1.2
[[site]]
name = "MISO"
grid = "MISO"
pue = 1.2
[service]
stretch = 1.1
[policies]
run = ["FGD"]
)";

StudyConfig parsed(const std::string& strategies) {
  auto config = parse_study(two_sites + strategies, "s.toml");
  EXPECT_TRUE(config) << to_string(config.error());
  return *config;
}

bool holds(const std::vector<std::string>& notes, const std::string& part) {
  return std::any_of(notes.begin(), notes.end(),
                     [&](const std::string& note) { return note.find(part) != std::string::npos; });
}

FleetPlan plan_of(const StudyConfig& config, std::vector<std::string> models) {
  std::vector<workload::NodeRow> rows;
  for (const std::string& model : models)
    rows.push_back({"n" + std::to_string(rows.size()), 96'000, 393'216, model.empty() ? 0 : 2, model});
  StudyConfig whole = config;
  whole.fleet.scale = 1;
  auto plan = plan_fleet(whole, rows, catalogue(), all_at(End::value));
  EXPECT_TRUE(plan) << to_string(plan.error());
  return *plan;
}

// The row of a study and the row of the comparison are one rule on one fleet: the same joules under the same hours.
TEST(JointStrategy, GivesTheTotalsOfTheComparison) {
  JointOptions options;
  options.generated = true;
  options.days = 2;
  options.load = 2;
  options.fleet_scale = 0.02;
  options.grids = {"BPAT", "MISO"};
  options.threads = 1;
  const auto compared = compare_joint(options, catalogue());
  ASSERT_TRUE(compared) << to_string(compared.error());
  const auto row = [&](const std::string& strategy) {
    return *std::find_if(compared->rows.begin(), compared->rows.end(), [&](const JointRow& one) {
      return one.place == "BPAT+MISO" && one.view == JointView{} && one.strategy == strategy;
    });
  };
  const auto idle = std::find_if(compared->fixed.begin(), compared->fixed.end(), [](const JointFixed& fixed) {
                      return fixed.place == "BPAT+MISO" && fixed.signal == carbon::Signal::average;
                    })->idle;

  const StudyConfig config = parsed(R"(
[[strategy]]
name = "joint"
joint = true
[[strategy]]
name = "no cap"
joint = true
joint_knobs = ["placement", "start", "region"]
[[strategy]]
name = "no region"
joint = true
joint_knobs = ["placement", "start", "cap"]
[[strategy]]
name = "slices"
joint = true
joint_knobs = ["placement", "start", "region", "cap", "slice"]
[[strategy]]
name = "most"
joint = true
curve_end = "most-saving"
)");
  const auto input = *load_input(config, {}, scratch("no-cache"), true);
  StudyOptions study;
  study.ledger = scratch("joint.ledger");
  study.log_decisions = true;
  const auto outcome = run_study(config, input, catalogue(), study);
  ASSERT_TRUE(outcome) << to_string(outcome.error());
  const auto& policies = outcome->report.policies;
  ASSERT_EQ(policies.size(), 6U);
  const char* names[] = {
      "FGD", "joint", "joint, no cap", "joint, no region", "joint, in slices", "joint, caps save most"};
  for (std::size_t i = 0; i < policies.size(); ++i) {
    SCOPED_TRACE(names[i]);
    const JointRow& same = row(names[i]);
    EXPECT_NEAR(policies[i].useful_gpu_time / same.useful, 1, 1e-12);
    // The comparison counts what jobs add at equal work.
    const carbon::GramsCO2e total = idle + same.added * (same.useful / row("FGD").useful);
    EXPECT_NEAR((policies[i].operational + policies[i].idle_operational) / total, 1, 1e-6);
    EXPECT_EQ(static_cast<double>(policies[i].jobs_finished), same.finished);
  }
  EXPECT_NE(policies[1].operational, policies[0].operational);

  // Its log replays to the byte, and says by which models it decided.
  const auto checks = check_decisions(config, input, catalogue(), outcome->decisions, "d.log");
  ASSERT_TRUE(checks) << to_string(checks.error());
  ASSERT_EQ(checks->size(), 6U);
  for (const DecisionCheck& check : *checks) EXPECT_TRUE(check.outcome.identical) << check.run;
  EXPECT_NE(outcome->decisions.find("\njoint-model "), std::string::npos);
  StudyConfig other = config;
  other.strategies[0].joint.cap = false;
  EXPECT_FALSE(check_decisions(other, input, catalogue(), outcome->decisions, "d.log"));

  EXPECT_TRUE(holds(outcome->report.notes, "joint: chosen together: placement, start, region, cap;"));
  EXPECT_TRUE(holds(outcome->report.notes, "slices: chosen together: placement, start, region, cap, slice;"));
  EXPECT_TRUE(holds(outcome->report.notes, "at the end that saves most"));
  EXPECT_NE(report::to_json(outcome->report).find("\"no region\""), std::string::npos);
}

TEST(CatalogueCaps, EachModelTakesItsOwnCurve) {
  const StudyConfig config = parsed(R"(
[[strategy]]
name = "own"
cap = "always"
cap_limit = 0.7
cap_curve = "catalog"
[[strategy]]
name = "one"
cap = "dirty-hours"
cap_limit = 0.6
cap_curve = "v100-training-cap"
curve_end = "least-saving"
)");
  const FleetPlan plan = plan_of(config, {"T4", "V100M32", ""});
  const auto own = row_of(config, "own", plan, catalogue());
  ASSERT_TRUE(own) << to_string(own.error());
  const dispatch::CapRule& cap = own->configuration.cap;
  ASSERT_EQ(cap.models.size(), 2U);
  // The curve of training at 0.7; the published V100 point at 0.6 halfway to that at 0.8.
  EXPECT_EQ(cap.models[0], (dispatch::ModelCap{"T4", 0.7, 0.753, 0.886}));
  EXPECT_EQ(cap.models[1].gpu_model, "V100M32");
  EXPECT_NEAR(cap.models[1].power, (0.808 + 0.91) / 2, 1e-12);
  EXPECT_NEAR(cap.models[1].speed, (0.936 + 0.972) / 2, 1e-12);
  EXPECT_TRUE(holds(own->notes,
                    "own: cap of T4 by curve training-cap: draw 0.753 (0.7 to 0.875), speed 0.886 "
                    "(0.814 to 0.958)"));
  EXPECT_TRUE(holds(own->notes, "curve training-cap: Training under a power cap, our estimate; source: our estimate"));
  EXPECT_TRUE(holds(own->notes, "own: cap of V100M32 by curve v100-training-cap"));
  EXPECT_TRUE(holds(own->notes, "arXiv 2205.09646"));
  EXPECT_FALSE(holds(own->notes, "no curve"));

  const auto one = row_of(config, "one", plan, catalogue());
  ASSERT_TRUE(one) << to_string(one.error());
  ASSERT_EQ(one->configuration.cap.models.size(), 1U);
  EXPECT_EQ(one->configuration.cap.models[0], (dispatch::ModelCap{"V100M32", 0.6, 0.86, 0.88}));
  EXPECT_TRUE(holds(one->notes, "one: no curve of power caps for T4: no cap there"));
  EXPECT_TRUE(holds(one->notes, "at the end that saves least"));
  // A row without curves is what was written.
  EXPECT_EQ(dispatch::canonical(row_of(config, "FGD", plan, catalogue())->configuration),
            dispatch::canonical(row_configuration(config, "FGD")));
}

TEST(CatalogueCaps, WhatIsNoCurveOfTheFleetIsNamed) {
  const auto refused = [](const std::string& keys) {
    const StudyConfig config = parsed("[[strategy]]\nname = \"x\"\ncap = \"always\"\n" + keys);
    const auto row = row_of(config, "x", plan_of(config, {"T4"}), catalogue());
    EXPECT_FALSE(row) << keys;
    return row ? Error{} : row.error();
  };
  const Error unknown = refused("cap_limit = 0.7\ncap_curve = \"traning-cap\"\n");
  EXPECT_EQ(unknown.where, "s.toml:22: cap_curve");
  EXPECT_NE(unknown.hint.find("training-cap"), std::string::npos);
  EXPECT_EQ(refused("cap_limit = 0.7\ncap_curve = \"training-slices\"\n").message,
            "'training-slices' is a curve of slices");
  EXPECT_EQ(refused("cap_limit = 0.7\ncap_curve = \"v100-training-cap\"\n").message,
            "'v100-training-cap' stands for no GPU model of the fleet");
  EXPECT_EQ(refused("cap_limit = 0.7\ncap_curve = \"catalog\"\ncap_work = \"foo\"\n").message,
            "no GPU model of the fleet has a curve of power caps for work 'foo'");
  EXPECT_EQ(refused("cap_limit = 0.1\ncap_curve = \"catalog\"\n").hint, "choose a limit in 0.3 .. 1");
}

// Nothing that a key asks for is passed over in silence.
TEST(StrategyKeys, ThatContradictEachOtherAreNamed) {
  const auto message = [](const std::string& keys) {
    const auto config = parse_study(two_sites + "[[strategy]]\nname = \"x\"\n" + keys, "s.toml");
    EXPECT_FALSE(config) << keys;
    return config ? std::string() : config.error().message;
  };
  EXPECT_EQ(message("joint_knobs = [\"cap\"]\n"), "strategy.joint_knobs without the joint rule");
  EXPECT_EQ(message("joint = true\njoint_knobs = [\"caps\"]\n"), "strategy.joint_knobs: 'caps' is no knob");
  EXPECT_EQ(message("joint = true\njoint_knobs = [\"cap\", \"cap\"]\n"), "strategy.joint_knobs: 'cap' appears twice");
  EXPECT_EQ(message("joint = true\njoint_knobs = [\"region\"]\n"), "strategy.joint_knobs: region without placement");
  EXPECT_EQ(message("joint = true\nresume_cost_minutes = 5\n"), "strategy.resume_cost_minutes beside joint = true");
  EXPECT_EQ(message("joint = true\ntime = \"carbon-time\"\n"), "strategy.time beside joint = true");
  EXPECT_EQ(message("joint = true\nregion = \"any\"\n"), "strategy.region beside joint = true");
  EXPECT_EQ(message("joint = true\nplacement = \"FGD\"\n"), "strategy.placement beside joint = true");
  EXPECT_EQ(message("region = \"planned\"\ntime = \"wait-awhile\"\n"), "strategy.time beside region = \"planned\"");
  EXPECT_EQ(message("region = \"planned\"\nwait_for_region = true\n"),
            "strategy.wait_for_region beside region = \"planned\"");
  EXPECT_EQ(message("region = \"planned\"\nresume_cost_minutes = 5\n"),
            "strategy.resume_cost_minutes beside region = \"planned\"");
  EXPECT_EQ(message("wait_for_region = true\n"), "strategy.wait_for_region without a rule for the site");
  for (const char* key : {"forecast = \"noise:2\"", "knows = \"mean\"", "decide_by = \"marginal\""}) {
    const std::string name(key, std::string_view(key).find(' '));
    EXPECT_EQ(message(std::string(key) + "\n"), "strategy." + name + " of a strategy that looks at no hour");
    EXPECT_TRUE(parse_study(two_sites +
                                "[[strategy]]\nname = \"x\"\nplacement = \"CarbonShare+FGD\"\nregion = "
                                "\"cleanest-now\"\n" +
                                key + "\n",
                            "s.toml"));
  }
  EXPECT_TRUE(parse_study(
      two_sites + "[[strategy]]\nname = \"x\"\nplacement = \"CarbonShare+FGD\"\ndecide_by = \"marginal\"\n", "s.toml"));
  for (const char* time : {"now", "lowest-slot", "lowest-window", "carbon-time"})
    EXPECT_EQ(message("time = \"" + std::string(time) + "\"\nresume_cost_minutes = 5\n"),
              "strategy.resume_cost_minutes without pauses");
  EXPECT_EQ(message("joint = true\ncap = \"always\"\ncap_limit = 0.7\n"), "strategy.cap beside joint = true");
  EXPECT_EQ(message("joint = true\njoint_knobs = [\"start\"]\ncurve_end = \"value\"\n"),
            "strategy.curve_end beside a joint rule that sets no cap");
  EXPECT_EQ(message("cap_curve = \"catalog\"\n"), "strategy.cap_curve without a power cap");
  EXPECT_EQ(message("cap = \"always\"\ncap_limit = 0.7\ncap_curve = \"catalog\"\ncurve_limit = [1]\n"),
            "strategy.curve_limit beside cap_curve");
  EXPECT_EQ(message("cap = \"always\"\ncap_limit = 0.7\ncap_curve = \"training-cap\"\ncap_work = \"decode\"\n"),
            "strategy.cap_work beside a record");
  EXPECT_EQ(message("curve_end = \"most-saving\"\n"), "strategy.curve_end without a curve of the catalogue");
  EXPECT_EQ(message("elastic_curve = [1]\n"), "strategy.elastic_curve without elastic jobs");
  const std::string elastic = "time = \"elastic\"\n";
  EXPECT_EQ(message(elastic + "elastic_curve = [1, 0.5, 0.6]\n"), "strategy.elastic_curve: machine 3 adds 0.6");
  EXPECT_EQ(message(elastic + "elastic_curve = [0.9]\n"), "strategy.elastic_curve: machine 1 adds 0.9");
  EXPECT_EQ(message(elastic + "elastic_curve = [1]\nregion = \"planned\"\n"),
            "strategy.time beside region = \"planned\"");
  EXPECT_EQ(message(elastic + "elastic_curve = [1]\njoint = true\n"), "strategy.time beside joint = true");
  EXPECT_EQ(message(elastic + "elastic_curve = [1]\ncap = \"always\"\ncap_limit = 0.7\ncap_curve = \"catalog\"\n"),
            "strategy.cap beside time = \"elastic\"");
  EXPECT_NE(message(elastic), "") << "the curve is what the user must know";
  EXPECT_TRUE(parse_study(two_sites + "[[strategy]]\nname = \"x\"\njoint = true\njoint_knobs = [\"cap\"]\n"
                                      "placement = \"PWR+FGD\"\nregion = \"cheapest-window\"\n",
                          "s.toml"));
}

}  // namespace
}  // namespace cradle::study
