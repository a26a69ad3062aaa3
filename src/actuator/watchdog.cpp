#include "watchdog.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <map>
#include <string_view>
#include <system_error>
#include <vector>

#include "cradle/base/text.h"
#include "register.h"
#include "run_folder.h"

namespace cradle::actuator {

namespace {

constexpr std::size_t longest_message = 60'000;
constexpr char watch_word = 'w', kept_word = 'k';
constexpr int tries = 50;
constexpr int between_tries_ms = 100;
constexpr int farewell_ms = 2000;

std::string reason(int error) { return to_lower(std::generic_category().message(error)); }

struct Watched {
  std::string journal;
  Lock lock;
};

/// Everything below runs in the watchdog.
class Guard {
 public:
  Guard(int socket, int owner) : socket_(socket), owner_(owner) {}

  void run() {
    for (;;) {
      pollfd ends[2] = {{socket_, POLLIN, 0}, {owner_, POLLIN, 0}};
      if (::poll(ends, 2, -1) < 0 && errno != EINTR) break;
      // A child of the owner may keep the socket open: the owner's end is also told by its pidfd.
      const bool died = (ends[1].revents & POLLIN) != 0;
      while (const int heard = hear())
        if (heard < 0) return put_back();
      if (died) return put_back();
    }
  }

