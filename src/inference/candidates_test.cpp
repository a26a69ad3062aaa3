#include "cradle/inference/candidates.h"

#include <gtest/gtest.h>

#include <cmath>

#include "cradle/inference/embodied.h"

namespace cradle::inference {
namespace {

using carbon::GramsPerKilowattHour;
using carbon::GramsPerSecond;
using carbon::Watts;

/// Two servers of one model on two types, the second of which is twice as fast and comes in pairs.
InfernoSystem two_types() {
  InfernoSystem system;
  system.accelerators.push_back({"A", "A100", 1, 80, 40, PowerCurve{Watts{150}, Watts{320}, Watts{400}, 0.6}});
  system.accelerators.push_back({"2xB", "B", 2, 160, 35, PowerCurve{Watts{300}, Watts{640}, Watts{800}, 0.6}});
  system.profiles.push_back({"m", "A", 1, 40, 512, 20, 0.05, 0.001, 0, false});
  system.profiles.push_back({"m", "2xB", 1, 40, 512, 10, 0.025, 0.0005, 0, false});
  system.targets.push_back({"gold", "m", 1, {60.0, 1000.0, {}}});
  for (const char* name : {"one", "two"}) {
    InfernoServer server;
    server.name = name;
    server.where = name;
    server.service_class = "gold";
    server.model = "m";
    server.rate_per_s = 5;
    server.in_tokens = 100, server.out_tokens = 200;
    system.servers.push_back(server);
  }
  system.capacity = {{"A100", 100}, {"B", 100}};
  return system;
}

CandidateOptions with_carbon() {
  CandidateOptions options;
  options.carbon.intensity = GramsPerKilowattHour{300};
  options.carbon.pue = 1.5;
  options.carbon.embodied = {{"A100", GramsPerSecond{0.001}}};
  return options;
}

TEST(Candidates, CostWattsAndGramsOfAPart) {
  const InfernoSystem system = two_types();
  const auto part = size_on(system, system.servers[0], "2xB", with_carbon(), 3);
  ASSERT_TRUE(part);
  EXPECT_EQ(part->devices, 6);
  EXPECT_DOUBLE_EQ(part->cents_per_h, 105);
  EXPECT_NEAR(part->state.rate_per_s, 5.0 / 3, 1e-12);
  EXPECT_DOUBLE_EQ(part->watts->value(), 3 * draw(*system.accelerators[1].power, part->state.utilisation).value());
  // W x 1.5 x 300 g / 3.6e6 J.
  EXPECT_NEAR(part->operational->value(), part->watts->value() * 1.5 * 300 / 3.6e6, 1e-12);
  EXPECT_FALSE(part->embodied);
  const auto other = size_on(system, system.servers[0], "A", with_carbon(), 3);
  EXPECT_DOUBLE_EQ(other->embodied->value(), 0.003);
}

TEST(Candidates, UnknownEmbodiedIsNamed) {
  const InfernoSystem system = two_types();
  const auto all = candidates(system, with_carbon());
  ASSERT_TRUE(all);
  const auto priced = priced_problem(system, *all, Objective::carbon, with_carbon());
  ASSERT_TRUE(priced);
  EXPECT_EQ(priced->unknown_embodied, std::vector<std::string>{"B"});
  const auto cost = priced_problem(system, *all, Objective::cost, with_carbon());
  EXPECT_TRUE(cost->unknown_embodied.empty());
}

TEST(Candidates, ATransitionCostsATenthOfOldAndNew) {
  InfernoSystem system = two_types();
  system.servers[0].current = {"A", 4};
  const auto all = candidates(system, {});
  const auto priced = priced_problem(system, *all, Objective::cost, {});
  ASSERT_TRUE(priced);
  for (std::size_t j = 0; j < 2; ++j) {
    const auto& candidate = (*all)[0].candidates[static_cast<std::size_t>(priced->candidates[0][j])];
    const double running = candidate.cents_per_h();
    const bool stays = candidate.parts[0].accelerator == "A";
    EXPECT_DOUBLE_EQ(priced->problem.demands[0].choices[j].value, stays ? running : running + 0.1 * (4 * 40 + running));
  }
  // The other server runs nothing yet.
  for (std::size_t j = 0; j < 2; ++j) {
    const auto& candidate = (*all)[1].candidates[static_cast<std::size_t>(priced->candidates[1][j])];
    EXPECT_DOUBLE_EQ(priced->problem.demands[1].choices[j].value, candidate.cents_per_h());
  }
  // A price on change can keep a server where it is.
  const auto free = priced_problem(system, *all, Objective::cost, {}, 0);
  const auto dear = priced_problem(system, *all, Objective::cost, {}, 1000);
  const auto first = [&](const PricedProblem& problem) {
    return (*all)[0].candidates[static_cast<std::size_t>(problem.candidates[0][0])].parts[0].accelerator;
  };
  EXPECT_EQ(first(*free), "2xB");
  EXPECT_EQ(first(*dear), "A");
}

TEST(Candidates, APromiseOfTokensIsARate) {
  InfernoSystem system = two_types();
  system.targets[0].targets.tokens_per_s = 3000;
  EXPECT_DOUBLE_EQ(offered_rate_per_s(system.servers[0], system.targets[0].targets), 15);
  const auto part = size_on(system, system.servers[0], "A", {});
  ASSERT_TRUE(part);
  EXPECT_NEAR(part->state.rate_per_s * static_cast<double>(part->replicas), 15, 1e-9);
}

TEST(Candidates, RefusesWhatCannotBePriced) {
  InfernoSystem system = two_types();
  CandidateOptions options;
  options.carbon.pue = 0.5;
  EXPECT_EQ(candidates(system, options).error().where, "pue");
  options = {};
  options.carbon.intensity = GramsPerKilowattHour{-1};
  EXPECT_EQ(candidates(system, options).error().where, "intensity");
  system.accelerators[0].power.reset();
  const auto all = candidates(system, {});
  ASSERT_TRUE(all);
  EXPECT_TRUE(priced_problem(system, *all, Objective::cost, {}));
  const auto watts = priced_problem(system, *all, Objective::watts, {});
  ASSERT_FALSE(watts);
  EXPECT_EQ(watts.error().code, ErrorCode::missing_data);
  system.profiles.clear();
  const auto none = priced_problem(system, *candidates(system, {}), Objective::cost, {});
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().message.find("no accelerator with a profile"), std::string::npos);
  EXPECT_FALSE(objective_by_name("grams"));
  EXPECT_EQ(*objective_by_name("carbon"), Objective::carbon);
}

TEST(Embodied, FromTheCatalogueOrAsGiven) {
  const InfernoSystem system = two_types();
  const auto catalog = catalog::Catalog::load();
  ASSERT_TRUE(catalog);
  const auto rates = embodied_rates(system, *catalog);
  ASSERT_TRUE(rates);
  const catalog::Accelerator& a100 = *catalog->accelerator("a100-80");
  EXPECT_DOUBLE_EQ(rates->of_type.at("A100").value(),
                   a100.embodied.value().value() / (a100.lifetime.value().value() * 365.25 * 86400));
  EXPECT_EQ(rates->of_type.count("B"), 0u);
  EXPECT_NE(rates->notes.back().find("embodied of B: not known"), std::string::npos);

  const auto given = embodied_rates(system, *catalog, {{"B", "100:5"}, {"A100", "h100"}});
  ASSERT_TRUE(given);
  EXPECT_NEAR(given->of_type.at("B").value(), 100e3 / (5 * 365.25 * 86400), 1e-12);
  EXPECT_DOUBLE_EQ(given->of_type.at("A100").value(), embodied_rate(*catalog->accelerator("h100")).value());
  for (const char* text : {"", "5", "5:0", "-5:1", "x:1", "1:2:3", "nan:1", "h1000"})
    EXPECT_FALSE(embodied_rates(system, *catalog, {{"B", text}})) << text;
  EXPECT_FALSE(embodied_rates(system, *catalog, {{"C", "1:1"}}));
  EXPECT_FALSE(embodied_rates(system, *catalog, {{"B", "1:1"}, {"B", "1:1"}}));
}

// The records' own numbers by hand: hgx-h100 in the catalogue, everything but its eight accelerators, over eight.
TEST(Embodied, HostsAreSharedByTheirDevices) {
  const InfernoSystem system = two_types();
  const auto catalog = catalog::Catalog::load();
  const auto shares = host_shares(system, *catalog, {{"B", "hgx-h100"}});
  ASSERT_TRUE(shares);
  EXPECT_TRUE(shares->unknown.empty());
  const catalog::Server& server = *catalog->server("hgx-h100");
  const auto parts = catalog->parts(server);
  const double idle = server.cpu_sockets.value() * parts.cpu->idle_power.value().value();
  const double full = server.cpu_sockets.value() * parts.cpu->full_power.value().value();
  const double grams = server.cpu_sockets.value() * parts.cpu->embodied.value().value();
  double rest = 0, rest_full = 0, rest_grams = 0;
  for (const auto& line : catalog->breakdown(server))
    if (line.part != "cpu" && line.part != "accelerator") {
      rest += line.idle_power.value.value();
      rest_full += line.full_power.value.value();
      rest_grams += line.embodied.value.value();
    }
  const double years = server.lifetime.value().value();
  EXPECT_NEAR(shares->of_type.at("B").idle.value(), (idle + rest) / 8, 1e-9);
  EXPECT_NEAR(shares->of_type.at("B").full.value(), (full + rest_full) / 8, 1e-9);
  EXPECT_NEAR(shares->of_type.at("B").embodied.value(), (grams + rest_grams) / 8 / (years * 365.25 * 86400), 1e-12);

  const auto known = host_shares(system, *catalog);
  ASSERT_TRUE(known);
  EXPECT_EQ(known->unknown, std::vector<std::string>{"B"});
  EXPECT_EQ(known->of_type.count("A100"), 1u);
  for (const char* key : {"", "no-such", "openb-cpu", "h100"})
    EXPECT_FALSE(host_shares(system, *catalog, {{"B", key}})) << key;
  EXPECT_FALSE(host_shares(system, *catalog, {{"C", "hgx-h100"}}));
  EXPECT_FALSE(host_shares(system, *catalog, {{"B", "hgx-h100"}, {"B", "hgx-h100"}}));
}

// Watts and grams of a candidate with hosts are those without, plus its devices' part of them; cost is the same.
TEST(Candidates, HostsAddToWattsAndGrams) {
  const InfernoSystem system = two_types();
  CandidateOptions plain;
  plain.carbon.intensity = carbon::GramsPerKilowattHour{300};
  plain.carbon.pue = 1.5;
  plain.carbon.embodied["A100"] = carbon::GramsPerSecond{1e-3};
  CandidateOptions hosted = plain;
  hosted.carbon.hosts["A100"] = {carbon::Watts{20}, carbon::Watts{60}, carbon::GramsPerSecond{2e-3}};
  const auto without = size_on(system, system.servers[0], "A", plain);
  const auto with = size_on(system, system.servers[0], "A", hosted);
  ASSERT_TRUE(without && with);
  ASSERT_TRUE(with->watts && with->operational && with->embodied);
  const auto devices = static_cast<double>(with->devices);
  const double host = devices * (20 + 40 * with->state.utilisation);
  EXPECT_GT(with->state.utilisation, 0);
  EXPECT_DOUBLE_EQ(with->host_watts.value(), host);
  EXPECT_DOUBLE_EQ(with->watts->value(), without->watts->value());
  EXPECT_NEAR(with->operational->value() - without->operational->value(), host * 1.5 * 300 / 3.6e6, 1e-12);
  EXPECT_NEAR(with->embodied->value() - without->embodied->value(), devices * 2e-3, 1e-12);
  const Candidate candidate{{*with}}, bare{{*without}};
  EXPECT_NEAR(*running_value(candidate, Objective::watts, "") - *running_value(bare, Objective::watts, ""), host, 1e-9);
  EXPECT_EQ(*running_value(candidate, Objective::cost, ""), *running_value(bare, Objective::cost, ""));
}

TEST(Embodied, AStraightCurve) {
  const auto catalog = catalog::Catalog::load();
  const catalog::Accelerator& l4 = *catalog->accelerator("l4");
  const PowerCurve curve = straight_curve(l4);
  const double idle = l4.idle_power.value().value(), full = l4.full_power.value().value();
  for (const double use : {0.0, 0.3, 0.6, 0.9, 1.0})
    EXPECT_NEAR(draw(curve, use).value(), idle + use * (full - idle), 1e-9);
}

}  // namespace
}  // namespace cradle::inference
