// Classes of priority: lexicographic optima, so that ties of one class are broken for the classes after it.
#include <algorithm>
#include <cmath>
#include <optional>

#include "allocation_problem.h"

namespace cradle::inference {

namespace {

/// Values as whole multiples of this, so that a sum of them is a capacity like any other.
double quantum_of(const AllocationProblem& problem) {
  constexpr double steps = 1LL << 44;
  return unserved_value(problem) / steps;
}

/// The least that a demand can cost; 0 where nothing fits.
double cheapest_of(const Demand& demand, const std::vector<std::int64_t>& capacity) {
  double cheapest = 0;
  bool any = false;
  for (const Choice& choice : demand.choices)
    if (fits(choice, capacity)) {
      cheapest = any ? std::min(cheapest, choice.value) : choice.value;
      any = true;
    }
  return cheapest;
}

/// A demand of an earlier class within a later one's problem: it costs nothing, but uses a budget of what it costs
/// over `base`, and, by a last choice, one of being left unserved.
Demand held(const Demand& demand, const std::vector<std::int64_t>& capacity, double base, double quantum, int budget,
            int may_be_unserved) {
  Demand kept{demand.priority, {}};
  for (const Choice& choice : demand.choices) {
    Choice free = choice;
    free.value = 0;
    const std::int64_t excess = std::llround((choice.value - base) / quantum);
    if (fits(choice, capacity) && excess > 0) free.uses.push_back({budget, excess});
    kept.choices.push_back(std::move(free));
  }
  kept.choices.push_back({0, {{may_be_unserved, 1}}, 1});
  return kept;
}

/// Class by class. Between two classes it knows an allocation of all demands up to now, in `order_`.
class Classes {
 public:
  Classes(const AllocationProblem& problem, const SolveStage& solve)
      : problem_(problem), solve_(solve), quantum_(quantum_of(problem)), before_{{problem.capacity, {}, false}, 0, {}} {
    left_ = problem.capacity;
  }

  Result<AllocationResult> run() {
    std::vector<int> priorities;
    for (const Demand& demand : problem_.demands) priorities.push_back(demand.priority);
    std::sort(priorities.begin(), priorities.end());
    priorities.erase(std::unique(priorities.begin(), priorities.end()), priorities.end());
    AllocationResult whole;
    whole.optimal = true;
    for (const int priority : priorities) {
      const auto solved = add(priority);
      if (!solved) return solved.error();
      whole.value += solved->value;
      whole.bound += solved->bound;
      whole.unserved += solved->unserved;
      whole.steps += solved->steps;
      whole.optimal = whole.optimal && solved->optimal;
    }
    whole.taken.resize(problem_.demands.size());
    for (std::size_t i = 0; i < order_.size(); ++i) {
      const auto& choices = problem_.demands[order_[i]].choices;
      const auto choice = static_cast<std::size_t>(chosen_[i]);
      if (chosen_[i] >= 0) whole.taken[order_[i]] = {chosen_[i], choices[choice].parts};
    }
    whole.gap = whole.value > 0 ? (whole.value - whole.bound) / whole.value : 0;
    return whole;
  }

