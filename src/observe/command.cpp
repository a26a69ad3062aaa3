#include "cradle/observe/command.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "cradle/base/text.h"

namespace cradle::observe {

namespace {

constexpr int not_found = 127, not_executable = 126, signal_base = 128;

/// Where cgroup v2 is mounted, by /proc/self/mountinfo; empty if it is not.
std::string version_2_mount() {
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    const auto dash = line.find(" - ");
    if (dash == std::string::npos || !std::string_view(line).substr(dash + 3).starts_with("cgroup2 ")) continue;
    const auto fields = split(std::string_view(line).substr(0, dash), ' ');
    constexpr std::size_t mount_point = 4;
    if (fields.size() > mount_point) return std::string(fields[mount_point]);
  }
  return {};
}

/// The caller's own group in version 2: the line "0::/path".
std::string own_group() {
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);)
    if (line.starts_with("0::")) return line.substr(3);
  return {};
}

bool write_number(const std::string& path, long number) {
  std::array<char, 24> text{};
  const int length = std::snprintf(text.data(), text.size(), "%ld", number);
  const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) return false;
  const bool written = ::write(file, text.data(), static_cast<std::size_t>(length)) == length;
  const int reason = errno;
  ::close(file);
  errno = reason;
  return written;
}

/// Empty groups of runs that were killed before they could remove theirs.
void sweep(const std::string& folder) {
  constexpr std::string_view prefix = "cradle-run-";
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(folder, none)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with(prefix)) continue;
    const auto pid = parse_integer(std::string_view(name).substr(prefix.size()));
    // rmdir refuses a group that has processes.
    if (pid && !std::filesystem::exists("/proc/" + std::to_string(*pid), none)) ::rmdir(entry.path().c_str());
  }
}

}  // namespace

Result<CommandRun> CommandRun::start(const std::vector<std::string>& command) {
  if (command.empty()) return bad_input("no command is given", "observe", "write it after --: cradle observe -- make");
  CommandRun run;
  run.name_ = command.front();
  if (const std::string mount = version_2_mount(); mount.empty()) {
    run.group_note_ = "cgroup v2 is not mounted";
  } else {
    const std::string own = own_group();
    run.group_ = (own == "/" ? "" : own) + "/cradle-run-" + std::to_string(::getpid());
    run.folder_ = mount + run.group_;
    sweep(mount + own);
    if (::mkdir(run.folder_.c_str(), S_IRWXU) != 0) {
      run.group_note_ = "no control group can be made in " + mount + own + ": " + std::strerror(errno);
      run.group_.clear();
      run.folder_.clear();
    }
  }

  std::array<int, 2> gate{}, report{};
  if (::pipe2(gate.data(), O_CLOEXEC) != 0) {
    run.remove_group();
    return failure(std::string("cannot make a pipe: ") + std::strerror(errno), "observe",
                   "raise the limit of open files");
  }
  if (::pipe2(report.data(), O_CLOEXEC) != 0) {
    ::close(gate[0]);
    ::close(gate[1]);
    run.remove_group();
    return failure(std::string("cannot make a pipe: ") + std::strerror(errno), "observe",
                   "raise the limit of open files");
  }
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const std::string procs = run.folder_.empty() ? "" : run.folder_ + "/cgroup.procs";

  run.pid_ = ::fork();
  if (run.pid_ == 0) {
    // Only async-signal-safe calls from here on.
    char go = 0;
    ::close(gate[1]);
    while (::read(gate[0], &go, 1) < 0 && errno == EINTR) {
    }
    ::signal(SIGINT, SIG_DFL);
    ::signal(SIGQUIT, SIG_DFL);
    ::signal(SIGPIPE, SIG_DFL);
    ::execvp(words[0], words.data());
    const int reason = errno;
    [[maybe_unused]] const auto told = ::write(report[1], &reason, sizeof reason);
    ::_exit(reason == ENOENT ? not_found : not_executable);
  }
  const int reason = errno;
  ::close(gate[0]);
  ::close(report[1]);
  run.gate_ = gate[1];
  run.report_ = report[0];
  if (run.pid_ < 0) {
    run.remove_group();
    return failure(std::string("cannot start a process: ") + std::strerror(reason), "observe",
                   "raise the limit of processes");
  }
  if (!procs.empty() && !write_number(procs, run.pid_)) {
    run.group_note_ = "the command cannot be moved into a control group: " + std::string(std::strerror(errno));
    run.remove_group();
    run.group_.clear();
  }
  return run;
}

CommandRun::CommandRun(CommandRun&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      gate_(std::exchange(other.gate_, -1)),
      report_(std::exchange(other.report_, -1)),
      ended_(other.ended_),
      exit_status_(other.exit_status_),
      waited_cpu_ns_(other.waited_cpu_ns_),
      group_(std::move(other.group_)),
      folder_(std::exchange(other.folder_, {})),
      group_note_(std::move(other.group_note_)),
      name_(std::move(other.name_)) {}

CommandRun::~CommandRun() {
  if (gate_ >= 0) ::close(gate_);
  if (report_ >= 0) ::close(report_);
  remove_group();
}

Result<void> CommandRun::release() {
  ::close(std::exchange(gate_, -1));
  int reason = 0;
  ssize_t count = 0;
  while ((count = ::read(report_, &reason, sizeof reason)) < 0 && errno == EINTR) {
  }
  ::close(std::exchange(report_, -1));
  if (count != static_cast<ssize_t>(sizeof reason)) return {};
  while (!ended_within(1000)) {
  }
  exit_status_ = reason == ENOENT ? not_found : not_executable;
  return failure("cannot run '" + name_ + "': " + std::strerror(reason), "observe",
                 reason == ENOENT ? "check the name and PATH" : "check that it is a program and may be executed");
}

bool CommandRun::ended_within(int milliseconds) {
  if (ended_) return true;
  const auto collect = [this] {
    int status = 0;
    struct rusage usage {};
    if (::wait4(pid_, &status, WNOHANG, &usage) != pid_) return false;
    ended_ = true;
    exit_status_ = WIFSIGNALED(status) ? signal_base + WTERMSIG(status) : WEXITSTATUS(status);
    const auto ns = [](const timeval& time) {
      return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::int64_t>(time.tv_usec) * 1000;
    };
    waited_cpu_ns_ = ns(usage.ru_utime) + ns(usage.ru_stime);
    return true;
  };
  if (collect()) return true;
  // The file descriptor of a process becomes readable when it ends.
  const int process = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  if (process < 0) {
    ::poll(nullptr, 0, milliseconds);
  } else {
    pollfd end{process, POLLIN, 0};
    ::poll(&end, 1, milliseconds);
    ::close(process);
  }
  return collect();
}

std::vector<int> CommandRun::left_behind() const {
  std::vector<int> pids;
  if (folder_.empty()) return pids;
  std::ifstream procs(folder_ + "/cgroup.procs");
  for (int pid = 0; procs >> pid;) pids.push_back(pid);
  return pids;
}

void CommandRun::remove_group() {
  if (folder_.empty()) return;
  // A process that was reaped just now may hold its group for a moment.
  constexpr int tries = 20, pause_ms = 5;
  for (int i = 0; i < tries && ::rmdir(folder_.c_str()) != 0 && errno == EBUSY && left_behind().empty(); ++i)
    ::poll(nullptr, 0, pause_ms);
  folder_.clear();
}

}  // namespace cradle::observe
