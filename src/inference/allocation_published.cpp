#include <algorithm>
#include <limits>
#include <optional>

#include "allocation_problem.h"

namespace cradle::inference {

namespace {

/// A demand that waits for its turn, at one of its choices in order of value.
struct Entry {
  std::size_t demand = 0;
  std::size_t position = 0;
  double regret = 0;
};

class Published {
 public:
  Published(const AllocationProblem& problem, Saturation saturation, bool delayed)
      : problem_(problem), saturation_(saturation), delayed_(delayed), left_(problem.capacity) {
    result_.taken.resize(problem.demands.size());
    for (const Demand& demand : problem.demands) {
      std::vector<int> order(demand.choices.size());
      for (std::size_t j = 0; j < order.size(); ++j) order[j] = static_cast<int>(j);
      std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
        return demand.choices[static_cast<std::size_t>(a)].value < demand.choices[static_cast<std::size_t>(b)].value;
      });
      orders_.push_back(std::move(order));
    }
  }

  AllocationResult run() {
    std::vector<std::size_t> demands;
    for (std::size_t i = 0; i < problem_.demands.size(); ++i) demands.push_back(i);
    std::stable_sort(demands.begin(), demands.end(),
                     [&](std::size_t a, std::size_t b) { return priority(a) < priority(b); });
    std::vector<std::size_t> leftovers;
    for (std::size_t from = 0; from < demands.size();) {
      std::size_t to = from;
      while (to < demands.size() && priority(demands[to]) == priority(demands[from])) ++to;
      const auto missed = serve(
          {demands.begin() + static_cast<std::ptrdiff_t>(from), demands.begin() + static_cast<std::ptrdiff_t>(to)});
      leftovers.insert(leftovers.end(), missed.begin(), missed.end());
      if (!delayed_) {
        deal(leftovers);
        leftovers.clear();
      }
      from = to;
    }
    deal(leftovers);
    settle(problem_, 0, false, result_);
    result_.bound = 0;
    result_.gap = result_.value > 0 ? 1 : 0;
    return std::move(result_);
  }

 private:
  int priority(std::size_t demand) const { return problem_.demands[demand].priority; }
  const Choice& choice(std::size_t demand, std::size_t position) const {
    return problem_.demands[demand].choices[static_cast<std::size_t>(orders_[demand][position])];
  }
  Entry entry(std::size_t demand, std::size_t position) const {
    const bool last = position + 1 >= orders_[demand].size();
    return {demand, position,
            last ? std::numeric_limits<double>::max()
                 : choice(demand, position + 1).value - choice(demand, position).value};
  }

  /// Demands of one priority; returns those that no choice is left for.
  std::vector<std::size_t> serve(const std::vector<std::size_t>& demands) {
    // In falling order of regret, equal ones the dearer first.
    std::vector<Entry> queue;
    for (const std::size_t demand : demands)
      if (!orders_[demand].empty()) queue.push_back(entry(demand, 0));
    const auto before = [](const Entry& a, const Entry& b) { return a.regret > b.regret; };
    std::stable_sort(queue.begin(), queue.end(), [&](const Entry& a, const Entry& b) {
      if (a.regret != b.regret) return before(a, b);
      return choice(a.demand, a.position).value > choice(b.demand, b.position).value;
    });
    std::vector<std::size_t> missed;
    while (!queue.empty()) {
      const Entry top = queue.front();
      queue.erase(queue.begin());
      ++result_.steps;
      const Choice& wanted = choice(top.demand, top.position);
      if (fits(wanted, left_)) {
        take(wanted, left_, -1);
        result_.taken[top.demand] = {orders_[top.demand][top.position], wanted.parts};
      } else if (top.position + 1 < orders_[top.demand].size()) {
        const Entry next = entry(top.demand, top.position + 1);
        queue.insert(std::lower_bound(queue.begin(), queue.end(), next, before), next);
      } else {
        missed.push_back(top.demand);
      }
    }
    return missed;
  }

