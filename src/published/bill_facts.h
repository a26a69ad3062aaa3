// A bill of materials as the facts that published tools ask for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/catalog/catalog.h"
#include "cradle/embodied/bill_of_materials.h"

namespace cradle::published {

struct DieFact {
  std::string name;
  embodied::Group group = embodied::Group::silicon;
  carbon::SquareMillimetres area;
  std::optional<double> node_nm;           ///< unknown for most devices taken whole
  double count = 1;                        ///< in its package; of a bare die, altogether
  std::string grid;                        ///< of the catalogue; empty: unknown
  carbon::GramsPerKilowattHour intensity;  ///< of that grid
};

/// Dies in one package, or a bare die.
struct PackageFact {
  std::optional<catalog::PackageForm> form;
  double count = 1;
  std::vector<DieFact> dies;
};

struct CapacityFact {
  std::string technology;  ///< id of the catalogue
  double gb = 0;           ///< of one, as it is sold
  double count = 1;
  bool flash = true;  ///< of drives
  double total() const { return gb * count; }
};

struct AcceleratorFact {
  std::string id;
  double count = 1;
  std::optional<carbon::SquareMillimetres> die;
  double memory_gb = 0;
};

struct BillFacts {
  std::vector<PackageFact> packages;  ///< processors first, then accelerators
  std::vector<CapacityFact> memories, drives;
  std::vector<AcceleratorFact> accelerators;
  double sockets = 0, cores = 0;                         ///< 0: unknown
  embodied::Group processor = embodied::Group::silicon;  ///< where the bill counts its processors
  std::vector<std::string> unknown;                      ///< parts whose dies the catalogue does not know

  double memory_gb() const;
  /// Drives of one kind: how many, and of how many GB together.
  double drive_count(bool flash) const;
  double drive_gb(bool flash) const;
};

Result<BillFacts> bill_facts(const embodied::BillOfMaterials& bill, const catalog::Catalog& catalog);

/// The one of `nodes` nearest to `nm` by ratio; nothing if it is further than a quarter.
std::optional<double> nearest_node(double nm, std::span<const double> nodes);

}  // namespace cradle::published
