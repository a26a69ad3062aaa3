// cradle workload generate|summary: jobs out of a seed, and what a trace asks for.
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "cradle/base/text.h"
#include "cradle/base/time.h"
#include "cradle/report/table.h"
#include "cradle/workload/azure_llm.h"
#include "cradle/workload/generator.h"
#include "cradle/workload/openb.h"
#include "cradle/workload/pai.h"
#include "cradle/workload/peaks.h"
#include "cradle/workload/summary.h"
#include "verbs.h"

namespace cradle::cli {

namespace {

Result<workload::Workload> generated(const WorkloadOptions& options) {
  if (!(options.days > 0))
    return bad_input("a window of " + shortest(options.days) + " days", "--days", "give more than 0 days");
  if (!(options.load > 0))
    return bad_input("a load of " + shortest(options.load), "--load", "give more than 0; 1 is the rate of the trace");
  return workload::generate_workload({.seed = options.seed,
                                      .window_ms = std::llround(options.days * static_cast<double>(ms_per_day)),
                                      .load = options.load});
}

/// Figures under one another: what, how much, in which unit.
class Figures {
 public:
  Figures() {
    table_.column("figure", "figure").column("value", "value", report::Align::right, 1).column("unit", "unit");
  }
  void count(const std::string& figure, std::uint64_t value, const char* unit) {
    table_.row({figure, static_cast<std::int64_t>(value), std::string(unit)});
  }
  void amount(const std::string& figure, double value, const char* unit) {
    table_.row({figure, value, std::string(unit)});
  }
  void print(const std::string& name, Output output) const {
    if (output == Output::table) std::printf("%s\n%s", report::printable(name).c_str(), table_.to_text().c_str());
    if (output == Output::csv) std::fputs(table_.to_csv().c_str(), stdout);
    if (output == Output::json)
      std::fputs(table_.to_json("cradle.workload-summary.v1", {{"workload", name}}).c_str(), stdout);
  }

 private:
  report::Table table_;
};

void print_notes(const std::vector<std::string>& notes, const Common& common) {
  if (common.quiet) return;
  for (const std::string& note : notes) std::fprintf(stderr, "note: %s\n", report::printable(note).c_str());
}

int summarise_jobs(const workload::Workload& jobs, Output output, const Common& common) {
  const workload::WorkloadSummary summary = workload::summarise(jobs);
  const auto seconds = [](std::int64_t ms) { return static_cast<double>(ms) / ms_per_second; };
  Figures figures;
  figures.count("jobs", summary.jobs, "");
  figures.count("cpu_only", summary.cpu_only, "jobs");
  figures.count("sharing", summary.sharing, "jobs");
  figures.count("one_gpu", summary.one_gpu, "jobs");
  figures.count("multi_gpu", summary.multi_gpu, "jobs");
  figures.amount("gpus_requested", static_cast<double>(summary.gpu_milli) / 1000, "GPU");
  figures.amount("cpus_requested", static_cast<double>(summary.cpu_milli) / 1000, "thread");
  figures.amount("memory_requested", static_cast<double>(summary.memory_mib) / 1024, "GiB");
  if (jobs.timed) {
    figures.amount("gpu_time", summary.gpu_time.value(), "GPU h");
    figures.amount("core_time", summary.core_time.value(), "thread h");
    figures.amount("first_arrival", seconds(summary.first_arrival_ms), "s");
    figures.amount("last_arrival", seconds(summary.last_arrival_ms), "s");
    figures.amount("last_end", seconds(summary.last_end_ms), "s");
    figures.amount("run_time_median", seconds(summary.median_duration_ms), "s");
    figures.amount("run_time_p90", seconds(summary.p90_duration_ms), "s");
    figures.amount("run_time_p99", seconds(summary.p99_duration_ms), "s");
    figures.amount("run_time_longest", seconds(summary.max_duration_ms), "s");
  }
  figures.count("users", summary.users, "");
  figures.count("products", summary.products, "");
  figures.print(jobs.name, output);
  print_notes(jobs.notes, common);
  return 0;
}

int summarise_requests(const workload::LlmTrace& trace, Output output) {
  double context = 0, generated_tokens = 0;
  for (const workload::LlmRequest& request : trace.requests) {
    context += static_cast<double>(request.context_tokens);
    generated_tokens += static_cast<double>(request.generated_tokens);
  }
  const auto requests = static_cast<double>(trace.requests.size());
  Figures figures;
  figures.count("requests", trace.requests.size(), "");
  figures.amount("window", static_cast<double>(trace.requests.back().arrival_ms) / ms_per_second, "s");
  figures.amount("context_tokens", context, "token");
  figures.amount("generated_tokens", generated_tokens, "token");
  figures.amount("context_mean", context / requests, "token");
  figures.amount("generated_mean", generated_tokens / requests, "token");
  figures.print(trace.name, output);
  return 0;
}

int summarise_power(const workload::PowerTrace& trace, const std::string& name, Output output, const Common& common) {
  Figures figures;
  for (const workload::HostPower& host : trace.hosts) {
    double sum = 0;
    for (const workload::PowerSample& sample : host.samples) sum += sample.power.value();
    const auto window = static_cast<double>(host.samples.back().at.ms - host.samples.front().at.ms) / ms_per_second;
    figures.count("samples " + host.host, host.samples.size(), "");
    figures.amount("window " + host.host, window, "s");
    figures.amount("power_mean " + host.host, sum / static_cast<double>(host.samples.size()), "W");
  }
  figures.print(name, output);
  print_notes(trace.notes, common);
  return 0;
}

int summary(const WorkloadOptions& options, const Common& common) {
  if (options.file.empty()) {
    const auto jobs = generated(options);
    return jobs ? summarise_jobs(*jobs, options.output, common) : fail(jobs.error());
  }
  if (options.format == "azure-llm") {
    const auto trace = workload::read_azure_llm(options.file);
    return trace ? summarise_requests(*trace, options.output) : fail(trace.error());
  }
  if (options.format == "peaks") {
    const auto trace = workload::read_peaks_power(options.file);
    if (!trace) return fail(trace.error());
    return summarise_power(*trace, std::filesystem::path(options.file).stem().string(), options.output, common);
  }
  if (options.format != "openb" && options.format != "pai") {
    const std::vector<std::string> formats = {"openb", "azure-llm", "pai", "peaks"};
    return fail(bad_input("no format '" + options.format + "'", "--format", suggest(options.format, formats)));
  }
  const auto jobs =
      options.format == "pai" ? workload::read_pai(options.file) : workload::read_openb_pods(options.file);
  return jobs ? summarise_jobs(*jobs, options.output, common) : fail(jobs.error());
}

}  // namespace

int run_workload(const WorkloadOptions& options, const Common& common) {
  if (options.action == "summary") return summary(options, common);
  if (options.action == "generate") {
    const auto jobs = generated(options);
    if (!jobs) return fail(jobs.error());
    std::fputs(workload::write_openb_pods(*jobs).c_str(), stdout);
    print_notes(jobs->notes, common);
    return 0;
  }
  const std::vector<std::string> actions = {"generate", "summary"};
  return fail(bad_input("no action '" + options.action + "'", "workload", suggest(options.action, actions)));
}

}  // namespace cradle::cli
