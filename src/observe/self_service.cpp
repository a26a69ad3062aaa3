#include "cradle/observe/self_service.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <thread>
#include <vector>

#include "cradle/base/file.h"
#include "cradle/base/text.h"

namespace cradle::observe {

namespace {

constexpr double joules_per_microjoule = 1e-6;
constexpr double seconds_per_ns = 1e-9;

/// A descriptor that is closed when it goes.
class Descriptor {
 public:
  explicit Descriptor(int file = -1) : file_(file) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (file_ >= 0) ::close(file_);
  }
  int get() const { return file_; }
  void set(int file) { file_ = file; }

 private:
  int file_;
};

struct Use {
  std::int64_t cpu_ns = 0, microjoules = 0;
  double operational_grams = 0, embodied_grams = 0;
};

struct ProcessRow {
  std::int32_t pid = 0;
  std::uint64_t started_ns = 0, group = 0;
  Use use;
};

struct GroupRow {
  std::uint64_t id = 0;
  std::string path;
  Use use;
};

struct Published {
  std::vector<ProcessRow> processes;  ///< living, by pid
  std::vector<GroupRow> groups;       ///< by id
  attribution::IdlePolicy policy = attribution::IdlePolicy::none;
  carbon::Knowledge knowledge = carbon::Knowledge::measured;
  Instant at;
};

const char* word(carbon::Knowledge knowledge) {
  switch (knowledge) {
    case carbon::Knowledge::measured: return "measured";
    case carbon::Knowledge::estimated: return "estimated";
    case carbon::Knowledge::simulated: return "simulated";
  }
  return "";
}

std::string quoted(const std::string& text) {
  std::string json = "\"";
  const bool readable = is_utf8(text);
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (byte == '"' || byte == '\\') {
      json += '\\';
      json += letter;
    } else if (byte < 0x20 || (byte >= 0x80 && !readable)) {
      json += "\\u00";
      json += "0123456789abcdef"[byte >> 4];
      json += "0123456789abcdef"[byte & 15];
    } else {
      json += letter;
    }
  }
  return json + '"';
}

void append(std::string& json, const char* prefix, const Use& use) {
  const auto number = [&](const char* name, double value) {
    json += std::string(",\"") + prefix + name + "\":" + shortest(value);
  };
  number("cpu_seconds", static_cast<double>(use.cpu_ns) * seconds_per_ns);
  number("joules", static_cast<double>(use.microjoules) * joules_per_microjoule);
  number("operational_grams", use.operational_grams);
  number("embodied_grams", use.embodied_grams);
}

/// The last field of the lines of /proc/PID/cgroup, version 2's ("0::") first.
std::vector<std::string> group_paths(pid_t pid) {
  std::vector<std::string> paths;
  const auto text = read_file("/proc/" + std::to_string(pid) + "/cgroup", 1 << 16);
  if (!text) return paths;
  for (const std::string_view line : split(*text, '\n')) {
    const auto first = line.find(':');
    const auto second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    std::string path(line.substr(second + 1));
    if (line.substr(0, 3) == "0::")
      paths.insert(paths.begin(), std::move(path));
    else
      paths.push_back(std::move(path));
  }
  return paths;
}

std::string answer(pid_t pid, const Published& now) {
  const auto process =
      std::find_if(now.processes.begin(), now.processes.end(), [&](const ProcessRow& row) { return row.pid == pid; });
  const bool found = process != now.processes.end();
  const GroupRow* group = nullptr;
  if (found) {
    const auto same = std::find_if(now.groups.begin(), now.groups.end(),
                                   [&](const GroupRow& row) { return row.id == process->group; });
    if (same != now.groups.end()) group = &*same;
  }
  if (group == nullptr)
    for (const std::string& path : group_paths(pid)) {
      const auto same =
          std::find_if(now.groups.begin(), now.groups.end(), [&](const GroupRow& row) { return row.path == path; });
      if (same == now.groups.end()) continue;
      group = &*same;
      break;
    }
  std::string json = "{\"version\":1,\"pid\":" + std::to_string(pid) + ",\"found\":" + (found ? "true" : "false");
  append(json, "", found ? process->use : Use{});
  append(json, "group_", group != nullptr ? group->use : Use{});
  json += std::string(",\"policy\":\"") + attribution::to_string(now.policy) + "\",\"knowledge\":\"" +
          word(now.knowledge) + "\",\"at\":\"" + to_iso(now.at) +
          "\",\"cgroup\":" + quoted(group != nullptr ? group->path : std::string{}) + "}\n";
  return json;
}

