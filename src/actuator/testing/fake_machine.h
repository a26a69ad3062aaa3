// A machine of small files with everything that can be set, and processes that own its devices and die.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <string>
#include <thread>

#include "cradle/actuator/owner.h"
#include "cradle/meter/fake_powercap.h"

namespace cradle::actuator::testing {

/// One package (PL1 150 W, PL2 225 W, at most 165 W), one policy (0.8 to 3.6 GHz), a group of version 2 and one of
/// version 1, eight processors, and a simulated device.
class FakeMachine {
 public:
  FakeMachine() {
    std::string name = (std::filesystem::temp_directory_path() / "cradle_actuator_XXXXXX").string();
    path_ = ::mkdtemp(name.data());
    const auto powercap = meter::FakePowercap::create(root(), {{"package-0", -1, 0, 0, carbon::Watts{165}}});
    zone_ = powercap->folder(0);
    write(zone_ / "constraint_0_name", "long_term");
    write(zone_ / "constraint_0_power_limit_uw", "150000000");
    write(zone_ / "constraint_1_name", "short_term");
    write(zone_ / "constraint_1_power_limit_uw", "225000000");
    policy_ = root() / "sys/devices/system/cpu/cpufreq/policy0";
    write(policy_ / "cpuinfo_min_freq", "800000");
    write(policy_ / "cpuinfo_max_freq", "3600000");
    write(policy_ / "scaling_min_freq", "800000");
    write(policy_ / "scaling_max_freq", "3600000");
    write(root() / "sys/devices/system/cpu/online", "0-3,8-11");
    group_ = root() / "sys/fs/cgroup/batch";
    write(group_ / "cpu.max", "max 100000");
    write(group_ / "cpu.uclamp.max", "max");
    old_group_ = root() / "sys/fs/cgroup/cpu/old";
    write(old_group_ / "cpu.cfs_quota_us", "-1");
    write(old_group_ / "cpu.cfs_period_us", "100000");
    write(simulated(), "100000000");
  }
  ~FakeMachine() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  FakeMachine(const FakeMachine&) = delete;
  FakeMachine& operator=(const FakeMachine&) = delete;

  std::filesystem::path root() const { return path_ / "root"; }
  std::filesystem::path run_folder() const { return path_ / "run"; }
  std::filesystem::path simulated() const { return root() / "simulated"; }
  const std::filesystem::path& zone() const { return zone_; }
  const std::filesystem::path& policy() const { return policy_; }
  const std::filesystem::path& group() const { return group_; }
  const std::filesystem::path& old_group() const { return old_group_; }

  static void write(const std::filesystem::path& file, const std::string& line) {
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << line << '\n';
  }
  static std::string read(const std::filesystem::path& file) {
    std::ifstream in(file);
    std::string line;
    std::getline(in, line);
    return line;
  }

  OwnerOptions options(Apply apply) const {
    OwnerOptions options;
    options.apply = apply;
    options.sysroot = root();
    options.run_folder = run_folder();
    return options;
  }

  /// Every file of the machine, whole.
  std::map<std::string, std::string> files() const {
    std::map<std::string, std::string> all;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root()))
      if (entry.is_regular_file()) {
        std::ifstream in(entry.path());
        all[entry.path().string()] = std::string(std::istreambuf_iterator<char>(in), {});
      }
    return all;
  }

 private:
  std::filesystem::path path_, zone_, policy_, group_, old_group_;
};

/// Runs `work` in a process of its own, which ends with it; the status as waitpid gives it.
inline int in_a_process(const std::function<void()>& work) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    work();
    ::_exit(0);
  }
  int status = -1;
  ::waitpid(pid, &status, 0);
  return status;
}

/// What a watchdog does comes a moment after a death.
inline bool eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < 10'000; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

}  // namespace cradle::actuator::testing
