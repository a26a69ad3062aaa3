#include "cradle/power/unit.h"

#include <algorithm>

#include "cradle/power/exchange.h"

namespace cradle::power {

namespace {
// One bit of product or quotient a cycle: 6 of the product, 7 of the quotient, then the decision.
constexpr std::uint8_t decide_step = 13;
}  // namespace

Result<void> check(const UnitSettings& settings, std::size_t tiles, std::string where) {
  if (tiles == 0 || tiles > unit_tile_limit)
    return bad_input(std::to_string(tiles) + " tiles", std::move(where), "units know 1 to 32 tiles");
  if (settings.initial_coins > unit_coin_limit)
    return bad_input(std::to_string(settings.initial_coins) + " coins at the start", std::move(where),
                     "a unit counts to 63: spread the budget over more tiles");
  if (settings.interval_min == 0 || settings.interval_min > settings.interval_max ||
      settings.interval_max > unit_interval_limit)
    return bad_input("interval from " + std::to_string(settings.interval_min) + " to " +
                         std::to_string(settings.interval_max) + " cycles",
                     std::move(where), "use 1 <= interval_min <= interval_max <= 2047");
  if (settings.far_every > unit_turn_limit)
    return bad_input("a far partner after " + std::to_string(settings.far_every) + " neighbours", std::move(where),
                     "use 0 (never) to 31");
  for (const std::uint8_t neighbour : settings.neighbours)
    if (neighbour >= tiles)
      return bad_input("neighbour " + std::to_string(neighbour) + " of " + std::to_string(tiles) + " tiles",
                       std::move(where), "an ask to no tile is never answered: name tiles from 0");
  if (tiles < 32 && (settings.far_tiles >> tiles) != 0)
    return bad_input("a far partner beyond " + std::to_string(tiles) + " tiles", std::move(where),
                     "an ask to no tile is never answered: bit i of far_tiles is tile i");
  return {};
}

TokenUnit::TokenUnit(const UnitSettings& settings) : settings_(settings) {
  state_.held = settings.initial_coins;
  state_.interval = settings.interval_min;
}

bool TokenUnit::far_turn() const {
  return settings_.far_every != 0 && state_.turn >= settings_.far_every && settings_.far_tiles != 0;
}

UnitOutput TokenUnit::output(const UnitInput& input) const {
  UnitOutput out;
  switch (state_.phase) {
    case UnitPhase::idle: out.takes = input.received != nullptr && input.received->kind == UnitPacketKind::give; break;
    case UnitPhase::share: break;
    case UnitPhase::send_ask:
      out.sends = true;
      out.packet = {UnitPacketKind::ask, far_turn() ? state_.far : settings_.neighbours[state_.neighbour], state_.held,
                    state_.demand};
      break;
    case UnitPhase::send_reply:
      out.sends = input.settled || leaving() == 0;
      out.packet = {state_.plea ? UnitPacketKind::plea : UnitPacketKind::give, input.received->peer, state_.amount,
                    state_.demand};
      out.takes = out.sends && input.network_ready;
      break;
  }
  return out;
}

void TokenUnit::sooner() {
  state_.interval = std::max(static_cast<std::uint16_t>(state_.interval / 4), settings_.interval_min);
}

void TokenUnit::later() {
  const int half_more = state_.interval + (state_.interval + 1) / 2;
  state_.interval = static_cast<std::uint16_t>(std::min<int>(half_more, settings_.interval_max));
}

void TokenUnit::idle(const UnitInput& input) {
  if (input.received != nullptr && input.received->kind == UnitPacketKind::give) {
    state_.held =
        static_cast<std::uint8_t>(std::min<std::uint32_t>(state_.held + input.received->coins, unit_coin_limit));
    state_.waiting = false;
    if (input.received->coins != 0) {
      sooner();
    } else {
      later();
    }
    return;
  }
  if (input.received != nullptr && input.received->kind == UnitPacketKind::plea) {
    state_.amount = std::min(input.received->coins, state_.held);
    state_.held = static_cast<std::uint8_t>(state_.held - state_.amount);
    state_.plea = false;
    if (state_.amount != 0) sooner();
    state_.phase = UnitPhase::send_reply;
    return;
  }
  if (input.received != nullptr) {
    state_.phase = UnitPhase::share;
    state_.step = 0;
    return;
  }
  if (input.demand != state_.demand) state_.interval = settings_.interval_min;
  state_.demand = input.demand;
}

void TokenUnit::decide(const UnitPacket& ask) {
  const int held = state_.held, limit = unit_coin_limit;
  int give = static_cast<int>(nearest_transfer(held, state_.demand, ask.coins, ask.demand));
  state_.plea = false;
  if (give >= 0) {
    // The asker's counter has an end.
    give = std::min(give, limit - ask.coins);
    state_.held = static_cast<std::uint8_t>(held - give);
    if (give != 0) sooner();
  } else {
    // One that waits has promised its room already.
    give = state_.waiting ? 0 : std::min(-give, limit - held);
    state_.plea = give != 0;
    state_.waiting = state_.waiting || state_.plea;
  }
  state_.amount = static_cast<std::uint8_t>(give);
  state_.phase = UnitPhase::send_reply;
}

void TokenUnit::clock(const UnitInput& input) {
  const UnitOutput out = output(input);
  const bool sent = out.sends && input.network_ready;
  const bool due = state_.timer >= state_.interval;
  const auto next = [](std::uint8_t value, std::size_t count) {
    return static_cast<std::uint8_t>(value + 1U == count ? 0 : value + 1);
  };
  if (!due) ++state_.timer;
  switch (state_.phase) {
    case UnitPhase::idle:
      idle(input);
      if (input.received == nullptr && due && !state_.waiting) {
        if (far_turn() && (settings_.far_tiles >> state_.far & 1U) == 0) {
          state_.far = next(state_.far, unit_tile_limit);
        } else {
          state_.waiting = true;
          state_.phase = UnitPhase::send_ask;
        }
      }
      break;
    case UnitPhase::share:
      if (state_.step == decide_step) {
        decide(*input.received);
      } else {
        ++state_.step;
      }
      break;
    case UnitPhase::send_ask:
      if (!sent) break;
      state_.timer = 0;
      if (far_turn()) {
        state_.far = next(state_.far, unit_tile_limit);
        state_.turn = 0;
      } else {
        state_.neighbour = next(state_.neighbour, unit_neighbours);
        if (state_.turn < unit_turn_limit) ++state_.turn;
      }
      state_.phase = UnitPhase::idle;
      break;
    case UnitPhase::send_reply:
      if (!sent) break;
      if (input.received->kind == UnitPacketKind::plea) state_.waiting = false;
      state_.phase = UnitPhase::idle;
      break;
  }
}

std::uint8_t FrequencyTable::code(std::uint32_t coins) const {
  const std::uint32_t point = std::min(coins, unit_coin_limit) / 4, part = coins % 4;
  if (point == 15) return points[15];
  return static_cast<std::uint8_t>((points[point] * (4 - part) + points[point + 1] * part) / 4);
}

UnitMesh::UnitMesh(const std::vector<UnitSettings>& settings, std::size_t width)
    : units_(settings.begin(), settings.end()), network_(settings.size(), width) {}

Result<UnitMesh> UnitMesh::make(const std::vector<UnitSettings>& settings, std::size_t width, std::string where) {
  if (width == 0 || settings.size() % width != 0)
    return bad_input("rows of " + std::to_string(width) + " for " + std::to_string(settings.size()) + " tiles",
                     std::move(where), "give a width that divides the number of tiles");
  for (std::size_t tile = 0; tile < std::max<std::size_t>(settings.size(), 1); ++tile) {
    const UnitSettings& of_tile = settings.empty() ? UnitSettings{} : settings[tile];
    if (Result<void> good = check(of_tile, settings.size(), where + ", tile " + std::to_string(tile)); !good)
      return good.error();
  }
  return UnitMesh{settings, width};
}

void UnitMesh::step(const std::vector<std::uint8_t>& demand) {
  for (std::size_t tile = 0; tile < units_.size(); ++tile) {
    const UnitPacket* arrived = network_.arrived(tile);
    const UnitInput input{demand[tile], true, arrived, network_.ready(tile)};
    const UnitOutput out = units_[tile].output(input);
    units_[tile].clock(input);
    if (out.takes) network_.take(tile);
    if (out.sends && input.network_ready) {
      UnitPacket packet = out.packet;
      packet.peer = static_cast<std::uint8_t>(tile);
      network_.send(tile, out.packet.peer, packet);
      ++packets_;
    }
  }
  network_.tick();
}

std::uint32_t UnitMesh::held() const {
  std::uint32_t sum = 0;
  for (const TokenUnit& unit : units_) sum += unit.state().held;
  return sum;
}

std::uint32_t UnitMesh::in_flight() const {
  std::uint32_t sum = 0;
  for (const TokenUnit& unit : units_) sum += unit.leaving();
  network_.for_each([&sum](const UnitPacket& packet) {
    if (packet.kind == UnitPacketKind::give) sum += packet.coins;
  });
  return sum;
}

std::vector<UnitSettings> mesh_settings(std::size_t width, std::size_t height, const UnitSettings& like) {
  if (width == 0 || height > unit_tile_limit / std::min(width, unit_tile_limit + 1)) return {};
  std::vector<UnitSettings> all(width * height, like);
  for (std::size_t y = 0; y < height; ++y) {
    for (std::size_t x = 0; x < width; ++x) {
      const auto at = [&](std::size_t column, std::size_t row) {
        return static_cast<std::uint8_t>(row % height * width + column % width);
      };
      UnitSettings& tile = all[y * width + x];
      tile.neighbours = {at(x + width - 1, y), at(x + 1, y), at(x, y + height - 1), at(x, y + 1)};
      const std::uint32_t everyone = all.size() >= 32 ? ~0U : (1U << all.size()) - 1;
      tile.far_tiles = everyone & ~(1U << (y * width + x));
    }
  }
  return all;
}

}  // namespace cradle::power
