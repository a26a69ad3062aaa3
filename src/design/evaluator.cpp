#include "cradle/design/evaluator.h"

#include <algorithm>
#include <bit>

#include "point_lanes.h"

namespace cradle::design {

namespace {

constexpr std::size_t most_dies = 16 * most_blocks;

double area_ratio(const catalog::FabProcess& node, BlockKind kind) {
  switch (kind) {
    case BlockKind::logic: return node.logic_area.value();
    case BlockKind::sram: return node.sram_area.value();
    case BlockKind::analog: return node.analog_area.value();
  }
  return node.logic_area.value();
}

BlockTerms<double> block_terms_of(const Block& block, const catalog::FabProcess& node, double dies, double products,
                                  double reuse, double area_share, double people_energy) {
  return {.area = block.area.value(),
          .power = block.power.value(),
          .area_share = area_share,
          .people_energy = people_energy,
          .dies = dies,
          .products = products,
          .making = (1 - reuse) + reuse * block.reclaiming.share.value,
          .area_ratio = area_ratio(node, block.kind),
          .energy = node.energy.value().value(),
          .gas = node.gas.value().value(),
          .material = node.material.value().value(),
          .defects = node.defects.value().value(),
          .clustering = node.clustering.value(),
          .transistors = node.transistors.value().value(),
          .delay = block.critical ? node.delay.value() : 0,
          .switching = node.switching_energy.value(),
          .wafer_cost = node.wafer_cost.value(),
          .design_cost = node.design_cost.value()};
}

/// All terms but those of fab, grid, lifetime, duty, lives and volume.
SystemTerms<double> system_terms_of(const Space& space, const catalog::PackageTechnology& package) {
  SystemTerms<double> terms{};
  terms.design_intensity = carbon::GramsPerJoule{space.design_grid->average.value()}.value();
  terms.throughput = space.throughput.value();
  terms.base_power = space.base_power.value();
  terms.idle_share = space.idle_share;
  terms.pue = space.pue;
  terms.traffic = space.traffic_bits;
  terms.design_effort = embodied::design_energy(space.effort).value();
  terms.via_area = package.via_area.value();
  terms.carrier_area = package.carrier_area.value();
  terms.carrier_share = package.carrier_carbon_share.value();
  terms.substrate_area = package.substrate_area.value();
  terms.substrate_energy = package.substrate_energy.value().value();
  terms.bonding_energy = package.bonding_energy.value().value();
  terms.bonding_yield = package.bonding_yield.value();
  terms.link_energy = package.link_energy.value();
  terms.link_delay = package.link_delay.value();
  terms.substrate_cost = package.cost.value();
  terms.bonding_cost = package.bonding_cost.value();
  terms.carrier_clustering = 1;
  if (const catalog::FabProcess* carrier = space.catalog.process(package.carrier_process)) {
    terms.carrier_energy = carrier->energy.value().value();
    terms.carrier_gas = carrier->gas.value().value();
    terms.carrier_material = carrier->material.value().value();
    terms.carrier_defects = embodied::carrier_defects(package, *carrier).value().value();
    terms.carrier_clustering = carrier->clustering.value();
    terms.carrier_wafer_cost = carrier->wafer_cost.value();
  }
  return terms;
}

}  // namespace

Counts<double> counts(catalog::PackageForm form, std::size_t dies) {
  const embodied::Arrangement arranged = embodied::arrangement(form, dies);
  const int crossings = dies > 1 ? static_cast<int>(std::bit_width(dies - 1)) : 0;
  return {static_cast<double>(dies), arranged.bonds, arranged.carrier ? 1 : arranged.bridges,
          static_cast<double>(crossings)};
}

Build build(catalog::PackageForm form, std::size_t blocks, std::size_t dies, bool merged) {
  const embodied::Arrangement arranged = embodied::arrangement(form, dies);
  return {.blocks = blocks,
          .merged = merged,
          .linked = dies > 1,
          .stacked = arranged.stacked,
          .one_wafer = arranged.one_wafer,
          .carrier = arranged.carrier,
          .bridges = arranged.bridges > 0};
}

void Batch::clear() {
  indices.clear();
  rows.clear();
  impossible = oversized = excluded = 0;
}

Evaluator::Evaluator(const Space& space) : space_(&space), block_points_(space.block_points()) {
  double whole = 0;
  for (const Block& block : space.blocks) whole += block.area.value();
  for (const Block& block : space.blocks) {
    BlockTable table;
    table.shares_reclaiming = block.reclaiming.share == space.blocks.front().reclaiming.share;
    for (const double products : block.products)
      for (const double reuse : block.reuse)
        for (const catalog::FabProcess* node : block.nodes)
          for (const double dies : block.splits) {
            table.options.push_back(block_terms_of(block, *node, dies, products, reuse, block.area.value() / whole,
                                                   block.person_years * space.energy_per_person_year.value()));
            table.dies.push_back(static_cast<std::uint32_t>(dies));
            table.nodes.push_back(node);
            table.reuse.push_back(reuse);
          }
    table.columns.resize(block_terms);
    for (const BlockTerms<double>& option : table.options) {
      std::size_t term = 0;
      for_each_block_term(option, [&](const double& value) { table.columns[term++].push_back(value); });
    }
    blocks_.push_back(std::move(table));
  }
  for (const catalog::PackageTechnology* package : space.packages) {
    systems_.push_back(system_terms_of(space, *package));
    std::vector<Packed>& packed = packed_.emplace_back(most_dies + 1);
    for (std::size_t dies = 1; dies <= most_dies; ++dies) {
      Packed& with = packed[dies];
      with.takes = embodied::check_package(*package, dies, !package->carrier_process.empty(), "").has_value();
      with.counts = counts(package->form, dies);
      with.tries = package_tries(systems_.back().bonding_yield, with.counts);
      with.build = build(package->form, space.blocks.size(), dies, false);
    }
  }
}

Evaluator::Outer Evaluator::outer(std::uint64_t number) const {
  const Space& s = *space_;
  // As Space::at: the fastest axis first.
  const auto digit = [&number](std::size_t alternatives) {
    if (alternatives == 1) return std::size_t{0};
    const std::size_t value = number % alternatives;
    number /= alternatives;
    return value;
  };
  const std::size_t volume = digit(s.volumes.size());
  const std::size_t duty = digit(s.duties.size());
  const std::size_t lifetime = digit(s.lifetimes.size());
  const std::size_t grid = digit(s.grids.size());
  const std::size_t fab = digit(s.fabs.size());
  const std::size_t package = digit(s.packages.size());
  Outer outer{systems_[package], package, s.merged[number]};
  outer.system.fab_intensity = carbon::GramsPerJoule{s.fabs[fab]->average.value()}.value();
  outer.system.work_intensity = s.grids[grid].work.value.value();
  outer.system.mean_intensity = s.grids[grid].mean.value.value();
  outer.system.volume = s.volumes[volume];
  outer.system.lifetime = carbon::Seconds{s.lifetimes[lifetime]}.value();
  outer.system.duty = s.duties[duty];
  outer.system.lives = s.lives(lifetime, duty);
  return outer;
}

const Evaluator::Packed* Evaluator::put_together(const Outer& outer, std::uint64_t number, Blocks& blocks) const {
  std::array<std::size_t, most_blocks> option{};
  std::size_t dies = 0;
  bool reused = false;
  for (std::size_t b = blocks_.size(); b-- > 0;) {
    const BlockTable& table = blocks_[b];
    option[b] = number % table.options.size();
    number /= table.options.size();
    blocks.of[b] = &table.options[option[b]];
    dies += table.dies[option[b]];
    reused = reused || table.reuse[option[b]] > 0;
  }
  if (outer.merged) {
    for (std::size_t b = 0; b < blocks_.size(); ++b)
      if (blocks_[b].nodes[option[b]] != blocks_[0].nodes[option[0]] || blocks_[b].dies[option[b]] != 1 ||
          blocks_[b].reuse[option[b]] != blocks_[0].reuse[option[0]] || (reused && !blocks_[b].shares_reclaiming))
        return nullptr;
    dies = 1;
  }
  const Packed& packed = packed_[outer.package][dies];
  return packed.takes && !(packed.build.one_wafer && reused) ? &packed : nullptr;
}

std::optional<Evaluator::Parts> Evaluator::parts(std::uint64_t index) const {
  const Outer slow = outer(index / block_points_);
  Blocks blocks;
  const Packed* packed = put_together(slow, index % block_points_, blocks);
  if (packed == nullptr) return std::nullopt;
  Parts parts;
  for (std::size_t b = 0; b < blocks_.size(); ++b) parts.terms.blocks[b] = blocks[b];
  parts.terms.system = slow.system;
  parts.terms.counts = packed->counts;
  parts.terms.tries = packed->tries;
  parts.build = packed->build;
  parts.build.merged = slow.merged;
  return parts;
}

Standing Evaluator::standing(const Outcome<double>& o) const {
  if (!(o.least_dies >= 1) || oversized(o)) return Standing::impossible;
  const Constraints& c = space_->constraints;
  const bool excluded = o.busy > 1 || (c.area && o.area > c.area->value()) ||
                        (c.carbon && o.carbon() > c.carbon->value()) ||
                        (c.throughput && o.throughput < c.throughput->value()) || (c.cost && o.cost > *c.cost) ||
                        (c.power && o.power > c.power->value());
  return excluded ? Standing::excluded : Standing::feasible;
}

Evaluated Evaluator::evaluated(const Outer& outer, std::uint64_t number) const {
  Blocks blocks;
  const Packed* packed = put_together(outer, number, blocks);
  if (packed == nullptr) return {};
  Build how = packed->build;
  how.merged = outer.merged;
  const Dies<double> dies = make_dies(blocks, outer.system, how);
  const Outcome<double> outcome = assemble(dies, outer.system, packed->counts, packed->tries, how);
  return {standing(outcome), outcome};
}

Evaluated Evaluator::at(std::uint64_t index) const {
  return evaluated(outer(index / block_points_), index % block_points_);
}

// --- Ranges ---------------------------------------------------------------------------------------------------------

Collector::Collector(const Evaluator& evaluator, Arithmetic arithmetic)
    : evaluator_(&evaluator), arithmetic_(arithmetic), figures_(evaluator.blocks_.size()) {}

void Collector::enter(std::uint64_t outer) {
  if (entered_ == outer) return;
  entered_ = outer;
  outer_ = evaluator_->outer(outer);
  const catalog::PackageForm form = evaluator_->space_->packages[outer_.package]->form;
  const std::size_t blocks = evaluator_->blocks_.size();
  if (outer_.merged || form == catalog::PackageForm::monolithic || arithmetic_ == Arithmetic::lanes) return;
  for (std::size_t b = 0; b < blocks; ++b) {
    const Evaluator::BlockTable& table = evaluator_->blocks_[b];
    figures_[b].clear();
    for (std::size_t i = 0; i < table.options.size(); ++i) {
      const std::size_t dies = blocks > 1 ? 2 : table.dies[i];  // other blocks have at least one die each
      const Build& how = evaluator_->packed_[outer_.package][dies].build;
      figures_[b].push_back(make_block(table.options[i], outer_.system, how, how.stacked && b + 1 == blocks));
    }
  }
}

void Collector::keep(std::uint64_t index, Standing standing, const Outcome<double>& outcome, Batch& batch) const {
  switch (standing) {
    case Standing::impossible:
      ++batch.impossible;
      if (evaluator_->oversized(outcome)) ++batch.oversized;
      return;
    case Standing::excluded: ++batch.excluded; return;
    case Standing::feasible: break;
  }
  batch.indices.push_back(index);
  for (const Objective objective : evaluator_->space_->objectives) batch.rows.push_back(value(outcome, objective));
}

void Collector::one_by_one(std::uint64_t first, std::uint64_t count, Batch& batch) {
  for (std::uint64_t index = first; index < first + count; ++index) {
    const Evaluated point = evaluator_->evaluated(outer_, index % evaluator_->block_points_);
    keep(index, point.standing, point.outcome, batch);
  }
}

namespace {

/// The options of a point's blocks, counted up like an odometer, the last block first.
template <std::size_t N>
struct Odometer {
  std::array<std::size_t, N> digits{}, bases{};
  std::size_t wheels = 0;

