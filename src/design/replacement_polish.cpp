// The same plan, tidied: what linear programs leave between equals is decided the way people would.
#include "fleet_model.h"

namespace cradle::design::fleet_model {

namespace {

using Work = catalog::OperationsPerSecond;

int first_on(const CohortPlan& plan, std::size_t year) {
  int on = 0;
  for (const auto& by_year : plan.on[0]) on += by_year[year];
  return on;
}

/// The cohort of the model that a plan is about; of several stocks alike the first.
const Cohort* cohort_of(const Model& model, const CohortPlan& plan) {
  for (const Cohort& cohort : model.cohorts())
    if (cohort.type == plan.type && cohort.site == plan.site && cohort.bought == plan.bought) return &cohort;
  return nullptr;
}

/// Takes over the changed cohorts if they keep the rules and emit no more.
bool accept(const Model& model, FleetPlan& plan, std::vector<CohortPlan> changed) {
  const auto totals = evaluate(model.question(), changed);
  constexpr double rounding = 1e-12;
  if (!totals || totals->total() > plan.totals.total() + plan.totals.making * rounding) return false;
  plan.cohorts = std::move(changed);
  plan.totals = *totals;
  return true;
}

/// Moves `count` machines, and as much work as they can carry, from a purchase to a later one of the same kind.
void postpone(const Model& model, CohortPlan& from, CohortPlan& to, int count) {
  for (std::size_t year = Model::at(from.bought); year < from.first.size(); ++year) {
    const int machines = std::min(count, from.first[year]);
    from.first[year] -= machines;
    if (year < Model::at(to.bought)) continue;
    to.first[year] += machines;
    int left = machines;
    for (std::size_t work = 0; work < from.on[0].size(); ++work) {
      int& on = from.on[0][work][year];
      const int moved = std::min(left, on);
      if (moved == 0) continue;
      const Work amount = from.work[0][work][year] * (static_cast<double>(moved) / on);
      from.work[0][work][year] = moved == on ? Work{} : from.work[0][work][year] - amount;
      to.work[0][work][year] += amount;
      on -= moved;
      to.on[0][work][year] += moved;
      left -= moved;
    }
  }
  model.count_leaving(*cohort_of(model, from), from);
  model.count_leaving(*cohort_of(model, to), to);
}

bool buys_any(const CohortPlan& plan) {
  return std::any_of(plan.first.begin(), plan.first.end(), [](int machines) { return machines > 0; });
}

/// Machines that do nothing in any of the years [from, to).
int always_idle(const CohortPlan& plan, int from, int to) {
  int fewest = plan.first[Model::at(from)];
  for (int year = from; year < to; ++year)
    fewest = std::min(fewest, plan.first[Model::at(year)] - first_on(plan, Model::at(year)));
  return fewest;
}

/// Latest years first: who waits for the longest is bought last.
void buy_when_needed(const Model& model, FleetPlan& plan) {
  const int years = model.question().years;
  for (int year = 0; year + 1 < years; ++year)
    for (std::size_t i = 0; i < plan.cohorts.size(); ++i) {
      const Cohort* cohort = cohort_of(model, plan.cohorts[i]);
      if (plan.cohorts[i].bought != year || cohort == nullptr || cohort->is_stock) continue;
      bool gone = false;
      for (int later = years - 1; later > year && !gone; --later) {
        CohortPlan next = plan.cohorts[i];
        next.bought = later;
        const Cohort* sold = cohort_of(model, next);
        const int idle = always_idle(plan.cohorts[i], year, later);
        if (idle <= 0 || sold == nullptr || sold->is_stock) continue;
        std::vector<CohortPlan> changed = plan.cohorts;
        const auto same = [&](const CohortPlan& other) {
          return other.type == next.type && other.site == next.site && other.bought == later;
        };
        auto target = std::find_if(changed.begin(), changed.end(), same);
        if (target == changed.end()) target = changed.insert(changed.end(), model.blank(*sold));
        postpone(model, changed[i], *target, idle);
        const bool empty = !buys_any(changed[i]);
        if (empty) changed.erase(changed.begin() + static_cast<std::ptrdiff_t>(i));
        gone = accept(model, plan, std::move(changed)) && empty;
      }
      if (gone) --i;  // another one is at this place now
    }
}

/// Gives the work to machines that have room left, those at work first. What finds no room is left undone.
void hand_over(const Model& model, std::vector<CohortPlan>& cohorts, const CohortPlan& gone) {
  std::vector<const Cohort*> known;
  for (const CohortPlan& plan : cohorts) known.push_back(cohort_of(model, plan));
  for (std::size_t work = 0; work < model.question().classes.size(); ++work)
    for (std::size_t year = 0; year < gone.first.size(); ++year) {
      double left = gone.work[0][work][year].value() + gone.work[1][work][year].value();
      for (const bool wake : {false, true})
        for (std::size_t i = 0; i < cohorts.size(); ++i) {
          CohortPlan& plan = cohorts[i];
          const Cohort* cohort = known[i];
          for (int life = 0; life < 2 && left > 0 && cohort != nullptr; ++life) {
            if (!model.can(*cohort, life, work)) continue;
            const double one = model.capacity(*cohort, life, work);
            int& on = plan.on[life][work][year];
            if (wake) {
              int all = 0;
              for (const auto& by_year : plan.on[life]) all += by_year[year];
              const int off = (life == 0 ? plan.first : plan.second)[year] - all;
              on += std::min(off, static_cast<int>(std::min(1e9, std::ceil(left / one - 1e-12))));
            }
            Work& done = plan.work[life][work][year];
            const double taken = std::min(left, std::max(0.0, one * on - done.value()));
            done += Work{taken};
            left -= taken;
          }
        }
    }
}

void drop_leftovers(const Model& model, FleetPlan& plan) {
  constexpr int few = 2;
  for (std::size_t i = plan.cohorts.size(); i-- > 0;) {
    const CohortPlan& small = plan.cohorts[i];
    const Cohort* cohort = cohort_of(model, small);
    if (small.bought < 0 || cohort == nullptr || cohort->is_stock || small.first[Model::at(small.bought)] > few)
      continue;
    std::vector<CohortPlan> changed = plan.cohorts;
    changed.erase(changed.begin() + static_cast<std::ptrdiff_t>(i));
    hand_over(model, changed, small);
    accept(model, plan, std::move(changed));
  }
}

}  // namespace

void polish(const Model& model, FleetPlan& plan) {
  drop_leftovers(model, plan);
  buy_when_needed(model, plan);
  std::stable_sort(plan.cohorts.begin(), plan.cohorts.end(), [](const CohortPlan& a, const CohortPlan& b) {
    return a.type != b.type ? a.type < b.type : a.site != b.site ? a.site < b.site : a.bought < b.bought;
  });
}

}  // namespace cradle::design::fleet_model
