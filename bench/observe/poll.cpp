#include "poll.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <set>

namespace cradle::bench {

namespace {

std::int64_t tick_ns() {
  static const std::int64_t tick = 1'000'000'000 / sysconf(_SC_CLK_TCK);
  return tick;
}

/// The text of a small file of /proc; 0: it is gone.
std::size_t read_small(const char* path, char* text, std::size_t size) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  const ssize_t length = read(file, text, size - 1);
  close(file);
  if (length <= 0) return 0;
  text[length] = 0;
  return static_cast<std::size_t>(length);
}

}  // namespace

std::map<std::pair<pid_t, std::uint64_t>, std::int64_t> read_processes() {
  std::map<std::pair<pid_t, std::uint64_t>, std::int64_t> times;
  DIR* folder = opendir("/proc");
  if (folder == nullptr) return times;
  char path[64], text[4096];
  while (const dirent* entry = readdir(folder)) {
    const int pid = std::atoi(entry->d_name);
    if (pid <= 0) continue;
    std::snprintf(path, sizeof path, "/proc/%d/stat", pid);
    if (read_small(path, text, sizeof text) == 0) continue;
    const char* fields = std::strrchr(text, ')');
    unsigned long long user = 0, system = 0, started = 0;
    // proc(5): after the name come fields 3 to 22; 14 and 15 are utime and stime, 22 the start.
    if (fields == nullptr || std::sscanf(fields + 1,
                                         " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d %*d "
                                         "%*d %llu",
                                         &user, &system, &started) != 3) {
      continue;
    }
    times[{pid, started}] = static_cast<std::int64_t>(user + system) * tick_ns();
  }
  closedir(folder);
  return times;
}

BusyTime read_busy() {
  char text[4096];
  unsigned long long user = 0, nice = 0, system = 0, interrupts = 0, soft = 0, stolen = 0;
  if (read_small("/proc/stat", text, sizeof text) == 0 ||
      std::sscanf(text, "cpu %llu %llu %llu %*u %*u %llu %llu %llu", &user, &nice, &system, &interrupts, &soft,
                  &stolen) != 6) {
    return {};
  }
  return {static_cast<std::int64_t>(user + nice + system + interrupts + soft) * tick_ns(),
          static_cast<std::int64_t>(stolen) * tick_ns()};
}

Poll::Poll(std::chrono::milliseconds period, const std::vector<const Group*>& groups)
    : period_(period), groups_(groups), polled_(groups.size()), marks_(read_processes()), busy_(read_busy()) {
  thread_ = std::thread([this] {
    auto next = std::chrono::steady_clock::now() + period_;
    while (!stopping_) {
      // In short steps, so that stop() does not wait for a whole period.
      std::this_thread::sleep_for(std::min<std::chrono::steady_clock::duration>(
          std::chrono::milliseconds(20), next - std::chrono::steady_clock::now()));
      if (std::chrono::steady_clock::now() < next) continue;
      poll();
      next += period_;
    }
  });
}

Poll::~Poll() { stop(); }

const std::vector<Polled>& Poll::stop() {
  if (thread_.joinable()) {
    stopping_ = true;
    thread_.join();
    poll();
  }
  return polled_;
}

void Poll::poll() {
  std::vector<std::set<pid_t>> members(groups_.size());
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    std::ifstream file(groups_[g]->folder() / "cgroup.procs");
    for (pid_t pid = 0; file >> pid;) members[g].insert(pid);
  }
  auto now = read_processes();
  const BusyTime busy = read_busy();
  std::int64_t all = 0;
  std::vector<std::int64_t> seen(groups_.size());
  for (const auto& [key, time] : now) {
    const auto before = marks_.find(key);
    const std::int64_t step = std::max<std::int64_t>(time - (before == marks_.end() ? 0 : before->second), 0);
    all += step;
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      if (members[g].contains(key.first)) seen[g] += step;
    }
  }
  const auto active = static_cast<double>(busy.busy_ns - busy_.busy_ns + busy.stolen_ns - busy_.stolen_ns);
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    polled_[g].seen_ns += seen[g];
    if (all > 0) polled_[g].billed_ns += active * static_cast<double>(seen[g]) / static_cast<double>(all);
  }
  marks_ = std::move(now);
  busy_ = busy;
}

}  // namespace cradle::bench
