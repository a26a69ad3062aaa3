// GreenSKU's carbon model (Wang et al., ISCA 2024): from the parts of a server to a rack, a cluster and a data centre.
//
// Equations restated from the open framework of the paper (Azure/AzurePublicDataset, analysis/GreenSKU-Framework, at
// b469a11; data CC-BY-4.0). Months have 30 days, utilisation (SPEC) is in percent.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"
#include "cradle/published/named_switch.h"

namespace cradle::published::greensku {

using carbon::KilogramsCO2e;
using carbon::Watts;
using Months = carbon::Quantity<carbon::TimeDimension, std::ratio<2'592'000>>;
using KilogramsPerKilowattHour = carbon::Quantity<carbon::IntensityDimension, std::ratio<1, 3600>>;

/// Where the framework may differ from what was published (all off); `switch_table` says why. Corrected is
/// embodied_without_use alone, the slip; the others are choices, each to be taken by name.
struct Switches {
  bool embodied_without_use = false;
  bool supply_loss_in_operation = false;
  bool supply_inverse_efficiency = false;
  bool item_curves = false;
  bool rack_of_servers = false;
  bool building_outside_supply = false;
  bool overhead_in_cores = false;
  bool cpu_nic_failures = false;
  bool buffer_over_sockets = false;
  bool measured_base = false;
  bool single_rounding = false;
  bool per_server_over_racks = false;
};
std::span<const NamedSwitch<Switches>> switch_table();

/// The share of a part's power that it draws at a utilisation: a cubic in (utilisation - middle) / half_range, not
/// clamped, also used outside the measured range.
struct Derate {
  double middle = 0, half_range = 1;
  std::array<double, 4> coefficients{1, 0, 0, 0};  ///< of the powers 0 .. 3

