#include "cradle/embodied/compiled_bill.h"

#include <algorithm>
#include <map>
#include <type_traits>
#include <utility>

#include "cradle/base/text.h"
#include "cradle/embodied/design_effort.h"
#include "cradle/embodied/die.h"

namespace cradle::embodied {

using carbon::Estimate;
using catalog::Catalog;
using catalog::Coefficient;

namespace {

/// What moves together, and how much.
struct Together {
  const char* group = "";
  double correlation = 1;
};
constexpr Together alone{};
constexpr Together yield_learning{"yield learning"};
constexpr Together gas_abatement{"gas abatement"};
constexpr Together wafer_materials{"wafer materials"};
// Nodes share how a fab's energy is counted and what its cleanrooms need, not the steps of each.
constexpr Together fab_energy{"fab energy", 0.8};

/// The numbers in the coherent unit of their dimension.
template <class Q>
Estimate<double> coherent(const Estimate<Q>& e) {
  if constexpr (std::is_same_v<Q, double>) {
    return e;
  } else {
    using Coherent = carbon::Quantity<typename Q::dimension>;
    return {Coherent{e.value}.value(), Coherent{e.low}.value(), Coherent{e.high}.value()};
  }
}

}  // namespace

/// Turns the parts of a bill into terms, dies and packages over numbered inputs.
class Compiler {
 public:
  Compiler(const BillOfMaterials& bill, const Catalog& catalog) : bill_(bill), catalog_(catalog) {
    out_.name_ = bill.name;
    out_.life_ = bill.life;
  }

  Result<CompiledBill> compile() {
    for (std::size_t i = 0; i < bill_.packages.size(); ++i)
      if (auto added = add_package(i); !added) return added.error();
    for (const DiePart& die : bill_.dies)
      if (!die.package)
        if (auto added = add_bare_die(die); !added) return added.error();
    for (const DevicePart& part : bill_.processors)
      if (auto added = add_device(part, Group::processor, catalog_.find_cpu(part.id, part.where)); !added)
        return added.error();
    for (const MemoryPart& part : bill_.memories)
      if (auto added = add_capacity(part, Group::memory, catalog_.find_memory(part.technology, part.where)); !added)
        return added.error();
    for (const DrivePart& part : bill_.drives)
      if (auto added = add_capacity(part, Group::storage, catalog_.find_storage(part.technology, part.where)); !added)
        return added.error();
    for (const DevicePart& part : bill_.accelerators)
      if (auto added = add_device(part, Group::accelerator, catalog_.find_accelerator(part.id, part.where)); !added)
        return added.error();
    for (const DevicePart& part : bill_.networks)
      if (auto added = add_device(part, Group::network, find_nic(part)); !added) return added.error();
    if (auto added = add_base(); !added) return added.error();
    for (const MaterialPart& part : bill_.materials)
      if (auto added = add_material(part); !added) return added.error();
    if (auto added = add_rack(); !added) return added.error();
    for (const DesignPart& part : bill_.designs)
      if (auto added = add_design(part); !added) return added.error();
    if (auto fine = check_second_life(); !fine) return fine.error();
    add_maintenance();
    return std::move(out_);
  }

 private:
  using Index = std::uint32_t;

  Index add_line(std::string part, Group group, double count, const InService& service) {
    out_.lines_.push_back({std::move(part), group, count, {}, service.second_life});
    const double replaced = bill_.life.years.value() * service.replaced_per_year();
    out_.replaced_.push_back(replaced);
    if (replaced > 0) out_.maintained_ = true;
    return static_cast<Index>(out_.lines_.size() - 1);
  }

  double weight(Index line, double amount) const { return amount * (1 + out_.replaced_[line]); }

  /// The input of that coefficient, new at its first use, and that `line` depends on it.
  template <class Q>
  Index input(const Coefficient<Q>& coefficient, const std::string& record, Index line, Together together = alone,
              bool lowers = false) {
    const auto [at, added] = index_.emplace(coefficient.key, static_cast<Index>(out_.inputs_.size()));
    if (added)
      out_.inputs_.push_back({figure(coefficient.key, record), coherent(coefficient.estimate), together.group,
                              together.correlation, lowers});
    depends(line, at->second);
    return at->second;
  }

  void depends(Index line, std::size_t coefficient) {
    auto& used = out_.lines_[line].inputs;
    if (std::find(used.begin(), used.end(), coefficient) == used.end()) used.push_back(coefficient);
  }

