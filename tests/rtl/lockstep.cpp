// The RTL of the token unit (Verilator) and its C++ model in lock step: the same inputs in every cycle, the same
// outputs and registers asked of both. Usage: lockstep TILE_CYCLES [SEED]. Exit 1 at the first difference.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "Vtoken_unit.h"
#include "Vtoken_unit___024root.h"
#include "cradle/base/random.h"
#include "cradle/power/unit.h"

using cradle::RandomStream;
using namespace cradle::power;

namespace {

class RtlUnit {
 public:
  RtlUnit(VerilatedContext* context, const UnitSettings& settings, const FrequencyTable& table)
      : unit_(std::make_unique<Vtoken_unit>(context)) {
    Vtoken_unit& u = *unit_;
    u.initial_coins = settings.initial_coins;
    for (std::size_t i = 0; i < unit_neighbours; ++i) u.neighbours |= settings.neighbours[i] << (5 * i);
    u.far_tiles = settings.far_tiles;
    u.far_every = settings.far_every;
    u.interval_min = settings.interval_min;
    u.interval_max = settings.interval_max;
    u.rst = 1;
    u.table_write = 1;
    u.eval();
    for (std::size_t i = 0; i < table.points.size(); ++i) {
      u.table_point = static_cast<std::uint8_t>(i);
      u.table_code = table.points[i];
      edge();
    }
    u.table_write = 0;
    u.rst = 0;
  }

  void set(const UnitInput& input) {
    Vtoken_unit& u = *unit_;
    u.demand = input.demand;
    u.settled = input.settled;
    u.tx_ready = input.network_ready;
    u.rx_valid = input.received != nullptr;
    if (input.received != nullptr) {
      u.rx_kind = static_cast<std::uint8_t>(input.received->kind);
      u.rx_peer = input.received->peer;
      u.rx_coins = input.received->coins;
      u.rx_demand = input.received->demand;
    }
    u.eval();
  }
  void edge() {
    unit_->clk = 1;
    unit_->eval();
    unit_->clk = 0;
    unit_->eval();
  }

  UnitOutput output() const {
    const Vtoken_unit& u = *unit_;
    UnitOutput out{u.tx_valid != 0, {}, u.rx_ready != 0};
    if (out.sends) out.packet = {static_cast<UnitPacketKind>(u.tx_kind), u.tx_peer, u.tx_coins, u.tx_demand};
    return out;
  }
  UnitState state() const {
    const Vtoken_unit___024root& r = *unit_->rootp;
    UnitState s;
    s.held = unit_->held;
    s.demand = r.token_unit__DOT__exchange__DOT__demand_now;
    s.waiting = r.token_unit__DOT__exchange__DOT__waiting;
    s.plea = r.token_unit__DOT__exchange__DOT__plea;
    s.phase = static_cast<UnitPhase>(r.token_unit__DOT__exchange__DOT__state);
    s.step = r.token_unit__DOT__exchange__DOT__step;
    s.amount = r.token_unit__DOT__exchange__DOT__work & unit_coin_limit;
    s.timer = r.token_unit__DOT__exchange__DOT__timer;
    s.interval = r.token_unit__DOT__exchange__DOT__interval;
    s.neighbour = r.token_unit__DOT__exchange__DOT__neighbour;
    s.far = r.token_unit__DOT__exchange__DOT__far;
    s.turn = r.token_unit__DOT__exchange__DOT__turn;
    return s;
  }
  std::uint8_t code() const { return unit_->code; }

