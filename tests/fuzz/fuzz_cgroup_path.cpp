// Paths of control groups, /proc/PID/cgroup and mount tables on any bytes: a tenant always has a name, nothing is read
// beyond the text.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "../../src/capture/group_mounts.h"
#include "../../src/capture/proc_text.h"
#include "cradle/capture/tenant.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cradle::capture;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Tenant tenant = tenant_of(text);
  if (tenant.name.empty()) std::abort();
  if (tenant.kind == TenantKind::container && tenant.container_id.empty()) std::abort();
  if (tenant.kind == TenantKind::pod && tenant.pod_id.empty()) std::abort();
  if (tenant.kind == TenantKind::slurm_job && tenant.slurm_job.empty()) std::abort();
  for (const char* controller : {"", "cpuacct", "name=systemd"}) {
    const std::string_view path = path_of_group(text, controller);
    if (path.size() > size || path.find('\n') != std::string_view::npos) std::abort();
  }
  for (const GroupMount& mount : parse_group_mounts(text)) {
    if (mount.version != 1 && mount.version != 2) std::abort();
  }
  return 0;
}
