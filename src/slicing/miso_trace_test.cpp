#include "cradle/slicing/miso_trace.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <filesystem>

#include "cradle/base/random.h"
#include "cradle/catalog/catalog.h"
#include "cradle/slicing/map_speeds.h"
#include "example_rules.h"

namespace cradle::slicing {
namespace {

MisoFiles small_files() {
  MisoFiles files;
  files.trace = R"({"0": 110, "1": 60.5})";
  files.exp = R"({"0": 150, "1": 70})";
  files.models = R"({"0": "net_train8", "1": "net_train3"})";
  files.iters = R"({"0": 1000, "1": 7})";
  files.latency = "slice,model,batch,iters,mean_s\n1g.5gb,net,8,9,0.4\n7g.40gb,net,8,9,0.1\n7g.40gb,net,2,9,0.05\n";
  files.codes = R"({"0": [7], "1": [1, 2, 4]})";
  return files;
}

TEST(MisoTrace, ReadsBothMeanings) {
  const PartitionTable table = a100_table();
  const auto trace = parse_miso(small_files(), table, MisoReading::lengths);
  ASSERT_TRUE(trace) << to_string(trace.error());
  ASSERT_EQ(trace->jobs.size(), 2U);
  EXPECT_EQ(trace->jobs[0].name, "1 net b3");
  EXPECT_DOUBLE_EQ(trace->jobs[0].arrival.value(), 9.5);
  EXPECT_DOUBLE_EQ(trace->jobs[0].length.value(), 60.5);
  EXPECT_DOUBLE_EQ(trace->jobs[1].arrival.value(), 40);
  EXPECT_DOUBLE_EQ(trace->jobs[1].speed[0], 0.25);
  EXPECT_DOUBLE_EQ(trace->jobs[1].speed[1], 0);  // no row: out of memory
  EXPECT_EQ(trace->nearest_batches, 1U);         // 3 is nearer to 2 than to 8
  EXPECT_DOUBLE_EQ(trace->jobs[0].speed[0], 0);
  EXPECT_EQ(trace->start_up_jobs, 1U);
  EXPECT_EQ(trace->partitions.size(), 2U);
  const auto literal = parse_miso(small_files(), table, MisoReading::literal);
  ASSERT_TRUE(literal);
  EXPECT_DOUBLE_EQ(literal->jobs[1].arrival.value(), 110);
  EXPECT_DOUBLE_EQ(literal->jobs[1].length.value(), 150);
}

TEST(MisoTrace, RefusesWhatIsNoTrace) {
  const PartitionTable table = a100_table();
  const auto refused = [&](auto change) {
    MisoFiles files = small_files();
    change(files);
    const auto trace = parse_miso(files, table, MisoReading::lengths);
    if (!trace) {
      EXPECT_FALSE(trace.error().where.empty() || trace.error().hint.empty()) << trace.error().message;
    }
    return trace ? "read" : trace.error().message;
  };
  EXPECT_EQ(refused([](MisoFiles&) {}), "read");
  EXPECT_EQ(refused([](MisoFiles& f) { f.trace = R"({"0": 110, "1")"; }),
            "the file is no JSON object, or it is cut short");
  EXPECT_NE(refused([](MisoFiles& f) { f.trace = ""; }), "read");
  EXPECT_NE(refused([](MisoFiles& f) { f.trace = "[1, 2]"; }), "read");
  EXPECT_EQ(refused([](MisoFiles& f) { f.trace = "\xff"; }), "the file is not UTF-8");
  EXPECT_EQ(refused([](MisoFiles& f) { f.trace = R"({"0": 110, "0": 60})"; }), "the key '0' appears twice");
  EXPECT_EQ(refused([](MisoFiles& f) { f.trace = R"({"0": 110, "1": -5})"; }), "the value is negative or beyond 1e9");
  EXPECT_NE(refused([](MisoFiles& f) { f.trace = R"({"0": 110, "1": 1e300})"; }), "read");
  EXPECT_NE(refused([](MisoFiles& f) { f.trace = R"({"0": 110, "1": 0})"; }), "read");
  EXPECT_NE(refused([](MisoFiles& f) { f.trace = R"({"0": 110, "x": 1})"; }), "read");
  EXPECT_EQ(refused([](MisoFiles& f) { f.exp = R"({"0": 150})"; }), "job 1 of trace_100.json is absent");
  EXPECT_EQ(refused([](MisoFiles& f) { f.exp = R"({"0": 150, "1": 70, "2": 9})"; }),
            "it has 3 jobs, trace_100.json has 2");
  EXPECT_EQ(refused([](MisoFiles& f) { f.exp = R"({"0": 150, "1": 7})"; }), "done before its length is over");
  EXPECT_NE(refused([](MisoFiles& f) { f.models = R"({"0": "net_train8", "1": "net"})"; }), "read");
  EXPECT_EQ(refused([](MisoFiles& f) { f.models = R"({"0": "net_train8", "1": "nett_train8"})"; }),
            "no latency of the model 'nett'");
  EXPECT_NE(refused([](MisoFiles& f) { f.models = R"({"0": {"a": [[[[[[[[1]]]]]]]]}})"; }), "read");
  EXPECT_NE(refused([](MisoFiles& f) { f.latency += "7g.40gb,net,8,9,0.1\n"; }), "read");
  EXPECT_NE(refused([](MisoFiles& f) { f.latency += "9g.80gb,net,8,9,0.1\n"; }), "read");
  EXPECT_NE(refused([](MisoFiles& f) { f.latency += "4g.20gb,net,8,9,nan\n"; }), "read");
  EXPECT_NE(refused([](MisoFiles& f) { f.latency = "slice,model,batch,iters,mean_s\n1g.5gb,net,8,9,0.4\n"; }), "read");
  EXPECT_EQ(refused([](MisoFiles& f) { f.codes = R"({"0": [7, 7]})"; }), "the code is no valid partition");
  EXPECT_EQ(refused([](MisoFiles& f) { f.codes = R"({"0": [5]})"; }), "a slice that the accelerator has not");
  EXPECT_NE(refused([](MisoFiles& f) { f.codes = R"({"0": []})"; }), "read");
  const auto absent = read_miso("/nonexistent");
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, ErrorCode::missing_data);
}

RC_GTEST_PROP(MisoTrace, CutOrChangedBytesNeverCrash, (std::uint32_t seed)) {
  RandomStream draws(seed, "miso.damage");
  const PartitionTable table = a100_table();
  MisoFiles files = small_files();
  for (std::string* text : {&files.trace, &files.exp, &files.models, &files.iters, &files.latency, &files.codes}) {
    if (draws.below(3) == 0) text->resize(draws.below(text->size() + 1));
    if (!text->empty() && draws.below(3) == 0) (*text)[draws.below(text->size())] = static_cast<char>(draws.below(256));
  }
  const auto trace = parse_miso(files, table, MisoReading::lengths);
  const bool told = trace ? trace->jobs.size() == 2U : !trace.error().hint.empty();
  RC_ASSERT(told);
}

class PublishedTrace : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::filesystem::path folder = std::filesystem::path(CRADLE_SOURCE_DIR) / "../shared/data/miso";
    if (!std::filesystem::exists(folder)) GTEST_SKIP() << "needs the trace in ../shared/data/miso";
    const auto files = read_miso(folder);
    ASSERT_TRUE(files) << to_string(files.error());
    const auto lengths = parse_miso(*files, table, MisoReading::lengths);
    const auto literal = parse_miso(*files, table, MisoReading::literal);
    ASSERT_TRUE(lengths && literal);
    trace = *lengths;
    other = *literal;
  }
  double jct(const MisoTrace& of, const SlicingPolicy& policy) const {
    return replay(table, of.jobs, policy, {})->mean_jct(of.jobs).value();
  }
  PartitionTable table = a100_table();
  MisoTrace trace, other;
};