  /// As many parts of a choice as the devices that are left allow.
  std::int64_t parts_left(const Choice& wanted) const {
    std::int64_t parts = wanted.parts;
    for (const Use& use : wanted.uses) {
      const std::int64_t each = use.units / wanted.parts;
      if (each > 0) parts = std::min(parts, left_[static_cast<std::size_t>(use.type)] / each);
    }
    return parts;
  }

  void give(std::size_t demand, std::size_t position, std::int64_t parts) {
    const Choice& wanted = choice(demand, position);
    Taken& taken = result_.taken[demand];
    taken.choice = orders_[demand][position];
    taken.parts += parts;
    for (const Use& use : wanted.uses) left_[static_cast<std::size_t>(use.type)] -= use.units / wanted.parts * parts;
  }

  /// The first choice of which at least one part is left.
  std::optional<std::size_t> open_position(std::size_t demand) const {
    for (std::size_t j = 0; j < orders_[demand].size(); ++j)
      if (parts_left(choice(demand, j)) > 0) return j;
    return std::nullopt;
  }

  void deal(const std::vector<std::size_t>& demands) {
    if (saturation_ == Saturation::none) return;
    if (saturation_ == Saturation::priority_exhaustive) {
      for (const std::size_t demand : demands)
        if (const auto position = open_position(demand)) give(demand, *position, parts_left(choice(demand, *position)));
      return;
    }
    for (std::size_t from = 0; from < demands.size();) {
      std::size_t to = from;
      const bool together = saturation_ == Saturation::round_robin;
      while (to < demands.size() && (together || priority(demands[to]) == priority(demands[from]))) ++to;
      deal_in_turn(
          {demands.begin() + static_cast<std::ptrdiff_t>(from), demands.begin() + static_cast<std::ptrdiff_t>(to)});
      from = to;
    }
  }

  struct Ticket {
    std::size_t demand;
    std::optional<std::size_t> position;  ///< settled by its first part
  };

  /// One part each, again and again, as long as somebody can take one.
  void deal_in_turn(const std::vector<std::size_t>& demands) {
    std::vector<Ticket> tickets;
    for (const std::size_t demand : demands) tickets.push_back({demand, {}});
    while (!tickets.empty()) {
      const std::int64_t rounds = whole_rounds(tickets);
      std::vector<Ticket> open;
      for (Ticket& ticket : tickets) {
        if (!ticket.position) ticket.position = open_position(ticket.demand);
        if (!ticket.position) continue;
        const Choice& wanted = choice(ticket.demand, *ticket.position);
        if (parts_left(wanted) == 0 || result_.taken[ticket.demand].parts == wanted.parts) continue;
        give(ticket.demand, *ticket.position, rounds);
        open.push_back(ticket);
      }
      tickets = std::move(open);
    }
  }

  /// Rounds that can be dealt at once, because everybody gets a part in each of them; at least 1.
  std::int64_t whole_rounds(const std::vector<Ticket>& tickets) const {
    std::int64_t rounds = std::numeric_limits<std::int64_t>::max();
    std::vector<std::int64_t> each_round(left_.size());
    for (const Ticket& ticket : tickets) {
      if (!ticket.position) return 1;
      const Choice& wanted = choice(ticket.demand, *ticket.position);
      rounds = std::min(rounds, wanted.parts - result_.taken[ticket.demand].parts);
      for (const Use& use : wanted.uses) each_round[static_cast<std::size_t>(use.type)] += use.units / wanted.parts;
    }
    for (std::size_t t = 0; t < left_.size(); ++t)
      if (each_round[t] > 0) rounds = std::min(rounds, left_[t] / each_round[t]);
    return std::max<std::int64_t>(1, rounds);
  }

  const AllocationProblem& problem_;
  const Saturation saturation_;
  const bool delayed_;
  std::vector<std::int64_t> left_;
  std::vector<std::vector<int>> orders_;
  AllocationResult result_;
};

}  // namespace

Result<AllocationResult> allocate_published(const AllocationProblem& problem, Saturation saturation,
                                            bool delayed_best_effort) {
  if (auto fine = check(problem); !fine) return fine.error();
  return Published(problem, saturation, delayed_best_effort).run();
}

}  // namespace cradle::inference
