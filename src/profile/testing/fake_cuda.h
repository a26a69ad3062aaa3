// A scripted CUDA driver: what the fake library answers, changed by a test through the pointer `fake_cuda_state` gives.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace cradle::profile::testing {

struct FakeCuda {
  std::vector<std::vector<unsigned char>> uuids;  ///< 16 bytes for each device
  int multiprocessors = 16;
  int capability_major = 9, capability_minor = 0;
  /// Called when a load starts and when it ends (with 0 blocks).
  std::function<void(unsigned blocks, unsigned long long nanoseconds)> on_load;
  std::uint64_t looks_per_second = 1000;  ///< that each block reports
  unsigned different = ~0u;               ///< multiprocessors over which the blocks are spread, at most
  std::string fails;                      ///< the function that returns an error, e.g. "cuLaunchKernel"
  // What is open: must be 0 at the end.
  int contexts = 0, modules = 0, allocations = 0;
  int launches = 0;
};

}  // namespace cradle::profile::testing
