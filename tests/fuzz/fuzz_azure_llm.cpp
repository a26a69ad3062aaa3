// The Azure LLM importer on any bytes: requests in order and within the limits, or one error with a place and a hint.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "cradle/workload/azure_llm.h"
#include "cradle/workload/limits.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cradle::workload;
  const auto trace = parse_azure_llm({reinterpret_cast<const char*>(data), size}, "fuzz.csv");
  if (!trace) {
    if (trace.error().where.empty() || trace.error().hint.empty()) std::abort();
    return 0;
  }
  if (trace->requests.empty() || trace->requests.front().arrival_ms != 0) std::abort();
  std::int64_t before = 0;
  for (const LlmRequest& request : trace->requests) {
    if (request.arrival_ms < before || request.arrival_ms > max_time_ms) std::abort();
    if (request.context_tokens < 0 || request.context_tokens > max_tokens) std::abort();
    if (request.generated_tokens < 0 || request.generated_tokens > max_tokens) std::abort();
    before = request.arrival_ms;
  }
  return 0;
}
