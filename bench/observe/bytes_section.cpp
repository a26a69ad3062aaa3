// Block and network bytes by group against what a generator moved.
#include <unistd.h>

#include <cmath>
#include <thread>

#include "cradle/capture/capture.h"
#include "group.h"
#include "sections.h"
#include "traffic.h"

namespace cradle::bench {

Result<void> bytes_section(Context& context) {
  const std::int64_t disk_bytes = std::int64_t{context.quick ? 16 : 64} << 20;
  const std::int64_t net_bytes = std::int64_t{context.quick ? 32 : 256} << 20;
  Result<Group> disk = Group::make(context.prefix + "disk");
  if (!disk) return disk.error();
  Result<Group> sender = Group::make(context.prefix + "sender");
  if (!sender) return sender.error();
  Result<Group> receiver = Group::make(context.prefix + "receiver");
  if (!receiver) return receiver.error();
  capture::CaptureOptions options;
  options.tier = capture::Tier::bpf;
  Result<std::unique_ptr<capture::Capture>> capture = capture::Capture::open(options);
  if (!capture) return capture.error();
  if (Result<capture::Scan> marks = (*capture)->scan(); !marks) return marks.error();

  const auto file = context.folder / "direct";
  if (wait_for(disk->start([&] { return write_direct(file, disk_bytes) && read_direct(file, disk_bytes) ? 0 : 1; })) !=
      0) {
    return failure("no O_DIRECT writing and reading", file.string(), "set TMPDIR to a folder on a disk");
  }
  // The socket that listens is made in the group that receives: a socket belongs to the group it was made in.
  int ports[2];
  if (pipe(ports) != 0) return failure("no pipe", "observe/bytes", "close other programs");
  const pid_t receiving = receiver->start([&] {
    int port = 0;
    const int listening = listen_loopback(port);
    if (listening < 0 || write(ports[1], &port, sizeof port) != sizeof port) return 1;
    return receive_all(listening) == net_bytes ? 0 : 1;
  });
  close(ports[1]);
  int port = 0;
  const bool listening = read(ports[0], &port, sizeof port) == sizeof port;
  close(ports[0]);
  const int sent = listening ? wait_for(sender->start([&] { return send_bytes(port, net_bytes) ? 0 : 1; })) : 1;
  if (sent != 0) end(receiving);
  if (sent != 0 || wait_for(receiving) != 0) return failure("loopback TCP broke off", "observe/bytes", "is lo up?");

  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const Result<capture::Scan> scan = (*capture)->scan();
  if (!scan) return scan.error();
  const auto add = [&](const char* name, const Group& of, std::int64_t capture::GroupUsage::*member,
                       std::int64_t truth) {
    double bytes = 0;
    for (const capture::GroupUsage& group : scan->groups) {
      if (group.path == of.path()) bytes += static_cast<double>(group.*member);
    }
    const auto wanted = static_cast<double>(truth);
    std::string note = shown(bytes, Unit::bytes) + " of " + shown(wanted, Unit::bytes);
    for (const std::string& said : scan->notes) note += "; " + said;
    context.rows.push_back(
        {std::string("observe/bytes_error/") + name, std::abs(bytes / wanted - 1), Unit::share, "", note});
  };
  add("disk_written", *disk, &capture::GroupUsage::block_written_bytes, disk_bytes);
  add("disk_read", *disk, &capture::GroupUsage::block_read_bytes, disk_bytes);
  add("network_sent", *sender, &capture::GroupUsage::network_sent_bytes, net_bytes);
  add("network_received", *receiver, &capture::GroupUsage::network_received_bytes, net_bytes);
  return {};
}

}  // namespace cradle::bench
