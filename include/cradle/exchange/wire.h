// What two daemons say to each other over UDP: packets of fixed size, little-endian, authenticated by a domain's key.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <variant>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/power/bank.h"
#include "cradle/power/escrow.h"

namespace cradle::exchange {

/// The number of a bank's life, from 1. Coins granted in one term mean nothing in another; 0: not known.
using Term = std::uint32_t;

/// Peer messages go from node to node; of bank messages `renew` and `closed` go to the bank, the others to a node.
struct Packet {
  power::Tile from = 0;  ///< node; of what the bank says: the node it is for, as `to`
  power::Tile to = 0;    ///< node; of what goes to the bank: as `from`
  Term term = 0;
  std::variant<power::Message, power::BankMessage> body;
};

/// Why a packet was dropped unread.
enum class Refusal : std::uint8_t {
  length,    ///< shorter or longer than its kind
  magic,     ///< somebody else's traffic
  version,   ///< of an older or newer cradle
  domain,    ///< of another power domain, or of a daemon that knows another one by its name
  checksum,  ///< damaged, or made without the domain's key
  value      ///< authentic, but not a message: unknown kind, negative coins, incarnation 0 where one is needed
};
inline constexpr std::size_t refusals = 6;
const char* to_string(Refusal refusal);

/// The secret of a domain. HMAC-SHA256 (RFC 2104, FIPS 198-1) cut to 16 bytes: who has not the key can neither make nor
/// change a packet. Packets may be said again by anybody who heard them: the protocol's counts are cumulative, so that
/// this changes nothing.
class Key {
 public:
  /// Without a key the checksum finds damage only: whoever can send to the port can make packets.
  Key() = default;
  /// The bytes of a file, line ends at its end left out. bad_input: fewer than 16 bytes or more than 4096, or a file
  /// that others than its owner may read or write.
  static Result<Key> read(const std::filesystem::path& file);
  explicit Key(std::span<const std::uint8_t> bytes) : bytes_(bytes.begin(), bytes.end()) {}

  static constexpr std::size_t tag_bytes = 16;
  std::array<std::uint8_t, tag_bytes> tag(std::span<const std::uint8_t> text) const;
  bool open() const { return bytes_.empty(); }

 private:
  std::vector<std::uint8_t> bytes_;
};

inline constexpr std::size_t largest_packet = 128;

/// Bytes on the wire.
struct Datagram {
  std::array<std::uint8_t, largest_packet> bytes{};
  std::size_t size = 0;
  std::span<const std::uint8_t> span() const { return {bytes.data(), size}; }
};

/// `domain`: what marks the packets of a power domain (mark_of); several may share a network.
Datagram encode(const Packet& packet, std::uint32_t domain, const Key& key);
std::variant<Packet, Refusal> decode(std::span<const std::uint8_t> bytes, std::uint32_t domain, const Key& key);

}  // namespace cradle::exchange
