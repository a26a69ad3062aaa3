#include "cradle/inference/vertical.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <tuple>

#include "cradle/base/text.h"

namespace cradle::inference {

namespace {

Result<void> check_ratio(double value, const std::string& where, const char* field) {
  if (value > 0 && value <= 1) return {};
  return bad_input(std::string(field) + " of " + shortest(value), where, "give a ratio above 0 and at most 1");
}

/// All times of a replica that works at a share of the speed.
void slow_down(Service& service, double throughput) {
  service.alpha_ms /= throughput, service.beta_ms /= throughput;
  service.gamma_ms /= throughput, service.delta_ms /= throughput;
}

/// A new batch limit; as many wait for each place as before.
void limit_batch(Service& service, int batch) {
  service.max_queue = static_cast<int>(
      std::llround(static_cast<double>(service.max_queue) / service.max_batch * static_cast<double>(batch)));
  service.max_batch = batch;
}

void add_name(Variant& variant, const std::string& text) { variant.name += (variant.name.empty() ? "" : " | ") + text; }

}  // namespace

std::string_view name(Aim aim) {
  switch (aim) {
    case Aim::grams: return "grams";
    case Aim::watts: return "watts";
    case Aim::cost: return "cost";
  }
  return {};
}

Result<void> check(const Variant& variant) {
  if (auto fine = check(variant.service); !fine) return fine;
  if (auto fine = check(variant.power); !fine) return fine;
  const auto number = [](double value, double low, const char* field) -> Result<void> {
    if (value >= low && std::isfinite(value)) return {};
    return bad_input("a value of " + shortest(value), field, "give a number of at least " + shortest(low));
  };
  for (const auto& result :
       {number(variant.full_batch, 1, "full_batch"), number(variant.embodied.value(), 0, "embodied"),
        number(variant.devices, 0, "devices"), number(variant.cents_per_h, 0, "cents_per_h")})
    if (!result) return result.error();
  return {};
}

carbon::Watts draw(const Variant& variant, double batch) {
  return draw(variant.power, batch / static_cast<double>(variant.full_batch));
}

Result<Variant> sliced(const Variant& whole, const SliceKnob& slice) {
  for (const auto& [value, field] : {std::pair{slice.share, "share"}, std::pair{slice.throughput, "throughput"},
                                     std::pair{slice.power, "power"}, std::pair{slice.batch, "batch"}})
    if (auto fine = check_ratio(value, slice.name, field); !fine) return fine.error();
  const int batch = static_cast<int>(std::floor(whole.service.max_batch * slice.batch + 1e-9));
  if (batch < 1)
    return bad_input("its memory holds " + shortest(whole.service.max_batch * slice.batch) + " requests", slice.name,
                     "use a larger slice");
  Variant variant = whole;
  add_name(variant, slice.name);
  slow_down(variant.service, slice.throughput);
  limit_batch(variant.service, batch);
  variant.full_batch = std::max(1, static_cast<int>(std::llround(whole.full_batch * slice.batch)));
  const carbon::Watts idle = whole.power.idle * slice.share, full = std::max(idle, whole.power.full * slice.power);
  const carbon::Watts span = whole.power.full - whole.power.idle;
  const double bend = span.value() > 0 ? (whole.power.middle - whole.power.idle) / span : 0;
  variant.power = {idle, idle + (full - idle) * bend, full, whole.power.middle_use};
  variant.embodied = whole.embodied * slice.share;
  variant.devices *= slice.share;
  variant.cents_per_h *= slice.share;
  variant.estimated = variant.estimated || slice.estimated;
  return variant;
}

Result<Variant> capped(const Variant& variant, const CapKnob& cap) {
  for (const auto& [value, field] : {std::pair{cap.power, "power"}, std::pair{cap.throughput, "throughput"}})
    if (auto fine = check_ratio(value, cap.name, field); !fine) return fine.error();
  Variant result = variant;
  add_name(result, cap.name);
  slow_down(result.service, cap.throughput);
  result.power.full = variant.power.full * cap.power;
  if (result.power.full < variant.power.idle)
    return bad_input("a draw of " + shortest(result.power.full.value()) + " W, below the idle draw of " +
                         shortest(variant.power.idle.value()) + " W",
                     cap.name, "give a cap above the idle draw");
  result.power.middle = std::min(variant.power.middle, result.power.full);
  result.estimated = result.estimated || cap.estimated;
  return result;
}

Result<Variant> batched(const Variant& variant, int max_batch) {
  if (max_batch < 1 || max_batch > variant.service.max_batch)
    return bad_input("a batch of " + std::to_string(max_batch), variant.name,
                     "give a whole number from 1 to " + std::to_string(variant.service.max_batch));
  Variant result = variant;
  add_name(result, "batch " + std::to_string(max_batch));
  limit_batch(result.service, max_batch);
  return result;
}

Result<CurveValue> curve_at(const catalog::AcceleratorCurve& curve, double at) {
  const auto& points = curve.points;
  const auto next = std::find_if(points.begin(), points.end(), [at](const auto& p) { return p.at.value() >= at; });
  if (next == points.end() || (next == points.begin() && at < next->at.value()) || !std::isfinite(at))
    return bad_input("the curve does not reach " + shortest(at), curve.id,
                     points.empty() ? "give it points"
                                    : "stay within " + shortest(points.front().at.value()) + " .. " +
                                          shortest(points.back().at.value()));
  if (next == points.begin() || next->at.value() == at)
    return CurveValue{next->power.value(), next->throughput.value()};
  const auto before = std::prev(next);
  const double part = (at - before->at.value()) / (next->at.value() - before->at.value());
  const auto between = [part](double low, double high) { return low + part * (high - low); };
  return CurveValue{between(before->power.value(), next->power.value()),
                    between(before->throughput.value(), next->throughput.value())};
}

Result<SliceKnob> slice_knob(const catalog::AcceleratorCurve& curve, const catalog::Partitioning& rules,
                             const catalog::SliceProfile& profile, const PowerCurve& whole, double kv_share) {
  if (curve.curve != catalog::CurveKind::slices)
    return bad_input("is a curve of power caps", curve.id, "use a curve of slices");
  const double busy = static_cast<double>(profile.compute) / rules.compute_slices;
  const double share = static_cast<double>(profile.memory) / rules.memory_slices;
  const auto value = curve_at(curve, busy);
  if (!value) return value.error();
  const double idle = whole.full.value() > 0 ? whole.idle / whole.full : 0;
  return SliceKnob{.name = profile.name,
                   .share = share,
                   .throughput = value->throughput,
                   .power = std::max(value->power - (1 - share) * idle, share * idle),
                   .batch = kv_share,
                   .estimated = true};
}

Result<CapKnob> cap_knob(const catalog::AcceleratorCurve& curve, double at) {
  if (curve.curve != catalog::CurveKind::power_cap)
    return bad_input("is a curve of slices", curve.id, "use a curve of power caps");
  const auto value = curve_at(curve, at);
  if (!value) return value.error();
  return CapKnob{.name = "cap " + fixed(at, 2),
                 .power = std::min(1.0, value->power),
                 .throughput = std::min(1.0, value->throughput),
                 .estimated = true};
}

double VariantPlan::value(Aim aim) const {
  if (aim == Aim::watts) return watts.value();
  return aim == Aim::cost ? cents_per_h : grams().value();
}

Result<VariantPlan> plan_of(std::span<const Variant> variants, std::size_t index, const Targets& targets,
                            double rate_per_s, const Conditions& conditions) {
  const Variant& variant = variants[index];
  if (auto fine = check(variant); !fine) return fine.error();
  auto sizing = size(variant.service, targets, rate_per_s * conditions.margin);
  if (!sizing) return std::move(sizing).error();
  if (conditions.margin != 1) {
    const auto state = state_of_replica(variant.service, rate_per_s, sizing->replicas);
    if (!state) return state.error();
    sizing->state = *state;
  }
  VariantPlan plan;
  plan.variant = index;
  const auto replicas = static_cast<double>(sizing->replicas);
  plan.watts = draw(variant, sizing->state.in_service) * replicas;
  plan.operational = plan.watts * conditions.pue * carbon::GramsPerJoule{conditions.intensity};
  plan.embodied = variant.embodied * replicas;
  plan.devices = variant.devices * replicas;
  plan.cents_per_h = variant.cents_per_h * replicas;
  plan.sizing = std::move(*sizing);
  return plan;
}

Result<Selection> choose(std::span<const Variant> variants, const Targets& targets, double rate_per_s,
                         const Conditions& conditions, Aim aim) {
  if (variants.empty()) return bad_input("no variant", "variants", "give at least one kind of replica");
  if (!(conditions.pue >= 1) || !std::isfinite(conditions.pue))
    return bad_input("a PUE of " + shortest(conditions.pue), "pue", "give a number of at least 1");
  if (!(conditions.margin >= 1) || !std::isfinite(conditions.margin))
    return bad_input("a margin of " + shortest(conditions.margin), "margin", "give a number of at least 1");
  if (!(conditions.intensity.value() >= 0) || !std::isfinite(conditions.intensity.value()))
    return bad_input("an intensity of " + shortest(conditions.intensity.value()) + " g/kWh", "intensity",
                     "give a number of at least 0");
  Selection selection;
  for (std::size_t i = 0; i < variants.size(); ++i) {
    auto plan = plan_of(variants, i, targets, rate_per_s, conditions);
    if (plan)
      selection.plans.push_back(std::move(*plan));
    else
      selection.refused.emplace_back(i, std::move(plan).error());
  }
  if (selection.plans.empty()) {
    const auto& [index, error] = selection.refused.front();
    return bad_input(error.message + " (" + variants[index].name + "; " + std::to_string(selection.refused.size()) +
                         " variants, none fits)",
                     error.where, error.hint);
  }
  const auto rank = [aim](const VariantPlan& plan) {
    return std::tuple(plan.value(aim), plan.watts.value(), plan.devices, plan.variant);
  };
  selection.best = *std::min_element(selection.plans.begin(), selection.plans.end(),
                                     [&](const VariantPlan& a, const VariantPlan& b) { return rank(a) < rank(b); });
  return selection;
}

std::vector<Variant> variants_of(std::span<const TypeKnobs> types, const KnobMask& mask) {
  std::vector<Variant> all;
  for (const TypeKnobs& type : mask.type ? types : types.first(std::min<std::size_t>(1, types.size()))) {
    std::vector<Variant> parts{type.whole};
    if (mask.slice)
      for (const SliceKnob& slice : type.slices)
        if (auto variant = sliced(type.whole, slice)) parts.push_back(std::move(*variant));
    for (const Variant& part : parts) {
      std::vector<Variant> sizes{part};
      if (mask.batch)
        for (const int batch : type.batches)
          if (batch < part.service.max_batch)
            if (auto variant = batched(part, batch)) sizes.push_back(std::move(*variant));
      for (const Variant& one : sizes) {
        all.push_back(one);
        if (!mask.cap) continue;
        for (const CapKnob& cap : type.caps)
          if (auto variant = capped(one, cap)) all.push_back(std::move(*variant));
      }
    }
  }
  return all;
}

Result<std::vector<AblationRow>> ablate(std::span<const TypeKnobs> types, const Targets& targets, double rate_per_s,
                                        const Conditions& conditions, Aim aim) {
  std::vector<AblationRow> rows = {
      {"all knobs", {}, {}, {}, 0},
      {"without type", {.type = false}, {}, {}, 0},
      {"without slice", {.slice = false}, {}, {}, 0},
      {"without batch", {.batch = false}, {}, {}, 0},
      {"without cap", {.cap = false}, {}, {}, 0},
      {"type alone", {.slice = false, .batch = false, .cap = false}, {}, {}, 0},
      {"slice alone", {.type = false, .batch = false, .cap = false}, {}, {}, 0},
      {"batch alone", {.type = false, .slice = false, .cap = false}, {}, {}, 0},
      {"cap alone", {.type = false, .slice = false, .batch = false}, {}, {}, 0},
      {"no knob", {.type = false, .slice = false, .batch = false, .cap = false}, {}, {}, 0},
  };
  for (AblationRow& row : rows) {
    const std::vector<Variant> variants = variants_of(types, row.mask);
    const auto selection = choose(variants, targets, rate_per_s, conditions, aim);
    if (!selection) {
      if (&row == &rows.front()) return selection.error();
      continue;
    }
    row.variant = variants[selection->best.variant].name;
    row.plan = selection->best;
    const double least = rows.front().plan.value(aim);
    row.excess = least > 0 ? row.plan.value(aim) / least - 1 : 0;
  }
  return rows;
}

}  // namespace cradle::inference
