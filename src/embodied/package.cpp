#include "cradle/embodied/package.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "cradle/base/text.h"

namespace cradle::embodied {

namespace {

using carbon::GramsCO2e;
using carbon::SquareMillimetres;
using catalog::PackageForm;
using catalog::PackageTechnology;

/// The dies with their vias.
struct Silicon {
  DieCarbon plain;  ///< as they are without vias
  GramsCO2e grams;  ///< with vias
  SquareMillimetres footprint, bonded;
};

SquareMillimetres grown(const PackagedDie& die, double via_share, bool vias) {
  return vias ? SquareMillimetres{formula::grown_area(die.area.value(), via_share)} : die.area;
}

void add(DieCarbon& sum, const DieCarbon& die) {
  sum.silicon += die.silicon;
  sum.edge += die.edge;
  sum.loss += die.loss;
  sum.yield *= die.yield;
  sum.dies_per_wafer = die.dies_per_wafer;
}

/// Dies made and tested on their own.
Silicon separate_dies(std::span<const PackagedDie> dies, const PackageTechnology& technology,
                      const Arrangement& arranged) {
  Silicon silicon;
  for (std::size_t i = 0; i < dies.size(); ++i) {
    const PackagedDie& die = dies[i];
    const SquareMillimetres area = grown(die, technology.via_area.value(), has_vias(arranged, i, dies.size()));
    add(silicon.plain, die_carbon(die.area, die.process, die.fab_intensity));
    silicon.grams += die_carbon(area, die.process, die.fab_intensity).total();
    silicon.footprint = arranged.stacked ? std::max(silicon.footprint, area) : silicon.footprint + area;
    if (!arranged.stacked || i > 0) silicon.bonded += area;
  }
  return silicon;
}

/// Grams of tiers that share a wafer and its yield, each with `footprint` of area.
DieCarbon tiers(std::span<const PackagedDie> dies, SquareMillimetres footprint) {
  DieCarbon sum;
  for (const PackagedDie& die : dies) add(sum, die_carbon(footprint, die.process, die.fab_intensity));
  // What one tier loses alone is not what it loses with the others: a bad tier spoils them all.
  sum.loss = (sum.silicon + sum.edge) * (1 / sum.yield - 1);
  return sum;
}

Silicon tiers_of_one_wafer(std::span<const PackagedDie> dies, const PackageTechnology& technology,
                           const Arrangement& arranged) {
  Silicon silicon;
  SquareMillimetres plain;
  for (std::size_t i = 0; i < dies.size(); ++i) {
    plain = std::max(plain, dies[i].area);
    silicon.footprint =
        std::max(silicon.footprint, grown(dies[i], technology.via_area.value(), has_vias(arranged, i, dies.size())));
  }
  silicon.plain = tiers(dies, plain);
  silicon.grams = tiers(dies, silicon.footprint).total();
  silicon.bonded = silicon.footprint * arranged.bonds;
  return silicon;
}

}  // namespace

std::string_view name(PackageForm form) {
  constexpr std::array<std::string_view, 7> names = {"organic",           "fan-out", "bridge",    "passive interposer",
                                                     "active interposer", "stacked", "monolithic"};
  return names[static_cast<std::size_t>(form)];
}

Result<void> check_package(const PackageTechnology& technology, std::size_t dies, bool has_carrier_process,
                           std::string where) {
  const std::string what = "the package '" + technology.id + "' (" + std::string(name(technology.form)) + ")";
  if (dies == 0) return bad_input(what + " holds no die", std::move(where), "name its dies");
  const double most = technology.most_dies.value();
  if (static_cast<double>(dies) > most)
    return bad_input(what + " holds " + std::to_string(dies) + " dies, the technology carries " + shortest(most),
                     std::move(where), "use fewer dies or another technology");
  const bool joins = technology.form == PackageForm::bridge || technology.form == PackageForm::stacked ||
                     technology.form == PackageForm::monolithic;
  if (joins && dies == 1)
    return bad_input(what + " has nothing to join: it holds one die", std::move(where),
                     "use an organic package, or name at least two dies");
  const auto& yield = technology.bonding_yield.estimate;
  if (!(yield.low > 0 && yield.high <= 1))
    return bad_input(what + " has a bonding yield outside 0 (excluded) .. 1", technology.origin,
                     "correct bonding_yield");
  const auto& vias = technology.via_area.estimate;
  if (!(vias.low >= 0 && vias.high < 1))
    return bad_input(what + " gives a part outside 0 .. 1 (excluded) of its dies to vias", technology.origin,
                     "correct via_area");
  const Arrangement arranged = arrangement(technology.form, dies);
  if ((arranged.carrier || arranged.bridges > 0) && !has_carrier_process)
    return bad_input(what + " names no process for its silicon", technology.origin, "add carrier_process");
  return {};
}

Process process_of(const catalog::FabProcess& record) {
  Process process;
  process.energy = record.energy.value();
  process.gas = record.gas.value();
  process.material = record.material.value();
  process.yield.defects = record.defects.value();
  process.yield.clustering = record.clustering.value();
  return process;
}

const catalog::Coefficient<PerSquareMillimetre>& carrier_defects(const PackageTechnology& technology,
                                                                 const catalog::FabProcess& process) {
  return technology.carrier_defects ? *technology.carrier_defects : process.defects;
}

Process carrier_process_of(const PackageTechnology& technology, const catalog::FabProcess& record) {
  Process process = process_of(record);
  process.yield.defects = carrier_defects(technology, record).value();
  return process;
}

Result<PackageCarbon> package_carbon(std::span<const PackagedDie> dies, const PackageTechnology& technology,
                                     const catalog::FabProcess* carrier, carbon::GramsPerJoule intensity,
                                     const std::string& where) {
  if (auto fine = check_package(technology, dies.size(), carrier != nullptr, where); !fine) return fine.error();
  const Arrangement arranged = arrangement(technology.form, dies.size());
  for (std::size_t i = 0; i < dies.size(); ++i) {
    const PackagedDie& die = dies[i];
    if (auto fine = check(die.area, die.process, where); !fine) return fine.error();
    const SquareMillimetres area = grown(die, technology.via_area.value(), has_vias(arranged, i, dies.size()));
    if (auto fine = check(area, die.process, where); !fine) return fine.error();
  }

  const Silicon silicon =
      arranged.one_wafer ? tiers_of_one_wafer(dies, technology, arranged) : separate_dies(dies, technology, arranged);
  PackageCarbon package;
  package.dies = silicon.plain;
  package.vias = silicon.grams - silicon.plain.total();
  if (arranged.carrier || arranged.bridges > 0) {
    const SquareMillimetres piece{technology.carrier_area.value() *
                                  (arranged.carrier ? silicon.footprint.value() : 1.0)};
    const Process process = carrier_process_of(technology, *carrier);
    if (auto fine = check(piece, process, where + ", carrier"); !fine) return fine.error();
    const double pieces = arranged.carrier ? 1 : arranged.bridges;
    package.carrier =
        die_carbon(piece, process, intensity).total() * (pieces * technology.carrier_carbon_share.value());
  }
  const auto joined = formula::join<double>(
      {silicon.grams.value(), package.carrier.value(), silicon.footprint.value(), silicon.bonded.value(),
       arranged.bonds},
      {technology.substrate_area.value(), technology.substrate_energy.value().value(),
       technology.bonding_energy.value().value(), technology.bonding_yield.value(), intensity.value()});
  package.substrate = GramsCO2e{joined.substrate};
  package.bonding = GramsCO2e{joined.bonding};
  package.loss = GramsCO2e{joined.loss};
  package.bonding_yield = std::pow(technology.bonding_yield.value(), arranged.bonds);
  return package;
}

}  // namespace cradle::embodied
