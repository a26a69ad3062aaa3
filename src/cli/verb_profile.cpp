// cradle profile gpu: measures a GPU (or reads a recorded run), prints the steps, writes the record.
#include <chrono>
#include <cstdio>

#include "cradle/base/file.h"
#include "cradle/base/text.h"
#include "cradle/profile/gpu_profile.h"
#include "cradle/report/format.h"
#include "cradle/report/progress.h"
#include "cradle/report/table.h"
#include "interrupt.h"
#include "profile_options.h"

namespace cradle::cli {

namespace {

using report::Align;

constexpr int interrupted_status = 130;

Instant now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::milliseconds>(since).count()};
}

Result<profile::RawProfile> measured(const ProfileVerbOptions& options, const Common& common) {
  profile::GpuOptions gpu_options;
  gpu_options.device = options.device;
  gpu_options.management_library = options.management_library;
  gpu_options.driver_library = options.driver_library;
  auto gpu = profile::open_nvidia_gpu(gpu_options);
  if (!gpu) {
    Error error = std::move(gpu).error();
    if (error.code == ErrorCode::missing_data)
      error.hint += "; without a GPU: --recorded FILE reads a run that was recorded on one with --record";
    return error;
  }
  profile::ProfileOptions run;
  run.steps = options.steps;
  run.repetitions = options.repetitions;
  run.window = carbon::Seconds{options.window_seconds};
  run.settle = carbon::Seconds{options.settle_seconds};
  run.stop = [] { return InterruptGuard::interrupted(); };
  if (common.progress)
    run.progress = [](int done, int of) {
      std::fprintf(stderr, "\rmeasured %d of %d%s", done, of, done == of ? "\n" : "");
    };
  const InterruptGuard guard;
  return profile::measure(**gpu, run, now());
}

Result<profile::RawProfile> recorded(const std::filesystem::path& file) {
  const auto text = read_file(file, std::uint64_t{1} << 30);
  if (!text) return text.error();
  return profile::parse_profile(*text, file.string());
}

report::Table steps_table(const std::vector<profile::ProfileStep>& steps) {
  report::Table table;
  table.column("multiprocessors", "busy", Align::right)
      .column("share", "share", Align::right, 3)
      .column("power_w", "power", Align::right, 1, "W")
      .column("power_w_low", "from", Align::right, 1, "W")
      .column("power_w_high", "to", Align::right, 1, "W")
      .column("tera_operations_s", "work", Align::right, 2, "T/s")
      .column("joules_per_giga", "energy", Align::right, 3, "J/G")
      .column("clock_mhz", "clock", Align::right, 0, "MHz")
      .column("repetitions", "times", Align::right)
      .column("by", "by");
  for (const profile::ProfileStep& step : steps) {
    const double tera = step.operations.value / 1e12;
    table.row({std::int64_t{step.multiprocessors}, step.at, step.power.value.value(), step.power.low.value(),
               step.power.high.value(), tera,
               tera > 0 ? report::Cell(step.power.value.value() / tera / 1000) : report::Cell(),
               step.megahertz > 0 ? report::Cell(step.megahertz) : report::Cell(), std::int64_t{step.repetitions},
               std::string(step.counted ? "energy counter" : "power samples")});
  }
  return table;
}

}  // namespace

int run_profile(const ProfileVerbOptions& options, const Common& common) {
  const auto catalog = catalog::Catalog::load(common.catalog);
  if (!catalog) return fail(catalog.error());
  const bool replayed = !options.recorded.empty();
  auto raw = replayed ? recorded(options.recorded) : measured(options, common);
  if (!raw) return fail(raw.error());
  const std::string source = replayed ? options.recorded.string() : raw->device.uuid;
  if (!options.record.empty())
    if (auto written = write_file(options.record, profile::to_json(*raw)); !written) return fail(written.error());
  const auto steps = profile::steps_of(*raw, source);
  const bool stopped = !replayed && InterruptGuard::interrupted();
  if (!steps) return stopped ? interrupted_status : fail(steps.error());

  const report::Table table = steps_table(*steps);
  const std::string origin =
      replayed ? "from the recording " + source + " of " + to_iso(raw->date) + "; nothing was measured here"
               : "measured here";
  if (options.json) {
    const std::string json =
        table.to_json("cradle.profile.gpu/1", {{"device", raw->device.name},
                                               {"driver", raw->device.driver},
                                               {"multiprocessors", std::int64_t{raw->device.multiprocessors}},
                                               {"date", to_iso(raw->date)},
                                               {"recorded", std::string(replayed ? "yes" : "no")},
                                               {"cut_short", raw->cut_short}});
    std::fputs(json.c_str(), stdout);
  } else {
    std::printf("%s, driver %s, %d multiprocessors: %s\n\n%s", report::printable(raw->device.name).c_str(),
                report::printable(raw->device.driver).c_str(), raw->device.multiprocessors,
                report::printable(origin).c_str(), table.to_text().c_str());
    if (!raw->cut_short.empty()) std::printf("\nnote: cut short: %s\n", report::printable(raw->cut_short).c_str());
  }
  if (!options.catalogue.empty()) {
    const auto accelerator = options.accelerator.empty()
                                 ? profile::accelerator_of(*catalog, raw->device.name)
                                 : catalog->find_accelerator(options.accelerator, "--accelerator");
    if (!accelerator) return fail(accelerator.error());
    const std::string id = options.id.empty() ? "synthetic-slices-" + (*accelerator)->id : options.id;
    const auto record = profile::curve_record_toml(*raw, *steps, **accelerator, id,
                                                   replayed ? options.recorded.string() : std::string());
    if (!record) return fail(record.error());
    if (auto written = write_file(options.catalogue, *record); !written) return fail(written.error());
    if (!common.quiet)
      std::fprintf(stderr, "cradle: the record is %s; use it with --catalog\n", options.catalogue.c_str());
  }
  return stopped ? interrupted_status : 0;
}

}  // namespace cradle::cli
