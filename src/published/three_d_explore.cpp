// 3D-Carbon's exploration: one die, split in two, joined in every way.
#include <algorithm>
#include <cmath>

#include "cradle/published/three_d_carbon.h"

namespace cradle::published {
namespace {

using carbon::GramsCO2e;
using carbon::SquareMillimetres;

constexpr double widest = 10;  // TB/s: the most that is counted

/// Interface bandwidth of a method; their ratios to that of an MCM count.
constexpr double mcm_width = 425;
double width_of(ThreeDMethod method) {
  switch (method) {
    case ThreeDMethod::mcm: return mcm_width;
    case ThreeDMethod::info_chip_first:
    case ThreeDMethod::info_chip_last: return 1200;
    case ThreeDMethod::emib: return 2040;
    case ThreeDMethod::silicon_interposer: return 3072;
    default: return 3732;
  }
}

/// pJ for each bit that crosses between dies side by side.
double link_energy(ThreeDMethod method) {
  switch (method) {
    case ThreeDMethod::mcm: return 0.5;
    case ThreeDMethod::emib: return 0.15;
    case ThreeDMethod::silicon_interposer: return 0.12;
    default: return 0.25;
  }
}

bool beside(ThreeDMethod method) { return method <= ThreeDMethod::silicon_interposer; }

/// The dies of a split, side by side and stacked.
struct Split {
  std::vector<ThreeDDie> beside, stacked;
  double length = 0;  ///< mm, of the edge between dies side by side
  double width = 0;   ///< links for that length, relative
};

ThreeDDie part(const ThreeDDie& whole, int node, double area, double gates, double number) {
  ThreeDDie die;
  die.name = whole.name;
  die.node = node;
  die.area = SquareMillimetres{area};
  die.gates = gates;
  die.number = number;
  return die;
}

Split split(const ThreeDQuestion& question, const ThreeDDieCarbon& whole, bool heterogeneous,
            const ThreeDSwitches& switches) {
  const double area = whole.area.value(), gates = whole.gates;
  const bool shared = switches.explored_stacks;  // gates are split with the area
  const int node = question.die.node;
  const int memory = switches.exploration_keys ? question.memory_node : 28;
  Split halves;
  if (heterogeneous) {
    const double logic = 0.9 * gates, stored = 0.1 * gates;
    halves.beside = {part(question.die, node, 0.88 * area, logic, 1),
                     part(question.die, memory, 0.22 * area, stored, 1)};
    halves.stacked = {part(question.die, node, 0.8 * area, shared ? logic : gates, 1),
                      part(question.die, memory, 0.2 * area, shared ? stored : gates, 1)};
    halves.length = 3 * std::sqrt(halves.stacked[0].area.value());
    halves.width = 52;
  } else {
    const double half = shared ? gates / 2 : gates;
    halves.beside = {part(question.die, node, area * 1.1 / 2, half, 2)};
    halves.stacked = {part(question.die, node, area / 2, half, 2)};
    halves.length = 3 * std::sqrt(halves.beside[0].area.value());
    halves.width = 49;
  }
  return halves;
}

/// Grams of running the tool's reference workload for ten years on a chip of that efficiency in TOPS/W.
double reference_use(double efficiency) {
  return 0.78 / 1000 * 310 * 10 * 30 * 0.006 * 200 * 365 * 10 * 0.34 / efficiency * 8;
}

/// Grams in use of a way of joining, or nothing if the bandwidth is out of reach.
std::optional<GramsCO2e> use_of(ThreeDMethod method, double whole_use, double bandwidth, double required,
                                const ThreeDSwitches& switches) {
  if (method == ThreeDMethod::micro_bumping) return GramsCO2e{whole_use * 1.1};
  if (method == ThreeDMethod::hybrid_bonding) return GramsCO2e{whole_use / 1.09};
  if (method == ThreeDMethod::monolithic) return GramsCO2e{whole_use / 1.21};
  const double slowed = std::min(1.0, 1 - 0.2 * std::log2(required / bandwidth) - 0.2);
  if (switches.infeasible_bandwidth && !(slowed > 0)) return std::nullopt;
  const double links = link_energy(method) * 8 * 8 * bandwidth / slowed;
  return GramsCO2e{whole_use * 1.1 * (whole_use + links) / whole_use};
}

ThreeDOption option_of(std::string name, const ThreeDCarbon& carbon) {
  SquareMillimetres largest;
  for (const ThreeDDieCarbon& die : carbon.dies) largest = std::max(largest, die.area);
  return {std::move(name), carbon.die_sum(), carbon.bonding, carbon.substrate, carbon.package, {}, widest,
          false,           largest};
}

}  // namespace

Result<std::vector<ThreeDOption>> explore(const ThreeDQuestion& question, bool heterogeneous,
                                          const ThreeDSwitches& switches, const std::string& where) {
  if (!(question.efficiency > 0) || !std::isfinite(question.efficiency))
    return bad_input("energy_efficiency is not greater than 0", where, "give TOPS/W");
  if (!(question.bandwidth >= 0) || !std::isfinite(question.bandwidth))
    return bad_input("bandwidth-requirement is negative", where, "give TB/s, 0 or more");
  ThreeDSwitches accepting = switches;
  accepting.emib = true;
  const double use = reference_use(question.efficiency);

  ThreeDProduct product;
  product.name = question.name;
  if (switches.exploration_keys) {
    product.making = question.making;
  } else {
    product.making = ThreeDQuestion{}.making;
  }
  product.dies = {question.die};
  const auto whole = three_d_carbon(product, accepting, where);
  if (!whole) return whole.error();
  std::vector<ThreeDOption> options{option_of("2D", *whole)};
  options[0].operational = GramsCO2e{use};
  options[0].wide_enough = widest > question.bandwidth;

  const Split halves = split(question, whole->dies[0], heterogeneous, switches);
  for (const ThreeDMethod method : {ThreeDMethod::mcm, ThreeDMethod::info_chip_first, ThreeDMethod::info_chip_last,
                                    ThreeDMethod::emib, ThreeDMethod::silicon_interposer, ThreeDMethod::micro_bumping,
                                    ThreeDMethod::hybrid_bonding, ThreeDMethod::monolithic}) {
    product.method = method;
    const bool flat = beside(method) || (method == ThreeDMethod::micro_bumping && !switches.explored_stacks);
    product.dies = flat ? halves.beside : halves.stacked;
    const auto carbon = three_d_carbon(product, accepting, where);
    if (!carbon) return carbon.error();
    ThreeDOption option = option_of(std::string(name(method)), *carbon);
    if (beside(method))
      option.bandwidth = std::min(widest, halves.length * width_of(method) / (mcm_width * halves.width));
    option.operational = use_of(method, use, option.bandwidth, question.bandwidth, switches);
    option.wide_enough = option.bandwidth > question.bandwidth;
    options.push_back(std::move(option));
  }
  return options;
}

}  // namespace cradle::published
