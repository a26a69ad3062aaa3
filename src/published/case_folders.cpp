#include "case_folders.h"

#include <algorithm>
#include <map>
#include <system_error>

namespace cradle::published {
namespace {

namespace fs = std::filesystem;

constexpr int deepest = 4;
constexpr std::size_t most_entries = 100'000;
constexpr std::size_t most_cases = 10'000;

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

/// Its last component, also of "." and of a path that ends with a slash.
std::string last_name(const fs::path& folder) {
  std::error_code error;
  const fs::path whole = fs::weakly_canonical(folder, error);
  const fs::path named = error ? folder : whole;
  return named.has_filename() ? named.filename().string() : named.parent_path().filename().string();
}

}  // namespace

Result<std::vector<CaseFolder>> case_folders(const fs::path& root, std::string_view marker, std::string_view cases) {
  if (root.empty()) return bad_input("no input folder", "--input", "name a folder with " + std::string(marker));
  if (!is_folder(root))
    return missing_data("there is no such folder", root.string(), "name a folder with " + std::string(marker));
  if (is_file(root / marker)) return std::vector<CaseFolder>{{root, last_name(root)}};

  const fs::path start = is_folder(root / cases) ? root / cases : root;
  const auto refused = [&](const std::error_code& error) {
    return failure("the folder cannot be read: " + error.message(), start.string(), "check its permissions");
  };
  std::vector<fs::path> found;
  std::error_code error;
  std::size_t entries = 0;
  fs::recursive_directory_iterator walk(start, error);
  if (error) return refused(error);
  for (; walk != fs::recursive_directory_iterator(); walk.increment(error)) {
    if (error) return refused(error);
    if (++entries > most_entries || found.size() > most_cases)
      return bad_input("too many files or cases", start.string(), "name the folder of fewer cases");
    if (walk.depth() >= deepest) walk.disable_recursion_pending();
    if (walk->path().filename() == fs::path(marker) && is_file(walk->path()))
      found.push_back(walk->path().parent_path());
  }
  if (error) return refused(error);
  if (found.empty())
    return missing_data("no folder below has " + std::string(marker), start.string(), "name the folder of a design");

  std::sort(found.begin(), found.end());
  std::map<std::string, int> times;
  for (const fs::path& path : found) ++times[path.filename().string()];
  std::vector<CaseFolder> folders;
  for (const fs::path& path : found) {
    const std::string name = path.filename().string();
    folders.push_back({path, times[name] == 1 ? name : path.lexically_relative(start).generic_string()});
  }
  return folders;
}

std::optional<fs::path> folder_beside(const fs::path& folder, std::string_view name) {
  std::error_code error;
  fs::path at = fs::weakly_canonical(folder, error);
  if (error) at = folder;
  for (int up = 0; up < 4; ++up) {
    if (is_folder(at / name)) return at / name;
    if (!at.has_relative_path()) break;
    at = at.parent_path();
  }
  return std::nullopt;
}

}  // namespace cradle::published
