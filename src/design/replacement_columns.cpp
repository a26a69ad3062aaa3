// Large fleets: a column is the whole life of one machine (when it is bought, what it does each year, when it moves to
// its second life and when it leaves). The linear program over all such lives has few rows (work by class and year,
// room by site and year, stock) and far too many columns to write down; those that help are found one by one from the
// prices of the rows (Dantzig and Wolfe 1960). When none is left, its optimum is a bound that no plan in whole machines
// beats.
#include <limits>
#include <numeric>

#include "cradle/solve/linear_program.h"
#include "fleet_model.h"

namespace cradle::design::fleet_model {

namespace {

constexpr int off = -1;

/// One machine's life.
struct Life {
  std::size_t cohort = 0;
  int first_end = 0;      ///< year at whose begin the first life ends
  int second_end = 0;     ///< year at whose begin it leaves; first_end: no second life
  std::vector<int> work;  ///< class by year since the cohort's begin, or off
  double cost = 0;        ///< kg, at full use
};

/// What one unit on the right of each row is worth.
struct Prices {
  std::vector<std::vector<double>> work;  ///< by class and year, >= 0
  std::vector<std::vector<double>> room;  ///< by site and year, <= 0
  std::vector<double> stock;              ///< by cohort, <= 0; of bought ones 0
};

class Pricing {
 public:
  explicit Pricing(const Model& model) : model_(model) {
    const int years = model.question().years;
    const std::size_t classes = model.question().classes.size();
    for (const Cohort& cohort : model.cohorts()) {
      for (int life = 0; life < 2; ++life)
        for (std::size_t work = 0; work < classes; ++work) {
          const bool can = model.can(cohort, life, work);
          capacity_.push_back(can ? model.capacity(cohort, life, work) : 0);
          for (int year = 0; year < years; ++year)
            full_cost_.push_back(can ? model.full_cost(cohort, life, work, year) : 0);
        }
    }
  }

  double capacity(std::size_t cohort, int life, std::size_t work) const { return capacity_[slot(cohort, life, work)]; }
  /// Of one machine that carries all it can of the class for the year.
  double full_cost(std::size_t cohort, int life, std::size_t work, int year) const {
    return full_cost_[slot(cohort, life, work) * Model::at(model_.question().years) + Model::at(year)];
  }

  /// The life of the cohort with the least reduced cost, and that cost.
  std::pair<double, Life> best(std::size_t index, const Prices& prices) const {
    const Cohort& cohort = model_.cohorts()[index];
    const int begin = cohort.begin, span = cohort.second_end - begin;
    double gain[2][max_years + 1];
    int choice[2][max_years + 1];
    for (int life = 0; life < 2; ++life)
      for (int i = 0; i < span; ++i) best_work(index, life, begin + i, prices, gain[life][i], choice[life][i]);
    // second[i]: most that a second life from year i on is worth, and where it then ends.
    double second[max_years + 1];
    int second_until[max_years + 1];
    const bool has_second = model_.type(cohort).second_life > 0;
    second[span] = 0;
    second_until[span] = span;
    for (int i = span - 1; i >= 0; --i) {
      const double on = gain[1][i] + second[i + 1];
      second[i] = std::max(0.0, on);
      second_until[i] = on > 0 ? second_until[i + 1] : i;
    }
    const int first_span = std::max(0, cohort.first_end - begin);
    double value = -std::numeric_limits<double>::infinity(), running = 0;
    int best_first = 0, best_second = 0;
    for (int i = 0; i <= first_span; ++i) {
      const bool none_yet = i == 0 && !cohort.is_stock;
      if (!none_yet) {
        const double leave = running + model_.credit(cohort, begin + i);
        if (leave > value) value = leave, best_first = i, best_second = i;
        if (has_second && second_until[i] > i) {
          const double move = running - model_.refurbishing(cohort) + second[i];
          if (move > value) value = move, best_first = i, best_second = second_until[i];
        }
      }
      if (i < first_span) running += gain[0][i];
    }
    Life life;
    life.cohort = index;
    life.first_end = begin + best_first;
    life.second_end = begin + best_second;
    life.cost = model_.making(cohort);
    if (best_second > best_first)
      life.cost += model_.refurbishing(cohort);
    else
      life.cost -= model_.credit(cohort, life.first_end);
    for (int i = 0; i < best_second; ++i) {
      const int which = i < best_first ? 0 : 1;
      life.work.push_back(choice[which][i]);
      if (choice[which][i] != off)
        life.cost += full_cost(index, which, static_cast<std::size_t>(choice[which][i]), begin + i);
    }
    return {model_.making(cohort) - prices.stock[index] - value, std::move(life)};
  }

