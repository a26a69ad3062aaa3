#include "cradle/workload/peaks.h"

#include <array>
#include <unordered_map>

#include "cradle/base/csv.h"
#include "cradle/workload/limits.h"
#include "trace_file.h"

namespace cradle::workload {

Result<PowerTrace> parse_peaks_power(std::string_view text, std::string_view source) {
  enum Column : std::size_t { timestamp, power, hostname };
  constexpr std::array<std::string_view, 3> columns = {"Timestamp", "Power", "Hostname"};
  PowerTrace trace;
  std::unordered_map<std::string, std::size_t> index;
  RowNote repeated("second readings of the same host and second, left out");
  const auto rows = read_csv(text, source, columns, [&](const CsvRow& row) -> Result<void> {
    const auto at_s = row.integer(timestamp, 0, max_time_s);
    if (!at_s) return at_s.error();
    const auto watts = row.number(power, 0, static_cast<double>(max_power_w));
    if (!watts) return watts.error();
    if (row.empty(hostname)) return row.error(hostname, "is empty", "name the host of every reading");

    const auto [entry, is_new] = index.try_emplace(std::string(row.field(hostname)), trace.hosts.size());
    if (is_new) trace.hosts.push_back({entry->first, {}});
    std::vector<PowerSample>& samples = trace.hosts[entry->second].samples;
    const Instant at{*at_s * ms_per_second};
    if (!samples.empty() && at < samples.back().at)
      return row.error(timestamp, "is earlier than the host's line before", "sort the file by Timestamp");
    if (!samples.empty() && at == samples.back().at) {
      repeated.add("line " + std::to_string(row.line()));
      return {};
    }
    samples.push_back({at, carbon::Watts{*watts}});
    return {};
  });
  if (!rows) return rows.error();
  repeated.report(trace.notes);
  return trace;
}

Result<PowerTrace> read_peaks_power(const std::filesystem::path& file) { return parse_file(file, parse_peaks_power); }

}  // namespace cradle::workload
