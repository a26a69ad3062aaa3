// Where the control groups of this machine are mounted.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace cradle::capture {

/// One mounted hierarchy of control groups.
struct GroupMount {
  std::filesystem::path folder;  ///< with the sysroot in front
  std::string root;              ///< path of the group that is mounted, "/" for the whole hierarchy
  int version = 2;
  std::vector<std::string> controllers;  ///< of version 1: "cpu", "cpuacct", "memory", "name=systemd"
};

/// Lines of /proc/PID/mountinfo or of /proc/mounts (proc(5)): those of control groups, folders without the sysroot.
std::vector<GroupMount> parse_group_mounts(std::string_view text);

/// Hierarchies under `sysroot` that are really there, by its /proc or else in the usual places.
std::vector<GroupMount> find_group_mounts(const std::filesystem::path& sysroot);

/// The mount of version 1 that has this controller, or of version 2 for an empty name; the one that shows the whole
/// hierarchy if there are several; null if there is none.
const GroupMount* find_controller(const std::vector<GroupMount>& mounts, std::string_view controller);

/// `sysroot` with `path` inside it, also if `path` begins with '/'.
std::filesystem::path under(const std::filesystem::path& sysroot, std::string_view path);

}  // namespace cradle::capture
