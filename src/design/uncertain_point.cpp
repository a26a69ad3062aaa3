#include "cradle/design/uncertain_point.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <type_traits>
#include <utility>

#include "cradle/base/text.h"

namespace cradle::design {

namespace {

using carbon::Estimate;
using carbon::GramsCO2e;

/// What moves together, and how much: the groups of embodied::BillInput, so that a chip is as uncertain here as in a
/// bill.
struct Together {
  const char* group = "";
  double correlation = 1;
};
constexpr Together alone{};
constexpr Together yield_learning{"yield learning"};
constexpr Together gas_abatement{"gas abatement"};
constexpr Together wafer_materials{"wafer materials"};
constexpr Together fab_energy{"fab energy", 0.8};

/// Where a term comes from: offset + factor x input, or the factor as a constant.
struct Binding {
  std::optional<std::size_t> input;
  double factor = 1;
  double offset = 0;
};

/// What is told about an input.
struct InputNote {
  std::string range;
  std::string source;
};

/// A point's carbon as a function of its uncertain coefficients. Costs are left at their values.
class PointModel {
 public:
  PointModel(const Evaluator& evaluator, std::uint64_t index, const Evaluator::Parts& parts)
      : space_(evaluator.space()), nominal_(parts.terms), build_(parts.build) {
    const Choice choice = space_.at(index);
    const catalog::PackageTechnology& package = *space_.packages[choice.package];
    for (std::size_t b = 0; b < build_.blocks; ++b) {
      const Block& block = space_.blocks[b];
      // One die is reclaimed in one way.
      bind_block(block, *block.nodes[choice.blocks[b].node], block.reuse[choice.blocks[b].reuse],
                 space_.blocks[build_.merged ? 0 : b].reclaiming);
    }
    bind_system(*space_.fabs[choice.fab], space_.grids[choice.grid], package);
  }

  const std::vector<carbon::Input>& inputs() const { return inputs_; }
  const std::vector<InputNote>& notes() const { return notes_; }

  template <class T>
  Outcome<T> outcome(std::span<const T> x) const {
    PointTerms<T> terms;
    std::size_t next = 0;
    const auto set = [&](T& term) {
      const Binding& binding = bindings_[next];
      term = binding.input ? T(binding.factor) * x[*binding.input] : T(binding.factor);
      // Not for 0: a sum of intervals is a little wider.
      if (binding.offset != 0) term = T(binding.offset) + term;
      ++next;
    };
    for (std::size_t b = 0; b < build_.blocks; ++b) for_each_block_term(terms.blocks[b], set);
    for_each_system_term(terms.system, set);
    const Counts<double>& n = nominal_.counts;
    terms.counts = {T(n.dies), T(n.bonds), T(n.pieces), T(n.crossings)};
    terms.tries = package_tries(terms.system.bonding_yield, terms.counts);
    return evaluate(terms, build_);
  }

 private:
  /// Bindings are made in the order of the terms: each call adds the next one.
  void constant(double value) { bindings_.push_back({std::nullopt, value}); }

  template <class Q>
  void bind(const catalog::Coefficient<Q>& coefficient, Together together = alone) {
    if constexpr (std::is_same_v<Q, double>) {
      bind(coefficient.key, coefficient.estimate, 1, coefficient, together);
    } else {
      const auto plain = [](Q q) { return q.value(); };
      const auto& e = coefficient.estimate;
      bind(coefficient.key, {plain(e.value), plain(e.low), plain(e.high)}, 1, coefficient, together);
    }
  }
  template <class Q>
  void bind(const std::string& key, const Estimate<double>& estimate, double factor,
            const catalog::Coefficient<Q>& coefficient, Together together) {
    if (estimate.low == estimate.high) return constant(estimate.value * factor);
    const auto [input, fresh] = input_of(key, estimate, together);
    if (fresh) notes_.push_back({range_text(coefficient), coefficient.provenance.source});
    bindings_.push_back({input, factor});
  }

  /// The input of that name, and whether it is new; a new one wants its note.
  std::pair<std::size_t, bool> input_of(const std::string& key, const Estimate<double>& estimate, Together together) {
    const auto [known, fresh] = by_key_.emplace(key, inputs_.size());
    if (fresh) {
      carbon::Input input;
      input.name = key;
      input.estimate = estimate;
      input.shape = carbon::shape_of(estimate);
      input.group = together.group;
      input.correlation = together.correlation;
      inputs_.push_back(std::move(input));
    }
    return {known->second, fresh};
  }

  /// 1 - r + r k.
  void bind_making(double reuse, const Reclaiming& reclaiming, double nominal) {
    const Estimate<double>& k = reclaiming.share;
    if (!(reuse > 0) || k.low == k.high) return constant(nominal);
    const auto [input, fresh] = input_of(reclaiming.key, k, alone);
    if (fresh)
      notes_.push_back(
          {shortest(k.low) + " .. " + shortest(k.value) + " .. " + shortest(k.high) + " ratio", reclaiming.source});
    bindings_.push_back({input, reuse, 1 - reuse});
  }

