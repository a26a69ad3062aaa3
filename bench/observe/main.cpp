// The bars of observing, measured on this machine against the kernel's own counts.
//   observe_bench [--quick] [--only NAME] [--json FILE] [--cradle PROGRAM]
// Exit codes: 0 every bar reached, 1 a bar missed or a part that could not be measured, 2 usage, 77 not root or no
// hook.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "cradle/base/file.h"
#include "cradle/capture/capture.h"
#include "cradle/kernel/byte_meter.h"
#include "group.h"
#include "sections.h"

namespace {

using namespace cradle;
using namespace cradle::bench;

struct Arguments {
  bool quick = false;
  std::string only, json, cradle = CRADLE_PROGRAM;
};

int usage() {
  std::fputs("usage: observe_bench [--quick] [--only NAME] [--json FILE] [--cradle PROGRAM]\nNAME:", stderr);
  for (const Section& section : sections) std::fprintf(stderr, " %s", std::string(section.name).c_str());
  std::fputs("\n", stderr);
  return 2;
}

bool parse(int count, char** words, Arguments& arguments) {
  for (int k = 1; k < count; ++k) {
    const std::string_view word = words[k];
    if (word == "--quick") {
      arguments.quick = true;
      continue;
    }
    std::string* value = word == "--only"     ? &arguments.only
                         : word == "--json"   ? &arguments.json
                         : word == "--cradle" ? &arguments.cradle
                                              : nullptr;
    if (value == nullptr || ++k == count) return false;
    *value = words[k];
  }
  for (const Section& section : sections) {
    if (arguments.only == section.name) return true;
  }
  return arguments.only.empty();
}

/// Why nothing can be measured here; empty: it can.
std::string lacking() {
  if (geteuid() != 0) return "not root: control groups and BPF need it";
  if (kernel::cgroup2_root().empty()) return "cgroup version 2 is not mounted: its cpu.stat is the truth";
  capture::CaptureOptions options;
  options.tier = capture::Tier::bpf;
  const Result<std::unique_ptr<capture::Capture>> capture = capture::Capture::open(options);
  return capture ? std::string() : to_string(capture.error());
}

int measure(const Arguments& arguments, Context& context) {
  const Result<std::vector<Bar>> bars = read_bars(std::filesystem::path(CRADLE_SOURCE_DIR) / "bench/bars.tsv");
  if (!bars) {
    std::fprintf(stderr, "%s\n", to_string(bars.error()).c_str());
    return 1;
  }
  const std::string machine = machine_line();
  std::printf("%s\n", machine.c_str());
  bool complete = true;
  for (const Section& section : sections) {
    if (!arguments.only.empty() && arguments.only != section.name) continue;
    std::fprintf(stderr, "observe_bench: %s\n", std::string(section.name).c_str());
    if (const Result<void> done = section.run(context); !done) {
      std::fprintf(stderr, "observe_bench: %s: %s\n", std::string(section.name).c_str(),
                   to_string(done.error()).c_str());
      complete = false;
    }
  }
  const std::vector<Judged> judged = judge(context.rows, *bars, arguments.quick);
  std::printf("\n%s", table_of(judged).c_str());
  for (const Judged& one : judged) complete = complete && one.reached;
  if (!arguments.json.empty()) {
    if (const Result<void> written = write_file(arguments.json, json_of(judged, machine)); !written) {
      std::fprintf(stderr, "%s\n", to_string(written.error()).c_str());
      complete = false;
    }
  }
  std::fflush(stdout);
  if (!complete) std::fputs("observe_bench: a bar is missed or was not measured\n", stderr);
  return complete ? 0 : 1;
}

volatile sig_atomic_t interrupted = 0;
void interrupt(int) { interrupted = 1; }

}  // namespace

int main(int count, char** words) {
  Arguments arguments;
  if (!parse(count, words, arguments)) return usage();
  if (const std::string reason = lacking(); !reason.empty()) {
    std::fprintf(stderr, "observe_bench: skipped: %s\n", reason.c_str());
    return 77;
  }
  Context context;
  context.quick = arguments.quick;
  context.cradle = arguments.cradle;
  context.prefix = "cradle-bench-" + std::to_string(getpid()) + "-";
  context.folder = std::filesystem::temp_directory_path() / (context.prefix + "files");
  std::filesystem::create_directories(context.folder);

  // All is measured by a child, so that whatever ends it, groups, processes and files are cleared away by this process.
  struct sigaction action {};
  action.sa_handler = interrupt;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &action, nullptr);
  const pid_t parent = getpid();
  const pid_t worker = fork();
  if (worker == 0) {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::signal(signal, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    _exit(measure(arguments, context));
  }
  int status = 1 << 8;
  while (worker > 0 && waitpid(worker, &status, 0) < 0 && errno == EINTR) {
    if (interrupted != 0) kill(worker, SIGKILL);
  }
  remove_groups(context.prefix);
  std::error_code error;
  std::filesystem::remove_all(context.folder, error);
  if (interrupted != 0) return 130;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
