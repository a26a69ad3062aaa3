// Our own allocation: prices of the linear relaxation, greedy starts, moves, and a search that closes the gap.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "allocation_program.h"
#include "cradle/base/random.h"

namespace cradle::inference {

namespace {

/// A choice that may be taken, with the prices of what it uses added.
struct Item {
  const Choice* choice = nullptr;
  int index = -1;  ///< -1: unserved
  double value = 0;
  double priced = 0;
};

class Search {
 public:
  Search(const Stage& stage, const AllocationOptions& options)
      : stage_(stage),
        problem_(stage.problem),
        options_(options),
        unserved_(unserved_value(problem_)),
        left_(problem_.capacity) {}

  AllocationResult run() {
    find_prices();
    list_items();
    const std::size_t count = items_.size();
    current_.assign(count, 0);
    best_.assign(count, 0);
    best_value_ = 0;
    for (std::size_t i = 0; i < count; ++i) {
      best_[i] = item_of(i, stage_.start.empty() ? -1 : stage_.start[i]);
      best_value_ += items_[i][best_[i]].value;
    }

    RandomStream random(options_.seed, "inference.allocation");
    constexpr int starts = 24;
    for (int start = 0; start < starts; ++start) {
      if (start > 0 && (closed() || interrupted())) break;
      // First at the prices themselves, then at none, then with every value shaken a little more.
      const double weight = start == 1 ? 0 : 1;
      const double shake = start < 2 ? 0 : 0.02 * start;
      greedy(weight, shake, random);
      improve();
    }
    const bool whole = close_gap();

    AllocationResult result;
    result.taken.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
      const Item& item = items_[i][best_[i]];
      if (item.index >= 0) result.taken[i] = {item.index, item.choice->parts};
    }
    result.steps = steps_;
    settle(problem_, std::min(best_value_, whole ? best_value_ : open_bound_), whole, result);
    return result;
  }

 private:
  bool interrupted() {
    constexpr std::int64_t between = 1024;
    if (!stopped_ && options_.interrupted && ++asked_ % between == 1) stopped_ = options_.interrupted();
    return stopped_;
  }
  bool closed() const { return best_value_ - relaxed_ <= options_.relative_gap * best_value_; }

  /// The relaxation's duals. Any prices >= 0 give a valid bound, so that no tolerance of the solver enters it.
  void find_prices() {
    prices_.assign(problem_.capacity.size(), 0);
    const AssignmentProgram built = assignment_program(stage_, false);
    solve::Options solver;
    solver.time_limit_seconds = options_.time_limit_seconds;
    solver.interrupted = options_.interrupted;
    const auto solution = solve::minimise(built.program, solver);
    if (!solution || solution->row_prices.size() < prices_.size()) return;
    for (std::size_t t = 0; t < prices_.size(); ++t)
      prices_[t] = std::max(0.0, -solution->row_prices[t] * built.scale / built.row_unit[t]);
  }

  /// By priced value, the unserved state among them; without choices that cannot be part of any allocation, and
  /// without those that another choice of the same demand beats in value and in every use.
  void list_items() {
    relaxed_ = 0;
    for (std::size_t t = 0; t < prices_.size(); ++t)
      if (prices_[t] > 0) relaxed_ -= prices_[t] * static_cast<double>(problem_.capacity[t]);
    for (std::size_t i = 0; i < problem_.demands.size(); ++i) {
      const Demand& demand = problem_.demands[i];
      std::vector<Item> items;
      for (std::size_t j = 0; j < demand.choices.size(); ++j) {
        const Choice& choice = demand.choices[j];
        if (!fits(choice, problem_.capacity)) continue;
        const bool beaten = std::any_of(items.begin(), items.end(), [&](const Item& item) {
          return item.value <= choice.value && covers(choice, *item.choice);
        });
        if (!beaten) items.push_back({&choice, static_cast<int>(j), choice.value, priced(choice)});
      }
      // No number of others is worth one that must be served.
      const double unserved =
          i < stage_.required ? unserved_ * static_cast<double>(problem_.demands.size() + 1) : unserved_;
      items.push_back({&nothing_, -1, unserved, unserved});
      std::stable_sort(items.begin(), items.end(), [](const Item& a, const Item& b) { return a.priced < b.priced; });
      relaxed_ += items.front().priced;
      items_.push_back(std::move(items));
    }
  }

