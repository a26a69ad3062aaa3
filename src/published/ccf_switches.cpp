// The switches of Cloud Carbon Footprint by name.
#include <array>

#include "cradle/published/ccf.h"

namespace cradle::published {

std::span<const NamedSwitch<CcfSwitches>> ccf_switches() {
  using S = CcfSwitches;
  static constexpr std::array<NamedSwitch<S>, 8> table = {{
      {"gcp-watts", "GCP: watts of a thread less 0.000392 (kWh for a GB and hour) times the whole server's memory",
       &S::gcp_watts},
      {"one-label", "Skylake is 'Sky Lake' in the AWS table alone, so that joins lose it", &S::one_label, false, true},
      {"aws-gen3", "AWS processors are never looked for among EPYC of the third generation", &S::aws_gen3},
      {"paired-means", "idle and full watts are means over different results where cells are missing",
       &S::paired_means},
      {"azure-sockets", "Azure's sockets are taken from GCP's table", &S::azure_sockets},
      {"local-storage", "network storage counts as a hard disk", &S::local_storage},
      {"instance-share", "each instance carries the whole platform that it runs on", &S::instance_share},
      {"hours-of-year", "an hour's share is labelled g, is kg, and rests on years of 360 days", &S::hours_of_year},
  }};
  return table;
}

}  // namespace cradle::published