TEST_F(PublishedTrace, LengthsAreTheIterationsAndTenSeconds) {
  EXPECT_EQ(trace.jobs.size(), 100U);
  EXPECT_EQ(trace.start_up_jobs, 100U);
  EXPECT_EQ(trace.nearest_batches, 0U);
  // 18 codes, of which some differ in order only: 13 multisets, all but 4g + 3g.
  EXPECT_EQ(trace.partitions.size(), 13U);
  // Mean gap of the arrivals: 100 jobs over 5,722 s.
  EXPECT_NEAR((trace.jobs.back().arrival - trace.jobs.front().arrival).value(), 5722, 1);
}

TEST_F(PublishedTrace, OursIsSixteenPercentBelowBestStatic) {
  const auto fixed = best_static(table, trace.jobs, {});
  ASSERT_TRUE(fixed);
  const double still = fixed->outcome.mean_jct(trace.jobs).value();
  SlicingPolicy exhaustive, whole, ours;
  exhaustive.rule = Rule::exhaustive;
  whole.rule = Rule::unpartitioned;
  const auto checked = replay(table, trace.jobs, exhaustive, {});
  ASSERT_TRUE(checked);
  // Within 2 % of the exhaustive choice: every single choice is the exhaustive one, and so is the mean time.
  EXPECT_GE(checked->speeds.worst, 0.98);
  EXPECT_LE(jct(trace, ours), 1.02 * checked->mean_jct(trace.jobs).value());
  EXPECT_LE(jct(trace, ours), 0.84 * still);              // published for MISO: 16 % below
  EXPECT_LE(jct(trace, ours), 0.55 * jct(trace, whole));  // published for MISO: 49 % below
  ReplayOptions options;
  options.check_indices = true;
  const auto mine = replay(table, trace.jobs, ours, options);
  ASSERT_TRUE(mine);
  // By its own measure, the sum of indices, every change is within 2 % of the search of all states and assignments.
  EXPECT_GE(mine->indices.worst, 0.98);
  EXPECT_GT(mine->indices.choices, 100U);
  const auto literal = best_static(table, other.jobs, {});
  ASSERT_TRUE(literal);
  EXPECT_LE(jct(other, ours), 0.84 * literal->outcome.mean_jct(other.jobs).value());
}

