// cradle doctor: what this machine offers, and what is missing.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <thread>
#include <utility>

#include "cradle/capture/capture.h"
#include "cradle/catalog/catalog.h"
#include "cradle/meter/meter.h"
#include "cradle/observe/observer.h"
#include "cradle/solve/linear_program.h"
#include "cradle/workload/data_set.h"
#include "verbs.h"

namespace cradle::cli {

namespace {

void line(bool good, const char* what, const std::string& text) {
  std::printf("%-4s %-14s %s\n", good ? "ok" : "--", what, text.c_str());
}

/// Long texts that come with many rows are told once, and by the name of their first row from then on.
class ToldOnce {
 public:
  std::string tell(const std::string& text, const std::string& row) {
    constexpr std::size_t short_enough = 40;
    if (text.size() < short_enough) return text;
    const auto [first, fresh] = rows_.try_emplace(text, row);
    return fresh ? text : "as at " + first->second;
  }
  /// `text` with what was told before replaced by where that was.
  std::string shorten(std::string text) const {
    for (const auto& [told, row] : rows_)
      if (const auto at = text.find(told); at != std::string::npos) text.replace(at, told.size(), "as at " + row);
    return text;
  }

 private:
  std::map<std::string, std::string> rows_;
};

/// What `cradle observe` can see processes, groups and bytes by. Returns the errors that were told.
ToldOnce tell_hooks() {
  std::puts("\nhooks of cradle observe");
  ToldOnce errors, fallbacks;
  for (const capture::HookReport& hook : capture::probe_hooks()) {
    std::printf("%-4s %s\n", hook.works ? "ok" : "--", hook.name.c_str());
    if (hook.works) continue;
    if (!hook.error.empty()) std::printf("       %s\n", errors.tell(hook.error, hook.name).c_str());
    if (!hook.fallback.empty()) std::printf("       instead: %s\n", fallbacks.tell(hook.fallback, hook.name).c_str());
  }
  return errors;
}

const char* name_of(capture::Tier tier) {
  switch (tier) {
    case capture::Tier::bpf: return "bpf: the dead are counted to their last nanosecond";
    case capture::Tier::taskstats: return "taskstats: the dead are counted by the kernel's exit records";
    case capture::Tier::proc: break;
  }
  return "proc: what lives and dies between two scans is in its group, in no process";
}

const char* name_of(carbon::Knowledge knowledge) {
  switch (knowledge) {
    case carbon::Knowledge::measured: return "measured";
    case carbon::Knowledge::estimated: return "estimated";
    case carbon::Knowledge::simulated: break;
  }
  return "simulated";
}

/// "powercap measured: package-0, dram-0; model estimated: disk, network, platform": the zones that are added up.
std::string meters_text(const observe::Snapshot& snapshot) {
  std::vector<std::pair<std::string, std::string>> sources;
  for (const observe::ZoneTotals& zone : snapshot.zones) {
    if (!zone.counted) continue;
    const std::string source = zone.zone.source + " (" + name_of(zone.zone.knowledge) + ")";
    const auto known = std::find_if(sources.begin(), sources.end(), [&](const auto& s) { return s.first == source; });
    if (known == sources.end())
      sources.emplace_back(source, zone.zone.name);
    else
      known->second += ", " + zone.zone.name;
  }
  std::string text;
  for (const auto& [source, zones] : sources) text += (text.empty() ? "" : "; ") + source + ": " + zones;
  return text;
}

/// What `cradle observe` takes here when no option names a tier or a meter, by opening it.
void tell_choices(const catalog::Catalog& catalog, const ToldOnce& errors) {
  std::puts("\ncradle observe takes");
  auto capture = capture::Capture::open({});
  if (!capture) {
    line(false, "processes", to_string(capture.error()));
    return;
  }
  line(true, "processes", std::string("tier ") + name_of((*capture)->tier()));
  for (const std::string& note : (*capture)->notes()) std::printf("       %s\n", errors.shorten(note).c_str());
  const auto observer = observe::Observer::open({}, catalog, std::move(*capture));
  line(observer.has_value(), "meters in use",
       observer ? meters_text((*observer)->snapshot()) : to_string(observer.error()));
}

void tell_meters() {
  std::puts("\nmeters of cradle observe");
  for (const meter::MeterReport& meter : meter::probe_meters("/")) line(meter.works, meter.source.c_str(), meter.text);
}

}  // namespace

int run_doctor(const Common& common) {
  line(true, "program", "cradle 0.1.0, compiler " __VERSION__);
  line(true, "processors", std::to_string(std::thread::hardware_concurrency()));

  line(true, "solver", solve::solver_name());
  const auto catalog = catalog::Catalog::load(common.catalog);
  line(catalog.has_value(), "catalogue",
       catalog
           ? std::to_string(catalog->list().size()) + " records, " + std::to_string(catalog->grids().size()) + " grids"
           : to_string(catalog.error()));

  const auto cache = workload::default_cache();
  line(cache.has_value(), "cache", cache ? cache->string() : "no home folder: give --cache to `cradle data`");
  for (const workload::DataSet& set : workload::data_sets()) {
    const auto folder = workload::find_data_set(set.name, {}, cache ? *cache : std::filesystem::path());
    line(folder.has_value(), ("data " + set.name).c_str(),
         folder ? folder->string() : "absent; fetch it with: cradle data get " + set.name);
  }
  const bool writable = ::access(".", W_OK) == 0;
  line(writable, "this folder",
       writable ? "ledgers and reports can be written here" : "cannot be written: give --ledger and --report");
  const ToldOnce errors = tell_hooks();
  tell_meters();
  if (catalog) tell_choices(*catalog, errors);
  return catalog ? 0 : exit_code(catalog.error().code);
}

}  // namespace cradle::cli
