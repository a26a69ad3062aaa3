#include "taskstats.h"

#include <linux/acct.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/taskstats.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "cradle/base/file.h"
#include "cradle/base/text.h"

namespace cradle::capture {

namespace {

constexpr int reply_ms = 2000;
constexpr int queue_bytes = 32 << 20;  // some 30,000 exits between two scans
constexpr std::uint16_t version_with_process = 12;

/// Type and payload of each attribute in `bytes`; ends at the first that does not fit.
template <class Each>
void each_attribute(std::span<const std::byte> bytes, Each each) {
  while (bytes.size() >= sizeof(nlattr)) {
    nlattr head;
    std::memcpy(&head, bytes.data(), sizeof head);
    if (head.nla_len < sizeof head || head.nla_len > bytes.size()) return;
    each(static_cast<std::uint16_t>(head.nla_type & NLA_TYPE_MASK),
         bytes.subspan(sizeof head, head.nla_len - sizeof head));
    bytes = bytes.subspan(std::min<std::size_t>(bytes.size(), NLA_ALIGN(head.nla_len)));
  }
}

/// Header and payload of each message in `bytes`.
template <class Each>
void each_message(std::span<const std::byte> bytes, Each each) {
  while (bytes.size() >= sizeof(nlmsghdr)) {
    nlmsghdr head;
    std::memcpy(&head, bytes.data(), sizeof head);
    if (head.nlmsg_len < sizeof head || head.nlmsg_len > bytes.size()) return;
    each(head, bytes.subspan(sizeof head, head.nlmsg_len - sizeof head));
    bytes = bytes.subspan(std::min<std::size_t>(bytes.size(), NLMSG_ALIGN(head.nlmsg_len)));
  }
}

std::int64_t nanoseconds(std::uint64_t value, std::uint64_t unit) {
  constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max() / 4;
  return static_cast<std::int64_t>(value > most / unit ? 0 : value * unit);
}

std::optional<ExitRecord> record_of(std::span<const std::byte> payload) {
  // Later kernels say more, earlier ones less; what is not said stays 0.
  taskstats said{};
  if (payload.size() < offsetof(taskstats, ac_minflt)) return std::nullopt;
  std::memcpy(&said, payload.data(), std::min(payload.size(), sizeof said));
  constexpr std::uint32_t most_pid = std::numeric_limits<std::int32_t>::max();
  if (said.ac_pid == 0 || said.ac_pid > most_pid || said.ac_ppid > most_pid || said.ac_tgid > most_pid) {
    return std::nullopt;
  }
  ExitRecord record;
  const bool names_process = said.version >= version_with_process && said.ac_tgid != 0;
  record.task = static_cast<std::int32_t>(said.ac_pid);
  record.process = names_process ? static_cast<std::int32_t>(said.ac_tgid) : record.task;
  record.parent = static_cast<std::int32_t>(said.ac_ppid);
  record.last = !names_process || (said.ac_flag & AGROUP) != 0;
  record.command.assign(said.ac_comm, ::strnlen(said.ac_comm, sizeof said.ac_comm));
  const std::uint64_t microseconds = said.ac_utime > ~said.ac_stime ? 0 : said.ac_utime + said.ac_stime;
  record.cpu_ns = std::max(nanoseconds(said.cpu_run_virtual_total, 1), nanoseconds(microseconds, 1000));
  const std::uint64_t started = said.ac_btime64 != 0 ? said.ac_btime64 : said.ac_btime;
  record.started_unix = static_cast<std::int64_t>(std::min<std::uint64_t>(started, std::uint64_t{1} << 33));
  return record;
}

/// One generic netlink request with one text attribute, and the kernel's answer.
Result<std::vector<std::byte>> ask(int socket, std::uint16_t family, std::uint8_t command, std::uint16_t attribute,
                                   std::string_view text) {
  const auto fault = [](const char* what) {
    return failure(std::string(what) + ": " + std::strerror(errno), "taskstats",
                   "run as root or with CAP_NET_ADMIN, outside of containers; without it /proc alone is read");
  };
  std::byte request[256] = {};
  nlmsghdr head{};
  genlmsghdr generic{};
  nlattr name{};
  const std::size_t payload = text.size() + 1;
  const std::size_t start = NLMSG_HDRLEN + GENL_HDRLEN + NLA_HDRLEN;
  const std::size_t length = start + NLA_ALIGN(payload);
  if (length > sizeof request) {
    errno = E2BIG;
    return fault("the list of processors");
  }
  head.nlmsg_len = static_cast<std::uint32_t>(length);
  head.nlmsg_type = family;
  head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  head.nlmsg_seq = 1;
  generic.cmd = command;
  generic.version = 1;
  name.nla_type = attribute;
  name.nla_len = static_cast<std::uint16_t>(NLA_HDRLEN + payload);
  std::memcpy(request, &head, sizeof head);
  std::memcpy(request + NLMSG_HDRLEN, &generic, sizeof generic);
  std::memcpy(request + NLMSG_HDRLEN + GENL_HDRLEN, &name, sizeof name);
  std::memcpy(request + start, text.data(), text.size());
  if (::send(socket, request, length, 0) < 0) return fault("cannot ask");

  std::vector<std::byte> answer;
  for (bool acknowledged = false; !acknowledged;) {
    pollfd wait{socket, POLLIN, 0};
    if (::poll(&wait, 1, reply_ms) <= 0) {
      errno = ETIMEDOUT;
      return fault("no answer");
    }
    std::byte part[8192];
    const ssize_t count = ::recv(socket, part, sizeof part, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fault("no answer");
    const std::span<const std::byte> bytes(part, static_cast<std::size_t>(count));
    answer.insert(answer.end(), bytes.begin(), bytes.end());
    int error = 0;
    each_message(bytes, [&](const nlmsghdr& message, std::span<const std::byte> body) {
      if (message.nlmsg_type != NLMSG_ERROR || body.size() < sizeof error) return;
      std::memcpy(&error, body.data(), sizeof error);
      acknowledged = true;
    });
    if (error != 0) {
      errno = -error;
      return fault("the kernel refuses");
    }
  }
  return answer;
}

}  // namespace

std::vector<ExitRecord> parse_exit_records(std::span<const std::byte> bytes, std::uint16_t family) {
  std::vector<ExitRecord> records;
  each_message(bytes, [&](const nlmsghdr& message, std::span<const std::byte> body) {
    if (message.nlmsg_type != family || body.size() < GENL_HDRLEN) return;
    each_attribute(body.subspan(GENL_HDRLEN), [&](std::uint16_t type, std::span<const std::byte> nested) {
      if (type != TASKSTATS_TYPE_AGGR_PID) return;  // sums over a process are made of these as well
      each_attribute(nested, [&](std::uint16_t inner, std::span<const std::byte> payload) {
        if (inner != TASKSTATS_TYPE_STATS) return;
        if (auto record = record_of(payload)) records.push_back(std::move(*record));
      });
    });
  });
  return records;
}

Result<std::unique_ptr<ExitListener>> ExitListener::open() {
  const int socket = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
  if (socket < 0) {
    return failure(std::string("no generic netlink: ") + std::strerror(errno), "taskstats",
                   "/proc alone is read instead");
  }
  std::unique_ptr<ExitListener> listener(new ExitListener(socket, 0));
  if (::setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &queue_bytes, sizeof queue_bytes) != 0) {
    (void)::setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &queue_bytes, sizeof queue_bytes);
  }
  const auto found = ask(socket, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_NAME, TASKSTATS_GENL_NAME);
  if (!found) {
    Error error = found.error();
    if (errno == ENOENT) error.hint = "this kernel was built without CONFIG_TASKSTATS; /proc alone is read instead";
    return error;
  }
  each_message(*found, [&](const nlmsghdr&, std::span<const std::byte> body) {
    if (body.size() < GENL_HDRLEN) return;
    each_attribute(body.subspan(GENL_HDRLEN), [&](std::uint16_t type, std::span<const std::byte> payload) {
      if (type != CTRL_ATTR_FAMILY_ID || payload.size() < sizeof listener->family_) return;
      std::memcpy(&listener->family_, payload.data(), sizeof listener->family_);
    });
  });
  const Result<std::string> possible = read_file("/sys/devices/system/cpu/possible");
  const std::string processors = possible ? std::string(trim(*possible)) : std::string("0");
  const auto registered =
      ask(socket, listener->family_, TASKSTATS_CMD_GET, TASKSTATS_CMD_ATTR_REGISTER_CPUMASK, processors);
  if (!registered) return registered.error();
  return listener;
}

ExitListener::~ExitListener() { ::close(socket_); }

std::vector<ExitRecord> ExitListener::drain() {
  std::vector<ExitRecord> records;
  std::byte part[16384];
  for (;;) {
    const ssize_t count = ::recv(socket_, part, sizeof part, MSG_DONTWAIT);
    if (count > 0) {
      auto more = parse_exit_records({part, static_cast<std::size_t>(count)}, family_);
      std::move(more.begin(), more.end(), std::back_inserter(records));
    } else if (count < 0 && errno == ENOBUFS) {
      ++overruns_;
    } else if (count == 0 || errno != EINTR) {
      return records;
    }
  }
}

std::int64_t ExitListener::overruns() { return std::exchange(overruns_, 0); }

}  // namespace cradle::capture
