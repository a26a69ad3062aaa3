// A small node for the tests of the observer: a capture and meters that give what they are told.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cradle/base/random.h"
#include "cradle/catalog/catalog.h"
#include "node_observer.h"

namespace cradle::observe {

class TestFolder {
 public:
  TestFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "cradle_observe.XXXXXX").string();
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

 private:
  std::filesystem::path path_;
};

template <class T>
T must(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "%s\n", to_string(result.error()).c_str());
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

inline const catalog::Catalog& test_catalog() {
  static const catalog::Catalog catalog = must(catalog::Catalog::load());
  return catalog;
}

inline constexpr std::int64_t second_ns = 1'000'000'000;
inline constexpr std::int64_t gibibyte = std::int64_t{1} << 30;
inline constexpr Instant test_start{1'767'225'600'000};  // 2026-01-01T00:00:00Z

/// What the next scan and the next readings say. Shared by test, capture and meters.
struct World {
  capture::Scan scan;
  std::vector<std::vector<meter::Zone>> zones;              ///< by meter
  std::vector<std::vector<meter::ZoneReading>> readings;    ///< by meter
  std::vector<std::vector<meter::GpuProcessUse>> gpu_uses;  ///< by meter

  std::chrono::milliseconds settles_after{0}, settled_for{0};

  World() {
    scan.at = test_start;
    scan.node.processors = 4;
    scan.node.memory_bytes = 16 * gibibyte;
  }
  std::size_t add_meter() {
    zones.emplace_back();
    readings.emplace_back();
    gpu_uses.emplace_back();
    return zones.size() - 1;
  }
  void add_zone(std::size_t meter, const std::string& name, meter::ZoneKind kind, const std::string& source,
                int parent = -1, double uncertainty = 0) {
    meter::Zone zone;
    zone.name = name;
    zone.kind = kind;
    zone.source = source;
    zone.knowledge = carbon::Knowledge::simulated;
    zone.parent = parent;
    zone.uncertainty = uncertainty;
    zones[meter].push_back(zone);
  }
  void read(std::size_t meter, std::size_t zone, std::int64_t microjoules, std::int64_t idle = -1) {
    meter::ZoneReading reading;
    reading.zone = zone;
    reading.microjoules = microjoules;
    reading.idle_known = idle >= 0;
    reading.idle_microjoules = std::max<std::int64_t>(idle, 0);
    readings[meter].push_back(reading);
  }
  /// A new interval: nothing used, nothing read, same groups.
  void next(std::int64_t interval_ns = second_ns) {
    scan.at.ms += interval_ns / 1'000'000;
    scan.interval_ns = interval_ns;
    scan.node.busy_ns = 0;
    scan.own_cpu_ns = 0;
    scan.processes.clear();
    std::erase_if(scan.groups, [](const capture::GroupUsage& group) { return group.ended; });
    for (capture::GroupUsage& group : scan.groups) {
      capture::GroupUsage fresh;
      fresh.id = group.id;
      fresh.path = group.path;
      fresh.resident_bytes = group.resident_bytes;
      group = fresh;
    }
    for (auto& some : readings) some.clear();
    for (auto& some : gpu_uses) some.clear();
  }
  capture::GroupUsage& group(std::uint64_t id, const std::string& path = {}) {
    for (capture::GroupUsage& group : scan.groups)
      if (group.id == id) return group;
    capture::GroupUsage group;
    group.id = id;
    group.path = path;
    scan.groups.push_back(group);
    return scan.groups.back();
  }
  /// CPU time of a process, which is its group's and the machine's as well.
  void work(std::int32_t pid, std::uint64_t started_ns, std::uint64_t in, std::int64_t cpu_ns, bool ended = false) {
    capture::ProcessUsage usage;
    usage.key = {pid, started_ns};
    usage.command = "p" + std::to_string(pid);
    usage.group = in;
    usage.cpu_ns = cpu_ns;
    usage.ended = ended;
    scan.processes.push_back(usage);
    group(in).cpu_ns += cpu_ns;
    scan.node.busy_ns += cpu_ns;
  }
};

/// One package of 10 J idle and 30 J of work a second, and nothing else.
inline std::shared_ptr<World> package_world() {
  auto world = std::make_shared<World>();
  world->add_meter();
  world->add_zone(0, "package-0", meter::ZoneKind::package, "simulated", -1, 0.05);
  world->group(1, "/");
  world->group(2, "/a.service");
  world->group(3, "/b.service");
  return world;
}

class FakeCapture : public capture::Capture {
 public:
  explicit FakeCapture(std::shared_ptr<World> world) : world_(std::move(world)) {}
  capture::Tier tier() const override { return capture::Tier::bpf; }
  std::vector<std::string> notes() const override { return {}; }
  Result<capture::Scan> scan() override { return world_->scan; }
  Result<bool> settle(std::chrono::milliseconds limit) override {
    world_->settled_for = limit;
    return limit >= world_->settles_after;
  }

 private:
  std::shared_ptr<World> world_;
};

class FakeMeter : public meter::Meter {
 public:
  FakeMeter(std::shared_ptr<World> world, std::size_t number) : world_(std::move(world)), number_(number) {}
  const std::vector<meter::Zone>& zones() const override { return world_->zones[number_]; }
  std::vector<meter::ZoneReading> read(Instant, const meter::Activity&) override { return world_->readings[number_]; }
  std::size_t number() const { return number_; }

 private:
  std::shared_ptr<World> world_;
  std::size_t number_;
};

inline std::vector<std::unique_ptr<meter::Meter>> fake_meters(const std::shared_ptr<World>& world) {
  std::vector<std::unique_ptr<meter::Meter>> meters;
  for (std::size_t m = 0; m < world->zones.size(); ++m) meters.push_back(std::make_unique<FakeMeter>(world, m));
  return meters;
}

inline constexpr std::int32_t observer_pid = 999;

inline ObserverOptions test_options(const TestFolder& folder) {
  ObserverOptions options;
  options.capture.sysroot = folder / "sysroot";  // without control groups: nothing of this machine is read
  options.place.node_name = "n1";
  options.place.grid = "DE";
  options.place.pue = 1.25;
  return options;
}

inline std::unique_ptr<NodeObserver> observe(const std::shared_ptr<World>& world, const ObserverOptions& options,
                                             std::size_t backlog = 100'000) {
  Parts parts;
  parts.capture = std::make_unique<FakeCapture>(world);
  parts.meters = fake_meters(world);
  parts.gpu_use = [world](const meter::Meter& meter) {
    return world->gpu_uses[dynamic_cast<const FakeMeter&>(meter).number()];
  };
  parts.own_pid = observer_pid;
  parts.backlog = backlog;
  return must(NodeObserver::compose(options, std::move(parts), test_catalog()));
}

inline std::int64_t sum(const std::array<std::int64_t, components>& parts) {
  std::int64_t all = 0;
  for (const std::int64_t part : parts) all += part;
  return all;
}

inline const GroupTotals* find_group(const Snapshot& snapshot, const std::string& path) {
  for (const GroupTotals& group : snapshot.groups)
    if (group.path == path) return &group;
  return nullptr;
}

inline const ProcessTotals* find_process(const Snapshot& snapshot, std::int32_t pid) {
  for (const ProcessTotals& process : snapshot.processes)
    if (process.key.pid == pid) return &process;
  return nullptr;
}

}  // namespace cradle::observe
