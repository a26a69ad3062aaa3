#include "group.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string_view>
#include <thread>
#include <utility>

#include "cradle/base/file.h"
#include "cradle/kernel/byte_meter.h"

namespace cradle::bench {

namespace {

void remove_group(const std::filesystem::path& folder) {
  std::ofstream(folder / "cgroup.kill") << 1;
  // What was ended leaves the group a little later.
  for (int attempt = 0; attempt < 200; ++attempt) {
    if (rmdir(folder.c_str()) == 0 || errno == ENOENT) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

int status_of(int wait_status) {
  return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

}  // namespace

Result<Group> Group::make(const std::string& name) {
  const std::filesystem::path root = kernel::cgroup2_root();
  if (root.empty()) return missing_data("cgroup version 2 is not mounted", "/proc/self/mounts", "mount -t cgroup2 ...");
  Group group;
  group.path_ = "/" + name;
  if (mkdir((root / name).c_str(), 0755) != 0) {
    return failure(std::string("no control group can be made: ") + std::strerror(errno), (root / name).string(),
                   "run as root");
  }
  group.folder_ = root / name;
  return group;
}

Group::Group(Group&& other) noexcept
    : path_(std::move(other.path_)), folder_(std::exchange(other.folder_, std::filesystem::path())) {}

Group::~Group() {
  if (!folder_.empty()) remove_group(folder_);
}

std::int64_t Group::cpu_ns() const {
  const Result<std::string> text = read_file(folder_ / "cpu.stat", 1 << 16);
  constexpr std::string_view key = "usage_usec ";
  const std::size_t at = text ? text->find(key) : std::string::npos;
  std::int64_t microseconds = 0;
  if (at == std::string::npos) return 0;
  std::from_chars(text->data() + at + key.size(), text->data() + text->size(), microseconds);
  return microseconds * 1000;
}

pid_t Group::start(const std::function<int()>& body) const {
  const std::string members = (folder_ / "cgroup.procs").string();
  const pid_t parent = getpid();
  const pid_t process = fork();
  if (process != 0) return process;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(126);
  const int file = open(members.c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0 || write(file, "0", 1) != 1) _exit(126);
  close(file);
  _exit(body());
}

pid_t Group::start_command(const std::vector<std::string>& command) const {
  return start([&command] {
    const int nowhere = open("/dev/null", O_RDWR);
    for (int stream = 0; stream < 3; ++stream) dup2(nowhere, stream);
    setenv("CCACHE_DISABLE", "1", 1);
    std::vector<char*> arguments;
    for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    execvp(arguments[0], arguments.data());
    return 127;
  });
}

int wait_for(pid_t process) {
  int status = 0;
  while (waitpid(process, &status, 0) < 0) {
    if (errno != EINTR) return 127;
  }
  return status_of(status);
}

bool has_ended(pid_t process, int& status) {
  int wait_status = 0;
  const pid_t ended = waitpid(process, &wait_status, WNOHANG);
  if (ended == process) status = status_of(wait_status);
  return ended != 0;
}

void end(pid_t process) {
  if (process <= 0) return;
  kill(process, SIGKILL);
  wait_for(process);
}

void remove_groups(const std::string& prefix) {
  const std::filesystem::path root = kernel::cgroup2_root();
  std::error_code error;
  std::vector<std::filesystem::path> ours;
  for (const auto& entry : std::filesystem::directory_iterator(root, error)) {
    if (entry.path().filename().string().starts_with(prefix)) ours.push_back(entry.path());
  }
  for (const std::filesystem::path& folder : ours) remove_group(folder);
}

}  // namespace cradle::bench
