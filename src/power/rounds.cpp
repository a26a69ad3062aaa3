#include "cradle/power/rounds.h"

#include <algorithm>
#include <barrier>
#include <numeric>
#include <thread>

#include "cradle/power/exchange.h"
#include "exchange_lanes.h"

namespace cradle::power {

namespace {

constexpr std::uint32_t most_periods = 10'000'000;
constexpr std::uint32_t quiet_periods = 16;

/// What one thread did in the current period; on its own cache line.
struct alignas(64) ThreadCount {
  std::uint64_t exchanges = 0, gives = 0;
  bool moved = false;
};

/// What the exchange sees: pairs of a torus in runs, pairs of a graph one by one.
class Board {
 public:
  Board(const Topology& topology, Tiles& tiles, const RoundsOptions& options)
      : topology_(topology),
        tiles_(tiles),
        nearest_(options.rule == Protocol::escrow),
        schedule_(topology, options.far_every),
        columns_(topology.width() == 0 ? topology.tiles() : topology.width()),
        rows_(topology.width() == 0 ? 1 : topology.height()),
        lanes_(best_lanes()),
        sum_(sum_lanes(lanes_)),
        row_sums_(rows_) {
    const std::int64_t held = std::accumulate(tiles.held.begin(), tiles.held.end(), std::int64_t{0});
    const std::int64_t demand = std::accumulate(tiles.demand.begin(), tiles.demand.end(), std::int64_t{0});
    if (demand == 0) {
      even_ = static_cast<double>(held) / topology.tiles();
    } else {
      alpha_ = static_cast<double>(held) / static_cast<double>(demand);
    }
    most_demand_ = static_cast<std::uint64_t>(*std::max_element(tiles.demand.begin(), tiles.demand.end()));
    unsigned threads = options.threads == 0 ? std::max(1U, std::thread::hardware_concurrency()) : options.threads;
    // Below some thousand tiles the barriers cost more than the exchanges; a graph has no rows to share.
    if (topology.tiles() < 16'384) threads = 1;
    counts_.resize(std::min(threads, rows_));
    for (std::uint32_t y = 0; y < rows_; ++y) measure(y);
    gather();
  }

  unsigned threads() const { return static_cast<unsigned>(counts_.size()); }
  double mean_error() const { return error_ / topology_.tiles(); }
  std::uint64_t cycle() const { return schedule_.cycle(); }

  /// A thread's share of step `step` of a period; a step needs what the one before left behind.
  void work(std::uint64_t period, unsigned step, unsigned thread) {
    const std::vector<Turn>& turns = schedule_.period(period);
    if (listed(turns)) {
      // The topology is small, or a graph: one thread does it.
      if (thread == 0) {
        for (const Turn& turn : turns) graph_turn(turn, counts_[0]);
        for (std::uint32_t y = 0; y < rows_; ++y) measure(y);
      }
    } else if (along_rows(turns)) {
      for (std::uint32_t y = share(rows_, thread); y < share(rows_, thread + 1); ++y) {
        for (const Turn& turn : turns) row_turn(stride(turn), y, counts_[thread]);
        measure(y);
      }
    } else if (step < turns.size()) {
      column_turn(stride(turns[step]), thread);
    } else {
      for (std::uint32_t y = share(rows_, thread); y < share(rows_, thread + 1); ++y) measure(y);
    }
  }
  unsigned steps(std::uint64_t period) const {
    const std::vector<Turn>& turns = schedule_.period(period);
    return listed(turns) || along_rows(turns) ? 1 : static_cast<unsigned>(turns.size()) + 1;
  }

  /// Before the work of a period: the arithmetic that is exact for whatever its matchings can pile up.
  void choose(std::uint64_t period) {
    const auto turns = static_cast<unsigned>(schedule_.period(period).size());
    // One exchange brings no balance above twice the largest.
    const std::uint64_t reach = std::uint64_t{most_held_} << std::min(turns == 0 ? 0 : turns - 1, 31U);
    exchange_ = exchange_lanes(lanes_, width_for(reach, most_demand_), nearest_);
  }

  /// After it.
  void gather() {
    error_ = 0;
    most_held_ = 0;
    for (const RowSum& row : row_sums_) {
      error_ += row.error;
      most_held_ |= row.seen;
    }
  }
  ThreadCount take_counts() {
    ThreadCount total;
    for (ThreadCount& count : counts_) {
      total.exchanges += count.exchanges;
      total.gives += count.gives;
      total.moved = total.moved || count.moved;
      count = {};
    }
    return total;
  }

 private:
  std::uint32_t share(std::uint32_t count, unsigned thread) const {
    return static_cast<std::uint32_t>(std::uint64_t{count} * thread / counts_.size());
  }
  Topology::Stride stride(const Turn& turn) const {
    return turn.far ? topology_.far_stride(turn.matching) : topology_.near_stride(turn.matching);
  }
  /// Pairs that are listed one by one, not by strides.
  bool listed(const std::vector<Turn>& turns) const {
    return topology_.width() == 0 || (!turns.empty() && turns[0].far && !topology_.has_far_strides());
  }
  bool along_rows(const std::vector<Turn>& turns) const { return turns.empty() || stride(turns[0]).along_rows; }

  static void count(ThreadCount& counts, const Moves& moves, std::size_t pairs) {
    counts.exchanges += pairs;
    counts.gives += moves.gives;
    counts.moved = counts.moved || moves.any;
  }
  void apart(std::size_t a, std::size_t b, std::size_t pairs, ThreadCount& counts) {
    Coins* const held = tiles_.held.data();
    const Coins* const demand = tiles_.demand.data();
    count(counts, exchange_.apart(held + a, demand + a, held + b, demand + b, pairs), pairs);
  }

  void row_turn(const Topology::Stride& stride, std::uint32_t y, ThreadCount& counts) {
    const std::size_t row = std::size_t{y} * columns_;
    if (stride.distance == 1 && stride.last > 1) {
      // Shifted, the first pair is the one that closes the row.
      if (stride.shift == 1) apart(row + columns_ - 1, row, 1, counts);
      const std::size_t pairs = columns_ / 2 - stride.shift, from = row + stride.shift;
      count(counts, exchange_.adjacent(tiles_.held.data() + from, tiles_.demand.data() + from, pairs), pairs);
      return;
    }
    for (std::uint32_t low = 0; low < stride.last; low += 2 * stride.distance) {
      const std::uint32_t pairs = std::min(stride.distance, stride.last - low);
      const std::uint32_t back = columns_ - stride.shift;
      apart(row + (low + back) % columns_, row + (low + stride.distance + back) % columns_, pairs, counts);
    }
  }

  void column_turn(const Topology::Stride& stride, unsigned thread) {
    // Positions of the lower rows, numbered without gaps: blocks of `distance`, the last one cut at `last`.
    const std::uint32_t blocks = (stride.last - 1) / (2 * stride.distance);
    const std::uint32_t lower =
        blocks * stride.distance + std::min(stride.distance, stride.last - blocks * 2 * stride.distance);
    for (std::uint32_t i = share(lower, thread); i < share(lower, thread + 1); ++i) {
      const std::uint32_t position = i / stride.distance * 2 * stride.distance + i % stride.distance;
      const std::uint32_t back = rows_ - stride.shift;
      const std::uint32_t y = (position + back) % rows_, partner = (position + stride.distance + back) % rows_;
      apart(std::size_t{y} * columns_, std::size_t{partner} * columns_, columns_, counts_[thread]);
    }
  }

  void graph_turn(const Turn& turn, ThreadCount& counts) {
    for (Tile tile = 0; tile < topology_.tiles(); ++tile) {
      const auto partner =
          turn.far ? topology_.far_partner(turn.matching, tile) : topology_.near_partner(turn.matching, tile);
      if (partner && tile < *partner) apart(tile, *partner, 1, counts);
    }
  }

  void measure(std::uint32_t y) {
    const std::size_t row = std::size_t{y} * columns_;
    row_sums_[y] = sum_(tiles_.held.data() + row, tiles_.demand.data() + row, columns_, alpha_, even_);
  }

  const Topology& topology_;
  Tiles& tiles_;
  bool nearest_;
  Schedule schedule_;
  std::uint32_t columns_, rows_;
  Lanes lanes_;
  SumFn sum_;
  ExchangeLanes exchange_{};
  std::vector<RowSum> row_sums_;
  std::vector<ThreadCount> counts_;
  double alpha_ = 0, even_ = 0, error_ = 0;
  std::uint64_t most_demand_ = 0;
  std::uint32_t most_held_ = 0;
};

Result<void> check_options(const RoundsOptions& options) {
  if (options.rule != Protocol::escrow && options.rule != Protocol::published) {
    return bad_input(std::string("rounds of protocol '") + to_string(options.rule) + "'", "rounds",
                     "rounds exchange by the rule of escrow or published");
  }
  if (options.far_every == 1) {
    return bad_input("every period a far one", "rounds: far_every",
                     "take 0 for never, or 2 and more: near partners need their turns");
  }
  if (options.periods > most_periods) {
    return bad_input(std::to_string(options.periods) + " periods", "rounds: periods",
                     "take at most " + std::to_string(most_periods));
  }
  return {};
}

}  // namespace

Schedule::Schedule(const Topology& topology, std::uint32_t far_every) : far_every_(far_every) {
  const auto pairs_of_turns = [](bool far, std::uint32_t matchings) {
    std::vector<std::vector<Turn>> periods;
    for (std::uint32_t m = 0; m < matchings; ++m) {
      if (m % 2 == 0) periods.emplace_back();
      periods.back().push_back({far, m});
    }
    return periods;
  };
  if (topology.width() == 0) {
    near_ = pairs_of_turns(false, topology.near_matchings());
  } else {
    std::vector<Turn> rows, columns;
    for (std::uint32_t m = 0; m < topology.near_matchings(); ++m) {
      (m < topology.row_matchings() ? rows : columns).push_back({false, m});
    }
    for (const auto& turns : {rows, columns}) {
      if (!turns.empty()) near_.push_back(turns);
    }
  }
  if (!topology.has_far_strides()) {
    far_ = pairs_of_turns(true, topology.far_matchings());
  } else {
    for (std::uint32_t m = 0; m < topology.far_matchings(); ++m) {
      if (topology.far_stride(m).shift == 0) far_.emplace_back();
      far_.back().push_back({true, m});
    }
  }
  if (far_every_ == 0) far_.clear();
  if (near_.empty()) {
    // One tile alone, or a graph of far edges only.
    near_ = far_.empty() ? std::vector<std::vector<Turn>>(1) : far_;
  }
  if (far_.empty()) far_every_ = 0;
}

const std::vector<Turn>& Schedule::period(std::uint64_t index) const {
  if (far_every_ == 0) return near_[index % near_.size()];
  const std::uint64_t far_before = index / far_every_;
  if ((index + 1) % far_every_ == 0) return far_[far_before % far_.size()];
  return near_[(index - far_before) % near_.size()];
}

std::uint64_t Schedule::cycle() const {
  return far_every_ == 0 ? near_.size() : std::max<std::uint64_t>(far_.size() * far_every_, 2 * near_.size());
}

Result<PowerOutcome> run_rounds(const Topology& topology, Tiles& tiles, const RoundsOptions& options) {
  if (auto ok = check(tiles, topology); !ok) return ok.error();
  if (auto ok = check_options(options); !ok) return ok.error();

  PowerOutcome out;
  out.protocol = options.rule;
  out.budget = budget(tiles);
  Board board(topology, tiles, options);
  std::uint64_t period = 0, gives = 0, still = 0;
  unsigned step = 0;
  std::optional<std::uint64_t> settled;  // the period after which the error last fell below one coin
  bool over = false;
  const auto judge = [&] {
    if (board.mean_error() >= 1) settled.reset();
    if (board.mean_error() < 1 && !settled) settled = period;
    const bool quiet = settled && period >= *settled + quiet_periods;
    out.interrupted = period > 0 && options.go_on && !options.go_on(period);
    over = out.interrupted || period >= options.periods || (options.until_settled && (quiet || still >= board.cycle()));
    if (!over) board.choose(period);
  };
  judge();

  const auto next = [&]() noexcept {
    if (++step < board.steps(period)) return;
    step = 0;
    ++period;
    board.gather();
    const ThreadCount counts = board.take_counts();
    out.events += counts.exchanges;
    gives += counts.gives;
    still = counts.moved ? 0 : still + 1;
    out.error_trace.push_back(board.mean_error());
    judge();
  };
  if (board.threads() == 1) {
    while (!over) {
      board.work(period, step, 0);
      next();
    }
  } else {
    std::barrier barrier(static_cast<std::ptrdiff_t>(board.threads()), next);
    const auto run = [&](unsigned thread) {
      while (!over) {
        board.work(period, step, thread);
        barrier.arrive_and_wait();
      }
    };
    std::vector<std::jthread> others;
    for (unsigned thread = 1; thread < board.threads(); ++thread) others.emplace_back(run, thread);
    run(0);
  }

  if (settled) out.settle_periods = static_cast<double>(*settled);
  out.residual_coins = board.mean_error();
  out.periods = static_cast<double>(period);
  out.min_balance = *std::min_element(tiles.held.begin(), tiles.held.end());
  const std::uint64_t messages = 2 * out.events + (options.rule == Protocol::escrow ? gives : 0);
  if (period > 0) {
    out.messages_per_tile_period = static_cast<double>(messages) / (static_cast<double>(period) * topology.tiles());
  }
  judge_fairness(out, tiles.held, tiles.demand);
  out.throughput = throughput(tiles.held, tiles.demand);
  return out;
}

}  // namespace cradle::power
