// A parent and its children, who hold coins of one kind: what the parent recalls and issues, what siblings give.
#pragma once

#include <cstdint>
#include <span>

#include "cradle/hierarchy/tree.h"
#include "fill.h"

namespace cradle::hierarchy {

struct Node {
  Quanta budget = 0;  ///< above the floors
  Fill fill;          ///< of what lies below, under the demand of this second
  bool silent = false;
  Quanta surplus() const { return budget - fill.demand; }
};

class Family {
 public:
  /// `limit`: what no child may hold more of. Messages are added to `messages`.
  Family(std::span<Node> children, Quanta coin, Quanta limit, std::uint64_t& messages)
      : children_(children), coin_(coin), limit_(limit), messages_(messages) {}

  /// Issues what lies in the parent's escrow to those that need it, after what others hold and do not use; recalls what
  /// is out beyond the parent's budget.
  void settle(Quanta budget);
  /// Each child whose turn it is with another: after as many turns as there are children each has met each.
  void meet(std::int64_t turn);
  /// Demand, and the level and weight of the children that have too little.
  Fill sum() const;

 private:
  Quanta need(const Node& child) const;
  Quanta spare(const Node& child) const;
  template <class Weight>
  Quanta take(Quanta coins, Weight weight);
  void issue(Quanta coins, Quanta needed);
  void meet(Node& a, Node& b);

  std::span<Node> children_;
  Quanta coin_, limit_;
  std::uint64_t& messages_;
};

}  // namespace cradle::hierarchy
