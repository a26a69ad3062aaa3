#include "group_mounts.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "cradle/base/file.h"
#include "cradle/base/text.h"

namespace cradle::capture {

namespace {

/// mountinfo and mounts write space, tab, line end and backslash as a backslash and three octal digits.
std::string unescape(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto octal = [&](std::size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '7'; };
    if (text[i] == '\\' && octal(i + 1) && octal(i + 2) && octal(i + 3)) {
      plain += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (const std::string_view word : split(line, ' ')) {
    if (!word.empty()) words.push_back(word);
  }
  return words;
}

void add(std::vector<GroupMount>& mounts, std::string_view type, std::string_view folder, std::string_view root,
         std::string_view options) {
  if (type != "cgroup" && type != "cgroup2") return;
  GroupMount mount;
  mount.folder = unescape(folder);
  mount.root = unescape(root);
  mount.version = type == "cgroup2" ? 2 : 1;
  if (mount.version == 1) {
    for (const std::string_view option : split(options, ',')) mount.controllers.emplace_back(option);
  }
  mounts.push_back(std::move(mount));
}

bool is_folder(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::is_directory(path, ignored);
}

}  // namespace

std::filesystem::path under(const std::filesystem::path& sysroot, std::string_view path) {
  while (!path.empty() && path.front() == '/') path.remove_prefix(1);
  return path.empty() ? sysroot : sysroot / path;
}

std::vector<GroupMount> parse_group_mounts(std::string_view text) {
  std::vector<GroupMount> mounts;
  for (const std::string_view line : split(text, '\n')) {
    const std::vector<std::string_view> words = words_of(line);
    // mountinfo: id parent device root folder options [optional...] - type source super-options
    const auto dash = std::find(words.begin(), words.end(), "-");
    if (words.size() >= 9 && dash - words.begin() >= 6 && words.end() - dash >= 4) {
      add(mounts, dash[1], words[4], words[3], dash[3]);
    } else if (words.size() == 6) {  // mounts: source folder type options 0 0
      add(mounts, words[2], words[1], "/", words[3]);
    }
  }
  return mounts;
}

std::vector<GroupMount> find_group_mounts(const std::filesystem::path& sysroot) {
  // Another machine's tree, or a host's that is mounted inside a container: process 1 lives where its /sys is.
  const char* const self_first[] = {"proc/self/mountinfo", "proc/mounts", "proc/1/mountinfo"};
  const char* const first_first[] = {"proc/1/mountinfo", "proc/self/mountinfo", "proc/mounts"};
  constexpr std::uint64_t limit = 64 << 20;
  for (const char* name : sysroot == "/" ? self_first : first_first) {
    const Result<std::string> text = read_file(sysroot / name, limit);
    if (!text) continue;
    std::vector<GroupMount> mounts = parse_group_mounts(*text);
    for (GroupMount& mount : mounts) mount.folder = under(sysroot, mount.folder.native());
    std::erase_if(mounts, [](const GroupMount& mount) { return !is_folder(mount.folder); });
    if (!mounts.empty()) return mounts;
  }

  std::vector<GroupMount> mounts;
  const std::filesystem::path usual = sysroot / "sys/fs/cgroup";
  std::error_code ignored;
  for (const std::filesystem::path& folder : {usual, usual / "unified"}) {
    if (std::filesystem::exists(folder / "cgroup.procs", ignored) ||
        std::filesystem::exists(folder / "cgroup.controllers", ignored)) {
      mounts.push_back({folder, "/", 2, {}});
      break;
    }
  }
  const std::pair<const char*, std::vector<std::string>> known[] = {{"cpu,cpuacct", {"cpu", "cpuacct"}},
                                                                    {"cpuacct", {"cpuacct"}},
                                                                    {"cpu", {"cpu"}},
                                                                    {"memory", {"memory"}},
                                                                    {"systemd", {"name=systemd"}}};
  for (const auto& [name, controllers] : known) {
    if (is_folder(usual / name)) mounts.push_back({usual / name, "/", 1, controllers});
  }
  return mounts;
}

const GroupMount* find_controller(const std::vector<GroupMount>& mounts, std::string_view controller) {
  const GroupMount* found = nullptr;
  for (const GroupMount& mount : mounts) {
    const bool fits = controller.empty()
                          ? mount.version == 2
                          : mount.version == 1 && std::find(mount.controllers.begin(), mount.controllers.end(),
                                                            controller) != mount.controllers.end();
    if (fits && (found == nullptr || (found->root != "/" && mount.root == "/"))) found = &mount;
  }
  return found;
}

}  // namespace cradle::capture
