// Cloud Carbon Footprint's coefficients (cloud-carbon-coefficients; embodied figures after Teads): watts of processor
// families from SPECpower results, and the embodied carbon of the platforms behind cloud instances.
#pragma once

#include <array>
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

namespace cradle::published {

/// Where the coefficients as published differ from what they say. All false: as published.
struct CcfSwitches {
  bool gcp_watts = false;       ///< memory's 0.392 W/GB leaves the watts of the server, before they are split by thread
  bool one_label = false;       ///< AWS's "Sky Lake" is Skylake
  bool aws_gen3 = false;        ///< AWS processors are looked for among EPYC of the third generation too
  bool paired_means = false;    ///< a result without idle watts does not count for full watts either, and vice versa
  bool azure_sockets = false;   ///< Azure's sockets come from Azure's table
  bool local_storage = false;   ///< only local drives count; EBS is no hard disk
  bool instance_share = false;  ///< an instance carries its share of the platform, by virtual processors
  bool hours_of_year = false;   ///< an hour's share of four years of 8,766 hours, not of 360 days of 24
};
std::span<const NamedSwitch<CcfSwitches>> ccf_switches();

/// One SPECpower result.
struct CcfResult {
  std::string cpu;
  double chips = 0, threads = 0;
  carbon::Bytes memory;
  std::optional<carbon::Watts> idle, full;  ///< absent: not measured (NC)
};

struct CcfFamily {
  std::string name;  ///< "EPYC 2nd Gen"
  std::vector<std::string> cpus;
};

/// Means over the results whose processor is one of the family's. NaN where no result has the figure.
struct CcfFamilyFigures {
  std::string name;
  std::size_t results = 0;
  carbon::Watts idle, full, full_gcp;  ///< for each thread
  carbon::Bytes memory_per_chip;
};
CcfFamilyFigures evaluate_ccf(const CcfFamily& family, std::span<const CcfResult> results, const CcfSwitches& switches);

enum class CcfProvider : std::uint8_t { aws, azure, gcp };
std::string_view name(CcfProvider provider);

/// An instance and the platform that it runs on.
struct CcfInstance {
  std::string family;        ///< Azure, GCP
  std::string type;          ///< "c3.xlarge"
  std::string architecture;  ///< AWS: name of the processor
  carbon::Bytes memory;      ///< of the platform, as all that follows
  std::string storage_type;
  double drives = 0, gpus = 0, sockets = 0;
  double share = 1;  ///< virtual processors of the instance over those of the platform
};

/// Kilograms above a platform with one socket and 16 GB, which is 1000 kg.
struct CcfEmbodied {
  carbon::KilogramsCO2e memory, storage, cpus, gpus, total;
};
/// 533/384 kg a GB above 16, 100 an SSD, 50 any other drive, 100 a further socket, 150 a GPU; each rounded to 10 g, as
/// the tables are.
CcfEmbodied evaluate_ccf(const CcfInstance& instance, const CcfSwitches& switches);
/// 1000 kg over four years, for an hour.
carbon::KilogramsCO2e ccf_hourly_share(const CcfSwitches& switches);

/// The coefficients' repository as read.
struct CcfData {
  std::vector<CcfResult> results;
  std::vector<CcfFamily> families;  ///< in the order in which AWS names are looked up, EPYC 3rd Gen last
  std::array<std::vector<CcfInstance>, 3> instances;  ///< by CcfProvider; sockets by the provider's table as published
  std::map<std::string, double> azure_sockets;        ///< by architecture, for the switch
  std::vector<std::string> notes;
};
/// Reads the folder, or its subfolder data. Instance lists that are absent are left out; socket tables that are absent
/// are replaced by those of release dda7621; notes say so. missing_data if nothing is left.
Result<CcfData> read_ccf(const std::filesystem::path& folder);

/// One row of a provider's table of watts.
struct CcfUse {
  std::string architecture;
  carbon::Watts idle, full;
  carbon::Bytes memory_per_chip;
};
/// The table of a provider: the architectures of its instances that a family is known for, in order of appearance.
std::vector<CcfUse> ccf_use_table(const CcfData& data, CcfProvider provider, const CcfSwitches& switches);

}  // namespace cradle::published
