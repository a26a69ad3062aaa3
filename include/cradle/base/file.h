// Whole files: read with a limit, written so that a reader sees the old file or the new one, never half of one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "cradle/base/result.h"

namespace cradle {

inline constexpr std::uint64_t default_file_limit = std::uint64_t{4} << 30;

/// The bytes of a regular file (or of a FIFO or /dev/stdin). Absent: missing_data. Larger than `limit`: bad_input.
Result<std::string> read_file(const std::filesystem::path& path, std::uint64_t limit = default_file_limit);

/// What a written file outlives: the end of the program, or that of the machine as well (a sync, which costs time).
enum class Durability { program, machine };

/// Writes beside the target, syncs, renames over it. On any error the old file stands untouched. A link is followed,
/// the mode of the old file kept. A target that is not a regular file (a folder, device or FIFO): bad_input.
Result<void> write_file(const std::filesystem::path& path, std::string_view bytes,
                        Durability durability = Durability::machine);

}  // namespace cradle
