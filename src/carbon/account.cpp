#include "cradle/carbon/account.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <map>
#include <utility>

#include "cradle/base/text.h"

namespace cradle::carbon {

namespace {

constexpr std::array<std::string_view, 5> grouping_names = {"job", "user", "product", "machine", "day"};

/// Days x components that one account may hold: 2 GiB of sums.
constexpr std::int64_t largest_day_table = std::int64_t{1} << 28;

constexpr std::size_t index(Role role) { return static_cast<std::size_t>(role); }
constexpr std::size_t index(Knowledge knowledge) { return static_cast<std::size_t>(knowledge); }

std::int64_t floor_day(std::int64_t ms) { return ms / ms_per_day - (ms % ms_per_day < 0 ? 1 : 0); }

/// Microjoules of the entry from its start up to `at`: cuts at any instants add up to the whole.
std::int64_t energy_until(std::int64_t microjoules, const Entry& entry, Instant at) {
  __extension__ using Wide = __int128;
  return static_cast<std::int64_t>(static_cast<Wide>(microjoules) * (at.ms - entry.start.ms) /
                                   (entry.end.ms - entry.start.ms));
}

Joules joules_of(std::int64_t microjoules) { return Joules{static_cast<double>(microjoules) * 1e-6}; }

bool in_reach(Instant at) { return at.ms > -IntensitySeries::reach_ms && at.ms < IntensitySeries::reach_ms; }

bool well_formed(const Entry& entry, std::size_t components, std::size_t jobs) {
  return entry.component < components && in_reach(entry.start) && in_reach(entry.end) && entry.start <= entry.end &&
         entry.microjoules >= 0 && entry.baseline_microjoules >= 0 && entry.baseline_microjoules <= entry.microjoules &&
         std::isfinite(entry.operations) && entry.operations >= 0 &&
         entry.operation_type <= OperationType::byte_written && entry.role <= Role::unattributed &&
         entry.knowledge <= Knowledge::simulated &&
         (entry.role == Role::tenant ? entry.job < jobs : entry.job == no_job);
}

Error complaint(const Entry& entry, std::size_t components, std::size_t jobs) {
  const std::string where = "entry of component " + std::to_string(entry.component) +
                            (in_reach(entry.start) ? " from " + to_iso(entry.start) : std::string{});
  const auto wrong = [&](std::string message, std::string hint) {
    return bad_input(std::move(message), where, std::move(hint));
  };
  if (entry.component >= components)
    return wrong("there are only " + std::to_string(components) + " components", "record every component of the run");
  if (!in_reach(entry.start) || !in_reach(entry.end))
    return wrong("a time millions of years away", "times are milliseconds since 1970");
  if (entry.end < entry.start) return wrong("it ends before it starts", "swap start and end");
  if (entry.microjoules < 0) return wrong("negative energy", "energy is counted up: check the meter for a reset");
  if (entry.baseline_microjoules < 0 || entry.baseline_microjoules > entry.microjoules)
    return wrong("the baseline is not between 0 and the energy", "limit the baseline to the energy of the entry");
  if (!std::isfinite(entry.operations) || entry.operations < 0)
    return wrong("operations are not a finite number >= 0", "check the counter of this component");
  if (entry.role == Role::tenant && entry.job >= jobs)
    return wrong(entry.job == no_job ? std::string("a tenant's entry without a job")
                                     : "there are only " + std::to_string(jobs) + " jobs",
                 "record every job of the run, or give the entry the role idle, overhead or unattributed");
  if (entry.role != Role::tenant && entry.job != no_job)
    return wrong("a job is named, but the role is not tenant", "only what a tenant uses is charged to a job");
  return wrong("unknown kind of operation, role or knowledge", "write the entry with this version of cradle");
}

}  // namespace

std::string_view name(Grouping grouping) { return grouping_names[static_cast<std::size_t>(grouping)]; }

Result<Grouping> parse_grouping(std::string_view text) {
  for (std::size_t i = 0; i < grouping_names.size(); ++i)
    if (text == grouping_names[i]) return static_cast<Grouping>(i);
  const std::vector<std::string> names(grouping_names.begin(), grouping_names.end());
  return bad_input("cannot group by '" + std::string(text) + "'", "by", suggest(text, names));
}

ExactEnergy ExactEnergy::fraction(double ratio) const {
  if (ratio >= 1) return *this;
  if (!(ratio > 0)) return {};
  const double part = joules().value() * ratio;
  ExactEnergy result;
  result.joules_ = static_cast<std::int64_t>(part);
  result.rest_ = static_cast<std::int64_t>((part - static_cast<double>(result.joules_)) * per_joule);
  result.carry();
  return std::min(result, *this);
}

Figures& Figures::operator+=(const Figures& other) {
  energy += other.energy;
  idle_energy += other.idle_energy;
  facility_energy += other.facility_energy;
  operational += other.operational;
  embodied = embodied + other.embodied;
  idle_operational += other.idle_operational;
  idle_embodied = idle_embodied + other.idle_embodied;
  for (std::size_t k = 0; k < energy_by_knowledge.size(); ++k) energy_by_knowledge[k] += other.energy_by_knowledge[k];
  return *this;
}

Estimate<GramsCO2e> Figures::total() const {
  const GramsCO2e operations = operational + idle_operational;
  return {operations + embodied.value + idle_embodied.value, operations + embodied.low + idle_embodied.low,
          operations + embodied.high + idle_embodied.high};
}

double Figures::share(Knowledge knowledge) const {
  const ExactEnergy all = energy + idle_energy;
  if (all == ExactEnergy{}) return 0;
  return energy_by_knowledge[index(knowledge)].joules() / all.joules();
}

Result<void> check_entry(const Entry& entry, std::size_t components, std::size_t jobs) {
  if (well_formed(entry, components, jobs)) return {};
  return complaint(entry, components, jobs);
}

Result<void> check_records(std::span<const SiteRecord> sites, std::span<const ComponentRecord> components) {
  for (const auto& site : sites) {
    const std::string where = "site " + site.name;
    if (!(std::isfinite(site.pue) && site.pue >= 1))
      return bad_input("PUE is not a number >= 1", where, "PUE is total facility energy over IT energy");
    if (site.average.signal() != Signal::average || (site.marginal && site.marginal->signal() != Signal::marginal))
      return bad_input("average and marginal intensity are mixed up", where, "give each series as what it is");
  }
  for (const auto& component : components) {
    const std::string where = "component " + component.kind + " of machine " + component.machine;
    const auto positive = [](double value) { return std::isfinite(value) && value > 0; };
    if (component.site >= sites.size())
      return bad_input("there is no site " + std::to_string(component.site), where, "record the sites of the run");
    if (!positive(component.lifetime_operations.value()) || !positive(component.lifetime.value()))
      return bad_input("its life is not longer than 0", where, "set lifetime and lifetime_operations");
    const auto& emc = component.embodied;
    if (!(GramsCO2e{0} <= emc.low && emc.low <= emc.value && emc.value <= emc.high) || !std::isfinite(emc.high.value()))
      return bad_input("embodied carbon is not 0 <= low <= value <= high", where, "check its catalogue record");
  }
  return {};
}

void Accountant::Sum::add(double term) {
  const double next = sum_ + term;
  const double taken = next - sum_;
  carry_ += (sum_ - (next - taken)) + (term - taken);
  sum_ = next;
}

void Accountant::Reservations::add(ComponentIndex component, std::uint32_t row, double operations) {
  if (list_.size() >= limit_) {
    tidy(list_);
    limit_ = std::max(limit_, 2 * list_.size());
  }
  list_.push_back({component, row, operations});
}

void Accountant::Reservations::tidy(std::vector<Reservation>& list) {
  std::stable_sort(list.begin(), list.end(), [](const Reservation& a, const Reservation& b) {
    return a.component != b.component ? a.component < b.component : a.row < b.row;
  });
  auto last = list.begin();
  for (auto next = list.begin(); next != list.end(); ++next) {
    if (next == last) continue;
    if (next->component == last->component && next->row == last->row)
      last->operations += next->operations;
    else
      *++last = *next;
  }
  if (!list.empty()) list.erase(last + 1, list.end());
}

Figures Accountant::RowSums::figures() const {
  Figures figures;
  figures.energy = energy;
  figures.idle_energy = idle_energy;
  figures.facility_energy = Joules{facility_joules.value()};
  figures.operational = GramsCO2e{operational.value()};
  figures.idle_operational = GramsCO2e{idle_operational.value()};
  figures.embodied = {GramsCO2e{embodied.value()}, GramsCO2e{embodied_low.value()}, GramsCO2e{embodied_high.value()}};
  figures.energy_by_knowledge = energy_by_knowledge;
  return figures;
}

Result<Accountant> Accountant::make(std::span<const SiteRecord> sites, std::span<const ComponentRecord> components,
                                    std::span<const JobRecord> jobs, View view, Grouping by, Period period) {
  if (auto ok = check_records(sites, components); !ok) return std::move(ok).error();
  if (!in_reach(period.from) || !in_reach(period.to))
    return bad_input("a time millions of years away", "period", "times are milliseconds since 1970");
  if (period.to <= period.from)
    return bad_input("the period is empty", to_iso(period.from) + " .. " + to_iso(period.to),
                     "account a period that ends after it starts");
  Accountant accountant;
  accountant.sites_ = sites;
  accountant.components_ = components;
  accountant.jobs_ = jobs;
  accountant.view_ = view;
  accountant.by_ = by;
  accountant.period_ = period;
  if (by == Grouping::day) {
    const std::int64_t days = floor_day(period.to.ms - 1) - floor_day(period.from.ms) + 1;
    if (days > largest_day_table / static_cast<std::int64_t>(components.size() + 1))
      return bad_input(std::to_string(days) + " days of " + std::to_string(components.size()) +
                           " components are more than one account can hold",
                       to_iso(period.from) + " .. " + to_iso(period.to), "account by machine, or a shorter period");
  }
  accountant.build_rows();
  return accountant;
}

void Accountant::build_rows() {
  parts_.resize(components_.size());
  const auto by_name = [&](const auto& records, const auto& key_of) {
    std::map<std::string, std::uint32_t> rows;
    for (const auto& record : records) rows.emplace(key_of(record), 0);
    for (auto& [key, row] : rows) {
      row = static_cast<std::uint32_t>(keys_.size());
      keys_.push_back(key);
    }
    for (const auto& record : records) row_of_.push_back(rows.at(key_of(record)));
  };
  switch (by_) {
    case Grouping::job:
      for (const auto& job : jobs_) {
        row_of_.push_back(static_cast<std::uint32_t>(keys_.size()));
        keys_.push_back(job.name);
      }
      break;
    case Grouping::user: by_name(jobs_, [](const JobRecord& job) { return job.user; }); break;
    case Grouping::product: by_name(jobs_, [](const JobRecord& job) { return job.product; }); break;
    case Grouping::machine: {
      std::map<std::pair<std::uint32_t, std::string_view>, std::uint32_t> rows;
      for (const auto& component : components_) {
        const auto [found, fresh] = rows.emplace(std::pair{component.site, std::string_view{component.machine}},
                                                 static_cast<std::uint32_t>(keys_.size()));
        if (fresh)
          keys_.push_back(sites_.size() > 1 ? sites_[component.site].name + "/" + component.machine
                                            : component.machine);
        row_of_.push_back(found->second);
      }
      break;
    }
    case Grouping::day:
      for (std::int64_t day = floor_day(period_.from.ms); day * ms_per_day < period_.to.ms; ++day)
        keys_.push_back(to_iso_date(Instant{day * ms_per_day}));
      used_by_day_.resize(components_.size() * keys_.size());
      break;
  }
  rows_.resize(keys_.size());
}

const IntensitySeries& Accountant::series(const SiteRecord& site) const {
  return view_ == View::marginal && site.marginal ? *site.marginal : site.average;
}

std::size_t Accountant::day_of(Instant instant) const {
  return static_cast<std::size_t>(floor_day(instant.ms) - floor_day(period_.from.ms));
}

Result<void> Accountant::add(const Entry& entry) {
  if (!well_formed(entry, components_.size(), jobs_.size())) return complaint(entry, components_.size(), jobs_.size());
  const Instant from = std::max(entry.start, period_.from);
  const Instant to = std::min(entry.end, period_.to);
  if (from > to || from >= period_.to || (from == to && entry.start != entry.end)) return {};

  const ComponentRecord& component = components_[entry.component];
  const SiteRecord& site = sites_[component.site];
  if (!series(site).covers(from, to))
    return missing_data("the grid's intensity series does not cover " + to_iso(from) + " .. " + to_iso(to),
                        "site " + site.name, "give the site a series of the whole period, or a typical year");

  const bool tenant = entry.role == Role::tenant;
  const std::int64_t counted =
      view_ != View::marginal ? entry.microjoules : entry.microjoules - entry.baseline_microjoules;
  ++entries_;
  if (tenant && entry.operations > 0 && entry.operation_type != component.operation_type) ++other_operations_;
  if (by_ != Grouping::day) {
    add_piece(entry, piece(entry, counted, site, from, to));
    return {};
  }
  Instant at = from;
  do {
    const Instant next{std::min((floor_day(at.ms) + 1) * ms_per_day, to.ms)};
    add_piece(entry, piece(entry, counted, site, at, next));
    at = next;
  } while (at < to);
  return {};
}

Accountant::Piece Accountant::piece(const Entry& entry, std::int64_t counted, const SiteRecord& site, Instant from,
                                    Instant to) const {
  if (entry.start == entry.end)
    return {from,
            to,
            1,
            ExactEnergy{counted},
            ExactEnergy{entry.microjoules},
            carbon::operational(joules_of(counted), site.pue, series(site).at(from))};
  const double length = static_cast<double>(entry.end.ms - entry.start.ms);
  const Watts power = joules_of(counted) / Seconds{length / static_cast<double>(ms_per_second)};
  const auto cut = [&](std::int64_t microjoules) {
    return ExactEnergy{energy_until(microjoules, entry, to) - energy_until(microjoules, entry, from)};
  };
  return {from,
          to,
          static_cast<double>(to.ms - from.ms) / length,
          cut(counted),
          cut(entry.microjoules),
          carbon::operational(power, site.pue, series(site), from, to)};
}

void Accountant::add_piece(const Entry& entry, const Piece& part) {
  const ComponentRecord& component = components_[entry.component];
  const bool tenant = entry.role == Role::tenant;
  const double facility_joules = part.counted.joules().value() * sites_[component.site].pue;
  const bool of_this_life = entry.operation_type == component.operation_type;
  const Operations operations{tenant && of_this_life ? entry.operations * part.share : 0};
  const bool embodied = tenant && of_this_life && counts_embodied(component);
  const Estimate<GramsCO2e> share = component.embodied * (operations / component.lifetime_operations);

  metered_ += part.metered;
  excluded_ += part.metered - part.counted;
  energy_by_role_[index(entry.role)] += part.metered;

  const auto add_to = [&](RowSums& sums) {
    (tenant ? sums.energy : sums.idle_energy) += part.counted;
    (tenant ? sums.operational : sums.idle_operational).add(part.operational.value());
    sums.facility_joules.add(facility_joules);
    sums.energy_by_knowledge[index(entry.knowledge)] += part.counted;
    if (!embodied) return;
    sums.embodied.add(share.value.value());
    sums.embodied_low.add(share.low.value());
    sums.embodied_high.add(share.high.value());
  };
  ComponentSums& sums = parts_[entry.component];
  add_to(sums.sums);
  sums.operations.add(operations.value());
  if (!tenant) sums.idle_by_knowledge[index(entry.knowledge)] += part.counted;

  if (by_ == Grouping::day) {
    const std::size_t day = day_of(part.from);
    add_to(rows_[day]);
    used_by_day_[entry.component * keys_.size() + day] += operations.value();
  } else if (by_ == Grouping::machine) {
    add_to(rows_[row_of_[entry.component]]);
  } else if (tenant) {
    const std::uint32_t row = row_of_[entry.job];
    add_to(rows_[row]);
    if (view_ == View::planning) reservations_.add(entry.component, row, operations.value());
  }
}

double Accountant::unused_life(std::size_t component, std::vector<std::string>& overused) const {
  const ComponentRecord& record = components_[component];
  const double passed = std::min(1.0, period_.length() / record.lifetime);
  const double used = parts_[component].operations.value() / record.lifetime_operations.value();
  // Rounding alone may take a fully used component past its limit.
  if (used > passed * (1 + 1e-9))
    overused.push_back(record.kind + " of machine " + record.machine + " (" + fixed(used / passed, 3) + " times)");
  return std::max(0.0, passed - used);
}

void Accountant::place_idle_by_day(std::size_t component, double unused, std::vector<Figures>& rows) const {
  if (unused <= 0) return;
  const ComponentRecord& record = components_[component];
  const double passed_share = std::min(1.0, period_.length() / record.lifetime);
  std::vector<double> free(rows.size());
  double all = 0;
  for (std::size_t day = 0; day < rows.size(); ++day) {
    const std::int64_t start = (floor_day(period_.from.ms) + static_cast<std::int64_t>(day)) * ms_per_day;
    const auto in_day =
        static_cast<double>(std::min(start + ms_per_day, period_.to.ms) - std::max(start, period_.from.ms));
    const double passed = passed_share * in_day / static_cast<double>(period_.to.ms - period_.from.ms);
    const double used = used_by_day_[component * rows.size() + day] / record.lifetime_operations.value();
    free[day] = std::max(0.0, passed - used);
    all += free[day];
  }
  if (all <= 0) return;  // nothing but rounding is left
  // Days on which more was used than a day holds make the sum of the free days too large: they are scaled to fit.
  for (std::size_t day = 0; day < rows.size(); ++day)
    rows[day].idle_embodied = rows[day].idle_embodied + record.embodied * (unused * (free[day] / all));
}

void Accountant::charge_idle(Account& account, const std::vector<Figures>& idle) const {
  // Shares are handed out as differences of a running sum, so that nothing is lost to rounding.
  const auto charge = [](const Figures& what, double before, double after, Figures& row) {
    const double ratio = after - before;
    for (std::size_t k = 0; k < what.energy_by_knowledge.size(); ++k) {
      const ExactEnergy part =
          what.energy_by_knowledge[k].fraction(after) - what.energy_by_knowledge[k].fraction(before);
      row.idle_energy += part;
      row.energy_by_knowledge[k] += part;
    }
    row.facility_energy += what.facility_energy * ratio;
    row.idle_operational += what.idle_operational * ratio;
    row.idle_embodied = row.idle_embodied + what.idle_embodied * ratio;
  };

  const std::vector<Reservation> reserved = reservations_.tidied();
  Figures nobody;  // idle of the components without tenants
  auto next = reserved.begin();
  for (std::size_t c = 0; c < idle.size(); ++c) {
    const auto end = std::find_if(next, reserved.end(), [&](const auto& item) { return item.component != c; });
    double all = 0;
    for (auto item = next; item != end; ++item) all += item->operations;
    if (all > 0) {
      double sum = 0, before = 0;
      for (; next != end; ++next) {
        sum += next->operations;
        const double after = next + 1 == end ? 1 : std::min(1.0, sum / all);
        charge(idle[c], before, after, account.rows[next->row].figures);
        before = after;
      }
    } else {
      nobody += idle[c];
    }
    next = end;
  }

  GramsCO2e all{0};
  std::vector<double> grams;
  for (const auto& row : account.rows) {
    grams.push_back(row.figures.total().value.value());
    all += GramsCO2e{grams.back()};
  }
  if (all <= GramsCO2e{0}) {
    account.unassigned += nobody;
    return;
  }
  const std::size_t last = static_cast<std::size_t>(
      std::find_if(grams.rbegin(), grams.rend(), [](double g) { return g > 0; }).base() - grams.begin() - 1);
  double sum = 0, before = 0;
  for (std::size_t r = 0; r <= last; ++r) {
    sum += grams[r];
    const double after = r == last ? 1 : std::min(1.0, sum / all.value());
    if (after > before) charge(nobody, before, after, account.rows[r].figures);
    before = after;
  }
}

Account Accountant::account() const {
  Account account;
  account.view = view_;
  account.by = by_;
  account.period = period_;
  account.metered = metered_;
  account.excluded = excluded_;
  account.energy_by_role = energy_by_role_;
  account.entries = entries_;
  for (const auto& site : sites_) account.signals.push_back({site.name, series(site).signal()});

  std::vector<Figures> rows;
  for (const auto& sums : rows_) rows.push_back(sums.figures());
  std::vector<Figures> idle(parts_.size());  // per component, for the views that place it elsewhere
  std::vector<std::string> overused;
  for (std::size_t c = 0; c < parts_.size(); ++c) {
    Figures part = parts_[c].sums.figures();
    const ComponentRecord& component = components_[c];
    if (counts_embodied(component)) {
      const double unused = unused_life(c, overused);
      part.idle_embodied = component.embodied * unused;
      if (by_ == Grouping::day) place_idle_by_day(c, unused, rows);
      if (by_ == Grouping::machine) {
        Figures& machine = rows[row_of_[c]];
        machine.idle_embodied = machine.idle_embodied + part.idle_embodied;
      }
    }
    account.total += part;

    Figures& mine = idle[c];
    mine.idle_operational = part.idle_operational;
    mine.idle_embodied = part.idle_embodied;
    mine.energy_by_knowledge = parts_[c].idle_by_knowledge;
    mine.idle_energy = part.idle_energy;
    mine.facility_energy = part.idle_energy.joules() * sites_[component.site].pue;
  }
  account.rows.reserve(rows.size());
  for (std::size_t r = 0; r < rows.size(); ++r) account.rows.push_back({keys_[r], rows[r]});
  if (tenants_have_rows()) {
    if (view_ == View::planning)
      charge_idle(account, idle);
    else
      for (const auto& part : idle) account.unassigned += part;
  }

  if (!overused.empty())
    account.notes.push_back(std::to_string(overused.size()) +
                            " component(s) used beyond what their life allows in this period have no idle residue; the "
                            "first is " +
                            overused.front());
  if (other_operations_ > 0)
    account.notes.push_back(
        std::to_string(other_operations_) +
        " entry(ies) count other operations than their component's life and have no embodied share");
  return account;
}

}  // namespace cradle::carbon
