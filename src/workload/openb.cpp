#include "cradle/workload/openb.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <unordered_set>

#include "cradle/base/csv.h"
#include "cradle/base/text.h"
#include "cradle/base/time.h"
#include "cradle/workload/limits.h"
#include "trace_file.h"

namespace cradle::workload {

namespace {

/// Refuses an empty name and one that was there before.
Result<void> check_name(const CsvRow& row, std::size_t column, std::unordered_set<std::string>& names) {
  if (row.empty(column)) return row.error(column, "is empty", "give every row a name of its own");
  if (!names.emplace(row.field(column)).second)
    return row.error(column, "'" + std::string(row.field(column)) + "' is there twice",
                     "remove one of the rows, or rename it");
  return {};
}

namespace pod {
enum Column : std::size_t {
  name,
  cpu_milli,
  memory_mib,
  num_gpu,
  gpu_milli,
  gpu_spec,
  qos,
  creation_time,
  deletion_time,
  scheduled_time,
  user,
  product
};
constexpr std::array<std::string_view, 12> columns = {
    "name", "cpu_milli",      "memory_mib",     "num_gpu",         "gpu_milli", "gpu_spec?",
    "qos?", "creation_time?", "deletion_time?", "scheduled_time?", "user?",     "product?"};
}  // namespace pod

Result<Demand> parse_demand(const CsvRow& row) {
  const auto cpu = row.integer(pod::cpu_milli, 0, max_cpu_milli);
  if (!cpu) return cpu.error();
  const auto memory = row.integer(pod::memory_mib, 0, max_memory_mib);
  if (!memory) return memory.error();
  const auto count = row.integer(pod::num_gpu, 0, max_gpus_per_job);
  if (!count) return count.error();
  const auto share = row.integer(pod::gpu_milli, 0, milli);
  if (!share) return share.error();
  if (*count == 0 && *share != 0)
    return row.error(pod::gpu_milli, "a share of a GPU, but num_gpu is 0", "set num_gpu to 1 or gpu_milli to 0");
  if (*count > 0 && *share == 0)
    return row.error(pod::gpu_milli, "no share of a GPU, but num_gpu is not 0", "write 1000 for whole GPUs");
  if (*count > 1 && *share != milli)
    return row.error(pod::gpu_milli, "several GPUs can only be asked for whole", "write 1000, or num_gpu 1");

  Demand demand{.cpu_milli = *cpu,
                .memory_mib = *memory,
                .gpu_count = static_cast<int>(*count),
                .gpu_milli = static_cast<int>(*share),
                .gpu_models = {}};
  for (const std::string_view model : split(row.field(pod::gpu_spec), '|'))
    if (!model.empty()) demand.gpu_models.emplace_back(model);
  return demand;
}

struct PodTimes {
  std::int64_t creation_s = 0;
  std::optional<std::int64_t> deletion_s;
  std::optional<std::int64_t> scheduled_s;

  std::int64_t start_s() const { return scheduled_s.value_or(creation_s); }
};

Result<PodTimes> parse_times(const CsvRow& row) {
  PodTimes times;
  const auto creation = row.integer(pod::creation_time, 0, max_time_s);
  if (!creation) return creation.error();
  times.creation_s = *creation;
  if (!row.empty(pod::scheduled_time)) {
    const auto scheduled = row.integer(pod::scheduled_time, 0, max_time_s);
    if (!scheduled) return scheduled.error();
    if (*scheduled < times.creation_s)
      return row.error(pod::scheduled_time, "is before creation_time", "check the order of the time columns");
    times.scheduled_s = *scheduled;
  }
  if (!row.empty(pod::deletion_time)) {
    const auto deletion = row.integer(pod::deletion_time, 0, max_time_s);
    if (!deletion) return deletion.error();
    if (*deletion < times.start_s())
      return row.error(pod::deletion_time,
                       std::string("is before ") + (times.scheduled_s ? "scheduled_time" : "creation_time"),
                       "check the order of the time columns");
    times.deletion_s = *deletion;
  }
  return times;
}

/// Reads the rows of a pod list one by one; what needs the whole list happens in finish().
class PodReader {
 public:
  explicit PodReader(std::string_view source) { workload_.name = trace_name(source); }

  Result<void> add(const CsvRow& row) {
    if (auto ok = check_name(row, pod::name, names_); !ok) return ok;
    auto demand = parse_demand(row);
    if (!demand) return std::move(demand).error();
    if (demand->gpu_count == 0 && !demand->gpu_models.empty()) {
      demand->gpu_models.clear();
      models_without_gpu_.add(row.field(pod::name));
    }

    const bool timed = !row.empty(pod::creation_time);
    if (workload_.jobs.empty()) workload_.timed = timed;
    if (timed != workload_.timed)
      return row.error(pod::creation_time, timed ? "is given, but rows before have none" : "is empty",
                       "give every row a creation_time, or none");
    PodTimes times;
    if (timed) {
      const auto parsed = parse_times(row);
      if (!parsed) return parsed.error();
      times = *parsed;
    } else {
      for (const std::size_t column : {std::size_t{pod::deletion_time}, std::size_t{pod::scheduled_time}})
        if (!row.empty(column))
          return row.error(column, "is given without a creation_time", "give every row a creation_time, or no times");
    }
    latest_s_ = std::max(latest_s_, times.deletion_s.value_or(times.start_s()));
    times_.push_back(times);

    Job job;
    job.name = row.field(pod::name);
    job.user = row.field(pod::user);
    job.product = row.field(pod::product);
    job.service_class = row.field(pod::qos);
    job.demand = std::move(demand).value();
    workload_.jobs.push_back(std::move(job));
    return {};
  }

