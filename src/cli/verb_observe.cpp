// cradle observe: joules and grams of this machine by tenant.
#include "verb_observe.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <optional>

#include "cradle/base/text.h"

namespace cradle::cli {

namespace {

constexpr std::int64_t ns_per_second = 1'000'000'000, ns_per_ms = 1'000'000;

// A signal handler can reach nothing but a global of this type.
volatile std::sig_atomic_t stop_caught = 0;

/// "500ms", "1s", "2m", or seconds without a unit; 10 ms to an hour.
Result<Pace> parse_pace(const std::string& text) {
  const auto digits = text.find_first_not_of("0123456789.");
  const auto number = parse_number(text.substr(0, digits));
  const std::string unit = digits == std::string::npos ? "s" : text.substr(digits);
  const double scale = unit == "ms" ? 1 : unit == "s" ? 1e3 : unit == "m" ? 60e3 : 0;
  constexpr double shortest_ms = 10, longest_ms = 3'600'000;
  if (!number || scale == 0 || *number * scale < shortest_ms || *number * scale > longest_ms)
    return bad_input("'" + text + "' is no interval", "--interval", "write 500ms, 1s or 1m: from 10ms to 60m");
  return Pace{static_cast<int>(std::lround(*number * scale))};
}

std::int64_t monotonic_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * ns_per_second + now.tv_nsec;
}

Result<std::optional<capture::Tier>> parse_tier(const std::string& text) {
  if (text.empty()) return std::optional<capture::Tier>();
  if (text == "bpf") return std::optional(capture::Tier::bpf);
  if (text == "taskstats") return std::optional(capture::Tier::taskstats);
  if (text == "proc") return std::optional(capture::Tier::proc);
  const std::vector<std::string> tiers{"bpf", "taskstats", "proc"};
  return bad_input("no tier '" + text + "'", "--tier", suggest(text, tiers));
}

/// Whether a file can be made beside `path`, which is what every way to write it needs: a checkpoint is replaced whole,
/// a ledger has its journal there, a socket is made new. Tried rather than asked for: permissions are not all there is.
Result<void> check_place(const std::filesystem::path& path, const char* option) {
  if (path.empty()) return {};
  const std::string folder = path.has_parent_path() ? path.parent_path().string() : ".";
  const auto refused = [&](const std::string& why, const std::string& hint) {
    return bad_input("'" + path.string() + "' cannot be written: " + why, option, hint);
  };
  std::error_code unknown;
  if (std::filesystem::is_directory(path, unknown)) return refused("it is a folder", "name a file in it");
  if (!std::filesystem::exists(folder, unknown))
    return refused("there is no folder '" + folder + "'", "make it: mkdir -p '" + folder + "'");
  std::string trial = folder + "/.cradle-XXXXXX";
  const int file = ::mkstemp(trial.data());
  if (file >= 0) {
    ::close(file);
    ::unlink(trial.c_str());
    return {};
  }
  if (errno == ENOSPC || errno == EDQUOT) return {};
  return refused("nothing can be made in '" + folder + "' (" + std::strerror(errno) + ")",
                 "name a file in a folder that this user may write to");
}

}  // namespace

Result<void> check_outputs(const observe::ObserverOptions& options) {
  for (const auto& [path, option] :
       {std::pair{&options.checkpoint, "--checkpoint"}, std::pair{&options.ledger, "--ledger"},
        std::pair{&options.self_service, "--self-socket"}})
    if (auto good = check_place(*path, option); !good) return good;
  return {};
}

