#include "cradle/slicing/map_speeds.h"

#include <algorithm>
#include <limits>

namespace cradle::slicing {

namespace {

const catalog::SliceProfile& profile_at(const PartitionTable& table, std::size_t p) {
  return table.profile(static_cast<ProfileId>(p));
}

double compute_share(const PartitionTable& table, const catalog::SliceProfile& profile) {
  return static_cast<double>(profile.compute) / table.compute_slices();
}

bool same_shares(const PartitionTable& from, const catalog::SliceProfile& a, const PartitionTable& to,
                 const catalog::SliceProfile& b) {
  return a.compute * to.compute_slices() == b.compute * from.compute_slices() &&
         a.memory * to.memory_slices() == b.memory * from.memory_slices();
}

/// Memory of the least profile that is known to hold the job.
carbon::Bytes memory_of(const SliceJob& job, const SlicedMemory& from) {
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t p = 0; p < job.speed.size(); ++p)
    if (job.speed[p] > 0) least = std::min(least, from.slice.value() * profile_at(*from.table, p).memory);
  return carbon::Bytes{least};
}

/// On the line through 0 and the measured speeds around the share of compute; the nearest beyond them.
double between(const SliceJob& job, const PartitionTable& from, double share) {
  double low = 0, low_speed = 0, high = std::numeric_limits<double>::infinity(), high_speed = 0;
  for (std::size_t p = 0; p < job.speed.size(); ++p) {
    const double there = compute_share(from, profile_at(from, p)), speed = job.speed[p];
    if (speed <= 0) continue;
    if (there <= share && there > low) {
      low = there;
      low_speed = speed;
    }
    if (there >= share && there < high) {
      high = there;
      high_speed = speed;
    }
  }
  if (high == std::numeric_limits<double>::infinity() || high <= low) return low_speed;
  return low_speed + (high_speed - low_speed) * (share - low) / (high - low);
}

}  // namespace

Result<MappedSpeeds> map_speeds(std::span<const SliceJob> jobs, const SlicedMemory& from, const SlicedMemory& to) {
  MappedSpeeds mapped;
  for (const SliceJob& job : jobs) {
    const std::size_t measured = from.table->profiles().size();
    if (job.speed.size() != measured)
      return bad_input(std::to_string(job.speed.size()) + " speeds for " + std::to_string(measured) + " profiles",
                       "job " + job.name, "give one for each profile of the accelerator on which it was measured");
    const carbon::Bytes needs = memory_of(job, from);
    SliceJob there = job;
    there.speed.clear();
    for (std::size_t p = 0; p < to.table->profiles().size(); ++p) {
      const catalog::SliceProfile& profile = profile_at(*to.table, p);
      there.speed.push_back(0);
      if (to.slice * static_cast<double>(profile.memory) < needs) continue;
      for (std::size_t q = 0; q < measured; ++q)
        if (job.speed[q] > 0 && same_shares(*from.table, profile_at(*from.table, q), *to.table, profile))
          there.speed.back() = job.speed[q];
      if (there.speed.back() > 0) {
        ++mapped.same_share;
        continue;
      }
      there.speed.back() = between(job, *from.table, compute_share(*to.table, profile));
      ++mapped.between;
    }
    if (!(there.speed[to.table->whole()] > 0))
      return bad_input("the job is only known to run with more memory than " +
                           profile_at(*to.table, to.table->whole()).name + " has",
                       "job " + job.name, "replay on an accelerator with more memory, or --mix");
    mapped.jobs.push_back(std::move(there));
  }
  return mapped;
}

}  // namespace cradle::slicing
