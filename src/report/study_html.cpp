#include <algorithm>
#include <cmath>

#include "answer.h"
#include "cradle/report/format.h"
#include "cradle/report/study_report.h"
#include "page.h"

namespace cradle::report {
namespace {

using carbon::GramsCO2e;
using carbon::KilogramsCO2e;

double kilograms(GramsCO2e mass) { return KilogramsCO2e{mass}.value(); }

/// The names joined as in a sentence: "a, b and c".
std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (std::size_t i = 0; i < names.size(); ++i)
    out += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  return out;
}

std::string origin(const StudyReport& report) {
  std::vector<std::string> inputs, sites;
  for (const DataSource& data : report.data) inputs.push_back(data.what + " (" + name_of(data.kind) + ")");
  for (const SiteSummary& site : report.sites) sites.push_back(site.name + " (" + site.grid + ")");
  const std::size_t count = report.policies.size();
  const auto date = [](Instant at) { return "<span class=\"w\">" + to_iso_date(at) + "</span>"; };
  std::string out = html(count == 1 ? "One policy ran" : std::to_string(count) + " policies ran") +
                    " the same jobs from " + date(report.from) + " to " + date(report.to);
  if (!sites.empty()) out += html(" at " + listed(sites));
  out += html(", in the " + report.view + " view with average grid intensity.");
  if (!inputs.empty()) out += html(" The inputs are " + listed(inputs) + ".");
  return out + " <a href=\"#data\">Where the data came from</a>";
}

std::string key_figures(const PolicyResult& best, const PolicyResult& baseline) {
  const bool compared = &best != &baseline;
  const auto one = [&](const std::string& name, const std::string& value, const std::string& other) {
    return "<div><dt>" + html(name) + "</dt><dd class=\"value\">" + html(value) + "</dd><dd>" +
           (compared ? html(baseline.name + ": " + other) : std::string()) + "</dd></div>\n";
  };
  const auto rate = [](const PolicyResult& policy) {
    const GramsPerHour value = grams_per_useful_gpu_hour(policy);
    return std::isfinite(value.value()) ? mass_text(GramsCO2e{value.value()}) : std::string("-");
  };
  return "<dl class=\"figures\">\n" +
         one("Total, " + best.name, mass_text(best.total.value), mass_text(baseline.total.value)) +
         one("Per useful GPU-hour", rate(best), rate(baseline)) +
         one("Mean wait", duration_text(best.wait.mean), duration_text(baseline.wait.mean)) +
         one("GPU share in use", percent_text(best.allocation), percent_text(baseline.allocation)) + "</dl>\n";
}

std::string policies_section(const StudyReport& report, const PolicyResult& best) {
  std::string caption =
      "Shorter is better. Each bar is the whole footprint of one policy for the same jobs on the same machines; the "
      "whisker spans its total over the ranges of all coefficients. The policies share the coefficients, so that their "
      "whiskers move together: whiskers that overlap say nothing about the order. The range of the difference, at the "
      "top of this page, does.";
  if (best.total.value > GramsCO2e{0})
    caption += " Under " + best.name + ", " +
               percent_text((best.idle_operational + best.idle_embodied) / best.total.value, 0) +
               " of the carbon belongs to capacity that no job had reserved, and " +
               percent_text((best.embodied + best.idle_embodied) / best.total.value, 0) +
               " was emitted to make the machines.";
  return section("policies", "What each policy emits",
                 figure("Stacked bars: operational, embodied and idle carbon of each policy", caption) +
                     boxed(policy_table(report)) + "<p class=\"hint\">The table goes on to the right.</p>\n");
}

std::string over_time_section(const StudyReport& report, const PolicyResult& best) {
  if (best.over_time.empty()) return "";
  double largest = 0;
  GramsCO2e lowest_sum{INFINITY}, highest_sum;
  std::size_t lowest = 0, highest = 0;
  for (std::size_t i = 0; i < best.over_time.size(); ++i) {
    const CarbonStep& step = best.over_time[i];
    const GramsCO2e sum = step.gpu_operational + step.cpu_operational + step.memory_operational +
                          step.idle_operational + step.embodied + step.idle_embodied;
    if (sum < lowest_sum) lowest_sum = sum, lowest = i;
    if (sum > highest_sum) highest_sum = sum, highest = i;
    largest = std::max(largest, kilograms(sum));
  }
  const bool by_day = report.step_ms >= ms_per_day;
  const auto moment = [&](std::size_t i) {
    const Instant at{report.from.ms + static_cast<std::int64_t>(i) * report.step_ms};
    return by_day ? to_iso_date(at) : to_iso(at);
  };
  const int decimals = decimals_for(largest);
  Table table;
  table.column("start", by_day ? "day" : "from")
      .column("gpu", "GPU, operational", Align::right, decimals, "kgCO2e")
      .column("cpu", "processors and hosts, operational", Align::right, decimals, "kgCO2e")
      .column("memory", "memory, operational", Align::right, decimals, "kgCO2e")
      .column("idle", "idle, operational", Align::right, decimals, "kgCO2e")
      .column("embodied", "embodied, attributed", Align::right, decimals, "kgCO2e")
      .column("idle_embodied", "embodied, idle", Align::right, decimals, "kgCO2e");
  for (std::size_t i = 0; i < best.over_time.size(); ++i) {
    const CarbonStep& step = best.over_time[i];
    table.row({moment(i), kilograms(step.gpu_operational), kilograms(step.cpu_operational),
               kilograms(step.memory_operational), kilograms(step.idle_operational), kilograms(step.embodied),
               kilograms(step.idle_embodied)});
  }
  const std::string caption =
      std::string("The height is all carbon of ") + (by_day ? "a day" : "a step of time") +
      ", the bands say what it was for. Operational bands follow the load and "
      "the grid; the embodied ones together stay level, because machines age whether they work or not: jobs take more "
      "or less of them. Under " +
      best.name + " the least was " + mass_text(lowest_sum) + " (" + moment(lowest) + "), the most " +
      mass_text(highest_sum) + " (" + moment(highest) + ").";
  return section("over-time", "Carbon over time by source",
                 "<p class=\"control\"><label>Policy <select autocomplete=\"off\"></select></label></p>\n" +
                     figure("Stacked areas: carbon of each step of time by source", caption) +
                     details("The numbers (" + best.name + ")", table));
}

std::string pareto_section(const StudyReport& report) {
  const bool by_wait = service_of(report) == Service::wait_mean;
  const std::vector<bool> front = pareto_front(report);
  const WaitUnit unit = wait_unit(report);
  double largest = 0;
  std::vector<std::string> chosen;
  for (std::size_t i = 0; i < report.policies.size(); ++i) {
    largest = std::max(largest, kilograms(report.policies[i].total.value));
    if (front[i]) chosen.push_back(report.policies[i].name);
  }
  Table table;
  table.column("policy", "policy")
      .column("total", "total", Align::right, decimals_for(largest), "kgCO2e")
      .column("wait", "wait mean", Align::right, 2, unit.name)
      .column("allocation", "GPU share in use", Align::right, 1, "%")
      .column("front", "on the front");
  for (std::size_t i = 0; i < report.policies.size(); ++i) {
    const PolicyResult& policy = report.policies[i];
    table.row({policy.name, kilograms(policy.total.value), policy.wait.mean / unit.size, 100 * policy.allocation,
               std::string(front[i] ? "yes" : "no")});
  }
  const std::string caption =
      std::string(by_wait ? "Carbon against waiting: low and left is better. "
                          : "Carbon against use, as all policies wait the same: low and right is better. ") +
      "A policy on the dashed line cannot be improved in one without losing in the other: " + listed(chosen) +
      (chosen.size() == 1 ? ", which is best in both." : ".");
  return section(
      "pareto", "What the grams cost in service",
      figure("Points: total carbon of each policy against its service", caption) + details("The numbers", table));
}

std::string jobs_section(const StudyReport& report, const PolicyResult& best) {
  if (report.top_jobs.empty()) return "";
  GramsCO2e sum, most;
  for (const TopJob& job : report.top_jobs) {
    sum += job.operational + job.embodied;
    most = std::max(most, job.operational + job.embodied);
  }
  const int decimals = decimals_for(kilograms(most));
  Table table;
  table.column("job", "job")
      .column("user", "user")
      .column("site", "site")
      .column("gpu_hours", "GPU time", Align::right, 1, "h")
      .column("operational", "operational", Align::right, decimals, "kgCO2e")
      .column("embodied", "embodied", Align::right, decimals, "kgCO2e")
      .column("asc", "ASC", Align::right, decimals, "kgCO2e");
  for (const TopJob& job : report.top_jobs)
    table.row({job.name, job.user, job.site, job.gpu_time.value(), kilograms(job.operational), kilograms(job.embodied),
               kilograms(job.operational + job.embodied)});
  std::string caption =
      "ASC is what a job caused: the energy it used and its share of making the machines it used. The " +
      std::to_string(report.top_jobs.size()) + " largest jobs under " + best.name + " sum to " + mass_text(sum);
  if (const GramsCO2e attributed = best.operational + best.embodied; attributed > GramsCO2e{0})
    caption += ", " + percent_text(sum / attributed) + " of all that is attributed to jobs";
  return section("jobs", "The jobs that weigh most",
                 figure("Stacked bars: operational and embodied carbon of the largest jobs", caption + ".") +
                     details("The numbers", table));
}

std::string sensitivity_section(const StudyReport& report, const PolicyResult& best) {
  if (report.sensitivity.empty()) return "";
  const Sensitivity& first = report.sensitivity.front();
  double largest = kilograms(best.total.value);
  for (const Sensitivity& row : report.sensitivity)
    largest = std::max({largest, kilograms(row.total_at_low), kilograms(row.total_at_high)});
  Table table;
  table.column("coefficient", "coefficient")
      .column("range", "range")
      .column("low", "total at its low end", Align::right, decimals_for(largest), "kgCO2e")
      .column("high", "total at its high end", Align::right, decimals_for(largest), "kgCO2e")
      .column("source", "source");
  for (const Sensitivity& row : report.sensitivity)
    table.row({row.coefficient, row.range, kilograms(row.total_at_low), kilograms(row.total_at_high), row.source});
  const std::string caption =
      "Each bar moves one coefficient over its range and leaves the others alone; the line is the total of " +
      best.name + " as reported. The widest bar is where a better source would help most: " + first.coefficient +
      " alone moves the total between " + mass_text(std::min(first.total_at_low, first.total_at_high)) + " and " +
      mass_text(std::max(first.total_at_low, first.total_at_high)) + ".";
  return section("sensitivity", "What the answer hangs on",
                 figure("Horizontal bars: the total at both ends of each coefficient's range", caption) +
                     details("The numbers and their sources", table));
}

std::string data_section(const StudyReport& report) {
  std::string body;
  if (!report.data.empty()) {
    Table table;
    table.column("what", "what")
        .column("kind", "how it is known")
        .column("origin", "where from")
        .column("licence", "licence");
    for (const DataSource& data : report.data) table.row({data.what, name_of(data.kind), data.origin, data.licence});
    body += boxed(table);
  }
  if (!report.sites.empty()) {
    Table table;
    table.column("site", "site")
        .column("grid", "grid")
        .column("intensity", "mean intensity", Align::right, 1, "gCO2e/kWh")
        .column("pue", "PUE", Align::right, 2)
        .column("nodes", "nodes", Align::right)
        .column("gpus", "GPUs", Align::right);
    for (const SiteSummary& site : report.sites)
      table.row({site.name, site.grid, site.mean_intensity.value(), site.pue, site.nodes, site.gpus});
    body += "<h3>Sites</h3>\n" + boxed(table);
  }
  return section("data", "Where the data came from", body);
}

std::string notes_section(const StudyReport& report) {
  if (report.notes.empty()) return "";
  std::string body = "<ul class=\"notes\">\n";
  for (const std::string& note : report.notes) body += "<li>" + html(note) + "</li>\n";
  return section("notes", "What was skipped, changed or assumed", body + "</ul>\n");
}

}  // namespace

std::string to_html(const StudyReport& report) {
  std::string sections, figures;
  if (!report.policies.empty()) {
    const PolicyResult& best = report.policies[std::min(report.answer.best, report.policies.size() - 1)];
    const PolicyResult& baseline = report.policies[std::min(report.answer.baseline, report.policies.size() - 1)];
    figures = key_figures(best, baseline);
    sections = policies_section(report, best) + over_time_section(report, best) + pareto_section(report) +
               jobs_section(report, best) + sensitivity_section(report, best);
  }
  sections += data_section(report) + notes_section(report);

  const std::string made = "Made by " + html(report.created_by) + " from " + html(report.study_file) +
                           ". To make it again: <code>" + html(report.command) + "</code>";
  return page({html(report.title), answer_sentence(report, {html, strong}), figures, origin(report), sections, made,
               study_json(report, -1), PageScript::study});
}

}  // namespace cradle::report
