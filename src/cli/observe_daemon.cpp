// cradle observe --daemon: ticks, and /metrics for whoever scrapes them.
#include <linux/capability.h>
#include <malloc.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <memory>
#include <mutex>
#include <set>
#include <string_view>
#include <utility>

#include "cradle/capture/capture.h"
#include "cradle/exposition/metric_family.h"
#include "cradle/exposition/server.h"
#include "cradle/observe/metrics.h"
#include "cradle/report/table.h"
#include "verb_observe.h"

namespace cradle::cli {

namespace {

constexpr const char* prometheus_type = "text/plain; version=0.0.4; charset=utf-8";
constexpr const char* open_metrics_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Gives up every privilege that reading goes on without: BPF maps and iterators that are open, files of /proc and of
/// powercap stay readable. Returns what could not be dropped, in words; empty if all went well.
std::string drop_privileges() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return "no_new_privs could not be set";
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> now{};
  if (::syscall(SYS_capget, &header, now.data()) != 0) return "capabilities could not be read";
  std::array<__u32, 2> wanted{};
  // New control groups, meters that come back and processes of other users are opened later on as well.
  for (const unsigned capability : {CAP_DAC_READ_SEARCH, CAP_SYS_PTRACE, CAP_PERFMON, CAP_BPF})
    wanted[CAP_TO_INDEX(capability)] |= CAP_TO_MASK(capability);
  for (std::size_t i = 0; i < now.size(); ++i) {
    now[i].permitted &= wanted[i];
    now[i].effective = now[i].permitted;
    now[i].inheritable = 0;
  }
  if (::syscall(SYS_capset, &header, now.data()) != 0) return "capabilities could not be dropped";
  return {};
}

/// The metrics as text, one set of names after the other, so that never all samples are in memory at once; the larger
/// set first, while the text is short.
void write_metrics(const observe::Snapshot& snapshot, bool open_metrics, std::string& text) {
  if (!open_metrics) {
    exposition::write_prometheus(observe::cradle_families(snapshot), text);
    exposition::write_prometheus(observe::kepler_families(snapshot), text);
    return;
  }
  constexpr std::string_view end = "# EOF\n";
  exposition::write_open_metrics(observe::cradle_families(snapshot), text);
  if (text.ends_with(end)) text.resize(text.size() - end.size());
  exposition::write_open_metrics(observe::kepler_families(snapshot), text);
}

/// Bytes that the text surely fits in. Growing step by step would take twice of what it has at the end; what is
/// reserved and not written costs no memory.
std::size_t room_for_metrics(const observe::Snapshot& snapshot) {
  constexpr std::size_t node = 1 << 20, group = 16 * 1024, process = 4 * 1024;
  return node + group * snapshot.groups.size() + process * snapshot.processes.size();
}

/// A node's memory is its tenants': what a scrape or the loading of BPF took goes back to the kernel at once, instead
/// of staying with the allocator for the next time.
void keep_memory_small() {
  constexpr int largest_kept = 128 * 1024;
  ::mallopt(M_ARENA_MAX, 1);
  ::mallopt(M_MMAP_THRESHOLD, largest_kept);
  ::mallopt(M_TRIM_THRESHOLD, largest_kept);
}

/// Tells each note once, as it comes, so that a meter that vanished is seen in the journal of the day.
class NoteTeller {
 public:
  explicit NoteTeller(bool quiet) : quiet_(quiet) {}

  void tell(const std::vector<std::string>& notes) {
    if (quiet_) return;
    for (const std::string& note : notes)
      if (told_.insert(without_count(note)).second) std::fprintf(stderr, "cradle: note: %s\n", note.c_str());
  }

 private:
  /// A note that came again ("TEXT (3 times)", "8 TEXT") is the same note.
  static std::string without_count(const std::string& note) {
    constexpr const char* digits = "0123456789";
    std::string text = note;
    if (const auto end = text.find_first_not_of(digits); end != 0 && end != std::string::npos && text[end] == ' ')
      text.erase(0, end);
    const auto open = text.rfind(" (");
    if (open == std::string::npos || !text.ends_with(" times)")) return text;
    if (text.find_first_not_of(digits, open + 2) == text.size() - std::string_view(" times)").size()) text.erase(open);
    return text;
  }