  Workload finish() && {
    RowNote never_ran("pods never scheduled, run time taken from creation to deletion");
    RowNote unfinished("pods without deletion_time, run until the latest time in the file");
    RowNote no_length("pods with a run time of 0, counted as 1 s");
    for (std::size_t i = 0; i < workload_.jobs.size(); ++i) {
      Job& job = workload_.jobs[i];
      const PodTimes& times = times_[i];
      job.arrival_ms = times.creation_s * ms_per_second;
      job.duration_ms = (times.deletion_s.value_or(latest_s_) - times.start_s()) * ms_per_second;
      if (workload_.timed) {
        if (!times.scheduled_s) never_ran.add(job.name);
        if (!times.deletion_s) unfinished.add(job.name);
        if (job.duration_ms == 0) no_length.add(job.name);
      }
      job.duration_ms = std::max(job.duration_ms, min_duration_ms);
    }
    never_ran.report(workload_.notes);
    unfinished.report(workload_.notes);
    no_length.report(workload_.notes);
    models_without_gpu_.report(workload_.notes);
    if (!workload_.timed) workload_.notes.emplace_back("the list has no times: all pods arrive at 0 and run for 1 s");
    return std::move(workload_);
  }

 private:
  Workload workload_;
  std::vector<PodTimes> times_;
  std::unordered_set<std::string> names_;
  RowNote models_without_gpu_{"pods that name GPU models but ask for no GPU, models left out"};
  std::int64_t latest_s_ = 0;
};

/// RFC 4180: a field with a comma, a quote or a line break is quoted, quotes inside are doubled.
void append_field(std::string& text, std::string_view field) {
  if (field.find_first_of(",\"\r\n") == std::string_view::npos) {
    text += field;
    return;
  }
  text += '"';
  for (const char c : field) {
    if (c == '"') text += '"';
    text += c;
  }
  text += '"';
}

}  // namespace

Result<std::vector<NodeRow>> parse_openb_nodes(std::string_view text, std::string_view source) {
  enum Column : std::size_t { sn, cpu_milli, memory_mib, gpu, model };
  constexpr std::array<std::string_view, 5> columns = {"sn", "cpu_milli", "memory_mib", "gpu", "model"};
  std::vector<NodeRow> nodes;
  std::unordered_set<std::string> names;
  const auto rows = read_csv(text, source, columns, [&](const CsvRow& row) -> Result<void> {
    if (auto ok = check_name(row, sn, names); !ok) return ok;
    const auto cpu = row.integer(cpu_milli, 1, max_cpu_milli);
    if (!cpu) return cpu.error();
    const auto memory = row.integer(memory_mib, 1, max_memory_mib);
    if (!memory) return memory.error();
    const auto gpus = row.integer(gpu, 0, max_gpus_per_node);
    if (!gpus) return gpus.error();
    if (*gpus > 0 && row.empty(model)) return row.error(model, "is empty, but gpu is not 0", "name the GPU model");
    if (*gpus == 0 && !row.empty(model)) return row.error(model, "is given, but gpu is 0", "leave the model empty");
    nodes.push_back({.name = std::string(row.field(sn)),
                     .cpu_milli = *cpu,
                     .memory_mib = *memory,
                     .gpu_count = static_cast<int>(*gpus),
                     .gpu_model = std::string(row.field(model))});
    return {};
  });
  if (!rows) return rows.error();
  return nodes;
}

Result<Workload> parse_openb_pods(std::string_view text, std::string_view source) {
  PodReader reader(source);
  const auto rows = read_csv(text, source, pod::columns, [&](const CsvRow& row) { return reader.add(row); });
  if (!rows) return rows.error();
  return std::move(reader).finish();
}

Result<std::vector<NodeRow>> read_openb_nodes(const std::filesystem::path& file) {
  return parse_file(file, parse_openb_nodes);
}

Result<Workload> read_openb_pods(const std::filesystem::path& file) { return parse_file(file, parse_openb_pods); }

std::string write_openb_pods(const Workload& workload) {
  std::string text =
      "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time,"
      "user,product\n";
  for (const Job& job : workload.jobs) {
    append_field(text, job.name);
    for (const std::int64_t number : {job.demand.cpu_milli, job.demand.memory_mib, std::int64_t{job.demand.gpu_count},
                                      std::int64_t{job.demand.gpu_milli}})
      text += ',' + std::to_string(number);
    std::string models;
    for (const std::string& model : job.demand.gpu_models) models += (models.empty() ? "" : "|") + model;
    text += ',';
    append_field(text, models);
    text += ',';
    append_field(text, job.service_class);
    if (workload.timed) {
      const std::int64_t arrival_s = job.arrival_ms / ms_per_second;
      const std::int64_t duration_s = std::max(job.duration_ms, min_duration_ms) / ms_per_second;
      text += ",Succeeded," + std::to_string(arrival_s) + ',' + std::to_string(arrival_s + duration_s) + ',' +
              std::to_string(arrival_s);
    } else {
      text += ",,,,";
    }
    text += ',';
    append_field(text, job.user);
    text += ',';
    append_field(text, job.product);
    text += '\n';
  }
  return text;
}

}  // namespace cradle::workload