  /// The item that stands for a choice: itself, or what beats it.
  std::size_t item_of(std::size_t demand, int choice) const {
    const auto& items = items_[demand];
    const auto found = std::find_if(items.begin(), items.end(), [&](const Item& item) {
      if (item.index == choice) return true;
      if (item.index < 0 || choice < 0) return false;
      const Choice& wanted = problem_.demands[demand].choices[static_cast<std::size_t>(choice)];
      return item.value <= wanted.value && covers(wanted, *item.choice);
    });
    return static_cast<std::size_t>(found - items.begin());
  }

  /// Whether `large` uses at least what `small` does, of every type.
  static bool covers(const Choice& large, const Choice& small) {
    return std::all_of(small.uses.begin(), small.uses.end(), [&](const Use& use) {
      return std::any_of(large.uses.begin(), large.uses.end(),
                         [&](const Use& other) { return other.type == use.type && other.units >= use.units; });
    });
  }

  double priced(const Choice& choice) const {
    double sum = choice.value;
    for (const Use& use : choice.uses)
      sum += prices_[static_cast<std::size_t>(use.type)] * static_cast<double>(use.units);
    return sum;
  }

  /// Largest regret first among what still fits; regrets follow what is left.
  void greedy(double weight, double shake, RandomStream& random) {
    const std::size_t count = items_.size();
    left_ = problem_.capacity;
    std::vector<std::vector<double>> scores(count);
    for (std::size_t i = 0; i < count; ++i)
      for (const Item& item : items_[i])
        scores[i].push_back((item.value + weight * (item.priced - item.value)) *
                            (1 + (item.index < 0 ? 0 : shake * random.uniform())));
    std::vector<char> done(count);
    for (std::size_t round = 0; round < count; ++round) {
      double most = -1;
      std::size_t chosen = 0, chosen_item = 0;
      for (std::size_t i = 0; i < count; ++i) {
        if (done[i]) continue;
        double first = solve::infinity, second = solve::infinity;
        std::size_t at = 0;
        for (std::size_t j = 0; j < items_[i].size(); ++j) {
          if (!fits(*items_[i][j].choice, left_)) continue;
          if (scores[i][j] < first) {
            second = first;
            first = scores[i][j], at = j;
          } else {
            second = std::min(second, scores[i][j]);
          }
        }
        const double regret = second - first;
        if (regret > most) most = regret, chosen = i, chosen_item = at;
      }
      done[chosen] = 1;
      current_[chosen] = chosen_item;
      take(*items_[chosen][chosen_item].choice, left_, -1);
    }
  }

  /// Moves of one demand, and of one that wants to be cheaper with one that makes room for it, until none is left.
  void improve() {
    bool better = true;
    while (better && !interrupted()) {
      better = false;
      for (std::size_t i = 0; i < items_.size(); ++i)
        for (std::size_t j = 0; j < items_[i].size(); ++j) {
          const double saved = items_[i][current_[i]].value - items_[i][j].value;
          if (saved <= 0) continue;
          ++steps_;
          if (move(i, j, saved) || make_room(i, j, saved)) better = true;
        }
    }
    double value = 0;
    for (std::size_t i = 0; i < items_.size(); ++i) value += items_[i][current_[i]].value;
    if (value < best_value_) best_value_ = value, best_ = current_;
  }

  bool move(std::size_t i, std::size_t j, double saved) {
    if (saved <= 1e-12 * unserved_) return false;
    take(*items_[i][current_[i]].choice, left_, 1);
    const bool possible = fits(*items_[i][j].choice, left_);
    if (possible) current_[i] = j;
    take(*items_[i][current_[i]].choice, left_, -1);
    return possible;
  }

  bool make_room(std::size_t i, std::size_t j, double saved) {
    const std::size_t before = current_[i];
    take(*items_[i][before].choice, left_, 1);
    take(*items_[i][j].choice, left_, -1);  // may go below zero: who helps must mend it
    std::size_t helper = items_.size(), helper_item = 0;
    double most = 1e-12 * unserved_;
    for (std::size_t k = 0; k < items_.size(); ++k) {
      if (k == i) continue;
      const Item& held = items_[k][current_[k]];
      take(*held.choice, left_, 1);
      if (none_below_zero()) {
        for (std::size_t l = 0; l < items_[k].size(); ++l) {
          const double gain = saved + held.value - items_[k][l].value;
          if (gain > most && fits(*items_[k][l].choice, left_)) most = gain, helper = k, helper_item = l;
        }
      }
      take(*held.choice, left_, -1);
    }
    if (helper == items_.size()) {
      take(*items_[i][j].choice, left_, 1);
      take(*items_[i][before].choice, left_, -1);
      return false;
    }
    current_[i] = j;
    take(*items_[helper][current_[helper]].choice, left_, 1);
    current_[helper] = helper_item;
    take(*items_[helper][helper_item].choice, left_, -1);
    return true;
  }

