// The published optimiser's files: what is read, what is refused, and its published figures.
#include "cradle/inference/inferno.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <map>

#include "cradle/inference/allocation.h"
#include "cradle/inference/candidates.h"
#include "cradle/inference/published_solution.h"

namespace cradle::inference {
namespace {

/// One model, two accelerators, two servers.
InfernoFiles small_files() {
  return {{"a.json", R"({"accelerators": [
            {"name": "G", "type": "G", "multiplicity": 1, "cost": 10,
             "power": {"idle": 100, "full": 400, "midPower": 300, "midUtil": 0.6}},
            {"name": "2xG", "type": "G", "multiplicity": 2, "cost": 20, "colour": "grey"}]})"},
          {"m.json", R"({"models": [
            {"name": "m", "acc": "G", "accCount": 2, "maxBatchSize": 10, "atTokens": 512,
             "perfParms": {"alpha": 10, "beta": 0.1, "gamma": 0.001}}]})"},
          {"c.json", R"({"serviceClasses": [{"name": "Gold", "priority": 1, "modelTargets": [
            {"model": "m", "slo-itl": 50, "slo-ttft": 1000}]}]})"},
          {"s.json", R"({"servers": [
            {"name": "one", "class": "Gold", "model": "m", "currentAlloc":
              {"load": {"arrivalRate": 60, "AvgInTokens": 100, "AvgOutTokens": 200}}}]})"},
          InfernoFile{"k.json", R"({"count": [{"type": "G", "count": 100}]})"},
          InfernoFile{"o.json", R"({"optimizer": {"unlimited": false, "saturationPolicy": "RoundRobin"}})"}};
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

TEST(Inferno, ReadsTheFiles) {
  const auto system = parse_inferno(small_files());
  ASSERT_TRUE(system) << to_string(system.error());
  ASSERT_EQ(system->accelerators.size(), 2u);
  EXPECT_EQ(system->accelerators[1].multiplicity, 2);
  EXPECT_FALSE(system->accelerators[1].power);
  ASSERT_EQ(system->servers.size(), 1u);
  EXPECT_DOUBLE_EQ(system->servers[0].rate_per_s, 1);
  EXPECT_EQ(system->capacity.at("G"), 100);
  EXPECT_EQ(system->saturation, Saturation::round_robin);
  const auto service = service_of(system->servers[0], system->profiles[0], Formula::iteration, 1);
  ASSERT_TRUE(service);
  EXPECT_EQ(service->max_batch, 10 * 512 / 200);
  EXPECT_EQ(service->max_queue, 10 * (10 * 512 / 200));
  EXPECT_EQ(service_of(system->servers[0], system->profiles[0], Formula::separate, 1).error().where,
            "s.json: servers[0]");
}

TEST(Inferno, BatchIsAtLeastOneOrWhatTheServerSays) {
  auto files = small_files();
  files.servers.text = replaced(files.servers.text, "\"AvgOutTokens\": 200", "\"avgOutTokens\": 100000");
  auto system = parse_inferno(files);
  ASSERT_TRUE(system);
  EXPECT_EQ(service_of(system->servers[0], system->profiles[0], Formula::iteration, 1)->max_batch, 1);
  files.servers.text = replaced(files.servers.text, "\"model\"", "\"maxBatchSize\": 7, \"model\"");
  system = parse_inferno(files);
  EXPECT_EQ(service_of(system->servers[0], system->profiles[0], Formula::iteration, 1)->max_batch, 7);
}

TEST(Inferno, OptionsOfAServer) {
  auto files = small_files();
  files.models.text = replaced(files.models.text, "]}", R"(, {"name": "m", "acc": "2xG", "maxBatchSize": 40,
    "atTokens": 512, "perfParms": {"alpha": 6, "beta": 0.1, "gamma": 0.001}}]})");
  files.servers.text = replaced(files.servers.text, "\"currentAlloc\":\n              {",
                                "\"minNumReplicas\": 5, \"keepAccelerator\": true, \"currentAlloc\": "
                                "{\"accelerator\": \"2xG\", \"numReplicas\": 2, \"maxBatch\": 8, \"cost\": 1, ");
  const auto system = parse_inferno(files);
  ASSERT_TRUE(system) << to_string(system.error());
  const auto all = candidates(*system, {});
  ASSERT_TRUE(all);
  ASSERT_EQ((*all)[0].candidates.size(), 1u);
  const Part& part = (*all)[0].candidates[0].parts[0];
  EXPECT_EQ(part.accelerator, "2xG");
  EXPECT_EQ(part.replicas, 5);
  EXPECT_EQ(part.devices, 10);
  EXPECT_DOUBLE_EQ(part.cents_per_h, 100);
}

