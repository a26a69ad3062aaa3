#include "strategy_config.h"

#include <algorithm>
#include <cmath>

#include "cradle/base/text.h"

namespace cradle::study {

namespace {

using dispatch::CapPoint;
using dispatch::CapWhen;
using dispatch::Configuration;
using dispatch::RegionRule;

constexpr double most_hours = 366 * 24;

std::int64_t hours(TomlReader& table, std::string_view key, std::int64_t fallback_ms) {
  const double value =
      table.number(key, 0, most_hours, static_cast<double>(fallback_ms) / static_cast<double>(ms_per_hour));
  return std::llround(value * static_cast<double>(ms_per_hour));
}

/// What a strategy may promise otherwise than the study.
void read_waits(TomlReader& table, dispatch::ServiceRule& service) {
  service.short_wait_ms = hours(table, "max_wait_short_hours", service.short_wait_ms);
  service.long_wait_ms = hours(table, "max_wait_long_hours", service.long_wait_ms);
  service.stretch = table.number("stretch", 1, 100, service.stretch);
}

void read_service(TomlReader& table, dispatch::ServiceRule& service) {
  if (table.has("never_wait")) service.never_wait = table.texts("never_wait");
  service.short_ms = hours(table, "short_hours", service.short_ms);
  read_waits(table, service);
}

constexpr const char* cap_keys[] = {"cap_limit", "curve_limit", "curve_power", "curve_speed", "cap_curve", "cap_work"};

void refuse_keys(TomlReader& table, std::span<const char* const> keys, const std::string& why,
                 const std::string& hint) {
  for (const char* key : keys)
    if (table.has(key)) table.fail(key, std::string("strategy.") + key + why, hint);
}

void read_cap(TomlReader& table, Configuration& strategy, StrategyCurves& curves) {
  const std::vector<std::string> words{"never", "always", "dirty-hours"};
  const auto when = static_cast<CapWhen>(table.choice("cap", words, static_cast<std::size_t>(CapWhen::never)));
  if (when == CapWhen::never) {
    return refuse_keys(table, cap_keys, " without a power cap",
                       "say when the cap holds: cap = \"always\" or cap = \"dirty-hours\"");
  }
  const double limit = table.number("cap_limit", 0.001, 1);
  if (table.has("cap_curve")) {
    curves.record = table.text("cap_curve");
    refuse_keys(table, std::span(cap_keys).subspan(1, 3), " beside cap_curve",
                "give a record of the catalogue or a curve of your own, not both");
    if (curves.record == each_model) {
      curves.work = table.text("cap_work", curves.work);
    } else {
      refuse_keys(table, std::span(cap_keys).last(1), " beside a record",
                  "a record is of one kind of work; cap_curve = \"catalog\" takes that of cap_work for each model");
    }
    strategy.cap.when = when;
    strategy.cap.limit = limit;
    strategy.cap.by_model = true;
    return;
  }
  refuse_keys(table, std::span(cap_keys).last(1), " without cap_curve = \"catalog\"",
              "it says which of a model's curves is taken");
  const auto limits = table.numbers("curve_limit", 0.001, 1, true);
  const auto powers = table.numbers("curve_power", 0.001, 1, true);
  const auto speeds = table.numbers("curve_speed", 0.001, 1, true);
  if (limits.size() != powers.size() || limits.size() != speeds.size())
    return table.fail("curve_limit", "strategy: the columns of the curve differ in length",
                      "give as many values of curve_limit as of curve_power and curve_speed");
  std::vector<CapPoint> curve;
  for (std::size_t i = 0; i < limits.size(); ++i) curve.push_back({limits[i], powers[i], speeds[i]});
  const auto rule = dispatch::cap_from_curve(when, limit, curve);
  if (!rule) return table.fail("cap_limit", "strategy: " + rule.error().message, rule.error().hint);
  strategy.cap = *rule;
}

void read_joint(TomlReader& table, Configuration& strategy) {
  dispatch::JointRule& joint = strategy.joint;
  joint.enabled = table.flag("joint", false);
  if (!joint.enabled) {
    const char* const keys[] = {"joint_knobs", "joint_embodied"};
    return refuse_keys(table, keys, " without the joint rule", "add joint = true");
  }
  joint.embodied = table.flag("joint_embodied", false);
  if (table.has("joint_knobs")) {
    const std::vector<std::string> words{"placement", "start", "region", "cap", "slice"};
    bool* const knobs[] = {&joint.placement, &joint.start, &joint.region, &joint.cap, &joint.slice};
    for (bool* knob : knobs) *knob = false;
    for (const std::string& word : table.texts("joint_knobs", true)) {
      const auto at = std::find(words.begin(), words.end(), word);
      if (at == words.end())
        return table.fail("joint_knobs", "strategy.joint_knobs: '" + word + "' is no knob", suggest(word, words));
      bool& knob = *knobs[at - words.begin()];
      if (knob)
        return table.fail("joint_knobs", "strategy.joint_knobs: '" + word + "' appears twice", "name each knob once");
      knob = true;
    }
    if (joint.region && !joint.placement)
      return table.fail(
          "joint_knobs", "strategy.joint_knobs: region without placement",
          "the joint rule chooses among sites where it places: add \"placement\", or give region a rule of "
          "its own, as in region = \"cheapest-window\"");
  }
  const std::string why = " beside joint = true", hint = "the joint rule chooses it; without it drop joint";
  const char* const chosen[] = {"time", "cap"};
  refuse_keys(table, chosen, why, hint);
  const char* const pausing[] = {"resume_cost_minutes"};
  refuse_keys(table, pausing, why, "the joint rule suspends no job: leave it out");
  const char* const placed[] = {"placement", "region", "wait_for_region"};
  if (joint.placement)
    refuse_keys(table, placed, why, "the joint rule places: leave \"placement\" out of joint_knobs, or this key");
}

void read_elastic(TomlReader& table, bool elastic, Configuration& strategy) {
  if (!elastic) {
    const char* const keys[] = {"elastic_curve"};
    return refuse_keys(table, keys, " without elastic jobs", "add time = \"elastic\"");
  }
  strategy.elastic_curve = table.numbers("elastic_curve", 0.001, 1, true);
  if (strategy.cap.when != CapWhen::never)
    return table.fail("cap", "strategy.cap beside time = \"elastic\"", "a job runs on more machines or under a cap");
  if (auto fine = dispatch::check_elastic_curve(strategy.elastic_curve); !fine)
    table.fail("elastic_curve", "strategy.elastic_curve: " + fine.error().message, fine.error().hint);
}

/// Of a strategy that runs each job at once, wherever the placement likes, and without a cap: what it might believe of
/// the hours and jobs to come.
void refuse_unread(TomlReader& table, const Configuration& strategy) {
  if (strategy.time != shifting::TimePolicy::now || strategy.region != RegionRule::any || strategy.joint.enabled ||
      strategy.cap.when != CapWhen::never || strategy.quota.minimum < 1)
    return;
  const std::string why = " of a strategy that looks at no hour",
                    hint = "add time, region, cap or quota, or leave it out";
  const char* const ahead[] = {"forecast", "knows"};
  refuse_keys(table, ahead, why, hint);
  const char* const signal[] = {"decide_by"};
  const auto reads = [](const policy::Component& one) { return policy::reads_site_factor(one.measure); };
  const auto& components = strategy.placement.components;
  if (std::none_of(components.begin(), components.end(), reads)) refuse_keys(table, signal, why, hint);
}

CurveEnd read_end(TomlReader& table, const Configuration& strategy, const StrategyCurves& curves) {
  const auto end = static_cast<CurveEnd>(table.choice("curve_end", {"value", "least-saving", "most-saving"}, 0));
  const char* const keys[] = {"curve_end"};
  if (strategy.joint.enabled && !strategy.joint.cap)
    refuse_keys(table, keys, " beside a joint rule that sets no cap", "add \"cap\" to joint_knobs, or leave it out");
  else if (curves.record.empty() && !strategy.joint.enabled)
    refuse_keys(table, keys, " without a curve of the catalogue", "it is for cap_curve and joint");
  return end;
}

Configuration read_strategy(TomlReader& table, const dispatch::ServiceRule& service, StrategyCurves& curves) {
  Configuration strategy;
  strategy.name = table.text("name");
  strategy.service = service;
  const std::string placement = table.text("placement", "FGD");
  if (const auto policy = policy::policy_by_name(placement)) {
    strategy.placement = *policy;
  } else {
    table.fail("placement", "strategy.placement: " + policy.error().message, policy.error().hint);
  }
  std::vector<std::string> times;
  for (const shifting::TimePolicy time : shifting::all_time_policies) times.emplace_back(shifting::name(time));
  times.emplace_back("elastic");
  const std::size_t time = table.choice("time", times, 0);
  const bool elastic = time == shifting::all_time_policies.size();
  strategy.time = elastic ? shifting::TimePolicy::wait_awhile : shifting::all_time_policies[time];
  read_waits(table, strategy.service);
  strategy.knows_length = table.choice("knows", {"length", "mean"}, 0) == 0;
  strategy.resume_cost_ms = std::llround(table.number("resume_cost_minutes", 0, 1440, 0) * 60'000);
  strategy.region =
      static_cast<RegionRule>(table.choice("region", {"any", "cleanest-now", "cheapest-window", "planned"}, 0));
  if (strategy.region == RegionRule::planned && strategy.time != shifting::TimePolicy::now)
    table.fail("time", "strategy.time beside region = \"planned\"",
               "the plan of sites chooses the start too: drop time");
  strategy.wait_for_region = table.flag("wait_for_region", false);
  const char* const unplanned[] = {"wait_for_region", "resume_cost_minutes"};
  if (strategy.region == RegionRule::planned)
    refuse_keys(table, unplanned, " beside region = \"planned\"",
                "a planned job waits for its site within its hour and is never suspended: leave it out");
  const char* const waiting[] = {"wait_for_region"};
  if (strategy.region == RegionRule::any && !(table.has("joint") && !table.has("region")))
    refuse_keys(table, waiting, " without a rule for the site", "add region = \"cleanest-now\" or \"cheapest-window\"");
  const char* const resuming[] = {"resume_cost_minutes"};
  const bool pauses =
      strategy.time == shifting::TimePolicy::threshold || strategy.time == shifting::TimePolicy::wait_awhile;
  if (!pauses && strategy.region != RegionRule::planned && !table.has("joint"))
    refuse_keys(table, resuming, " without pauses",
                "time = \"threshold\", \"wait-awhile\" and \"elastic\" suspend jobs: choose one, or leave it out");
  const std::string forecast = table.text("forecast", "perfect");
  if (const auto model = shifting::forecast_by_name(forecast)) {
    strategy.forecast = *model;
  } else {
    table.fail("forecast", "strategy.forecast: " + model.error().message, model.error().hint);
  }
  strategy.decide_by = static_cast<dispatch::DecideBy>(table.choice("decide_by", {"marginal", "average"}, 1));
  strategy.quota.minimum = table.number("quota", 0.001, 1, 1);
  read_joint(table, strategy);
  read_cap(table, strategy, curves);
  read_elastic(table, elastic, strategy);
  refuse_unread(table, strategy);
  curves.where = table.where();
  curves.end = read_end(table, strategy, curves);
  return strategy;
}

}  // namespace

void read_strategies(TomlReader& root, StudyConfig& config) {
  config.service.never_wait = {"LS"};
  if (auto table = root.table("service")) {
    read_service(*table, config.service);
    config.shows_service = true;
  }
  for (TomlReader& table : root.tables("strategy")) {
    StrategyCurves curves;
    Configuration strategy = read_strategy(table, config.service, curves);
    for (const Configuration& other : config.strategies)
      if (other.name == strategy.name)
        table.fail("name", "strategy.name: '" + strategy.name + "' appears twice", "name each strategy differently");
    config.strategies.push_back(std::move(strategy));
    config.curves.push_back(std::move(curves));
    config.shows_service = true;
  }
}

std::int64_t horizon_of(const StudyConfig& config, std::span<const workload::Job> jobs) {
  if (config.workload.days > 0)
    return static_cast<std::int64_t>(config.workload.days * static_cast<double>(ms_per_day));
  std::int64_t last = 0;
  for (const workload::Job& job : jobs) last = std::max(last, job.arrival_ms + job.duration_ms);
  return last;
}

namespace {

std::string hours_text(std::int64_t ms) {
  return shortest(static_cast<double>(ms) / static_cast<double>(ms_per_hour)) + " h";
}

}  // namespace

std::string service_note(const dispatch::ServiceRule& rule) {
  std::string classes;
  for (const std::string& one : rule.never_wait) classes += (classes.empty() ? "" : ", ") + one;
  std::string text = "late are jobs that end more than " + hours_text(rule.short_wait_ms) + " (shorter than " +
                     hours_text(rule.short_ms) + ") or " + hours_text(rule.long_wait_ms) + " (longer) after ";
  text += rule.stretch > 1 ? shortest(rule.stretch) + " times their length" : std::string("their length");
  if (!classes.empty()) text += "; those of class " + classes + " at any delay";
  return text;
}

std::string strategy_note(const dispatch::Configuration& strategy) {
  const dispatch::JointRule& joint = strategy.joint;
  std::string text = strategy.name + ": ";
  if (joint.enabled) {
    std::string knobs;
    const auto knob = [&](const char* word, bool on) {
      if (on) (knobs += knobs.empty() ? "" : ", ") += word;
    };
    knob("placement", joint.placement);
    knob("start", joint.start);
    knob("region", joint.region);
    knob("cap", joint.cap);
    knob("slice", joint.slice);
    text += "chosen together: " + (knobs.empty() ? std::string("nothing") : knobs);
    text += joint.embodied ? "; device time counts its embodied share" : "; what is bought is sunk";
  }
  if (!joint.enabled || !joint.placement) {
    text += (joint.enabled ? ", " : "") + strategy.placement.name;
    const bool planned = strategy.region == RegionRule::planned;
    if (planned) text += ", sites and starts of all jobs planned together";
    if (!planned && !joint.enabled && strategy.elastic_curve.empty())
      text += ", time " + std::string(shifting::name(strategy.time));
    for (std::size_t i = 0; i < strategy.elastic_curve.size(); ++i)
      text += (i == 0 ? ", elastic on up to " + std::to_string(strategy.elastic_curve.size()) + " machines that add "
                      : std::string(" + ")) +
              shortest(strategy.elastic_curve[i]);
    if (!planned) text += ", region " + std::string(dispatch::name(strategy.region));
  }
  if (strategy.wait_for_region) text += " (waits for it)";
  text += ", forecast " + shifting::name(strategy.forecast);
  if (strategy.decide_by == dispatch::DecideBy::marginal) text += ", by the marginal signal";
  if (!strategy.knows_length) text += ", lengths unknown";
  if (strategy.quota.minimum < 1) text += ", quota down to " + shortest(strategy.quota.minimum);
  if (strategy.resume_cost_ms > 0)
    text += ", each resumption costs " + shortest(static_cast<double>(strategy.resume_cost_ms) / 60'000) + " min";
  const dispatch::CapRule& cap = strategy.cap;
  if (cap.when != dispatch::CapWhen::never && cap.by_model)
    text += ", power cap " + shortest(cap.limit) + " " + std::string(dispatch::name(cap.when));
  else if (cap.when != dispatch::CapWhen::never)
    text += ", power cap " + shortest(cap.limit) + " " + std::string(dispatch::name(cap.when)) + " (draw " +
            shortest(std::round(cap.power * 1000) / 1000) + ", speed " + shortest(std::round(cap.speed * 1000) / 1000) +
            ")";
  return text;
}

}  // namespace cradle::study
