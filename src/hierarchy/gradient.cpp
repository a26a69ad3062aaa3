// A manager that follows the gain per watt, as PowerGrad (IBM and UIUC) describes it: budgets move from nodes where a
// watt buys little speed to those where it buys much: within a server every 100 ms, between the servers of a
// sub-cluster every second, between sub-clusters every 4 s. The gain is the derivative of the speed curve, which this
// manager is given; PowerGrad estimates it. The step size is ours: a tenth of the mean budget per relative difference.
#include <algorithm>
#include <cmath>
#include <vector>

#include "fill.h"
#include "managers.h"

namespace cradle::hierarchy {

namespace {

constexpr std::int64_t cluster_period = 4;
constexpr double step_size = 0.1;

class Gradient final : public Manager {
 public:
  Gradient(const Tree& tree, const ManagerOptions& options) : Manager(options.threads), tree_(tree), options_(options) {
    const std::size_t servers = tree.nodes(tree.levels() - 1);
    budget_.assign(servers, above_floors() / static_cast<double>(servers));
    gain_.assign(servers, 0);
  }

  void step(std::int64_t second, std::span<const std::int32_t> demand, std::span<std::int32_t> held) override {
    const std::size_t fan_out = tree_.level(tree_.levels()).fan_out;
    weights_.resize(fan_out);
    for (std::size_t s = 0; s < budget_.size(); ++s)
      share(s, demand.subspan(s * fan_out, fan_out), held.subspan(s * fan_out, fan_out));
    const std::size_t family = tree_.levels() >= 2 ? tree_.level(tree_.levels() - 1).fan_out : budget_.size();
    for (std::size_t first = 0; first < budget_.size(); first += family)
      balance(std::span(budget_).subspan(first, family), std::span<const double>(gain_).subspan(first, family));
    messages_ += 2 * budget_.size();
    if (second % cluster_period == 0) balance_clusters(family);
  }

  Result<void> set_budget(Quanta budget) override {
    if (auto ok = check_budget(tree_, options_.floor, budget); !ok) return ok;
    const double before = above_floors();
    options_.budget = budget;
    for (double& one : budget_)
      one = before > 0 ? one * above_floors() / before : above_floors() / static_cast<double>(budget_.size());
    messages_ += budget_.size();
    return {};
  }

 private:
  double above_floors() const {
    return static_cast<double>(options_.budget) - static_cast<double>(tree_.devices()) * options_.floor;
  }

  /// Most speed for the server's budget: held = level x demand^(-1 / (exponent - 1)), none above its demand.
  void share(std::size_t s, std::span<const std::int32_t> demand, std::span<std::int32_t> held) {
    const double e = options_.speed_exponent;
    double most = 0;
    for (std::size_t i = 0; i < demand.size(); ++i) {
      const double asked = std::max(demand[i], 1);
      // Without a curve (exponent 1) speed is a straight line: gain 1 / demand, the smallest demands first.
      weights_[i] = e > 1 ? std::pow(asked, -1 / (e - 1)) : 1 / asked;
      most = std::max(most, weights_[i]);
    }
    // Whole weights: 1 for the least, 2^16 for the most.
    constexpr double finest = 65'536;
    const auto weight = [&](std::size_t i) {
      return std::max<std::int64_t>(1, std::llround(finest * weights_[i] / most));
    };
    fill(static_cast<std::int64_t>(budget_[s]), demand, held, weight);
    gain_[s] = 0;
    for (std::size_t i = 0; i < demand.size(); ++i)
      if (held[i] < demand[i])
        gain_[s] = std::max(gain_[s], std::pow(static_cast<double>(std::max(held[i], 1)) / demand[i], 1 / e) / e /
                                          std::max(held[i], 1));
  }

  /// Those whose gain is below the mean offer up to a step, those above it ask for up to a step, and the lesser of both
  /// sums changes hands. Nothing is scaled afterwards: that would hand to the rich what all others offer to one.
  void balance(std::span<double> budget, std::span<const double> gain) {
    double mean_gain = 0, sum = 0;
    for (const double one : gain) mean_gain += one;
    for (const double one : budget) sum += one;
    const auto count = static_cast<double>(budget.size());
    mean_gain /= count;
    if (mean_gain <= 0) return;
    const double most = step_size * sum / count;
    double offered = 0, asked = 0;
    change_.resize(budget.size());
    for (std::size_t i = 0; i < budget.size(); ++i) {
      change_[i] = std::max(-budget[i], most * std::clamp(gain[i] / mean_gain - 1, -1.0, 1.0));
      (change_[i] < 0 ? offered : asked) += std::abs(change_[i]);
    }
    const double moved = std::min(offered, asked);
    if (moved <= 0) return;
    for (std::size_t i = 0; i < budget.size(); ++i)
      budget[i] = std::max(0.0, budget[i] + change_[i] * moved / (change_[i] < 0 ? offered : asked));
  }

  void balance_clusters(std::size_t family) {
    const std::size_t count = budget_.size() / family;
    std::vector<double> budget(count, 0), gain(count, 0);
    for (std::size_t s = 0; s < budget_.size(); ++s) {
      budget[s / family] += budget_[s];
      gain[s / family] += gain_[s];
    }
    const std::vector<double> before = budget;
    balance(budget, gain);
    for (std::size_t s = 0; s < budget_.size(); ++s) {
      const std::size_t cluster = s / family;
      // A cluster that had given all away has no shares to scale: what it gets now is its servers' in equal parts.
      if (before[cluster] > 0)
        budget_[s] *= budget[cluster] / before[cluster];
      else
        budget_[s] = budget[cluster] / static_cast<double>(family);
    }
    messages_ += 2 * count;
  }

  const Tree& tree_;
  ManagerOptions options_;
  std::vector<double> budget_, gain_;  ///< by server
  std::vector<double> weights_;
  std::vector<double> change_;  ///< by member of the family being balanced
};

}  // namespace

std::unique_ptr<Manager> make_gradient(const Tree& tree, const ManagerOptions& options) {
  return std::make_unique<Gradient>(tree, options);
}

}  // namespace cradle::hierarchy
