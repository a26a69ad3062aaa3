// The layouts that container runtimes, kubelet, Slurm and systemd document for the groups that they make.
#include "cradle/capture/tenant.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "cradle/base/text.h"

namespace cradle::capture {

namespace {

constexpr std::size_t id_digits = 64;          // of a container, OCI runtimes
constexpr std::size_t static_pod_digits = 32;  // kubelet's hash of a static pod's manifest
constexpr std::array<std::size_t, 5> uid_groups{8, 4, 4, 4, 12};

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); });
}
bool is_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}
bool is_container_id(std::string_view text) { return text.size() == id_digits && is_hex(text); }

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (text.substr(0, prefix.size()) != prefix) return false;
  text.remove_prefix(prefix.size());
  return true;
}
bool take_suffix(std::string_view& text, std::string_view suffix) {
  if (text.size() < suffix.size() || text.substr(text.size() - suffix.size()) != suffix) return false;
  text.remove_suffix(suffix.size());
  return true;
}

/// A pod's uid; systemd's names have '_' in place of '-', which parts slices.
std::optional<std::string> pod_uid(std::string_view text) {
  if (text.size() == static_pod_digits && is_hex(text)) return std::string(text);
  std::string uid(text);
  std::replace(uid.begin(), uid.end(), '_', '-');
  std::size_t at = 0;
  for (std::size_t group = 0; group < uid_groups.size(); ++group) {
    if (group > 0 && (at >= uid.size() || uid[at++] != '-')) return std::nullopt;
    if (uid.size() < at + uid_groups[group] || !is_hex(std::string_view(uid).substr(at, uid_groups[group]))) {
      return std::nullopt;
    }
    at += uid_groups[group];
  }
  if (at != uid.size()) return std::nullopt;
  return uid;
}

/// "podUID" or a slice "...kubepods[-QOS]-podUID.slice".
std::optional<std::string> pod_of(std::string_view name) {
  if (take_suffix(name, ".slice")) {
    const std::size_t at = name.rfind("-pod");
    if (at == std::string_view::npos || name.find("kubepods") == std::string_view::npos) return std::nullopt;
    return pod_uid(name.substr(at + 4));
  }
  if (!take_prefix(name, "pod")) return std::nullopt;
  return pod_uid(name);
}

struct Container {
  std::string id;
  std::string runtime;
};

constexpr std::pair<std::string_view, const char*> runtime_prefixes[] = {{"docker", "docker"},
                                                                         {"cri-containerd", "containerd"},
                                                                         {"containerd", "containerd"},
                                                                         {"nerdctl", "containerd"},
                                                                         {"crio", "crio"},
                                                                         {"libpod", "podman"},
                                                                         {"podman", "podman"}};

/// The runtime whose folder a bare id lies in: "/docker/ID", "/libpod_parent/ID".
std::string runtime_of_folder(std::string_view parent) {
  if (parent == "docker" || parent.find("dockerd") != std::string_view::npos) return "docker";
  if (parent.substr(0, 6) == "libpod") return "podman";
  if (parent == "containerd" || parent == "containerd.service") return "containerd";
  return {};
}

/// "ID", "RUNTIME-ID", "RUNTIME-ID.scope", and "SLICE:RUNTIME:ID" as made by a runtime that takes systemd's driver for
/// cgroupfs. A monitor's group ("crio-conmon-ID.scope") is none.
std::optional<Container> container_of(std::string_view name, std::string_view parent) {
  if (is_container_id(name)) return Container{std::string(name), runtime_of_folder(parent)};
  if (const std::vector<std::string_view> parts = split(name, ':'); parts.size() == 3 && is_container_id(parts[2])) {
    for (const auto& [prefix, runtime] : runtime_prefixes) {
      if (parts[1] == prefix) return Container{std::string(parts[2]), runtime};
    }
    return Container{std::string(parts[2]), ""};
  }
  take_suffix(name, ".scope");
  for (const auto& [prefix, runtime] : runtime_prefixes) {
    std::string_view rest = name;
    if (take_prefix(rest, prefix) && take_prefix(rest, "-") && is_container_id(rest)) {
      return Container{std::string(rest), runtime};
    }
  }
  return std::nullopt;
}

/// "/lxc/NAME", "/lxc.payload/NAME", "/lxc.payload.NAME" and the monitors beside them.
std::optional<std::string> lxc_of(std::string_view name, std::string_view parent, bool at_top) {
  if (parent == "lxc" || parent == "lxc.payload" || parent == "lxc.monitor") return std::string(name);
  if (!at_top) return std::nullopt;
  for (const char* prefix : {"lxc.payload.", "lxc.monitor."}) {
    std::string_view rest = name;
    if (take_prefix(rest, prefix) && !rest.empty()) return std::string(rest);
  }
  return std::nullopt;
}

/// systemd puts '_' before names that the kernel's own files could have (systemd.unit(5), cgroup delegation).
std::string_view unescape_group(std::string_view name) {
  if (name.size() > 1 && name.front() == '_') name.remove_prefix(1);
  return name;
}

