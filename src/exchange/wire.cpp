#include "cradle/exchange/wire.h"

#include <sys/stat.h>

#include <optional>
#include <string>

#include "cradle/base/file.h"

namespace cradle::exchange {

namespace {

// Layout, little-endian: magic 4, version 1, kind 1, length 2, domain 4, from 4, to 4, term 4; then 7 (peer) or 11
// (bank) words of 4; then the tag. Kinds: 0.. of MessageKind, 16.. of BankMessageKind, of which renew has 8 more where
// the node leaves, and renewed 8 more where it is to stand apart, 16 more where it may reach wide.
constexpr std::uint32_t magic = 0x31584443;  // "CDX1"
constexpr std::uint8_t version = 1;
constexpr std::uint8_t first_bank_kind = 16, mark = 8, marks = 2;
constexpr std::size_t header_bytes = 24;
constexpr std::size_t peer_bytes = header_bytes + 7 * 4 + Key::tag_bytes;
constexpr std::size_t bank_bytes = header_bytes + 11 * 4 + Key::tag_bytes;
static_assert(bank_bytes <= largest_packet);

class Writer {
 public:
  explicit Writer(Datagram& datagram) : datagram_(&datagram) {}
  void put(std::uint64_t value, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i)
      datagram_->bytes[datagram_->size++] = static_cast<std::uint8_t>(value >> (8 * i));
  }
  void word(std::uint32_t value) { put(value, 4); }
  void coins(power::Coins value) { word(static_cast<std::uint32_t>(value)); }

 private:
  Datagram* datagram_;
};

/// Precondition: the bytes are there; the length is checked first.
class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  std::uint64_t get(std::size_t bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i) value |= static_cast<std::uint64_t>(bytes_[at_++]) << (8 * i);
    return value;
  }
  std::uint32_t word() { return static_cast<std::uint32_t>(get(4)); }
  power::Coins coins() { return static_cast<power::Coins>(word()); }

 private:
  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
};

void put(Writer& out, const power::Message& message) {
  out.word(message.epoch);
  out.word(message.from);
  out.word(message.to);
  out.coins(message.held);
  out.coins(message.demand);
  out.word(message.sent);
  out.word(message.received);
}

void put(Writer& out, const power::BankMessage& message) {
  out.word(message.incarnation);
  out.word(message.epoch);
  out.word(message.keep);
  out.coins(message.held);
  out.coins(message.demand);
  out.word(message.sent);
  out.word(message.received);
  out.word(message.about);
  out.word(message.about_incarnation);
  out.put(static_cast<std::uint64_t>(message.time), 8);
}

std::optional<power::Message> peer_message(std::uint8_t kind, Reader& in) {
  if (kind > static_cast<std::uint8_t>(power::MessageKind::give)) return {};
  power::Message message;
  message.kind = static_cast<power::MessageKind>(kind);
  message.epoch = in.word();
  message.from = in.word();
  message.to = in.word();
  message.held = in.coins();
  message.demand = in.coins();
  message.sent = in.word();
  message.received = in.word();
  if (message.from == 0 || message.held < 0 || message.demand < 0) return {};
  return message;
}

std::uint8_t marked_kind(const power::BankMessage& message) {
  using power::BankMessageKind, power::Reach;
  unsigned marked = 0;
  if (message.kind == BankMessageKind::renew && message.leaving) marked = 1;
  if (message.kind == BankMessageKind::renewed && message.reach != Reach::narrow)
    marked = message.reach == Reach::apart ? 1 : 2;
  return static_cast<std::uint8_t>(first_bank_kind + static_cast<unsigned>(message.kind) + marked * mark);
}