  template <class Q>
  std::string range_text(const catalog::Coefficient<Q>& coefficient) const {
    // The catalogue prints a coefficient in the unit of its file.
    const std::string id = coefficient.key.substr(0, coefficient.key.rfind('.'));
    const auto figures = space_.catalog.figures(id.substr(id.find('.') + 1));
    for (const catalog::Figure& figure : figures)
      if (figure.key == coefficient.key)
        return shortest(figure.estimate.low) + " .. " + shortest(figure.estimate.value) + " .. " +
               shortest(figure.estimate.high) + " " + figure.unit;
    return {};
  }

  void bind_block(const Block& block, const catalog::FabProcess& node, double reuse, const Reclaiming& reclaiming) {
    const BlockTerms<double>& b = nominal_.blocks[bindings_.size() / block_terms];
    for (const double value : {b.area, b.power, b.area_share, b.people_energy, b.dies, b.products}) constant(value);
    bind_making(reuse, reclaiming, b.making);
    switch (block.kind) {
      case BlockKind::logic: bind(node.logic_area); break;
      case BlockKind::sram: bind(node.sram_area); break;
      case BlockKind::analog: bind(node.analog_area); break;
    }
    bind(node.energy, fab_energy);
    bind(node.gas, gas_abatement);
    bind(node.material, wafer_materials);
    bind(node.defects, yield_learning);
    bind(node.clustering);
    bind(node.transistors);
    block.critical ? bind(node.delay) : constant(0);
    bind(node.switching_energy);
    for (const double value : {b.wafer_cost, b.design_cost}) constant(value);
  }

  /// An intensity in proportion to the annual mean of its grid.
  void bind_grid(const catalog::Grid& grid, double intensity) {
    const auto& e = grid.average.estimate;
    const auto plain = [](carbon::GramsPerKilowattHour q) { return carbon::GramsPerJoule{q}.value(); };
    const double annual = plain(e.value);
    if (!(annual > 0)) return constant(intensity);
    bind(grid.average.key, {annual, plain(e.low), plain(e.high)}, intensity / annual, grid.average, alone);
  }

  void bind_system(const catalog::Grid& fab, const UseGrid& use, const catalog::PackageTechnology& package) {
    const SystemTerms<double>& s = nominal_.system;
    bind_grid(fab, s.fab_intensity);
    bind_grid(*space_.design_grid, s.design_intensity);
    bind_grid(*use.grid, s.work_intensity);
    bind_grid(*use.grid, s.mean_intensity);
    for (const double value : {s.volume, s.lifetime, s.duty, s.lives, s.throughput, s.base_power, s.idle_share, s.pue,
                               s.traffic, s.design_effort})
      constant(value);
    bind(package.via_area);
    bind(package.carrier_area);
    bind(package.carrier_carbon_share);
    bind(package.substrate_area);
    bind(package.substrate_energy);
    bind(package.bonding_energy);
    bind(package.bonding_yield);
    bind(package.link_energy);
    bind(package.link_delay);
    for (const double value : {s.substrate_cost, s.bonding_cost}) constant(value);
    if (const catalog::FabProcess* carrier = space_.catalog.process(package.carrier_process)) {
      bind(carrier->energy, fab_energy);
      bind(carrier->gas, gas_abatement);
      bind(carrier->material, wafer_materials);
      bind(embodied::carrier_defects(package, *carrier), yield_learning);
      bind(carrier->clustering);
      constant(s.carrier_wafer_cost);
    } else {
      for (const double value : {s.carrier_energy, s.carrier_gas, s.carrier_material, s.carrier_defects,
                                 s.carrier_clustering, s.carrier_wafer_cost})
        constant(value);
    }
  }

  const Space& space_;
  const PointTerms<double> nominal_;
  const Build build_;
  std::vector<Binding> bindings_;
  std::vector<carbon::Input> inputs_;
  std::vector<InputNote> notes_;
  std::map<std::string, std::size_t> by_key_;
};

/// One number out of a point's outcome.
struct Amount {
  const PointModel* point;
  int which;

  static constexpr int parts = 9, embodied = 9, total = 10;
  static const char* name(int which) {
    constexpr const char* names[] = {"silicon",      "edge",   "loss",      "carrier",  "substrate", "bonding",
                                     "package loss", "design", "operation", "embodied", "total"};
    return names[which];
  }

