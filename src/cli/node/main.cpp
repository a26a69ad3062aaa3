// cradle-observe: `cradle observe` as a program of its own, for the nodes of a cluster. It links what observing needs
// and nothing else, since the libraries of the other verbs would stay in the memory of every node.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "observe_options.h"
#include "option_kinds.h"

int main(int argc, char** argv) {
  using namespace cradle::cli;
  constexpr int usage_error = 2;
  CLI::App app{"cradle-observe: joules and gCO2e of this machine by tenant", "cradle-observe"};
  app.set_version_flag("--version", "cradle 0.1.0");
  app.failure_message([](const CLI::App*, const CLI::Error& error) {
    return "cradle-observe: " + std::string(error.what()) + "\n  hint: see `cradle-observe --help`\n";
  });
  Common common;
  add_repeatable(&app, "--catalog", common.catalog,
                 "folder (or file) of records that add to or replace the embedded ones");
  app.add_flag("-q,--quiet", common.quiet, "no notes on standard error");
  ObserveOptions options;
  add_observe_options(app, options);
  const int own_words = split_command(argc, argv, 1, options);
  try {
    app.parse(own_words, argv);
  } catch (const CLI::ParseError& error) {
    if (told_stray_command(app, "cradle-observe")) return usage_error;
    return app.exit(error) == 0 ? 0 : usage_error;
  }
  return run_observe(options, common);
}