TEST(Inferno, AServerWithoutLoadHasTheReplicasThatItKeeps) {
  auto files = small_files();
  files.servers.text = replaced(files.servers.text, "\"arrivalRate\": 60, \"AvgInTokens\": 100, \"AvgOutTokens\": 200",
                                "\"arrivalRate\": 0, \"AvgInTokens\": 0, \"AvgOutTokens\": 0");
  const auto system = parse_inferno(files);
  ASSERT_TRUE(system) << to_string(system.error());
  const auto part = size_on(*system, system->servers[0], "G", {});
  ASSERT_TRUE(part);
  EXPECT_EQ(part->replicas, 0);
  EXPECT_DOUBLE_EQ(part->watts->value(), 0);
}

TEST(Inferno, ErrorsSayFileAndPath) {
  const auto where = [](auto change) {
    auto files = small_files();
    change(files);
    const auto system = parse_inferno(files);
    EXPECT_FALSE(system);
    if (system) return std::string();
    EXPECT_FALSE(system.error().hint.empty());
    EXPECT_EQ(system.error().code, ErrorCode::bad_input);
    return system.error().where;
  };
  EXPECT_EQ(where([](InfernoFiles& f) { f.servers.text = replaced(f.servers.text, "60", "-60"); }),
            "s.json: servers[0].currentAlloc.load.arrivalRate");
  EXPECT_EQ(where([](InfernoFiles& f) { f.servers.text = replaced(f.servers.text, "\"AvgInTokens\": 100,", ""); }),
            "s.json: servers[0].currentAlloc.load.avgInTokens");
  EXPECT_EQ(where([](InfernoFiles& f) { f.servers.text = replaced(f.servers.text, "200", "0"); }),
            "s.json: servers[0].currentAlloc.load.avgOutTokens");
  EXPECT_EQ(where([](InfernoFiles& f) { f.servers.text = replaced(f.servers.text, "Gold", "Lead"); }),
            "s.json: servers[0].class");
  EXPECT_EQ(where([](InfernoFiles& f) { f.models.text = replaced(f.models.text, "\"gamma\": 0.001", "\"g\": 1"); }),
            "m.json: models[0].perfParms.gamma");
  EXPECT_EQ(where([](InfernoFiles& f) { f.models.text = replaced(f.models.text, "\"atTokens\": 512,", ""); }),
            "m.json: models[0].atTokens");
  EXPECT_EQ(where([](InfernoFiles& f) { f.models.text = replaced(f.models.text, "10,", "1000000000,"); }),
            "m.json: models[0].maxBatchSize");
  EXPECT_EQ(where([](InfernoFiles& f) { f.accelerators.text = replaced(f.accelerators.text, "2xG", "G"); }),
            "a.json: accelerators[1].name");
  EXPECT_EQ(where([](InfernoFiles& f) { f.accelerators.text = replaced(f.accelerators.text, "0.6", "1.6"); }),
            "a.json: accelerators[0].power.midUtil");
  EXPECT_EQ(where([](InfernoFiles& f) { f.capacity->text = replaced(f.capacity->text, "100", "-1"); }),
            "k.json: count[0].count");
  EXPECT_EQ(where([](InfernoFiles& f) { f.capacity->text = replaced(f.capacity->text, "100", "1.5"); }),
            "k.json: count[0].count");
  EXPECT_EQ(where([](InfernoFiles& f) { f.optimizer->text = replaced(f.optimizer->text, "RoundRobin", "Robin"); }),
            "o.json: optimizer.saturationPolicy");
  EXPECT_EQ(where([](InfernoFiles& f) { f.classes.text = replaced(f.classes.text, "\"priority\": 1,", ""); }),
            "c.json: serviceClasses[0].priority");
  EXPECT_EQ(where([](InfernoFiles& f) { f.servers.text = "{\n\n\"servers\": ["; }), "s.json:3");
  EXPECT_EQ(where([](InfernoFiles& f) { f.servers.text = "[]"; }), "s.json");
  EXPECT_EQ(where([](InfernoFiles& f) { f.servers.text = ""; }), "s.json:1");
  EXPECT_EQ(where([](InfernoFiles& f) { f.servers.text = "{\"servers\": [], \"servers\": []}"; }), "s.json");
  EXPECT_EQ(where([](InfernoFiles& f) { f.servers.text = std::string(100, '['); }), "s.json:1");
  EXPECT_EQ(
      where([](InfernoFiles& f) { f.servers.text = "{\"a\": " + std::string(60, '[') + std::string(60, ']') + "}"; }),
      "s.json");
  EXPECT_EQ(where([](InfernoFiles& f) { f.servers.text = replaced(f.servers.text, "one", "\xff"); }).substr(0, 7),
            "s.json:");
}

