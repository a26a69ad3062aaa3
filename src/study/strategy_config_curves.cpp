// What a strategy takes from the catalogue: curves of power caps by GPU model, and what the joint rule must know.
#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "cradle/base/text.h"
#include "cradle/study/joint_comparison.h"
#include "strategy_config.h"

namespace cradle::study {

namespace {

using catalog::AcceleratorCurve;
using catalog::CurveKind;
using dispatch::CapPoint;
using dispatch::CapRule;

std::set<std::string> gpu_models(const FleetPlan& plan) {
  std::set<std::string> models;
  for (const fleet::NodeSpec& node : plan.nodes)
    if (node.gpu_count > 0) models.insert(node.gpu_model);
  return models;
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::vector<CapPoint> points_of(const AcceleratorCurve& curve, CurveEnd end) {
  std::vector<CapPoint> points;
  for (const catalog::CurvePoint& point : curve.points) points.push_back(cap_point(point, end));
  return points;
}

std::string origin_of(const AcceleratorCurve& curve) {
  std::vector<std::string> sources;
  for (const catalog::CurvePoint& point : curve.points)
    for (const carbon::Provenance* from : {&point.power.provenance, &point.throughput.provenance})
      if (!from->source.empty() && std::find(sources.begin(), sources.end(), from->source) == sources.end())
        sources.push_back(from->source);
  std::string text = "curve " + curve.id + ": " + curve.name;
  for (std::size_t i = 0; i < sources.size(); ++i) text += (i == 0 ? "; source: " : " | ") + sources[i];
  return text;
}

const char* said(CurveEnd end) {
  return end == CurveEnd::value          ? ""
         : end == CurveEnd::least_saving ? ", at the end that saves least"
                                         : ", at the end that saves most";
}

std::string rounded(double value) { return shortest(std::round(value * 1000) / 1000); }

/// A cap by CurveEnd.
using CapBand = std::array<CapPoint, 3>;
std::string band(const CapBand& at) {
  const CapPoint &value = at[0], &least = at[1], &most = at[2];
  return "draw " + rounded(value.power) + " (" + rounded(most.power) + " to " + rounded(least.power) + "), speed " +
         rounded(value.speed) + " (" + rounded(least.speed) + " to " + rounded(most.speed) + ")";
}

/// Models by the curve that they take, and those without one.
struct Curves {
  struct Taken {
    const AcceleratorCurve* curve;
    std::vector<std::string> models;
  };
  std::vector<Taken> taken;
  std::vector<std::string> none;

  void add(const AcceleratorCurve* curve, const std::string& model) {
    if (curve == nullptr) return none.push_back(model);
    const auto known = std::find_if(taken.begin(), taken.end(), [&](const Taken& one) { return one.curve == curve; });
    if (known == taken.end()) {
      taken.push_back({curve, {model}});
    } else {
      known->models.push_back(model);
    }
  }
  void note_none(const std::string& strategy, std::vector<std::string>& notes) const {
    if (!none.empty()) notes.push_back(strategy + ": no curve of power caps for " + listed(none) + ": no cap there");
  }
};

Result<void> fill_cap(const StrategyCurves& asked, const FleetPlan& plan, const catalog::Catalog& catalog, Row& row) {
  const AcceleratorCurve* record = nullptr;
  if (asked.record != each_model) {
    auto found = catalog.find_curve(asked.record, asked.where + ": cap_curve");
    if (!found) return std::move(found).error();
    record = *found;
    if (record->curve != CurveKind::power_cap)
      return bad_input("'" + record->id + "' is a curve of slices", asked.where + ": cap_curve",
                       "name a curve of power caps: `cradle catalog list curve`");
  }
  Curves curves;
  for (const std::string& model : gpu_models(plan)) {
    if (record == nullptr) {
      curves.add(cap_curve_of(catalog, model, asked.work), model);
      continue;
    }
    const catalog::Server* server = catalog.server_for_trace_model(model);
    const auto& of = record->accelerators;
    const bool stands = server != nullptr && std::find(of.begin(), of.end(), server->accelerator) != of.end();
    curves.add(stands ? record : nullptr, model);
  }
  if (record != nullptr && curves.taken.empty())
    return bad_input("'" + record->id + "' stands for no GPU model of the fleet", asked.where + ": cap_curve",
                     "it is for " + listed(record->accelerators) + "; the fleet has " + listed(curves.none));
  if (curves.taken.empty())
    return bad_input(
        "no GPU model of the fleet has a curve of power caps for work '" + asked.work + "'",
        asked.where + ": cap_curve",
        "cap_work is training, fine-tuning, prefill or decode: `cradle catalog list curve` says for which");
  CapRule& cap = row.configuration.cap;
  const std::string& name = row.configuration.name;
  for (const auto& [curve, models] : curves.taken) {
    CapBand at_end;
    for (const CurveEnd end : {CurveEnd::value, CurveEnd::least_saving, CurveEnd::most_saving}) {
      auto rule = dispatch::cap_from_curve(cap.when, cap.limit, points_of(*curve, end));
      if (!rule)
        return bad_input("curve '" + curve->id + "' for " + listed(models) + ": " + rule.error().message, asked.where,
                         rule.error().hint);
      at_end[static_cast<std::size_t>(end)] = {rule->limit, rule->power, rule->speed};
    }
    const CapPoint& taken = at_end[static_cast<std::size_t>(asked.end)];
    for (const std::string& model : models) cap.models.push_back({model, taken.limit, taken.power, taken.speed});
    row.notes.push_back(name + ": cap of " + listed(models) + " by curve " + curve->id + ": " + band(at_end) +
                        said(asked.end));
    row.notes.push_back(origin_of(*curve));
  }
  curves.note_none(name, row.notes);
  return {};
}

void fill_joint(const StrategyCurves& asked, const FleetPlan& plan, const catalog::Catalog& catalog, Row& row) {
  dispatch::JointRule& joint = row.configuration.joint;
  joint.models = joint_models(plan, catalog, asked.end);
  if (!joint.cap) return;
  Curves curves;
  for (const std::string& model : gpu_models(plan)) curves.add(cap_curve_of(catalog, model, asked.work), model);
  for (const auto& [curve, models] : curves.taken) {
    // The optimiser looks at no cap under which the work would take longer than the stretch.
    const auto usable = std::find_if(curve->points.begin(), curve->points.end(), [&](const auto& point) {
      return cap_point(point, asked.end).speed * row.configuration.service.stretch >= 1;
    });
    const std::string caps = row.configuration.name + ": caps of " + listed(models) + " by curve " + curve->id;
    if (usable == curve->points.end()) {
      row.notes.push_back(caps + ": none keeps the stretch of " + shortest(row.configuration.service.stretch));
      continue;
    }
    const CapBand lowest{cap_point(*usable, CurveEnd::value), cap_point(*usable, CurveEnd::least_saving),
                         cap_point(*usable, CurveEnd::most_saving)};
    row.notes.push_back(caps + ", down to " + shortest(lowest[0].limit) + ": " + band(lowest) + said(asked.end));
    row.notes.push_back(origin_of(*curve));
  }
  curves.note_none(row.configuration.name, row.notes);
}

}  // namespace

const AcceleratorCurve* cap_curve_of(const catalog::Catalog& catalog, std::string_view gpu_model,
                                     std::string_view work) {
  const catalog::Server* server = catalog.server_for_trace_model(gpu_model);
  if (server == nullptr) return nullptr;
  const auto curves = catalog.curves_of(server->accelerator, CurveKind::power_cap);
  const auto found =
      std::find_if(curves.begin(), curves.end(), [&](const AcceleratorCurve* curve) { return curve->work == work; });
  return found == curves.end() ? nullptr : *found;
}

CapPoint cap_point(const catalog::CurvePoint& point, CurveEnd end) {
  const carbon::Estimate<double>&power = point.power.estimate, &speed = point.throughput.estimate;
  const double limit = point.at.estimate.value;
  switch (end) {
    case CurveEnd::value: return {limit, power.value, speed.value};
    case CurveEnd::least_saving: return {limit, power.high, speed.low};
    case CurveEnd::most_saving: return {limit, power.low, speed.high};
  }
  return {};
}

Result<Row> row_of(const StudyConfig& config, std::string_view name, const FleetPlan& plan,
                   const catalog::Catalog& catalog) {
  Row row{row_configuration(config, name), {}};
  for (std::size_t i = 0; i < config.strategies.size(); ++i) {
    if (config.strategies[i].name != name) continue;
    const StrategyCurves& asked = config.curves[i];
    if (row.configuration.joint.enabled) fill_joint(asked, plan, catalog, row);
    if (!asked.record.empty())
      if (auto ok = fill_cap(asked, plan, catalog, row); !ok) return std::move(ok).error();
  }
  return row;
}

}  // namespace cradle::study