  double at(double utilisation) const {
    const double t = (utilisation - middle) / half_range;
    return ((coefficients[3] * t + coefficients[2]) * t + coefficients[1]) * t + coefficients[0];
  }
};
struct DeratePoint {
  double utilisation;  ///< percent
  double fraction;     ///< of the power
};
/// The least-squares cubic; the constant if all fractions are equal. The release's iterative solver stops short of the
/// minimum, by which its figures differ 1e-9 .. 3e-8 from those of the exact fit. bad_input with fewer than 4 different
/// utilisations, or without any point.
Result<Derate> fit_curve(std::vector<DeratePoint> points, std::string where);

/// One entry of a bill. `carbon`, `power` are of one piece.
struct Part {
  Watts power;
  KilogramsCO2e carbon;
  double number = 0;
  Months lifetime{0};  ///< 0: as long as the server
  Derate curve;        ///< the one found under its name: curves of all parts share one list of names
  Derate own_curve;    ///< its own
};

/// A server's configuration with the parts that its names stand for.
struct Sku {
  std::string name;  ///< its own, or where another configuration has the same or it has none, its file's
  std::string stem;  ///< its file's name without extension
  Part cpu, memory, cxl, cxl_controller, ssd, ssd_reuse;  ///< of one socket
  Part nic;                                               ///< of the server
  std::vector<Part> server, rack, building;
  std::size_t fan = 0;  ///< place of the fan in `server`
  Derate server_curve, rack_curve, building_curve;
  double sockets = 1;
  double cores = 0;              ///< of one socket
  double threads = 2;            ///< of one core
  double overhead = 0;           ///< share of the threads that is not sold; a number of them if `overhead_counts`
  bool overhead_counts = false;  ///< it was written as a number of 1 or more
  double oversubscribable = 0, oversubscription = 0;  ///< shares x, y: cores sold grow by (1 - x) + x / (1 - y)
  double height = 1;                                  ///< rack units
  bool one_unit = true;                               ///< written as "1U": takes that base power
  double rack_height = 42, rack_height_taken = 0;     ///< rack units
  Watts rack_power;
  double servers_in_rack = 0;          ///< 0: as many as power and space allow
  double utilisation = 0;              ///< percent: for energy
  double provisioned_utilisation = 0;  ///< percent: for the power that the rack must supply
  double racks_in_building = 0;
  Watts building_power;
};

struct Parameters {
  Months lifetime;
  double voltage_regulator_overhead = 1;  ///< of the processor's power
  double supply_efficiency = 1;
  KilogramsPerKilowattHour intensity;
  double pue = 1;
  double power_factor = 1;  ///< power drawn over power allocated
  double cpu_efficiency = 1;
  double fan_slope = -1;                  ///< W of fan for each W of server; the fan is not adjusted if 0 or less
  std::optional<Watts> base_1u, base_2u;  ///< at which the fan draws what its part says
};

enum class FailingPart : std::uint8_t { memory, ssd, rest, cpu, nic };
struct FailureRate {
  FailingPart part;
  std::optional<double> yearly;         ///< per piece, ratio
  std::optional<double> reused_yearly;  ///< per reused piece, ratio
  double left_in_place = 0;             ///< share of failures that need no repair
};

struct Region {
  double renewable = 0;  ///< share of its energy
  KilogramsPerKilowattHour grid, renewables;
};
struct FanPoint {
  Watts server, fan;
};
/// Servers of a cluster before, and of both kinds after.
struct Cluster {
  double original = 0, baseline = 0, green = 0;
};

/// Everything in a folder of the framework, names resolved.
struct Framework {
  Parameters parameters;
  std::vector<Sku> skus;  ///< in order of file name
  std::vector<Region> regions;
  std::vector<FanPoint> fan_points;
  std::vector<Cluster> clusters;
  std::vector<FailureRate> failures;
  std::vector<std::string> notes;  ///< which figures are not the input's own
};

/// Finds the tables and server configurations by name below a folder (up to 6 levels). For one configuration, or a
/// folder without tables, looks for them above it. A table that is nowhere is the release's, and noted;
/// so is everything if `input` is empty.
Result<Framework> read(const std::filesystem::path& input);
/// The same from texts by file name: "CPU.yaml", "cluster_data.csv"; any other name is a server configuration. Tables
/// that are not among them are the release's, and so are the configurations if there is none.
Result<Framework> parse(const std::map<std::string, std::string>& files);
/// The release's own folder as it was published.
Framework release();

/// Unweighted mean over regions. Precondition: there is one.
KilogramsPerKilowattHour mean_intensity(std::span<const Region> regions);
/// Slope of the least-squares line of fan power on server power. Precondition: two different server powers.
double fan_slope(std::span<const FanPoint> points);

enum class PartName : std::uint8_t { cpu, memory, cxl, cxl_controller, ssd, ssd_reuse, nic, server, rack, building };
inline constexpr std::size_t part_count = 10;
std::string_view name(PartName part);

struct PartResult {
  KilogramsCO2e operational, embodied;
  Watts allocated, provisioned;
};
struct Carbon {
  KilogramsCO2e operational, embodied;
  KilogramsCO2e total() const { return operational + embodied; }
  friend Carbon operator/(Carbon a, double b) { return {a.operational / b, a.embodied / b}; }
};

struct SkuResult {
  std::array<PartResult, part_count> parts;  ///< by PartName; per socket up to ssd_reuse, groups as a whole
  const PartResult& part(PartName name) const { return parts[static_cast<std::size_t>(name)]; }
  Watts provisioned, allocated, used;  ///< of the server
  Watts without_fan;                   ///< used by all but the fan, before the fan is adjusted
  Watts fan;                           ///< of one fan, adjusted
  Watts rack_provisioned;              ///< what the building counts for a rack
  double servers_per_rack = 0, racks = 0;
  double threads = 0, threads_in_server = 0;  ///< of one socket, of all
  double cores_sold = 0;                      ///< of one socket, in threads
  double failures_per_year = 0;               ///< repairs for each server
  Carbon server, rack, building;
  Carbon per_core, per_core_building;  ///< share of the rack, of the building
  Carbon per_server, per_server_building;
};

/// The whole model of one SKU. Pure, no allocation. Precondition: bases are known if fan_slope > 0.
SkuResult evaluate(const Sku& sku, const Parameters& parameters, std::span<const FailureRate> failures,
                   const Switches& on);

struct ClusterSaving {
  double weighted = 0, unweighted = 0;  ///< percent, by original size; mean over clusters
  KilogramsCO2e before, after;          ///< all clusters, with a buffer of 10 % and maintenance
};
/// Clusters of the baseline alone against clusters of both. Pure, no allocation.
ClusterSaving cluster_saving(std::span<const Cluster> clusters, const SkuResult& baseline, const SkuResult& green,
                             const Switches& on);

/// How a framework is to be evaluated.
struct Setting {
  std::string baseline;  ///< name or stem; empty: "Baseline", or none if there is none
  /// Name or stem of the SKU for which the clusters were sized; empty: "GreenSKU-Full", else the last whose
  /// name does not begin with the baseline's; none without a baseline.
  std::string cluster_sku;
  /// True: params.yaml as it is. False: as the release evaluates, with mean intensity of the regions, PUE 1.12, power
  /// factor 0.66 and the fitted fan slope in place of the file's.
  bool plain = false;
  std::optional<KilogramsPerKilowattHour> intensity;  ///< in place of either
  Switches switches;
};

struct Savings {
  double operational = 0, embodied = 0, total = 0;  ///< percent of the baseline, per core
};
struct SkuEvaluation {
  std::string name;
  SkuResult result;
  // Against the baseline; all 0 without one, `clusters` without a cluster SKU as well.
  Savings savings;          ///< unrounded
  Savings table;            ///< as the paper's Table VIII prints them: whole percents, from figures of two decimals
  Savings before_rounding;  ///< the last, before they are rounded to whole percents
  ClusterSaving clusters;
};
struct Evaluation {
  Parameters parameters;            ///< as used
  std::vector<SkuEvaluation> skus;  ///< in the framework's order
  /// The release's cluster sizes belong to both: without either there is no figure of a cluster or data centre's
  /// saving.
  std::optional<std::size_t> baseline, cluster_sku;
  double cluster_percent = 0;             ///< of cluster_sku, rounded to a whole percent unless single_rounding
  double building_percent = 0;            ///< saving of a data centre, unrounded
  double baseline_operational_share = 0;  ///< of a rack's carbon
};
/// bad_input if the baseline or cluster SKU that is named is unknown, fewer than one server fits a rack, or the failure
/// rates have CPU or NIC entries, at which the release stops (unless that switch is on).
Result<Evaluation> evaluate(const Framework& framework, const Setting& setting);

}  // namespace cradle::published::greensku
