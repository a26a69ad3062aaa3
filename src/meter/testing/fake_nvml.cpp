// The shared library that tests load in place of libnvidia-ml.so.1.
#include "fake_nvml.h"

#include <cstdio>
#include <cstring>
#include <fstream>

using cradle::meter::testing::FakeBoard;
using cradle::meter::testing::FakeInstance;
using cradle::meter::testing::FakeNvml;
using cradle::meter::testing::FakeProcess;

namespace {

FakeNvml state;
constexpr int success = 0, invalid = 2, not_supported = 3, no_permission = 4, not_found = 6, insufficient = 7,
              lost = 15, unknown = 999;

// Handles are addresses within `state`: a board's, or an instance's.
FakeBoard* board_of(void* device) {
  for (FakeBoard& board : state.boards)
    if (device == &board) return &board;
  return nullptr;
}
FakeInstance* instance_of(void* device) {
  for (FakeBoard& board : state.boards)
    for (FakeInstance& instance : board.instances)
      if (device == &instance) return &instance;
  return nullptr;
}

struct Process {
  unsigned pid;
  unsigned long long memory;
  unsigned gpu_instance, compute_instance;
};
struct Sample {
  unsigned pid;
  unsigned long long at_us;
  unsigned sm, memory, encoder, decoder;
};
struct Attributes {
  unsigned counts[6];
  unsigned gpu_slices, compute_slices;
  unsigned long long memory_mb;
};

}  // namespace

// NOLINTBEGIN(readability-identifier-naming): NVIDIA's names
extern "C" {

FakeNvml* fake_nvml_state() { return &state; }

int nvmlInit_v2() {
  ++state.open;
  return success;
}
int nvmlShutdown() {
  --state.open;
  return success;
}
int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = static_cast<unsigned>(state.boards.size());
  return success;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  if (index >= state.boards.size()) return invalid;
  if (!state.boards[index].present) return lost;
  *device = &state.boards[index];
  return success;
}
int nvmlDeviceGetUUID(void* device, char* text, unsigned size) {
  const FakeBoard* board = board_of(device);
  const FakeInstance* instance = instance_of(device);
  if (!board && !instance) return invalid;
  std::snprintf(text, size, "%s", board ? board->uuid : instance->uuid);
  return success;
}
int nvmlDeviceGetName(void* device, char* text, unsigned size) {
  if (!board_of(device)) return not_supported;
  std::snprintf(text, size, "Fake H100");
  return success;
}
int nvmlDeviceGetTotalEnergyConsumption(void* device, unsigned long long* millijoules) {
  const FakeBoard* board = board_of(device);
  if (!board || !board->counts) return not_supported;
  if (!board->present) return lost;
  *millijoules = board->millijoules;
  return success;
}
int nvmlDeviceGetPowerUsage(void* device, unsigned* milliwatts) {
  const FakeBoard* board = board_of(device);
  if (!board) return not_supported;
  if (!board->present) return lost;
  *milliwatts = board->milliwatts;
  return success;
}
int nvmlDeviceGetUtilizationRates(void* device, unsigned* utilization) {
  const FakeBoard* board = board_of(device);
  if (!board || board->partitioned) return not_supported;
  utilization[0] = board->percent;
  utilization[1] = 0;
  return success;
}
int nvmlDeviceGetMigMode(void* device, unsigned* current, unsigned* pending) {
  const FakeBoard* board = board_of(device);
  if (!board) return not_supported;
  *current = *pending = board->partitioned ? 1 : 0;
  return success;
}
int nvmlDeviceGetMaxMigDeviceCount(void* device, unsigned* count) {
  if (!board_of(device)) return not_supported;
  *count = 7;
  return success;
}
int nvmlDeviceGetMigDeviceHandleByIndex(void* device, unsigned index, void** instance) {
  FakeBoard* board = board_of(device);
  if (!board || index >= board->instances.size()) return not_found;
  *instance = &board->instances[index];
  return success;
}
int nvmlDeviceGetGpuInstanceId(void* device, unsigned* id) {
  const FakeInstance* instance = instance_of(device);
  if (!instance) return not_found;
  *id = instance->id;
  return success;
}
int nvmlDeviceGetAttributes_v2(void* device, Attributes* attributes) {
  const FakeInstance* instance = instance_of(device);
  if (!instance) return not_supported;
  *attributes = {};
  attributes->gpu_slices = attributes->compute_slices = instance->slices;
  return success;
}
int nvmlDeviceGetComputeRunningProcesses_v3(void* device, unsigned* count, Process* processes) {
  const FakeBoard* board = board_of(device);
  const FakeInstance* instance = instance_of(device);
  if (!board && !instance) return invalid;
  const std::vector<FakeProcess>& listed = board ? board->processes : instance->processes;
  const unsigned room = *count;
  *count = static_cast<unsigned>(listed.size());
  if (room < listed.size()) return insufficient;
  for (std::size_t i = 0; i < listed.size(); ++i)
    processes[i] = {listed[i].pid, 0, instance ? instance->id : 0xffffffffu, 0xffffffffu};
  return success;
}
int nvmlDeviceGetProcessUtilization(void* device, Sample* samples, unsigned* count, unsigned long long since) {
  const FakeBoard* board = board_of(device);
  if (!board || !board->samples || board->partitioned) return not_supported;
  if (board->now_us <= since || board->processes.empty()) return not_found;
  const unsigned room = samples ? *count : 0;
  *count = static_cast<unsigned>(board->processes.size());
  if (room < *count) return insufficient;
  for (std::size_t i = 0; i < board->processes.size(); ++i)
    samples[i] = {board->processes[i].pid, board->now_us, board->processes[i].percent, 0, 0, 0};
  return success;
}
int nvmlSystemGetDriverVersion(char* text, unsigned size) {
  std::snprintf(text, size, "550.54.15");
  return success;
}
int nvmlDeviceGetClockInfo(void* device, int domain, unsigned* mhz) {
  const FakeBoard* board = board_of(device);
  if (!board || domain != 1) return not_supported;
  if (!board->present) return lost;
  *mhz = board->megahertz;
  return success;
}
int nvmlDeviceGetPowerManagementLimitConstraints(void* device, unsigned* lowest, unsigned* highest) {
  const FakeBoard* board = board_of(device);
  if (!board || board->limit_file.empty()) return not_supported;
  *lowest = board->lowest_limit;
  *highest = board->highest_limit;
  return success;
}
int nvmlDeviceGetPowerManagementLimit(void* device, unsigned* milliwatts) {
  const FakeBoard* board = board_of(device);
  if (!board || board->limit_file.empty()) return not_supported;
  if (!board->present) return lost;
  return std::ifstream(board->limit_file) >> *milliwatts ? success : unknown;
}
int nvmlDeviceGetPowerManagementDefaultLimit(void* device, unsigned* milliwatts) {
  const FakeBoard* board = board_of(device);
  if (!board || board->limit_file.empty()) return not_supported;
  *milliwatts = board->default_limit;
  return success;
}
int nvmlDeviceSetPowerManagementLimit(void* device, unsigned milliwatts) {
  const FakeBoard* board = board_of(device);
  if (!board || board->limit_file.empty()) return not_supported;
  if (!board->present) return lost;
  if (!board->may_set) return no_permission;
  if (milliwatts < board->lowest_limit || milliwatts > board->highest_limit) return invalid;
  return std::ofstream(board->limit_file) << milliwatts << '\n' ? success : unknown;
}
}
// NOLINTEND(readability-identifier-naming)
