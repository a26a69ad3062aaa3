// Which processes used a GPU, where its meter knows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cradle/meter/meter.h"

namespace cradle::meter {

/// A process's use of one zone (of kind gpu or gpu_instance) since the reading before.
struct GpuProcessUse {
  std::int32_t pid = 0;
  std::size_t zone = 0;     ///< position in the meter's zones()
  std::int64_t use_ns = 0;  ///< time for which it kept the multiprocessors busy, 0 .. the interval
};

/// Of the meter's last reading; empty for meters that are of no GPU. Where the driver gives utilisation by process
/// (boards that are not partitioned), that; else the zone's activity, in equal parts to the processes that run on it.
std::vector<GpuProcessUse> gpu_process_use(const Meter& meter);

}  // namespace cradle::meter
