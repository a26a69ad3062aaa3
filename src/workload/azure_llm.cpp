#include "cradle/workload/azure_llm.h"

#include <array>

#include "cradle/base/csv.h"
#include "cradle/workload/limits.h"
#include "trace_file.h"

namespace cradle::workload {

Result<LlmTrace> parse_azure_llm(std::string_view text, std::string_view source) {
  enum Column : std::size_t { timestamp, context, generated };
  constexpr std::array<std::string_view, 3> columns = {"TIMESTAMP", "ContextTokens", "GeneratedTokens"};
  LlmTrace trace{.name = trace_name(source), .start = {}, .requests = {}};
  const auto rows = read_csv(text, source, columns, [&](const CsvRow& row) -> Result<void> {
    const auto at = parse_instant(row.field(timestamp));
    if (!at) return row.error(timestamp, at.error().message, "write it like 2023-11-16 18:17:03.9799600");
    const auto context_tokens = row.integer(context, 0, max_tokens);
    if (!context_tokens) return context_tokens.error();
    const auto generated_tokens = row.integer(generated, 0, max_tokens);
    if (!generated_tokens) return generated_tokens.error();
    if (trace.requests.empty()) trace.start = *at;
    const std::int64_t arrival_ms = at->ms - trace.start.ms;
    if (!trace.requests.empty() && arrival_ms < trace.requests.back().arrival_ms)
      return row.error(timestamp, "is earlier than the line before", "sort the file by TIMESTAMP");
    trace.requests.push_back({arrival_ms, *context_tokens, *generated_tokens});
    return {};
  });
  if (!rows) return rows.error();
  return trace;
}

Result<LlmTrace> read_azure_llm(const std::filesystem::path& file) { return parse_file(file, parse_azure_llm); }

}  // namespace cradle::workload
