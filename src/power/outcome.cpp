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

}  // namespace cradle::power