  bool none_below_zero() const {
    return std::all_of(left_.begin(), left_.end(), [](std::int64_t units) { return units >= 0; });
  }

  /// Depth first, the demand with the largest priced regret first, cut where the Lagrangian bound reaches the best
  /// known. True: all was searched. Otherwise open_bound_ is the least bound of what was not.
  bool close_gap() {
    open_bound_ = solve::infinity;
    order_.resize(items_.size());
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    const auto regret = [&](std::size_t i) {
      return items_[i].size() > 1 ? items_[i][1].priced - items_[i][0].priced : solve::infinity;
    };
    std::stable_sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) { return regret(a) > regret(b); });
    left_ = problem_.capacity;
    nodes_ = 0;
    std::vector<Frame> stack;
    stack.reserve(items_.size() + 1);
    double bound = relaxed_, value = 0;
    stack.push_back({0, bound, bound, value});
    // One frame for each demand of the path; `next` is the item that it tries next.
    while (!stack.empty()) {
      Frame& frame = stack.back();
      const std::size_t depth = stack.size() - 1;
      if (depth == items_.size()) {
        if (frame.value < best_value_) best_value_ = frame.value, best_ = current_;
        stack.pop_back();
        continue;
      }
      const std::size_t i = order_[depth];
      if (frame.next > 0) take(*items_[i][current_[i]].choice, left_, 1);
      const Frame child = next_child(frame, depth);
      if (child.next != 0) {
        stack.pop_back();
        continue;
      }
      stack.push_back(child);
    }
    return open_bound_ == solve::infinity;
  }

  struct Frame {
    std::size_t next = 0;
    double bound = 0;   ///< of what is taken, the rest at its best whether that fits or not
    double strong = 0;  ///< the rest at the best that still fits each alone
    double value = 0;
  };

  /// How much more than `bound` the demands from `depth` on cost, if each may only take what is left.
  double rest_excess(std::size_t depth) const {
    double excess = 0;
    for (std::size_t d = depth; d < order_.size(); ++d) {
      const auto& items = items_[order_[d]];
      const auto first =
          std::find_if(items.begin(), items.end(), [&](const Item& item) { return fits(*item.choice, left_); });
      excess += first->priced - items.front().priced;
    }
    return excess;
  }

  /// Takes the frame's next item that fits and may lead below the best; a child with `next` 1: there is none.
  Frame next_child(Frame& frame, std::size_t depth) {
    const std::size_t i = order_[depth];
    const auto& items = items_[i];
    const double enough = best_value_ - std::max(options_.relative_gap, 1e-12) * best_value_;
    while (frame.next < items.size()) {
      const Item& item = items[frame.next];
      const double bound = frame.bound + item.priced - items.front().priced;
      // Items are in order of their bound.
      if (bound >= enough) break;
      if (nodes_ >= options_.most_steps || interrupted()) {
        open_bound_ = std::min(open_bound_, std::max(bound, frame.strong));
        break;
      }
      ++nodes_, ++steps_;
      current_[i] = frame.next++;
      if (!fits(*item.choice, left_)) continue;
      take(*item.choice, left_, -1);
      const double strong = bound + rest_excess(depth + 1);
      if (strong < enough) return {0, bound, strong, frame.value + item.value};
      take(*item.choice, left_, 1);
    }
    return {1, 0, 0, 0};
  }

  const Stage& stage_;
  const AllocationProblem& problem_;
  const AllocationOptions& options_;
  const double unserved_;
  const Choice nothing_;
  std::vector<double> prices_;
  double relaxed_ = 0;  ///< the Lagrangian bound
  std::vector<std::vector<Item>> items_;
  std::vector<std::int64_t> left_;
  std::vector<std::size_t> current_, best_, order_;
  double best_value_ = 0, open_bound_ = 0;
  std::int64_t steps_ = 0, nodes_ = 0, asked_ = 0;
  bool stopped_ = false;
};

}  // namespace

Result<AllocationResult> allocate(const AllocationProblem& problem, const AllocationOptions& options) {
  return by_class(problem,
                  [&](const Stage& stage) -> Result<AllocationResult> { return Search(stage, options).run(); });
}

}  // namespace cradle::inference