  catalog::Figure figure(const std::string& key, const std::string& record) {
    auto at = figures_.find(record);
    if (at == figures_.end()) at = figures_.emplace(record, catalog_.figures(record)).first;
    for (const catalog::Figure& known : at->second)
      if (known.key == key) return known;
    return {key, {}, "", {}};
  }

  /// Of a process whose carbon matters; its yield has yet to be told.
  CompiledBill::Wafers wafers(const catalog::FabProcess& process, const catalog::Grid& grid, Index line) {
    CompiledBill::Wafers w{};
    w.energy = input(process.energy, process.id, line, fab_energy);
    w.gas = input(process.gas, process.id, line, gas_abatement);
    w.material = input(process.material, process.id, line, wafer_materials);
    w.intensity = input(grid.average, grid.id, line);
    return w;
  }

  /// A kind of die: its line and its place among the dies, `repeat` times. `largest_vias`: the most of it that may be
  /// vias.
  Result<void> add_dies(const DiePart& part, const std::vector<bool>& vias, double count, double packages,
                        double largest_vias) {
    const auto process = catalog_.find_process(part.process, part.process_where);
    if (!process) return process.error();
    const auto grid = catalog_.find_grid(part.fab, part.fab_where);
    if (!grid) return grid.error();

    Process made = process_of(**process);
    made.yield.law = part.yield_law;
    made.yield.constant = part.yield.value_or(1);
    made.wafer.edge_exclusion = part.edge;
    const carbon::SquareMillimetres largest{formula::grown_area(part.area.value(), largest_vias)};
    for (const carbon::SquareMillimetres area : {part.area, largest})
      if (auto fine = check(area, made, part.where + ", die '" + part.name + "'"); !fine) return fine;
    if (auto fine = check_bill_die(part, **process); !fine) return fine;

    const Index line = add_line(part.name, Group::silicon, part.count * packages, part.service);
    CompiledBill::Wafers w = wafers(**process, **grid, line);
    if (part.yield_law != YieldLaw::constant)
      w.defects = input((*process)->defects, part.process, line, yield_learning);
    if (part.yield_law == YieldLaw::negative_binomial) w.clustering = input((*process)->clustering, part.process, line);
    const double area = part.area.value();
    for (const bool via : vias)
      out_.dies_.push_back({line, w, area, CompiledBill::silicon_of(area, part.edge.value), count,
                            part.yield.value_or(1), via, part.yield_law, part.edge.value});
    return {};
  }

  /// What a maker of chips would refuse besides what no wafer holds.
  static Result<void> check_bill_die(const DiePart& part, const catalog::FabProcess& process) {
    if (part.area > reticle_field && !part.stitched)
      return bad_input("the die '" + part.name + "' has " + shortest(part.area.value()) +
                           " mm2, more than the 26 x 33 mm that one exposure covers",
                       part.where, "split it, or state stitched = true");
    if (part.yield_law == YieldLaw::murphy && !(process.defects.estimate.low.value() > 0))
      return bad_input("Murphy's yield law takes a defect density above 0, but that of '" + process.id + "' may be 0",
                       part.where, "choose another yield_law");
    return {};
  }

  Result<void> add_bare_die(const DiePart& part) {
    CompiledBill::Package bare;
    bare.arranged = arrangement(catalog::PackageForm::organic, 1);
    bare.first_die = static_cast<Index>(out_.dies_.size());
    if (auto added = add_dies(part, {false}, part.count, 1, 0); !added) return added;
    bare.last_die = static_cast<Index>(out_.dies_.size());
    bare.line = out_.dies_.back().line;
    bare.weight = weight(bare.line, 1);
    out_.packages_.push_back(bare);
    return {};
  }

