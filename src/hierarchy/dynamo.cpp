// Dynamo as Wu et al. (ISCA 2016) describe it: controllers read power and cap only when a limit comes near. Three
// bands: above 99 % of the limit down to 95 %, below 90 % the caps are lifted, between them nothing. Leaf controllers
// every 3 s, those above every 9 s, so that the lower ones have settled. A leaf controller takes from the highest
// draws first; one above tells those of its children that draw more than their part a limit of their own.
#include <algorithm>
#include <limits>
#include <vector>

#include "fill.h"
#include "managers.h"

namespace cradle::hierarchy {

namespace {

constexpr std::int64_t leaf_period = 3, upper_period = 9;
constexpr double cap_above = 0.99, target = 0.95, lift_below = 0.90;
constexpr std::int32_t uncapped = 1 << 24;

class Dynamo final : public Manager {
 public:
  Dynamo(const Tree& tree, const ManagerOptions& options)
      : Manager(options.threads),
        tree_(tree),
        options_(options),
        leaf_(tree.levels() - 1),
        cap_(tree.devices(), uncapped) {
    // The lowest nodes with a breaker have the leaf controllers.
    for (std::size_t l = 1; l < tree.levels(); ++l)
      if (tree.level(l).rating > 0) leaf_ = l;
    for (std::size_t l = 0; l <= leaf_; ++l) {
      power_.emplace_back(tree.nodes(l), 0);
      contract_.emplace_back(tree.nodes(l), none);
    }
  }

  void step(std::int64_t second, std::span<const std::int32_t> demand, std::span<std::int32_t> held) override {
    // What is read is what was drawn in the second before.
    if (second % leaf_period == 0 && !drawn_.empty()) {
      read();
      if (second % upper_period == 0)
        for (std::size_t l = 0; l < leaf_; ++l) rule(l);
      for (std::size_t n = 0; n < tree_.nodes(leaf_); ++n) cap(n);
    }
    std::copy(cap_.begin(), cap_.end(), held.begin());
    drawn_.resize(demand.size());
    for (std::size_t i = 0; i < demand.size(); ++i) drawn_[i] = std::min(demand[i], cap_[i]);
  }

  Result<void> set_budget(Quanta budget) override {
    if (auto ok = check_budget(tree_, options_.floor, budget); !ok) return ok;
    options_.budget = budget;
    return {};
  }

 private:
  static constexpr Quanta none = std::numeric_limits<Quanta>::max();

  Quanta floors(std::size_t l) const { return static_cast<Quanta>(tree_.devices() / tree_.nodes(l)) * options_.floor; }
  Quanta limit(std::size_t l, std::size_t n) const {
    const Quanta own = l == 0 ? options_.budget : tree_.level(l).rating > 0 ? tree_.level(l).rating : none;
    return std::min(own, contract_[l][n]);
  }
  std::size_t devices_below(std::size_t l) const { return tree_.devices() / tree_.nodes(l); }

  void read() {
    const std::size_t per_leaf = devices_below(leaf_);
    for (std::size_t n = 0; n < tree_.nodes(leaf_); ++n) {
      Quanta sum = floors(leaf_);
      for (std::size_t i = n * per_leaf; i < (n + 1) * per_leaf; ++i) sum += drawn_[i];
      power_[leaf_][n] = sum;
    }
    for (std::size_t l = leaf_; l-- > 0;) {
      const std::size_t fan_out = tree_.level(l + 1).fan_out;
      for (std::size_t n = 0; n < tree_.nodes(l); ++n) {
        power_[l][n] = 0;
        for (std::size_t c = n * fan_out; c < (n + 1) * fan_out; ++c) power_[l][n] += power_[l + 1][c];
      }
    }
    // Each server is asked and answers.
    messages_ += 2 * tree_.nodes(tree_.levels() - 1);
  }

  /// Limits for the children of an upper node.
  void rule(std::size_t l) {
    const std::size_t fan_out = tree_.level(l + 1).fan_out;
    for (std::size_t n = 0; n < tree_.nodes(l); ++n) {
      messages_ += 2 * fan_out;
      const Quanta allowed = limit(l, n);
      if (allowed == none) continue;
      const auto power = static_cast<double>(power_[l][n]);
      if (power < lift_below * static_cast<double>(allowed)) {
        for (std::size_t c = n * fan_out; c < (n + 1) * fan_out; ++c) contract_[l + 1][c] = none;
      } else if (power > cap_above * static_cast<double>(allowed)) {
        // The offenders, those above an even part, come down to one level.
        asked_.resize(fan_out);
        parts_.resize(fan_out);
        const Quanta below = floors(l + 1);
        for (std::size_t c = 0; c < fan_out; ++c)
          asked_[c] = static_cast<std::int32_t>(power_[l + 1][n * fan_out + c] - below);
        const auto goal =
            static_cast<Quanta>(target * static_cast<double>(allowed)) - static_cast<Quanta>(fan_out) * below;
        fill(std::max<Quanta>(0, goal), asked_, parts_, [](std::size_t) { return std::int64_t{1}; });
        for (std::size_t c = 0; c < fan_out; ++c)
          // The child itself caps at 99 % of what it is told down to 95 %: it is told the limit that ends at its part.
          contract_[l + 1][n * fan_out + c] = static_cast<Quanta>(static_cast<double>(parts_[c] + below) / target);
      }
    }
  }

  void cap(std::size_t n) {
    const Quanta allowed = limit(leaf_, n);
    if (allowed == none) {
      lift(n);
      return;
    }
    const auto power = static_cast<double>(power_[leaf_][n]);
    if (power < lift_below * static_cast<double>(allowed)) lift(n);
    if (power <= cap_above * static_cast<double>(allowed)) return;
    const std::size_t count = devices_below(leaf_);
    const auto drawn = std::span<const std::int32_t>(drawn_).subspan(n * count, count);
    const auto caps = std::span(cap_).subspan(n * count, count);
    const Quanta goal = static_cast<Quanta>(target * static_cast<double>(allowed)) - floors(leaf_);
    const auto weight = [&](std::size_t i) -> std::int64_t {
      return options_.weight.empty() ? 1 : options_.weight[(n * count + i) % options_.weight.size()];
    };
    const Fill filled = fill(std::max<Quanta>(0, goal), drawn, caps, weight);
    for (std::size_t i = 0; i < count; ++i)
      // Those that draw less than the level keep it as their cap.
      caps[i] = static_cast<std::int32_t>(std::min<double>(filled.level * static_cast<double>(weight(i)), uncapped));
    messages_ += 2 * count / tree_.level(tree_.levels()).fan_out;
  }

  void lift(std::size_t n) {
    const std::size_t count = devices_below(leaf_);
    std::fill_n(cap_.begin() + static_cast<std::ptrdiff_t>(n * count), count, uncapped);
  }

  const Tree& tree_;
  ManagerOptions options_;
  std::size_t leaf_;
  std::vector<std::int32_t> cap_, drawn_;
  std::vector<std::vector<Quanta>> power_, contract_;
  std::vector<std::int32_t> asked_, parts_;
};

}  // namespace

std::unique_ptr<Manager> make_dynamo(const Tree& tree, const ManagerOptions& options) {
  return std::make_unique<Dynamo>(tree, options);
}

}  // namespace cradle::hierarchy