namespace {

/// A closed terminal and Ctrl-\ end a run as Ctrl-C does: with its bill, its checkpoint and no group left behind.
constexpr int stopping[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

}  // namespace

struct StopGuard::Previous {
  struct sigaction of[4]{};
};

StopGuard::StopGuard() : previous_(std::make_unique<Previous>()), next_ns_(monotonic_ns()) {
  stop_caught = 0;
  struct sigaction action {};
  action.sa_handler = [](int signal) { stop_caught = signal; };
  for (std::size_t i = 0; i < std::size(stopping); ++i) {
    struct sigaction& before = previous_->of[i];
    sigaction(stopping[i], &action, &before);
    // Under nohup a hang-up stays ignored.
    if (stopping[i] == SIGHUP && before.sa_handler == SIG_IGN) sigaction(stopping[i], &before, nullptr);
  }
}

StopGuard::~StopGuard() {
  for (std::size_t i = 0; i < std::size(stopping); ++i) sigaction(stopping[i], &previous_->of[i], nullptr);
}

int StopGuard::signal() { return stop_caught; }

bool StopGuard::pause(int milliseconds) {
  const std::int64_t step = milliseconds * ns_per_ms;
  const std::int64_t now = monotonic_ns();
  next_ns_ += step;
  // After a long stop (SIGSTOP, suspend) ticks are not made up for.
  if (next_ns_ < now) next_ns_ = now + step;
  timespec until{next_ns_ / ns_per_second, next_ns_ % ns_per_second};
  while (!stopped() && ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {
  }
  return !stopped();
}

std::string knowledge_of(const observe::Snapshot& snapshot, observe::Component component) {
  std::optional<carbon::Knowledge> weakest;
  for (const observe::ZoneTotals& zone : snapshot.zones)
    if (zone.counted && zone.component == component)
      weakest = weakest ? std::max(*weakest, zone.zone.knowledge) : zone.zone.knowledge;
  if (!weakest) return {};
  switch (*weakest) {
    case carbon::Knowledge::measured: return "measured";
    case carbon::Knowledge::estimated: return "estimated";
    case carbon::Knowledge::simulated: break;
  }
  return "simulated";
}

int run_observe(const ObserveOptions& options, const Common& common) {
  const auto pace = parse_pace(options.interval);
  if (!pace) return fail(pace.error());
  const auto tier = parse_tier(options.tier);
  if (!tier) return fail(tier.error());
  const auto policy = attribution::parse_idle_policy(options.policy, "--idle");
  if (!policy) return fail(policy.error());
  if (const std::vector<std::string> orders{"grams", "watts", "cpu"};
      std::find(orders.begin(), orders.end(), options.sort) == orders.end())
    return fail(bad_input("no order '" + options.sort + "'", "--sort", suggest(options.sort, orders)));
  if (options.daemon && !options.command.empty())
    return fail(bad_input("--daemon and a command are both given", "observe", "start them apart"));
  if (!options.otlp.empty() && !options.daemon)
    return fail(bad_input("only the daemon pushes", "--otlp", "add --daemon"));
  if (!options.otlp.empty() && !options.otlp.starts_with("http://"))
    return fail(bad_input("'" + options.otlp + "' is no address that OTLP can be pushed to", "--otlp",
                          "write http://HOST[:PORT]/PATH, e.g. http://127.0.0.1:4318/v1/metrics"));
  if (options.output == Output::csv)
    return fail(bad_input("observe prints no CSV", "--output", "use table or json; entries for CSV go to --ledger"));

  observe::ObserverOptions observer;
  observer.capture.sysroot = options.sysroot;
  observer.capture.tier = *tier;
  observer.capture.bytes = options.bytes;
  observer.capture.switches = options.switches;
  observer.meter.sysroot = options.sysroot;
  observer.meter.sources = options.meters;
  observer.meter.server = options.server;
  observer.place = {options.node_name, options.server, options.grid, options.pue};
  observer.policy = *policy;
  for (const std::string& text : options.memory_classes) {
    auto declared = observe::parse_memory_class(text, "--memory-class");
    if (!declared) return fail(declared.error());
    observer.memory_classes.push_back(*std::move(declared));
  }
  observer.checkpoint = options.checkpoint;
  observer.ledger = options.ledger;
  observer.self_service = options.socket;
  observer.self_map = options.self_map;
  if (auto good = check_outputs(observer); !good) return fail(good.error());
  if (options.daemon) return observe_daemon(options, observer, *pace, common);
  const auto catalog = catalog::Catalog::load(common.catalog);
  if (!catalog) return fail(catalog.error());
  if (!options.command.empty()) return observe_command(options, observer, *pace, *catalog, common);
  return observe_view(options, observer, *pace, *catalog, common);
}

}  // namespace cradle::cli
