// Paths as the runtimes, kubelet, Slurm and systemd document their groups, written for this table.
#include "cradle/capture/tenant.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace cradle::capture {
namespace {

using enum TenantKind;

#define ID1 "4f3c2b1a09e8d7c6b5a4938271605f4e3d2c1b0a99887766554433221100ffee"
#define ID2 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define UID "7d4e1f0a-3b2c-4d5e-8f90-a1b2c3d4e5f6"
#define UID_ "7d4e1f0a_3b2c_4d5e_8f90_a1b2c3d4e5f6"
#define STATIC "0123456789abcdef0123456789abcdef"

struct Recorded {
  const char* path;
  TenantKind kind;
  const char* name;
  const char* container = "";
  const char* runtime = "";
  const char* pod = "";
  const char* job = "";
  const char* step = "";
  const char* user = "";
};

const Recorded corpus[] = {
    {"/", node, "/"},
    {"", node, "/"},
    {"//", node, "/"},
    // Docker, both drivers
    {"/docker/" ID1, container, ID1, ID1, "docker"},
    {"/system.slice/docker-" ID1 ".scope", container, ID1, ID1, "docker"},
    {"/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" ID1 ".scope", container, ID1, ID1, "docker"},
    {"/docker/" ID1 "/docker/" ID2, container, ID2, ID2, "docker"},
    {"/system.slice/docker-" ID1 ".scope/docker/" ID2, container, ID2, ID2, "docker"},
    {"/docker/" ID1 "/init.scope", container, ID1, ID1, "docker"},
    {"/docker/" ID1 "/system.slice/nginx.service", container, ID1, ID1, "docker"},
    {"/docker", group, "/docker"},
    {"/docker/short", group, "/docker/short"},
    {"/system.slice/docker.service", unit, "docker.service"},
    {"/custom-parent/" ID1, container, ID1, ID1, ""},
    {"/../docker-" ID2 ".scope", container, ID2, ID2, "docker"},
    {"/ecs/0a1b2c3d/" ID1, container, ID1, ID1, ""},
    // containerd, nerdctl
    {"/system.slice/nerdctl-" ID1 ".scope", container, ID1, ID1, "containerd"},
    {"/default/" ID1, container, ID1, ID1, ""},
    {"/system.slice/containerd.service/kubepods-burstable-pod" UID_ ".slice:cri-containerd:" ID1, container, ID1, ID1,
     "containerd", UID},
    // Podman
    {"/machine.slice/libpod-" ID1 ".scope", container, ID1, ID1, "podman"},
    {"/machine.slice/libpod-" ID1 ".scope/container", container, ID1, ID1, "podman"},
    {"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID1 ".scope", container, ID1, ID1, "podman"},
    {"/libpod_parent/libpod-" ID1, container, ID1, ID1, "podman"},
    {"/libpod_parent/" ID1, container, ID1, ID1, "podman"},
    {"/machine.slice/libpod-conmon-" ID1 ".scope", unit, "libpod-conmon-" ID1 ".scope"},
    {"/machine.slice/machine-libpod_pod_" ID2 ".slice/libpod-" ID1 ".scope", container, ID1, ID1, "podman"},
    // Kubernetes, cgroupfs
    {"/kubepods", group, "/kubepods"},
    {"/kubepods/burstable", group, "/kubepods/burstable"},
    {"/kubepods/pod" UID, pod, UID, "", "", UID},
    {"/kubepods/burstable/pod" UID, pod, UID, "", "", UID},
    {"/kubepods/besteffort/pod" UID "/" ID1, container, ID1, ID1, "", UID},
    {"/kubepods/burstable/pod" UID "/crio-" ID1, container, ID1, ID1, "crio", UID},
    {"/kubepods/pod" UID "/" ID1, container, ID1, ID1, "", UID},
    {"/kubepods/burstable/pod" STATIC "/" ID1, container, ID1, ID1, "", STATIC},
    {"/kubepods/burstable/podnot-a-uid", group, "/kubepods/burstable/podnot-a-uid"},
    // Kubernetes, systemd
    {"/kubepods.slice", unit, "kubepods.slice"},
    {"/kubepods.slice/kubepods-besteffort.slice", unit, "kubepods-besteffort.slice"},
    {"/kubepods.slice/kubepods-pod" UID_ ".slice", pod, UID, "", "", UID},
    {"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_ ".slice", pod, UID, "", "", UID},
    {"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_ ".slice/cri-containerd-" ID1 ".scope",
     container, ID1, ID1, "containerd", UID},
    {"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" UID_ ".slice/crio-" ID1 ".scope", container,
     ID1, ID1, "crio", UID},
    {"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" UID_ ".slice/crio-conmon-" ID1 ".scope", pod,
     UID, "", "", UID},
    {"/kubepods.slice/kubepods-pod" UID_ ".slice/docker-" ID1 ".scope", container, ID1, ID1, "docker", UID},
    {"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" STATIC ".slice/crio-" ID1 ".scope", container,
     ID1, ID1, "crio", STATIC},
    {"/kubepods.slice/kubepods-pod" UID_ ".slice/cri-containerd-" ID1 ".scope/system.slice/sshd.service", container,
     ID1, ID1, "containerd", UID},
    // kind and minikube: a node in a container
    {"/docker/" ID1 "/kubelet/kubepods/burstable/pod" UID "/" ID2, container, ID2, ID2, "", UID},
    {"/docker/" ID1 "/kubelet/kubepods/burstable/pod" UID, pod, UID, "", "", UID},
    {"/docker/" ID1
     "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod" UID_
     ".slice/cri-containerd-" ID2 ".scope",
     container, ID2, ID2, "containerd", UID},
    {"/docker/" ID1 "/kubelet", container, ID1, ID1, "docker"},
    {"/system.slice/docker-" ID1 ".scope/kubepods.slice/kubepods-pod" UID_ ".slice/docker-" ID2 ".scope", container,
     ID2, ID2, "docker", UID},
    // Slurm
    {"/slurm/uid_1000/job_42/step_0/task_0", slurm_job, "job 42", "", "", "", "42", "0", "1000"},
    {"/slurm/uid_1000/job_42", slurm_job, "job 42", "", "", "", "42", "", "1000"},
    {"/slurm/uid_1000", group, "/slurm/uid_1000", "", "", "", "", "", "1000"},
    {"/slurm_node7/uid_501/job_4711/step_extern/task_0", slurm_job, "job 4711", "", "", "", "4711", "extern", "501"},
    {"/system.slice/slurmstepd.scope/job_42/step_batch/user/task_0", slurm_job, "job 42", "", "", "", "42", "batch"},
    {"/system.slice/node7_slurmstepd.scope/job_9/step_interactive/slurm", slurm_job, "job 9", "", "", "", "9",
     "interactive"},
    {"/system.slice/slurmstepd.scope/system", unit, "slurmstepd.scope"},
    {"/slurm/uid_1000/job_x", group, "/slurm/uid_1000/job_x", "", "", "", "", "", "1000"},
    {"/system.slice/slurmstepd.scope/job_42/step_0/user/libpod-" ID1 ".scope", container, ID1, ID1, "podman", "", "42",
     "0"},
    {"/docker/" ID1 "/slurm/uid_0/job_3/step_0", slurm_job, "job 3", ID1, "docker", "", "3", "0", "0"},
    {"/job_42/step_0", group, "/job_42/step_0"},
    // systemd
    {"/init.scope", unit, "init.scope"},
    {"/system.slice", unit, "system.slice"},
    {"/system.slice/ssh.service", unit, "ssh.service"},
    {"/system.slice/cron.service", unit, "cron.service"},
    {"/system.slice/ssh.service/workers/a", unit, "ssh.service"},
    {"/system.slice/system-getty.slice/getty@tty1.service", unit, "getty@tty1.service"},
    {"/system.slice/dev-disk-by\\x2duuid-1234.swap", unit, "dev-disk-by\\x2duuid-1234.swap"},
    {"/system.slice/var-lib-docker.mount", unit, "var-lib-docker.mount"},
    {"/system.slice/_cpu.service", unit, "cpu.service"},
    {"/user.slice/user-1000.slice/session-3.scope", session, "session-3.scope"},
    {"/user.slice/user-0.slice/session-c12.scope", session, "session-c12.scope"},
    {"/user.slice/user-1000.slice/user@1000.service/app.slice/app-org.gnome.Terminal.slice/vte-spawn-1a.scope", unit,
     "vte-spawn-1a.scope"},
    {"/user.slice/user-1000.slice/user@1000.service/init.scope", unit, "init.scope"},
    // LXC
    {"/lxc/web", container, "web", "web", "lxc"},
    {"/lxc/web/init.scope", container, "web", "web", "lxc"},
    {"/lxc.payload.web", container, "web", "web", "lxc"},
    {"/lxc.payload/web/system.slice/nginx.service", container, "web", "web", "lxc"},
    {"/lxc.monitor.web", container, "web", "web", "lxc"},
    {"/lxc.payload.web/docker/" ID1, container, ID1, ID1, "docker"},
    // Virtual machines and what anybody makes
    {"/machine.slice/machine-qemu\\x2d1\\x2dweb.scope/libvirt/emulator", group, "qemu-1-web"},
    {"/machine.slice/machine-qemu\\x2d1\\x2dweb.scope", group, "qemu-1-web"},
    {"/machine/qemu-2-db.libvirt-qemu/vcpu0", group, "/machine/qemu-2-db.libvirt-qemu/vcpu0"},
    {"/machine.slice/systemd-nspawn@deb.service/payload", unit, "systemd-nspawn@deb.service"},
    {"/bench/a", group, "/bench/a"},
    {"/cradle", group, "/cradle"},
};

TEST(Tenant, CorpusOfPaths) {
  ASSERT_GE(std::size(corpus), 60u);
  for (const Recorded& recorded : corpus) {
    const Tenant tenant = tenant_of(recorded.path);
    EXPECT_STREQ(to_string(tenant.kind), to_string(recorded.kind)) << recorded.path;
    EXPECT_EQ(tenant.name, recorded.name) << recorded.path;
    EXPECT_EQ(tenant.container_id, recorded.container) << recorded.path;
    EXPECT_EQ(tenant.runtime, recorded.runtime) << recorded.path;
    EXPECT_EQ(tenant.pod_id, recorded.pod) << recorded.path;
    EXPECT_EQ(tenant.slurm_job, recorded.job) << recorded.path;
    EXPECT_EQ(tenant.slurm_step, recorded.step) << recorded.path;
    EXPECT_EQ(tenant.slurm_user, recorded.user) << recorded.path;
  }
}

TEST(Tenant, UnitIsTheNearestOne) {
  EXPECT_EQ(tenant_of("/system.slice/ssh.service/workers").unit, "ssh.service");
  EXPECT_EQ(tenant_of("/docker/" ID1 "/system.slice/nginx.service").unit, "nginx.service");
  EXPECT_EQ(tenant_of("/bench").unit, "");
}

RC_GTEST_PROP(TenantLaws, EveryPathHasANameAndAKind, (std::vector<std::string> parts)) {
  const std::vector<std::string> pieces{"docker", "kubepods", "pod" UID, ID1,   "slurm",       "job_1",
                                        "-pod",   ".slice",   ":",       "\\x", "lxc.payload."};
  std::string path;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    path += "/" + parts[i] + (parts[i].size() % 2 == 0 ? pieces[i % pieces.size()] : "");
  }
  const Tenant tenant = tenant_of(path);
  RC_ASSERT(!tenant.name.empty());
  RC_ASSERT(std::string(to_string(tenant.kind)) != "");
  RC_ASSERT(tenant.kind != container || !tenant.container_id.empty());
}

RC_GTEST_PROP(TenantLaws, GroupsInsideAContainerAreThatContainer, ()) {
  const auto leaf = *rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::inRange('a', 'z')));
  const Tenant tenant = tenant_of("/docker/" ID1 "/" + leaf);
  RC_ASSERT(tenant.kind == container && tenant.container_id == ID1);
}

}  // namespace
}  // namespace cradle::capture
