// Opinions of the tools that price whole servers or bought parts: SCARIF, Boavizta, CCF, GreenSKU.
#include <algorithm>
#include <array>
#include <cmath>

#include "cradle/base/text.h"
#include "cradle/published/boavizta.h"
#include "cradle/published/ccf.h"
#include "cradle/published/scarif.h"
#include "opinion_tools.h"
#include "switches.h"

namespace cradle::published {
namespace {

using carbon::GramsCO2e;
using carbon::KilogramsCO2e;
using embodied::Group;

constexpr const char* per_gb = "kgCO2e/GB";
constexpr const char* each = "kgCO2e each";
constexpr const char* not_a_server = "everything: the bill names no processor sockets";

bool is_server(const BillFacts& facts) { return facts.sockets > 0; }
GramsCO2e grams(double kilograms) { return GramsCO2e{KilogramsCO2e{kilograms}}; }

/// Where chassis, boards and power supplies of a server stand in this bill: as one figure, or part by part.
Group housing(const OpinionCase& question, Group part) { return question.bill.base.empty() ? part : Group::base; }

double material_amount(const OpinionCase& question, std::string_view material) {
  double sum = 0;
  for (const embodied::MaterialPart& part : question.bill.materials)
    if (part.material == material) sum += part.amount * part.count;
  return sum;
}

/// The total with one amount changed, less the total without it: what that amount contributes.
double scarif_difference(ScarifServer server, const ScarifSwitches& switches, void (*clear)(ScarifServer&)) {
  const auto with = evaluate_scarif(server, switches);
  clear(server);
  const auto without = evaluate_scarif(server, switches);
  return with && without ? (with->base - without->base).value() : 0;
}

}  // namespace

Opinion scarif_opinion(const OpinionCase& question) {
  OpinionWriter writer("scarif", question.mode);
  const BillFacts& facts = question.facts;
  if (!is_server(facts) || facts.cores <= 0) {
    writer.left_out("everything: SCARIF needs the cores of a server");
    return writer.finish();
  }
  // Terms are taken apart below, so that a clamp of their sum must not hide them.
  ScarifSwitches switches = switches_of(question.mode, scarif_switches());
  switches.not_negative = false;
  ScarifServer server;
  server.name = question.bill.name;
  server.cores = facts.cores;
  server.dram = carbon::Bytes{facts.memory_gb() * 1e9};
  server.ssd = carbon::Bytes{facts.drive_gb(true) * 1e9};
  server.hdd = carbon::Bytes{facts.drive_gb(false) * 1e9};
  server.year = question.bill.year > 0 ? question.bill.year : 2020;
  for (const char* vendor : {"HP", "Dell", "Lenovo"})
    if (to_lower(question.bill.vendor).starts_with(to_lower(vendor))) server.vendor = vendor;
  writer.covered("cores, memory and drives");
  writer.covered("year " + std::to_string(server.year) + (question.bill.year > 0 ? "" : " (assumed)") +
                 " and the constant of " + server.vendor);

  using Server = ScarifServer;
  const auto part = [&](Group group, const char* coefficient, const char* unit, double amount, void (*clear)(Server&)) {
    if (amount > 0) writer.term(group, coefficient, unit, amount, grams(scarif_difference(server, switches, clear)));
  };
  part(facts.processor, "core", "kgCO2e/core", facts.cores, [](Server& s) { s.cores = 0; });
  part(Group::memory, "DRAM", per_gb, facts.memory_gb(), [](Server& s) { s.dram = carbon::Bytes{}; });
  part(Group::storage, "flash", per_gb, facts.drive_gb(true), [](Server& s) { s.ssd = carbon::Bytes{}; });
  part(Group::storage, "hard disk", per_gb, facts.drive_gb(false), [](Server& s) { s.hdd = carbon::Bytes{}; });
  Server bare = server;
  bare.cores = 0;
  bare.dram = bare.ssd = bare.hdd = carbon::Bytes{};
  if (const auto rest = evaluate_scarif(bare, switches))
    writer.term(Group::base, "year and vendor", each, 1, GramsCO2e{rest->base});

  constexpr std::array<double, 8> nodes = {28, 20, 14, 10, 8, 7, 5, 3};
  for (const PackageFact& package : facts.packages) {
    if (package.dies.front().group != Group::accelerator) continue;
    const DieFact& die = package.dies.front();
    const auto node = die.node_nm ? nearest_node(*die.node_nm, nodes) : std::nullopt;
    if (!node) {
      writer.left_out(die.name + ": no node of SCARIF's near its own");
      continue;
    }
    Server with = bare;
    with.accelerator = ScarifChip{*node, package.count * die.area};
    const auto carbon = evaluate_scarif(with, switches);
    if (!carbon) continue;
    writer.term(Group::accelerator, "accelerator silicon", "kgCO2e/cm2", package.count * die.area.value() / 100,
                GramsCO2e{carbon->accelerator});
    writer.covered(die.name + " (" + shortest(*node) + " nm)");
  }
  for (const std::string& what : facts.unknown) writer.left_out(what);
  writer.left_out("boards, chassis and power supplies, but in the constant");
  return writer.finish();
}

Opinion boavizta_opinion(const OpinionCase& question) {
  OpinionWriter writer("boavizta", question.mode);
  const BillFacts& facts = question.facts;
  if (!is_server(facts)) {
    writer.left_out(not_a_server);
    return writer.finish();
  }
  BoaviztaServer server;
  server.type = material_amount(question, "blade") > 0 ? "blade" : "rack";
  server.where = question.bill.name;
  server.cpu.units = facts.sockets;
  double die = 0;
  for (const PackageFact& package : facts.packages)
    if (package.dies.front().group == facts.processor)
      for (const DieFact& fact : package.dies) die += package.count * fact.count * fact.area.value();
  if (die > 0)
    server.cpu.die = carbon::SquareMillimetres{die / facts.sockets};
  else if (facts.cores > 0)
    server.cpu.cores = facts.cores / facts.sockets;
  writer.covered(die > 0 ? "processors by their dies" : "processors by their cores");
  server.ram.emplace();
  for (const CapacityFact& fact : facts.memories) {
    BoaviztaRam ram;
    ram.units = fact.count;
    ram.capacity = carbon::Bytes{fact.gb * 1e9};
    server.ram->push_back(ram);
  }
  server.disks.emplace();
  for (const CapacityFact& fact : facts.drives) {
    BoaviztaDisk disk;
    disk.type = fact.flash ? "ssd" : "hdd";
    disk.units = fact.count;
    disk.capacity = carbon::Bytes{fact.gb * 1e9};
    server.disks->push_back(disk);
  }
  // The tool takes no disks for the archetype's: a bill without drives has none in either mode.
  BoaviztaSwitches switches = switches_of(question.mode, boavizta_switches());
  switches.no_disks = true;
  if (const double kilograms = material_amount(question, "psu"); kilograms > 0)
    server.power_supply = {1, Kilograms{kilograms}};
  else
    writer.covered("power supplies, assumed: two of 2.99 kg");
  const auto report = evaluate_boavizta(server, {}, switches);
  if (!report) {
    writer.left_out(report.error().message);
    return writer.finish();
  }
  for (const BoaviztaComponent& component : report->components) {
    const std::string& name = component.name;
    const GramsCO2e carbon{component.embodied.value};
    if (name == "cpu") {
      if (die > 0)
        writer.term(facts.processor, "logic silicon", "kgCO2e/cm2", die / 100, carbon);
      else
        writer.term(facts.processor, "processor", each, facts.sockets, carbon);
    } else if (name.starts_with("ram")) {
      writer.term(Group::memory, "DRAM", per_gb, 0, carbon);
    } else if (name.starts_with("ssd")) {
      writer.term(Group::storage, "flash", per_gb, 0, carbon);
    } else if (name.starts_with("hdd")) {
      writer.term(Group::storage, "hard disk", per_gb, 0, carbon);
    } else if (name == "power supply") {
      writer.term(housing(question, Group::power), "power supply", "kgCO2e in all", 1, carbon);
    } else if (name == "case") {
      writer.term(housing(question, Group::chassis), "case", each, 1, carbon);
    } else if (name == "motherboard") {
      writer.term(housing(question, Group::board), "main board", each, 1, carbon);
    } else if (name == "assembly") {
      writer.term(housing(question, Group::assembly), "assembly", each, 1, carbon);
    }
  }
  // The components say how much, the bill how many GB.
  if (facts.memory_gb() > 0) writer.term(Group::memory, "DRAM", per_gb, facts.memory_gb(), {});
  if (facts.drive_gb(true) > 0) writer.term(Group::storage, "flash", per_gb, facts.drive_gb(true), {});
  if (facts.drive_gb(false) > 0) writer.term(Group::storage, "hard disk", per_gb, facts.drive_gb(false), {});
  writer.covered("memory, drives, main board, case, assembly");

  for (const AcceleratorFact& accelerator : facts.accelerators) {
    BoaviztaServer with = server;
    with.gpu.emplace();
    with.gpu->units = accelerator.count;
    with.gpu->die = accelerator.die;
    if (accelerator.memory_gb > 0) with.gpu->memory = carbon::Bytes{accelerator.memory_gb * 1e9};
    const auto loaded = evaluate_boavizta(with, {}, switches);
    if (!loaded) continue;
    writer.term(Group::accelerator, "accelerator board", each, accelerator.count,
                GramsCO2e{loaded->embodied.value - report->embodied.value});
    writer.covered(accelerator.id + " as a board of the tool's default mass");
  }
  if (!question.bill.networks.empty()) writer.left_out("network cards");
  return writer.finish();
}

Opinion ccf_opinion(const OpinionCase& question) {
  OpinionWriter writer("ccf", question.mode);
  const BillFacts& facts = question.facts;
  if (!is_server(facts)) {
    writer.left_out(not_a_server);
    return writer.finish();
  }
  const CcfSwitches switches = switches_of(question.mode, ccf_switches());
  CcfInstance instance;
  instance.memory = carbon::Bytes{facts.memory_gb() * 1e9};
  instance.sockets = facts.sockets;
  for (const AcceleratorFact& accelerator : facts.accelerators) instance.gpus += accelerator.count;
  instance.storage_type = "SSD";
  instance.drives = facts.drive_count(true);
  const CcfEmbodied embodied = evaluate_ccf(instance, switches);
  CcfInstance disks;
  disks.storage_type = "HDD";
  disks.drives = facts.drive_count(false);
  writer.term(Group::base, "platform", each, 1,
              GramsCO2e{embodied.total - embodied.memory - embodied.storage - embodied.cpus - embodied.gpus});
  if (facts.memory_gb() > 0) writer.term(Group::memory, "DRAM", per_gb, facts.memory_gb(), GramsCO2e{embodied.memory});
  if (facts.drive_gb(true) > 0)
    writer.term(Group::storage, "flash", per_gb, facts.drive_gb(true), GramsCO2e{embodied.storage});
  if (facts.drive_gb(false) > 0)
    writer.term(Group::storage, "hard disk", per_gb, facts.drive_gb(false),
                GramsCO2e{evaluate_ccf(disks, switches).storage});
  writer.term(facts.processor, "further socket", each, facts.sockets - 1, GramsCO2e{embodied.cpus});
  if (instance.gpus > 0) writer.term(Group::accelerator, "GPU", each, instance.gpus, GramsCO2e{embodied.gpus});
  writer.covered("a platform of one socket and 16 GB; what is above it");
  return writer.finish();
}

Opinion greensku_opinion(const OpinionCase& question) {
  OpinionWriter writer("greensku", question.mode);
  const BillFacts& facts = question.facts;
  // Open data of the GreenSKU framework (Azure/AzurePublicDataset at b469a11, CC-BY-4.0): 64 GB DIMM 105.4 kg, 2 TB
  // drive 34.65 kg, processor of 80 cores 30.7 kg, network card 58.09 kg, the rest of a 2U server 375 kg.
  constexpr double dram = 105.4 / 64, flash = 34.65 / 2000, processor = 30.7, card = 58.09, rest = 375;
  // As published, parts are multiplied by PUE 1.12 and power factor 0.66, processors by their regulator's 1.05 as well.
  const double slip = question.mode == Mode::as_published ? 1.12 * 0.66 : 1;
  const double regulator = question.mode == Mode::as_published ? 1.05 : 1;
  const auto add = [&](Group group, const char* coefficient, const char* unit, double amount, double kilograms) {
    if (amount > 0) writer.term(group, coefficient, unit, amount, grams(amount * kilograms));
  };
  add(Group::memory, "DRAM", per_gb, facts.memory_gb(), dram * slip);
  add(Group::storage, "flash", per_gb, facts.drive_gb(true), flash * slip);
  if (facts.drive_gb(false) > 0) writer.left_out("hard disks");
  if (is_server(facts)) {
    add(facts.processor, "processor", each, facts.sockets, processor * slip * regulator);
    writer.covered("processors as one of 80 cores");
    add(Group::base, "rest of the server", each, 1, rest);
  }
  double cards = 0;
  for (const embodied::DevicePart& part : question.bill.networks) cards += part.count;
  add(Group::network, "network card", each, cards, card * slip);
  if (facts.memory_gb() > 0 || facts.drive_gb(true) > 0) writer.covered("memory and flash by capacity");
  for (const AcceleratorFact& accelerator : facts.accelerators) writer.left_out(accelerator.id);
  return writer.finish();
}

// --- SCI ------------------------------------------------------------------------------------------------------------

Opinion sci_opinion(const OpinionCase& question) {
  OpinionWriter writer("sci", question.mode);
  writer.left_out(
      "everything: SCI takes embodied carbon as an input, times the reserved share and time, and has none of its own");
  return writer.finish();
}

}  // namespace cradle::published
