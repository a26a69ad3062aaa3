// What a server, a card or a phone is made of: parts by name and amount, no carbon yet. Read from TOML, or the parts of
// a server of the catalogue.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"
#include "cradle/catalog/catalog.h"
#include "cradle/embodied/design_effort.h"
#include "cradle/embodied/die.h"

namespace cradle::embodied {

/// Where parts stand in a sum by group.
enum class Group : std::uint8_t {
  silicon,    ///< dies and their packages
  processor,  ///< processors taken whole from the catalogue
  memory,
  storage,
  accelerator,  ///< accelerators taken whole from the catalogue
  network,
  board,
  power,    ///< power supplies, batteries
  chassis,  ///< housing, rails, cooling
  rack,     ///< share of the rack that it stands in
  base,     ///< a catalogue server's chassis, boards and power supplies as one figure
  assembly,
  transport,
  end_of_life,
  design,       ///< share of making the design
  maintenance,  ///< parts replaced in service
  other,
};
inline constexpr std::size_t group_count = 17;
/// "silicon", ..., "end of life": the word of tables and of TOML.
std::string_view name(Group group);

/// What happens to a part after it was made.
struct InService {
  double failures_per_year = 0;  ///< ratio of pieces that fail in a year
  double repaired_in_place = 0;  ///< ratio of failures that need no new part
  bool second_life = false;      ///< used again when the first life is over

  /// Ratio of pieces that are bought again in a year.
  double replaced_per_year() const { return failures_per_year * (1 - repaired_in_place); }
};

/// Dies of one kind.
struct DiePart {
  std::string name;
  double count = 1;  ///< in each package; of a die without a package: altogether
  carbon::SquareMillimetres area;
  std::string process;  ///< fab process of the catalogue
  std::string fab;      ///< grid of the catalogue
  /// Ratio of good dies in place of the process's own yield; only of the constant law.
  std::optional<double> yield;
  YieldLaw yield_law = YieldLaw::negative_binomial;
  Millimetres edge;       ///< ring of the wafer without dies
  bool stitched = false;  ///< exposed in several fields, and so may exceed the reticle
  InService service;      ///< of a die in a package: that of the package
  /// Index in BillOfMaterials::packages; a die without one is priced as silicon alone.
  std::optional<std::size_t> package;
  std::string where, process_where, fab_where;  ///< file and line, for errors
};

/// Packages of one kind. Its dies are those that name it, in their order: in a stack from the bottom up.
struct PackagePart {
  std::string name;
  std::string technology;  ///< package of the catalogue
  double count = 1;
  std::string site;  ///< grid where carrier silicon, substrate and bonds are made
  InService service;
  std::string where, site_where;
};

struct MemoryPart {
  std::string name;
  std::string technology;  ///< memory of the catalogue
  carbon::Bytes size;      ///< of one module
  double count = 1;        ///< modules
  InService service;
  std::string where;
};

struct DrivePart {
  std::string name;
  std::string technology;  ///< storage of the catalogue
  carbon::Bytes size;      ///< of one drive
  double count = 1;
  InService service;
  std::string where;
};

/// A part that the catalogue has whole: accelerator, processor (cpu) or network card (nic).
struct DevicePart {
  std::string id;
  double count = 1;
  InService service;
  std::string where;
};

/// Anything else: an amount of a material of the catalogue.
struct MaterialPart {
  std::string name;
  std::string material;
  double amount = 0;  ///< of `unit` each
  std::string unit;   ///< the material's own: "kg", "m2", "t km", "piece", ...
  double count = 1;
  Group group = Group::other;
  InService service;
  std::string where;
};

/// A chip's design, of which each product carries a share.
struct DesignPart {
  std::string name;
  DesignEffort effort;  ///< its intensity is that of `site`
  std::string site;     ///< grid of designers and their servers
  double volume = 1;    ///< chips made of this design
  double products = 1;  ///< products that share the block
  double count = 1;     ///< chips of this design in this bill
  std::string where, site_where;
};

/// Share of a rack: units of its height, for as long as the bill is in service out of the rack's own years.
struct RackPart {
  std::string material;  ///< of the catalogue, by the piece
  double units = 1;      ///< of height that the product takes
  double of = 42;        ///< units that the rack has
  carbon::Years years{15};
  std::string where;
};

/// Time in service, and defaults for every part that says nothing else.
struct Life {
  carbon::Years years{6};
  InService service;
  carbon::Years second_years{0};  ///< further years of the parts that are used again
  double second_share = 1;        ///< ratio of those parts that passes the test for it
};

struct BillOfMaterials {
  std::string name;
  std::string source;  ///< file, or "server ID"
  std::string note;
  std::string vendor;  ///< may be empty
  int year = 0;        ///< of sale; 0 unknown
  double sockets = 0;  ///< 0 unknown
  double cores = 0;    ///< of all sockets; 0 unknown
  std::vector<PackagePart> packages;
  std::vector<DiePart> dies;
  std::vector<DevicePart> processors;
  std::vector<MemoryPart> memories;
  std::vector<DrivePart> drives;
  std::vector<DevicePart> accelerators;
  std::vector<DevicePart> networks;
  std::string base;  ///< server of the catalogue whose base (chassis, boards, power) this has; may be empty
  std::string base_where;
  std::vector<MaterialPart> materials;
  std::optional<RackPart> rack;
  std::vector<DesignPart> designs;
  Life life;

  /// Capacity of all modules, of all drives.
  carbon::Bytes memory_size() const;
  carbon::Bytes drive_size() const;
};

/// Reads a bill. Fields: docs/embodied.md. The catalogue is not asked: ids that it lacks are found when pricing.
/// bad_input with file and line on anything that is malformed, out of range, unknown or missing; missing_data if there
/// is no such file.
Result<BillOfMaterials> parse_bill(std::string_view text, std::string source);
Result<BillOfMaterials> read_bill(const std::filesystem::path& path);

/// A server of the catalogue as configured.
BillOfMaterials bill_of(const catalog::Server& server, const catalog::Catalog& catalog);

/// The bills that are compiled in, in order of name: "dell-r740", ...
struct EmbeddedBill {
  std::string_view name;
  std::string_view text;
};
std::span<const EmbeddedBill> embedded_bills();

/// A server of the catalogue, an embedded bill, or a file, tried in this order; an error names what there is.
Result<BillOfMaterials> find_bill(std::string_view subject, const catalog::Catalog& catalog);

}  // namespace cradle::embodied
