// The options of `cradle observe`, for the whole program and for the node program.
#pragma once

#include <CLI/CLI.hpp>

#include "verbs.h"

namespace cradle::cli {

void add_observe_options(CLI::App& verb, ObserveOptions& options);

/// What follows -- from word `first` on is the observed command, whatever options it has: it goes into `options`. How
/// many words are the program's own.
int split_command(int argc, char** argv, int first, ObserveOptions& options);

/// After a parse that failed: if that was for a command without -- in front of it, says so, by the name `program` of
/// what was called. False: it was for something else, and nothing is said.
bool told_stray_command(const CLI::App& app, const char* program);

}  // namespace cradle::cli
