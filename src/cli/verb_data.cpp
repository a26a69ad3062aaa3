// cradle data list|get|path: public data sets into the user's cache.
#include <cstdio>
#include <optional>
#include <string>
#include <system_error>

#include "cradle/base/text.h"
#include "cradle/report/progress.h"
#include "cradle/report/table.h"
#include "cradle/workload/data_set.h"
#include "interrupt.h"
#include "verbs.h"

namespace cradle::cli {

namespace {

int list(const std::filesystem::path& cache) {
  report::Table table;
  table.column("name", "name")
      .column("files", "files", report::Align::right)
      .column("kilobytes", "size", report::Align::right, 0, "kB")
      .column("licence", "licence")
      .column("in_cache", "in cache")
      .column("content", "content");
  for (const workload::DataSet& set : workload::data_sets()) {
    double bytes = 0;
    for (const workload::DataFile& file : set.files) bytes += static_cast<double>(file.bytes);
    const bool complete = workload::cached_data_set(set, cache).has_value();
    table.row({set.name, static_cast<std::int64_t>(set.files.size()), bytes / 1000, set.licence,
               std::string(complete ? "yes" : "no"), set.content});
  }
  constexpr std::size_t wide_enough_for_the_content = 160;
  std::fputs(table.to_text(wide_enough_for_the_content).c_str(), stdout);
  return 0;
}

int get(const workload::DataSet& set, const std::filesystem::path& cache, const DataOptions& options,
        const Common& common) {
  const InterruptGuard guard;
  std::optional<report::Progress> bar;
  std::string shown_file;
  std::uint64_t shown_bytes = 0;
  const auto fetched =
      workload::get_data_set(set, cache, options.mirror, [&](const workload::Progress& progress) -> bool {
        if (progress.file != shown_file) {
          shown_file = progress.file;
          shown_bytes = 0;
          bar.emplace(shown_file, progress.total, common.progress && !common.quiet);
        }
        bar->advance(progress.done - shown_bytes);
        shown_bytes = progress.done;
        return !InterruptGuard::interrupted();
      });
  bar.reset();
  if (!fetched) return fail(fetched.error());
  if (!common.quiet) {
    const std::string folder = fetched->folder.string();
    if (fetched->downloaded.empty())
      std::printf("%s is already complete in %s\n", set.name.c_str(), folder.c_str());
    else
      std::printf("%s: %zu files (%s kB) downloaded to %s, %zu already there\n", set.name.c_str(),
                  fetched->downloaded.size(), fixed(static_cast<double>(fetched->bytes) / 1000, 0).c_str(),
                  folder.c_str(), fetched->present.size());
  }
  return 0;
}

}  // namespace

int run_data(const DataOptions& options, const Common& common) {
  std::filesystem::path cache = options.cache;
  if (cache.empty()) {
    auto folder = workload::default_cache();
    if (!folder) return fail(folder.error());
    cache = std::move(folder).value();
  }
  if (options.action == "list") return list(cache);

  const auto set = workload::data_set(options.name);
  if (!set) return fail(set.error());
  if (options.action == "get") return get(*set, cache, options, common);
  if (options.action == "path") {
    const auto folder = workload::cached_data_set(*set, cache);
    if (!folder) return fail(folder.error());
    std::puts(folder->c_str());
    return 0;
  }
  const std::vector<std::string> actions = {"list", "get", "path"};
  return fail(bad_input("no action '" + options.action + "'", "data", suggest(options.action, actions)));
}

}  // namespace cradle::cli
