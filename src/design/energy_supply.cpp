#include "cradle/design/energy_supply.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "cradle/base/parallel.h"

namespace cradle::design {

using carbon::GramsCO2e;
using carbon::GramsPerJoule;
using carbon::Hours;
using carbon::Joules;
using carbon::Seconds;
using carbon::Watts;

namespace {

constexpr Seconds hour{Hours{1}};

/// Sums over one day's hours, in order.
Watts sum(std::span<const Watts> hours) {
  Watts total;
  for (const Watts power : hours) total += power;
  return total;
}

}  // namespace

HourlyPower sinusoidal_demand(Watts mean, double swing, std::size_t hours) {
  HourlyPower out(hours);
  constexpr double hours_per_radian = 4;
  for (std::size_t i = 0; i < hours; ++i)
    out[i] = mean * (std::sin(static_cast<double>(i) / hours_per_radian) * swing) / 2 + mean;
  constexpr std::size_t delay = 6;
  if (hours > 0) std::rotate(out.begin(), out.end() - static_cast<std::ptrdiff_t>(delay % hours), out.end());
  return out;
}

HourlyPower scaled_to(std::span<const Watts> shape, Watts capacity) {
  HourlyPower out(shape.size());
  Watts highest;
  for (const Watts power : shape) highest = std::max(highest, power);
  if (!(highest > Watts{0})) return out;
  for (std::size_t i = 0; i < shape.size(); ++i) out[i] = capacity * (std::max(shape[i], Watts{0}) / highest);
  return out;
}

Coverage coverage(std::span<const Watts> demand, std::span<const Watts> supply) {
  Watts unmet;
  for (std::size_t i = 0; i < demand.size(); ++i)
    if (demand[i] > supply[i]) unmet += demand[i] - supply[i];
  return {sum(demand) * hour, unmet * hour};
}

namespace {

constexpr std::size_t day_hours = 24;

/// One block of up to a day, in place.
void shift_block(std::span<Watts> demand, std::span<const Watts> supply, double flexible, Watts cap, bool fresh) {
  struct Slot {
    Watts supply, demand;
    std::uint32_t hour;
  };
  std::array<Slot, day_hours> slots;
  const std::size_t count = demand.size();
  for (std::size_t i = 0; i < count; ++i) slots[i] = {supply[i], demand[i], static_cast<std::uint32_t>(i)};
  // Insertion sort: stable, and fastest for two dozen.
  for (std::size_t i = 1; i < count; ++i) {
    const Slot slot = slots[i];
    std::size_t j = i;
    for (; j > 0 && (slot.supply < slots[j - 1].supply ||
                     (slot.supply == slots[j - 1].supply && slot.demand < slots[j - 1].demand));
         --j)
      slots[j] = slots[j - 1];
    slots[j] = slot;
  }
  std::size_t source = 0, target = count - 1;
  Watts move;
  bool allowed = false;  // `move` is the rest of this source's allowance
  while (source < target) {
    Slot& from = slots[source];
    Slot& to = slots[target];
    const Watts surplus = to.supply - to.demand, gap = from.demand - from.supply;
    if (!(surplus > Watts{0})) {
      --target;
      continue;
    }
    if (!(gap > Watts{0})) {
      ++source;
      allowed = false;
      move = {};
      continue;
    }
    if (!(move > Watts{0})) {
      if (allowed && !fresh) {
        ++source;
        allowed = false;
        continue;
      }
      move = std::min(gap, from.demand * flexible);
      allowed = true;
    }
    const Watts room = std::min(surplus, cap - to.demand);
    if (room > move) {
      to.demand += move;
      from.demand -= move;
      move = {};
      allowed = false;
      ++source;
    } else {
      to.demand += room;
      from.demand -= room;
      move -= room;
      --target;
    }
  }
  for (std::size_t i = 0; i < count; ++i) demand[slots[i].hour] = slots[i].demand;
}

}  // namespace

HourlyPower daily_shift(std::span<const Watts> demand, std::span<const Watts> supply, double flexible, Watts cap,
                        SupplyRules rules) {
  const bool published = rules == SupplyRules::published;
  const std::size_t kept = published ? demand.size() / day_hours * day_hours : demand.size();
  HourlyPower out(demand.begin(), demand.begin() + static_cast<std::ptrdiff_t>(kept));
  for (std::size_t first = 0; first < kept; first += day_hours) {
    const std::size_t count = std::min(day_hours, kept - first);
    shift_block(std::span(out).subspan(first, count), supply.subspan(first, count), flexible, cap, published);
  }
  return out;
}

BatteryYear run_battery(std::span<const Watts> demand, std::span<const Watts> supply, const Battery& battery,
                        int steps_per_hour, SupplyRules rules) {
  // In watts, watt-hours and hours. Within an hour the flow is constant: first a run of steps that take all of it (or
  // what the rate allows), then a run in which the limit that moves with the content binds, where the distance to the
  // limit shrinks by the same factor in every step. Both runs have a closed form.
  const double step = 1.0 / steps_per_hour;
  const double capacity = battery.capacity / (Watts{1} * hour);
  const double most_in = capacity / battery.charge * battery.rate;
  const double most_out = capacity / battery.discharge * battery.rate;
  const double top = battery.full * capacity, bottom = battery.empty * capacity;
  const double in_step = battery.charge * step, out_step = battery.discharge * step;
  const double in_slope = in_step + battery.upper_slope.value(), out_slope = out_step + battery.lower_slope.value();
  const double in_keep = 1 - in_step / in_slope, out_keep = 1 - out_step / out_slope;
  std::vector<double> in_left(static_cast<std::size_t>(steps_per_hour) + 1, 1), out_left(in_left);
  for (std::size_t k = 1; k < in_left.size(); ++k) {
    in_left[k] = in_left[k - 1] * in_keep;
    out_left[k] = out_left[k - 1] * out_keep;
  }
  // Steps, of those in an hour, before a limit at `room` falls below `flow` when each step takes `taken` of the room.
  const auto free_steps = [steps_per_hour](double room, double needed, double taken) {
    if (room < needed) return 0;
    const double count = std::floor((room - needed) / taken) + 1;
    return count < steps_per_hour ? static_cast<int>(count) : steps_per_hour;
  };

  const bool published = rules == SupplyRules::published;
  double content = published ? top : bottom;
  BatteryYear out;
  out.supply.assign(supply.begin(), supply.end());
  double unmet = 0, total = 0;
  for (std::size_t i = 0; i < demand.size(); ++i) {
    const double gap = demand[i].value() - supply[i].value();
    total += demand[i].value();
    if (gap > 0) {
      const double flow = std::min(gap, most_out);
      double delivered = 0;
      if (flow > 0) {
        const int free = free_steps(content - bottom, flow * out_slope, flow * out_step);
        delivered = flow * step * free;
        content -= flow * out_step * free;
        if (free < steps_per_hour && content > bottom) {
          const double left = content - bottom;
          const double now = left * out_left[static_cast<std::size_t>(steps_per_hour - free)];
          delivered += (left - now) / battery.discharge;
          content = bottom + now;
        }
      }
      unmet += gap - delivered;
      out.supply[i] = Watts{supply[i].value() + delivered};
    } else {
      const double surplus = -gap;
      const double flow = std::min(surplus, most_in);
      const double before = content;
      if (flow > 0) {
        const int free = free_steps(top - content, flow * in_slope, flow * in_step);
        content += flow * in_step * free;
        if (free < steps_per_hour && content < top)
          content = top - (top - content) * in_left[static_cast<std::size_t>(steps_per_hour - free)];
      }
      const double taken = published ? surplus : (content - before) / battery.charge;
      out.supply[i] = Watts{supply[i].value() - taken};
    }
  }
  out.coverage = {Watts{total} * hour, Watts{unmet} * hour};
  out.content = Watts{content} * hour;
  return out;
}

Result<void> check(const SupplySite& site, const SupplyCoefficients& coefficients, const std::string& where) {
  const std::size_t hours = site.demand.size();
  if (hours == 0 || site.wind.size() != hours || site.solar.size() != hours || site.grid_intensity.size() != hours)
    return bad_input("demand, wind, solar and grid do not have the same hours", where,
                     "give one value of each for every hour, at least one hour");
  const auto fine = [](double value) { return std::isfinite(value) && value >= 0; };
  for (std::size_t i = 0; i < hours; ++i)
    if (!fine(site.demand[i].value()) || !std::isfinite(site.wind[i].value()) ||
        !std::isfinite(site.solar[i].value()) || !fine(site.grid_intensity[i].value()))
      return bad_input(
          "hour " + std::to_string(i) + " has a negative demand or intensity, or a value that is no number", where,
          "correct the series");
  if (!(sum(site.demand) > Watts{0}))
    return bad_input("the demand is zero", where, "give the power that the site draws");
  if (!(site.flexible >= 0 && site.flexible <= 1))
    return bad_input("the flexible share is outside 0 .. 1", where, "give the share of work that may wait");
  const Battery& battery = site.battery;
  if (!(battery.charge > 0 && battery.charge <= 1) || !(battery.discharge >= 1) || !fine(battery.discharge) ||
      !fine(battery.rate) || !fine(battery.upper_slope.value()) || !fine(battery.lower_slope.value()) ||
      !(battery.empty >= 0 && battery.empty < battery.full && battery.full <= 1))
    return bad_input("the battery's numbers are impossible", where,
                     "charge 0 .. 1, discharge 1 or more, rate and slopes 0 or more, 0 <= empty < full <= 1");
  for (const double value : {coefficients.wind.value(), coefficients.solar.value(), coefficients.battery.value(),
                             coefficients.server.value()})
    if (!fine(value)) return bad_input("embodied carbon is negative or no number", where, "give 0 or more");
  for (const double value : {coefficients.battery_life.value(), coefficients.server_life.value(),
                             coefficients.horizon.value(), coefficients.server_power.value()})
    if (!fine(value) || value == 0)
      return bad_input("a life, the horizon or a server's power is not positive", where, "give more than 0");
  return {};
}

SupplyOutcome evaluate(const SupplySite& site, const SupplyCoefficients& coefficients, const SupplyPlan& plan,
                       SupplyRules rules) {
  const bool published = rules == SupplyRules::published;
  const auto hours = static_cast<double>(site.demand.size());
  const HourlyPower wind = scaled_to(site.wind, plan.wind), solar = scaled_to(site.solar, plan.solar);
  HourlyPower supply(wind.size());
  for (std::size_t i = 0; i < supply.size(); ++i) supply[i] = wind[i] + solar[i];
  Battery battery = site.battery;
  battery.capacity = plan.battery;
  const Watts peak = *std::max_element(site.demand.begin(), site.demand.end());
  const Watts mean = sum(site.demand) / hours;

  SupplyOutcome out;
  out.plan = plan;
  HourlyPower demand = site.demand;
  if (plan.battery > Joules{0}) {
    BatteryYear year = run_battery(demand, supply, battery, 60, rules);
    out.coverage = year.coverage;
    supply = std::move(year.supply);
  }
  // Hours below the peak have room for shifted work without any server more.
  if (published ? plan.extra_servers > 0 : site.flexible > 0)
    demand = daily_shift(demand, supply, site.flexible, peak + peak * plan.extra_servers, rules);
  out.coverage = coverage(demand, supply);

  const double years = Seconds{coefficients.horizon} / Seconds{Hours{hours}};
  if (published) {
    GramsPerJoule intensity;
    for (const GramsPerJoule grams : site.grid_intensity) intensity += grams;
    intensity = intensity / hours;
    out.operation = mean * Seconds{coefficients.horizon} * intensity * (1 - out.coverage.ratio());
  } else {
    GramsCO2e grams;
    for (std::size_t i = 0; i < demand.size(); ++i)
      if (demand[i] > supply[i]) grams += (demand[i] - supply[i]) * hour * site.grid_intensity[i];
    out.operation = grams * years;
  }
  // Whole days, whatever the number of hours, as published.
  const double days = published ? std::floor(hours / day_hours) : hours / day_hours;
  const double repeats = Seconds{coefficients.horizon} / (Seconds{Hours{day_hours}} * std::max(days, 1.0 / day_hours));
  out.renewables = (sum(solar) * hour * coefficients.solar + sum(wind) * hour * coefficients.wind) * repeats;
  out.battery = plan.battery * coefficients.battery * (coefficients.horizon / coefficients.battery_life);
  constexpr double published_unit = 1e-3;
  out.servers =
      coefficients.server * (mean / coefficients.server_power * plan.extra_servers *
                             (coefficients.horizon / coefficients.server_life) * (published ? published_unit : 1));
  return out;
}

Result<SupplySweep> sweep(const SupplySite& site, const SupplyCoefficients& coefficients, const SupplySizes& sizes,
                          SupplyRules rules, unsigned threads, const std::function<void(std::uint64_t)>& done,
                          const std::stop_token& stop, const std::string& where) {
  if (auto fine = check(site, coefficients, where); !fine) return fine.error();
  constexpr std::uint64_t most = 10'000'000;
  const auto bad = [](double value) { return !std::isfinite(value) || value < 0; };
  bool wrong = false;
  for (const Watts power : sizes.wind) wrong = wrong || bad(power.value());
  for (const Watts power : sizes.solar) wrong = wrong || bad(power.value());
  for (const Joules energy : sizes.battery) wrong = wrong || bad(energy.value());
  for (const double share : sizes.extra_servers) wrong = wrong || bad(share);
  if (wrong || sizes.count() == 0 || sizes.count() > most)
    return bad_input("the sizes are an empty list, more than 10 million combinations, or hold a bad number", where,
                     "give each of wind, solar, battery and extra servers at least one size of 0 or more");
  SupplySweep out;
  const std::uint64_t count = sizes.count();
  constexpr std::uint64_t batch = 256;
  for (std::uint64_t first = 0; first < count; first += batch) {
    if (stop.stop_requested()) {
      out.complete = false;
      break;
    }
    const std::uint64_t size = std::min(batch, count - first);
    out.outcomes.resize(first + size);
    parallel_for(size, threads, [&](std::size_t i) {
      std::uint64_t rest = first + i;
      const auto take = [&rest](const auto& list) {
        const auto value = list[rest % list.size()];
        rest /= list.size();
        return value;
      };
      SupplyPlan plan;
      plan.solar = take(sizes.solar);
      plan.wind = take(sizes.wind);
      plan.extra_servers = take(sizes.extra_servers);
      plan.battery = take(sizes.battery);
      out.outcomes[first + i] = evaluate(site, coefficients, plan, rules);
      if (done) done(1);
    });
  }
  std::vector<std::size_t> order(out.outcomes.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    order[i] = i;
    if (out.outcomes[i].total() < out.outcomes[out.best].total()) out.best = i;
  }
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const auto& x = out.outcomes[a];
    const auto& y = out.outcomes[b];
    if (x.embodied() != y.embodied()) return x.embodied() < y.embodied();
    if (x.operation != y.operation) return x.operation < y.operation;
    return a < b;
  });
  // Closed forms leave rounding behind: plans that differ by a billionth of what the whole demand would emit are equal.
  GramsCO2e all;
  for (std::size_t i = 0; i < site.demand.size(); ++i) all += site.demand[i] * hour * site.grid_intensity[i];
  constexpr double rounding = 1e-9;
  const GramsCO2e equal =
      all * (rounding * (Seconds{coefficients.horizon} / (hour * static_cast<double>(site.demand.size()))));
  for (const std::size_t i : order)
    if (out.front.empty() || out.outcomes[i].operation + equal < out.outcomes[out.front.back()].operation)
      out.front.push_back(i);
  return out;
}

}  // namespace cradle::design
