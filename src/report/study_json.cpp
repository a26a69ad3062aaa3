#include <cmath>
#include <nlohmann/json.hpp>

#include "answer.h"
#include "cradle/report/study_report.h"

namespace cradle::report {
namespace {

using carbon::GramsCO2e;
using carbon::KilogramsCO2e;
using nlohmann::ordered_json;

double kilograms(GramsCO2e mass) { return KilogramsCO2e{mass}.value(); }

ordered_json sites_json(const StudyReport& report) {
  auto sites = ordered_json::array();
  for (const SiteSummary& site : report.sites)
    sites.push_back({{"name", site.name},
                     {"grid", site.grid},
                     {"pue", site.pue},
                     {"mean_intensity_g_per_kwh", site.mean_intensity.value()},
                     {"nodes", site.nodes},
                     {"gpus", site.gpus}});
  return sites;
}

ordered_json data_json(const StudyReport& report) {
  auto sources = ordered_json::array();
  for (const DataSource& data : report.data)
    sources.push_back(
        {{"what", data.what}, {"origin", data.origin}, {"licence", data.licence}, {"kind", name_of(data.kind)}});
  return sources;
}

ordered_json answer_json(const StudyReport& report) {
  const Answer& answer = report.answer;
  const auto name = [&](std::size_t i) {
    return i < report.policies.size() ? ordered_json(report.policies[i].name) : ordered_json();
  };
  return {{"best", name(answer.best)},
          {"baseline", name(answer.baseline)},
          {"at_equal_work", answer.at_equal_work},
          {"saving_kg", kilograms(answer.saving.value)},
          {"saving_low_kg", kilograms(answer.saving.low)},
          {"saving_high_kg", kilograms(answer.saving.high)},
          {"replayed", answer.replayed},
          {"draws", answer.draws},
          {"sentence", answer_sentence(report)}};
}

ordered_json over_time_json(const PolicyResult& policy) {
  const auto series = [&](GramsCO2e CarbonStep::*part) {
    auto values = ordered_json::array();
    for (const CarbonStep& step : policy.over_time) values.push_back(kilograms(step.*part));
    return values;
  };
  return {{"gpu_operational_kg", series(&CarbonStep::gpu_operational)},
          {"cpu_operational_kg", series(&CarbonStep::cpu_operational)},
          {"memory_operational_kg", series(&CarbonStep::memory_operational)},
          {"idle_operational_kg", series(&CarbonStep::idle_operational)},
          {"embodied_kg", series(&CarbonStep::embodied)},
          {"idle_embodied_kg", series(&CarbonStep::idle_embodied)}};
}

ordered_json policies_json(const StudyReport& report) {
  const std::vector<bool> front = pareto_front(report);
  auto policies = ordered_json::array();
  for (std::size_t i = 0; i < report.policies.size(); ++i) {
    const PolicyResult& policy = report.policies[i];
    policies.push_back({{"name", policy.name},
                        {"allocation_percent", 100 * policy.allocation},
                        {"energy_kwh", carbon::KilowattHours{policy.energy}.value()},
                        {"operational_kg", kilograms(policy.operational)},
                        {"embodied_kg", kilograms(policy.embodied)},
                        {"idle_operational_kg", kilograms(policy.idle_operational)},
                        {"idle_embodied_kg", kilograms(policy.idle_embodied)},
                        {"total_kg", kilograms(policy.total.value)},
                        {"total_low_kg", kilograms(policy.total.low)},
                        {"total_high_kg", kilograms(policy.total.high)},
                        {"useful_gpu_hours", policy.useful_gpu_time.value()},
                        {"g_per_useful_gpu_hour", grams_per_useful_gpu_hour(policy).value()},
                        {"wait_mean_s", policy.wait.mean.value()},
                        {"wait_p50_s", policy.wait.p50.value()},
                        {"wait_p95_s", policy.wait.p95.value()},
                        {"wait_p99_s", policy.wait.p99.value()},
                        {"wait_max_s", policy.wait.max.value()},
                        {"jobs_finished", policy.jobs_finished},
                        {"jobs_never_placed", policy.jobs_never_placed},
                        {"on_pareto_front", static_cast<bool>(front[i])},
                        {"over_time", over_time_json(policy)}});
    if (!policy.service) continue;
    const ServiceLevel& level = *policy.service;
    policies.back()["service"] = {
        {"delay_mean_s", level.delay_mean.value()}, {"delay_p95_s", level.delay_p95.value()},
        {"slowdown_mean", level.slowdown_mean},     {"slowdown_p95", level.slowdown_p95},
        {"late_percent", 100 * level.late},         {"jobs_unfinished", level.jobs_unfinished},
        {"suspensions", level.suspensions}};
  }
  return policies;
}

ordered_json top_jobs_json(const StudyReport& report) {
  auto jobs = ordered_json::array();
  for (const TopJob& job : report.top_jobs)
    jobs.push_back({{"name", job.name},
                    {"user", job.user},
                    {"site", job.site},
                    {"gpu_hours", job.gpu_time.value()},
                    {"operational_kg", kilograms(job.operational)},
                    {"embodied_kg", kilograms(job.embodied)},
                    {"asc_kg", kilograms(job.operational + job.embodied)}});
  return jobs;
}

ordered_json sensitivity_json(const StudyReport& report) {
  auto rows = ordered_json::array();
  for (const Sensitivity& row : report.sensitivity)
    rows.push_back({{"coefficient", row.coefficient},
                    {"range", row.range},
                    {"total_at_low_kg", kilograms(row.total_at_low)},
                    {"total_at_high_kg", kilograms(row.total_at_high)},
                    {"source", row.source}});
  return rows;
}

}  // namespace

std::string study_json(const StudyReport& report, int indent) {
  const ordered_json document = {
      {"schema", "cradle.study/1"},
      {"title", report.title},
      {"study_file", report.study_file},
      {"created_by", report.created_by},
      {"command", report.command},
      {"period", {{"from", to_iso(report.from)}, {"to", to_iso(report.to)}}},
      {"step_hours", static_cast<double>(report.step_ms) / static_cast<double>(ms_per_hour)},
      {"view", report.view},
      {"sites", sites_json(report)},
      {"data", data_json(report)},
      {"answer", answer_json(report)},
      {"pareto_service", service_of(report) == Service::wait_mean ? "wait_mean_s" : "allocation_percent"},
      {"policies", policies_json(report)},
      {"top_jobs", top_jobs_json(report)},
      {"sensitivity", sensitivity_json(report)},
      {"notes", report.notes}};
  return document.dump(indent, ' ', false, ordered_json::error_handler_t::replace);
}

std::string to_json(const StudyReport& report) { return study_json(report, 1) + "\n"; }

}  // namespace cradle::report
