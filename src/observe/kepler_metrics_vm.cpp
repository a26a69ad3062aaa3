#include "kepler_metrics_vm.h"

#include "cradle/base/text.h"

namespace cradle::observe {

namespace {

/// systemd writes '-' within a name as \x2d.
std::string unescaped(std::string_view name) {
  constexpr std::string_view dash = "\\x2d";
  std::string text;
  while (!name.empty()) {
    const bool escaped = name.starts_with(dash);
    text += escaped ? '-' : name[0];
    name.remove_prefix(escaped ? dash.size() : 1);
  }
  return text;
}

/// "qemu-3-web-1" after its prefix: "3-web-1" gives "web-1".
std::string without_number(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos || !parse_integer(text.substr(0, dash))) return {};
  return std::string(text.substr(dash + 1));
}

}  // namespace

VirtualMachine virtual_machine(std::string_view group_path, std::string_view command, std::int32_t pid) {
  constexpr std::string_view scope_start = "machine-qemu\\x2d", scope_end = ".scope";
  constexpr std::string_view plain_start = "qemu-", plain_end = ".libvirt-qemu";
  for (const std::string_view folder : split(group_path, '/')) {
    std::string name;
    if (folder.starts_with(scope_start) && folder.ends_with(scope_end))
      name = without_number(
          unescaped(folder.substr(scope_start.size(), folder.size() - scope_start.size() - scope_end.size())));
    else if (folder.starts_with(plain_start) && folder.ends_with(plain_end) &&
             folder.size() > plain_start.size() + plain_end.size())
      name = without_number(folder.substr(plain_start.size(), folder.size() - plain_start.size() - plain_end.size()));
    if (!name.empty()) return {name, name};
  }
  if (!command.starts_with("qemu-system-") && !command.starts_with("qemu-kvm")) return {};
  const std::string id = "pid-" + std::to_string(pid);
  return {id, id};
}

}  // namespace cradle::observe
