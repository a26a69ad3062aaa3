// The shared library that tests load in place of libcuda.so.1. Its device memory is the host's.
#include "fake_cuda.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

using cradle::profile::testing::FakeCuda;

namespace {

FakeCuda state;
constexpr int success = 0, invalid = 1, out_of_memory = 2, no_device = 100, invalid_text = 218, not_found = 500,
              failed = 719;

/// The load that runs: its blocks are reported when it is waited for.
struct {
  std::uint64_t* report = nullptr;
  unsigned blocks = 0;
  unsigned long long nanoseconds = 0;
} load;

bool fails(const char* function) { return state.fails == function; }

}  // namespace

// NOLINTBEGIN(readability-identifier-naming): NVIDIA's names
extern "C" {

FakeCuda* fake_cuda_state() { return &state; }

int cuInit(unsigned flags) { return fails("cuInit") || flags != 0 ? no_device : success; }
int cuDeviceGetCount(int* count) {
  *count = static_cast<int>(state.uuids.size());
  return success;
}
int cuDeviceGet(int* device, int index) {
  if (index < 0 || index >= static_cast<int>(state.uuids.size())) return invalid;
  *device = index + 40;  // not the index, as it need not be
  return success;
}
int cuDeviceGetUuid(unsigned char* uuid, int device) {
  std::memcpy(uuid, state.uuids.at(static_cast<std::size_t>(device - 40)).data(), 16);
  return success;
}
int cuDeviceGetAttribute(int* value, int attribute, int) {
  if (attribute == 16) *value = state.multiprocessors;
  if (attribute == 75) *value = state.capability_major;
  if (attribute == 76) *value = state.capability_minor;
  return success;
}
int cuCtxCreate_v2(void** context, unsigned flags, int) {
  if (fails("cuCtxCreate_v2") || flags != 4) return out_of_memory;
  *context = &state;
  ++state.contexts;
  return success;
}
int cuCtxDestroy_v2(void*) {
  --state.contexts;
  return success;
}
int cuModuleLoadData(void** module, const void* text) {
  const auto* ptx = static_cast<const char*>(text);
  if (fails("cuModuleLoadData") || !std::strstr(ptx, ".version 7.0") || !std::strstr(ptx, ".target sm_70"))
    return invalid_text;
  *module = &load;
  ++state.modules;
  return success;
}
int cuModuleUnload(void*) {
  --state.modules;
  return success;
}
int cuModuleGetFunction(void** function, void* module, const char* name) {
  if (module != &load || std::strcmp(name, "keep_busy") != 0) return not_found;
  *function = &load;
  return success;
}
int cuMemAlloc_v2(unsigned long long* pointer, std::size_t bytes) {
  if (fails("cuMemAlloc_v2")) return out_of_memory;
  void* memory = std::malloc(bytes);
  if (!memory) return out_of_memory;
  *pointer = reinterpret_cast<unsigned long long>(memory);
  ++state.allocations;
  return success;
}
// Device addresses are whole numbers in the driver's interface.
// NOLINTBEGIN(performance-no-int-to-ptr)
int cuMemFree_v2(unsigned long long pointer) {
  std::free(reinterpret_cast<void*>(pointer));
  --state.allocations;
  return success;
}
int cuMemsetD8_v2(unsigned long long pointer, unsigned char value, std::size_t bytes) {
  std::memset(reinterpret_cast<void*>(pointer), value, bytes);
  return success;
}
int cuMemcpyDtoH_v2(void* to, unsigned long long from, std::size_t bytes) {
  std::memcpy(to, reinterpret_cast<void*>(from), bytes);
  return success;
}
// NOLINTEND(performance-no-int-to-ptr)
int cuLaunchKernel(void* function, unsigned x, unsigned y, unsigned z, unsigned threads, unsigned ty, unsigned tz,
                   unsigned, void*, void** parameters, void**) {
  if (fails("cuLaunchKernel") || function != &load || y * z * ty * tz != 1 || threads != 1024) return invalid;
  std::memcpy(&load.report, parameters[0], sizeof load.report);
  std::memcpy(&load.nanoseconds, parameters[1], sizeof load.nanoseconds);
  load.blocks = x;
  ++state.launches;
  if (state.on_load) state.on_load(x, load.nanoseconds);
  return success;
}
int cuCtxSynchronize() {
  if (fails("cuCtxSynchronize")) return failed;
  for (unsigned block = 0; block < load.blocks; ++block) {
    load.report[2 * block] = state.looks_per_second * load.nanoseconds / 1'000'000'000;
    load.report[2 * block + 1] = block % std::max(1u, std::min(state.different, load.blocks));
  }
  if (load.blocks > 0 && state.on_load) state.on_load(0, 0);
  load.blocks = 0;
  return success;
}
int cuGetErrorString(int status, const char** text) {
  *text = status == out_of_memory ? "out of memory" : "scripted failure";
  return success;
}
}
// NOLINTEND(readability-identifier-naming)