TEST(Inferno, ASolutionComesInSeveralForms) {
  const char* texts[] = {
      R"({"one": {"accelerator": "G", "numReplicas": 3, "itlAverage": 20.5, "ttftAverage": 100}})",
      R"({"solution": {"one": {"accelerator": "G", "numReplicas": 3, "itlAverage": 20.5, "ttftAverage": 100}}})",
      R"({"data": {"allocations": {"one": {"accelerator": "G", "load": {"arrivalRate": 1}, "numReplicas": 3,
          "itlAverage": 20.5, "ttftAverage": 100}}}})",
      R"({"allocations": [{"server": "one", "accelerator": "G", "numReplicas": 3, "itlAverage": 20.5,
          "ttftAverage": 100}]})",
      R"([{"name": "one", "accelerator": "G", "numReplicas": 3, "itlAverage": 20.5, "ttftAverage": 100}])",
      R"({"solutions": [{"allocations": {"one": {"accelerator": "G", "numReplicas": 3, "itlAverage": 20.5,
          "ttftAverage": 100}}}]})",
      R"({"servers": [{"name": "one", "class": "Gold", "currentAlloc": {"accelerator": "G", "numReplicas": 3,
          "itlAverage": 20.5, "ttftAverage": 100}}]})"};
  for (const char* text : texts) {
    const auto solution = parse_inferno_solution(text, "x.json");
    ASSERT_TRUE(solution) << text;
    ASSERT_EQ(solution->allocations.size(), 1u) << text;
    const InfernoAllocation& only = solution->allocations.front();
    EXPECT_EQ(only.server, "one");
    EXPECT_EQ(only.accelerator, "G");
    EXPECT_EQ(only.replicas, 3);
    EXPECT_EQ(only.itl_ms, 20.5);
    EXPECT_EQ(only.ttft_ms, 100);
    EXPECT_FALSE(only.waiting_ms);
    EXPECT_TRUE(solution->notes.empty()) << text;
  }
  EXPECT_EQ(parse_inferno_solution("{}", "x.json").error().where, "x.json");
  EXPECT_EQ(parse_inferno_solution(R"({"one": {"accelerator": 5}})", "x.json").error().where,
            "x.json: one.accelerator");

  const auto system = parse_inferno(small_files());
  const auto unknown =
      published_rows(*system, parse_inferno_solution(R"({"two": {"accelerator": "G"}})", "x").value(), {});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().message, "no server 'two'");
  EXPECT_EQ(unknown.error().where, "x");
  const auto slow =
      published_rows(*system, parse_inferno_solution(R"({"one": {"accelerator": "2xG"}})", "x").value(), {});
  ASSERT_TRUE(slow);
  EXPECT_FALSE(slow->front().part);
  EXPECT_EQ(slow->front().note, "m has no profile on 2xG");
}

