// The part of NVIDIA's management library that is used here, declared by ourselves and found at run time.
#pragma once

#include <memory>
#include <string>

#include "cradle/base/result.h"

namespace cradle::meter {

/// Facts of the library's binary interface (NVML API reference, driver 525 and later): names, numbers, layouts.
struct Nvml {
  using Device = struct OpaqueDevice*;
  enum Status : int {
    success = 0,
    not_supported = 3,
    no_permission = 4,
    not_found = 6,
    insufficient_size = 7,
    gpu_is_lost = 15,
  };
  struct Utilization {
    unsigned gpu;  ///< percent of the driver's last sampling period
    unsigned memory;
  };
  /// nvmlProcessInfo_t as nvmlDeviceGetComputeRunningProcesses_v3 fills it.
  struct Process {
    unsigned pid;
    unsigned long long memory;
    unsigned gpu_instance;  ///< 0xffffffff: none
    unsigned compute_instance;
  };
  struct ProcessSample {
    unsigned pid;
    unsigned long long at_us;
    unsigned multiprocessors, memory, encoder, decoder;  ///< percent
  };
  struct Attributes {
    unsigned multiprocessors, copy_engines, decoders, encoders, jpeg_engines, flow_engines;
    unsigned gpu_slices, compute_slices;
    unsigned long long memory_mb;
  };

  int (*init)() = nullptr;
  int (*shutdown)() = nullptr;
  int (*count)(unsigned*) = nullptr;
  int (*by_index)(unsigned, Device*) = nullptr;
  int (*uuid)(Device, char*, unsigned) = nullptr;
  int (*name)(Device, char*, unsigned) = nullptr;
  int (*total_energy)(Device, unsigned long long*) = nullptr;  ///< millijoules since the driver was loaded
  int (*power)(Device, unsigned*) = nullptr;                   ///< milliwatts
  int (*utilization)(Device, Utilization*) = nullptr;
  int (*mig_mode)(Device, unsigned* current, unsigned* pending) = nullptr;
  int (*mig_max)(Device, unsigned*) = nullptr;
  int (*mig_by_index)(Device, unsigned, Device*) = nullptr;
  int (*gpu_instance)(Device, unsigned*) = nullptr;
  int (*attributes)(Device, Attributes*) = nullptr;
  int (*processes)(Device, unsigned* count, Process*) = nullptr;
  int (*process_samples)(Device, ProcessSample*, unsigned* count, unsigned long long since_us) = nullptr;
  int (*limit_range)(Device, unsigned* lowest, unsigned* highest) = nullptr;  ///< milliwatts, as the three below
  int (*limit)(Device, unsigned*) = nullptr;
  int (*default_limit)(Device, unsigned*) = nullptr;
  int (*set_limit)(Device, unsigned) = nullptr;
  int (*driver)(char*, unsigned) = nullptr;                   ///< version of the driver
  int (*clock)(Device, int domain, unsigned* mhz) = nullptr;  ///< domain 1: multiprocessors

  /// Loads the library and initialises it; shuts it down with the last copy of the pointer. Functions that an old
  /// driver lacks stay null, except those without which no board can be read. missing_data if it cannot be had.
  static Result<std::shared_ptr<const Nvml>> load(const std::string& library);
};
static_assert(sizeof(Nvml::Process) == 24 && sizeof(Nvml::ProcessSample) == 32 && sizeof(Nvml::Attributes) == 40);

}  // namespace cradle::meter
