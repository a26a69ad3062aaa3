#include "cradle/solve/linear_program.h"
#include "fleet_model.h"

namespace cradle::design::fleet_model {

namespace {

/// The variables of one cohort: by year, and by life and class.
struct Variables {
  std::vector<int> first, second, moved;  ///< -1: there is none
  std::vector<std::vector<int>> on[2], work[2];
};

}  // namespace

std::size_t exact_size(const Model& model) {
  std::size_t count = 0;
  for (const Cohort& cohort : model.cohorts()) {
    const auto first = static_cast<std::size_t>(std::max(0, cohort.first_end - cohort.begin));
    const auto second = static_cast<std::size_t>(std::max(0, cohort.second_end - cohort.begin));
    count += (first + 2 * second) * (1 + model.type(cohort).work.size());
  }
  return count;
}

Result<FleetPlan> plan_exactly(const Model& model, const FleetOptions& options) {
  const FleetQuestion& question = model.question();
  const int years = question.years;
  const std::size_t classes = question.classes.size();
  solve::LinearProgram program;

  // Rows that span cohorts come first: the work of each class and year, the room of each site and year.
  std::vector<std::vector<int>> demand(classes), room(question.sites.size());
  for (std::size_t work = 0; work < classes; ++work)
    for (int year = 0; year < years; ++year)
      demand[work].push_back(program.row(question.classes[work].demand[Model::at(year)].value(), solve::infinity));
  for (std::size_t site = 0; site < question.sites.size(); ++site)
    for (int year = 0; year < years; ++year) {
      const double limit = std::floor(question.sites[site].room);
      constexpr double endless = 1e15;
      room[site].push_back(program.row(-solve::infinity, limit >= endless ? solve::infinity : limit));
    }

  std::vector<Variables> all;
  double constant = 0;
  for (const Cohort& cohort : model.cohorts()) {
    Variables v;
    const auto y_count = Model::at(years);
    v.first.assign(y_count, -1);
    v.second.assign(y_count, -1);
    v.moved.assign(y_count, -1);
    for (int life = 0; life < 2; ++life) {
      v.on[life].assign(classes, std::vector<int>(y_count, -1));
      v.work[life].assign(classes, std::vector<int>(y_count, -1));
    }
    const bool second_life = model.type(cohort).second_life > 0;
    for (int year = cohort.begin; year < cohort.second_end; ++year) {
      const std::size_t y = Model::at(year);
      const bool entry = !cohort.is_stock && year == cohort.begin;
      // What leaves its first life at `year` is first[year-1] - first[year] - moved[year]; the credit goes with it.
      const double credit = model.credit(cohort, year);
      if (year < cohort.first_end) {
        const double cost = entry ? model.making(cohort) : credit;
        v.first[y] = program.variable(cost - model.credit(cohort, year + 1), 0, solve::infinity, true);
        program.term(room[cohort.site][y], v.first[y], 1);
      }
      if (second_life && !entry) {
        v.moved[y] = program.variable(model.refurbishing(cohort) + credit, 0, solve::infinity, true);
        v.second[y] = program.variable(0, 0, solve::infinity, true);
        program.term(room[cohort.site][y], v.second[y], 1);
      }
      if (!entry) {
        // first[year] + moved[year] <= first[year-1]
        const bool from_stock = year == cohort.begin;
        if (from_stock) constant -= credit * cohort.stock;
        const int before = from_stock ? -1 : v.first[y - 1];
        const int keep = program.row(-solve::infinity, from_stock ? cohort.stock : 0);
        if (v.first[y] >= 0) program.term(keep, v.first[y], 1);
        if (v.moved[y] >= 0) program.term(keep, v.moved[y], 1);
        if (before >= 0) program.term(keep, before, -1);
        if (v.second[y] >= 0) {
          const int stay = program.row(-solve::infinity, 0);
          program.term(stay, v.second[y], 1);
          program.term(stay, v.moved[y], -1);
          if (!from_stock && v.second[y - 1] >= 0) program.term(stay, v.second[y - 1], -1);
        }
      }
      for (int life = 0; life < 2; ++life) {
        const int owned = life == 0 ? v.first[y] : v.second[y];
        if (owned < 0) continue;
        const int switched = program.row(-solve::infinity, 0);
        program.term(switched, owned, -1);
        for (std::size_t work = 0; work < classes; ++work) {
          if (!model.can(cohort, life, work)) continue;
          const int on = program.variable(model.idle(cohort, year) + model.repair(cohort), 0, solve::infinity, true);
          const int amount = program.variable(model.per_work(cohort, life, work, year));
          v.on[life][work][y] = on;
          v.work[life][work][y] = amount;
          program.term(switched, on, 1);
          program.term(demand[work][y], amount, 1);
          const int load = program.row(-solve::infinity, 0);
          program.term(load, amount, 1);
          program.term(load, on, -model.capacity(cohort, life, work));
        }
      }
    }
    all.push_back(std::move(v));
  }

  if (options.progress) options.progress("integer program", 0, 0);
  const auto solution = solve::minimise(program, {options.time_limit_seconds, 1e-7, options.interrupted});
  if (!solution) {
    if (solution.error().code == ErrorCode::bad_input) return demand_above_capacity("");
    return solution.error();
  }
  FleetPlan plan;
  plan.exact = solution->optimal;
  plan.bound = carbon::GramsCO2e{carbon::KilogramsCO2e{solution->bound + constant}};
  const auto value = [&](int variable) { return variable < 0 ? 0.0 : solution->x[static_cast<std::size_t>(variable)]; };
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Cohort& cohort = model.cohorts()[i];
    CohortPlan out = model.blank(cohort);
    bool any = cohort.is_stock;
    for (int year = 0; year < years; ++year) {
      const std::size_t y = Model::at(year);
      out.first[y] = static_cast<int>(std::lround(value(all[i].first[y])));
      out.second[y] = static_cast<int>(std::lround(value(all[i].second[y])));
      out.moved[y] = static_cast<int>(std::lround(value(all[i].moved[y])));
      any = any || out.first[y] > 0;
      for (int life = 0; life < 2; ++life)
        for (std::size_t work = 0; work < classes; ++work) {
          out.on[life][work][y] = static_cast<int>(std::lround(value(all[i].on[life][work][y])));
          const double most = out.on[life][work][y] * model.capacity(cohort, life, work);
          out.work[life][work][y] =
              catalog::OperationsPerSecond{std::clamp(value(all[i].work[life][work][y]), 0.0, most)};
        }
    }
    if (!any) continue;
    model.trim(cohort, out);
    model.count_leaving(cohort, out);
    plan.cohorts.push_back(std::move(out));
  }
  return plan;
}

}  // namespace cradle::design::fleet_model
