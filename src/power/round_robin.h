// The centralised round-robin manager of the released BlitzCoin programs: lists run, idle and wait.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "cradle/power/scenario.h"

namespace cradle::power {

class RoundRobin {
 public:
  /// What a tile draws at its highest and lowest operating point, and what there is in all.
  RoundRobin(std::vector<Coins> most, std::vector<Coins> least, std::int64_t budget)
      : most_(std::move(most)),
        least_(std::move(least)),
        granted_(most_.size(), 0),
        list_(most_.size(), List::none),
        pool_(budget) {}

  /// The tile was at work before the first step, with so many coins. Precondition: the pool has them.
  void adopt(Tile tile, Coins coins) {
    set(tile, coins);
    put(tile, coins > least_[tile] ? List::run : List::idle);
  }

  /// Polls one tile and moves the lists on.
  void step(Tile tile, bool at_work) {
    changed_.clear();
    if (!at_work && list_[tile] != List::none) {
      set(tile, 0);
      if (list_[tile] == List::wait) --waiting_;
      list_[tile] = List::none;
    } else if (at_work && list_[tile] == List::none) {
      put(tile, List::wait);
      ++waiting_;
    }
    if (drop_gone(run_, List::run)) {
      const Tile head = run_.front();
      run_.pop_front();
      set(head, std::min(granted_[head], least_[head]));
      put(head, List::idle);
    }
    while (drop_gone(wait_, List::wait)) {
      const Tile head = wait_.front();
      const bool fast = most_[head] <= pool_;
      if (!fast && least_[head] > pool_) break;
      wait_.pop_front();
      --waiting_;
      set(head, fast ? most_[head] : least_[head]);
      put(head, fast ? List::run : List::idle);
    }
    while (drop_gone(idle_, List::idle)) {
      const Tile head = idle_.front();
      if (most_[head] - granted_[head] > pool_) break;
      idle_.pop_front();
      set(head, most_[head]);
      put(head, List::run);
    }
  }

  const std::vector<Coins>& granted() const { return granted_; }
  std::int64_t pool() const { return pool_; }
  std::size_t waiting() const { return waiting_; }
  /// Tiles whose grant the last step wrote, some maybe twice.
  const std::vector<Tile>& changed() const { return changed_; }

 private:
  enum class List : std::uint8_t { none, run, idle, wait };

  void put(Tile tile, List list) {
    list_[tile] = list;
    (list == List::run ? run_ : list == List::idle ? idle_ : wait_).push_back(tile);
  }
  /// Tiles that finished stay in their queue until they come to its head. False: none left.
  bool drop_gone(std::deque<Tile>& queue, List list) {
    while (!queue.empty() && list_[queue.front()] != list) queue.pop_front();
    return !queue.empty();
  }
  void set(Tile tile, Coins coins) {
    pool_ += granted_[tile] - coins;
    granted_[tile] = coins;
    changed_.push_back(tile);
  }

  std::vector<Coins> most_, least_, granted_;
  std::vector<List> list_;
  std::deque<Tile> run_, idle_, wait_;
  std::vector<Tile> changed_;
  std::int64_t pool_;
  std::size_t waiting_ = 0;
};

}  // namespace cradle::power
