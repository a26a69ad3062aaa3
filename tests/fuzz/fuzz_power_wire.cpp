// Packets of power daemons: any bytes are refused or read, and whatever an authentic packet says, a node and a bank
// stay within their rules: no balance below zero, no send time that lies ahead, answers that can be read again.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "cradle/exchange/banker.h"
#include "cradle/exchange/participant.h"
#include "cradle/exchange/wire.h"

namespace {

using namespace cradle;
using namespace cradle::exchange;

constexpr std::uint32_t domain = 7;

void must_be_readable(const Deeds& deeds) {
  for (const Packet& packet : deeds.packets) {
    const Datagram datagram = encode(packet, domain, Key());
    if (!std::holds_alternative<Packet>(decode(datagram.span(), domain, Key()))) std::abort();
  }
}

/// A datagram whose length, mark and tag are right and whose other bytes are the input's.
Datagram authentic(std::span<const std::uint8_t> bytes) {
  Packet packet;
  packet.to = 1;
  if (!bytes.empty() && bytes[0] % 2 == 0)
    packet.body = power::Message{};
  else
    packet.body = power::BankMessage{};
  Datagram datagram = encode(packet, domain, Key());
  constexpr std::size_t after_domain = 12, kind_at = 5;
  const std::size_t end = datagram.size - Key::tag_bytes;
  for (std::size_t i = 1; i < bytes.size() && after_domain + i - 1 < end; ++i)
    datagram.bytes[after_domain + i - 1] = bytes[i];
  if (!bytes.empty()) datagram.bytes[kind_at] = static_cast<std::uint8_t>((bytes[0] / 2) % 5 + (bytes[0] % 2) * 16);
  const auto tag = Key().tag(datagram.span().first(end));
  std::copy(tag.begin(), tag.end(), datagram.bytes.begin() + static_cast<std::ptrdiff_t>(end));
  return datagram;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::uint8_t> all(data, size);
  static_cast<void>(decode(all, domain, Key()));

  static const power::Topology topology = *power::Topology::parse("ring:3", "fuzz");
  Pace pace;
  power::Ticks now = 1'000'000'000;
  Deeds deeds;
  Participant node(topology, 1, pace);
  node.set_demand(10);
  node.begin(5, now, deeds);
  Banker banker(topology, pace, 3, 100, now, deeds);
  constexpr std::size_t chunk = 57;
  for (std::size_t at = 0; at < size; at += chunk) {
    const auto read = decode(authentic(all.subspan(at, std::min(chunk, size - at))).span(), domain, Key());
    now += pace.period;
    deeds = {};
    if (node.over(now)) {
      node.end(deeds);
      node.begin(node.incarnation() + 1, now, deeds);
    }
    if (const auto* packet = std::get_if<Packet>(&read)) {
      node.receive(*packet, now, deeds);
      banker.receive(*packet, now, deeds);
    }
    if (!node.over(now)) node.tick(now, deeds);
    banker.tick(now, deeds);
    must_be_readable(deeds);
    if (node.held() < 0 || node.lease_ends() > now + pace.lease) std::abort();
    for (const Record& record : deeds.records)
      if (!of_bank(record.kind) && !parse_record(to_line(record).substr(0, to_line(record).size() - 1), "fuzz"))
        std::abort();
  }
  return 0;
}