  bool quiet_;
  std::set<std::string> told_;
};

/// BPF is loaded first: that takes 11 MB for a moment, which the catalogue would come on top of; the catalogue is gone
/// when this returns.
Result<std::unique_ptr<observe::Observer>> open_observer(const observe::ObserverOptions& options,
                                                         const Common& common) {
  auto capture = capture::Capture::open(options.capture);
  if (!capture) return capture.error();
  const auto catalog = catalog::Catalog::load(common.catalog);
  if (!catalog) return catalog.error();
  return observe::Observer::open(options, *catalog, std::move(*capture));
}

/// The page at "/": for a person who opens the address.
std::string front_page(const observe::Snapshot& snapshot) {
  return "<!doctype html><html lang=en><meta charset=utf-8><title>cradle observe</title><h1>cradle "
         "observe</h1><p>Node " +
         report::html_escape(snapshot.node_name) + ", tick " + std::to_string(snapshot.ticks) +
         ". Metrics are at <a href=/metrics>/metrics</a>.</p></html>\n";
}

}  // namespace

int observe_daemon(const ObserveOptions& options, const observe::ObserverOptions& observer_options, Pace pace,
                   const Common& common) {
  keep_memory_small();
  auto opened = open_observer(observer_options, common);
  if (!opened) return fail(opened.error());
  ::malloc_trim(0);
  observe::Observer& node = **opened;
  StopGuard guard;

  // The observer belongs to this thread; scrapes read its snapshot between ticks.
  std::mutex reading;
  bool scraped = false;
  std::unique_ptr<exposition::Server> server;
  if (!options.listen.empty()) {
    auto started = exposition::Server::start(options.listen, [&](std::string_view path, std::string_view accept) {
      const std::scoped_lock lock(reading);
      if (path == "/") return exposition::Reply{200, "text/html; charset=utf-8", front_page(node.snapshot())};
      if (path == "/healthz") return exposition::Reply{200, "text/plain; charset=utf-8", "ok\n"};
      if (path != "/metrics") return exposition::Reply{404, "text/plain; charset=utf-8", "try /metrics\n"};
      exposition::Reply reply;
      const bool open_metrics = accept.find("application/openmetrics-text") != std::string_view::npos;
      reply.content_type = open_metrics ? open_metrics_type : prometheus_type;
      reply.body.reserve(room_for_metrics(node.snapshot()));
      write_metrics(node.snapshot(), open_metrics, reply.body);
      scraped = true;
      return reply;
    });
    if (!started) return fail(started.error());
    server = std::move(*started);
  }
  if (const std::string kept = drop_privileges(); !kept.empty() && !common.quiet)
    std::fprintf(stderr, "cradle: %s; going on with all privileges\n", kept.c_str());
  // Once more: a folder that only CAP_DAC_OVERRIDE opened is closed from here on.
  if (auto good = check_outputs(observer_options); !good) return fail(good.error());
  NoteTeller notes(common.quiet);
  notes.tell(node.snapshot().notes);
  if (server && !common.quiet)
    std::fprintf(stderr, "cradle: observing %s; metrics at %s, /metrics\n", node.snapshot().node_name.c_str(),
                 (server->port() > 0 ? "port " + std::to_string(server->port()) : options.listen).c_str());

  const Instant started = node.snapshot().at;
  std::uint64_t ticks = 0;
  bool pushed = true;
  while ((options.ticks == 0 || ticks < options.ticks) && guard.pause(pace.interval_ms)) {
    ++ticks;
    std::string push;
    {
      const std::scoped_lock lock(reading);
      if (auto ticked = node.tick(); !ticked) {
        fail(ticked.error());
        continue;
      }
      notes.tell(node.snapshot().notes);
      if (std::exchange(scraped, false)) ::malloc_trim(0);
      if (!options.otlp.empty())
        push = exposition::otlp_json(observe::otlp_families(node.snapshot()), observe::otlp_resource(node.snapshot()),
                                     started, node.snapshot().at);
    }
    if (push.empty()) continue;
    const auto sent = exposition::post(options.otlp, "application/json", push);
    // Once for each outage, not for each tick of it.
    if (!sent && pushed && !common.quiet) fail(sent.error());
    pushed = sent.has_value();
  }
  server.reset();
  if (auto done = node.finish(); !done) return fail(done.error());
  return 0;
}

}  // namespace cradle::cli
