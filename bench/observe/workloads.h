// Work that a meter has to see: builds of small and of heavy files, a storm of short processes, a burner, a bystander.
#pragma once

#include <chrono>
#include <filesystem>

#include "group.h"

namespace cradle::bench {

/// Writes `files` small C files and a Makefile.
void write_small_c(const std::filesystem::path& folder, int files);
/// Writes `files` C++ files that include and use much of the standard library (some 4 CPU-s each), and a Makefile.
void write_heavy_cpp(const std::filesystem::path& folder, int files);

/// `make -j2` in the folder.
pid_t start_make(const Group& group, const std::filesystem::path& folder);
/// `make -j2` and `make clean` again and again until `time` has passed.
pid_t start_builds(const Group& group, const std::filesystem::path& folder, std::chrono::milliseconds time);
/// /bin/true by posix_spawn (vfork and exec), `exits` times, one after the other.
pid_t start_storm(const Group& group, int exits);
/// Busy for so long.
pid_t start_burner(const Group& group, std::chrono::milliseconds time);
/// Busy for `burst`, asleep for `pause`, until it is ended.
pid_t start_bystander(const Group& group, std::chrono::microseconds burst, std::chrono::microseconds pause);

}  // namespace cradle::bench