 private:
  std::unique_ptr<Vtoken_unit> unit_;
};

/// Registers that mean nothing in a phase may differ in it.
UnitState meaningful(UnitState state) {
  if (state.phase != UnitPhase::share) state.step = 0;
  if (state.phase != UnitPhase::send_reply) state.amount = 0, state.plea = false;
  return state;
}

void print(const char* name, const UnitState& s, const UnitOutput& o) {
  std::fprintf(stderr,
               "%6s: held %d demand %d waiting %d plea %d phase %d step %d amount %d timer %d interval %d neighbour %d "
               "far %d turn %d; sends %d (%d to %d: %d of %d) takes %d\n",
               name, s.held, s.demand, s.waiting, s.plea, static_cast<int>(s.phase), s.step, s.amount, s.timer,
               s.interval, s.neighbour, s.far, s.turn, o.sends, static_cast<int>(o.packet.kind), o.packet.peer,
               o.packet.coins, o.packet.demand, o.takes);
}

struct Mesh {
  std::size_t width, height;
};

/// True when both agreed in every cycle and no coin was lost or made.
bool run(Mesh mesh, std::uint64_t cycles, std::uint64_t seed) {
  const std::size_t tiles = mesh.width * mesh.height;
  RandomStream random(seed, "lock step");
  UnitSettings like;
  like.far_every = static_cast<std::uint8_t>(random.below(20));
  std::vector<UnitSettings> settings = mesh_settings(mesh.width, mesh.height, like);
  const std::uint64_t wealth = 1 + random.below(unit_coin_limit + 1);
  std::uint32_t budget = 0;
  for (UnitSettings& s : settings) {
    s.initial_coins = static_cast<std::uint8_t>(random.below(wealth));
    s.interval_min = static_cast<std::uint16_t>(1 + random.below(130));
    s.interval_max = static_cast<std::uint16_t>(s.interval_min + random.below(unit_interval_limit - 130));
    s.far_tiles &= static_cast<std::uint32_t>(random.next() | random.next());
    budget += s.initial_coins;
  }
  FrequencyTable table;
  for (std::uint8_t& point : table.points) point = static_cast<std::uint8_t>(random.next());

  VerilatedContext context;
  std::vector<RtlUnit> rtl;
  std::vector<TokenUnit> model;
  for (const UnitSettings& s : settings) {
    rtl.emplace_back(&context, s, table);
    model.emplace_back(s);
  }
  UnitNetwork<UnitPacket> network(tiles, mesh.width);
  std::vector<std::uint8_t> demand(tiles, 0);
  std::uint32_t in_network = 0;  // coins in packets
  for (std::uint64_t cycle = 0; cycle < cycles; ++cycle) {
    // Activity changes now and then; the network and the actuator stall at random.
    const std::uint64_t dice = random.next();
    if ((dice & 511) == 0) demand[random.below(tiles)] = static_cast<std::uint8_t>(random.below(unit_coin_limit + 1));
    if ((dice >> 9 & 511) == 0) demand[random.below(tiles)] = 0;
    std::uint32_t held = 0;
    const std::uint32_t in_flight = in_network;
    for (std::size_t tile = 0; tile < tiles; ++tile) {
      const std::uint64_t stalls = dice >> (tile % 32);
      const UnitInput input{demand[tile], (stalls & 5) != 0, network.arrived(tile),
                            network.ready(tile) && (stalls & 48) != 0};
      rtl[tile].set(input);
      const UnitOutput ours = model[tile].output(input), theirs = rtl[tile].output();
      const UnitState& state = model[tile].state();
      const bool same =
          ours.sends == theirs.sends && ours.takes == theirs.takes && (!ours.sends || ours.packet == theirs.packet) &&
          meaningful(state) == meaningful(rtl[tile].state()) && table.code(state.held) == rtl[tile].code();
      if (!same) {
        std::fprintf(stderr, "lockstep: difference in cycle %llu of tile %zu of %zu (seed %llu)\n",
                     static_cast<unsigned long long>(cycle), tile, tiles, static_cast<unsigned long long>(seed));
        print("model", state, ours);
        print("rtl", rtl[tile].state(), theirs);
        return false;
      }
      held += state.held + model[tile].leaving();
      model[tile].clock(input);
      rtl[tile].edge();
      if (ours.takes) {
        if (input.received->kind == UnitPacketKind::give) in_network -= input.received->coins;
        network.take(tile);
      }
      if (ours.sends && input.network_ready) {
        UnitPacket packet = ours.packet;
        packet.peer = static_cast<std::uint8_t>(tile);
        network.send(tile, ours.packet.peer, packet);
        if (packet.kind == UnitPacketKind::give) in_network += packet.coins;
      }
    }
    network.tick();
    if (held + in_flight != budget) {
      std::fprintf(stderr, "lockstep: %u held and %u in flight of %u coins in cycle %llu (seed %llu)\n", held,
                   in_flight, budget, static_cast<unsigned long long>(cycle), static_cast<unsigned long long>(seed));
      return false;
    }
  }
  return true;
}

/// Units never send it: coins that nobody waits for and that do not fit. A counter ends there, it does not wrap.
bool ends_at_its_end() {
  VerilatedContext context;
  UnitSettings settings;
  settings.initial_coins = 60;
  RtlUnit rtl(&context, settings, {});
  TokenUnit model(settings);
  const UnitPacket gift{UnitPacketKind::give, 1, 60, 0};
  const UnitInput input{0, true, &gift, true};
  rtl.set(input);
  rtl.edge();
  model.clock(input);
  if (rtl.state().held == unit_coin_limit && model.state().held == unit_coin_limit) return true;
  std::fprintf(stderr, "lockstep: difference at the end of the counter: rtl %d, model %d\n", rtl.state().held,
               model.state().held);
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t wanted = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  const std::uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  if (!ends_at_its_end()) return 1;
  constexpr Mesh meshes[] = {{3, 3}, {4, 4}, {2, 1}, {5, 5}, {8, 4}};
  // Many short runs rather than few long ones: settings are drawn anew for each.
  constexpr std::uint64_t run_cycles = 20'000;
  std::uint64_t done = 0, runs = 0;
  while (done < wanted) {
    const Mesh mesh = meshes[runs % std::size(meshes)];
    if (!run(mesh, run_cycles, seed + runs)) return 1;
    done += run_cycles * mesh.width * mesh.height;
    ++runs;
  }
  std::printf("lockstep: %llu tile-cycles in %llu runs on 2 to 32 tiles, 0 differences\n",
              static_cast<unsigned long long>(done), static_cast<unsigned long long>(runs));
  return 0;
}
