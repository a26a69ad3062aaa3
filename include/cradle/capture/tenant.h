// Who a control group is: a container, a pod, a Slurm job, a systemd unit, read from its path alone.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cradle::capture {

enum class TenantKind : std::uint8_t {
  node,  ///< the root group and whatever no rule knows: the machine's own
  unit,  ///< a systemd service, scope or slice
  session,
  container,
  pod,
  slurm_job,
  group,  ///< a control group that somebody made, of no known kind
};

const char* to_string(TenantKind kind);  ///< "node", "unit", "session", "container", "pod", "slurm-job", "group"

/// Empty where the path does not say it.
struct Tenant {
  TenantKind kind = TenantKind::node;
  /// What grams are told by: container id of 64 hex digits (LXC: its name), pod uid with '-', "job 4711",
  /// "ssh.service", a virtual machine's "qemu-1-web", or the path.
  std::string name;
  std::string container_id;
  std::string runtime;  ///< docker, containerd, crio, podman, lxc
  std::string pod_id;   ///< uid in the form 8-4-4-4-12; of a static pod the 32 hex digits that the kubelet gave it
  std::string slurm_job, slurm_step, slurm_user;
  std::string unit;  ///< nearest systemd unit, as systemctl names it: "dev-disk-by\x2duuid.swap"
};

/// Paths of cgroup v1 and v2, cgroupfs and systemd drivers. Of nested containers, pods and jobs the innermost counts;
/// what an outer one said of other kinds stays. Never fails: a path that no rule knows is a group of that
/// name. Sources: the runtimes' documented layouts (kubepods slices, docker-, cri-containerd-, crio-, libpod- scopes,
/// slurmstepd.scope and slurm/uid_U/job_J/step_S).
Tenant tenant_of(std::string_view group_path);

}  // namespace cradle::capture
