#include "cradle/workload/openb.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "cradle/workload/limits.h"
#include "cradle/workload/summary.h"

namespace cradle::workload {
namespace {

const std::filesystem::path data = std::filesystem::path(CRADLE_SOURCE_DIR) / ".." / "shared" / "data" / "openb";

#define NEED_DATA() \
  if (!std::filesystem::exists(data)) GTEST_SKIP() << "needs the openb trace in ../shared/data/openb"

const std::string pod_header =
    "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time\n";
const std::string node_header = "sn,cpu_milli,memory_mib,gpu,model\n";

TEST(OpenbNodes, ReadsEachColumn) {
  const auto nodes = parse_openb_nodes(node_header + "a,32000,262144,0,\nb,96000,393216,8,G2\n", "n.csv");
  ASSERT_TRUE(nodes) << to_string(nodes.error());
  const std::vector<NodeRow> expected = {
      {.name = "a", .cpu_milli = 32000, .memory_mib = 262144, .gpu_count = 0, .gpu_model = ""},
      {.name = "b", .cpu_milli = 96000, .memory_mib = 393216, .gpu_count = 8, .gpu_model = "G2"}};
  EXPECT_EQ(*nodes, expected);
}

TEST(OpenbPods, ReadsEachColumn) {
  const auto pods = parse_openb_pods(
      pod_header + "a,12000,16384,1,460,V100M16|V100M32,LS,Running,100,700,160\nb,1,2,8,1000,,BE,Failed,0,5,0\n",
      "some/list.csv");
  ASSERT_TRUE(pods) << to_string(pods.error());
  EXPECT_EQ(pods->name, "list");
  EXPECT_TRUE(pods->timed);
  EXPECT_TRUE(pods->notes.empty());
  ASSERT_EQ(pods->jobs.size(), 2U);
  Job a;
  a.name = "a";
  a.service_class = "LS";
  a.demand = {
      .cpu_milli = 12000, .memory_mib = 16384, .gpu_count = 1, .gpu_milli = 460, .gpu_models = {"V100M16", "V100M32"}};
  a.arrival_ms = 100'000;
  a.duration_ms = 540'000;
  EXPECT_EQ(pods->jobs[0], a);
  EXPECT_EQ(pods->jobs[1].demand.total_gpu_milli(), 8000);
}

TEST(OpenbPods, ColumnsMayComeInAnyOrder) {
  const auto pods = parse_openb_pods("gpu_milli,num_gpu,memory_mib,cpu_milli,name\n470,1,7,8,x\n", "l.csv");
  ASSERT_TRUE(pods) << to_string(pods.error());
  EXPECT_EQ(pods->jobs[0].demand.gpu_milli, 470);
  EXPECT_EQ(pods->jobs[0].demand.cpu_milli, 8);
  EXPECT_EQ(pods->jobs[0].demand.memory_mib, 7);
}

// The gpuspec lists write "V100M16|V100M32|V100M32" as well as the list without the repeat; FGD's typical pods count
// these as two shapes, so that the importer keeps them apart.
TEST(OpenbPods, GpuSpecSkipsEmptyPartsAndKeepsOrderAndRepeats) {
  const auto pods = parse_openb_pods(pod_header + "a,1,1,1,1000,|V100M16||T4|V100M16|,LS,Running,0,9,0\n", "l.csv");
  ASSERT_TRUE(pods) << to_string(pods.error());
  EXPECT_EQ(pods->jobs[0].demand.gpu_models, (std::vector<std::string>{"V100M16", "T4", "V100M16"}));
  EXPECT_TRUE(pods->notes.empty());
}

TEST(OpenbPods, WhatIsNotReadLiterallyIsCountedAndNamed) {
  const auto pods = parse_openb_pods(pod_header +
                                         "pending,1,1,1,1000,,LS,Pending,100,130,\n"
                                         "instant,1,1,1,1000,,LS,Failed,100,100,100\n"
                                         "open,1,1,1,1000,,LS,Running,50,,60\n"
                                         "models,1,1,0,0,T4,LS,Running,0,500,0\n",
                                     "l.csv");
  ASSERT_TRUE(pods) << to_string(pods.error());
  EXPECT_EQ(pods->jobs[0].duration_ms, 30'000);
  EXPECT_EQ(pods->jobs[1].duration_ms, 1'000);
  EXPECT_EQ(pods->jobs[2].duration_ms, 440'000) << "to the latest time in the file, 500 s";
  EXPECT_TRUE(pods->jobs[3].demand.gpu_models.empty());
  ASSERT_EQ(pods->notes.size(), 4U);
  EXPECT_EQ(pods->notes[0], "pods never scheduled, run time taken from creation to deletion: 1 (pending)");
  EXPECT_EQ(pods->notes[1], "pods without deletion_time, run until the latest time in the file: 1 (open)");
  EXPECT_EQ(pods->notes[2], "pods with a run time of 0, counted as 1 s: 1 (instant)");
  EXPECT_EQ(pods->notes[3], "pods that name GPU models but ask for no GPU, models left out: 1 (models)");
}

TEST(OpenbPods, NotesNameTheFirstThreeRows) {
  std::string text = pod_header;
  for (const char* name : {"a", "b", "c", "d", "e"}) text += std::string(name) + ",1,1,0,0,,LS,Failed,7,7,7\n";
  const auto pods = parse_openb_pods(text, "l.csv");
  ASSERT_TRUE(pods);
  ASSERT_EQ(pods->notes.size(), 1U);
  EXPECT_EQ(pods->notes[0], "pods with a run time of 0, counted as 1 s: 5 (a, b, c, ...)");
}

// The multigpu lists of the family have the first five columns only.
TEST(OpenbPods, AListWithoutTimesIsUntimed) {
  const auto pods = parse_openb_pods("name,cpu_milli,memory_mib,num_gpu,gpu_milli\na,1,2,1,500\nb,1,2,2,1000\n", "l");
  ASSERT_TRUE(pods) << to_string(pods.error());
  EXPECT_FALSE(pods->timed);
  for (const Job& job : pods->jobs) {
    EXPECT_EQ(job.arrival_ms, 0);
    EXPECT_EQ(job.duration_ms, min_duration_ms);
  }
  EXPECT_EQ(pods->notes.size(), 1U);
}

struct BadText {
  std::string text;
  std::string where;
  std::string message;  ///< a part of it
};

void expect_refused(const BadText& bad, const Error& error) {
  EXPECT_EQ(error.code, ErrorCode::bad_input) << to_string(error);
  EXPECT_EQ(error.where, bad.where) << to_string(error);
  EXPECT_NE(error.message.find(bad.message), std::string::npos) << to_string(error);
  EXPECT_FALSE(error.hint.empty());
}

TEST(OpenbNodes, RefusesMalformedInput) {
  const std::vector<BadText> cases = {
      {"", "n.csv", "empty"},
      {node_header, "n.csv", "no rows"},
      {"sn,cpu_milli,memory_mib,gpu\na,1,1,0\n", "n.csv:1", "no column 'model'"},
      {node_header + "a,1,1,0,\na,1,1,0,\n", "n.csv:3", "twice"},
      {node_header + ",1,1,0,\n", "n.csv:2", "sn: is empty"},
      {node_header + "a,1,1,1000000000,T4\n", "n.csv:2", "gpu: '1000000000' is outside 0 .. 16"},
      {node_header + "a,1,1,1e9,T4\n", "n.csv:2", "gpu: not a whole number"},
      {node_header + "a,-1,1,0,\n", "n.csv:2", "cpu_milli: '-1' is outside"},
      {node_header + "a,NaN,1,0,\n", "n.csv:2", "cpu_milli: not a whole number"},
      {node_header + "a,1,0,0,\n", "n.csv:2", "memory_mib: '0' is outside"},
      {node_header + "a,1,1,2,\n", "n.csv:2", "model: is empty"},
      {node_header + "a,1,1,0,T4\n", "n.csv:2", "model: is given"},
      {node_header + "a,1,1,2\n", "n.csv:2", "has 4 fields"},
      {node_header + "a\xff,1,1,0,\n", "n.csv", "not UTF-8"},
      {node_header + std::string("a\0,1,1,0,\n", 10), "n.csv", "NUL"},
  };
  for (const BadText& bad : cases) {
    const auto nodes = parse_openb_nodes(bad.text, "n.csv");
    ASSERT_FALSE(nodes) << bad.text;
    expect_refused(bad, nodes.error());
  }
}

TEST(OpenbPods, RefusesMalformedInput) {
  const std::string good = "a,1,1,1,500,,LS,Running,0,9,0\n";
  const std::vector<BadText> cases = {
      {"", "p.csv", "empty"},
      {pod_header, "p.csv", "no rows"},
      {good, "p.csv:1", "no column 'name'"},
      {pod_header + good + good, "p.csv:3", "name: 'a' is there twice"},
      {pod_header + good + "b,1,1,1,500,,LS,Run", "p.csv:3", "the header has 11"},
      {pod_header + "a,nan,1,1,500,,LS,Running,0,9,0\n", "p.csv:2", "cpu_milli: not a whole number"},
      {pod_header + "a,-5,1,1,500,,LS,Running,0,9,0\n", "p.csv:2", "cpu_milli: '-5' is outside 0 .. 10000000"},
      {pod_header + "a,10000001,1,1,500,,LS,Running,0,9,0\n", "p.csv:2", "cpu_milli"},
      {pod_header + "a,1,1000000001,1,500,,LS,Running,0,9,0\n", "p.csv:2", "memory_mib"},
      {pod_header + "a,1,1,1000000000,1000,,LS,Running,0,9,0\n", "p.csv:2", "num_gpu"},
      {pod_header + "a,1,1,-1,1000,,LS,Running,0,9,0\n", "p.csv:2", "num_gpu"},
      {pod_header + "a,1,1,2,500,,LS,Running,0,9,0\n", "p.csv:2", "whole"},
      {pod_header + "a,1,1,0,500,,LS,Running,0,9,0\n", "p.csv:2", "num_gpu is 0"},
      {pod_header + "a,1,1,1,0,,LS,Running,0,9,0\n", "p.csv:2", "no share"},
      {pod_header + "a,1,1,1,1001,,LS,Running,0,9,0\n", "p.csv:2", "gpu_milli"},
      {pod_header + "a,1,1,1,500,,LS,Running,10,9,10\n", "p.csv:2", "deletion_time: is before scheduled_time"},
      {pod_header + "a,1,1,1,500,,LS,Pending,10,9,\n", "p.csv:2", "deletion_time: is before creation_time"},
      {pod_header + "a,1,1,1,500,,LS,Running,10,99,9\n", "p.csv:2", "scheduled_time: is before creation_time"},
      {pod_header + "a,1,1,1,500,,LS,Running,0,1000000000000,0\n", "p.csv:2", "deletion_time"},
      {pod_header + "a,1,1,1,500,,LS,Running,-1,9,0\n", "p.csv:2", "creation_time"},
      {pod_header + good + "b,1,1,1,500,,LS,Running,,,\n", "p.csv:3", "creation_time: is empty"},
      {pod_header + "b,1,1,1,500,,LS,Running,,,\n" + good, "p.csv:3", "creation_time: is given"},
      {pod_header + "b,1,1,1,500,,LS,Running,,9,\n", "p.csv:2", "deletion_time: is given without"},
      {pod_header + "\xc0\x80,1,1,1,500,,LS,Running,0,9,0\n", "p.csv", "not UTF-8"},
      {pod_header + "\"a,1,1,1,500,,LS,Running,0,9,0\n", "p.csv:2", "never closed"},
  };
  for (const BadText& bad : cases) {
    const auto pods = parse_openb_pods(bad.text, "p.csv");
    ASSERT_FALSE(pods) << bad.text;
    expect_refused(bad, pods.error());
  }
}

TEST(Openb, AnAbsentFileIsMissingData) {
  const auto nodes = read_openb_nodes("no/such/nodes.csv");
  ASSERT_FALSE(nodes);
  EXPECT_EQ(nodes.error().code, ErrorCode::missing_data);
  const auto pods = read_openb_pods("no/such/pods.csv");
  ASSERT_FALSE(pods);
  EXPECT_EQ(pods.error().code, ErrorCode::missing_data);
}

rc::Gen<std::string> any_name() {
  return rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::elementOf(std::string("abz09-_ ,\"\n|;"))));
}

// What is written is read back: names with commas, quotes and line breaks, every demand, whole seconds.
RC_GTEST_PROP(OpenbPods, WrittenPodsReadBackTheSame, ()) {
  Workload workload;
  workload.timed = *rc::gen::arbitrary<bool>();
  const auto names = *rc::gen::nonEmpty(rc::gen::unique<std::vector<std::string>>(any_name()));
  for (const std::string& name : names) {
    Job job;
    job.name = name;
    job.user = *rc::gen::oneOf(rc::gen::just(std::string()), any_name());
    job.product = *rc::gen::oneOf(rc::gen::just(std::string()), any_name());
    job.service_class = *rc::gen::elementOf(std::vector<std::string>{"", "LS", "BE"});
    job.demand.cpu_milli = *rc::gen::inRange<std::int64_t>(0, max_cpu_milli + 1);
    job.demand.memory_mib = *rc::gen::inRange<std::int64_t>(0, max_memory_mib + 1);
    job.demand.gpu_count = *rc::gen::inRange(0, max_gpus_per_job + 1);
    job.demand.gpu_milli = job.demand.gpu_count == 0   ? 0
                           : job.demand.gpu_count == 1 ? *rc::gen::inRange(1, milli + 1)
                                                       : milli;
    if (job.demand.gpu_count > 0)
      job.demand.gpu_models = *rc::gen::container<std::vector<std::string>>(
          rc::gen::elementOf(std::vector<std::string>{"T4", "V100M16", "A,B"}));
    job.arrival_ms = workload.timed ? *rc::gen::inRange<std::int64_t>(0, max_time_s / 2) * 1000 : 0;
    job.duration_ms = workload.timed ? *rc::gen::inRange<std::int64_t>(1, max_time_s / 2) * 1000 : min_duration_ms;
    workload.jobs.push_back(std::move(job));
  }
  const auto read = parse_openb_pods(write_openb_pods(workload), "written.csv");
  RC_ASSERT(read.has_value());
  RC_ASSERT(read->timed == workload.timed);
  RC_ASSERT(read->jobs == workload.jobs);
  RC_ASSERT(read->notes.empty() == workload.timed);
}

// A file cut anywhere is refused or gives the rows before the cut; it never gives other rows but the last.
RC_GTEST_PROP(OpenbPods, ACutFileNeverChangesEarlierRows, ()) {
  const std::string text = pod_header + "a,1,1,1,500,,LS,Running,0,90,0\nb,2,2,1,1000,T4,BE,Running,10,99,20\n";
  const auto whole = parse_openb_pods(text, "p");
  const auto length = *rc::gen::inRange<std::size_t>(0, text.size());
  const auto cut = parse_openb_pods(std::string_view(text).substr(0, length), "p");
  if (!cut) return;
  for (std::size_t i = 0; i + 1 < cut->jobs.size(); ++i) RC_ASSERT(cut->jobs[i] == whole->jobs[i]);
}

// Counts as published with FGD (ATC 2023): 1,523 nodes, of them 1,213 with GPUs; 6,212 GPUs by model; 107,018 vCPU.
TEST(OpenbTrace, NodeListsHoldThePublishedCluster) {
  NEED_DATA();
  const auto all = read_openb_nodes(data / "openb_node_list_all_node.csv");
  const auto gpu = read_openb_nodes(data / "openb_node_list_gpu_node.csv");
  ASSERT_TRUE(all) << to_string(all.error());
  ASSERT_TRUE(gpu) << to_string(gpu.error());
  EXPECT_EQ(all->size(), 1523U);
  EXPECT_EQ(gpu->size(), 1213U);
  std::map<std::string, int> nodes_of;
  int gpus = 0;
  std::int64_t cpu_milli = 0;
  for (const NodeRow& node : *gpu) {
    ++nodes_of[node.gpu_model];
    gpus += node.gpu_count;
    cpu_milli += node.cpu_milli;
  }
  EXPECT_EQ(gpus, 6212);
  EXPECT_EQ(cpu_milli, 107'018'000);
  const std::map<std::string, int> published = {{"G2", 549}, {"T4", 404},     {"P100", 134}, {"V100M16", 55},
                                                {"G3", 39},  {"V100M32", 30}, {"A10", 2}};
  EXPECT_EQ(nodes_of, published);
}

// Published: 8,152 pods: 1,088 CPU-only, 3,078 sharing, 3,911 one-GPU, 75 multi-GPU; requests sum to 6,086.8 GPUs.
TEST(OpenbTrace, DefaultPodListHoldsThePublishedMix) {
  NEED_DATA();
  const auto pods = read_openb_pods(data / "openb_pod_list_default.csv");
  ASSERT_TRUE(pods) << to_string(pods.error());
  const WorkloadSummary summary = summarise(*pods);
  EXPECT_EQ(summary.jobs, 8152U);
  EXPECT_EQ(summary.cpu_only, 1088U);
  EXPECT_EQ(summary.sharing, 3078U);
  EXPECT_EQ(summary.one_gpu, 3911U);
  EXPECT_EQ(summary.multi_gpu, 75U);
  EXPECT_EQ(summary.gpu_milli, 6'086'800);
  // 149.3 days; sums by a separate count of the columns.
  EXPECT_EQ(summary.last_end_ms, 12'902'960'000);
  EXPECT_EQ(summary.cpu_milli, 85'436'012);
  EXPECT_EQ(summary.memory_mib, 303'546'211);
  ASSERT_EQ(pods->notes.size(), 2U);
  EXPECT_TRUE(pods->notes[0].starts_with("pods never scheduled, run time taken from creation to deletion: 897 ("))
      << pods->notes[0];
  EXPECT_TRUE(pods->notes[1].starts_with("pods with a run time of 0, counted as 1 s: 1 (")) << pods->notes[1];
}

// cpu050 keeps the GPU pods of the default list and a part of its CPU-only pods.
TEST(OpenbTrace, Cpu050DiffersInCpuPodsOnly) {
  NEED_DATA();
  const auto pods = read_openb_pods(data / "openb_pod_list_cpu050.csv");
  ASSERT_TRUE(pods) << to_string(pods.error());
  const WorkloadSummary summary = summarise(*pods);
  EXPECT_EQ(summary.jobs, 7439U);
  EXPECT_EQ(summary.cpu_only, 375U);
  EXPECT_EQ(summary.gpu_milli, 6'086'800);
}

}  // namespace
}  // namespace cradle::workload
