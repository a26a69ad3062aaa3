// A design space: blocks, packages, fabs, volumes, lifetimes and uses, each with its alternatives, read from TOML.
// Every combination is a point, known by its number.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/estimate.h"
#include "cradle/carbon/intensity.h"
#include "cradle/carbon/quantity.h"
#include "cradle/catalog/catalog.h"
#include "cradle/design/point.h"
#include "cradle/embodied/design_effort.h"
#include "cradle/embodied/die.h"

namespace cradle::design {

enum class BlockKind : std::uint8_t { logic, sram, analog };

/// What it takes to reclaim, test and requalify silicon, as a share of the carbon of making and designing it anew. An
/// estimate: of the reused DDR4 behind CXL of the study reuse-ddr4, where 9.6 modules of a first life need two
/// controllers of 2.47 (1.2 .. 10) kg and replace 4.8 new modules of 105.4 (40 .. 110) kg (GreenSKU, ISCA 2024, open
/// data). It holds what makes them usable again; nobody has published what testing takes.
inline constexpr carbon::Estimate<double> ddr4_reclaiming{0.01, 0.0045, 0.104};

struct Reclaiming {
  carbon::Estimate<double> share = ddr4_reclaiming;  ///< ratio, 0 .. 1
  std::string key;                                   ///< what the causes of uncertainty call it
  std::string source;
};

/// A functional block and its own alternatives.
struct Block {
  std::string name;
  BlockKind kind = BlockKind::logic;
  carbon::SquareMillimetres area;  ///< in the reference node (catalog::FabProcess::reference_node)
  carbon::Watts power;             ///< in the reference node, at reference throughput
  double person_years = 0;         ///< of design
  bool critical = true;            ///< its node's delay counts
  std::vector<double> products;    ///< counts that share its design
  std::vector<double> reuse{0};    ///< shares of its silicon that come from a second life, 0 .. 1
  Reclaiming reclaiming;           ///< of that share
  std::vector<const catalog::FabProcess*> nodes;
  std::vector<double> splits;  ///< counts of equal dies, 1 .. 16

  std::uint64_t options() const { return products.size() * reuse.size() * nodes.size() * splits.size(); }
};

/// A place of use: its electricity averaged over when the device works, and over all hours.
struct UseGrid {
  const catalog::Grid* grid = nullptr;
  carbon::Estimate<carbon::GramsPerJoule> work, mean;
};

/// What a design may not exceed, or must reach.
struct Constraints {
  std::optional<carbon::SquareMillimetres> area;           ///< of all dies together, at most
  std::optional<carbon::GramsCO2e> carbon;                 ///< at most
  std::optional<catalog::OperationsPerSecond> throughput;  ///< at least
  std::optional<double> cost;                              ///< US dollars, at most
  std::optional<carbon::Watts> power;                      ///< at full load, at most
};

/// One alternative of every axis, by position.
struct Choice {
  std::size_t integration = 0, package = 0, fab = 0, grid = 0, lifetime = 0, duty = 0, volume = 0;
  struct OfBlock {
    std::size_t product = 0, reuse = 0, node = 0, split = 0;
  };
  std::array<OfBlock, most_blocks> blocks{};
};

/// The axes, in the order of a point's number, slowest first: integration, package, fab, grid, lifetime, duty, volume,
/// then for each block products, reuse, node, split. Number 0 takes the first alternative of each.
struct Space {
  explicit Space(catalog::Catalog records) : catalog(std::move(records)) {}

  std::string name;
  std::string title;
  std::string question;
  std::string source;  ///< what errors call the study

  catalog::Catalog catalog;  ///< holds what the pointers point to
  std::vector<Block> blocks;
  std::vector<bool> merged;  ///< integration: all blocks on one die, or each on its own
  std::vector<const catalog::PackageTechnology*> packages;
  std::vector<const catalog::Grid*> fabs;
  /// Of a die: one exposure, or no limit below the wafer where dies are stitched from several.
  carbon::SquareMillimetres largest_die = embodied::reticle_field;
  std::vector<UseGrid> grids;
  std::vector<carbon::Years> lifetimes;
  std::vector<double> duties;   ///< 0 .. 1
  std::vector<double> volumes;  ///< chips, 1 or more

  const catalog::Grid* design_grid = nullptr;
  embodied::DesignEffort effort;  ///< of one transistor: gates is 1 / transistors per gate
  carbon::Joules energy_per_person_year{};
  carbon::Watts base_power{};
  double idle_share = 0;
  double pue = 1;
  catalog::OperationsPerSecond throughput{1};  ///< at the reference node
  std::string operation = "operation";         ///< what an operation is called
  double traffic_bits = 0;                     ///< between dies for each operation, count

  std::vector<Objective> objectives;
  Constraints constraints;

  std::uint64_t points() const;
  /// Combinations of the blocks' alternatives: the fastest part of a point's number.
  std::uint64_t block_points() const;
  /// Precondition: index < points().
  Choice at(std::uint64_t index) const;
  std::uint64_t index_of(const Choice& choice) const;
  /// Every design does the same work: the largest duty x lifetime of the space at reference throughput. How many
  /// devices, one after the other, do it at these positions of the axes: 1 for the largest, and exactly 1 where there
  /// is one lifetime and one duty.
  double lives(std::size_t lifetime, std::size_t duty) const;
  /// Whether any alternative of any block takes silicon from a second life.
  bool reuses() const;
  /// "compute 2x n5 reuse 0.5, cache n7, io n14 shared by 4 | emib | TW | use CISO | 3 lives of 2 years | duty 0.5 |
  /// 1e5"; the use and what follows only where it has alternatives. Two points have different labels.
  std::string label(std::uint64_t index) const;
};

inline constexpr std::uint64_t most_points = std::uint64_t{1} << 62;

/// Duty and intensity in place of those of the file, as measured in a ledger.
struct MeasuredUse {
  double duty = 0;  ///< 0 (excluded) .. 1
  std::string origin;
};

/// Reads a study. bad_input with file and line on anything that cannot be: an unknown key, process, package or grid
/// (with the nearest name), a negative area, an empty axis, volume or lifetime 0, a package that no combination fits,
/// a block that cannot be made in a node, more than `most_points` points.
Result<Space> parse_space(std::string_view text, std::string source, const catalog::Catalog& catalog,
                          const std::optional<MeasuredUse>& measured = {});

}  // namespace cradle::design
