#include "cradle/meter/fake_powercap.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <system_error>

#include "sysfs.h"

namespace cradle::meter {

namespace fs = std::filesystem;

namespace {

/// 2^32 counts of 2^-14 J, which Intel's server processors show in many generations.
constexpr std::int64_t usual_range = 262'143'328'850;

Error cannot_write(const fs::path& path, int error) {
  return failure("cannot write: " + error_text(error), path.string(), "choose a folder that can be written");
}

}  // namespace

Result<FakePowercap> FakePowercap::create(const fs::path& sysroot, const std::vector<FakeZone>& zones) {
  const fs::path devices = under(sysroot, "sys/devices/virtual/powercap/intel-rapl");
  const fs::path classes = under(sysroot, "sys/class/powercap");
  std::error_code error;
  fs::create_directories(classes, error);
  if (!error) fs::create_directories(devices, error);
  if (error) return cannot_write(classes, error.value());
  const auto link = [&](const fs::path& target) {
    std::error_code failed;
    fs::create_directory_symlink(fs::relative(target, classes), classes / target.filename(), failed);
  };
  link(devices);

  FakePowercap fake;
  std::vector<int> children(zones.size() + 1);
  for (std::size_t i = 0; i < zones.size(); ++i) {
    const FakeZone& zone = zones[i];
    if (zone.parent < -1 || zone.parent >= static_cast<int>(i))
      return bad_input("its parent does not come before it", "zone '" + zone.name + "'", "put the outer zone first");
    const bool top = zone.parent < 0;
    const fs::path outer = top ? devices : fake.states_[static_cast<std::size_t>(zone.parent)].folder;
    const int number = children[top ? zones.size() : static_cast<std::size_t>(zone.parent)]++;
    State state;
    state.folder = outer / (outer.filename().string() + ":" + std::to_string(number));
    state.range = zone.range > 0 ? zone.range : usual_range;
    state.value = zone.start % state.range;
    fs::create_directories(state.folder, error);
    if (error) return cannot_write(state.folder, error.value());
    std::ofstream(state.folder / "name") << zone.name << '\n';
    std::ofstream(state.folder / "enabled") << "1\n";
    std::ofstream(state.folder / "max_energy_range_uj") << state.range << '\n';
    if (zone.rated.value() > 0)
      std::ofstream(state.folder / "constraint_0_max_power_uw")
          << static_cast<std::int64_t>(zone.rated.value() * 1e6) << '\n';
    if (auto shown = fake.show(state); !shown) return shown.error();
    link(state.folder);
    fake.states_.push_back(std::move(state));
  }
  return fake;
}

Result<void> FakePowercap::add(std::size_t zone, std::int64_t microjoules) {
  State& state = states_[zone];
  state.value = (state.value + microjoules % state.range) % state.range;
  return show(state);
}

Result<void> FakePowercap::show(const State& state) const {
  const fs::path path = state.folder / "energy_uj";
  const std::string text = std::to_string(state.value) + "\n";
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return cannot_write(path, errno);
  const auto size = static_cast<off_t>(text.size());
  // Longer first, then cut: a reader sees a whole first line at any moment.
  const bool written = ::pwrite(fd, text.data(), text.size(), 0) == size && ::ftruncate(fd, size) == 0;
  const int error = errno;
  ::close(fd);
  if (!written) return cannot_write(path, error);
  return {};
}

}  // namespace cradle::meter
