// Sites, jobs, changed capacities and latency matrices of region dispatch on any bytes: within the limits, or one error
// with a place and a hint.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "cradle/shifting/region_input.h"

namespace {

void told(const cradle::Error& error) {
  if (error.where.empty() || error.hint.empty()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cradle::shifting;
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const std::vector<std::string> names{"a", "b"};
  if (const auto sites = read_region_sites(text, "fuzz.csv"); !sites)
    told(sites.error());
  else
    for (const SiteRow& site : *sites)
      if (site.capacity < 1 || site.capacity > most_units || !(site.pue >= 1) || site.zone.empty()) std::abort();
  if (const auto jobs = read_region_jobs(text, "fuzz.csv", names); !jobs)
    told(jobs.error());
  else
    for (const RegionJob& job : *jobs)
      if (job.length < 1 || job.deadline - job.release < job.length || job.demand < 1 || job.home < 0 || job.home > 1)
        std::abort();
  std::vector<RegionSite> sites(2);
  for (std::size_t s = 0; s < 2; ++s) {
    sites[s].name = names[s];
    sites[s].capacity.assign(8, 1);
  }
  if (const auto changed = read_capacity_changes(text, "fuzz.csv", sites); !changed) told(changed.error());
  for (const RegionSite& site : sites)
    for (const Units units : site.capacity)
      if (units < 0 || units > most_units) std::abort();
  if (const auto latency = read_latency_matrix(text, "fuzz.csv", names); !latency)
    told(latency.error());
  else if (latency->size() != 4)
    std::abort();
  return 0;
}
