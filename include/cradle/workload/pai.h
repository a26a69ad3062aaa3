// The 1,000-job sample of the Alibaba PAI trace of 2020 that comes with GAIA (ASPLOS 2024): CPU jobs only.
#pragma once

#include <filesystem>
#include <string_view>

#include "cradle/base/result.h"
#include "cradle/workload/job.h"

namespace cradle::workload {

/// Jobs from the columns arrival_time, length (seconds) and cpus; they are named pai-0, pai-1, ... in file order and
/// have no memory, GPU or user, since the sample has none. A length that rounds to 0 ms counts as 1 s and is noted.
/// Errors (bad_input, with file:line): all of read_csv, a value that is negative, not finite or beyond limits.h.
Result<Workload> parse_pai(std::string_view text, std::string_view source);
Result<Workload> read_pai(const std::filesystem::path& file);

}  // namespace cradle::workload