 private:
  /// The next class: on what was left to it and, where the classes before it can be served otherwise at the same
  /// value, together with them.
  Result<AllocationResult> add(int priority) {
    std::vector<std::size_t> members;
    Stage alone{{left_, {}, false}, 0, {}};
    for (std::size_t i = 0; i < problem_.demands.size(); ++i)
      if (problem_.demands[i].priority == priority) {
        members.push_back(i);
        alone.problem.demands.push_back(problem_.demands[i]);
      }
    auto solved = solve_(alone);
    if (!solved) return solved;
    for (const Taken& taken : solved->taken) chosen_.push_back(taken.choice);
    order_.insert(order_.end(), members.begin(), members.end());

    if (ties()) {
      Stage joint = before_;
      joint.problem.demands.insert(joint.problem.demands.end(), alone.problem.demands.begin(),
                                   alone.problem.demands.end());
      joint.start = chosen_;
      for (std::size_t i = 0; i < joint.required; ++i)
        if (joint.start[i] < 0) joint.start[i] = static_cast<int>(joint.problem.demands[i].choices.size()) - 1;
      auto together = solve_(joint);
      if (!together) return together;
      together->steps += solved->steps;
      // The packaged solver's tolerance may leave it behind by the last digits.
      const bool worse = together->unserved > solved->unserved ||
                         (together->unserved == solved->unserved && together->value > solved->value);
      if (worse) {
        solved->bound = std::min(solved->value, together->bound);
        solved->optimal = solved->optimal && together->optimal;
        solved->steps = together->steps;
      } else {
        for (std::size_t i = 0; i < chosen_.size(); ++i) {
          chosen_[i] = together->taken[i].choice;
          if (i < joint.required && chosen_[i] + 1 == static_cast<int>(joint.problem.demands[i].choices.size()))
            chosen_[i] = -1;
        }
        solved = std::move(together);
      }
    }
    hold(members);
    solved->gap = solved->value > 0 ? (solved->value - solved->bound) / solved->value : 0;
    return solved;
  }

  /// Whether a demand held so far has another choice that its class's budgets allow.
  bool ties() const {
    const auto& problem = before_.problem;
    return std::any_of(problem.demands.begin(), problem.demands.end(), [&](const Demand& demand) {
      return std::count_if(demand.choices.begin(), demand.choices.end(),
                           [&](const Choice& choice) { return fits(choice, problem.capacity); }) > 1;
    });
  }

  /// The class that was added last becomes one that later classes must leave at its value.
  void hold(const std::vector<std::size_t>& members) {
    auto& problem = before_.problem;
    const auto budget = static_cast<int>(problem.capacity.size());
    const std::size_t first = chosen_.size() - members.size();
    // Half a multiple is lost or won in rounding each value.
    auto excess = static_cast<std::int64_t>(members.size());
    const std::int64_t unserved = std::count_if(chosen_.begin() + static_cast<std::ptrdiff_t>(first), chosen_.end(),
                                                [](int choice) { return choice < 0; });
    for (std::size_t i = 0; i < members.size(); ++i) {
      const Demand& member = problem_.demands[members[i]];
      // Where all are served, all cost their cheapest at least. Otherwise another may be left out than now, and what
      // each costs counts whole.
      const double base = unserved == 0 ? cheapest_of(member, problem_.capacity) : 0;
      problem.demands.push_back(held(member, problem_.capacity, base, quantum_, budget, budget + 1));
      if (chosen_[first + i] < 0) continue;
      const Choice& taken = problem.demands.back().choices[static_cast<std::size_t>(chosen_[first + i])];
      for (const Use& use : taken.uses)
        if (use.type == budget) excess += use.units;
    }
    problem.capacity.push_back(excess);
    problem.capacity.push_back(unserved);
    before_.required = problem.demands.size();

    left_ = problem_.capacity;
    for (std::size_t i = 0; i < order_.size(); ++i)
      if (chosen_[i] >= 0) take(problem_.demands[order_[i]].choices[static_cast<std::size_t>(chosen_[i])], left_, -1);
  }

  const AllocationProblem& problem_;
  const SolveStage& solve_;
  const double quantum_;
  Stage before_;                    ///< the classes so far, held; budgets follow the types
  std::vector<std::size_t> order_;  ///< demands in the order in which they came
  std::vector<int> chosen_;         ///< by order_; -1: unserved
  std::vector<std::int64_t> left_;
};

}  // namespace

Result<AllocationResult> by_class(const AllocationProblem& problem, const SolveStage& solve) {
  if (auto fine = check(problem); !fine) return fine.error();
  if (!problem.by_priority) return solve({problem, 0, {}});
  return Classes(problem, solve).run();
}

}  // namespace cradle::inference
