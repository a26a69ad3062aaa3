// Plans and bounds without a solver, for searches that are cut short, and what every method does with whole machines.
#include <limits>
#include <numeric>

#include "fleet_model.h"

namespace cradle::design::fleet_model {

namespace {

constexpr double rounding = 1e-12;
constexpr double most_machines = 1e9;

/// What a class's own machines are chosen by.
enum class Preference {
  least_grams,   ///< for each unit of work in the year
  least_places,  ///< where room is scarce
};

/// Machines taken so far, each of them on for one class for the whole of its first life.
class Simple {
 public:
  Simple(const Model& model, Preference preference) : model_(model), preference_(preference) {
    const FleetQuestion& question = model.question();
    for (const FleetSite& site : question.sites)
      room_.emplace_back(Model::at(question.years), std::min(most_machines, std::floor(site.room)));
    done_.assign(question.classes.size(), std::vector<double>(Model::at(question.years), 0));
    plan_of_.assign(model.cohorts().size(), none);
    for (std::size_t i = 0; i < model.cohorts().size(); ++i)
      if (model.cohorts()[i].is_stock) plan_for(i);
  }

  /// False: what is left to take cannot do the work.
  bool carry(std::size_t work, int year) {
    const std::size_t y = Model::at(year);
    const double demand = model_.question().classes[work].demand[y].value();
    while (demand - done_[work][y] > rounding * demand) {
      const std::size_t index = next(work, year);
      if (index == none) return false;
      const double one = model_.capacity(model_.cohorts()[index], 0, work);
      const double needed = std::max(1.0, std::ceil((demand - done_[work][y]) / one - rounding));
      take(index, work, static_cast<int>(std::min(needed, places(index))), one);
    }
    return true;
  }

  std::vector<CohortPlan> plans() {
    fill(model_, cohort_of_, plans_);
    return std::move(plans_);
  }

 private:
  static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

  CohortPlan& plan_for(std::size_t index) {
    if (plan_of_[index] == none) {
      plan_of_[index] = plans_.size();
      plans_.push_back(model_.blank(model_.cohorts()[index]));
      cohort_of_.push_back(index);
    }
    return plans_[plan_of_[index]];
  }

  /// How many more machines of the cohort there are, and there is room for until the end of their first life.
  double places(std::size_t index) const {
    const Cohort& cohort = model_.cohorts()[index];
    const int taken = plan_of_[index] == none ? 0 : plans_[plan_of_[index]].first[Model::at(cohort.begin)];
    double most = (cohort.is_stock ? cohort.stock : most_machines) - taken;
    for (int year = cohort.begin; year < cohort.first_end; ++year)
      most = std::min(most, room_[cohort.site][Model::at(year)]);
    return most;
  }

  /// The cohort to take machines of for the class and year.
  std::size_t next(std::size_t work, int year) const {
    std::size_t best = none;
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < model_.cohorts().size(); ++i) {
      const Cohort& cohort = model_.cohorts()[i];
      if (year < cohort.begin || year >= cohort.first_end || !model_.can(cohort, 0, work)) continue;
      const double making = model_.making(cohort) / (cohort.first_end - cohort.begin);
      const double grams =
          preference_ == Preference::least_grams ? making + model_.full_cost(cohort, 0, work, year) : 1;
      const double each = grams / model_.capacity(cohort, 0, work);
      if (each < least && places(i) >= 1) {
        least = each;
        best = i;
      }
    }
    return best;
  }

  void take(std::size_t index, std::size_t work, int count, double one) {
    const Cohort& cohort = model_.cohorts()[index];
    CohortPlan& plan = plan_for(index);
    for (int year = cohort.begin; year < cohort.first_end; ++year) {
      const std::size_t y = Model::at(year);
      plan.first[y] += count;
      plan.on[0][work][y] += count;
      room_[cohort.site][y] -= count;
      done_[work][y] += one * count;
    }
  }