TEST(Inferno, ASolutionMayLeaveServersOut) {
  // A server with nothing, said in three ways, and an entry that is not even a server.
  for (const char* text :
       {R"({"two": null, "one": {"accelerator": "G"}})", R"({"two": {}, "one": {"accelerator": "G"}})",
        R"({"servers": [{"name": "two", "currentAlloc": {"load": {}}},
                               {"name": "one", "currentAlloc": {"accelerator": "G"}}]})"}) {
    const auto solution = parse_inferno_solution(text, "x.json");
    ASSERT_TRUE(solution) << text;
    ASSERT_EQ(solution->allocations.size(), 2u) << text;
    EXPECT_EQ(solution->allocations[0].server, "two");
    EXPECT_EQ(solution->allocations[0].accelerator, "");
    EXPECT_EQ(solution->allocations[1].accelerator, "G");
  }
  const auto holes = parse_inferno_solution(R"([null, {"name": "one", "accelerator": "G"}, {}])", "x.json");
  ASSERT_TRUE(holes);
  EXPECT_EQ(holes->allocations.size(), 1u);
  EXPECT_EQ(holes->notes, (std::vector<std::string>{"x.json: [0]: nothing is here; it is not used",
                                                    "x.json: [2]: nothing is here; it is not used"}));
  const auto two = parse_inferno_solution(
      R"({"solutions": [{"one": {"accelerator": "G"}}, {"one": {"accelerator": "2xG"}}]})", "x.json");
  ASSERT_TRUE(two);
  EXPECT_EQ(two->allocations.front().accelerator, "G");
  ASSERT_EQ(two->notes.size(), 1u);

  // The culprit is named, not the whole file.
  const auto where = [](const char* text) {
    const auto solution = parse_inferno_solution(text, "x.json");
    return solution ? std::string() : solution.error().where;
  };
  EXPECT_EQ(where(R"({"allocations": {"one": {"accelerator": "G"}, "two": 5}})"), "x.json: allocations.two");
  EXPECT_EQ(where(R"([{"server": "one", "accelerator": "G"}, "two"])"), "x.json: [1]");
  EXPECT_EQ(where(R"([{"server": "one", "currentAlloc": 5}, {"server": "two", "accelerator": "G"}])"),
            "x.json: [0].currentAlloc");
  EXPECT_EQ(where(R"([{"accelerator": "G"}])"), "x.json: [0].server");
  EXPECT_EQ(where("[]"), "x.json");
  EXPECT_EQ(where("[null]"), "x.json");
  EXPECT_EQ(where("5"), "x.json");

  const auto system = parse_inferno(small_files());
  EXPECT_EQ(servers_missing(*system, InfernoSolution{}), std::vector<std::string>{"one"});
  EXPECT_TRUE(servers_missing(*system, *holes).empty());
}

TEST(Inferno, AFourthParameterIsToldByName) {
  auto files = small_files();
  EXPECT_TRUE(parse_inferno(files)->notes.empty());
  files.models.text = replaced(files.models.text, "\"gamma\": 0.001", "\"gamma\": 0.001, \"delta\": 0.1");
  const auto system = parse_inferno(files);
  ASSERT_TRUE(system);
  ASSERT_EQ(system->notes.size(), 1u);
  EXPECT_EQ(system->notes[0].rfind("m.json: models[0].perfParms.delta: with it m on G has two laws", 0), 0u)
      << system->notes[0];
}

TEST(Inferno, AnInfeasibleTargetSaysWhichAndByHowMuch) {
  auto files = small_files();
  files.classes.text = replaced(files.classes.text, "\"slo-itl\": 50", "\"slo-itl\": 5");
  const auto system = parse_inferno(files);
  const auto all = candidates(*system, {});
  ASSERT_TRUE(all);
  const auto priced = priced_problem(*system, *all, Objective::cost, {});
  ASSERT_FALSE(priced);
  EXPECT_EQ(priced.error().where, "s.json: servers[0]");
  EXPECT_NE(priced.error().message.find("no rate keeps a time between tokens of 5 ms"), std::string::npos)
      << priced.error().message;
  EXPECT_NE(priced.error().message.find("too much"), std::string::npos);
}

/// The small published set; tests that need it are skipped where it is absent.
class SmallSet : public testing::Test {
 protected:
  void SetUp() override {
    const auto folder = std::filesystem::path(CRADLE_SOURCE_DIR) / "../shared/data/inferno-small";
    if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no " << folder;
    auto read = read_inferno(folder);
    ASSERT_TRUE(read) << to_string(read.error());
    system = std::move(*read);
  }
  double optimum(Objective objective, bool unlimited, const CandidateOptions& options = {}) {
    system.unlimited = unlimited;
    const auto all = candidates(system, options);
    const auto priced = priced_problem(system, *all, objective, options);
    EXPECT_TRUE(priced);
    const auto program = allocate_by_program(priced->problem);
    const auto ours = allocate(priced->problem);
    EXPECT_TRUE(program && ours);
    EXPECT_EQ(ours->unserved, 0);
    // Ours against the packaged solver: within 1 %, and never below it.
    EXPECT_LE(ours->value, program->value * 1.01);
    EXPECT_GE(ours->value, program->value * (1 - 1e-6));
    EXPECT_LE(ours->bound, program->value * (1 + 1e-6));
    EXPECT_LE(ours->gap, 0.01) << name(objective);
    return program->value;
  }
  InfernoSystem system;
};

