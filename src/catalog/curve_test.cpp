// How accelerators divide and how power follows caps and slices: the embedded records, and bad ones.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "cradle/catalog/catalog.h"

namespace cradle::catalog {
namespace {

const Catalog& embedded() {
  static const Catalog catalog = *Catalog::load();
  return catalog;
}

TEST(Partitionings, everyDividingAcceleratorHasOne) {
  int dividing = 0;
  for (const Accelerator& accelerator : embedded().accelerators()) {
    const Partitioning* rules = embedded().partitioning_of(accelerator.id);
    EXPECT_EQ(rules != nullptr, accelerator.mig) << accelerator.id;
    if (!rules) continue;
    ++dividing;
    // What is sold as memory is more than what the slices together report, by less than an eighth.
    const double together = rules->memory_slices * rules->slice_memory.value().value();
    EXPECT_LT(together, accelerator.memory.value().value()) << accelerator.id;
    EXPECT_GT(together, 0.875 * accelerator.memory.value().value()) << accelerator.id;
    EXPECT_FALSE(rules->provenance.source.empty());
    EXPECT_GT(rules->provenance.year, 2000);
  }
  EXPECT_EQ(dividing, 5);
}

struct Placement {
  int compute;
  unsigned mask;
};

/// Counts sets of placements that do not overlap; `maximal` those to which none can be added.
struct States {
  std::vector<Placement> placements;
  int compute_slices;
  int valid = 0;
  int maximal = 0;

  void visit(std::size_t next, unsigned used, int compute) {
    if (next == placements.size()) {
      ++valid;
      maximal += std::none_of(placements.begin(), placements.end(), [&](const Placement& p) {
        return !(p.mask & used) && compute + p.compute <= compute_slices;
      });
      return;
    }
    visit(next + 1, used, compute);
    const Placement& p = placements[next];
    if (!(p.mask & used) && compute + p.compute <= compute_slices) visit(next + 1, used | p.mask, compute + p.compute);
  }
};

States states_of(const Partitioning& rules, bool with_large_single) {
  States states{{}, rules.compute_slices};
  for (const SliceProfile& profile : rules.profiles) {
    if (profile.at_most == 1) continue;  // the media engines' twin of another profile
    if (!with_large_single && profile.compute == 1 && profile.memory == 2) continue;
    for (const int start : profile.starts)
      states.placements.push_back({profile.compute, ((1U << profile.memory) - 1) << start});
  }
  states.visit(0, 0, 0);
  return states;
}

// 298 valid states and 19 maximal layouts of {1,2,3,4,7}g, 723 and 78 with the single slice of double memory:
// enumerated independently from NVIDIA's placement lists.
TEST(Partitionings, thePlacementsGiveThePublishedNumberOfStates) {
  for (const char* id : {"a100-40", "a100-80", "h100", "h200"}) {
    const Partitioning& rules = *embedded().partitioning_of(id);
    const States plain = states_of(rules, false);
    EXPECT_EQ(plain.valid, 298) << id;
    EXPECT_EQ(plain.maximal, 19) << id;
    const States all = states_of(rules, true);
    EXPECT_EQ(all.valid, 723) << id;
    EXPECT_EQ(all.maximal, 78) << id;
  }
}

TEST(Curves, everyAcceleratorHasACapCurveForEveryKindOfWork) {
  for (const Accelerator& accelerator : embedded().accelerators()) {
    std::set<std::string> works;
    for (const AcceleratorCurve* curve : embedded().curves_of(accelerator.id, CurveKind::power_cap)) {
      EXPECT_TRUE(works.insert(curve->work).second) << accelerator.id << " has two cap curves of " << curve->work;
      for (const CurvePoint& point : curve->points)  // no point draws more than its cap
        EXPECT_LE(point.power.value() * curve->draw_at_one.value(), point.at.value() + 0.005)
            << curve->id << " at " << point.at.value();
    }
    for (const char* work : {"training", "fine-tuning", "prefill", "decode"}) EXPECT_TRUE(works.count(work)) << work;
    if (accelerator.mig) {
      EXPECT_EQ(embedded().curves_of(accelerator.id, CurveKind::slices).size(), 4u) << accelerator.id;
    }
  }
}

TEST(Curves, publishedPointsAreThoseOfTheirSources) {
  // McDonald et al., arXiv 2205.09646: at 150 W of 250 W energy -13.7 %, time +6.8 %.
  const CurvePoint& v100 = embedded().curve("v100-training-cap")->points[1];
  EXPECT_EQ(v100.at.value(), 0.6);
  EXPECT_NEAR(v100.throughput.value(), 1 / 1.068, 5e-4);
  EXPECT_NEAR(v100.power.value() / v100.throughput.value(), 1 - 0.137, 5e-4);
  // Samsi et al., arXiv 2310.03003: at 175 W of 250 W energy -23 %, time +6 to 7 %.
  const CurvePoint& a100 = embedded().curve("a100-decode-cap")->points[2];
  EXPECT_EQ(a100.at.value(), 0.7);
  EXPECT_NEAR(a100.power.value() / a100.throughput.value(), 0.77, 2e-3);
  EXPECT_NEAR(1 / a100.throughput.value(), 1.065, 2e-3);
  // Ma et al., arXiv 2605.11999: 137 to 300 W of 700 W.
  const AcceleratorCurve& h200 = *embedded().curve("h200-decode-cap");
  EXPECT_NEAR(h200.draw_at_one.estimate.low * 700, 137, 1);
  EXPECT_NEAR(h200.draw_at_one.estimate.high * 700, 300, 1.5);
}

TEST(Curves, whatIsEstimatedSaysSo) {
  for (const AcceleratorCurve& curve : embedded().curves()) {
    bool published = false;
    for (const CurvePoint& point : curve.points)
      published = published || (point.at.value() < 1 && point.at.value() > 0 &&
                                point.power.provenance.source.find("our estimate") == std::string::npos);
    EXPECT_EQ(curve.name.find("our estimate") == std::string::npos, published) << curve.id;
  }
}

const std::string gpu = R"([sources.s]
text = "sheet"
year = 2020
scope = "board"
licence = "CC0"
[accelerator.gpu]
name = "GPU"
vendor = "V"
mig = true
idle_power = { value = 50, low = 40, high = 60, unit = "W", source = "s" }
full_power = { value = 300, low = 300, high = 300, unit = "W", source = "s" }
memory = { value = 16, unit = "GiB", source = "s" }
fp16_throughput = { value = 65, low = 65, high = 65, unit = "TFLOP/s", source = "s" }
embodied = { value = 150, low = 90, high = 200, unit = "kgCO2e", source = "s" }
lifetime = { value = 5, low = 4, high = 6, unit = "year", source = "s" }
)";

const std::string rules = R"([partitioning.p]
name = "halves"
accelerators = ["gpu"]
compute_slices = 2
memory_slices = 2
slice_memory = { value = 7, unit = "GiB", source = "s" }
source = "s"
[[partitioning.p.profiles]]
name = "1g"
compute = 1
memory = 1
starts = [0, 1]
at_most = 1
)";

