// Tools whose input is a folder of fixed file names: which folders below a path are cases, and where their tables are.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"

namespace cradle::published {

struct CaseFolder {
  std::filesystem::path path;
  std::string name;  ///< the folder's name; its path below the root if another case has the same name
};

/// `root` itself if it holds a file `marker`, else every folder at most four levels below that does, in order of path.
/// If `root` has a subfolder `cases` (the layout of the tool's repository), only that is searched. missing_data if
/// there is none, bad_input for more than 10,000.
Result<std::vector<CaseFolder>> case_folders(const std::filesystem::path& root, std::string_view marker,
                                             std::string_view cases);

/// The folder of that name in `folder` or in one of the three folders above it.
std::optional<std::filesystem::path> folder_beside(const std::filesystem::path& folder, std::string_view name);

}  // namespace cradle::published
