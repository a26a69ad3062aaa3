#include "cradle/dispatch/configuration.h"

#include <algorithm>
#include <cmath>

#include "cradle/base/text.h"

namespace cradle::dispatch {

namespace {

std::string_view name(policy::Measure measure) {
  using policy::Measure;
  switch (measure) {
    case Measure::random: return "random";
    case Measure::dot_product: return "dot-product";
    case Measure::clustering: return "clustering";
    case Measure::packing: return "packing";
    case Measure::best_fit: return "best-fit";
    case Measure::fragmentation: return "fragmentation";
    case Measure::power: return "power";
    case Measure::carbon: return "carbon";
    case Measure::power_share: return "power-share";
    case Measure::carbon_share: return "carbon-share";
  }
  return "";
}

std::string placement_text(const policy::PlacementPolicy& placement) {
  std::string text;
  for (const policy::Component& component : placement.components) {
    text += std::string(name(component.measure)) + "*" + shortest(component.weight);
    text += component.scaling == policy::Scaling::min_max ? "/min-max " : " ";
  }
  constexpr const char* gpus[] = {"random-gpu", "tightest-gpu", "best-scored-gpu"};
  text += gpus[static_cast<std::size_t>(placement.gpu_choice)];
  text += placement.quantisation == policy::Quantisation::integer ? " integer" : " full";
  return text + (placement.tie_break == policy::TieBreak::fixed ? " fixed" : " random");
}

}  // namespace

std::string_view name(RegionRule rule) {
  switch (rule) {
    case RegionRule::any: return "any";
    case RegionRule::cleanest_now: return "cleanest-now";
    case RegionRule::cheapest_window: return "cheapest-window";
    case RegionRule::planned: return "planned";
  }
  return "";
}

std::string_view name(DecideBy signal) { return signal == DecideBy::marginal ? "marginal" : "average"; }

std::string_view name(CapWhen when) {
  switch (when) {
    case CapWhen::never: return "never";
    case CapWhen::always: return "always";
    case CapWhen::dirty_hours: return "dirty-hours";
  }
  return "";
}

bool ServiceRule::may_wait(const workload::Job& job) const {
  return std::find(never_wait.begin(), never_wait.end(), job.service_class) == never_wait.end();
}

std::int64_t ServiceRule::wait_ms(const workload::Job& job) const {
  if (!may_wait(job)) return 0;
  return job.duration_ms < short_ms ? short_wait_ms : long_wait_ms;
}

std::int64_t ServiceRule::deadline_ms(const workload::Job& job) const {
  const double longest = may_wait(job) ? stretch * static_cast<double>(job.duration_ms) : 0;
  return job.arrival_ms + wait_ms(job) + std::max(job.duration_ms, static_cast<std::int64_t>(longest));
}

Result<CapRule> cap_from_curve(CapWhen when, double limit, const std::vector<CapPoint>& curve) {
  const auto refuse = [](std::string what, std::string hint) {
    return bad_input(std::move(what), "power cap curve", std::move(hint));
  };
  if (curve.empty()) return refuse("the curve has no point", "give at least one point of limit, power and speed");
  const auto ratio = [](double value) { return value > 0 && value <= 1; };
  for (std::size_t i = 0; i < curve.size(); ++i) {
    if (!ratio(curve[i].limit) || !ratio(curve[i].power) || !ratio(curve[i].speed))
      return refuse("point " + std::to_string(i + 1) + " has a value outside 0 (excluded) .. 1",
                    "limit, power and speed are relative to a GPU without a cap");
    if (i > 0 && !(curve[i].limit > curve[i - 1].limit))
      return refuse("the limit of point " + std::to_string(i + 1) + " is not above the one before",
                    "list the points by rising limit, each limit once");
    if (curve[i].limit == 1 && (curve[i].power != 1 || curve[i].speed != 1))
      return refuse("point " + std::to_string(i + 1) + ": at limit 1 power is " + shortest(curve[i].power) +
                        " and speed " + shortest(curve[i].speed),
                    "limit 1 is a GPU without a cap: power and speed are 1 there");
    if (i > 0 && (curve[i].power < curve[i - 1].power || curve[i].speed < curve[i - 1].speed))
      return refuse("point " + std::to_string(i + 1) + ": " +
                        (curve[i].power < curve[i - 1].power ? "power" : "speed") + " falls as the limit rises",
                    "power and speed of a point must be at least those of the point before");
  }
  if (!(limit >= curve.front().limit && limit <= curve.back().limit))
    return refuse("limit " + shortest(limit) + " is outside the curve",
                  "choose a limit in " + shortest(curve.front().limit) + " .. " + shortest(curve.back().limit));
  std::size_t right = 0;
  while (curve[right].limit < limit) ++right;
  if (curve[right].limit == limit) return CapRule{when, limit, curve[right].power, curve[right].speed};
  const CapPoint &a = curve[right - 1], &b = curve[right];
  const double share = (limit - a.limit) / (b.limit - a.limit);
  return CapRule{when, limit, a.power + share * (b.power - a.power), a.speed + share * (b.speed - a.speed)};
}

Result<void> check_elastic_curve(const std::vector<double>& curve) {
  const std::string where = "elastic curve";
  // Speeds are counted in thousandths, in 16 bits.
  constexpr std::size_t most = 64;
  if (curve.empty() || curve.size() > most)
    return bad_input(std::to_string(curve.size()) + " machines", where, "give 1 to " + std::to_string(most));
  for (std::size_t i = 0; i < curve.size(); ++i)
    if (!(curve[i] >= 0.001 && curve[i] <= (i == 0 ? 1 : curve[i - 1])) || (i == 0 && curve[i] < 1))
      return bad_input("machine " + std::to_string(i + 1) + " adds " + shortest(curve[i]), where,
                       "the first adds 1, each further one at most what the one before it adds, and at least 0.001");
  return {};
}

bool Configuration::plans() const {
  return time != shifting::TimePolicy::now || region != RegionRule::any || quota.minimum < 1 ||
         cap.when != CapWhen::never || joint.enabled;
}

Result<void> check(const Configuration& configuration) {
  const auto refuse = [&](const std::string& field, const std::string& what, std::string hint) {
    return bad_input(field + ": " + what, "strategy '" + configuration.name + "'", std::move(hint));
  };
  const ServiceRule& service = configuration.service;
  constexpr std::int64_t longest = 366 * ms_per_day;
  for (const std::int64_t ms :
       {service.short_ms, service.short_wait_ms, service.long_wait_ms, configuration.resume_cost_ms})
    if (ms < 0 || ms > longest)
      return refuse("service", "a time of " + std::to_string(ms) + " ms", "choose 0 .. 366 days");
  if (!(service.stretch >= 1 && service.stretch <= 100))
    return refuse("stretch", shortest(service.stretch), "choose a value of 1 .. 100: run time over length");
  if (!(configuration.forecast.error >= 0 && configuration.forecast.error <= 10))
    return refuse("forecast", "error " + shortest(configuration.forecast.error), "choose a relative error of 0 .. 10");
  const auto ratio = [](double value) { return value > 0 && value <= 1; };
  if (!ratio(configuration.quota.minimum))
    return refuse("quota", shortest(configuration.quota.minimum), "choose a share of the GPUs above 0, at most 1");
  const CapRule& cap = configuration.cap;
  // Paces are counted in thousandths.
  constexpr double least = 0.001;
  std::vector<ModelCap> caps = cap.models;
  caps.push_back({"", cap.limit, cap.power, cap.speed});
  for (std::size_t i = 0; i < caps.size(); ++i) {
    const ModelCap& one = caps[i];
    const std::string of = one.gpu_model.empty() ? "cap" : "cap of GPU model '" + one.gpu_model + "'";
    if (!ratio(one.limit) || !ratio(one.power) || !ratio(one.speed) ||
        std::min({one.limit, one.power, one.speed}) < least)
      return refuse(
          of, "limit " + shortest(one.limit) + ", power " + shortest(one.power) + ", speed " + shortest(one.speed),
          "each is relative to a GPU without a cap: 0.001 .. 1");
    for (std::size_t before = 0; before < i; ++before)
      if (caps[before].gpu_model == one.gpu_model) return refuse(of, "appears twice", "name each model once");
  }
  if (configuration.region == RegionRule::planned && configuration.time != shifting::TimePolicy::now)
    return refuse("time", std::string(shifting::name(configuration.time)),
                  "region planned chooses the start too: leave the time policy at now");
  if (const auto& curve = configuration.elastic_curve; !curve.empty()) {
    if (configuration.time != shifting::TimePolicy::wait_awhile || cap.when != CapWhen::never ||
        configuration.region == RegionRule::planned || configuration.joint.enabled)
      return refuse("elastic curve", "beside a rule that leaves no machines to choose",
                    "give it wait-awhile, no cap, no joint rule and another region rule than planned");
    if (auto fine = check_elastic_curve(curve); !fine)
      return refuse("elastic curve", fine.error().message, fine.error().hint);
  }
  return check(configuration.joint);
}

std::string canonical(const Configuration& configuration) {
  const ServiceRule& service = configuration.service;
  std::string classes;
  for (const std::string& one : service.never_wait) classes += " " + escaped(one);
  std::string text;
  const auto line = [&](std::string_view key, const std::string& value) {
    text.append(key).append(" ").append(value).append("\n");
  };
  line("name", escaped(configuration.name));
  line("placement", placement_text(configuration.placement));
  line("seed", std::to_string(configuration.seed));
  line("time", std::string(shifting::name(configuration.time)));
  // Configurations without it keep the text that they had.
  if (!configuration.elastic_curve.empty()) {
    std::string machines;
    for (const double machine : configuration.elastic_curve)
      machines += (machines.empty() ? "" : " ") + shortest(machine);
    line("elastic", machines);
  }
  line("never-wait", std::to_string(service.never_wait.size()) + classes);
  line("short-ms", std::to_string(service.short_ms));
  line("wait-ms", std::to_string(service.short_wait_ms) + " " + std::to_string(service.long_wait_ms));
  line("stretch", shortest(service.stretch));
  line("knows", configuration.knows_length ? "length" : "mean");
  line("resume-cost-ms", std::to_string(configuration.resume_cost_ms));
  line("region", std::string(name(configuration.region)) + (configuration.wait_for_region ? " wait" : " fall-through"));
  line("forecast", shifting::name(configuration.forecast));
  line("decide-by", std::string(name(configuration.decide_by)));
  line("quota", shortest(configuration.quota.minimum));
  line("cap", std::string(name(configuration.cap.when)) + " " + shortest(configuration.cap.limit) + " " +
                  shortest(configuration.cap.power) + " " + shortest(configuration.cap.speed));
  if (configuration.cap.by_model) line("cap-by-model", std::to_string(configuration.cap.models.size()));
  for (const ModelCap& cap : configuration.cap.models)
    line("cap-model",
         escaped(cap.gpu_model) + " " + shortest(cap.limit) + "/" + shortest(cap.power) + "/" + shortest(cap.speed));
  // Configurations without it keep the text that they had.
  if (const JointRule& joint = configuration.joint; joint.enabled) {
    std::string knobs;
    const auto knob = [&](std::string_view word, bool on) { (knobs += on ? " " : " no-") += word; };
    knob("placement", joint.placement);
    knob("start", joint.start);
    knob("region", joint.region);
    knob("cap", joint.cap);
    knob("embodied", joint.embodied);
    if (joint.slice) knobs += " slice";
    line("joint", knobs.substr(1));
    for (const JointModel& model : joint.models) {
      std::string value = escaped(model.gpu_model) + " " + shortest(model.gpu_embodied.value()) + " " +
                          shortest(model.thread_embodied.value());
      for (const JointCap& cap : model.caps)
        value += " " + shortest(cap.limit) + "/" + shortest(cap.power) + "/" + shortest(cap.speed);
      line("joint-model", value);
    }
  }
  return text;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > ' ' && byte < 0x7f && c != '%' && c != ',') {
      out += c;
      continue;
    }
    constexpr const char* digits = "0123456789ABCDEF";
    out += '%';
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out.empty() ? "%" : out;
}

}  // namespace cradle::dispatch
