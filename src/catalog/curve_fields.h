// The fields of how accelerators divide, and of how their power and speed follow slices and caps.
#pragma once

#include <array>
#include <string_view>

#include "cradle/catalog/accelerator_curves.h"
#include "making_fields.h"

namespace cradle::catalog {

namespace rule {
/// One byte stands for the memory slices that are taken.
inline constexpr int most_slices = 8;
inline constexpr Rule slice_memory{Measure::capacity, "GiB", 0, 1e6, true, false, true};  ///< as reported
inline constexpr Rule relative{Measure::ratio, "ratio", 0, 10};  ///< power or throughput over that at 1
}  // namespace rule

/// In the order of CurveKind.
inline constexpr std::array<std::string_view, 2> curve_kinds = {"power-cap", "slices"};

/// What an accelerator can be busy with.
inline constexpr std::array<std::string_view, 5> curve_works = {"training", "fine-tuning", "prefill", "decode",
                                                                "synthetic"};

template <class V, RecordOf<Partitioning> R>
void visit_fields(V& visit, R& r) {
  visit.texts("accelerators", r.accelerators);
  visit.count("compute_slices", r.compute_slices, 1, rule::most_slices);
  visit.count("memory_slices", r.memory_slices, 1, rule::most_slices);
  visit.number("slice_memory", r.slice_memory, rule::slice_memory);
  visit.origin(r.provenance);
  visit.profiles("profiles", r);
}

template <class V, RecordOf<AcceleratorCurve> R>
void visit_fields(V& visit, R& r) {
  visit.choice("curve", r.curve, curve_kinds);
  visit.choice("work", r.work, curve_works);
  visit.texts("accelerators", r.accelerators);
  visit.number("draw_at_one", r.draw_at_one, rule::success);
  visit.points("points", r);
}

}  // namespace cradle::catalog
