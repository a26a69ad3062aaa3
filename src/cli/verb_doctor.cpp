// cradle doctor: what this machine offers, and what is missing.
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <thread>

#include "cradle/capture/capture.h"
#include "cradle/catalog/catalog.h"
#include "cradle/meter/meter.h"
#include "cradle/solve/linear_program.h"
#include "cradle/workload/data_set.h"
#include "verbs.h"

namespace cradle::cli {

namespace {

void line(bool good, const char* what, const std::string& text) {
  std::printf("%-4s %-14s %s\n", good ? "ok" : "--", what, text.c_str());
}

/// What `cradle observe` can see processes, groups and bytes by.
void tell_hooks() {
  std::puts("\nhooks of cradle observe");
  for (const capture::HookReport& hook : capture::probe_hooks()) {
    std::printf("%-4s %s\n", hook.works ? "ok" : "--", hook.name.c_str());
    if (hook.works) continue;
    if (!hook.error.empty()) std::printf("       %s\n", hook.error.c_str());
    if (!hook.fallback.empty()) std::printf("       instead: %s\n", hook.fallback.c_str());
  }
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
  tell_hooks();
  tell_meters();
  return catalog ? 0 : exit_code(catalog.error().code);
}

}  // namespace cradle::cli