  Result<void> add_package(std::size_t index) {
    const PackagePart& part = bill_.packages[index];
    const auto found = catalog_.find_package(part.technology, part.where);
    if (!found) return found.error();
    const catalog::PackageTechnology& technology = **found;
    const auto site = catalog_.find_grid(part.site, part.site_where);
    if (!site) return site.error();
    const catalog::FabProcess* carrier = nullptr;
    if (!technology.carrier_process.empty()) {
      const auto process = catalog_.find_process(technology.carrier_process, technology.origin);
      if (!process) return process.error();
      carrier = *process;
    }
    double n = 0;
    for (const DiePart& die : bill_.dies)
      if (die.package == index) n += die.count;
    const auto dies = static_cast<std::size_t>(n);
    const std::string where = part.where + ", package '" + part.name + "'";
    if (auto fine = check_package(technology, dies, carrier != nullptr, where); !fine) return fine;

    CompiledBill::Package package;
    package.joined = true;
    package.amount = part.count;
    package.arranged = arrangement(technology.form, dies);
    package.first_die = static_cast<Index>(out_.dies_.size());
    std::size_t place = 0;
    for (const DiePart& die : bill_.dies) {
      if (die.package != index) continue;
      // In a stack each die has its own place; side by side those of one kind are alike.
      const std::size_t entries = package.arranged.stacked ? static_cast<std::size_t>(die.count) : 1;
      std::vector<bool> vias;
      for (std::size_t i = 0; i < entries; ++i) vias.push_back(has_vias(package.arranged, place++, dies));
      const double most_vias = dies > 1 ? technology.via_area.estimate.high : 0;
      const double count = package.arranged.stacked ? 1 : die.count;
      if (auto added = add_dies(die, vias, count, part.count, most_vias); !added) return added;
    }
    package.last_die = static_cast<Index>(out_.dies_.size());
    if (auto fine = check_carrier(package, technology, carrier, where); !fine) return fine;
    join(package, part, technology, carrier, **site);
    return {};
  }

  /// The carrier must fit a wafer at the largest that the ranges allow.
  Result<void> check_carrier(const CompiledBill::Package& package, const catalog::PackageTechnology& technology,
                             const catalog::FabProcess* carrier, const std::string& where) const {
    if (!package.arranged.carrier && !(package.arranged.bridges > 0)) return {};
    double footprint = 0;
    for (Index i = package.first_die; i < package.last_die; ++i) {
      const CompiledBill::Die& die = out_.dies_[i];
      footprint += die.count * (die.vias ? formula::grown_area(die.area, technology.via_area.estimate.high) : die.area);
    }
    const auto& ratio = technology.carrier_area.estimate;
    for (const double factor : {ratio.low, ratio.high}) {
      const carbon::SquareMillimetres piece{factor * (package.arranged.carrier ? footprint : 1)};
      if (auto fine = check(piece, carrier_process_of(technology, *carrier), where + ", carrier"); !fine) return fine;
    }
    return {};
  }

  void join(CompiledBill::Package& package, const PackagePart& part, const catalog::PackageTechnology& technology,
            const catalog::FabProcess* carrier, const catalog::Grid& site) {
    const Index line = add_line(part.name + ": package", Group::silicon, part.count, part.service);
    package.line = line;
    package.weight = weight(line, part.count);
    const std::string& id = technology.id;
    package.substrate_area = input(technology.substrate_area, id, line);
    package.substrate_energy = input(technology.substrate_energy, id, line);
    package.bonding_energy = input(technology.bonding_energy, id, line);
    package.bonding_yield = input(technology.bonding_yield, id, line, alone, true);
    package.intensity = input(site.average, site.id, line);
    for (Index i = package.first_die; i < package.last_die; ++i)
      if (out_.dies_[i].vias) {
        package.via_area = input(technology.via_area, id, line);
        depends(out_.dies_[i].line, package.via_area);
      }
    if (package.arranged.carrier || package.arranged.bridges > 0) {
      package.carrier_area = input(technology.carrier_area, id, line);
      package.carrier_share = input(technology.carrier_carbon_share, id, line);
      package.carrier_wafers = wafers(*carrier, site, line);
      const auto& defects = carrier_defects(technology, *carrier);
      package.carrier_wafers.defects =
          input(defects, technology.carrier_defects ? id : carrier->id, line, yield_learning);
      package.carrier_wafers.clustering = input(carrier->clustering, carrier->id, line);
    }
    // What is lost with bad bonds depends on all dies; so does each tier, if tiers fail together.
    for (Index i = package.first_die; i < package.last_die; ++i)
      for (const std::size_t of_die : std::vector<std::size_t>(out_.lines_[out_.dies_[i].line].inputs)) {
        depends(line, of_die);
        for (Index j = package.first_die; package.arranged.one_wafer && j < package.last_die; ++j)
          depends(out_.dies_[j].line, of_die);
      }
    out_.packages_.push_back(package);
  }

  void add_term(Index line, Index coefficient, double amount) {
    out_.terms_.push_back({coefficient, line, amount, weight(line, amount)});
  }

  Result<const catalog::Nic*> find_nic(const DevicePart& part) const {
    if (const catalog::Nic* nic = catalog_.nic(part.id)) return nic;
    std::vector<std::string> ids;
    for (const catalog::Nic& nic : catalog_.nics()) ids.push_back(nic.id);
    return bad_input("no nic '" + part.id + "' in the catalogue", part.where, suggest(part.id, ids));
  }

