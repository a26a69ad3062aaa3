#include "nvml.h"

#include <dlfcn.h>

namespace cradle::meter {

namespace {

/// The library with its functions, closed when nobody uses it any more.
struct Loaded {
  void* handle = nullptr;
  Nvml functions;
  bool initialised = false;
  ~Loaded() {
    if (initialised) functions.shutdown();
    if (handle) ::dlclose(handle);
  }
};

template <class Function>
bool find(void* library, const char* symbol, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(library, symbol));
  return function != nullptr;
}

}  // namespace

Result<std::shared_ptr<const Nvml>> Nvml::load(const std::string& library) {
  const auto missing = [&](const std::string& message) {
    return missing_data(message, library, "install NVIDIA's driver with its libnvidia-ml.so.1, or name the library");
  };
  auto loaded = std::make_shared<Loaded>();
  loaded->handle = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!loaded->handle) {
    const char* why = ::dlerror();
    return missing(why ? why : "cannot be loaded");
  }
  Nvml& f = loaded->functions;
  void* from = loaded->handle;
  if (!find(from, "nvmlInit_v2", f.init) || !find(from, "nvmlShutdown", f.shutdown) ||
      !find(from, "nvmlDeviceGetCount_v2", f.count) || !find(from, "nvmlDeviceGetHandleByIndex_v2", f.by_index) ||
      !find(from, "nvmlDeviceGetUUID", f.uuid))
    return missing("it lacks functions of NVML");
  find(from, "nvmlDeviceGetName", f.name);
  find(from, "nvmlDeviceGetTotalEnergyConsumption", f.total_energy);
  find(from, "nvmlDeviceGetPowerUsage", f.power);
  find(from, "nvmlDeviceGetUtilizationRates", f.utilization);
  find(from, "nvmlDeviceGetMigMode", f.mig_mode);
  find(from, "nvmlDeviceGetMaxMigDeviceCount", f.mig_max);
  find(from, "nvmlDeviceGetMigDeviceHandleByIndex", f.mig_by_index);
  find(from, "nvmlDeviceGetGpuInstanceId", f.gpu_instance);
  find(from, "nvmlDeviceGetAttributes_v2", f.attributes);
  find(from, "nvmlDeviceGetComputeRunningProcesses_v3", f.processes);
  find(from, "nvmlDeviceGetProcessUtilization", f.process_samples);
  find(from, "nvmlDeviceGetPowerManagementLimitConstraints", f.limit_range);
  find(from, "nvmlDeviceGetPowerManagementLimit", f.limit);
  find(from, "nvmlDeviceGetPowerManagementDefaultLimit", f.default_limit);
  find(from, "nvmlDeviceSetPowerManagementLimit", f.set_limit);
  find(from, "nvmlSystemGetDriverVersion", f.driver);
  find(from, "nvmlDeviceGetClockInfo", f.clock);
  if (const int status = f.init(); status != success)
    return missing("NVML does not start (status " + std::to_string(status) + ")");
  loaded->initialised = true;
  return std::shared_ptr<const Nvml>(loaded, &loaded->functions);
}

}  // namespace cradle::meter
