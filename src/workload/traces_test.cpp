#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <filesystem>
#include <numeric>
#include <string>
#include <vector>

#include "cradle/workload/azure_llm.h"
#include "cradle/workload/limits.h"
#include "cradle/workload/pai.h"
#include "cradle/workload/peaks.h"

namespace cradle::workload {
namespace {

const std::filesystem::path data = std::filesystem::path(CRADLE_SOURCE_DIR) / ".." / "shared" / "data";

#define NEED_DATA(folder) \
  if (!std::filesystem::exists(data / (folder))) GTEST_SKIP() << "needs ../shared/data/" << (folder)

struct BadText {
  std::string text;
  std::string where;
  std::string message;  ///< a part of it
};

template <class Parse>
void expect_refused(Parse parse, const std::vector<BadText>& cases) {
  for (const BadText& bad : cases) {
    const auto result = parse(bad.text, "f.csv");
    ASSERT_FALSE(result) << bad.text;
    const Error& error = result.error();
    EXPECT_EQ(error.code, ErrorCode::bad_input) << to_string(error);
    EXPECT_EQ(error.where, bad.where) << to_string(error);
    EXPECT_NE(error.message.find(bad.message), std::string::npos) << to_string(error);
    EXPECT_FALSE(error.hint.empty());
  }
}

const std::string llm_header = "TIMESTAMP,ContextTokens,GeneratedTokens\r\n";

// The published files end their lines with CR LF, and their last line has none.
TEST(AzureLlm, ReadsCrLfAndALastLineWithoutEnd) {
  const auto trace = parse_azure_llm(
      llm_header + "2023-11-16 18:17:03.9799600,4808,10\r\n2023-11-16 18:17:04.0319600,3180,8", "code.csv");
  ASSERT_TRUE(trace) << to_string(trace.error());
  EXPECT_EQ(trace->name, "code");
  EXPECT_EQ(to_iso(trace->start), "2023-11-16T18:17:03.979Z");
  const std::vector<LlmRequest> expected = {{0, 4808, 10}, {52, 3180, 8}};
  EXPECT_EQ(trace->requests, expected);
}

TEST(AzureLlm, RefusesMalformedInput) {
  expect_refused(parse_azure_llm,
                 {
                     {"", "f.csv", "empty"},
                     {llm_header, "f.csv", "no rows"},
                     {"TIMESTAMP,ContextTokens\n2023-11-16 18:17:03,1\n", "f.csv:1", "GeneratedTokens"},
                     {llm_header + "yesterday,1,1\n", "f.csv:2", "TIMESTAMP: "},
                     {llm_header + "2023-11-31 18:17:03,1,1\n", "f.csv:2", "TIMESTAMP: "},
                     {llm_header + "2023-11-16 18:17:03,-1,1\n", "f.csv:2", "ContextTokens"},
                     {llm_header + "2023-11-16 18:17:03,1,NaN\n", "f.csv:2", "GeneratedTokens"},
                     {llm_header + "2023-11-16 18:17:03,1,1000000000\n", "f.csv:2", "GeneratedTokens"},
                     {llm_header + "2023-11-16 18:17:03,1", "f.csv:2", "the header has 3"},
                     {llm_header + "2023-11-16 18:17:03,1,1\n2023-11-16 18:17:02,1,1\n", "f.csv:3",
                      "earlier than the line before"},
                     {llm_header + "\xff,1,1\n", "f.csv", "not UTF-8"},
                 });
}

// Counts by a separate reading of the files: 8,819 and 19,366 requests in 57 to 58 minutes, sorted by time.
TEST(AzureLlm, PublishedTracesReadWhole) {
  NEED_DATA("azure-llm");
  const auto code = read_azure_llm(data / "azure-llm" / "AzureLLMInferenceTrace_code.csv");
  const auto conv = read_azure_llm(data / "azure-llm" / "AzureLLMInferenceTrace_conv.csv");
  ASSERT_TRUE(code) << to_string(code.error());
  ASSERT_TRUE(conv) << to_string(conv.error());
  EXPECT_EQ(code->requests.size(), 8819U);
  EXPECT_EQ(conv->requests.size(), 19366U);
  // 18:17:03.979 to 19:14:19.928, and 18:15:46.680 to 19:14:08.402.
  EXPECT_EQ(code->requests.back(), (LlmRequest{3'435'949, 549, 173}));
  EXPECT_EQ(conv->requests.back(), (LlmRequest{3'501'722, 197, 183}));
}

TEST(Pai, ReadsEachColumn) {
  const auto workload = parse_pai("arrival_time,length,cpus\n0.0,6302.0,1\n68.25,1000,2.5\n", "pai.csv");
  ASSERT_TRUE(workload) << to_string(workload.error());
  ASSERT_EQ(workload->jobs.size(), 2U);
  EXPECT_EQ(workload->jobs[0].name, "pai-0");
  EXPECT_EQ(workload->jobs[1].name, "pai-1");
  EXPECT_EQ(workload->jobs[1].arrival_ms, 68'250);
  EXPECT_EQ(workload->jobs[1].duration_ms, 1'000'000);
  EXPECT_EQ(workload->jobs[1].demand.cpu_milli, 2500);
  EXPECT_EQ(workload->jobs[1].demand.gpu_count, 0);
  EXPECT_TRUE(workload->notes.empty());
}

TEST(Pai, NoLengthCountsAsOneSecondAndIsNoted) {
  const auto workload = parse_pai("arrival_time,length,cpus\n0,0,1\n0,0.0004,1\n0,0.0006,1\n", "pai.csv");
  ASSERT_TRUE(workload);
  EXPECT_EQ(workload->jobs[0].duration_ms, 1000);
  EXPECT_EQ(workload->jobs[1].duration_ms, 1000);
  EXPECT_EQ(workload->jobs[2].duration_ms, 1);
  ASSERT_EQ(workload->notes.size(), 1U);
  EXPECT_EQ(workload->notes[0], "jobs with a length of 0, counted as 1 s: 2 (pai-0, pai-1)");
}

TEST(Pai, RefusesMalformedInput) {
  const std::string header = "arrival_time,length,cpus\n";
  expect_refused(parse_pai, {
                                {"", "f.csv", "empty"},
                                {header, "f.csv", "no rows"},
                                {header + "0,1\n", "f.csv:2", "the header has 3"},
                                {header + "0,nan,1\n", "f.csv:2", "length: not a finite number"},
                                {header + "0,inf,1\n", "f.csv:2", "length: not a finite number"},
                                {header + "0,1e999,1\n", "f.csv:2", "length: not a finite number"},
                                {header + "-1,1,1\n", "f.csv:2", "arrival_time"},
                                {header + "0,1,-1\n", "f.csv:2", "cpus"},
                                {header + "0,1,1e9\n", "f.csv:2", "cpus"},
                                {header + "0,1e12,1\n", "f.csv:2", "length"},
                                {header + "0,1,\xfe\n", "f.csv", "not UTF-8"},
                            });
}

// GAIA's sample: 1,000 jobs of 303 to 214,787 s, each with 1 to 4 processors (counted separately).
TEST(Pai, PublishedSampleReadsWhole) {
  NEED_DATA("pai");
  const auto workload = read_pai(data / "pai" / "pai_1k.csv");
  ASSERT_TRUE(workload) << to_string(workload.error());
  ASSERT_EQ(workload->jobs.size(), 1000U);
  EXPECT_TRUE(workload->notes.empty());
  std::int64_t shortest = max_time_ms, longest = 0;
  for (const Job& job : workload->jobs) {
    shortest = std::min(shortest, job.duration_ms);
    longest = std::max(longest, job.duration_ms);
    EXPECT_GE(job.demand.cpu_milli, 1000);
    EXPECT_LE(job.demand.cpu_milli, 4000);
  }
  EXPECT_EQ(shortest, 303'000);
  EXPECT_EQ(longest, 214'787'000);
}

TEST(Peaks, SplitsHostsAndLeavesOutRepeats) {
  const auto trace = parse_peaks_power("Timestamp,Power,Hostname\n10,189,a\n10,190.5,b\n10,191,a\n11,192,a\n", "p.csv");
  ASSERT_TRUE(trace) << to_string(trace.error());
  ASSERT_EQ(trace->hosts.size(), 2U);
  EXPECT_EQ(trace->hosts[0].host, "a");
  ASSERT_EQ(trace->hosts[0].samples.size(), 2U);
  EXPECT_EQ(trace->hosts[0].samples[0].power, carbon::Watts{189});
  EXPECT_EQ(trace->hosts[0].samples[1].at, Instant{11'000});
  EXPECT_EQ(trace->hosts[1].samples[0].power, carbon::Watts{190.5});
  ASSERT_EQ(trace->notes.size(), 1U);
  EXPECT_EQ(trace->notes[0], "second readings of the same host and second, left out: 1 (line 4)");
}

TEST(Peaks, RefusesMalformedInput) {
  const std::string header = "Timestamp,Power,Hostname\n";
  expect_refused(parse_peaks_power, {
                                        {"", "f.csv", "empty"},
                                        {header, "f.csv", "no rows"},
                                        {header + "1,2\n", "f.csv:2", "the header has 3"},
                                        {header + "1,nan,a\n", "f.csv:2", "Power: not a finite number"},
                                        {header + "1,-2,a\n", "f.csv:2", "Power"},
                                        {header + "1,1e9,a\n", "f.csv:2", "Power"},
                                        {header + "1.5,1,a\n", "f.csv:2", "Timestamp: not a whole number"},
                                        {header + "1,1,\n", "f.csv:2", "Hostname: is empty"},
                                        {header + "2,1,a\n1,1,a\n", "f.csv:3", "earlier"},
                                        {header + "1,1,\xff\n", "f.csv", "not UTF-8"},
                                    });
}

// Plain means of the Power column, counted separately; the repeats left out move them by less than 1 W.
TEST(Peaks, PublishedSeriesHaveTheirMeans) {
  NEED_DATA("peaks");
  const std::vector<std::pair<std::string, double>> means = {{"default_171_power.csv", 704.8},
                                                             {"default_68_power.csv", 689.6},
                                                             {"peaks_171_power.csv", 564.2},
                                                             {"peaks_68_power.csv", 709.1}};
  for (const auto& [name, mean_w] : means) {
    const auto trace = read_peaks_power(data / "peaks" / name);
    ASSERT_TRUE(trace) << to_string(trace.error());
    ASSERT_EQ(trace->hosts.size(), 1U);
    const auto& samples = trace->hosts[0].samples;
    const double sum = std::accumulate(samples.begin(), samples.end(), 0.0,
                                       [](double s, const PowerSample& sample) { return s + sample.power.value(); });
    EXPECT_NEAR(sum / static_cast<double>(samples.size()), mean_w, 1.0) << name;
  }
}

// Any text at all gives an error with a place and a hint, or values within the limits; never anything else.
RC_GTEST_PROP(Traces, AnyTextIsReadOrRefusedCleanly, (const std::string& tail)) {
  const auto check = [](const Error& error) { RC_ASSERT(!error.where.empty() && !error.hint.empty()); };
  const auto llm = parse_azure_llm("TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16," + tail, "f");
  if (!llm) check(llm.error());
  const auto pai = parse_pai("arrival_time,length,cpus\n1,2," + tail, "f");
  if (!pai) check(pai.error());
  const auto power = parse_peaks_power("Timestamp,Power,Hostname\n1," + tail, "f");
  if (!power) check(power.error());
}

}  // namespace
}  // namespace cradle::workload
