// Where a study's jobs and machines come from: the openb trace, a list of the user's, or the generator.
#include <algorithm>
#include <cmath>
#include <limits>

#include "cradle/base/random.h"
#include "cradle/base/text.h"
#include "cradle/study/study.h"
#include "cradle/workload/data_set.h"
#include "cradle/workload/generator.h"
#include "cradle/workload/openb.h"

namespace cradle::study {

namespace {

constexpr const char* openb_licence = "Apache-2.0";
constexpr const char* openb_origin =
    "Alibaba cluster-trace-gpu-v2023 as published with FGD (Weng et al., ATC 2023), "
    "github.com/hkust-adsl/kubernetes-scheduler-simulator at 8f3d641";
/// Copies of a job arrive within half a day of it, so that the load of a day keeps its place.
constexpr std::int64_t copy_shift_ms = ms_per_day / 2;

/// Each job `load` times: a job and its copies, the fraction by chance.
void multiply(workload::Workload& workload, double load, std::uint64_t seed) {
  if (load == 1) return;
  RandomStream stream(seed, "copies");
  std::vector<workload::Job> jobs;
  for (const workload::Job& job : workload.jobs) {
    auto copies = static_cast<int>(std::floor(load));
    if (stream.uniform() < load - std::floor(load)) ++copies;
    for (int copy = 0; copy < copies; ++copy) {
      jobs.push_back(job);
      if (copy == 0) continue;
      workload::Job& made = jobs.back();
      made.name += "~" + std::to_string(copy);
      const auto shift = static_cast<std::int64_t>(stream.below(2 * copy_shift_ms)) - copy_shift_ms;
      made.arrival_ms = std::max<std::int64_t>(0, made.arrival_ms + shift);
    }
  }
  workload.notes.push_back("every job comes " + shortest(load) + " times: " + std::to_string(jobs.size()) +
                           " jobs of " + std::to_string(workload.jobs.size()) + ", copies shifted by up to 12 h");
  workload.jobs = std::move(jobs);
}

/// A list whose first job comes late counts from some other zero (a calendar, say): the first job is put at 0.
void rebase(workload::Workload& workload) {
  constexpr std::int64_t late = 30 * ms_per_day;
  std::int64_t first = std::numeric_limits<std::int64_t>::max();
  for (const workload::Job& job : workload.jobs) first = std::min(first, job.arrival_ms);
  if (workload.jobs.empty() || first < late) return;
  for (workload::Job& job : workload.jobs) job.arrival_ms -= first;
  workload.notes.push_back("the first job comes at second " + std::to_string(first / ms_per_second) +
                           " of the list: all times are shifted so that it comes at 0");
}

void cut(workload::Workload& workload, double days) {
  if (days == 0) return;
  const auto horizon = static_cast<std::int64_t>(days * static_cast<double>(ms_per_day));
  const auto late = std::erase_if(workload.jobs, [&](const workload::Job& job) { return job.arrival_ms >= horizon; });
  if (late > 0)
    workload.notes.push_back(std::to_string(late) + " jobs arrive after the period of " + shortest(days) +
                             " days and were left out");
}

}  // namespace

Result<StudyInput> load_input(const StudyConfig& config, const std::filesystem::path& data,
                              const std::filesystem::path& cache, bool generated) {
  using Source = WorkloadConfig::Source;
  StudyInput input;
  const bool own_pods = !config.workload.pods.empty();
  const bool wants_generator = !own_pods && (generated || config.workload.source == Source::generator);
  std::optional<std::filesystem::path> openb;
  if (!wants_generator || !config.fleet.nodes.empty()) openb = workload::find_data_set("openb", data, cache);
  if (!own_pods && !openb && config.workload.source == Source::openb && !generated)
    return missing_data("the openb trace is not at hand", config.file + ": workload.source",
                        "fetch it with: cradle data get openb");
  if (!data.empty() && !openb && !wants_generator && !own_pods)
    return missing_data("no openb trace in this folder", data.string(),
                        "it must hold openb_node_list_gpu_node.csv and openb_pod_list_default.csv");

  const bool from_generator = !own_pods && (wants_generator || !openb);
  if (from_generator) {
    workload::GeneratorOptions options;
    options.seed = config.seed;
    options.load = config.workload.load;
    if (config.workload.days > 0)
      options.window_ms = static_cast<std::int64_t>(config.workload.days * static_cast<double>(ms_per_day));
    auto workload = workload::generate_workload(options);
    if (!workload) return workload.error();
    input.workload = std::move(*workload);
    input.sources.push_back({"jobs",
                             "generated from seed " + std::to_string(config.seed) +
                                 " to the published statistics of the openb trace; users and products are "
                                 "assumptions",
                             "Apache-2.0", report::DataKind::generated});
    if (config.workload.source == Source::automatic && !generated)
      input.note =
          "the openb trace is not at hand: using the generated workload (fetch it with: cradle data get openb)";
  } else {
    const std::filesystem::path pods =
        own_pods ? std::filesystem::path(config.workload.pods) : *openb / "openb_pod_list_default.csv";
    auto workload = workload::read_openb_pods(pods);
    if (!workload) return workload.error();
    input.workload = std::move(*workload);
    if (!input.workload.timed)
      return bad_input("the list has no creation and deletion times", pods.string(),
                       "a study needs them; the list can still be used with: cradle compare fgd");
    rebase(input.workload);
    multiply(input.workload, config.workload.load, config.seed);
    cut(input.workload, config.workload.days);
    input.sources.push_back({"jobs", own_pods ? pods.string() : std::string(openb_origin),
                             own_pods ? "as the file's owner says" : openb_licence, report::DataKind::measured});
  }
  if (input.workload.jobs.empty())
    return bad_input("no job is left", config.file + ": workload", "choose a higher load or more days");

  if (!config.fleet.nodes.empty() || openb) {
    const bool own = !config.fleet.nodes.empty();
    const std::filesystem::path file =
        own ? std::filesystem::path(config.fleet.nodes) : *openb / "openb_node_list_gpu_node.csv";
    auto nodes = workload::read_openb_nodes(file);
    if (!nodes) return nodes.error();
    input.nodes = std::move(*nodes);
    input.sources.push_back({"machines", own ? file.string() : std::string(openb_origin),
                             own ? "as the file's owner says" : openb_licence, report::DataKind::published});
  } else {
    auto nodes = workload::generate_nodes(1);
    if (!nodes) return nodes.error();
    input.nodes = std::move(*nodes);
    input.sources.push_back({"machines", "generated to the published counts and shapes of the openb fleet",
                             "Apache-2.0", report::DataKind::generated});
  }
  return input;
}

}  // namespace cradle::study