  template <class Record>
  Result<void> add_device(const DevicePart& part, Group group, const Result<const Record*>& record) {
    if (!record) return record.error();
    const Index line = add_line((*record)->name, group, part.count, part.service);
    add_term(line, input((*record)->embodied, part.id, line), part.count);
    return {};
  }

  template <class Part, class Record>
  Result<void> add_capacity(const Part& part, Group group, const Result<const Record*>& record) {
    if (!record) return record.error();
    const Index line = add_line(part.name, group, part.count, part.service);
    add_term(line, input((*record)->embodied, part.technology, line), part.size.value() * part.count);
    return {};
  }

  Result<void> add_base() {
    if (bill_.base.empty()) return {};
    const auto server = catalog_.find_server(bill_.base, bill_.base_where);
    if (!server) return server.error();
    const Index line = add_line("base of " + (*server)->name, Group::base, 1, bill_.life.service);
    add_term(line, input((*server)->base_embodied, bill_.base, line), 1);
    return {};
  }

  Result<void> add_material(const MaterialPart& part) {
    const auto material = catalog_.find_material(part.material, part.where);
    if (!material) return material.error();
    if ((*material)->per != part.unit)
      return bad_input("'" + part.name + "' is in " + part.unit + ", but the material '" + part.material +
                           "' is known by " + (*material)->per,
                       part.where, "state the amount in " + (*material)->per);
    const Index line = add_line(part.name, part.group, part.count, part.service);
    add_term(line, input((*material)->embodied, part.material, line), part.amount * part.count);
    return {};
  }

  Result<void> add_rack() {
    if (!bill_.rack) return {};
    const RackPart& rack = *bill_.rack;
    const auto material = catalog_.find_material(rack.material, rack.where);
    if (!material) return material.error();
    if ((*material)->per != "piece")
      return bad_input("the rack '" + rack.material + "' is known by " + (*material)->per, rack.where,
                       "name a material that is known by the piece");
    const Index line = add_line("share of " + (*material)->name, Group::rack, 1, {});
    add_term(line, input((*material)->embodied, rack.material, line),
             rack.units / rack.of * (bill_.life.years.value() / rack.years.value()));
    return {};
  }

  Result<void> add_design(const DesignPart& part) {
    const auto site = catalog_.find_grid(part.site, part.site_where);
    if (!site) return site.error();
    DesignEffort effort = part.effort;
    effort.intensity = carbon::GramsPerJoule{(*site)->average.value()};
    const auto whole = design_carbon(effort, part.where);
    if (!whole) return whole.error();
    if (const auto share = amortised(*whole, part.volume, part.products, part.where); !share) return share.error();
    const Index line = add_line(part.name, Group::design, part.count, {});
    // The share is energy x intensity, and the intensity is a coefficient.
    const double joules = design_energy(effort).value() / part.volume / part.products * part.count;
    add_term(line, input((*site)->average, (*site)->id, line), joules);
    return {};
  }

  /// Years of a second life and parts that have one go together.
  Result<void> check_second_life() const {
    const bool parts =
        std::any_of(out_.lines_.begin(), out_.lines_.end(), [](const LineHead& line) { return line.second_life; });
    if (parts == (bill_.life.second_years.value() > 0)) return {};
    return parts ? bad_input("parts have a second life of no years", bill_.source, "state second_years in [life]")
                 : bad_input("[life] has second_years, but no part has a second life", bill_.source,
                             "state second_life = true at the parts that are used again, or in [life] for all");
  }

  /// One line for all that is bought again in service, after all others.
  void add_maintenance() {
    if (!out_.maintained_) return;
    LineHead head{"replaced in service", Group::maintenance, 1, {}, false};
    std::vector<bool> used(out_.inputs_.size());
    for (std::size_t i = 0; i < out_.lines_.size(); ++i)
      if (out_.replaced_[i] > 0)
        for (const std::size_t of_line : out_.lines_[i].inputs) used[of_line] = true;
    for (std::size_t i = 0; i < used.size(); ++i)
      if (used[i]) head.inputs.push_back(i);
    out_.lines_.push_back(std::move(head));
  }

  const BillOfMaterials& bill_;
  const Catalog& catalog_;
  CompiledBill out_;
  std::map<std::string, Index, std::less<>> index_;
  std::map<std::string, std::vector<catalog::Figure>, std::less<>> figures_;
};

Result<CompiledBill> CompiledBill::make(const BillOfMaterials& bill, const Catalog& catalog) {
  return Compiler{bill, catalog}.compile();
}

}  // namespace cradle::embodied