TEST_F(PublishedTrace, OursIsNeverClearlyAboveBestStatic) {
  SlicingPolicy ours, unknown, profiled;
  unknown.lengths_known = profiled.lengths_known = false;
  profiled.profiled = true;
  for (const std::size_t accelerators : {4U, 8U, 12U, 16U, 24U, 40U}) {
    ReplayOptions options;
    options.accelerators = accelerators;
    const auto fixed = best_static(table, trace.jobs, options);
    ASSERT_TRUE(fixed);
    for (const SlicingPolicy& policy : {ours, unknown, profiled}) {
      const auto mine = replay(table, trace.jobs, policy, options);
      ASSERT_TRUE(mine);
      EXPECT_LE(mine->mean_jct(trace.jobs).value(), 1.005 * fixed->outcome.mean_jct(trace.jobs).value())
          << accelerators;
    }
  }
}

TEST_F(PublishedTrace, RunsOnEveryAcceleratorThatDivides) {
  const auto catalog = catalog::Catalog::load();
  ASSERT_TRUE(catalog);
  const carbon::Bytes slice = catalog->partitioning_of("a100-40")->slice_memory.value();
  for (const catalog::Partitioning& rules : catalog->partitionings()) {
    const auto there = *PartitionTable::make(rules, plain_profiles(rules, false));
    const auto mapped = map_speeds(trace.jobs, {&table, slice}, {&there, rules.slice_memory.value()});
    ASSERT_TRUE(mapped) << rules.id << ": " << to_string(mapped.error());
    const auto outcome = replay(there, mapped->jobs, {}, {});
    ASSERT_TRUE(outcome) << rules.id;
    EXPECT_GT(outcome->makespan.value(), 0);
  }
}

}  // namespace
}  // namespace cradle::slicing
