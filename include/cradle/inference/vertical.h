// What one replica should be: which accelerator, whole or a slice, which batch, under which power cap.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"
#include "cradle/catalog/accelerator_curves.h"
#include "cradle/inference/queue.h"
#include "cradle/inference/sizing.h"

namespace cradle::inference {

/// A replica as it could be run.
struct Variant {
  std::string name;
  Service service;
  PowerCurve power;                 ///< of all its devices
  int full_batch = 1;               ///< the batch at which it draws in full; >= 1
  carbon::GramsPerSecond embodied;  ///< of all its devices: what making them cost over their life
  double devices = 1;               ///< whole accelerators that it takes; a slice takes a part of one
  double cents_per_h = 0;           ///< of all its devices
  bool estimated = false;           ///< derived with figures that were not measured on this device and work
};
/// bad_input that names the field.
Result<void> check(const Variant& variant);
/// Draw with `batch` requests in service (a mean, not necessarily whole).
carbon::Watts draw(const Variant& variant, double batch);

/// A part of an accelerator. All ratios are to the whole one.
struct SliceKnob {
  std::string name;       ///< "3g.40gb"
  double share = 1;       ///< of the device: its embodied carbon, price and idle draw
  double throughput = 1;  ///< work per second
  double power = 1;       ///< draw when the slice is busy, its share of the idle draw included
  double batch = 1;  ///< requests whose tokens its memory holds: what weights leave, over what they leave on the whole
  bool estimated = true;
};
/// A power limit.
struct CapKnob {
  std::string name;       ///< "cap 0.7"
  double power = 1;       ///< draw when busy, over the uncapped one
  double throughput = 1;  ///< over the uncapped one
  bool estimated = true;
};

/// The slice's law: all times over its throughput, batch and queue in proportion to its memory. bad_input: a ratio
/// outside (0, 1], or a memory that holds no request.
Result<Variant> sliced(const Variant& whole, const SliceKnob& slice);
/// The capped law: all times over its throughput, no draw above the cap's; idle draw as it was. bad_input: a ratio
/// outside (0, 1], or a draw below idle.
Result<Variant> capped(const Variant& variant, const CapKnob& cap);
/// At most `max_batch` together; the queue in proportion. bad_input: not in 1 .. the variant's batch.
Result<Variant> batched(const Variant& variant, int max_batch);

/// Power and throughput of a catalogue's curve at a place on it. bad_input outside its points.
struct CurveValue {
  double power = 1, throughput = 1;
};
Result<CurveValue> curve_at(const catalog::AcceleratorCurve& curve, double at);
/// A slice of so many compute and memory slices by a curve of kind `slices`. The curve's draw holds the whole idle
/// draw, the slice only its share. `kv_share` as SliceKnob::batch. bad_input: a curve of another kind or that ends
/// earlier.
Result<SliceKnob> slice_knob(const catalog::AcceleratorCurve& curve, const catalog::Partitioning& rules,
                             const catalog::SliceProfile& profile, const PowerCurve& whole, double kv_share);
/// A cap at `at` of the default limit by a curve of kind `power_cap`.
Result<CapKnob> cap_knob(const catalog::AcceleratorCurve& curve, double at);

enum class Aim { grams, watts, cost };
std::string_view name(Aim aim);

struct Conditions {
  carbon::GramsPerKilowattHour intensity{400};
  double pue = 1;  ///< facility energy over IT energy; >= 1
  /// Replicas are sized for so many times the rate; state, draw and grams are those at the rate itself. >= 1
  double margin = 1;
};

/// A variant and as many of it as keep the targets.
struct VariantPlan {
  std::size_t variant = 0;
  Sizing sizing;
  carbon::Watts watts;  ///< IT, all replicas, at the mean batch of the rate (without the margin)
  carbon::GramsPerSecond operational, embodied;
  double devices = 0;
  double cents_per_h = 0;
  carbon::GramsPerSecond grams() const { return operational + embodied; }
  double value(Aim aim) const;  ///< g/s, W or cents/h
};
Result<VariantPlan> plan_of(std::span<const Variant> variants, std::size_t index, const Targets& targets,
                            double rate_per_s, const Conditions& conditions);

struct Selection {
  VariantPlan best;
  std::vector<VariantPlan> plans;                      ///< of every variant that keeps the targets, in their order
  std::vector<std::pair<std::size_t, Error>> refused;  ///< the others, and why
};
/// The least of all; ties: fewer watts, fewer devices, the first. bad_input: no variant, conditions out of range, or
/// none that keeps the targets (the message is that of the variant that comes nearest by order, with how many failed).
Result<Selection> choose(std::span<const Variant> variants, const Targets& targets, double rate_per_s,
                         const Conditions& conditions, Aim aim);

/// An accelerator with everything that may be turned on it; the whole, uncapped one with its full batch is always a
/// candidate.
struct TypeKnobs {
  Variant whole;
  std::vector<SliceKnob> slices;
  std::vector<int> batches;
  std::vector<CapKnob> caps;
};
/// Which knobs may turn.
struct KnobMask {
  bool type = true, slice = true, batch = true, cap = true;
};
/// Every combination; those that cannot be (a slice without room) are left out. Without `type` only the first type.
std::vector<Variant> variants_of(std::span<const TypeKnobs> types, const KnobMask& mask = {});

/// What each knob gives: the best without it, and the best with it alone.
struct AblationRow {
  std::string name;  ///< "all knobs", "without slice", "slice alone", "no knob"
  KnobMask mask;
  std::string variant;  ///< empty: no candidate keeps the targets
  VariantPlan plan;
  double excess = 0;  ///< value over that of all knobs, less 1
};
Result<std::vector<AblationRow>> ablate(std::span<const TypeKnobs> types, const Targets& targets, double rate_per_s,
                                        const Conditions& conditions, Aim aim);

}  // namespace cradle::inference
