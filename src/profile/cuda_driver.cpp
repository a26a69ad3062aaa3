#include "cuda_driver.h"

#include <dlfcn.h>

namespace cradle::profile {

namespace {

/// The library with its functions. It stays loaded until the process ends: the driver's own threads may still run.
struct Loaded {
  CudaDriver functions;
};

template <class Function>
bool find(void* library, const char* symbol, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(library, symbol));
  return function != nullptr;
}

}  // namespace

Result<std::shared_ptr<const CudaDriver>> CudaDriver::load(const std::string& library) {
  const auto missing = [&](const std::string& message) {
    return missing_data(message, library, "install NVIDIA's driver with its libcuda.so.1, or name the library");
  };
  void* from = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!from) {
    const char* why = ::dlerror();
    return missing(why ? why : "cannot be loaded");
  }
  auto loaded = std::make_shared<Loaded>();
  CudaDriver& f = loaded->functions;
  if (!find(from, "cuInit", f.init) || !find(from, "cuDeviceGetCount", f.count) ||
      !find(from, "cuDeviceGet", f.device) || !find(from, "cuDeviceGetUuid", f.uuid) ||
      !find(from, "cuDeviceGetAttribute", f.attribute) || !find(from, "cuCtxCreate_v2", f.context_create) ||
      !find(from, "cuCtxDestroy_v2", f.context_destroy) || !find(from, "cuModuleLoadData", f.module_load) ||
      !find(from, "cuModuleUnload", f.module_unload) || !find(from, "cuModuleGetFunction", f.function) ||
      !find(from, "cuMemAlloc_v2", f.allocate) || !find(from, "cuMemFree_v2", f.release) ||
      !find(from, "cuMemsetD8_v2", f.fill) || !find(from, "cuMemcpyDtoH_v2", f.to_host) ||
      !find(from, "cuLaunchKernel", f.launch) || !find(from, "cuCtxSynchronize", f.synchronise))
    return missing("it lacks functions of the CUDA driver");
  find(from, "cuGetErrorString", f.describe);
  if (const int status = f.init(0); status != success) return missing("it does not start: " + f.text(status));
  return std::shared_ptr<const CudaDriver>(loaded, &loaded->functions);
}

std::string CudaDriver::text(int status) const {
  const char* words = nullptr;
  std::string number = "status " + std::to_string(status);
  if (!describe || describe(status, &words) != success || !words) return number;
  return std::string(words) + " (" + number + ")";
}

}  // namespace cradle::profile
