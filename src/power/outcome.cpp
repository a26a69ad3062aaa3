#include "cradle/power/outcome.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "cradle/base/text.h"
#include "shown.h"

namespace cradle::power {

namespace {

constexpr std::array<std::pair<const char*, Protocol>, 6> protocols = {{{"escrow", Protocol::escrow},
                                                                        {"published", Protocol::published},
                                                                        {"c-rr", Protocol::c_rr},
                                                                        {"optimal", Protocol::optimal},
                                                                        {"ring", Protocol::ring},
                                                                        {"static", Protocol::fixed}}};

}  // namespace

Result<Protocol> parse_protocol(std::string_view text, std::string where) {
  std::vector<std::string> names;
  for (const auto& known : protocols) {
    if (text == known.first) return known.second;
    names.emplace_back(known.first);
  }
  return bad_input("no such protocol: " + shown(text), std::move(where), suggest(text, names));
}

const char* to_string(Protocol protocol) {
  for (const auto& known : protocols) {
    if (known.second == protocol) return known.first;
  }
  return "?";
}

double throughput(const std::vector<Coins>& held, const std::vector<Coins>& demand) {
  double done = 0, asked = 0;
  for (std::size_t tile = 0; tile < demand.size(); ++tile) {
    if (demand[tile] == 0) continue;
    const double asks = demand[tile];
    done += asks * std::cbrt(std::clamp(held[tile] / asks, 0.0, 1.0));
    asked += asks;
  }
  return asked == 0 ? 1 : done / asked;
}

void judge_fairness(PowerOutcome& outcome, const std::vector<Coins>& held, const std::vector<Coins>& demand) {
  std::int64_t sum = 0;
  for (const Coins coins : held) sum += coins;
  if (sum <= 0) {
    outcome.jain.reset();
    outcome.jain_max_min.reset();
    return;
  }
  // Nobody gains by coins beyond its demand; of tiles that ask for nothing there is nothing to judge.
  std::vector<Coins> used = held;
  std::int64_t asked = 0;
  for (std::size_t tile = 0; tile < demand.size(); ++tile) {
    asked += demand[tile];
    used[tile] = std::min(held[tile], demand[tile]);
  }
  const std::int64_t coins = std::min(sum, asked);
  outcome.jain = jain(used, water_filling(coins, demand, demand));
  outcome.jain_max_min = jain(used, water_filling(coins, demand, std::vector<Coins>(demand.size(), 1)));
}

}  // namespace cradle::power
