#include "region_columns.h"

#include <algorithm>

namespace cradle::shifting {

namespace {
constexpr double watts_per_kilowatt = 1000;
/// A knob that is taken away costs, for each use, this many times the dearest run of the job.
constexpr double never_worth = 10;
}  // namespace

RegionColumns::RegionColumns(const RegionProblem& problem, const RegionObjective& objective)
    : problem_(&problem), objective_(objective), hours_(static_cast<std::size_t>(problem.hours())) {
  std::vector<double> intensity;
  for (const RegionSite& site : problem.sites()) {
    rates_.push_back(site.pue * site.draw_factor / watts_per_kilowatt);
    embodied_.push_back(objective.embodied ? site.embodied_per_unit_hour.value() : 0);
    least_.push_back(*std::min_element(site.capacity.begin(), site.capacity.end()));
    for (const auto value : site.intensity) {
      intensity.push_back(value.value());
      dearest_rate_ = std::max(dearest_rate_, rates_.back() * value.value());
    }
    dearest_embodied_ = std::max(dearest_embodied_, embodied_.back());
  }
  sum(intensity, intensity_);
}

void RegionColumns::sum(const std::vector<double>& values, Prefix& prefix) const {
  prefix.resize(rates_.size() * (hours_ + 1));
  for (std::size_t s = 0; s < rates_.size(); ++s) {
    double running = 0;
    double* out = prefix.data() + s * (hours_ + 1);
    const double* in = values.data() + s * hours_;
    for (std::size_t h = 0; h < hours_; ++h) {
      out[h] = running;
      running += in[h];
    }
    out[hours_] = running;
  }
}

Prefix RegionColumns::sum(const SiteHourPrices& prices) const {
  std::vector<double> values;
  values.reserve(prices.size());
  for (const auto price : prices) values.push_back(price.value());
  Prefix prefix;
  sum(values, prefix);
  return prefix;
}

RegionColumns::Terms RegionColumns::terms(std::size_t j, std::int32_t site) const {
  const RegionJob& job = problem_->jobs()[j];
  const auto s = static_cast<std::size_t>(site);
  const double unit_hours = static_cast<double>(job.demand) * job.length;
  Terms terms{job.draw.value() * rates_[s], unit_hours * embodied_[s], 0};
  if (!objective_.move && site != job.home) terms.fixed += never_worth * dearest(j);
  if (!objective_.wait) terms.by_hour = never_worth * dearest(j);
  return terms;
}

double RegionColumns::dearest(std::size_t j) const {
  const RegionJob& job = problem_->jobs()[j];
  // A gram by unit-hour, so that leaving a job out costs something where nothing emits.
  return job.draw.value() * job.length * dearest_rate_ +
         static_cast<double>(job.demand) * job.length * (dearest_embodied_ + 1);
}

double RegionColumns::unserved_cost(std::size_t j) const {
  const RegionJob& job = problem_->jobs()[j];
  double cost = 1;
  if (!objective_.move) cost += 1;
  if (!objective_.wait) cost += job.deadline - job.length - job.release;
  return never_worth * cost * dearest(j);
}

double RegionColumns::cost(std::size_t j, const Placement& placement) const {
  const RegionJob& job = problem_->jobs()[j];
  const Terms of = terms(j, placement.site);
  const double* sums = intensity_.data() + row(placement.site) + placement.start;
  return of.rate * (sums[job.length] - sums[0]) + of.fixed + of.by_hour * (placement.start - job.release);
}

RegionColumns::Found RegionColumns::cheapest(std::size_t j, const Prefix& prices, bool grams) const {
  const RegionJob& job = problem_->jobs()[j];
  const auto demand = static_cast<double>(job.demand);
  const Hour starts = job.deadline - job.length - job.release + 1;
  Found best;
  for (std::int32_t s = 0; s < problem_->site_count(); ++s) {
    if (!problem_->near(job, s)) continue;
    const Terms of = grams ? terms(j, s) : Terms{0, 0, 0};
    const double* cheap = intensity_.data() + row(s) + job.release;
    const double* price = prices.data() + row(s) + job.release;
    const double* cheap_end = cheap + job.length;
    const double* price_end = price + job.length;
    const auto value = [&](Hour i) {
      return of.rate * (cheap_end[i] - cheap[i]) + demand * (price_end[i] - price[i]) + of.by_hour * i;
    };
    double least = best.cost - of.fixed;
    Hour at = -1;
    if (least_[static_cast<std::size_t>(s)] >= job.demand) {
      for (Hour i = 0; i < starts; ++i) {
        const double one = value(i);
        if (one < least) {
          least = one;
          at = i;
        }
      }
    } else {
      const Units* capacity = problem_->sites()[static_cast<std::size_t>(s)].capacity.data() + job.release;
      Hour run = 0;
      for (Hour h = 0; h < starts + job.length - 1; ++h) {
        run = capacity[h] >= job.demand ? run + 1 : 0;
        if (run < job.length) continue;
        const Hour i = h - job.length + 1;
        const double one = value(i);
        if (one < least) {
          least = one;
          at = i;
        }
      }
    }
    if (at >= 0) best = {least + of.fixed, {s, job.release + at}};
  }
  return best;
}

RegionColumns::Found RegionColumns::cheapest_free(std::size_t j, const Prefix* prices, double weight,
                                                  const std::vector<Units>& left) const {
  const RegionJob& job = problem_->jobs()[j];
  const double demand = weight * static_cast<double>(job.demand);
  Found best;
  for (std::int32_t s = 0; s < problem_->site_count(); ++s) {
    if (!problem_->near(job, s)) continue;
    const Terms of = terms(j, s);
    const double* cheap = intensity_.data() + row(s);
    const double* price = prices != nullptr ? prices->data() + row(s) : nullptr;
    const Units* room = left.data() + cell(s, 0);
    double least = best.cost - of.fixed;
    Hour at = -1, run = 0;
    for (Hour h = job.release; h < job.deadline; ++h) {
      run = room[h] >= job.demand ? run + 1 : 0;
      if (run < job.length) continue;
      const Hour t = h - job.length + 1;
      double one = of.rate * (cheap[h + 1] - cheap[t]) + of.by_hour * (t - job.release);
      if (price != nullptr) one += demand * (price[h + 1] - price[t]);
      if (one < least) {
        least = one;
        at = t;
      }
    }
    if (at >= 0) best = {least + of.fixed, {s, at}};
  }
  return best;
}

}  // namespace cradle::shifting
