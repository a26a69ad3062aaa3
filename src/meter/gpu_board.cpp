#include "cradle/meter/gpu_board.h"

#include <algorithm>
#include <array>

#include "nvml.h"

namespace cradle::meter {

namespace {

/// More boards than that in one machine is a driver that lies.
constexpr unsigned most_boards = 1024;
constexpr int multiprocessors = 1;
constexpr std::size_t text_size = 96;

using Text = std::array<char, text_size>;

/// Calls each(device, uuid) for every board that answers, until it returns true.
template <class Each>
void visit(const Nvml& nvml, const Each& each) {
  unsigned count = 0;
  if (nvml.count(&count) != Nvml::success) return;
  for (unsigned index = 0; index < std::min(count, most_boards); ++index) {
    Nvml::Device device = nullptr;
    Text uuid{};
    if (nvml.by_index(index, &device) != Nvml::success) continue;
    if (nvml.uuid(device, uuid.data(), text_size - 1) != Nvml::success || !uuid[0]) continue;
    if (each(device, std::string(uuid.data()))) return;
  }
}

}  // namespace

Result<GpuBoards> GpuBoards::open(const std::string& library) {
  auto nvml = Nvml::load(library);
  if (!nvml) return nvml.error();
  return GpuBoards(std::move(*nvml), library);
}

Result<std::vector<GpuBoard>> GpuBoards::boards() const {
  Text driver{};
  if (!nvml_->driver || nvml_->driver(driver.data(), text_size - 1) != Nvml::success) driver = {};
  std::vector<GpuBoard> found;
  visit(*nvml_, [&](Nvml::Device device, std::string uuid) {
    GpuBoard board;
    board.uuid = std::move(uuid);
    board.driver = driver.data();
    Text name{};
    if (nvml_->name && nvml_->name(device, name.data(), text_size - 1) == Nvml::success) board.name = name.data();
    unsigned limit = 0, pending = 0;
    if (nvml_->limit && nvml_->limit(device, &limit) == Nvml::success) board.limit_mw = limit;
    if (nvml_->default_limit && nvml_->default_limit(device, &limit) == Nvml::success) board.default_limit_mw = limit;
    unsigned mode = 0;
    board.partitioned = nvml_->mig_mode && nvml_->mig_mode(device, &mode, &pending) == Nvml::success && mode == 1;
    found.push_back(std::move(board));
    return false;
  });
  if (found.empty())
    return missing_data("no GPU answers", library_, "look at `nvidia-smi -L` for what the driver sees");
  return found;
}

Result<GpuMoment> GpuBoards::read(std::string_view uuid) const {
  bool found = false;
  GpuMoment moment;
  visit(*nvml_, [&](Nvml::Device device, const std::string& name) {
    if (name != uuid) return false;
    found = true;
    unsigned long long energy = 0;
    unsigned reading = 0;
    if (nvml_->total_energy && nvml_->total_energy(device, &energy) == Nvml::success)
      moment.millijoules = static_cast<std::int64_t>(energy);
    if (nvml_->power && nvml_->power(device, &reading) == Nvml::success) moment.milliwatts = reading;
    if (nvml_->clock && nvml_->clock(device, multiprocessors, &reading) == Nvml::success) moment.megahertz = reading;
    return true;
  });
  if (!found) return missing_data("the board does not answer", std::string(uuid), "look at `nvidia-smi -L`");
  if (!moment.millijoules && !moment.milliwatts)
    return missing_data("the board states neither energy nor power", std::string(uuid),
                        "a board of a data centre does, since Volta; look at `nvidia-smi -q -d POWER`");
  return moment;
}

}  // namespace cradle::meter