std::optional<std::string> unit_of(std::string_view name) {
  const std::string_view plain = unescape_group(name);
  for (const char* suffix : {".service", ".scope", ".slice", ".socket", ".mount", ".swap"}) {
    std::string_view stem = plain;
    if (take_suffix(stem, suffix) && !stem.empty()) return std::string(plain);
  }
  return std::nullopt;
}

/// "\x2d" to '-': systemd-escape(1).
std::string unescape_unit(std::string_view text) {
  const auto digit = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
  };
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escaped = text[i] == '\\' && i + 3 < text.size() && text[i + 1] == 'x' && digit(text[i + 2]) >= 0 &&
                         digit(text[i + 3]) >= 0;
    if (escaped) {
      plain += static_cast<char>(digit(text[i + 2]) * 16 + digit(text[i + 3]));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

/// "machine-qemu\x2d1\x2dweb.scope" to "qemu-1-web"; empty for other scopes.
std::string machine_of(std::string_view unit) {
  if (!take_suffix(unit, ".scope") || !take_prefix(unit, "machine-")) return {};
  return unescape_unit(unit);
}

bool is_slurm_root(std::string_view name) {
  if (name == "slurm" || name.substr(0, 6) == "slurm_") return true;
  return name == "slurmstepd.scope" || (name.size() > 17 && take_suffix(name, "_slurmstepd.scope"));
}

/// Reads a path from the root to the leaf.
class Reader {
 public:
  void read(std::string_view name) {
    if (name.empty()) return;
    if (auto unit = unit_of(name)) read_unit(std::move(*unit));
    if (auto lxc = lxc_of(name, parent_, depth_ == 0)) enter_container({std::move(*lxc), "lxc"});
    if (auto pod = pod_of(name)) enter_pod(std::move(*pod));
    if (auto container = container_of(name, parent_)) {
      if (const std::string_view slice = name.substr(0, name.find(':')); slice.size() < name.size()) {
        if (auto pod = pod_of(slice)) enter_pod(std::move(*pod));
      }
      enter_container(std::move(*container));
    }
    read_slurm(name);
    parent_ = name;
    ++depth_;
  }

  Tenant finish(std::string_view path) {
    if (depth_ == 0) {
      tenant_.name = "/";
    } else if (tenant_.kind == TenantKind::node) {
      tenant_.kind = TenantKind::group;
      tenant_.name = path;
    }
    return std::move(tenant_);
  }

 private:
  bool is_tenant() const {
    return tenant_.kind == TenantKind::container || tenant_.kind == TenantKind::pod ||
           tenant_.kind == TenantKind::slurm_job;
  }

  void read_unit(std::string unit) {
    if (!is_tenant()) {
      const bool session = unit.substr(0, 8) == "session-" && unit.ends_with(".scope");
      std::string machine = machine_of(unit);
      tenant_.kind = session ? TenantKind::session : machine.empty() ? TenantKind::unit : TenantKind::group;
      tenant_.name = machine.empty() ? unit : std::move(machine);
    }
    tenant_.unit = std::move(unit);
  }

  void enter_pod(std::string uid) {
    tenant_.kind = TenantKind::pod;
    tenant_.name = uid;
    tenant_.pod_id = std::move(uid);
    tenant_.container_id.clear();
    tenant_.runtime.clear();
  }

  void enter_container(Container container) {
    tenant_.kind = TenantKind::container;
    tenant_.name = container.id;
    tenant_.container_id = std::move(container.id);
    tenant_.runtime = std::move(container.runtime);
  }

  void read_slurm(std::string_view name) {
    if (is_slurm_root(name)) {
      in_slurm_ = true;
      return;
    }
    if (!in_slurm_) return;
    if (take_prefix(name, "uid_") && is_digits(name)) {
      tenant_.slurm_user = name;
    } else if (take_prefix(name, "job_") && is_digits(name)) {
      tenant_.slurm_job = name;
      tenant_.kind = TenantKind::slurm_job;
      tenant_.name = "job " + tenant_.slurm_job;
      tenant_.slurm_step.clear();
    } else if (!tenant_.slurm_job.empty() && tenant_.slurm_step.empty() && take_prefix(name, "step_") &&
               !name.empty()) {
      tenant_.slurm_step = name;
    }
  }

  Tenant tenant_;
  std::string_view parent_;
  std::size_t depth_ = 0;
  bool in_slurm_ = false;
};

}  // namespace

const char* to_string(TenantKind kind) {
  switch (kind) {
    case TenantKind::node: return "node";
    case TenantKind::unit: return "unit";
    case TenantKind::session: return "session";
    case TenantKind::container: return "container";
    case TenantKind::pod: return "pod";
    case TenantKind::slurm_job: return "slurm-job";
    case TenantKind::group: break;
  }
  return "group";
}

Tenant tenant_of(std::string_view group_path) {
  Reader reader;
  std::size_t at = 0;
  while (at <= group_path.size()) {
    const std::size_t end = std::min(group_path.find('/', at), group_path.size());
    reader.read(group_path.substr(at, end - at));
    at = end + 1;
  }
  return reader.finish(group_path);
}

}  // namespace cradle::capture
