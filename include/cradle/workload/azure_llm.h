// The Azure LLM inference traces of 2023 (Splitwise, ISCA 2024): one line for each request to a language model.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/base/time.h"

namespace cradle::workload {

struct LlmRequest {
  std::int64_t arrival_ms = 0;  ///< since the first request; never less than that of the request before
  std::int64_t context_tokens = 0;
  std::int64_t generated_tokens = 0;
  friend bool operator==(const LlmRequest&, const LlmRequest&) = default;
};

struct LlmTrace {
  std::string name;
  Instant start;  ///< time of the first request
  std::vector<LlmRequest> requests;
};

/// Requests from the columns TIMESTAMP (UTC), ContextTokens, GeneratedTokens; fractions of a millisecond are cut.
/// Errors (bad_input, with file:line): all of read_csv, a time that is none or earlier than the line before, a token
/// count that is negative or beyond limits.h.
Result<LlmTrace> parse_azure_llm(std::string_view text, std::string_view source);
Result<LlmTrace> read_azure_llm(const std::filesystem::path& file);

}  // namespace cradle::workload
