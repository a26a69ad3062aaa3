// What the importers share: from a file to its parser, and notes that count rows and name the first of them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cradle/base/file.h"
#include "cradle/base/result.h"

namespace cradle::workload {

/// No trace that an importer reads is near this size: a larger file is another file.
inline constexpr std::uint64_t trace_file_limit = std::uint64_t{1} << 30;

/// parse(bytes, path) of the whole file.
template <class Parse>
auto parse_file(const std::filesystem::path& file, Parse parse)
    -> decltype(parse(std::string_view{}, std::string_view{})) {
  const auto bytes = read_file(file, trace_file_limit);
  if (!bytes) return bytes.error();
  return parse(*bytes, file.string());
}

/// "openb_pod_list_default" of "some/folder/openb_pod_list_default.csv".
inline std::string trace_name(std::string_view source) { return std::filesystem::path(source).stem().string(); }

/// Counts rows that were read in some other way than literally; says so once, with the first names.
class RowNote {
 public:
  explicit RowNote(std::string what) : what_(std::move(what)) {}

  void add(std::string_view name) {
    constexpr int named = 3;
    if (++count_ <= named) names_ += (names_.empty() ? "" : ", ") + std::string(name);
    if (count_ == named + 1) names_ += ", ...";
  }
  /// "WHAT: 897 (openb-pod-0012, ...)", if there were any.
  void report(std::vector<std::string>& notes) const {
    if (count_ > 0) notes.push_back(what_ + ": " + std::to_string(count_) + " (" + names_ + ")");
  }

 private:
  std::string what_;
  std::string names_;
  std::uint64_t count_ = 0;
};

}  // namespace cradle::workload
