#include "cradle/power/published_unit.h"

#include <algorithm>

#include "cradle/power/exchange.h"

namespace cradle::power {

namespace {

constexpr std::int32_t with_sign(std::int32_t value, std::int32_t bits) {
  const std::int32_t sign = 1 << (bits - 1);
  return ((value & (2 * sign - 1)) ^ sign) - sign;
}

Result<void> check(const PublishedSettings& tile, const std::vector<PublishedSettings>& all, std::size_t self,
                   const std::string& where) {
  if (tile.coins < -64 || tile.coins > 63)
    return bad_input(std::to_string(tile.coins) + " coins", where, "a balance has seven bits: -64 to 63");
  if (tile.max < 0 || tile.max > 63)
    return bad_input("a demand of " + std::to_string(tile.max) + " coins", where, "it has six bits: 0 to 63");
  if (tile.refresh_min == 0 || tile.refresh_min > tile.refresh_max || tile.refresh_max > 2047)
    return bad_input("refresh from " + std::to_string(tile.refresh_min) + " to " + std::to_string(tile.refresh_max),
                     where, "use 1 <= refresh_min <= refresh_max <= 2047 cycles");
  const auto partner = [&](std::size_t other) { return other < all.size() && other != self && all[other].managed; };
  for (const std::uint8_t neighbour : tile.neighbours)
    if (!partner(neighbour))
      return bad_input("neighbour " + std::to_string(neighbour) + " is no other managed tile", where,
                       "repeat a neighbour where there are fewer than four");
  for (std::size_t far = 0; far < 32; ++far)
    if ((tile.far_tiles >> far & 1U) != 0 && !partner(far))
      return bad_input("far tile " + std::to_string(far) + " is no other managed tile", where,
                       "set only bits of other managed tiles");
  return {};
}

}  // namespace

std::int32_t published_quotient(std::int32_t asker_has, std::int32_t asker_max, std::int32_t has, std::int32_t max,
                                bool signed_quotient) {
  const auto coins = static_cast<std::int32_t>(published_transfer(asker_has, asker_max, has, max));
  return signed_quotient ? with_sign(coins, 6) : coins;
}

PublishedUnit::PublishedUnit(const PublishedSettings& settings)
    : settings_(settings), coins_(settings.coins), interval_(settings.refresh_min) {}

void PublishedUnit::add(std::int32_t delta) {
  coins_ += delta;
  if (settings_.defects.wrapping) coins_ = with_sign(coins_, 7);
}

void PublishedUnit::answer_status(const PublishedPacket& packet, std::int32_t max) {
  const std::int32_t delta = published_quotient(packet.has, packet.max, coins_, max, settings_.defects.signed_quotient);
  reply_ = {false, packet.peer, 0, 0, -delta, !settings_.defects.taker_first && delta > 0};
  replying_ = true;
  if (settings_.defects.taker_first || delta >= 0) return;
  // Donor first: what is given leaves now, and is there to be given.
  reply_.delta = std::min(-delta, std::max(coins_, 0));
  add(-reply_.delta);
}

void PublishedUnit::take_update(const PublishedPacket& packet) {
  if (!settings_.defects.still_interval) {
    const int next = packet.delta == 0 ? interval_ + interval_ / 2 : interval_ / 4;
    interval_ = static_cast<std::uint16_t>(std::clamp<int>(next, settings_.refresh_min, settings_.refresh_max));
  }
  if (!packet.wish) {
    add(packet.delta);
    return;
  }
  reply_ = {false, packet.peer, 0, 0, std::min(-packet.delta, std::max(coins_, 0)), false};
  add(-reply_.delta);
  replying_ = reply_.delta > 0;
}

std::uint8_t PublishedUnit::next_partner() {
  if (settings_.random_rate != 0 && settings_.far_tiles != 0 && ++exchanges_ >= settings_.random_rate) {
    exchanges_ = 0;
    do {
      far_ = static_cast<std::uint8_t>((far_ + 1) % 32);
    } while ((settings_.far_tiles >> far_ & 1U) == 0);
    return far_;
  }
  const std::uint8_t partner = settings_.neighbours[neighbour_];
  neighbour_ = static_cast<std::uint8_t>((neighbour_ + 1) % settings_.neighbours.size());
  return partner;
}

PublishedUnit::Output PublishedUnit::step(const Input& input) {
  Output out;
  const std::int32_t max = input.active ? settings_.max : 0;
  const bool due = refresh_ > interval_;
  if (!due) ++refresh_;
  if (replying_) {
    // The result stands still until the network takes it; what arrives meanwhile waits.
    if (!input.network_ready) return out;
    if (settings_.defects.taker_first) add(-reply_.delta);
    replying_ = false;
    out.sends = true;
    out.packet = reply_;
    return out;
  }
  if (input.received != nullptr) {
    out.takes = true;
    if (input.received->status) {
      answer_status(*input.received, max);
    } else {
      take_update(*input.received);
    }
    return out;
  }
  if (due && input.network_ready) {
    refresh_ = 0;
    out.sends = true;
    out.packet = {true, next_partner(), coins_, max, 0, false};
  }
  return out;
}

PublishedMesh::PublishedMesh(const std::vector<PublishedSettings>& settings, std::size_t width)
    : settings_(settings), units_(settings.begin(), settings.end()), network_(settings.size(), width) {}

Result<PublishedMesh> PublishedMesh::make(const std::vector<PublishedSettings>& settings, std::size_t width,
                                          std::string where) {
  if (settings.empty() || settings.size() > 32)
    return bad_input(std::to_string(settings.size()) + " tiles", std::move(where), "units know 1 to 32 tiles");
  if (width == 0 || settings.size() % width != 0)
    return bad_input("rows of " + std::to_string(width) + " for " + std::to_string(settings.size()) + " tiles",
                     std::move(where), "give a width that divides the number of tiles");
  for (std::size_t tile = 0; tile < settings.size(); ++tile) {
    if (!settings[tile].managed) continue;
    if (Result<void> good = check(settings[tile], settings, tile, where + ", tile " + std::to_string(tile)); !good)
      return good.error();
  }
  return PublishedMesh{settings, width};
}

void PublishedMesh::step(const std::vector<bool>& active) {
  for (std::size_t tile = 0; tile < units_.size(); ++tile) {
    if (!settings_[tile].managed) continue;
    const PublishedUnit::Output out = units_[tile].step({active[tile], network_.arrived(tile), network_.ready(tile)});
    if (out.takes) network_.take(tile);
    if (!out.sends) continue;
    PublishedPacket packet = out.packet;
    packet.peer = static_cast<std::uint8_t>(tile);
    network_.send(tile, out.packet.peer, packet);
    ++packets_;
  }
  network_.tick();
}

std::int64_t PublishedMesh::held() const {
  std::int64_t sum = 0;
  for (std::size_t tile = 0; tile < tiles(); ++tile)
    if (settings_[tile].managed) sum += units_[tile].coins();
  return sum;
}

std::int64_t PublishedMesh::positive() const {
  std::int64_t sum = 0;
  for (std::size_t tile = 0; tile < tiles(); ++tile)
    if (settings_[tile].managed) sum += std::max(units_[tile].coins(), 0);
  return sum;
}

std::int64_t PublishedMesh::in_flight() const {
  std::int64_t sum = 0;
  for (const PublishedUnit& unit : units_) sum += unit.leaving();
  network_.for_each([&](const PublishedPacket& packet) {
    if (!packet.status && !packet.wish) sum += packet.delta;
  });
  return sum;
}

}  // namespace cradle::power