 private:
  static constexpr int max_years = 128;

  std::size_t slot(std::size_t cohort, int life, std::size_t work) const {
    const std::size_t classes = model_.question().classes.size();
    return (cohort * 2 + static_cast<std::size_t>(life)) * classes + work;
  }
  void best_work(std::size_t index, int life, int year, const Prices& prices, double& gain, int& choice) const {
    const Cohort& cohort = model_.cohorts()[index];
    gain = 0;
    choice = off;
    for (std::size_t work = 0; work < model_.question().classes.size(); ++work) {
      const double units = capacity(index, life, work);
      if (units <= 0) continue;
      const double worth = prices.work[work][Model::at(year)] * units - full_cost(index, life, work, year);
      if (worth > gain) {
        gain = worth;
        choice = static_cast<int>(work);
      }
    }
    gain += prices.room[cohort.site][Model::at(year)];
  }

  const Model& model_;
  std::vector<double> capacity_, full_cost_;
};

/// The linear program over the lives found so far.
class Master {
 public:
  Master(const Model& model, const Pricing& pricing) : model_(model), pricing_(pricing) {
    const FleetQuestion& question = model.question();
    // Work left undone costs more than anything: where it stays, nothing on offer can do it.
    double dearest = 1;
    for (std::size_t i = 0; i < model.cohorts().size(); ++i)
      for (std::size_t work = 0; work < question.classes.size(); ++work) {
        const double units = pricing.capacity(i, 0, work);
        if (units <= 0) continue;
        const Cohort& cohort = model.cohorts()[i];
        dearest = std::max(dearest, (model.making(cohort) + pricing.full_cost(i, 0, work, cohort.begin)) / units);
      }
    undone_ = dearest * 100;
    stock_row_.assign(model.cohorts().size(), -1);
  }

  double undone_cost() const { return undone_; }
  const std::vector<Life>& lives() const { return lives_; }
  void add(Life life) { lives_.push_back(std::move(life)); }

  /// Integer: in whole machines. `prices`, if given, are those of the linear program.
  Result<solve::Solution> solve(bool integer, const solve::Options& options, Prices* prices) {
    const FleetQuestion& question = model_.question();
    solve::LinearProgram program;
    const std::size_t years = Model::at(question.years);
    std::vector<std::vector<int>> demand(question.classes.size()), room(question.sites.size());
    for (std::size_t work = 0; work < demand.size(); ++work)
      for (std::size_t year = 0; year < years; ++year) {
        demand[work].push_back(program.row(question.classes[work].demand[year].value(), solve::infinity));
        program.term(demand[work][year], program.variable(undone_), 1);
      }
    slack_ = static_cast<std::size_t>(program.variables());
    for (std::size_t site = 0; site < room.size(); ++site)
      for (std::size_t year = 0; year < years; ++year) {
        constexpr double endless = 1e15;
        const double limit = std::floor(question.sites[site].room);
        room[site].push_back(limit >= endless ? -1 : program.row(-solve::infinity, limit));
      }
    for (std::size_t i = 0; i < model_.cohorts().size(); ++i)
      if (model_.cohorts()[i].is_stock) stock_row_[i] = program.row(-solve::infinity, model_.cohorts()[i].stock);
    for (const Life& life : lives_) {
      const Cohort& cohort = model_.cohorts()[life.cohort];
      const int column = program.variable(life.cost, 0, solve::infinity, integer);
      if (stock_row_[life.cohort] >= 0) program.term(stock_row_[life.cohort], column, 1);
      for (int year = cohort.begin; year < life.second_end; ++year) {
        const int row = room[cohort.site][Model::at(year)];
        if (row >= 0) program.term(row, column, 1);
        const int work = life.work[Model::at(year - cohort.begin)];
        if (work == off) continue;
        const auto w = static_cast<std::size_t>(work);
        program.term(demand[w][Model::at(year)], column,
                     pricing_.capacity(life.cohort, year < life.first_end ? 0 : 1, w));
      }
    }
    auto solution = solve::minimise(program, options);
    if (!solution || prices == nullptr) return solution;
    const auto price = [&](int row) { return row < 0 ? 0.0 : solution->row_prices[static_cast<std::size_t>(row)]; };
    prices->work.assign(demand.size(), {});
    prices->room.assign(room.size(), {});
    prices->stock.assign(model_.cohorts().size(), 0);
    for (std::size_t work = 0; work < demand.size(); ++work)
      for (const int row : demand[work]) prices->work[work].push_back(std::max(0.0, price(row)));
    for (std::size_t site = 0; site < room.size(); ++site)
      for (const int row : room[site]) prices->room[site].push_back(std::min(0.0, price(row)));
    for (std::size_t i = 0; i < stock_row_.size(); ++i) prices->stock[i] = std::min(0.0, price(stock_row_[i]));
    return solution;
  }

