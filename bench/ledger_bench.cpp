// The ledger at the size of a year of the timed replay: 1,213 machines of three components, 25,000 jobs, a million
// entries. ledger/write includes every commit (synced to disk); ledger/query_by_* reads the file and makes the account.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "cradle/base/random.h"
#include "cradle/ledger/ledger.h"

namespace {

using namespace cradle;
using carbon::Entry;

constexpr std::size_t machines = 1213;
constexpr std::size_t jobs = 25'000;
constexpr std::size_t entries = 1'000'000;
constexpr Instant start{1'640'995'200'000};
constexpr std::int64_t year_ms = 365 * ms_per_day;

/// Ends the bench with the message of an error.
template <class T>
T checked(Result<T> result) {
  if (!result) {
    std::cerr << to_string(result.error()) << '\n';
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

struct Year {
  ledger::RunInfo info;
  std::vector<carbon::SiteRecord> sites;
  std::vector<carbon::ComponentRecord> components;
  std::vector<carbon::JobRecord> job_records;
  std::vector<Entry> list;

  Year() {
    info.name = "FGD";
    info.study = "bench";
    info.policy = "FGD";
    info.created_by = "cradle_bench";
    info.period = {start, Instant{start.ms + year_ms}};
    RandomStream random(42, "ledger bench");
    for (const char* name : {"north", "middle", "south"}) {
      std::vector<carbon::GramsPerKilowattHour> hours;
      hours.reserve(8760);
      for (int h = 0; h < 8760; ++h) hours.emplace_back(100 + 500 * random.uniform());
      carbon::SiteRecord site;
      site.name = name;
      site.pue = 1.2;
      site.average =
          checked(carbon::IntensitySeries::make(carbon::Signal::average, start, ms_per_hour, std::move(hours), true));
      sites.push_back(std::move(site));
    }
    for (std::size_t m = 0; m < machines; ++m)
      for (const char* kind : {"gpu", "cpu", "memory"}) {
        carbon::ComponentRecord component;
        component.machine = "openb-node-" + std::to_string(m);
        component.kind = kind;
        component.site = static_cast<std::uint32_t>(m % 3);
        component.embodied = {carbon::GramsCO2e{1e6}, carbon::GramsCO2e{5e5}, carbon::GramsCO2e{2e6}};
        component.lifetime = carbon::Seconds{carbon::Years{4}};
        component.lifetime_operations = carbon::Operations{component.lifetime.value() * 8};
        components.push_back(component);
      }
    for (std::size_t j = 0; j < jobs; ++j)
      job_records.push_back({"openb-pod-" + std::to_string(j), "user" + std::to_string(random.below(500)),
                             "product" + std::to_string(random.below(50)), start, start, info.period.to});
    list.reserve(entries);
    for (std::size_t i = 0; i < entries; ++i) {
      Entry entry;
      entry.start = Instant{start.ms + static_cast<std::int64_t>(i * (year_ms - 2 * ms_per_day) / entries)};
      const auto length = static_cast<std::int64_t>(1000 + random.below(static_cast<std::uint64_t>(2 * ms_per_day)));
      entry.end = Instant{entry.start.ms + length};
      // A job writes some forty entries on one machine, among those of the others that run meanwhile.
      const std::size_t job = std::min(jobs - 1, i / (entries / jobs) + random.below(100));
      entry.component = static_cast<std::uint32_t>(job * 7919 % machines * 3 + random.below(3));
      entry.microjoules = length * static_cast<std::int64_t>(random.below(400'000));
      if (random.below(5) == 0) {
        entry.role = carbon::Role::idle;
        entry.baseline_microjoules = entry.microjoules;
      } else {
        entry.job = static_cast<std::uint32_t>(job);
        entry.baseline_microjoules = entry.microjoules / 3;
        entry.operations = static_cast<double>(length) / 1000 * random.uniform();
      }
      list.push_back(entry);
    }
  }
};

const Year& year() {
  static const Year value;
  return value;
}

/// A folder of this process that goes when it ends.
struct Folder {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("cradle_ledger_bench." + std::to_string(::getpid()));
  Folder() { std::filesystem::create_directories(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path); }
};

const Folder& folder() {
  static const Folder value;
  return value;
}

void write_year(const std::filesystem::path& path) {
  auto book = checked(ledger::Ledger::create(path));
  auto writer = checked(book.begin_run(year().info, year().sites, year().components));
  for (const Entry& entry : year().list) writer.write(entry);
  checked(writer.set_jobs(year().job_records));
  checked(writer.finish());
}

void write(benchmark::State& state) {
  const auto path = folder().path / "write.ledger";
  year();
  for (auto _ : state) {
    write_year(path);
    state.PauseTiming();
    state.counters["bytes_per_entry"] =
        static_cast<double>(std::filesystem::file_size(path)) / static_cast<double>(entries);
    std::filesystem::remove(path);
    state.ResumeTiming();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * entries));
}
BENCHMARK(write)->Name("ledger/write")->Unit(benchmark::kMillisecond)->UseRealTime();

void query(benchmark::State& state, carbon::Grouping by, carbon::View view) {
  static const std::filesystem::path path = [] {
    auto made = folder().path / "query.ledger";
    write_year(made);
    return made;
  }();
  for (auto _ : state) {
    const auto book = checked(ledger::Ledger::open_read(path));
    const auto account = checked(checked(book.read_run("FGD")).account(view, by));
    benchmark::DoNotOptimize(account.rows.data());
  }
}

[[maybe_unused]] const bool registered = [] {
  for (const auto by : {carbon::Grouping::job, carbon::Grouping::user, carbon::Grouping::product,
                        carbon::Grouping::machine, carbon::Grouping::day})
    benchmark::RegisterBenchmark(("ledger/query_by_" + std::string(name(by))).c_str(), query, by,
                                 carbon::View::attributional)
        ->Unit(benchmark::kMillisecond)
        ->UseRealTime();
  benchmark::RegisterBenchmark("ledger/query_by_job_planning", query, carbon::Grouping::job, carbon::View::planning)
      ->Unit(benchmark::kMillisecond)
      ->UseRealTime();
  return true;
}();

}  // namespace