class Service : public SelfService {
 public:
  Service(const std::filesystem::path& path, int listening, int wake) : path_(path) {
    listening_.set(listening);
    wake_.set(wake);
    thread_ = std::thread([this] { serve(); });
  }
  ~Service() override {
    const std::uint64_t one = 1;
    static_cast<void>(!::write(wake_.get(), &one, sizeof one));
    thread_.join();
    ::unlink(path_.c_str());
  }

  void publish(const Snapshot& snapshot) override {
    Published next;
    next.policy = snapshot.policy;
    next.at = snapshot.at;
    for (const ZoneTotals& zone : snapshot.zones)
      if (zone.counted) next.knowledge = std::max(next.knowledge, zone.zone.knowledge);
    for (const ProcessTotals& process : snapshot.processes) {
      if (process.ended) continue;
      ProcessRow row{process.key.pid, process.key.started_ns, process.group, {}};
      row.use.cpu_ns = process.cpu_ns;
      for (std::size_t c = 0; c < components; ++c)
        row.use.microjoules += process.dynamic_microjoules[c] + process.idle_microjoules[c];
      row.use.operational_grams = process.operational.value();
      row.use.embodied_grams = process.embodied.value();
      next.processes.push_back(row);
    }
    for (const GroupTotals& group : snapshot.groups) {
      if (group.ended) continue;
      GroupRow row{group.id, group.path, {}};
      row.use.cpu_ns = group.totals.cpu_ns;
      for (std::size_t c = 0; c < components; ++c)
        row.use.microjoules += group.totals.microjoules(snapshot.policy, static_cast<Component>(c));
      row.use.operational_grams = group.totals.operational_average.value.value();
      row.use.embodied_grams = group.totals.embodied.value.value();
      next.groups.push_back(std::move(row));
    }
    const std::lock_guard lock(mutex_);
    published_ = std::move(next);
  }

 private:
  void serve() {
    for (;;) {
      pollfd files[] = {{listening_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
      if (::poll(files, 2, -1) < 0 && errno != EINTR) return;
      if (files[1].revents != 0) return;
      if (files[0].revents == 0) continue;
      const Descriptor client(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (client.get() < 0) continue;
      ucred who{};
      socklen_t size = sizeof who;
      if (::getsockopt(client.get(), SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) continue;
      std::string line;
      {
        const std::lock_guard lock(mutex_);
        line = answer(who.pid, published_);
      }
      // One line fits into the buffer of a fresh socket: a client that does not read cannot hold up the others.
      static_cast<void>(!::send(client.get(), line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
    }
  }

  std::filesystem::path path_;
  Descriptor listening_, wake_;
  std::mutex mutex_;
  Published published_;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<SelfService>> SelfService::start(const std::filesystem::path& socket) {
  const auto failed = [&](const std::string& what) {
    return failure(what + ": " + std::strerror(errno), socket.string(),
                   "name a socket in a folder that exists and can be written");
  };
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.native().empty() || socket.native().size() >= sizeof address.sun_path)
    return bad_input("a socket's path has 1 to " + std::to_string(sizeof address.sun_path - 1) + " bytes",
                     socket.string(), "name a shorter path");
  std::memcpy(address.sun_path, socket.c_str(), socket.native().size());
  const auto* where = reinterpret_cast<const sockaddr*>(&address);

  struct stat status {};
  if (::lstat(socket.c_str(), &status) == 0) {
    if (!S_ISSOCK(status.st_mode))
      return bad_input("is there already and is no socket", socket.string(), "name another path, or remove the file");
    const Descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (probe.get() >= 0 && ::connect(probe.get(), where, sizeof address) == 0)
      return failure("another server listens there", socket.string(), "stop it, or name another socket");
    ::unlink(socket.c_str());
  }
  const int listening = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listening < 0) return failed("cannot make a socket");
  // Anybody may ask: each is told of itself alone.
  if (::bind(listening, where, sizeof address) != 0 || ::chmod(socket.c_str(), 0666) != 0 ||
      ::listen(listening, 128) != 0) {
    Error error = failed("cannot listen");
    ::close(listening);
    return error;
  }
  const int wake = ::eventfd(0, EFD_CLOEXEC);
  if (wake < 0) {
    Error error = failed("cannot make an event");
    ::close(listening);
    ::unlink(socket.c_str());
    return error;
  }
  return std::unique_ptr<SelfService>(std::make_unique<Service>(socket, listening, wake));
}

}  // namespace cradle::observe