std::optional<power::BankMessage> bank_message(std::uint8_t kind, Reader& in) {
  using power::BankMessageKind, power::Reach;
  const unsigned marked = kind / mark;
  power::BankMessage message;
  message.kind = static_cast<BankMessageKind>(kind % mark);
  if (message.kind > BankMessageKind::closed || marked > marks) return {};
  if (marked > 0 && message.kind != BankMessageKind::renewed && (message.kind != BankMessageKind::renew || marked > 1))
    return {};
  message.leaving = message.kind == BankMessageKind::renew && marked == 1;
  if (message.kind == BankMessageKind::renewed && marked > 0) message.reach = marked == 1 ? Reach::apart : Reach::wide;
  message.incarnation = in.word();
  message.epoch = in.word();
  message.keep = in.word();
  message.held = in.coins();
  message.demand = in.coins();
  message.sent = in.word();
  message.received = in.word();
  message.about = in.word();
  message.about_incarnation = in.word();
  message.time = static_cast<power::Ticks>(in.get(8));
  if (message.held < 0 || message.demand < 0 || message.time < 0) return {};
  return message;
}

}  // namespace

const char* to_string(Refusal refusal) {
  switch (refusal) {
    case Refusal::length: return "length";
    case Refusal::magic: return "magic";
    case Refusal::version: return "version";
    case Refusal::domain: return "domain";
    case Refusal::checksum: return "checksum";
    case Refusal::value: break;
  }
  return "value";
}

Result<Key> Key::read(const std::filesystem::path& file) {
  constexpr std::size_t least = 16, most = 4096;
  struct stat status {};
  if (::stat(file.c_str(), &status) == 0 && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return bad_input("others may read or write the key", file.string(), "chmod 600 " + file.string());
  auto text = read_file(file, 2 * most);
  if (!text) return text.error();
  while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
  if (text->size() < least || text->size() > most)
    return bad_input("a key has 16 to 4096 bytes, this one " + std::to_string(text->size()), file.string(),
                     "make one: head -c 32 /dev/urandom | base64 > " + file.string());
  Key key;
  key.bytes_.assign(text->begin(), text->end());
  return key;
}

Datagram encode(const Packet& packet, std::uint32_t domain, const Key& key) {
  Datagram datagram;
  Writer out(datagram);
  const auto* peer = std::get_if<power::Message>(&packet.body);
  const auto* bank = std::get_if<power::BankMessage>(&packet.body);
  out.word(magic);
  out.put(version, 1);
  out.put(peer ? static_cast<std::uint8_t>(peer->kind) : marked_kind(*bank), 1);
  out.put(peer ? peer_bytes : bank_bytes, 2);
  out.word(domain);
  out.word(packet.from);
  out.word(packet.to);
  out.word(packet.term);
  peer ? put(out, *peer) : put(out, *bank);
  for (const std::uint8_t byte : key.tag(datagram.span())) out.put(byte, 1);
  return datagram;
}

std::variant<Packet, Refusal> decode(std::span<const std::uint8_t> bytes, std::uint32_t domain, const Key& key) {
  if (bytes.size() < header_bytes) return Refusal::length;
  Reader in(bytes);
  if (in.word() != magic) return Refusal::magic;
  if (in.get(1) != version) return Refusal::version;
  const auto kind = static_cast<std::uint8_t>(in.get(1));
  const bool of_bank = kind >= first_bank_kind;
  const std::size_t length = of_bank ? bank_bytes : peer_bytes;
  if (in.get(2) != length || bytes.size() != length) return Refusal::length;
  if (in.word() != domain) return Refusal::domain;
  const auto tag = key.tag(bytes.first(length - Key::tag_bytes));
  unsigned different = 0;  // all bytes are looked at: the time tells nothing of the tag
  for (std::size_t i = 0; i < Key::tag_bytes; ++i)
    different |= static_cast<unsigned>(tag[i] ^ bytes[length - Key::tag_bytes + i]);
  if (different != 0) return Refusal::checksum;
  Packet packet;
  packet.from = in.word();
  packet.to = in.word();
  packet.term = in.word();
  if (of_bank) {
    const auto message = bank_message(static_cast<std::uint8_t>(kind - first_bank_kind), in);
    if (!message || packet.from != packet.to) return Refusal::value;
    packet.body = *message;
  } else {
    const auto message = peer_message(kind, in);
    if (!message || packet.from == packet.to) return Refusal::value;
    packet.body = *message;
  }
  return packet;
}

}  // namespace cradle::exchange