const std::string capped = R"([curve.c]
name = "cap"
curve = "power-cap"
work = "training"
accelerators = ["gpu"]
draw_at_one = { value = 0.9, low = 0.8, high = 1, unit = "ratio", source = "s" }
source = "s"
points = [
  { at = 0.5, power = { value = 0.5, low = 0.4, high = 0.6 }, throughput = { value = 0.7, low = 0.6, high = 0.8, source = "A paper", year = 2021, scope = "x", licence = "y" } },
  { at = 1, power = { value = 1, low = 1, high = 1 }, throughput = { value = 1, low = 1, high = 1 } },
]
)";

Catalog::Parsed parse(const std::string& text) {
  const std::vector<Layer> layers = {{{"my.toml", text}}};
  return Catalog::parse(layers);
}

TEST(CurveRecords, theGoodTextIsGood) {
  const auto parsed = parse(gpu + rules + capped);
  for (const Error& error : parsed.errors) ADD_FAILURE() << to_string(error);
  const Partitioning& p = *parsed.catalog.partitioning("p");
  EXPECT_EQ(p.profiles.size(), 1u);
  EXPECT_EQ(p.profiles[0].starts, (std::vector<int>{0, 1}));
  EXPECT_EQ(p.profiles[0].at_most, 1);
  EXPECT_EQ(p.provenance.licence, "CC0");
  EXPECT_EQ(parsed.catalog.partitioning_of("gpu"), &p);
  const AcceleratorCurve& c = *parsed.catalog.curve("c");
  EXPECT_EQ(c.points[0].power.key, "curve.c.power_1");
  EXPECT_EQ(c.points[0].power.provenance.source, "sheet");
  EXPECT_EQ(c.points[0].throughput.provenance.source, "A paper");
  EXPECT_EQ(parsed.catalog.figures("c").size(), 1u + 2 * 3);
  EXPECT_EQ((*parsed.catalog.find("p")).kind, Kind::partitioning);
  EXPECT_EQ((*parsed.catalog.find("c")).kind, Kind::curve);
  EXPECT_TRUE(parsed.catalog.curves_of("gpu", CurveKind::slices).empty());
  const auto wrong = parsed.catalog.find_curve("cc", "--curve");
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().hint.find("'c'"), std::string::npos) << wrong.error().hint;
}

struct BadRecord {
  const char* name;
  const char* from;
  const char* to;
  const char* message;  ///< part of it
};

class BadCurveRecord : public ::testing::TestWithParam<BadRecord> {};

