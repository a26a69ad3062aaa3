// One design point: a system of dies in one package, what making it and using it emits, costs and yields in work.
//
// The equations are templates over the number type: double gives results, an interval bounds, a dual number gradients,
// a vector many points at once. Numbers are in coherent units: mm2, 1/mm2, J, W, s, g, g/J, operations, US dollars.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "cradle/base/result.h"
#include "cradle/carbon/interval.h"
#include "cradle/embodied/formula.h"
#include "cradle/embodied/package.h"

namespace cradle::design {

inline constexpr std::size_t most_blocks = 8;

/// What the equations take of one functional block: its size, and the coefficients of the node it is made in.
template <class Real>
struct BlockTerms {
  Real area;           ///< mm2 of its circuits in the reference node
  Real power;          ///< W at the reference node and throughput
  Real area_share;     ///< its part of the chip's area in the reference node, ratio
  Real people_energy;  ///< J that the people who design it use
  Real dies;           ///< count that it is split into, all alike
  Real products;       ///< count that share its design
  Real making;         ///< carbon of making its silicon over that of new silicon: 1 - r + r k (Block::reuse)
  Real area_ratio;     ///< of the node, for this kind of circuit
  Real energy;         ///< EPA, J/mm2
  Real gas;            ///< GPA, g/mm2
  Real material;       ///< MPA, g/mm2
  Real defects;        ///< D0, 1/mm2
  Real clustering;     ///< alpha
  Real transistors;    ///< 1/mm2
  Real delay;          ///< ratio; 0 if the block is not on the critical path
  Real switching;      ///< energy, ratio
  Real wafer_cost;     ///< for a 300 mm wafer
  Real design_cost;    ///< of a whole chip in this node
};

/// What they take of everything around the blocks.
template <class Real>
struct SystemTerms {
  Real fab_intensity;     ///< g/J, of fab and assembly
  Real design_intensity;  ///< g/J
  Real work_intensity;    ///< g/J where it is used, weighted by when it works
  Real mean_intensity;    ///< g/J where it is used, over all hours
  Real volume;            ///< count of chips
  Real lifetime;          ///< s
  Real duty;              ///< work done over work at reference throughput and full time, ratio
  Real lives;             ///< devices, one after the other, that do the work of the space, count (Space::lives)
  Real throughput;        ///< operations/s at the reference node
  Real base_power;        ///< W, always drawn
  Real idle_share;        ///< of the blocks' power that they draw without work, ratio
  Real pue;               ///< ratio
  Real traffic;           ///< bits between dies for each operation
  Real design_effort;     ///< J of design computing for each transistor
  Real via_area;          ///< part of a die, ratio
  Real carrier_area;      ///< ratio to the footprint, or mm2 of one bridge
  Real carrier_share;     ///< part of its process's carbon and cost that a carrier causes
  Real substrate_area;    ///< ratio to the footprint
  Real substrate_energy;  ///< J/mm2
  Real bonding_energy;    ///< J/mm2
  Real bonding_yield;     ///< for each bonded die
  Real link_energy;       ///< J/bit
  Real link_delay;        ///< ratio, for each crossing
  Real substrate_cost;    ///< for each mm2
  Real bonding_cost;      ///< for each die
  Real carrier_energy, carrier_gas, carrier_material, carrier_defects, carrier_clustering, carrier_wafer_cost;
};

/// Calls `take` with every term, in the order of the declaration.
template <class Terms, class Take>
void for_each_block_term(Terms& t, Take&& take) {
  take(t.area), take(t.power), take(t.area_share), take(t.people_energy), take(t.dies), take(t.products);
  take(t.making), take(t.area_ratio), take(t.energy), take(t.gas), take(t.material), take(t.defects),
      take(t.clustering);
  take(t.transistors), take(t.delay), take(t.switching), take(t.wafer_cost), take(t.design_cost);
}
inline constexpr std::size_t block_terms = 18;

template <class Terms, class Take>
void for_each_system_term(Terms& t, Take&& take) {
  take(t.fab_intensity), take(t.design_intensity), take(t.work_intensity), take(t.mean_intensity);
  take(t.volume), take(t.lifetime), take(t.duty), take(t.lives), take(t.throughput), take(t.base_power);
  take(t.idle_share), take(t.pue), take(t.traffic), take(t.design_effort);
  take(t.via_area), take(t.carrier_area), take(t.carrier_share), take(t.substrate_area), take(t.substrate_energy);
  take(t.bonding_energy), take(t.bonding_yield), take(t.link_energy), take(t.link_delay), take(t.substrate_cost);
  take(t.bonding_cost), take(t.carrier_energy), take(t.carrier_gas), take(t.carrier_material);
  take(t.carrier_defects), take(t.carrier_clustering), take(t.carrier_wafer_cost);
}
inline constexpr std::size_t system_terms = 31;

static_assert(sizeof(BlockTerms<double>) == block_terms * sizeof(double));
static_assert(sizeof(SystemTerms<double>) == system_terms * sizeof(double));

/// What follows from the number of dies and the form of their package.
template <class Real>
struct Counts {
  Real dies;
  Real bonds;      ///< dies that are bonded
  Real pieces;     ///< of carrier silicon
  Real crossings;  ///< from die to die on the way between any two: ceil(log2 dies), the cuts of a balanced bisection
};
Counts<double> counts(catalog::PackageForm form, std::size_t dies);

/// How the dies are put together; the same for all lanes of a vector.
struct Build {
  std::size_t blocks = 1;
  bool merged = false;     ///< all blocks on one die, in the node of the first
  bool linked = false;     ///< more than one die: they have vias or links
  bool stacked = false;    ///< embodied::Arrangement::stacked
  bool one_wafer = false;  ///< embodied::Arrangement::one_wafer
  bool carrier = false;    ///< carrier silicon in proportion to the footprint
  bool bridges = false;    ///< carrier silicon in pieces of fixed size
};
Build build(catalog::PackageForm form, std::size_t blocks, std::size_t dies, bool merged);

/// Packages that are begun for each good one: Y^-bonds.
template <class Real>
Real package_tries(const Real& bonding_yield, const Counts<Real>& counts) {
  using std::pow;
  return pow(bonding_yield, -counts.bonds);
}

template <class Real>
struct PointTerms {
  std::array<BlockTerms<Real>, most_blocks> blocks;  ///< the first Build::blocks of them
  SystemTerms<Real> system;
  Counts<Real> counts;
  Real tries;  ///< package_tries of system and counts, which many points share
};

/// What a point comes to: carbon, energy, operations and cost for the work of the space, which takes `lives` devices
/// one after the other; area, power, delay and throughput are those of one device.
template <class Real>
struct Outcome {
  Real silicon, edge, loss;          ///< g of the dies: their area with vias, the rest of the wafer, bad dies
  Real carrier, substrate, bonding;  ///< g
  Real package_loss;                 ///< g of everything in packages with a bad bond
  Real made;                         ///< g: the sum of all above up to rounding, taken so that bounds are tight
  Real design;                       ///< g, the devices' share
  Real operation;                    ///< g
  Real energy;                       ///< J, with PUE
  Real operations;                   ///< count
  Real delay;                        ///< s for one operation at full load
  Real throughput;                   ///< operations/s at full load
  Real power;                        ///< W at full load, without PUE
  Real busy;                         ///< part of its life that the work takes; above 1 the work is too much for it
  Real area;                         ///< mm2 of all dies with vias; carriers are not counted
  Real cost;                         ///< US dollars: dies, package, its share of design and masks; no electricity
  Real largest;                      ///< mm2 of its largest die with vias; carriers are not counted
  Real least_dies;                   ///< whole dies on the wafer of its largest die; below 1 it cannot be made
  Real lives;                        ///< SystemTerms::lives

