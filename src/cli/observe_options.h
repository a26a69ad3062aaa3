// The options of `cradle observe`, for the whole program and for the node program.
#pragma once

#include <CLI/CLI.hpp>

#include "verbs.h"

namespace cradle::cli {

void add_observe_options(CLI::App& verb, ObserveOptions& options);

/// What follows -- from word `first` on is the observed command, whatever options it has: it goes into `options`. How
/// many words are the program's own.
int split_command(int argc, char** argv, int first, ObserveOptions& options);

}  // namespace cradle::cli
