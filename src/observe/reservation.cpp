#include "reservation.h"

#include <fcntl.h>
#include <unistd.h>

#include <string_view>

#include "cradle/base/text.h"

namespace cradle::observe {

namespace {

constexpr std::uint64_t version_1_bit = std::uint64_t{1} << 63;

/// The first bytes of a small file of the kernel; empty if it cannot be read.
std::string small_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return {};
  char buffer[128];
  const ssize_t count = ::read(file, buffer, sizeof buffer);
  ::close(file);
  return count > 0 ? std::string(buffer, static_cast<std::size_t>(count)) : std::string{};
}

double ratio(std::string_view quota, std::string_view period) {
  const auto q = parse_integer(trim(quota)), p = parse_integer(trim(period));
  if (!q || !p || *q <= 0 || *p <= 0) return 0;
  return static_cast<double>(*q) / static_cast<double>(*p);
}

}  // namespace

double cores_of_cpu_max(std::string_view text) {
  const auto words = split(trim(text), ' ');
  return words.size() == 2 ? ratio(words[0], words[1]) : 0;
}

double cores_of_quota(std::string_view quota_us, std::string_view period_us) { return ratio(quota_us, period_us); }

Reservations::Reservations(const std::filesystem::path& sysroot) {
  const std::filesystem::path base = sysroot / "sys/fs/cgroup";
  std::error_code ignored;
  for (const char* folder : {"", "unified"})
    if (version_2_.empty() && std::filesystem::exists(base / folder / "cgroup.controllers", ignored))
      version_2_ = (base / folder).lexically_normal().string();
  for (const char* folder : {"cpu", "cpu,cpuacct"})
    if (version_1_.empty() && std::filesystem::exists(base / folder / "cpu.cfs_quota_us", ignored))
      version_1_ = (base / folder).string();
}

double Reservations::read(const capture::GroupUsage& group) const {
  const bool version_1 = (group.id & version_1_bit) != 0;
  const std::string& mount = version_1 ? version_1_ : version_2_;
  if (mount.empty()) return 0;
  const std::string folder = mount + (group.path == "/" ? std::string{} : group.path) + "/";
  if (!version_1) return cores_of_cpu_max(small_file(folder + "cpu.max"));
  return cores_of_quota(small_file(folder + "cpu.cfs_quota_us"), small_file(folder + "cpu.cfs_period_us"));
}

double Reservations::cores(const capture::GroupUsage& group) {
  if (group.reserved_cores > 0) return group.reserved_cores;
  if (version_1_.empty() && version_2_.empty()) return 0;
  Known& known = known_[group.id];
  if (known.scans_left == 0) {
    known.cores = read(group);
    known.scans_left = scans_between;
  }
  --known.scans_left;
  const double cores = known.cores;
  if (group.ended) known_.erase(group.id);
  return cores;
}

}  // namespace cradle::observe
