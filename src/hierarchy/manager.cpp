#include "cradle/hierarchy/manager.h"

#include <algorithm>
#include <cmath>

#include "cradle/base/text.h"
#include "managers.h"

namespace cradle::hierarchy {

namespace {

/// Holds what the budget gives each device by weight, for ever.
class Fixed final : public Manager {
 public:
  Fixed(const Tree& tree, const ManagerOptions& options) : Manager(options.threads), tree_(tree), options_(options) {}

  void step(std::int64_t, std::span<const std::int32_t>, std::span<std::int32_t> held) override {
    const auto devices = static_cast<Quanta>(tree_.devices());
    const Quanta share = (options_.budget - devices * options_.floor) / devices;
    if (options_.weight.empty()) {
      std::fill(held.begin(), held.end(), static_cast<std::int32_t>(share));
      return;
    }
    double mean = 0;
    for (const std::int32_t weight : options_.weight) mean += weight;
    mean /= static_cast<double>(options_.weight.size());
    for (std::size_t i = 0; i < held.size(); ++i)
      held[i] =
          static_cast<std::int32_t>(static_cast<double>(share) * options_.weight[i % options_.weight.size()] / mean);
  }

  Result<void> set_budget(Quanta budget) override {
    if (auto ok = check_budget(tree_, options_.floor, budget); !ok) return ok;
    options_.budget = budget;
    messages_ += tree_.nodes(tree_.levels() - 1);
    return {};
  }

 private:
  const Tree& tree_;
  ManagerOptions options_;
};

}  // namespace

std::unique_ptr<Manager> make_fixed(const Tree& tree, const ManagerOptions& options) {
  return std::make_unique<Fixed>(tree, options);
}

Result<ManagerKind> parse_manager(std::string_view text, std::string where) {
  for (const ManagerKind kind : {ManagerKind::exchange, ManagerKind::dynamo, ManagerKind::gradient, ManagerKind::fixed})
    if (text == to_string(kind)) return kind;
  const std::vector<std::string> kinds{"exchange", "dynamo", "gradient", "static"};
  return bad_input("no manager '" + std::string(text) + "'", std::move(where), suggest(text, kinds));
}

const char* to_string(ManagerKind kind) {
  switch (kind) {
    case ManagerKind::exchange: return "exchange";
    case ManagerKind::dynamo: return "dynamo";
    case ManagerKind::gradient: return "gradient";
    case ManagerKind::fixed: break;
  }
  return "static";
}

double speed(double held, double demand, double exponent) {
  if (demand <= 0 || held >= demand) return 1;
  if (held <= 0) return 0;
  return exponent == 2 ? std::sqrt(held / demand) : std::pow(held / demand, 1 / exponent);
}

Result<void> check_budget(const Tree& tree, std::int32_t floor, Quanta budget) {
  const Quanta floors = static_cast<Quanta>(tree.devices()) * floor;
  if (budget < floors)
    return bad_input("the budget of " + std::to_string(budget) + " is below the sum of the floors, " +
                         std::to_string(floors) + " (" + std::to_string(tree.devices()) + " devices of " +
                         std::to_string(floor) + ")",
                     "budget", "raise the budget, lower the floor, or switch devices off");
  return {};
}

Result<std::unique_ptr<Manager>> Manager::make(ManagerKind kind, const Tree& tree, const ManagerOptions& options,
                                               std::string where) {
  if (options.floor < 0) return bad_input("a negative floor", std::move(where), "give 0 or more");
  if (auto ok = check_budget(tree, options.floor, options.budget); !ok) return std::move(ok).error();
  for (const std::int32_t weight : options.weight)
    if (weight < 1) return bad_input("a weight below 1", std::move(where), "weights are whole numbers, 1 or more");
  if (!(options.crash_per_second >= 0 && options.crash_per_second <= 1))
    return bad_input("a crash rate outside 0 .. 1", std::move(where), "crashes are a chance per server and second");
  if (options.lease_seconds < 1 || options.down_seconds < 1)
    return bad_input("a lease or a down time below one second", std::move(where), "give whole seconds, 1 or more");
  if (!(options.speed_exponent >= 1))
    return bad_input("a speed exponent below 1", std::move(where), "2 to 3 is what processors come to");
  for (std::size_t l = 1; l <= tree.levels(); ++l) {
    const Quanta below = static_cast<Quanta>(tree.devices() / tree.nodes(l));
    if (tree.level(l).rating > 0 && tree.level(l).rating < below * options.floor)
      return bad_input("the rating of level '" + tree.level(l).name + "', " + std::to_string(tree.level(l).rating) +
                           ", is below the floors under it, " + std::to_string(below * options.floor),
                       std::move(where), "raise the rating or lower the floor");
  }
  switch (kind) {
    case ManagerKind::exchange: return make_exchange(tree, options);
    case ManagerKind::dynamo: return make_dynamo(tree, options);
    case ManagerKind::gradient: return make_gradient(tree, options);
    case ManagerKind::fixed: break;
  }
  return make_fixed(tree, options);
}

}  // namespace cradle::hierarchy
