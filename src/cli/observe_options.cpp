// The options of `cradle observe`, for the whole program and for the node program.
#include "observe_options.h"

#include <cstdio>

#include "option_kinds.h"

namespace cradle::cli {

void add_observe_options(CLI::App& verb, ObserveOptions& options) {
  verb.add_flag("--daemon", options.daemon, "serve metrics until SIGTERM");
  verb.add_option("--web.listen-address", options.listen, "HOST:PORT of /metrics (with --daemon)")
      ->capture_default_str();
  verb.add_option("--otlp", options.otlp, "push OTLP/HTTP (JSON) to this address at every tick");
  verb.add_option("--interval", options.interval, "between ticks: 500ms, 1s, 1m")->capture_default_str();
  add_count(&verb, "--ticks", options.ticks, largest_count, "stop after so many; 0: when interrupted");
  verb.add_option("--sysroot", options.sysroot, "in front of /proc and /sys")->capture_default_str();
  add_repeatable(&verb, "--meter", options.meters,
                 "powercap, perf, hwmon, nvml, ipmi:FILE, redfish:FILE, model[:SERVER] or simulated[:KEY=VALUE,...]; "
                 "may be repeated; all that are found if left out");
  verb.add_option("--tier", options.tier, "bpf, taskstats or proc; the best that works if left out");
  verb.add_option("--idle", options.policy, "who bears idle energy: none, even, reservation or use")
      ->capture_default_str();
  add_repeatable(&verb, "--memory-class", options.memory_classes,
                 "PATTERN=CLASS: how hard tenants of this name or control group work the memory: low, medium (if left "
                 "out), high or streaming; may be repeated, the first that matches counts");
  verb.add_option("--node-name", options.node_name, "the host's name if left out");
  verb.add_option("--server", options.server, "server of the catalogue that this machine is");
  verb.add_option("--grid", options.grid, "grid of the catalogue that feeds it")->capture_default_str();
  constexpr double highest_pue = 10;
  add_number(&verb, "--pue", options.pue, 1, highest_pue, "facility energy over IT energy");
  verb.add_option("--checkpoint", options.checkpoint, "file from which counters go on after a restart");
  verb.add_option("--ledger", options.ledger, "ledger that takes the entries");
  verb.add_option("--self-socket", options.socket, "Unix socket at which a program asks for its own grams");
  verb.add_option("--self-map", options.self_map, "where to pin the BPF map with the same");
  verb.add_flag_callback(
      "--no-bytes", [&options] { options.bytes = false; }, "no block and network bytes");
  verb.add_flag("--switches", options.switches, "CPU time by processor, at a cost for each context switch");
  verb.add_option("--by", options.by, "live view: a row for each tenant or process")->capture_default_str();
  verb.add_option("--sort", options.sort, "live view: grams, watts or cpu")->capture_default_str();
  add_count(&verb, "--rows", options.rows, largest_count, "live view: tenants; 0: all");
  add_output(&verb, options.output);
  verb.footer("observe -- COMMAND runs a command and says what it took, as `time` does.");
}

int split_command(int argc, char** argv, int first, ObserveOptions& options) {
  int own_words = argc;
  for (int i = first; i < own_words; ++i)
    if (std::string(argv[i]) == "--") own_words = i;
  if (own_words < argc) options.command.assign(argv + own_words + 1, argv + argc);
  return own_words;
}

bool told_stray_command(const CLI::App& app, const char* program) {
  const std::vector<std::string> words = app.remaining(true);
  // An unknown option in front is told as one: what follows it may be its value.
  if (words.empty() || words.front().starts_with('-')) return false;
  std::string command;
  for (const std::string& word : words) command += " " + word;
  std::fprintf(stderr, "cradle: observe: '%s' is no option; a command comes after --\n  hint: write: %s --%s\n",
               words.front().c_str(), program, command.c_str());
  return true;
}

}  // namespace cradle::cli
