#include "cradle/meter/gpu_limit.h"

#include <algorithm>
#include <array>
#include <limits>

#include "nvml.h"

namespace cradle::meter {

namespace {

/// More boards than that in one machine is a driver that lies.
constexpr unsigned most_boards = 1024;

/// Calls each(device, uuid) for every board that answers, until it returns true.
template <class Each>
void visit(const Nvml& nvml, const Each& each) {
  unsigned count = 0;
  if (nvml.count(&count) != Nvml::success) return;
  for (unsigned index = 0; index < std::min(count, most_boards); ++index) {
    Nvml::Device device = nullptr;
    std::array<char, 96> uuid{};
    if (nvml.by_index(index, &device) != Nvml::success) continue;
    if (nvml.uuid(device, uuid.data(), uuid.size() - 1) != Nvml::success || !uuid[0]) continue;
    if (each(device, std::string(uuid.data()))) return;
  }
}

bool read_limit(const Nvml& nvml, Nvml::Device device, GpuLimit& limit) {
  unsigned lowest = 0, highest = 0, now = 0, usual = 0;
  if (nvml.limit_range(device, &lowest, &highest) != Nvml::success) return false;
  if (nvml.limit(device, &now) != Nvml::success || lowest > highest) return false;
  if (!nvml.default_limit || nvml.default_limit(device, &usual) != Nvml::success) usual = 0;
  std::array<char, 96> name{};
  if (nvml.name && nvml.name(device, name.data(), name.size() - 1) == Nvml::success) limit.name = name.data();
  limit.lowest_mw = lowest;
  limit.highest_mw = highest;
  limit.default_mw = usual;
  limit.limit_mw = now;
  return true;
}

}  // namespace

Result<GpuLimits> GpuLimits::open(const std::string& library) {
  auto nvml = Nvml::load(library);
  if (!nvml) return nvml.error();
  if (!(*nvml)->limit_range || !(*nvml)->limit || !(*nvml)->set_limit)
    return missing_data("it has no functions for power limits", library, "install a newer driver");
  return GpuLimits(std::move(*nvml), library);
}

Result<std::vector<GpuLimit>> GpuLimits::boards() const {
  std::vector<GpuLimit> found;
  visit(*nvml_, [&](Nvml::Device device, std::string uuid) {
    GpuLimit limit;
    limit.uuid = std::move(uuid);
    if (read_limit(*nvml_, device, limit)) found.push_back(std::move(limit));
    return false;
  });
  if (found.empty())
    return missing_data("no board with a power limit", library_,
                        "look at `nvidia-smi -q -d POWER` for what boards have");
  return found;
}

Result<GpuLimit> GpuLimits::board(std::string_view uuid) const {
  const auto all = boards();
  if (!all) return all.error();
  std::string known;
  for (const GpuLimit& board : *all) {
    if (board.uuid == uuid) return board;
    known += (known.empty() ? "" : ", ") + board.uuid;
  }
  return missing_data("no board '" + std::string(uuid) + "' with a power limit", library_, "there are " + known);
}

Result<void> GpuLimits::set(std::string_view uuid, std::int64_t milliwatts) const {
  if (milliwatts <= 0 || milliwatts > std::numeric_limits<unsigned>::max())
    return bad_input(std::to_string(milliwatts) + " mW is no limit", std::string(uuid), "give milliwatts above 0");
  bool found = false;
  int status = Nvml::success;
  visit(*nvml_, [&](Nvml::Device device, const std::string& name) {
    if (name != uuid) return false;
    found = true;
    status = nvml_->set_limit(device, static_cast<unsigned>(milliwatts));
    return true;
  });
  if (!found) return missing_data("no such board", std::string(uuid), "look at `nvidia-smi -L`");
  if (status == Nvml::success) return {};
  const std::string message =
      "NVML refuses " + std::to_string(milliwatts) + " mW (status " + std::to_string(status) + ")";
  if (status == Nvml::gpu_is_lost) return missing_data(message, std::string(uuid), "the board is lost");
  return failure(message, std::string(uuid),
                 status == Nvml::no_permission ? "power limits are for root" : "look at `nvidia-smi -q -d POWER`");
}

}  // namespace cradle::meter