  /// Machines of each life, and the work that was left undone.
  std::vector<double> counts(const solve::Solution& solution) const {
    return {solution.x.begin() + static_cast<std::ptrdiff_t>(slack_), solution.x.end()};
  }
  double undone(const solve::Solution& solution) const {
    return std::accumulate(solution.x.begin(), solution.x.begin() + static_cast<std::ptrdiff_t>(slack_), 0.0);
  }

 private:
  const Model& model_;
  const Pricing& pricing_;
  std::vector<Life> lives_;
  std::vector<int> stock_row_;
  double undone_ = 0;
  std::size_t slack_ = 0;
};

/// Whole machines as cohorts, each class and year filled by those that do it for least; what is not needed is off.
std::vector<CohortPlan> cohorts_of(const Model& model, const std::vector<Life>& lives, const std::vector<int>& counts) {
  std::vector<CohortPlan> all;
  std::vector<int> plan_of(model.cohorts().size(), -1);
  std::vector<std::size_t> cohort_of;
  const auto plan_for = [&](std::size_t cohort) -> CohortPlan& {
    if (plan_of[cohort] < 0) {
      plan_of[cohort] = static_cast<int>(all.size());
      all.push_back(model.blank(model.cohorts()[cohort]));
      cohort_of.push_back(cohort);
    }
    return all[static_cast<std::size_t>(plan_of[cohort])];
  };
  for (std::size_t i = 0; i < model.cohorts().size(); ++i)
    if (model.cohorts()[i].is_stock) plan_for(i);
  for (std::size_t i = 0; i < lives.size(); ++i) {
    if (counts[i] == 0) continue;
    const Life& life = lives[i];
    const Cohort& cohort = model.cohorts()[life.cohort];
    CohortPlan& plan = plan_for(life.cohort);
    if (life.second_end > life.first_end) plan.moved[Model::at(life.first_end)] += counts[i];
    for (int year = cohort.begin; year < life.second_end; ++year) {
      const std::size_t y = Model::at(year);
      const int which = year < life.first_end ? 0 : 1;
      (which == 0 ? plan.first : plan.second)[y] += counts[i];
      const int work = life.work[Model::at(year - cohort.begin)];
      if (work != off) plan.on[which][static_cast<std::size_t>(work)][y] += counts[i];
    }
  }
  fill(model, cohort_of, all);
  return all;
}

}  // namespace

Result<FleetPlan> plan_by_columns(const Model& model, const FleetOptions& options) {
  const FleetQuestion& question = model.question();
  const Pricing pricing(model);
  Master master(model, pricing);
  const std::size_t cohorts = model.cohorts().size();
  Prices prices;
  prices.work.assign(question.classes.size(), std::vector<double>(Model::at(question.years), master.undone_cost()));
  prices.room.assign(question.sites.size(), std::vector<double>(Model::at(question.years), 0));
  prices.stock.assign(cohorts, 0);

  // At most so many lives are added in a round, those with the least reduced cost: more would slow the program down
  // without telling its prices more.
  constexpr std::size_t most_per_round = 200;
  constexpr double tolerance = 1e-9;
  FleetPlan plan;
  double bound = 0, undone = 0;
  std::vector<double> fractions;  // machines of each life in the last linear program
  bool proven = false;
  const auto interrupted = [&options] { return options.interrupted && options.interrupted(); };
  constexpr int most_rounds = 2000;
  for (int round = 0; round < most_rounds && !interrupted(); ++round) {
    std::vector<std::pair<double, Life>> found;
    for (std::size_t i = 0; i < cohorts; ++i) {
      auto candidate = pricing.best(i, prices);
      if (candidate.first < -tolerance * (1 + std::abs(candidate.second.cost))) found.push_back(std::move(candidate));
    }
    if (round > 0 && found.empty()) {
      proven = true;
      break;
    }
    const std::size_t kept = std::min(found.size(), most_per_round);
    std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(kept), found.end(),
                      [](const auto& a, const auto& b) {
                        return a.first != b.first ? a.first < b.first : a.second.cohort < b.second.cohort;
                      });
    for (std::size_t i = 0; i < kept; ++i) master.add(std::move(found[i].second));
    const auto solution = master.solve(false, {options.time_limit_seconds, 0, options.interrupted}, &prices);
    if (!solution && solution.error().code == ErrorCode::bad_input) return solution.error();
    if (!solution) break;
    bound = solution->objective;
    fractions = master.counts(*solution);
    undone = master.undone(*solution);
    if (options.progress) options.progress("linear bound", static_cast<std::uint64_t>(round) + 1, 0);
  }

