#include "cradle/workload/pai.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <string>

#include "cradle/base/csv.h"
#include "cradle/workload/limits.h"
#include "trace_file.h"

namespace cradle::workload {

Result<Workload> parse_pai(std::string_view text, std::string_view source) {
  enum Column : std::size_t { arrival_time, length, cpus };
  constexpr std::array<std::string_view, 3> columns = {"arrival_time", "length", "cpus"};
  constexpr auto longest_s = static_cast<double>(max_time_s);
  constexpr double most_cpus = static_cast<double>(max_cpu_milli) / 1000;
  Workload workload;
  workload.name = trace_name(source);
  RowNote no_length("jobs with a length of 0, counted as 1 s");
  const auto rows = read_csv(text, source, columns, [&](const CsvRow& row) -> Result<void> {
    const auto arrival_s = row.number(arrival_time, 0, longest_s);
    if (!arrival_s) return arrival_s.error();
    const auto length_s = row.number(length, 0, longest_s);
    if (!length_s) return length_s.error();
    const auto cpu_count = row.number(cpus, 0, most_cpus);
    if (!cpu_count) return cpu_count.error();
    Job job;
    job.name = "pai-" + std::to_string(workload.jobs.size());
    job.demand.cpu_milli = std::llround(*cpu_count * 1000);
    job.arrival_ms = std::llround(*arrival_s * 1000);
    job.duration_ms = std::llround(*length_s * 1000);
    if (job.duration_ms == 0) {
      job.duration_ms = min_duration_ms;
      no_length.add(job.name);
    }
    workload.jobs.push_back(std::move(job));
    return {};
  });
  if (!rows) return rows.error();
  no_length.report(workload.notes);
  return workload;
}

Result<Workload> read_pai(const std::filesystem::path& file) { return parse_file(file, parse_pai); }

}  // namespace cradle::workload
