// Where limits stand: small files of the kernel, and boards behind NVML. The watchdog and the journal know no more.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/actuator/actuator.h"
#include "cradle/base/result.h"

namespace cradle::actuator {

/// The first line of a file, trimmed. missing_data if it, or its device, is not there.
Result<std::string> read_line(const std::filesystem::path& path);
/// The same as a whole number >= 0; bad_input for anything else.
Result<std::int64_t> read_count(const std::filesystem::path& path);
/// Names in a folder, sorted by number where there is one; empty if there is none.
std::vector<std::string> names_in(const std::filesystem::path& folder);

/// missing_data if the device is gone (nothing is left to be set), failed if it refuses.
Result<void> write_register(const Write& write);

/// The text of a target "nvml:UUID@LIBRARY".
std::string board_target(std::string_view uuid, std::string_view library);

/// real only in the kernel's own sysfs and control groups: the same names in a plain folder are a copy, or made up.
Known known_of(const std::filesystem::path& folder);

}  // namespace cradle::actuator
