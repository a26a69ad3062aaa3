// A folder and a small world for the tests of the ledger.
#pragma once

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "cradle/ledger/ledger.h"

namespace cradle::ledger {

/// A fresh folder that goes with the test.
class TestFolder {
 public:
  TestFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "cradle_ledger.XXXXXX").string();
    const char* made = ::mkdtemp(pattern.data());
    if (made == nullptr) std::abort();
    path_ = made;
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::filesystem::path operator/(const char* name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// The value of a result that must not fail: the test program ends if it does.
template <class T>
T must(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "%s\n", to_string(result.error()).c_str());
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

inline constexpr Instant epoch{1'640'995'200'000};  // 2022-01-01T00:00:00Z

inline RunInfo run_info(const std::string& name) {
  RunInfo info;
  info.name = name;
  info.study = "three sites";
  info.policy = "FGD";
  info.seed = 0xfedcba9876543210U;
  info.created_by = "cradle 0.1.0";
  info.period = {epoch, Instant{epoch.ms + 10 * ms_per_day}};
  info.notes = {"workload: generated", "3 pods left out: zero duration"};
  return info;
}

inline std::vector<carbon::SiteRecord> two_sites() {
  std::vector<carbon::GramsPerKilowattHour> hours;
  hours.reserve(48);
  for (int h = 0; h < 48; ++h) hours.emplace_back(100 + 7.7 * h / 3);
  std::vector<carbon::SiteRecord> sites(2);
  sites[0].name = "north";
  sites[0].pue = 1.17;
  sites[0].grid = "eia-CISO";
  sites[0].average = *carbon::IntensitySeries::make(carbon::Signal::average, epoch, ms_per_hour, hours, true);
  sites[0].marginal = *carbon::IntensitySeries::make(carbon::Signal::marginal, epoch, ms_per_hour, hours, true);
  sites[1].name = "south";
  sites[1].pue = 1.5;
  sites[1].average = carbon::IntensitySeries::constant(carbon::Signal::average, carbon::GramsPerKilowattHour{123.456});
  return sites;
}

inline std::vector<carbon::ComponentRecord> four_components() {
  std::vector<carbon::ComponentRecord> components;
  for (std::uint32_t i = 0; i < 4; ++i) {
    carbon::ComponentRecord component;
    component.machine = "m" + std::to_string(i / 2);
    component.kind = i % 2 == 0 ? "gpu" : "host";
    component.model = "a100-80";
    component.site = i / 2;
    component.embodied = {carbon::GramsCO2e{150'000.0 / 7}, carbon::GramsCO2e{1e4}, carbon::GramsCO2e{3e5}};
    component.lifetime = carbon::Seconds{carbon::Years{4}};
    component.lifetime_operations = component.lifetime.value() * carbon::Operations{8};
    component.operation_type = i % 2 == 0 ? carbon::OperationType::device_second : carbon::OperationType::core_second;
    component.sunk = i != 3;
    components.push_back(component);
  }
  return components;
}

/// Entry number i of a run: every field follows from i, so that a wrong or missing one shows.
inline carbon::Entry entry_number(std::uint64_t i) {
  carbon::Entry entry;
  entry.start = Instant{epoch.ms + static_cast<std::int64_t>(i % 800'000) * 1000};
  entry.end = Instant{entry.start.ms + 1 + static_cast<std::int64_t>(i * 37 % 60'000)};
  entry.component = static_cast<carbon::ComponentIndex>(i % 4);
  entry.microjoules = static_cast<std::int64_t>(i * i % 1'000'000'007 * 1'000'003);
  entry.operations = static_cast<double>(i % 1009) / 8;
  entry.operation_type = static_cast<carbon::OperationType>(i % 6);
  entry.knowledge = static_cast<carbon::Knowledge>(i % 3);
  entry.role = static_cast<carbon::Role>(i % 7 % 4);
  if (entry.role == carbon::Role::tenant) entry.job = static_cast<carbon::JobIndex>(i % 11);
  entry.baseline_microjoules = entry.microjoules / 3;
  return entry;
}

inline std::vector<carbon::JobRecord> eleven_jobs() {
  std::vector<carbon::JobRecord> jobs;
  for (int j = 0; j < 11; ++j) {
    carbon::JobRecord job;
    job.name = "job \"" + std::to_string(j) + "\"";
    job.user = j % 2 == 0 ? "ann"
                          : "b\xC3\xB6"
                            "b";
    job.product = j % 3 == 0 ? "" : "model'; DROP TABLE run; --";
    job.submitted = Instant{epoch.ms + j};
    if (j % 2 == 0) job.started = Instant{epoch.ms + 10 + j};
    if (j % 4 == 0) job.finished = Instant{epoch.ms + 100 + j};
    jobs.push_back(job);
  }
  return jobs;
}

inline std::vector<carbon::Entry> entries_of(const RunReader& run) {
  std::vector<carbon::Entry> all;
  must(run.entries([&](std::span<const carbon::Entry> some) -> Result<void> {
    all.insert(all.end(), some.begin(), some.end());
    return {};
  }));
  return all;
}

}  // namespace cradle::ledger