 private:
  /// 1: a message, 0: none now, -1: the owner's end is closed.
  int hear() {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    iovec data{buffer_.data(), buffer_.size()};
    msghdr header{};
    header.msg_iov = &data;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    const ssize_t count = ::recvmsg(socket_, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (count < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
    if (count == 0) return -1;
    int fd = -1;
    const cmsghdr* extra = CMSG_FIRSTHDR(&header);
    if (extra && extra->cmsg_level == SOL_SOCKET && extra->cmsg_type == SCM_RIGHTS)
      std::memcpy(&fd, CMSG_DATA(extra), sizeof fd);
    heed(std::string_view(buffer_.data(), static_cast<std::size_t>(count)), Lock(fd));
    return 1;
  }

  void heed(std::string_view message, Lock lock) {
    const char word = message[0];
    message.remove_prefix(1);
    const auto end = message.find('\0');
    const std::string file(message.substr(0, end));
    if (word == watch_word && end != std::string_view::npos) {
      watched_[file] = {std::string(message.substr(end + 1)), std::move(lock)};
    } else if (const auto found = watched_.find(file); found != watched_.end()) {
      found->second.lock.leave();  // the owner may hold it still
      watched_.erase(found);
    }
  }

  void put_back() {
    for (int attempt = 0; attempt < tries && !watched_.empty(); ++attempt) {
      if (attempt > 0) ::poll(nullptr, 0, between_tries_ms);
      for (auto next = watched_.begin(); next != watched_.end();) {
        const auto journal = parse_journal(next->second.journal, next->first);
        if (!journal || !write_back(*journal)) {
          ++next;
          continue;
        }
        ::unlink(next->first.c_str());
        next = watched_.erase(next);
      }
    }
    // What still refuses keeps its journal; its lock goes with this process.
  }

  int socket_, owner_;
  std::map<std::string, Watched> watched_;
  std::vector<char> buffer_ = std::vector<char>(longest_message + 1);
};

/// Everything but the two: descriptors of the owner would keep alive what should go with it.
void close_all_but(int a, int b) {
  const auto low = static_cast<unsigned>(std::min(a, b)), high = static_cast<unsigned>(std::max(a, b));
  if (low > 3) ::close_range(3, low - 1, 0);
  if (high - low > 1) ::close_range(low + 1, high - 1, 0);
  ::close_range(high + 1, ~0u, 0);
  const int nothing = ::open("/dev/null", O_RDWR);
  for (int fd = 0; fd < 3 && nothing >= 0; ++fd) ::dup2(nothing, fd);
  if (nothing > 2) ::close(nothing);
}

[[noreturn]] void be_the_watchdog(int socket, int owner) {
  ::setsid();
  // Twice, so that it is no child of the owner: nobody who waits for children will meet it.
  if (::fork() != 0) ::_exit(0);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGTSTP, SIGUSR1, SIGUSR2, SIGALRM})
    ::signal(signal, SIG_IGN);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::prctl(PR_SET_NAME, "cradle-watchdog");
  close_all_but(socket, owner);
  if (::chdir("/") != 0) ::_exit(1);
  // When memory runs out the owner may be chosen, its watchdog should not; only root may ask for that.
  static_cast<void>(write_register({"/proc/self/oom_score_adj", "-1000"}).has_value());
  const pid_t self = ::getpid();
  if (::send(socket, &self, sizeof self, MSG_NOSIGNAL) != sizeof self) ::_exit(1);
  Guard(socket, owner).run();
  ::_exit(0);
}

bool has_threads() { return names_in("/proc/self/task").size() > 1; }

}  // namespace

Result<std::unique_ptr<Watchdog>> Watchdog::start() {
  if (has_threads())
    return failure("this process has threads", "watchdog", "open the owner before the first thread is started");
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return failure("no socket: " + reason(errno), "watchdog", "raise the limit of open files");
  const pid_t owner = ::getpid();
  // Not by its header, which in glibc 2.36 is for C alone.
  const auto pidfd = static_cast<int>(::syscall(SYS_pidfd_open, owner, 0));
  const pid_t child = pidfd < 0 ? -1 : ::fork();
  if (child == 0) {
    ::close(ends[0]);
    be_the_watchdog(ends[1], pidfd);
  }
  const int error = errno;
  if (pidfd >= 0) ::close(pidfd);
  ::close(ends[1]);
  if (child < 0) {
    ::close(ends[0]);
    return failure("cannot be started: " + reason(error), "watchdog",
                   "raise the limit of processes; Linux 5.3 or later");
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  pid_t pid = 0;
  ssize_t count = 0;
  do count = ::recv(ends[0], &pid, sizeof pid, 0);
  while (count < 0 && errno == EINTR);
  if (count != sizeof pid) {
    ::close(ends[0]);
    return failure("it ended at once", "watchdog", "raise the limit of processes");
  }
  return std::unique_ptr<Watchdog>(new Watchdog(ends[0], pid, owner));
}

Watchdog::~Watchdog() {
  // In a fork of the owner only this copy closes.
  if (::getpid() == owner_) {
    ::shutdown(socket_, SHUT_WR);
    pollfd end{socket_, POLLIN, 0};
    ::poll(&end, 1, farewell_ms);
  }
  ::close(socket_);
}

bool Watchdog::alive() const {
  pollfd end{socket_, 0, 0};
  return ::poll(&end, 1, 0) >= 0 && (end.revents & (POLLHUP | POLLERR)) == 0;
}

Result<void> Watchdog::say(const std::string& message, int lock) {
  if (message.size() > longest_message)
    return bad_input("more to save than a message holds", "watchdog", "shorten the path of the device");
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  iovec data{const_cast<char*>(message.data()), message.size()};
  msghdr header{};
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  if (lock >= 0) {
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    cmsghdr* extra = CMSG_FIRSTHDR(&header);
    extra->cmsg_level = SOL_SOCKET;
    extra->cmsg_type = SCM_RIGHTS;
    extra->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(extra), &lock, sizeof lock);
  }
  ssize_t count = 0;
  do count = ::sendmsg(socket_, &header, MSG_NOSIGNAL);
  while (count < 0 && errno == EINTR);
  if (count == static_cast<ssize_t>(message.size())) return {};
  return failure("the watchdog is gone: " + reason(errno), "process " + std::to_string(pid_),
                 "open the owner again; values that were saved stand in the run folder");
}

Result<void> Watchdog::watch(const std::filesystem::path& file, const std::string& journal, int lock) {
  return say(std::string(1, watch_word) + file.string() + '\0' + journal, lock);
}

Result<void> Watchdog::kept(const std::filesystem::path& file) { return say(kept_word + file.string(), -1); }

}  // namespace cradle::actuator
