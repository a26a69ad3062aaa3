#include "cradle/report/study_report.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "answer.h"
#include "cradle/base/text.h"
#include "cradle/report/format.h"

namespace cradle::report {
namespace {

using carbon::GramsCO2e;
using carbon::Hours;
using carbon::KilogramsCO2e;
using carbon::KilowattHours;
using carbon::Seconds;

double kilograms(GramsCO2e mass) { return KilogramsCO2e{mass}.value(); }
GramsCO2e idle(const PolicyResult& policy) { return policy.idle_operational + policy.idle_embodied; }

double largest_total(const StudyReport& report) {
  double largest = 0;
  for (const PolicyResult& policy : report.policies) largest = std::max(largest, kilograms(policy.total.value));
  return largest;
}

Error unsound(std::string message, std::string where) {
  return failure(std::move(message), std::move(where),
                 "this is a defect of the program that made the report: please send it the study file");
}

bool ordered(const carbon::Estimate<GramsCO2e>& estimate) {
  return std::isfinite(estimate.low.value()) && std::isfinite(estimate.high.value()) &&
         estimate.low <= estimate.value && estimate.value <= estimate.high;
}

/// Equal up to the rounding of long sums, on the scale of the whole.
bool adds_up(GramsCO2e parts, GramsCO2e whole, GramsCO2e scale) {
  return std::abs((parts - whole).value()) <= 1e-9 * std::abs(scale.value());
}

Result<void> check_policy(const PolicyResult& policy, const std::string& where) {
  const double figures[] = {policy.allocation,          policy.energy.value(),           policy.operational.value(),
                            policy.embodied.value(),    policy.idle_operational.value(), policy.idle_embodied.value(),
                            policy.total.value.value(), policy.useful_gpu_time.value(),  policy.wait.mean.value(),
                            policy.wait.p50.value(),    policy.wait.p95.value(),         policy.wait.p99.value(),
                            policy.wait.max.value()};
  for (const double figure : figures)
    if (!std::isfinite(figure)) return unsound("a figure is not a finite number", where);
  if (!ordered(policy.total)) return unsound("the total is outside its own range", where + ".total");
  if (!adds_up(policy.operational + policy.embodied + idle(policy), policy.total.value, policy.total.value))
    return unsound("operational, embodied and idle carbon do not add up to the total", where + ".total");
  if (policy.over_time.empty()) return {};

  GramsCO2e operational, embodied, idle_operational, idle_embodied;
  for (const CarbonStep& step : policy.over_time) {
    operational += step.gpu_operational + step.cpu_operational + step.memory_operational;
    embodied += step.embodied;
    idle_operational += step.idle_operational;
    idle_embodied += step.idle_embodied;
  }
  if (!adds_up(operational, policy.operational, policy.total.value) ||
      !adds_up(embodied, policy.embodied, policy.total.value) ||
      !adds_up(idle_operational, policy.idle_operational, policy.total.value) ||
      !adds_up(idle_embodied, policy.idle_embodied, policy.total.value))
    return unsound("carbon over time does not add up to the whole", where + ".over_time");
  return {};
}

}  // namespace

Result<void> check(const StudyReport& report) {
  if (report.policies.empty()) return unsound("no policy", "policies");
  const Answer& answer = report.answer;
  if (answer.best >= report.policies.size() || answer.baseline >= report.policies.size())
    return unsound("the answer names a policy that does not exist", "answer");
  std::set<std::string> names;
  for (std::size_t i = 0; i < report.policies.size(); ++i) {
    const std::string where = "policies[" + std::to_string(i) + "]";
    if (!names.insert(report.policies[i].name).second)
      return unsound("two policies are called '" + report.policies[i].name + "'", where);
    if (auto sound = check_policy(report.policies[i], where); !sound) return sound;
  }
  const PolicyResult& best = report.policies[answer.best];
  const PolicyResult& baseline = report.policies[answer.baseline];
  if (!ordered(answer.saving)) return unsound("the saving is outside its own range", "answer.saving");
  GramsCO2e compared = best.total.value;
  if (answer.at_equal_work) {
    if (!(best.useful_gpu_time > Hours{0}) || !(baseline.useful_gpu_time > Hours{0}))
      return unsound("policies are compared at equal work and one of them did none", "answer.at_equal_work");
    compared = compared * (baseline.useful_gpu_time / best.useful_gpu_time);
  }
  if (!adds_up(baseline.total.value - compared, answer.saving.value, baseline.total.value))
    return unsound(answer.at_equal_work ? "the saving is not the difference of the two totals at equal work"
                                        : "the saving is not the difference of the two totals",
                   "answer.saving");
  if (report.from > report.to || report.step_ms <= 0) return unsound("the period runs backwards", "period");
  return {};
}

GramsPerHour grams_per_useful_gpu_hour(const PolicyResult& policy) {
  if (policy.useful_gpu_time.value() <= 0) return GramsPerHour{std::nan("")};
  return GramsPerHour{policy.total.value / Seconds{policy.useful_gpu_time}};
}

Service service_of(const StudyReport& report) {
  for (const PolicyResult& policy : report.policies)
    if (policy.wait.mean != report.policies.front().wait.mean) return Service::wait_mean;
  return Service::allocation;
}

std::vector<bool> pareto_front(const StudyReport& report) {
  const Service service = service_of(report);
  const auto cost = [&](const PolicyResult& policy) {
    return service == Service::wait_mean ? policy.wait.mean.value() : -policy.allocation;
  };
  std::vector<bool> front;
  for (const PolicyResult& one : report.policies) {
    const auto beats = [&](const PolicyResult& other) {
      const bool as_good = other.total.value <= one.total.value && cost(other) <= cost(one);
      return as_good && (other.total.value < one.total.value || cost(other) < cost(one));
    };
    front.push_back(std::none_of(report.policies.begin(), report.policies.end(), beats));
  }
  return front;
}

std::string period_text(const StudyReport& report) {
  const double days = static_cast<double>(report.to.ms - report.from.ms) / static_cast<double>(ms_per_day);
  if (days < 2) return duration_text(Seconds{days * 86'400});
  return significant(std::round(days * 10) / 10, days < 100 ? 3 : 4) + " days";
}

std::string name_of(DataKind kind) {
  switch (kind) {
    case DataKind::measured: return "measured";
    case DataKind::estimated: return "estimated";
    case DataKind::simulated: return "simulated";
    case DataKind::published: return "published";
    case DataKind::generated: return "generated";
  }
  return "";
}

WaitUnit wait_unit(const StudyReport& report) {
  Seconds longest;
  for (const PolicyResult& policy : report.policies) longest = std::max(longest, policy.wait.mean);
  if (longest >= Seconds{7200}) return {Seconds{3600}, "h"};
  if (longest >= Seconds{120}) return {Seconds{60}, "min"};
  return {Seconds{1}, "s"};
}

int decimals_for(double largest) { return largest >= 1000 ? 0 : largest >= 100 ? 1 : largest >= 10 ? 2 : 3; }

namespace {

/// Whether the order of the two policies holds, as far as the replays of their coefficients and draws tell.
std::string range_clause(const Answer& answer, const MarkUp& mark_up) {
  if (!answer.replayed) return mark_up.plain("; how certain that is was not replayed.");
  carbon::Estimate<GramsCO2e> difference = answer.saving;
  // A policy that emits more is said to: its range is given the same way round.
  if (difference.value < GramsCO2e{0}) difference = {-difference.value, -difference.high, -difference.low};
  std::string draws;
  if (answer.draws > 0)
    draws = std::to_string(answer.draws) + " other draw" + (answer.draws == 1 ? "" : "s") + " of the workload";
  if (difference.low == difference.value && difference.high == difference.value)
    return mark_up.plain("; no coefficient of the study carries a range" +
                         (draws.empty() ? draws : " and the difference is the same in " + draws) + ".");
  const bool holds = difference.low > GramsCO2e{0} || difference.high < GramsCO2e{0};
  return mark_up.plain("; over the ranges of all coefficients" + (draws.empty() ? draws : " and " + draws) +
                       " the difference is " + mass_text(difference.low) + " to " + mass_text(difference.high) + ": ") +
         mark_up.strong(holds ? "the order holds throughout" : "which of the two emits less is not settled") +
         mark_up.plain(".");
}

}  // namespace

std::string answer_sentence(const StudyReport& report, const MarkUp& mark_up) {
  if (report.policies.empty()) return mark_up.plain("The study compared no policies.");
  const Answer& answer = report.answer;
  const PolicyResult& best = report.policies[std::min(answer.best, report.policies.size() - 1)];
  const PolicyResult& baseline = report.policies[std::min(answer.baseline, report.policies.size() - 1)];
  const auto plain = mark_up.plain;
  const auto strong = mark_up.strong;

  std::string out = plain("Over " + period_text(report) + ", ") + strong(best.name);
  if (&best == &baseline) {
    out += plain(" emits ") + strong(mass_text(best.total.value));
    out += plain(" (" + mass_text(best.total.low) + " to " + mass_text(best.total.high) +
                 " over the ranges of the coefficients) while its jobs wait " + duration_text(best.wait.mean) +
                 " on average; the study compares it with no other policy.");
    return out;
  }

  const carbon::Estimate<GramsCO2e>& saving = answer.saving;
  const bool same = std::abs(saving.value.value()) < 0.5;  // no whole gram apart
  if (same) {
    out += plain(" and ") + strong(baseline.name) + plain(" ") + strong("emit the same");
    if (!answer.at_equal_work) out += plain(" (" + mass_text(baseline.total.value) + ")");
  } else {
    const bool less = saving.value > GramsCO2e{0};
    out += plain(" emits ") + strong(mass_text(less ? saving.value : -saving.value) + (less ? " less" : " more")) +
           plain(" than ") + strong(baseline.name);
    if (baseline.total.value > GramsCO2e{0})
      out += plain(" (" + percent_text(std::abs(saving.value / baseline.total.value)) + " of its " +
                   mass_text(baseline.total.value) + ")");
  }
  if (answer.at_equal_work) out += plain(" for the same GPU-hours");

  const std::string wait = duration_text(best.wait.mean);
  const std::string baseline_wait = duration_text(baseline.wait.mean);
  if (wait != baseline_wait)
    out += plain(same ? "; jobs wait " + wait + " on average under " + best.name + " and " + baseline_wait + " under " +
                            baseline.name
                      : "; its jobs wait " + wait + " on average instead of " + baseline_wait);
  else if (best.wait.mean.value() == 0 && baseline.wait.mean.value() == 0)
    out += plain("; under both no job waits");
  else
    out += plain("; under both, jobs wait " + wait + " on average");
  if (best.jobs_never_placed != 0 || baseline.jobs_never_placed != 0)
    out += plain(", and " + std::to_string(best.jobs_never_placed) + " do not start before the end" +
                 (same ? " under " + best.name : std::string()) + " (" + std::to_string(baseline.jobs_never_placed) +
                 " under " + baseline.name + ")");
  return out + range_clause(answer, mark_up);
}

std::string answer_sentence(const StudyReport& report) {
  const auto as_it_is = +[](std::string_view text) { return std::string(text); };
  return answer_sentence(report, {as_it_is, as_it_is});
}

Table policy_table(const StudyReport& report) {
  const WaitUnit unit = wait_unit(report);
  const int mass_decimals = decimals_for(largest_total(report));
  double energy = 0, wait = 0, per_hour = 0;
  bool all_placed = true;
  for (const PolicyResult& policy : report.policies) {
    energy = std::max(energy, KilowattHours{policy.energy}.value());
    wait = std::max(wait, policy.wait.p95 / unit.size);
    const double rate = grams_per_useful_gpu_hour(policy).value();
    if (std::isfinite(rate)) per_hour = std::max(per_hour, rate);
    all_placed = all_placed && policy.jobs_never_placed == 0;
  }
  const int wait_decimals = std::max(0, decimals_for(wait) - 1);

  Table table;
  table.column("policy", "policy")
      .column("total_kg", "total", Align::right, mass_decimals, "kgCO2e")
      .column("allocation_percent", "allocation", Align::right, 1, "%")
      .column("energy_kwh", "energy", Align::right, decimals_for(energy), "kWh")
      .column("operational_kg", "operational", Align::right, mass_decimals, "kgCO2e")
      .column("embodied_kg", "embodied", Align::right, mass_decimals, "kgCO2e")
      .column("idle_kg", "idle", Align::right, mass_decimals, "kgCO2e")
      .column("g_per_useful_gpu_hour", "per useful GPU-hour", Align::right, std::max(1, decimals_for(per_hour) - 1),
              "gCO2e")
      .column("wait_mean", "wait mean", Align::right, wait_decimals, unit.name)
      .column("wait_p95", "wait p95", Align::right, wait_decimals, unit.name)
      .column("wait_max", "wait max", Align::right, wait_decimals, unit.name);
  if (!all_placed) table.column("jobs_never_placed", "never placed", Align::right, 0, "jobs");
  const bool service = !report.policies.empty() && report.policies.front().service.has_value();
  if (service)
    table.column("slowdown_mean", "slow- down", Align::right, 3).column("late_percent", "late", Align::right, 2, "%");
  for (const PolicyResult& policy : report.policies) {
    std::vector<Cell> cells{policy.name,
                            kilograms(policy.total.value),
                            100 * policy.allocation,
                            KilowattHours{policy.energy}.value(),
                            kilograms(policy.operational),
                            kilograms(policy.embodied),
                            kilograms(idle(policy)),
                            grams_per_useful_gpu_hour(policy).value(),
                            policy.wait.mean / unit.size,
                            policy.wait.p95 / unit.size,
                            policy.wait.max / unit.size};
    if (!all_placed) cells.emplace_back(policy.jobs_never_placed);
    if (service) {
      const ServiceLevel level = policy.service.value_or(ServiceLevel{});
      cells.emplace_back(level.slowdown_mean);
      cells.emplace_back(100 * level.late);
    }
    table.row(std::move(cells));
  }
  return table;
}

namespace {

/// Words filled into lines of at most `width` columns, each line after the first indented.
std::string fill(std::string_view text, std::size_t width, std::string_view indent) {
  std::string out;
  std::size_t used = 0;
  for (const std::string_view word : split(text, ' ')) {
    const std::size_t needed = display_width(word);
    if (used > 0 && used + 1 + needed > width) {
      out.append("\n").append(indent);
      used = indent.size();
    } else if (used > 0) {
      out += ' ';
      ++used;
    }
    out += word;
    used += needed;
  }
  return out += '\n';
}

constexpr std::size_t terminal_width = 120;
constexpr std::size_t reading_width = 100;

}  // namespace

std::string to_text(const StudyReport& report) {
  std::string out = printable(report.title) + "\n";
  out += fill(to_iso_date(report.from) + " to " + to_iso_date(report.to) + " (" + period_text(report) + "), " +
                  printable(report.view) + " view, average grid intensity",
              reading_width, "");
  for (const SiteSummary& site : report.sites)
    out += fill("site " + printable(site.name) + ": grid " + printable(site.grid) + ", mean " +
                    significant(site.mean_intensity.value(), 4) + " gCO2e/kWh, PUE " + significant(site.pue, 3) + ", " +
                    std::to_string(site.nodes) + " nodes, " + std::to_string(site.gpus) + " GPUs",
                reading_width, "  ");
  out += "\n" + policy_table(report).to_text(terminal_width) + "\n";
  out += fill(printable(answer_sentence(report)), reading_width, "");
  if (!report.data.empty()) out += "\n";
  for (const DataSource& data : report.data) {
    std::string line = "data: " + printable(data.what) + " (" + name_of(data.kind) + ")";
    for (const std::string& part : {data.origin, data.licence})
      if (!part.empty()) line += ", " + printable(part);
    out += fill(line, reading_width, "  ");
  }
  for (const std::string& note : report.notes) out += fill("note: " + printable(note), reading_width, "  ");
  return out;
}

std::string to_csv(const StudyReport& report) {
  Table table;
  for (const char* key :
       {"policy", "allocation_percent", "energy_kwh", "operational_kg", "embodied_kg", "idle_operational_kg",
        "idle_embodied_kg", "total_kg", "total_low_kg", "total_high_kg", "useful_gpu_hours", "g_per_useful_gpu_hour",
        "wait_mean_s", "wait_p50_s", "wait_p95_s", "wait_p99_s", "wait_max_s", "jobs_finished", "jobs_never_placed"})
    table.column(key, key);
  const bool service = !report.policies.empty() && report.policies.front().service.has_value();
  if (service)
    for (const char* key : {"delay_mean_s", "delay_p95_s", "slowdown_mean", "slowdown_p95", "late_percent",
                            "jobs_unfinished", "suspensions"})
      table.column(key, key);
  for (const PolicyResult& policy : report.policies) {
    std::vector<Cell> cells{policy.name,
                            100 * policy.allocation,
                            KilowattHours{policy.energy}.value(),
                            kilograms(policy.operational),
                            kilograms(policy.embodied),
                            kilograms(policy.idle_operational),
                            kilograms(policy.idle_embodied),
                            kilograms(policy.total.value),
                            kilograms(policy.total.low),
                            kilograms(policy.total.high),
                            policy.useful_gpu_time.value(),
                            grams_per_useful_gpu_hour(policy).value(),
                            policy.wait.mean.value(),
                            policy.wait.p50.value(),
                            policy.wait.p95.value(),
                            policy.wait.p99.value(),
                            policy.wait.max.value(),
                            policy.jobs_finished,
                            policy.jobs_never_placed};
    if (service) {
      const ServiceLevel level = policy.service.value_or(ServiceLevel{});
      for (const double figure : {level.delay_mean.value(), level.delay_p95.value(), level.slowdown_mean,
                                  level.slowdown_p95, 100 * level.late})
        cells.emplace_back(figure);
      cells.emplace_back(level.jobs_unfinished);
      cells.emplace_back(level.suspensions);
    }
    table.row(std::move(cells));
  }
  return table.to_csv();
}

}  // namespace cradle::report