  const Model& model_;
  const Preference preference_;
  std::vector<std::vector<double>> room_, done_;  ///< left, by site and year; carried, by class and year
  std::vector<std::size_t> plan_of_, cohort_of_;
  std::vector<CohortPlan> plans_;
};

}  // namespace

std::vector<CohortPlan> simple_plan(const Model& model) {
  const FleetQuestion& question = model.question();
  // Classes that few machines can do choose first.
  std::vector<std::size_t> order(question.classes.size()), able(question.classes.size(), 0);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (const MachineType& type : question.types)
    for (const std::size_t work : type.work) ++able[work];
  std::stable_sort(order.begin(), order.end(), [&able](std::size_t a, std::size_t b) { return able[a] < able[b]; });
  for (const Preference preference : {Preference::least_grams, Preference::least_places}) {
    Simple simple(model, preference);
    bool all = true;
    for (const std::size_t work : order)
      for (int year = 0; year < question.years; ++year) all = all && simple.carry(work, year);
    if (all) return simple.plans();
  }
  return {};
}

double simple_bound(const Model& model) {
  const FleetQuestion& question = model.question();
  double sum = 0;
  for (std::size_t work = 0; work < question.classes.size(); ++work)
    for (int year = 0; year < question.years; ++year) {
      const double demand = question.classes[work].demand[Model::at(year)].value();
      double least = std::numeric_limits<double>::infinity();
      for (const Cohort& cohort : model.cohorts()) {
        const MachineType& type = model.type(cohort);
        const double making = model.making(cohort) / (type.life + type.second_life);
        for (int life = 0; life < 2; ++life)
          if (year >= cohort.begin && year < (life == 0 ? cohort.first_end : cohort.second_end) &&
              model.can(cohort, life, work))
            least = std::min(least,
                             (making + model.full_cost(cohort, life, work, year)) / model.capacity(cohort, life, work));
      }
      if (demand > 0 && std::isfinite(least)) sum += demand * least;
    }
  for (const Cohort& cohort : model.cohorts())
    if (cohort.is_stock) sum -= cohort.stock * model.credit(cohort, cohort.begin);
  return sum;
}

void fill(const Model& model, const std::vector<std::size_t>& cohort_of, std::vector<CohortPlan>& plans) {
  const FleetQuestion& question = model.question();
  struct Group {
    std::size_t plan;
    int life;
    double cost_per_unit;
  };
  const auto cohort = [&](std::size_t plan) -> const Cohort& { return model.cohorts()[cohort_of[plan]]; };
  for (std::size_t work = 0; work < question.classes.size(); ++work)
    for (int year = 0; year < question.years; ++year) {
      const std::size_t y = Model::at(year);
      std::vector<Group> groups;
      for (std::size_t i = 0; i < plans.size(); ++i)
        for (int life = 0; life < 2; ++life)
          if (plans[i].on[life][work][y] > 0)
            groups.push_back(
                {i, life, model.full_cost(cohort(i), life, work, year) / model.capacity(cohort(i), life, work)});
      std::stable_sort(groups.begin(), groups.end(),
                       [](const Group& a, const Group& b) { return a.cost_per_unit < b.cost_per_unit; });
      double left = question.classes[work].demand[y].value();
      for (const Group& group : groups) {
        const double one = model.capacity(cohort(group.plan), group.life, work);
        int& on = plans[group.plan].on[group.life][work][y];
        const double amount = std::min(left, one * on);
        on = std::min(on, static_cast<int>(std::ceil(amount / one - rounding)));
        plans[group.plan].work[group.life][work][y] = catalog::OperationsPerSecond{std::min(amount, one * on)};
        left -= amount;
      }
    }
  for (std::size_t i = 0; i < plans.size(); ++i) {
    model.trim(cohort(i), plans[i]);
    model.count_leaving(cohort(i), plans[i]);
  }
}

}  // namespace cradle::design::fleet_model
