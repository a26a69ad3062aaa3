// Public data sets: where each comes from, its checksums, and getting it into the user's cache whole or not at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"

namespace cradle::workload {

struct DataFile {
  std::string name;
  std::string url;  ///< upstream address at a fixed commit
  std::uint64_t bytes = 0;
  std::string sha256;  ///< 64 lower-case hexadecimal digits
};

struct DataSet {
  std::string name;     ///< as people type it
  std::string folder;   ///< below <cache>/data and below a mirror; sets may share one
  std::string content;  ///< one line for people
  std::string licence;
  std::vector<DataFile> files;
};

/// Every set that can be fetched.
const std::vector<DataSet>& data_sets();
/// The set of that name; bad_input with the nearest name otherwise.
Result<DataSet> data_set(std::string_view name);

/// $XDG_CACHE_HOME/cradle, or ~/.cache/cradle; missing_data if neither variable is set.
Result<std::filesystem::path> default_cache();

/// Lower-case hexadecimal SHA-256 (FIPS 180-4) of bytes or of a file.
std::string sha256(std::string_view bytes);
Result<std::string> sha256_of_file(const std::filesystem::path& file);

struct Progress {
  std::string_view file;
  std::uint64_t done = 0;   ///< bytes
  std::uint64_t total = 0;  ///< bytes
};

struct Fetched {
  std::filesystem::path folder;
  std::vector<std::string> downloaded;
  std::vector<std::string> present;  ///< already there with the right checksum
  std::uint64_t bytes = 0;           ///< downloaded
};

/// Brings every file of the set into <cache>/data/<folder>. Each is written beside its place as NAME.PID.part, its
/// size and SHA-256 are checked, and only then it is renamed into place, so that a reader never sees half a file; on
/// any error the part is deleted. `mirror` replaces the upstream address: <mirror>/<folder>/<file> (file:// works).
/// `on_progress` is called often, at least once a second while waiting; false stops the download.
/// Errors: bad_input for a mirror that is no URL; failed for network, checksum, size, disk, or a stop.
Result<Fetched> get_data_set(const DataSet& set, const std::filesystem::path& cache, std::string_view mirror,
                             const std::function<bool(const Progress&)>& on_progress);

/// The folder of the set in the cache if every file is there with the right checksum; else missing_data that names
/// the first file that is not.
Result<std::filesystem::path> cached_data_set(const DataSet& set, const std::filesystem::path& cache);

/// The first folder that holds every file of the set (by name; contents are the importers' business). With an
/// `explicit_folder` only that one and its subfolder of the set's name are looked at; otherwise <cache>/data/<folder>,
/// then ../shared/data/<folder> from the current folder. Nothing for an unknown name.
std::optional<std::filesystem::path> find_data_set(std::string_view name, const std::filesystem::path& explicit_folder,
                                                   const std::filesystem::path& cache);

}  // namespace cradle::workload
