// What a manager has granted, with its error and throughput kept up to date grant by grant.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "cradle/power/outcome.h"
#include "cradle/power/scenario.h"

namespace cradle::power {

class Grants {
 public:
  explicit Grants(Tiles& tiles) : tiles_(tiles), mean_(tiles.held.size(), 0), since_(tiles.held.size(), 0) {
    std::int64_t held = 0, demand = 0;
    for (const Coins coins : tiles.held) held += coins;
    for (const Coins coins : tiles.demand) demand += coins;
    asked_ = static_cast<double>(demand);
    if (demand == 0) {
      even_ = static_cast<double>(held) / static_cast<double>(tiles.held.size());
    } else {
      alpha_ = static_cast<double>(held) / asked_;
    }
    for (std::size_t tile = 0; tile < tiles.held.size(); ++tile) error_ += error(tile);
  }

  Coins operator[](std::size_t tile) const { return tiles_.held[tile]; }
  double mean_error() const { return error_ / static_cast<double>(tiles_.held.size()); }

  void set(std::size_t tile, Coins coins) {
    pass(tile);
    error_ -= error(tile);
    tiles_.held[tile] = coins;
    error_ += error(tile);
  }

  /// From here on the time-weighted mean of coins and throughput is kept; `now` counts steps.
  void begin_mean() {
    since_.assign(since_.size(), 0);
    mean_.assign(mean_.size(), 0);
    now_ = 0;
    averaging_ = true;
  }
  void step() { ++now_; }
  /// Ends it: held over all steps since, and throughput.
  double end_mean() {
    for (std::size_t tile = 0; tile < mean_.size(); ++tile) pass(tile);
    averaging_ = false;
    return asked_ == 0 || now_ == 0 ? 1 : done_ / (asked_ * static_cast<double>(now_));
  }
  /// Coin-steps of each tile in the mean.
  const std::vector<double>& coin_steps() const { return mean_; }

 private:
  double error(std::size_t tile) const { return std::abs(tiles_.held[tile] - alpha_ * tiles_.demand[tile] - even_); }
  void pass(std::size_t tile) {
    if (!averaging_) return;
    const auto steps = static_cast<double>(now_ - since_[tile]);
    since_[tile] = now_;
    mean_[tile] += steps * tiles_.held[tile];
    const double demand = tiles_.demand[tile];
    if (demand > 0) done_ += steps * demand * std::cbrt(std::fmin(tiles_.held[tile] / demand, 1));
  }

  Tiles& tiles_;
  std::vector<double> mean_;
  std::vector<std::uint64_t> since_;
  std::uint64_t now_ = 0;
  bool averaging_ = false;
  double alpha_ = 0, even_ = 0, asked_ = 0, error_ = 0, done_ = 0;
};

}  // namespace cradle::power