TEST_P(BadCurveRecord, isRefusedWithPlaceAndHint) {
  std::string text = gpu + rules + capped;
  const std::size_t at = text.find(GetParam().from);
  ASSERT_NE(at, std::string::npos);
  text.replace(at, std::string(GetParam().from).size(), GetParam().to);
  const auto parsed = parse(text);
  ASSERT_FALSE(parsed.errors.empty());
  const Error& error = parsed.errors.front();
  EXPECT_NE(error.message.find(GetParam().message), std::string::npos) << to_string(error);
  EXPECT_TRUE(error.where.starts_with("my.toml:")) << error.where;
  EXPECT_FALSE(error.hint.empty());
  EXPECT_TRUE(!parsed.catalog.curve("c") || !parsed.catalog.partitioning("p")) << "the bad record is left out";
}

INSTANTIATE_TEST_SUITE_P(
    Each, BadCurveRecord,
    ::testing::Values(
        BadRecord{"unknownAccelerator", "accelerators = [\"gpu\"]\ncompute", "accelerators = [\"gpa\"]\ncompute",
                  "names the accelerator 'gpa'"},
        BadRecord{"notDividing", "mig = true\n", "mig = false\n", "does not say mig = true"},
        BadRecord{"tooManySlices", "memory_slices = 2", "memory_slices = 1000000000", "between 1 and 8"},
        BadRecord{"noSliceCount", "compute_slices = 2\n", "", "has no 'compute_slices'"},
        BadRecord{"startBeyondTheEnd", "starts = [0, 1]", "starts = [0, 2]", "starts must rise"},
        BadRecord{"startsFall", "starts = [0, 1]", "starts = [1, 0]", "starts must rise"},
        BadRecord{"noStarts", "starts = [0, 1]", "starts = []", "no list of starts"},
        BadRecord{"startIsText", "starts = [0, 1]", "starts = [\"0\"]", "starts must rise"},
        BadRecord{"profileWithoutName", "name = \"1g\"", "name = \" \"", "has no name"},
        BadRecord{"profileTwice", "[curve.c]",
                  "[[partitioning.p.profiles]]\nname = \"1g\"\ncompute = 1\nmemory = 1\nstarts = [0]\n[curve.c]",
                  "repeats the profile '1g'"},
        BadRecord{"noProfiles", "[[partitioning.p.profiles]]", "[[partitioning.p.profile]]", "no list 'profiles'"},
        BadRecord{"partitioningWithoutSource", "source = \"s\"\n[[", "[[", "has no source"},
        BadRecord{"unknownCurve", "\"power-cap\"", "\"powercap\"", "unknown value 'powercap'"},
        BadRecord{"unknownWork", "\"training\"", "\"traning\"", "unknown value 'traning'"},
        BadRecord{"zeroCap", "{ at = 0.5,", "{ at = 0, ", "power cap of 0"},
        BadRecord{"zeroThroughput", "value = 0.7, low = 0.6", "value = 0.7, low = 0", "throughput of 0"},
        BadRecord{"beyondOne", "{ at = 0.5,", "{ at = 1.5,", "needs 'at' from 0 to 1"},
        BadRecord{"notRising", "{ at = 0.5,", "{ at = 1,", "out of order"},
        BadRecord{"endsBelowOne", "{ at = 1, power = { value = 1,", "{ at = 0.9, power = { value = 1,",
                  "must end at 1"},
        BadRecord{"notRelative", "{ at = 1, power = { value = 1, low = 1, high = 1 }",
                  "{ at = 1, power = { value = 2, low = 1, high = 3 }", "must end at 1"},
        BadRecord{"lowAboveValue", "value = 0.5, low = 0.4", "value = 0.5, low = 0.55",
                  "must have value, low and high"},
        BadRecord{"negative", "value = 0.5, low = 0.4", "value = 0.5, low = -0.4", "must have value, low and high"},
        BadRecord{"notANumber", "value = 0.5, low = 0.4", "value = nan, low = 0.4", "not finite"},
        BadRecord{"bareNumber", "power = { value = 0.5, low = 0.4, high = 0.6 }", "power = 0.5", "no table 'power'"},
        BadRecord{"unknownField", "{ at = 0.5,", "{ at = 0.5, watts = 3,", "unknown field 'watts'"},
        BadRecord{"pointsAreNoList", "points = [", "points = 3\nother = [", "no list 'points'"},
        BadRecord{"noAccelerator", "accelerators = [\"gpu\"]\ndraw", "accelerators = []\ndraw",
                  "names no accelerator"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(CurveRecords, anAcceleratorDividesInOneWay) {
  std::string second = rules;
  for (std::size_t at = second.find("partitioning.p"); at != std::string::npos;
       at = second.find("partitioning.p", at + 1))
    second.replace(at, 14, "partitioning.q");
  const auto parsed = parse(gpu + rules + second);
  ASSERT_EQ(parsed.errors.size(), 1u);
  EXPECT_NE(parsed.errors[0].message.find("has two partitionings: 'p' and 'q'"), std::string::npos);
  EXPECT_TRUE(parsed.catalog.partitioning("p"));
  EXPECT_FALSE(parsed.catalog.partitioning("q"));
}

}  // namespace
}  // namespace cradle::catalog
