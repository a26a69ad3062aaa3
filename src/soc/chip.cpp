#include "cradle/soc/chip.h"

#include <algorithm>
#include <array>

#include "cradle/base/text.h"
#include "cradle/embodied/bill.h"

namespace cradle::soc {

namespace {

using carbon::Estimate;
using carbon::GramsCO2e;
using carbon::SquareMillimetres;

struct Priced {
  embodied::Bill whole, die;
};

Result<Priced> price_at(SquareMillimetres area, const SocFigures& figures, const ReusePlan& plan,
                        const catalog::Catalog& catalog, const std::string& where) {
  embodied::DiePart die;
  die.name = "die";
  die.area = area;
  die.process = figures.node->id;
  die.fab = plan.fab_grid;
  die.stitched = true;
  die.where = die.process_where = die.fab_where = where;
  embodied::BillOfMaterials bill;
  bill.name = "chip";
  bill.source = where;
  bill.dies.push_back(die);
  auto alone = embodied::price(bill, catalog);
  if (!alone) return alone.error();
  embodied::PackagePart package;
  package.name = "package";
  package.technology = plan.package;
  package.site = plan.fab_grid;
  package.where = package.site_where = where;
  bill.packages.push_back(package);
  bill.dies.front().package = 0;
  auto whole = embodied::price(bill, catalog);
  if (!whole) return whole.error();
  return Priced{std::move(*whole), std::move(*alone)};
}

double yield_at(SquareMillimetres area, const carbon::PerSquareMillimetre& defects, double clustering) {
  return embodied::good_fraction(area, {embodied::YieldLaw::negative_binomial, defects, clustering, 1});
}

// --- The design space -----------------------------------------------------------------------------------------------

enum class Group : std::uint8_t { cpu, accelerators, memory, rest };
constexpr std::array<const char*, 4> group_names = {"cpu", "accelerators", "memory", "rest"};

Group group_of(TileKind kind) {
  switch (kind) {
    case TileKind::cpu: return Group::cpu;
    case TileKind::accelerator: return Group::accelerators;
    case TileKind::memory:
    case TileKind::scratchpad: return Group::memory;
    case TileKind::misc:
    case TileKind::empty: return Group::rest;
  }
  return Group::rest;
}

/// Logic or memory of the tiles of a group.
struct SpaceBlock {
  double area = 0;      ///< mm2 in the chip's node
  double power = 0;     ///< W in the chip's node
  double designed = 0;  ///< transistors that this product pays to design: once for each design, its share of it
  double months = 0;    ///< person-months that it pays
};

using SpaceBlocks = std::array<std::array<SpaceBlock, 2>, group_names.size()>;  ///< by group; logic, then memory

SpaceBlocks blocks_of(const SocFigures& figures, const DesignAnswer& answer, const ReusePlan& plan) {
  SpaceBlocks blocks;
  for (const TileFigures& tile : figures.tiles) {
    auto& pair = blocks[static_cast<std::size_t>(group_of(figures.designs[tile.design].kind))];
    const double logic = tile.logic.value.value(), sram = tile.sram.value.value();
    const double whole = logic + sram;
    const auto add = [&](SpaceBlock& block, double area) {
      block.area += area;
      if (whole > 0) block.power += tile.power.value() * area / whole;
    };
    add(pair[0], logic);
    add(pair[1], sram);
  }
  SpaceBlock& top = blocks[static_cast<std::size_t>(Group::rest)][0];
  top.area += figures.top.value.value();
  for (std::size_t i = 0; i < answer.parts.size(); ++i) {
    const DesignPart& part = answer.parts[i];
    const bool tile = i < figures.designs.size();
    auto& pair = blocks[static_cast<std::size_t>(tile ? group_of(figures.designs[i].kind) : Group::rest)];
    const double pays = part.share.value / part.products.value;
    pair[0].designed += part.logic_transistors.value * pays;
    pair[1].designed += part.sram_transistors.value * pays * plan.sram_share.estimate.value;
    pair[0].months += part.person_months.value / part.products.value;
  }
  return blocks;
}

/// A quoted text of TOML. Control characters, which it may not hold, become blanks.
std::string toml_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) ? ' ' : c;
  }
  return out + "\"";
}

/// What a person-year is counted as in the space, kWh: that of the plan, unless that is next to nothing.
double person_year_kwh(const ReusePlan& plan) { return std::max(plan.kwh_per_person_year.estimate.value, 1.0); }

/// Electricity of all that a block's design takes, in person-years.
double design_years(const SpaceBlock& block, const ReusePlan& plan) {
  constexpr double months_per_year = 12, watts_per_kilowatt = 1000;
  const double core_hours = block.designed / plan.transistors_per_gate.estimate.value * plan.iterations.estimate.value /
                            plan.gates_per_core_hour.estimate.value;
  const double compute = core_hours * plan.power_per_core.estimate.value / watts_per_kilowatt;
  const double people = block.months / months_per_year * plan.kwh_per_person_year.estimate.value;
  return (compute + people) / person_year_kwh(plan);
}