  Real embodied() const { return made + design; }
  Real carbon() const { return embodied() + operation; }
};

/// Anything that a design may be asked to keep low.
enum class Objective : std::uint8_t {
  carbon,  ///< g: embodied and operational, for the work
  delay,   ///< s for one operation
  energy,  ///< J for the work
  cost,    ///< US dollars to make the devices that do the work
  tcdp,    ///< (operational + embodied) x delay (CORDOBA), g s
  cdp,     ///< embodied x delay (ACT), g s
  cep,     ///< embodied x energy (ACT), g J
  c2ep,    ///< embodied^2 x energy (ACT), g2 J
  ce2p,    ///< embodied x energy^2 (ACT), g J2
  edp,     ///< energy x delay, J s
  asc,     ///< carbon for each operation (Gandhi et al. 2023), g
};
inline constexpr std::size_t objective_count = 11;

/// "carbon", "delay", ...
std::string_view name(Objective objective);
/// What `shown` counts in: "kgCO2e", "s", "kWh", "USD", "kgCO2e s", ...
std::string_view unit(Objective objective);
/// A value in that unit: kg for g, kWh for J.
double shown(Objective objective, double value);
Result<Objective> parse_objective(std::string_view text, std::string where);

template <class Real>
Real value(const Outcome<Real>& o, Objective objective) {
  switch (objective) {
    case Objective::carbon: return o.carbon();
    case Objective::delay: return o.delay;
    case Objective::energy: return o.energy;
    case Objective::cost: return o.cost;
    case Objective::tcdp: return o.carbon() * o.delay;
    case Objective::cdp: return o.embodied() * o.delay;
    case Objective::cep: return o.embodied() * o.energy;
    case Objective::c2ep: return o.embodied() * o.embodied() * o.energy;
    case Objective::ce2p: return o.embodied() * o.energy * o.energy;
    case Objective::edp: return o.energy * o.delay;
    case Objective::asc: return o.carbon() / o.operations;
  }
  return o.carbon();
}

// --- Equations ------------------------------------------------------------------------------------------------------

inline constexpr double wafer_diameter = 300;  ///< mm

/// One good die.
template <class Real>
struct DieFigures {
  Real area;                 ///< mm2, with vias
  Real grams;                ///< silicon + edge + loss, taken as CPA wafer / (dies Y)
  Real silicon, edge, loss;  ///< g
  Real yield;
  Real per_wafer;  ///< whole dies
  Real cost;
};

template <class Real>
Real die_yield(const Real& area, const Real& defects, const Real& clustering) {
  return embodied::formula::negative_binomial_yield(area, defects, clustering);
}
/// The yield falls with each of its arguments, so that its bounds are those of the corners: tight, where the formula,
/// which takes the clustering twice, would be far too wide.
inline carbon::Interval die_yield(const carbon::Interval& area, const carbon::Interval& defects,
                                  const carbon::Interval& clustering) {
  using carbon::Interval;
  const auto corner = [](double a, double d, double c) {
    return embodied::formula::negative_binomial_yield(Interval(a), Interval(d), Interval(c));
  };
  return {corner(area.high, defects.high, clustering.high).low, corner(area.low, defects.low, clustering.low).high};
}

/// Whole dies on a 300 mm wafer share its grams and dollars; bad ones are paid by the good (embodied::die_carbon with
/// WaferShare::edge_divided): silicon = CPA A; edge = CPA (wafer / dies - A); loss = CPA wafer / dies (1 / Y - 1).
template <class Real>
DieFigures<Real> make_die(const Real& area, const Real& carbon_per_area, const Real& defects, const Real& clustering,
                          const Real& wafer_cost) {
  using std::floor;
  namespace formula = embodied::formula;
  DieFigures<Real> die;
  die.area = area;
  die.yield = die_yield(area, defects, clustering);
  die.per_wafer = floor(formula::dies_per_wafer(area, Real(wafer_diameter)));
  const Real wafer = formula::silicon_per_die(die.per_wafer, Real(wafer_diameter));
  die.silicon = carbon_per_area * area;
  die.edge = carbon_per_area * (wafer - area);
  die.grams = formula::good_die(carbon_per_area, wafer, die.yield);
  die.loss = die.grams - carbon_per_area * wafer;
  die.cost = wafer_cost / (die.per_wafer * die.yield);
  return die;
}

/// All that a block adds to the system. Blocks are added in their order, so that sums of a prefix may be kept.
template <class Real>
struct BlockFigures {
  Real grams;                        ///< of its dies
  Real silicon, edge, loss, design;  ///< g; the first three make up `grams`
  Real area, largest, lowest;        ///< mm2: all its dies, its largest die, its lowest one in a stack
  Real die_cost, design_cost;
  Real power;  ///< W at reference throughput
  Real delay;  ///< ratio
  Real least_dies;
};

/// g/mm2 of wafer; of a reclaimed die what reclaiming takes in place of it.
template <class Real>
Real carbon_per_area(const BlockTerms<Real>& block, const SystemTerms<Real>& system) {
  return embodied::formula::carbon_per_area(block.energy, system.fab_intensity, block.gas, block.material) *
         block.making;
}

/// mm2 of the circuits of one of its dies.
template <class Real>
Real circuits(const BlockTerms<Real>& block) {
  return block.area * block.area_ratio / block.dies;
}

/// Design, power and delay; the dies are left out. The parts of a split block are one design. Design computing is
/// counted by transistors (ECO-CHIP, HPCA 2024), design and mask cost by the block's part of the chip. What is
/// reclaimed was designed for its first life.
template <class Real>
void add_design(BlockFigures<Real>& figures, const BlockTerms<Real>& block, const SystemTerms<Real>& system) {
  const Real shared = system.volume * block.products;
  const Real effort = circuits(block) * block.transistors * system.design_effort + block.people_energy;
  figures.design = effort * system.design_intensity / shared * block.making;
  figures.design_cost = block.design_cost * block.area_share / block.dies / shared;
  figures.power = block.power * block.switching;
  figures.delay = block.delay;
}

/// A block on dies of its own. `top`: its last die is the top of a stack and has no vias.
template <class Real>
BlockFigures<Real> make_block(const BlockTerms<Real>& block, const SystemTerms<Real>& system, const Build& how,
                              bool top) {
  using std::max;
  using std::min;
  const Real plain = circuits(block);
  const Real cpa = carbon_per_area(block, system);
  const Real area = how.linked ? embodied::formula::grown_area(plain, system.via_area) : plain;
  const DieFigures<Real> die = make_die(area, cpa, block.defects, block.clustering, block.wafer_cost);
  BlockFigures<Real> sum;
  add_design(sum, block, system);
  sum.least_dies = die.per_wafer;
  sum.largest = sum.lowest = area;
  if (!top) {
    sum.grams = die.grams * block.dies;
    sum.silicon = die.silicon * block.dies;
    sum.edge = die.edge * block.dies;
    sum.loss = die.loss * block.dies;
    sum.area = area * block.dies;
    sum.die_cost = die.cost * block.dies;
    return sum;
  }
  const DieFigures<Real> last = make_die(plain, cpa, block.defects, block.clustering, block.wafer_cost);
  const Real others = block.dies - Real(1.0);
  sum.grams = die.grams * others + last.grams;
  sum.silicon = die.silicon * others + last.silicon;
  sum.edge = die.edge * others + last.edge;
  sum.loss = die.loss * others + last.loss;
  sum.area = area * others + plain;
  sum.die_cost = die.cost * others + last.cost;
  // With one die of its own, only the top one counts; the larger one stands in where there are both.
  sum.largest = max(plain, min(area, area * others));
  sum.lowest = sum.largest;
  return sum;
}

/// The sum over blocks.
template <class Real>
struct Dies {
  Real grams, silicon, edge, loss, design;
  Real area, largest, lowest;
  Real die_cost, design_cost;
  Real power, delay, least_dies;
};

template <class Real>
Dies<Real> first(const BlockFigures<Real>& b) {
  return {b.grams,  b.silicon,  b.edge,        b.loss,  b.design, b.area,      b.largest,
          b.lowest, b.die_cost, b.design_cost, b.power, b.delay,  b.least_dies};
}

template <class Real>
Dies<Real> plus(const Dies<Real>& a, const BlockFigures<Real>& b) {
  using std::max;
  using std::min;
  return {a.grams + b.grams,
          a.silicon + b.silicon,
          a.edge + b.edge,
          a.loss + b.loss,
          a.design + b.design,
          a.area + b.area,
          max(a.largest, b.largest),
          a.lowest,
          a.die_cost + b.die_cost,
          a.design_cost + b.design_cost,
          a.power + b.power,
          max(a.delay, b.delay),
          min(a.least_dies, b.least_dies)};
}

/// All blocks on one die, new or reclaimed as one: all have the same `making`. Here and below `blocks[b]` is the
/// BlockTerms<Real> of block b.
template <class Real, class Blocks>
Dies<Real> merged(const Blocks& blocks, const SystemTerms<Real>& system, const Build& how) {
  BlockFigures<Real> part;
  add_design(part, blocks[0], system);
  Real area = circuits(blocks[0]);
  part.grams = part.silicon = part.edge = part.loss = part.die_cost = Real(0.0);
  part.area = part.largest = part.lowest = part.least_dies = Real(0.0);
  Dies<Real> sum = first(part);
  for (std::size_t b = 1; b < how.blocks; ++b) {
    add_design(part, blocks[b], system);
    sum = plus(sum, part);
    area = area + circuits(blocks[b]);
  }
  const BlockTerms<Real>& node = blocks[0];
  const DieFigures<Real> die =
      make_die(area, carbon_per_area(node, system), node.defects, node.clustering, node.wafer_cost);
  sum.grams = die.grams;
  sum.silicon = die.silicon;
  sum.edge = die.edge;
  sum.loss = die.loss;
  sum.area = sum.largest = sum.lowest = area;
  sum.die_cost = die.cost;
  sum.least_dies = die.per_wafer;
  return sum;
}

/// Tiers grown on one wafer: each has the area of the largest, a bad one spoils them all (embodied::package_carbon).
template <class Real, class Blocks>
Dies<Real> tiers(const Blocks& blocks, const SystemTerms<Real>& system, const Build& how) {
  using std::max;
  using std::min;
  using std::pow;
  const auto tier_area = [&](std::size_t b) {
    const Real plain = circuits(blocks[b]);
    const Real grown = embodied::formula::grown_area(plain, system.via_area);
    // The top tier has no vias; its block's other tiers, if any, have.
    return b + 1 < how.blocks ? grown : max(plain, min(grown, grown * (blocks[b].dies - Real(1.0))));
  };
  Real footprint = tier_area(0);
  for (std::size_t b = 1; b < how.blocks; ++b) footprint = max(footprint, tier_area(b));

  Dies<Real> sum;
  Real yield(1.0);
  for (std::size_t b = 0; b < how.blocks; ++b) {
    const BlockTerms<Real>& block = blocks[b];
    const DieFigures<Real> tier =
        make_die(footprint, carbon_per_area(block, system), block.defects, block.clustering, block.wafer_cost);
    BlockFigures<Real> part;
    add_design(part, block, system);
    part.grams = (tier.silicon + tier.edge) * block.dies;
    part.silicon = tier.silicon * block.dies;
    part.edge = tier.edge * block.dies;
    part.loss = Real(0.0);
    part.area = footprint * block.dies;
    part.largest = part.lowest = footprint;
    part.die_cost = tier.cost * tier.yield * block.dies;
    part.least_dies = tier.per_wafer;
    sum = b == 0 ? first(part) : plus(sum, part);
    yield = yield * pow(tier.yield, block.dies);
  }
  sum.loss = sum.grams * (Real(1.0) / yield - Real(1.0));
  sum.grams = sum.grams / yield;
  sum.die_cost = sum.die_cost / yield;
  return sum;
}

/// Package, operation and cost around the dies.
///   energy     PUE (work + rest), work = operations (P / throughput + traffic x link energy x crossings),
///              rest = lifetime (base power + idle share x P x (1 - busy))
///   operations duty x reference throughput x lifetime: all designs do the same work, a slower one is busy for longer
///   delay      slowest node x (1 + link delay x crossings) / reference throughput
///   cost       (dies + carrier + substrate + bonds) / bonding yield + design share
/// all of it, but for delay, times the lives that the work takes.
template <class Real>
Outcome<Real> assemble(const Dies<Real>& dies, const SystemTerms<Real>& s, const Counts<Real>& n, const Real& tries,
                       const Build& how) {
  using std::min;
  namespace formula = embodied::formula;
  Outcome<Real> o;
  o.silicon = dies.silicon;
  o.edge = dies.edge;
  o.loss = dies.loss;
  o.design = dies.design;
  o.area = dies.area;
  o.largest = dies.largest;
  o.least_dies = dies.least_dies;

  const Real footprint = how.stacked ? dies.largest : dies.area;
  Real carrier_cost(0.0);
  o.carrier = Real(0.0);
  if (how.carrier || how.bridges) {
    const Real area = how.carrier ? s.carrier_area * footprint : s.carrier_area;
    const Real cpa = formula::carbon_per_area(s.carrier_energy, s.fab_intensity, s.carrier_gas, s.carrier_material);
    const DieFigures<Real> piece = make_die(area, cpa, s.carrier_defects, s.carrier_clustering, s.carrier_wafer_cost);
    const Real pieces = n.pieces * s.carrier_share;
    o.carrier = piece.grams * pieces;
    carrier_cost = piece.cost * pieces;
    o.least_dies = min(o.least_dies, piece.per_wafer);
  }
  // Tiers grown on each other all cover the footprint; otherwise a stack's lowest die is bonded to nothing.
  const Real bonded = how.one_wafer ? footprint * n.bonds : how.stacked ? dies.area - dies.lowest : dies.area;
  const formula::JoiningCarbon<Real> joined =
      formula::join<Real>({dies.grams, o.carrier, footprint, bonded, 0},
                          {s.substrate_area, s.substrate_energy, s.bonding_energy, s.bonding_yield, s.fab_intensity});
  o.substrate = joined.substrate;
  o.bonding = joined.bonding;
  const Real whole = dies.grams + o.carrier + o.substrate + o.bonding;
  o.package_loss = whole * (tries - Real(1.0));
  o.made = whole * tries;

  const Real slowdown = dies.delay * (Real(1.0) + s.link_delay * n.crossings);
  o.throughput = s.throughput / slowdown;
  o.delay = slowdown / s.throughput;
  o.busy = s.duty * slowdown;
  o.operations = s.duty * s.throughput * s.lifetime;
  const Real link = s.traffic * s.link_energy * n.crossings;  // J for each operation
  const Real work = o.operations * (dies.power / s.throughput + link);
  const Real rest = s.lifetime * (s.base_power + s.idle_share * dies.power * (Real(1.0) - o.busy));
  o.energy = s.pue * (work + rest);
  o.operation = s.pue * (work * s.work_intensity + rest * s.mean_intensity);
  o.power = dies.power / slowdown + link * o.throughput + s.base_power;

  const Real substrate_cost = s.substrate_cost * s.substrate_area * footprint;
  o.cost = (dies.die_cost + carrier_cost + substrate_cost + s.bonding_cost * n.dies) * tries + dies.design_cost;
  o.lives = s.lives;
  for (Real* amount : {&o.silicon, &o.edge, &o.loss, &o.carrier, &o.substrate, &o.bonding, &o.package_loss, &o.made,
                       &o.design, &o.operation, &o.energy, &o.operations, &o.cost})
    *amount = *amount * s.lives;
  return o;
}

/// All dies of a point.
template <class Real, class Blocks>
Dies<Real> make_dies(const Blocks& blocks, const SystemTerms<Real>& system, const Build& how) {
  if (how.merged) return merged(blocks, system, how);
  if (how.one_wafer) return tiers(blocks, system, how);
  Dies<Real> sum = first(make_block(blocks[0], system, how, how.stacked && how.blocks == 1));
  for (std::size_t b = 1; b < how.blocks; ++b)
    sum = plus(sum, make_block(blocks[b], system, how, how.stacked && b + 1 == how.blocks));
  return sum;
}

/// The whole point. Preconditions: terms are finite; areas, dies, products, volume, throughput and lifetime > 0.
template <class Real>
Outcome<Real> evaluate(const PointTerms<Real>& t, const Build& how) {
  return assemble(make_dies(t.blocks, t.system, how), t.system, t.counts, t.tries, how);
}

}  // namespace cradle::design