  fractions.resize(master.lives().size(), 0);  // of lives found in a round that was cut short
  if (proven && undone > 1e-6 * (1 + std::abs(bound) / master.undone_cost())) return demand_above_capacity("");

  // Whole machines: first every life rounded up, then the best that branch and bound finds over the lives that help. A
  // search that was cut short may know too few lives for either.
  if (options.progress) options.progress("whole machines", 0, 0);
  constexpr double share_of_time = 0.3;
  const solve::Options whole{options.time_limit_seconds * share_of_time, options.gap / 2, options.interrupted};
  std::vector<CohortPlan> best;
  double best_total = solve::infinity;
  const auto consider = [&](std::vector<CohortPlan> candidate) {
    const auto totals = evaluate(question, candidate);
    if (!totals) return;
    const double total = Model::kilograms(totals->total());
    if (total < best_total) {
      best_total = total;
      best = std::move(candidate);
    }
  };
  std::vector<int> up;
  for (const double fraction : fractions) up.push_back(static_cast<int>(std::ceil(fraction - 1e-9)));
  consider(cohorts_of(model, master.lives(), up));
  if (!interrupted() && (!proven || best_total > bound * (1 + options.gap))) {
    if (const auto integral = master.solve(true, whole, nullptr)) {
      std::vector<int> counts;
      for (const double count : master.counts(*integral)) counts.push_back(static_cast<int>(std::lround(count)));
      consider(cohorts_of(model, master.lives(), counts));
    }
  }
  if (!proven || best.empty()) consider(simple_plan(model));
  if (best_total == solve::infinity)
    return failure("no plan in whole machines was found in time", "fleet", "allow more time or room");
  for (CohortPlan& cohort : best) {
    const bool there = std::any_of(cohort.first.begin(), cohort.first.end(), [](int n) { return n > 0; }) ||
                       std::any_of(cohort.second.begin(), cohort.second.end(), [](int n) { return n > 0; }) ||
                       std::any_of(cohort.left.begin(), cohort.left.end(), [](int n) { return n > 0; });
    if (there) plan.cohorts.push_back(std::move(cohort));
  }
  plan.complete = proven;
  // A stock that leaves at once brings its credit whatever the plan: rows of lives count it, as does the bound.
  plan.bound = carbon::GramsCO2e{carbon::KilogramsCO2e{proven ? bound : simple_bound(model)}};
  return plan;
}

}  // namespace cradle::design::fleet_model
