#include "family.h"

#include <algorithm>
#include <cstdlib>

namespace cradle::hierarchy {

namespace {

constexpr std::uint64_t ask_and_answer = 2, give = 1, issue_one = 1, recall_and_confirm = 2;

/// Of what is not negative. Most of it fits 32 bits, in which older processors divide several times as fast.
Quanta divide(Quanta a, Quanta b) {
  constexpr int narrow = 32;
  if (((a | b) >> narrow) == 0) return static_cast<std::uint32_t>(a) / static_cast<std::uint32_t>(b);
  return a / b;
}

/// Of no weight: the level is infinite and stays so.
void add(Node& node, Quanta quanta) {
  node.budget += quanta;
  node.fill.level += static_cast<double>(quanta) / (node.fill.weight > 0 ? node.fill.weight : 1);
}

/// `coins` in proportion to the weights, whole ones, exactly: each gets what the running sum grows by. With coins <=
/// sum none gets more than its own weight. Both are below 2^31, so that the product fits.
template <class Weight, class Give>
void spread(std::span<Node> children, Quanta coins, Quanta sum, Weight weight, Give give_part) {
  Quanta due = 0;  // of `sum` parts each
  for (Node& child : children) {
    due += coins * weight(child);
    if (due < sum) continue;
    const Quanta part = divide(due, sum);
    give_part(child, part);
    due -= part * sum;
  }
}

/// Quanta that a should give to b, of whom one has too little; negative: b to a.
Quanta transfer(const Node& a, const Node& b) {
  const Quanta left_a = a.surplus(), left_b = b.surplus();
  if (left_a >= 0) return std::min(left_a, -left_b);
  if (left_b >= 0) return -std::min(left_b, -left_a);
  if (a.fill.weight <= 0 || b.fill.weight <= 0) return 0;
  const double flow = (a.fill.level - b.fill.level) * a.fill.weight * b.fill.weight / (a.fill.weight + b.fill.weight);
  // No more than the other asks for, nor than one has.
  return std::clamp<Quanta>(static_cast<Quanta>(flow), std::max(-b.budget, left_a), std::min(a.budget, -left_b));
}

}  // namespace

Quanta Family::need(const Node& child) const {
  if (child.silent || child.surplus() >= 0) return 0;
  const Quanta wanted = divide(coin_ - 1 - child.surplus(), coin_);
  if (child.budget + wanted * coin_ <= limit_) return wanted;
  return child.budget < limit_ ? divide(limit_ - child.budget, coin_) : 0;
}

Quanta Family::spare(const Node& child) const {
  return child.silent || child.surplus() < coin_ ? 0 : divide(child.surplus(), coin_);
}

template <class Weight>
Quanta Family::take(Quanta coins, Weight weight) {
  Quanta sum = 0;
  for (const Node& child : children_) sum += weight(child);
  coins = std::min(coins, sum);
  if (coins <= 0) return 0;
  spread(children_, coins, sum, weight, [&](Node& child, Quanta part) {
    add(child, -part * coin_);
    messages_ += recall_and_confirm;
  });
  return coins;
}

void Family::issue(Quanta coins, Quanta needed) {
  coins = std::min(coins, needed);
  if (coins <= 0) return;
  spread(
      children_, coins, needed, [&](const Node& child) { return need(child); },
      [&](Node& child, Quanta part) {
        add(child, part * coin_);
        messages_ += issue_one;
      });
}

void Family::settle(Quanta budget) {
  Quanta out = 0, needed = 0;
  for (const Node& child : children_) {
    out += child.budget;
    needed += need(child);
  }
  const auto unused = [&](const Node& child) { return spare(child); };
  const Quanta free = budget - out;
  if (free < 0) {
    const Quanta coins = (coin_ - 1 - free) / coin_;
    const Quanta taken = take(coins, unused);
    // What is left after this is with the silent: their lease ends it.
    take(coins - taken, [&](const Node& child) { return child.silent ? 0 : child.budget / coin_; });
    return;
  }
  if (needed == 0) return;
  const Quanta escrow = free / coin_;
  issue(escrow + (needed > escrow ? take(needed - escrow, unused) : 0), needed);
}

void Family::meet(Node& a, Node& b) {
  if (a.silent || b.silent) return;
  messages_ += ask_and_answer;
  if (a.surplus() >= 0 && b.surplus() >= 0) return;
  const Quanta quanta = transfer(a, b), size = std::abs(quanta);
  // Whether coins move, and which way, is as good as random: no branch asks for it.
  Quanta coins = divide(size, coin_);
  Node* const ends[] = {&a, &b};
  Node &from = *ends[quanta < 0 ? 1 : 0], &to = *ends[quanta < 0 ? 0 : 1];
  if (to.budget + coins * coin_ > limit_) coins = std::max<Quanta>(0, limit_ - to.budget) / coin_;
  messages_ += coins > 0 ? give : 0;
  add(from, -coins * coin_);
  add(to, coins * coin_);
}

void Family::meet(std::int64_t turn) {
  const std::size_t count = children_.size(), sum = static_cast<std::size_t>(turn) % count;
  // Those whose numbers add up to `sum`, and to `sum` after one time around.
  for (std::size_t i = 0; 2 * i < sum; ++i) meet(children_[i], children_[sum - i]);
  for (std::size_t i = sum + 1; 2 * i < sum + count; ++i) meet(children_[i], children_[sum + count - i]);
}

Fill Family::sum() const {
  Fill sum;
  double level = 0;
  for (const Node& child : children_) {
    sum.demand += child.fill.demand;
    if (child.surplus() >= 0 || child.fill.weight <= 0) continue;
    sum.weight += child.fill.weight;
    level += child.fill.weight * child.fill.level;
  }
  if (sum.weight > 0) sum.level = level / sum.weight;
  return sum;
}

}  // namespace cradle::hierarchy