  template <class T>
  T operator()(std::span<const T> x) const {
    const Outcome<T> o = point->outcome(x);
    switch (which) {
      case 0: return o.silicon;
      case 1: return o.edge;
      case 2: return o.loss;
      case 3: return o.carrier;
      case 4: return o.substrate;
      case 5: return o.bonding;
      case 6: return o.package_loss;
      case 7: return o.design;
      case 8: return o.operation;
      case embodied: return o.embodied();
      default: return o.carbon();
    }
  }
};

Result<CarbonRange> range_of(const PointModel& model, int which, const carbon::MonteCarloOptions& options) {
  const auto drawn = carbon::monte_carlo(Amount{&model, which}, model.inputs(), options);
  if (!drawn) return drawn.error();
  if (drawn->stopped) return CarbonRange{Amount::name(which), GramsCO2e{drawn->nominal}, {}, {}, {}, {}};
  return CarbonRange{Amount::name(which),   GramsCO2e{drawn->nominal}, GramsCO2e{drawn->p5},
                     GramsCO2e{drawn->p50}, GramsCO2e{drawn->p95},     GramsCO2e{drawn->standard_deviation}};
}

std::vector<CoefficientSwing> swings_of(const PointModel& model, const PointUncertainty& found) {
  std::vector<double> x;
  for (const carbon::Input& input : model.inputs()) x.push_back(input.estimate.value);
  const Amount total{&model, Amount::total}, embodied{&model, Amount::embodied};
  std::vector<CoefficientSwing> swings;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const carbon::Input& input = model.inputs()[i];
    CoefficientSwing swing;
    swing.key = input.name;
    swing.range = model.notes()[i].range;
    swing.group = input.group;
    swing.source = model.notes()[i].source;
    x[i] = input.estimate.low;
    swing.at_low = GramsCO2e{total(std::span<const double>(x))};
    swing.embodied_at_low = GramsCO2e{embodied(std::span<const double>(x))};
    x[i] = input.estimate.high;
    swing.at_high = GramsCO2e{total(std::span<const double>(x))};
    swing.embodied_at_high = GramsCO2e{embodied(std::span<const double>(x))};
    x[i] = input.estimate.value;
    const std::string& cause = input.group.empty() ? input.name : input.group;
    for (const carbon::SobolShare& share : found.shares)
      if (share.name == cause) swing.variance_share = share.total;
    for (const carbon::SobolShare& share : found.embodied_shares)
      if (share.name == cause) swing.embodied_variance_share = share.total;
    swings.push_back(std::move(swing));
  }
  std::stable_sort(swings.begin(), swings.end(), [](const CoefficientSwing& a, const CoefficientSwing& b) {
    return std::abs((a.at_high - a.at_low).value()) > std::abs((b.at_high - b.at_low).value());
  });
  return swings;
}

/// Why a point cannot be made, as far as one number says it.
std::string because(const Evaluator& evaluator, const Outcome<double>& outcome) {
  if (!evaluator.oversized(outcome)) return {};
  return ", because its largest die has " + fixed(outcome.largest, 1) + " mm2, more than the " +
         fixed(evaluator.space().largest_die.value(), 0) + " mm2 (26 x 33 mm) that one exposure covers";
}

Result<PointModel> model_of(const Evaluator& evaluator, std::uint64_t index) {
  const auto parts = evaluator.parts(index);
  const Evaluated point = evaluator.at(index);
  if (!parts || point.standing == Standing::impossible)
    return bad_input("point " + std::to_string(index) + " cannot be made" + because(evaluator, point.outcome) + ": " +
                         evaluator.space().label(index),
                     evaluator.space().source,
                     evaluator.oversized(point.outcome)
                         ? "split it, choose a denser node, or state stitched = true in [fab]"
                         : "choose a point that `cradle design explore` lists");
  return PointModel(evaluator, index, *parts);
}

}  // namespace

Result<std::vector<carbon::Input>> uncertain_inputs(const Evaluator& evaluator, std::uint64_t index) {
  const auto model = model_of(evaluator, index);
  if (!model) return model.error();
  return model->inputs();
}

Result<PointUncertainty> uncertainty(const Evaluator& evaluator, std::uint64_t index,
                                     const carbon::MonteCarloOptions& options) {
  const auto made = model_of(evaluator, index);
  if (!made) return made.error();
  const PointModel& model = *made;
  PointUncertainty result;
  result.samples = options.samples;
  for (int which = 0; which <= Amount::total; ++which) {
    auto range = range_of(model, which, options);
    if (!range) return range.error();
    if (which < Amount::parts) {
      result.parts.push_back(std::move(*range));
    } else {
      (which == Amount::embodied ? result.embodied : result.total) = std::move(*range);
    }
  }
  if (const auto bounds = carbon::interval_bounds(Amount{&model, Amount::total}, model.inputs()))
    if (std::isfinite(bounds->range.high))
      result.bounds =
          Estimate<GramsCO2e>{result.total.value, GramsCO2e{bounds->range.low}, GramsCO2e{bounds->range.high}};
  carbon::MonteCarloOptions fewer = options;
  constexpr std::uint64_t least_samples = 1024;
  fewer.samples = std::clamp(options.samples / 10, std::min(options.samples, least_samples), options.samples);
  result.sobol_samples = fewer.samples;
  for (const int which : {Amount::total, Amount::embodied}) {
    auto sobol = carbon::sobol(Amount{&model, which}, model.inputs(), fewer);
    if (!sobol) return sobol.error();
    std::stable_sort(sobol->shares.begin(), sobol->shares.end(),
                     [](const carbon::SobolShare& a, const carbon::SobolShare& b) { return a.total > b.total; });
    (which == Amount::total ? result.shares : result.embodied_shares) = std::move(sobol->shares);
  }
  result.swings = swings_of(model, result);
  result.stopped = options.stop.stop_requested();
  return result;
}

}  // namespace cradle::design
