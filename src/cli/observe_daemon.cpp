// cradle observe --daemon: ticks, and /metrics for whoever scrapes them.
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <memory>
#include <mutex>

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

std::vector<exposition::MetricFamily> families(const observe::Snapshot& snapshot) {
  auto all = observe::kepler_families(snapshot);
  for (exposition::MetricFamily& family : observe::cradle_families(snapshot)) all.push_back(std::move(family));
  return all;
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
                   const catalog::Catalog& catalog, const Common& common) {
  auto opened = observe::Observer::open(observer_options, catalog);
  if (!opened) return fail(opened.error());
  observe::Observer& node = **opened;
  StopGuard guard;

  // The observer belongs to this thread; scrapes read its snapshot between ticks.
  std::mutex reading;
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
      (open_metrics ? exposition::write_open_metrics : exposition::write_prometheus)(families(node.snapshot()),
                                                                                     reply.body);
      return reply;
    });
    if (!started) return fail(started.error());
    server = std::move(*started);
  }
  if (const std::string kept = drop_privileges(); !kept.empty() && !common.quiet)
    std::fprintf(stderr, "cradle: %s; going on with all privileges\n", kept.c_str());
  if (!common.quiet) {
    for (const std::string& note : node.snapshot().notes) std::fprintf(stderr, "cradle: note: %s\n", note.c_str());
    if (server)
      std::fprintf(stderr, "cradle: observing %s; metrics at %s, /metrics\n", node.snapshot().node_name.c_str(),
                   (server->port() > 0 ? "port " + std::to_string(server->port()) : options.listen).c_str());
  }

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
