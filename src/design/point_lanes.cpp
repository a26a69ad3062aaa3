// Compiled once for each instruction set (room.cmake), each time with its own name for `run_lanes`. Everything here is
// local to the file, so that no code for a newer processor can stand in for that of an older one.
#include "point_lanes.h"

#include <cmath>
#include <cstddef>

// One target for each compilation: that of the compiler's options.
#define HWY_COMPILE_ONLY_STATIC
#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#ifndef CRADLE_LANES
#define CRADLE_LANES baseline
#define CRADLE_LANES_DISPATCH
#endif

namespace cradle::design::CRADLE_LANES {

namespace {

namespace hn = hwy::HWY_NAMESPACE;
using Tag = hn::ScalableTag<double>;
using Vector = hn::Vec<Tag>;
constexpr Tag tag;

/// A vector as a number.
struct Lanes {
  Vector v = hn::Zero(tag);

  Lanes() = default;
  explicit Lanes(double value) : v(hn::Set(tag, value)) {}
  explicit Lanes(Vector vector) : v(vector) {}

  friend Lanes operator+(const Lanes& a, const Lanes& b) { return Lanes(hn::Add(a.v, b.v)); }
  friend Lanes operator-(const Lanes& a, const Lanes& b) { return Lanes(hn::Sub(a.v, b.v)); }
  friend Lanes operator*(const Lanes& a, const Lanes& b) { return Lanes(hn::Mul(a.v, b.v)); }
  friend Lanes operator/(const Lanes& a, const Lanes& b) { return Lanes(hn::Div(a.v, b.v)); }
  friend Lanes operator-(const Lanes& a) { return Lanes(hn::Neg(a.v)); }
  friend Lanes sqrt(const Lanes& a) { return Lanes(hn::Sqrt(a.v)); }
  friend Lanes floor(const Lanes& a) { return Lanes(hn::Floor(a.v)); }
  friend Lanes min(const Lanes& a, const Lanes& b) { return Lanes(hn::Min(a.v, b.v)); }
  friend Lanes max(const Lanes& a, const Lanes& b) { return Lanes(hn::Max(a.v, b.v)); }
  /// Of a positive base; accurate where the exponent times the logarithm is small, as yields are.
  friend Lanes pow(const Lanes& base, const Lanes& exponent) {
    return Lanes(hn::Exp(tag, hn::Mul(exponent.v, hn::Log(tag, base.v))));
  }
};

void store(const Lanes& from, double* to) { hn::StoreU(from.v, tag, to); }

/// The options of a vector's points: all the same, in a row, or any.
enum class Pattern { same, row, any };

Pattern pattern_of(const std::int64_t* options, std::size_t lanes) {
  bool same = true, row = true;
  for (std::size_t i = 1; i < lanes; ++i) {
    same = same && options[i] == options[0];
    row = row && options[i] == options[0] + static_cast<std::int64_t>(i);
  }
  return same ? Pattern::same : row ? Pattern::row : Pattern::any;
}

Lanes load(const double* column, const std::int64_t* options, Pattern pattern) {
  if (pattern == Pattern::same) return Lanes(column[options[0]]);
  if (pattern == Pattern::row) return Lanes(hn::LoadU(tag, column + options[0]));
  const hn::RebindToSigned<Tag> whole;
  return Lanes(hn::GatherIndex(tag, column, hn::LoadU(whole, options)));
}

}  // namespace

void run_lanes(LaneJob& job, std::size_t points) {
  const std::size_t lanes = hn::Lanes(tag);
  PointTerms<Lanes> terms;
  {
    std::array<double, system_terms> values{};
    std::size_t term = 0;
    for_each_system_term(*job.system, [&](const double& value) { values[term++] = value; });
    term = 0;
    for_each_system_term(terms.system, [&](Lanes& lane) { lane = Lanes(values[term++]); });
  }
  for (std::size_t first = 0; first < points; first += lanes) {
    for (std::size_t b = 0; b < job.build.blocks; ++b) {
      const std::int64_t* options = job.options[b].data() + first;
      const Pattern pattern = pattern_of(options, lanes);
      std::size_t term = 0;
      for_each_block_term(terms.blocks[b], [&](Lanes& lane) { lane = load(job.columns[b][term++], options, pattern); });
    }
    const auto count = [&](std::size_t which) { return Lanes(hn::LoadU(tag, job.counts[which].data() + first)); };
    terms.counts = {count(0), count(1), count(2), count(3)};
    terms.tries = Lanes(hn::LoadU(tag, job.tries.data() + first));

    const Outcome<Lanes> o = evaluate(terms, job.build);
    for (std::size_t k = 0; k < job.objectives.size(); ++k)
      store(value(o, job.objectives[k]), job.values[k].data() + first);
    store(o.area, job.area.data() + first);
    store(o.carbon(), job.carbon.data() + first);
    store(o.throughput, job.throughput.data() + first);
    store(o.cost, job.cost.data() + first);
    store(o.power, job.power.data() + first);
    store(o.busy, job.busy.data() + first);
    store(o.largest, job.largest.data() + first);
    store(o.least_dies, job.least_dies.data() + first);
  }
}

}  // namespace cradle::design::CRADLE_LANES

#ifdef CRADLE_LANES_DISPATCH

namespace cradle::design {

#ifdef CRADLE_LANES_X86
namespace avx2 {
void run_lanes(LaneJob& job, std::size_t points);
}
namespace avx3 {
void run_lanes(LaneJob& job, std::size_t points);
}
#endif

namespace {

struct Target {
  void (*run)(LaneJob&, std::size_t);
  const char* name;
};

Target target() {
#ifdef CRADLE_LANES_X86
  const auto supported = hwy::SupportedTargets();
  if (supported & HWY_AVX3) return {avx3::run_lanes, "avx3"};
  if (supported & HWY_AVX2) return {avx2::run_lanes, "avx2"};
#endif
  return {baseline::run_lanes, "baseline"};
}

}  // namespace

void evaluate_lanes(LaneJob& job, std::size_t points) {
  static const Target chosen = target();
  chosen.run(job, points);
}

const char* lanes_target() { return target().name; }

}  // namespace cradle::design

#endif
