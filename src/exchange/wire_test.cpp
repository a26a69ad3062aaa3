#include "cradle/exchange/wire.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

namespace cradle::exchange {
namespace {

constexpr std::uint32_t domain = 77;

Key key(std::string_view text) {
  return Key(std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

Packet peer_packet() {
  power::Message message;
  message.kind = power::MessageKind::give;
  message.epoch = 4'000'000'000U;
  message.from = 5;
  message.to = 6;
  message.held = 7;
  message.demand = std::numeric_limits<power::Coins>::max();
  message.sent = 0xffffffffU;
  message.received = 9;
  return {1, 2, 3, message};
}

Packet bank_packet() {
  power::BankMessage message;
  message.kind = power::BankMessageKind::closed;
  message.incarnation = 11;
  message.epoch = 12;
  message.keep = 0xfffffffeU;
  message.held = 13;
  message.demand = 14;
  message.sent = 15;
  message.received = 16;
  message.about = 17;
  message.about_incarnation = 18;
  message.time = std::int64_t{1} << 60;
  return {4, 4, 9, message};
}

bool same(const Packet& a, const Packet& b) {
  // Its bytes are all that a packet has.
  const Datagram x = encode(a, domain, Key()), y = encode(b, domain, Key());
  return x.size == y.size && x.bytes == y.bytes;
}

Refusal refusal(std::span<const std::uint8_t> bytes, const Key& with = Key(), std::uint32_t of = domain) {
  const auto decoded = decode(bytes, of, with);
  EXPECT_TRUE(std::holds_alternative<Refusal>(decoded));
  return std::holds_alternative<Refusal>(decoded) ? std::get<Refusal>(decoded) : Refusal::value;
}

// RFC 4231, test case 2: HMAC-SHA-256 of "what do ya want for nothing?" with the key "Jefe".
TEST(Wire, TheTagIsHmacSha256CutTo16Bytes) {
  const std::string text = "what do ya want for nothing?";
  const auto tag = key("Jefe").tag(std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
  const std::vector<std::uint8_t> expected{0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e,
                                           0x6a, 0x04, 0x24, 0x26, 0x08, 0x95, 0x75, 0xc7};
  EXPECT_TRUE(std::equal(tag.begin(), tag.end(), expected.begin(), expected.end()));
}

TEST(Wire, ThereAndBack) {
  for (const Packet& packet : {peer_packet(), bank_packet()}) {
    const Datagram datagram = encode(packet, domain, key("sixteen bytes at least"));
    const auto decoded = decode(datagram.span(), domain, key("sixteen bytes at least"));
    ASSERT_TRUE(std::holds_alternative<Packet>(decoded));
    EXPECT_TRUE(same(std::get<Packet>(decoded), packet));
  }
  EXPECT_EQ(encode(peer_packet(), domain, Key()).size, 68u);
  EXPECT_EQ(encode(bank_packet(), domain, Key()).size, 84u);
}

TEST(Wire, WhoLeavesAndHowFarANodeMayReachAreSaid) {
  using power::BankMessageKind, power::Reach;
  const auto there = [](const power::BankMessage& message) {
    const auto decoded = decode(encode({4, 4, 9, message}, domain, Key()).span(), domain, Key());
    EXPECT_TRUE(std::holds_alternative<Packet>(decoded));
    return std::holds_alternative<Packet>(decoded) ? std::get<power::BankMessage>(std::get<Packet>(decoded).body)
                                                   : power::BankMessage{};
  };
  power::BankMessage message;
  for (const bool leaving : {false, true}) {
    message.leaving = leaving;
    EXPECT_EQ(there(message).leaving, leaving);
    EXPECT_EQ(there(message).kind, BankMessageKind::renew);
  }
  message = {};
  message.kind = BankMessageKind::renewed;
  for (const Reach reach : {Reach::apart, Reach::narrow, Reach::wide}) {
    message.reach = reach;
    EXPECT_EQ(there(message).reach, reach);
    EXPECT_EQ(there(message).kind, BankMessageKind::renewed);
  }
  // A mark where none belongs: all kinds of one byte that are no message.
  for (const unsigned kind : {20U, 26U, 27U, 28U, 32U, 34U, 35U, 40U, 255U}) {
    Packet packet{4, 4, 9, power::BankMessage{}};
    std::get<power::BankMessage>(packet.body).kind = static_cast<BankMessageKind>(kind - 16U);
    EXPECT_EQ(refusal(encode(packet, domain, Key()).span()), Refusal::value) << kind;
  }
}

// The layout is a contract between versions: these bytes may not change without another version number.
TEST(Wire, TheHeaderIsLittleEndian) {
  const Datagram datagram = encode(peer_packet(), domain, Key());
  const std::vector<std::uint8_t> head{'C', 'D', 'X', '1', 1, 2, 68, 0, 77, 0, 0, 0,    1,    0,
                                       0,   0,   2,   0,   0, 0, 3,  0, 0,  0, 0, 0x28, 0x6b, 0xee};
  EXPECT_TRUE(std::equal(head.begin(), head.end(), datagram.bytes.begin()));
}

TEST(Wire, ForeignOldTruncatedAndForgedPacketsAreToldApart) {
  const Datagram good = encode(peer_packet(), domain, Key());
  const auto changed = [&](std::size_t at, std::uint8_t value) {
    std::vector<std::uint8_t> bytes(good.span().begin(), good.span().end());
    bytes[at] = value;
    return bytes;
  };
  EXPECT_EQ(refusal({}), Refusal::length);
  EXPECT_EQ(refusal(good.span().first(23)), Refusal::length);
  EXPECT_EQ(refusal(good.span().first(good.size - 1)), Refusal::length);
  EXPECT_EQ(refusal(changed(0, 'X')), Refusal::magic);
  EXPECT_EQ(refusal(changed(4, 2)), Refusal::version);
  EXPECT_EQ(refusal(changed(6, 69)), Refusal::length);
  EXPECT_EQ(refusal(changed(5, 16)), Refusal::length) << "a bank's message is longer";
  EXPECT_EQ(refusal(good.span(), Key(), 78), Refusal::domain);
  EXPECT_EQ(refusal(good.span(), key("sixteen bytes at least")), Refusal::checksum);
  EXPECT_EQ(refusal(changed(good.size - 1, good.bytes[good.size - 1] ^ 1U)), Refusal::checksum);
}

TEST(Wire, AuthenticNonsenseIsNoMessage) {
  Packet negative = peer_packet();
  std::get<power::Message>(negative.body).held = -1;
  Packet nobody = peer_packet();
  std::get<power::Message>(nobody.body).from = 0;
  Packet itself = peer_packet();
  itself.to = itself.from;
  Packet early = bank_packet();
  std::get<power::BankMessage>(early.body).time = -1;
  Packet two = bank_packet();
  two.to = 5;
  for (const Packet& packet : {negative, nobody, itself, early, two})
    EXPECT_EQ(refusal(encode(packet, domain, Key()).span()), Refusal::value);
  Packet unknown = peer_packet();
  std::get<power::Message>(unknown.body).kind = static_cast<power::MessageKind>(3);
  EXPECT_EQ(refusal(encode(unknown, domain, Key()).span()), Refusal::value);
}

RC_GTEST_PROP(Wire, NoChangedBitPasses, ()) {
  const Packet packet = *rc::gen::arbitrary<bool>() ? peer_packet() : bank_packet();
  Datagram datagram = encode(packet, domain, key("sixteen bytes at least"));
  const auto bit = *rc::gen::inRange<std::size_t>(0, 8 * datagram.size);
  datagram.bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
  RC_ASSERT(std::holds_alternative<Refusal>(decode(datagram.span(), domain, key("sixteen bytes at least"))));
}

RC_GTEST_PROP(Wire, AnyBytesAreReadOrRefused, (const std::vector<std::uint8_t>& bytes)) {
  RC_ASSERT(std::holds_alternative<Refusal>(decode(bytes, domain, Key())));
}

TEST(Key, AKeyIsOnesOwnAndLongEnough) {
  const auto file = std::filesystem::temp_directory_path() / ("cradle_wire_test_key_" + std::to_string(::getpid()));
  const auto write = [&](std::string_view text, mode_t mode) {
    std::filesystem::remove(file);
    std::ofstream(file) << text;
    ::chmod(file.c_str(), mode);
  };
  EXPECT_EQ(Key::read(file).error().code, ErrorCode::missing_data);
  write("sixteen bytes at least\r\n", 0644);
  EXPECT_EQ(Key::read(file).error().code, ErrorCode::bad_input) << "others may read it";
  write("short\n", 0600);
  EXPECT_EQ(Key::read(file).error().code, ErrorCode::bad_input);
  write("sixteen bytes at least\r\n", 0600);
  const auto read = Key::read(file);
  ASSERT_TRUE(read);
  EXPECT_FALSE(read->open());
  const Datagram datagram = encode(peer_packet(), domain, *read);
  EXPECT_TRUE(std::holds_alternative<Packet>(decode(datagram.span(), domain, key("sixteen bytes at least"))));
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace cradle::exchange
