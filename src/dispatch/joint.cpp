#include "cradle/dispatch/joint.h"

#include <algorithm>
#include <cmath>

#include "cradle/base/text.h"
#include "cradle/base/time.h"

namespace cradle::dispatch {

using carbon::GramsCO2e;
using carbon::Watts;
using shifting::Signal;
using shifting::Step;

namespace {

/// Grams of one watt over the steps, which are milliseconds: W x g/kWh x ms = 1 / (1000 W/kW x 3.6e6 ms/h) g.
GramsCO2e grams_of(Watts watts, const Signal& signal, Step from, Step to) {
  constexpr double per_watt_step = 1 / 3.6e9;
  return GramsCO2e{to > from ? watts.value() * signal.sum(from, to) * per_watt_step : 0};
}

const JointCap& cap_of(const JointModel& model, std::size_t cap) {
  static constexpr JointCap none;
  return cap == 0 ? none : model.caps[cap - 1];
}

Watts draw(const JointJob& job, const JointKind& kind, const JointCap& cap) {
  // No cap takes a GPU below what it draws when idle.
  const Watts busy = std::max(kind.gpu_full * cap.power, std::min(kind.gpu_idle, kind.gpu_full));
  return (busy - kind.gpu_idle) * job.gpus + kind.thread * job.threads;
}

}  // namespace

int held_gpu_milli(const JointRule& rule, int asked) {
  if (!rule.enabled || !rule.slice || asked <= 0 || asked >= fleet::milli) return asked;
  const int slices = (7 * asked + fleet::milli - 1) / fleet::milli;
  return (slices * fleet::milli + 6) / 7;
}

Result<void> check(const JointRule& rule) {
  const auto refuse = [](const std::string& model, std::string what, std::string hint) {
    return bad_input(std::move(what), "joint, GPU model '" + model + "'", std::move(hint));
  };
  for (std::size_t i = 0; i < rule.models.size(); ++i) {
    const JointModel& model = rule.models[i];
    for (std::size_t before = 0; before < i; ++before)
      if (rule.models[before].gpu_model == model.gpu_model)
        return refuse(model.gpu_model, "appears twice", "name each model once");
    const auto rate = [](carbon::GramsPerSecond value) { return value.value() >= 0 && std::isfinite(value.value()); };
    if (!rate(model.gpu_embodied) || !rate(model.thread_embodied))
      return refuse(model.gpu_model, "an embodied rate that is negative or no number", "give grams a second, >= 0");
    constexpr double least = 0.001;  // paces are counted in thousandths
    const auto ratio = [](double value) { return value >= least && value <= 1; };
    for (const JointCap& cap : model.caps)
      if (!ratio(cap.limit) || !ratio(cap.power) || !ratio(cap.speed))
        return refuse(
            model.gpu_model,
            "cap " + shortest(cap.limit) + " with power " + shortest(cap.power) + " and speed " + shortest(cap.speed),
            "each is relative to a GPU without a cap: 0.001 .. 1");
  }
  return {};
}

std::vector<JointModel> resolve(const JointRule& rule, std::span<const std::string> gpu_models) {
  std::vector<JointModel> models;
  const auto add = [&](const std::string& name) {
    JointModel& made = models.emplace_back();
    made.gpu_model = name;
    for (const JointModel& named : rule.models)
      if (named.gpu_model == name) made = named;
  };
  for (const std::string& name : gpu_models) add(name);
  add("");
  return models;
}

Step stretched(Step length, double speed) {
  return speed == 1 ? length : static_cast<Step>(std::ceil(static_cast<double>(length) / speed));
}

GramsCO2e run_grams(const JointJob& job, const JointKind& kind, const JointModel& model, const Signal& signal,
                    Step start, std::size_t cap, bool embodied) {
  const JointCap& at = cap_of(model, cap);
  const Step end = start + stretched(job.length, at.speed);
  GramsCO2e grams = grams_of(draw(job, kind, at), signal, start, end);
  if (embodied) {
    const carbon::Seconds time{static_cast<double>(end - start) / static_cast<double>(ms_per_second)};
    grams += (model.gpu_embodied * job.gpus + model.thread_embodied * job.threads) * time;
  }
  return grams;
}

std::optional<JointChoice> plan_joint(const JointJob& job, std::span<const JointKind> kinds,
                                      std::span<const JointModel> models, std::span<const Signal* const> signals,
                                      bool embodied) {
  std::optional<JointChoice> best;
  const auto try_start = [&](Step start, std::size_t k, std::size_t cap) {
    const Step hour = signals[kinds[k].site]->steps_per_value();
    if (!kinds[k].free && start < (job.earliest / hour + 1) * hour) return;
    const JointModel& model = models[std::min<std::size_t>(kinds[k].model, models.size() - 1)];
    const GramsCO2e grams = run_grams(job, kinds[k], model, *signals[kinds[k].site], start, cap, embodied);
    const bool better =
        !best || grams < best->grams || (grams == best->grams && start < best->start);  // kinds and caps come in order
    if (better) best = JointChoice{start, k, cap, grams};
  };
  for (std::size_t k = 0; k < kinds.size(); ++k) {
    const JointModel& model = models[std::min<std::size_t>(kinds[k].model, models.size() - 1)];
    const Signal& signal = *signals[kinds[k].site];
    const Step hour = signal.steps_per_value();
    const std::size_t caps = job.may_cap ? model.caps.size() : 0;
    for (std::size_t cap = 0; cap <= caps; ++cap) {
      const Step run = stretched(job.length, cap_of(model, cap).speed);
      const Step latest = cap == 0 ? job.latest : std::min(job.latest, job.deadline - run);
      if (latest < job.earliest) continue;
      try_start(job.earliest, k, cap);
      // Between two of these times the grams of a start change linearly: begins and ends on the hour, and the last one.
      for (Step at = (job.earliest / hour + 1) * hour; at <= latest; at += hour) try_start(at, k, cap);
      for (Step end = ((job.earliest + run) / hour + 1) * hour; end - run <= latest; end += hour)
        try_start(end - run, k, cap);
      if (latest > job.earliest) try_start(latest, k, cap);
    }
  }
  return best;
}

AddedGrams added_grams(const fleet::NodeView& node, std::span<const JointStay> stays, const fleet::Request& request,
                       const Signal& signal, Step from, Step to, double power) {
  AddedGrams added;
  const fleet::PowerModel& model = node.power;
  if (request.shares_gpu()) {
    // The GPU that is awake longest for others; the fullest of those that are equal.
    std::optional<Step> best;
    for (int gpu = 0; gpu < node.gpu_count; ++gpu) {
      const auto left = node.gpu_left[static_cast<std::size_t>(gpu)];
      if (left < request.gpu_milli) continue;
      Step awake = from;
      for (const JointStay& stay : stays)
        if ((stay.gpus >> gpu & 1) != 0) awake = std::max(awake, std::min(stay.until, to));
      if (left == fleet::milli) awake = from - 1;  // a wake-up is never better than none
      if (best && (awake < *best || (awake == *best && left >= node.gpu_left[added.gpu]))) continue;
      best = awake;
      added.gpu = static_cast<std::uint32_t>(gpu);
    }
    added.woken = grams_of(model.gpu_full - model.gpu_idle, signal, std::max(from, best.value_or(from)), to);
  } else if (request.gpu_count > 0) {
    const Watts busy = std::max(model.gpu_full * power, std::min(model.gpu_idle, model.gpu_full));
    added.woken = grams_of((busy - model.gpu_idle) * request.gpu_count, signal, from, to);
  }
  const Watts socket = model.socket_full - model.socket_idle;
  const double threads = static_cast<double>(request.cpu_milli) / fleet::milli;
  added.shared = added.woken + grams_of(socket * (threads / (2.0 * model.cores_per_socket)), signal, from, to);
  // As in fleet::node_power: sockets are filled one after the other, two threads a core.
  const std::int64_t cores = (node.cpu_capacity + 2 * fleet::milli - 1) / (2 * fleet::milli);
  const auto sockets = [&](std::int64_t left) {
    return (cores - left / (2 * fleet::milli) + model.cores_per_socket - 1) / model.cores_per_socket;
  };
  std::int64_t left = node.cpu_left;
  Step since = from;
  const auto until = [&](Step at) {
    const auto more = static_cast<double>(sockets(left - request.cpu_milli) - sockets(left));
    if (more > 0) added.woken += grams_of(socket * more, signal, since, at);
    since = at;
  };
  for (const JointStay& stay : stays) {
    if (stay.until >= to) break;
    if (stay.until > since) until(stay.until);
    left += stay.cpu_milli;
  }
  until(to);
  return added;
}

}  // namespace cradle::dispatch
