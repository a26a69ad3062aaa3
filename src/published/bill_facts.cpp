#include "bill_facts.h"

#include <cmath>

#include "cradle/base/text.h"

namespace cradle::published {
namespace {

using embodied::BillOfMaterials;
using embodied::Group;

/// The node that the scope of a die area names: "all dies in the package, 14 nm, XCC die".
std::optional<double> node_named(std::string_view scope) {
  const auto end = scope.find(" nm");
  if (end == std::string_view::npos) return std::nullopt;
  auto start = end;
  while (start > 0 && scope[start - 1] >= '0' && scope[start - 1] <= '9') --start;
  return parse_number(scope.substr(start, end - start));
}

DieFact device_die(const catalog::Record& record, Group group,
                   const catalog::Coefficient<carbon::SquareMillimetres>& area) {
  DieFact die;
  die.name = record.name;
  die.group = group;
  die.area = area.value();
  die.node_nm = node_named(area.provenance.scope);
  return die;
}

class Facts {
 public:
  Facts(const BillOfMaterials& bill, const catalog::Catalog& catalog) : bill_(bill), catalog_(catalog) {}

  Result<BillFacts> collect() {
    facts_.sockets = bill_.sockets;
    facts_.cores = bill_.cores;
    facts_.processor = bill_.processors.empty() ? Group::silicon : Group::processor;
    for (const auto& step : {dies(), processors(), accelerators(), capacities()})
      if (!step) return step.error();
    return std::move(facts_);
  }

 private:
  Result<void> dies() {
    const std::size_t first = facts_.packages.size();
    for (const embodied::PackagePart& part : bill_.packages) {
      const auto technology = catalog_.find_package(part.technology, part.where);
      if (!technology) return technology.error();
      facts_.packages.push_back({(*technology)->form, part.count, {}});
    }
    for (const embodied::DiePart& part : bill_.dies) {
      const auto process = catalog_.find_process(part.process, part.process_where);
      if (!process) return process.error();
      const auto grid = catalog_.find_grid(part.fab, part.fab_where);
      if (!grid) return grid.error();
      DieFact die{part.name, Group::silicon,          part.area, (*process)->node.value(), part.count,
                  part.fab,  (*grid)->average.value()};
      if (part.package) {
        facts_.packages[first + *part.package].dies.push_back(std::move(die));
      } else {
        const double count = die.count;
        die.count = 1;
        facts_.packages.push_back({std::nullopt, count, {std::move(die)}});
      }
    }
    return {};
  }

  Result<void> processors() {
    double sockets = 0, cores = 0;
    for (const embodied::DevicePart& part : bill_.processors) {
      const auto cpu = catalog_.find_cpu(part.id, part.where);
      if (!cpu) return cpu.error();
      sockets += part.count;
      cores += part.count * (*cpu)->cores.value();
      if ((*cpu)->die_area)
        facts_.packages.push_back(
            {catalog::PackageForm::organic, part.count, {device_die(**cpu, Group::processor, *(*cpu)->die_area)}});
      else
        facts_.unknown.push_back((*cpu)->name + ": its dies are not in the catalogue");
    }
    if (facts_.sockets == 0) facts_.sockets = sockets;
    if (facts_.cores == 0) facts_.cores = cores;
    return {};
  }

  Result<void> accelerators() {
    for (const embodied::DevicePart& part : bill_.accelerators) {
      const auto accelerator = catalog_.find_accelerator(part.id, part.where);
      if (!accelerator) return accelerator.error();
      const auto& area = (*accelerator)->die_area;
      facts_.accelerators.push_back({part.id, part.count, area ? std::optional(area->value()) : std::nullopt,
                                     carbon::Gibibytes{(*accelerator)->memory.value()}.value()});
      if (area)
        facts_.packages.push_back(
            {catalog::PackageForm::organic, part.count, {device_die(**accelerator, Group::accelerator, *area)}});
      else
        facts_.unknown.push_back((*accelerator)->name + ": its dies are not in the catalogue");
    }
    return {};
  }

  Result<void> capacities() {
    for (const embodied::MemoryPart& part : bill_.memories)
      facts_.memories.push_back({part.technology, carbon::Gibibytes{part.size}.value(), part.count, true});
    for (const embodied::DrivePart& part : bill_.drives) {
      const auto storage = catalog_.find_storage(part.technology, part.where);
      if (!storage) return storage.error();
      const std::string words = to_lower((*storage)->name + " " + part.technology);
      bool disk = false;
      for (const char* word : {"hdd", "hard disk", "exos", "barracuda", "ironwolf"})
        disk = disk || words.find(word) != std::string::npos;
      facts_.drives.push_back({part.technology, part.size.value() / 1e9, part.count, !disk});
    }
    return {};
  }

  const BillOfMaterials& bill_;
  const catalog::Catalog& catalog_;
  BillFacts facts_;
};

}  // namespace

double BillFacts::memory_gb() const {
  double sum = 0;
  for (const CapacityFact& memory : memories) sum += memory.total();
  return sum;
}
double BillFacts::drive_count(bool flash) const {
  double sum = 0;
  for (const CapacityFact& drive : drives) sum += drive.flash == flash ? drive.count : 0;
  return sum;
}
double BillFacts::drive_gb(bool flash) const {
  double sum = 0;
  for (const CapacityFact& drive : drives) sum += drive.flash == flash ? drive.total() : 0;
  return sum;
}

Result<BillFacts> bill_facts(const BillOfMaterials& bill, const catalog::Catalog& catalog) {
  return Facts(bill, catalog).collect();
}

std::optional<double> nearest_node(double nm, std::span<const double> nodes) {
  std::optional<double> best;
  for (const double node : nodes)
    if (!best || std::abs(std::log(node / nm)) < std::abs(std::log(*best / nm))) best = node;
  constexpr double furthest = 1.25;
  if (best && std::abs(std::log(*best / nm)) > std::log(furthest) + 1e-12) best.reset();
  return best;
}

}  // namespace cradle::published