std::string block_text(const std::string& name, bool memory, const SpaceBlock& block, const SocFigures& figures,
                       const ReusePlan& plan, const std::string& nodes) {
  const catalog::FabProcess& node = *figures.node;
  const double ratio = (memory ? node.sram_area : node.logic_area).value();
  constexpr double least_area = 1e-3;
  std::string text = "\n[[block]]\nname = " + toml_string(name) + "\nkind = \"" + (memory ? "sram" : "logic") + "\"\n";
  text += "area_mm2 = " + shortest(std::max(block.area / ratio, least_area)) + "\n";
  text += "power_w = " + shortest(block.power / node.switching_energy.value()) + "\n";
  text += "node = " + nodes + "\n";
  if (const double years = design_years(block, plan); years > 0) text += "person_years = " + shortest(years) + "\n";
  if (memory) text += "critical = false\n";
  return text;
}

}  // namespace

Result<ChipMaking> make_chip(const SocFigures& figures, const ReusePlan& plan, const catalog::Catalog& catalog,
                             const std::string& where) {
  const Estimate<SquareMillimetres> area = figures.die();
  const auto value = price_at(area.value, figures, plan, catalog, where);
  if (!value) return value.error();
  const auto low = price_at(area.low, figures, plan, catalog, where);
  if (!low) return low.error();
  const auto high = price_at(area.high, figures, plan, catalog, where);
  if (!high) return high.error();
  ChipMaking making;
  making.die = {value->die.total.value, low->die.total.low, high->die.total.high};
  making.package = {value->whole.total.value - value->die.total.value, low->whole.total.low - low->die.total.low,
                    high->whole.total.high - high->die.total.high};
  const auto& defects = figures.node->defects.estimate;
  const auto& clustering = figures.node->clustering.estimate;
  making.yield = {yield_at(area.value, defects.value, clustering.value),
                  yield_at(area.high, defects.high, clustering.high), yield_at(area.low, defects.low, clustering.low)};
  return making;
}

std::string space_text(const EspConfig& config, const SocFigures& figures, const DesignAnswer& answer,
                       const ReusePlan& plan) {
  std::string nodes = "[" + toml_string(figures.node->id);
  for (const char* other : {"n7", "n5"})
    if (figures.node->id != other) nodes += ", " + toml_string(other);
  nodes += "]";
  const std::string from = toml_string(config.source);
  std::string text = "# The system on chip of " + from + " as a design space: `cradle design explore` reads it.\n";
  text +=
      "#\n# Areas are those of all tiles in 7 nm, from the files and the stated defaults. person_years hold all that "
      "the\n# design of a block takes in " +
      figures.node->id +
      ", computing as well as people, as import-esp counts it: each design once,\n# reused ones with their "
      "integration share, shared ones over the products that share them. iterations is 0, so\n# that computing is "
      "not counted twice; cost has the design and masks of the whole chip. [use] is a place to start.\n";
  text += "name = \"esp\"\ntitle = " + toml_string("System on chip of " + config.source) + "\n";
  text += "question = \"One die or several, in which nodes and which package?\"\n";
  text += "objectives = [\"carbon\", \"delay\", \"cost\"]\n";
  const SpaceBlocks blocks = blocks_of(figures, answer, plan);
  for (std::size_t group = 0; group < blocks.size(); ++group)
    for (const bool memory : {false, true}) {
      const SpaceBlock& block = blocks[group][memory ? 1 : 0];
      if (block.area > 0)
        text +=
            block_text(std::string(group_names[group]) + (memory ? " sram" : ""), memory, block, figures, plan, nodes);
    }
  std::string packages = toml_string(plan.package);
  for (const char* other : {"organic", "rdl"})
    if (plan.package != other) packages += ", " + toml_string(other);
  text += "\n[package]\nintegration = [\"one-die\", \"chiplets\"]\ntechnology = [" + packages + "]\n";
  text += "\n[fab]\ngrid = [" + toml_string(plan.fab_grid) + "]\nstitched = true\n";
  text += "\n[design]\ngrid = " + toml_string(plan.design_grid) + "\nvolume = [" + shortest(plan.volume) + "]\n";
  text += "iterations = 0\nkwh_per_person_year = " + shortest(person_year_kwh(plan)) + "\n";
  text +=
      "\n[use]                                 # all of it assumed\ngrid = [\"US\"]\nlifetime_years = [4]\nduty = "
      "[0.3]\n";
  text += "throughput = 1                        # all tiles at full load in 7 nm are one unit of work each second\n";
  text += "operation = \"unit of work\"\nidle_share = 0.1\n";
  return text;
}

}  // namespace cradle::soc