  void set(std::uint64_t number) {
    for (std::size_t b = wheels; b-- > 0;) {
      digits[b] = number % bases[b];
      number /= bases[b];
    }
  }
  /// The first wheel that has turned; `wheels` less one mostly, 0 after the last number.
  std::size_t advance() {
    for (std::size_t b = wheels; b-- > 0;) {
      if (++digits[b] < bases[b]) return b;
      digits[b] = 0;
    }
    return 0;
  }
};

}  // namespace

void Collector::strict_range(std::uint64_t first, std::uint64_t count, Batch& batch) {
  const std::size_t blocks = figures_.size(), last = blocks - 1;
  Odometer<most_blocks> at;
  at.wheels = blocks;
  for (std::size_t b = 0; b < blocks; ++b) at.bases[b] = figures_[b].size();
  at.set(first % evaluator_->block_points_);
  // Sums over the blocks up to and with b: those of the slow wheels stand while the fast ones turn.
  std::array<Dies<double>, most_blocks> sums;
  std::array<std::size_t, most_blocks> dies{};
  std::size_t turned = 0;
  for (std::uint64_t index = first; index < first + count; ++index) {
    for (std::size_t b = turned; b <= last; ++b) {
      const BlockFigures<double>& figures = figures_[b][at.digits[b]];
      sums[b] = b == 0 ? design::first(figures) : plus(sums[b - 1], figures);
      dies[b] = (b == 0 ? 0 : dies[b - 1]) + evaluator_->blocks_[b].dies[at.digits[b]];
    }
    turned = at.advance();
    const Evaluator::Packed& packed = evaluator_->packed_[outer_.package][dies[last]];
    if (!packed.takes) {
      ++batch.impossible;
      continue;
    }
    const Outcome<double> outcome = assemble(sums[last], outer_.system, packed.counts, packed.tries, packed.build);
    keep(index, evaluator_->standing(outcome), outcome, batch);
  }
}

void Collector::lanes_range(std::uint64_t first, std::uint64_t count, Batch& batch) {
  const Evaluator& e = *evaluator_;
  const std::size_t blocks = e.blocks_.size();
  LaneJob job;
  job.system = &outer_.system;
  job.objectives = e.space_->objectives;
  Odometer<most_blocks> at;
  at.wheels = blocks;
  for (std::size_t b = 0; b < blocks; ++b) {
    at.bases[b] = e.blocks_[b].options.size();
    for (std::size_t term = 0; term < block_terms; ++term) job.columns[b][term] = e.blocks_[b].columns[term].data();
  }
  at.set(first % e.block_points_);
  std::array<bool, lanes_batch> taken{};
  while (count > 0) {
    const std::size_t points = std::min<std::uint64_t>(count, lanes_batch);
    // Lanes after the last point take the options that follow; they are sound, and nobody looks at them.
    bool linked = true;
    for (std::size_t lane = 0; lane < lanes_batch; ++lane) {
      std::size_t dies = 0;
      for (std::size_t b = 0; b < blocks; ++b) {
        job.options[b][lane] = static_cast<std::int64_t>(at.digits[b]);
        dies += e.blocks_[b].dies[at.digits[b]];
      }
      const Evaluator::Packed& packed = e.packed_[outer_.package][dies];
      taken[lane] = packed.takes;
      linked = linked && dies > 1;
      job.counts[0][lane] = packed.counts.dies;
      job.counts[1][lane] = packed.counts.bonds;
      job.counts[2][lane] = packed.counts.pieces;
      job.counts[3][lane] = packed.counts.crossings;
      job.tries[lane] = packed.tries;
      if (lane < points) at.advance();
    }
    if (!linked) {
      // Only a chip of one block has points with and without links in a row.
      one_by_one(first, points, batch);
    } else {
      job.build = e.packed_[outer_.package][2].build;
      evaluate_lanes(job, points);
      for (std::size_t lane = 0; lane < points; ++lane) {
        Outcome<double> o{};
        o.area = job.area[lane];
        o.made = job.carbon[lane];
        o.throughput = job.throughput[lane];
        o.cost = job.cost[lane];
        o.power = job.power[lane];
        o.busy = job.busy[lane];
        o.largest = job.largest[lane];
        o.least_dies = job.least_dies[lane];
        const Standing standing = taken[lane] ? e.standing(o) : Standing::impossible;
        if (standing != Standing::feasible) {
          ++(standing == Standing::impossible ? batch.impossible : batch.excluded);
          if (taken[lane] && e.oversized(o)) ++batch.oversized;
          continue;
        }
        batch.indices.push_back(first + lane);
        for (std::size_t k = 0; k < job.objectives.size(); ++k) batch.rows.push_back(job.values[k][lane]);
      }
    }
    first += points;
    count -= points;
  }
}

void Collector::collect(std::uint64_t first, std::uint64_t count, Batch& batch) {
  while (count > 0) {
    const std::uint64_t number = first / evaluator_->block_points_;
    const std::uint64_t here = std::min(count, (number + 1) * evaluator_->block_points_ - first);
    enter(number);
    if (outer_.merged || evaluator_->space_->packages[outer_.package]->form == catalog::PackageForm::monolithic) {
      one_by_one(first, here, batch);
    } else if (arithmetic_ == Arithmetic::lanes) {
      lanes_range(first, here, batch);
    } else {
      strict_range(first, here, batch);
    }
    first += here;
    count -= here;
  }
}

}  // namespace cradle::design