// llm-inferno/sample-data (Apache-2.0), solution of the small set.
TEST_F(SmallSet, PublishedAllocations) {
  struct Published {
    const char* server;
    const char* accelerator;
    int replicas;
    double itl_ms, ttft_ms;
  };
  const Published published[] = {
      {"Bronze-granite_13b", "G2", 3, 36.419655, 425.16748}, {"Bronze-granite_34b", "G2", 13, 56.039642, 1823.3079},
      {"Bronze-llama_13b", "G2", 5, 53.830456, 618.9834},    {"Bronze-llama_70b", "4xA100", 48, 41.275867, 1866.1561},
      {"Bronze-mixtral_8_7b", "G2", 49, 81.40402, 1858.546},
  };
  const auto rows = published_rows(system, {}, {});
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 15u);
  std::map<std::string, const PublishedRow*> by_server;
  double cents = 0;
  carbon::Watts watts{0};
  for (const PublishedRow& row : *rows) {
    ASSERT_TRUE(row.part) << row.server << ": " << row.note;
    by_server[row.server] = &row;
    cents += row.part->cents_per_h;
    watts += *row.part->watts;
  }
  for (const Published& want : published) {
    const Part& part = *by_server.at(want.server)->part;
    EXPECT_EQ(part.accelerator, want.accelerator);
    EXPECT_EQ(part.replicas, want.replicas);
    EXPECT_NEAR(part.state.itl_ms, want.itl_ms, 2e-5);
    // Single precision of a time near 2 s, and what it does to the rate of a replica.
    EXPECT_NEAR(part.state.ttft_ms, want.ttft_ms, 5e-3);
  }
  // The whole published solution: 39,743 cents/h and 372.1 kW. Its watts were told with the description's formula.
  EXPECT_DOUBLE_EQ(cents, 39743);
  EXPECT_NEAR(watts.value() / 1000, 372.1, 0.1);
}

TEST_F(SmallSet, OptimaOfTheSameSet) {
  // Debian's CBC on the same choices: 35,767 and, without limits, 33,327 cents/h; least 347.7 kW.
  EXPECT_NEAR(optimum(Objective::cost, false), 35767, 0.5);
  EXPECT_NEAR(optimum(Objective::cost, true), 33327, 0.5);
  EXPECT_NEAR(optimum(Objective::watts, false) / 1000, 347.7, 0.1);
  CandidateOptions options;
  options.carbon.intensity = carbon::GramsPerKilowattHour{300};
  options.carbon.pue = 1.2;
  options.carbon.embodied = {{"A100", carbon::GramsPerSecond{1e-3}}, {"G2", carbon::GramsPerSecond{5e-3}}};
  EXPECT_GT(optimum(Objective::carbon, false, options), 0);
}

TEST_F(SmallSet, GivenAccelerators) {
  const auto given = parse_inferno_solution(
      R"({"allocations": {"Bronze-llama_70b": {"accelerator": "4xA100", "numReplicas": 48}}})", "x");
  const auto rows = published_rows(system, *given, {});
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->front().part->replicas, 48);
  CandidateOptions newest;
  newest.formula = Formula::newest;
  const auto other = published_rows(system, *given, newest);
  ASSERT_TRUE(other);
  EXPECT_NE(other->front().part->state.itl_ms, rows->front().part->state.itl_ms);
}

TEST_F(SmallSet, MixturesNeverCostMore) {
  const double single = optimum(Objective::cost, false);
  system.heterogeneous = true;
  const auto all = candidates(system, {});
  const auto priced = priced_problem(system, *all, Objective::cost, {});
  ASSERT_TRUE(priced);
  const auto mixed = allocate(priced->problem);
  ASSERT_TRUE(mixed);
  EXPECT_EQ(mixed->unserved, 0);
  EXPECT_LE(mixed->value, single);
  for (std::size_t i = 0; i < system.servers.size(); ++i) {
    const auto index = static_cast<std::size_t>(mixed->taken[i].choice);
    const Candidate& candidate = (*all)[i].candidates[static_cast<std::size_t>(priced->candidates[i][index])];
    const InfernoServer& server = system.servers[i];
    const Targets& targets = system.target(server.service_class, server.model)->targets;
    EXPECT_TRUE(candidate.meets(targets)) << server.name;
    double served = 0;
    for (const Part& part : candidate.parts) served += part.state.rate_per_s * static_cast<double>(part.replicas);
    EXPECT_NEAR(served, server.rate_per_s, 1e-9 * server.rate_per_s);
  }
}

}  // namespace
}  // namespace cradle::inference
