// `cradle observe --daemon` goes on as cradle-observe, so that a node's memory does not hold the other verbs'
// libraries.
#pragma once

#include <CLI/CLI.hpp>

#include "verbs.h"

namespace cradle::cli {

/// Becomes the `cradle-observe` of this version that lies beside this program, else in PATH, with the options that were
/// given to `verb` and what `common` has for it. Returns only where there is none, after a note.
void become_node_program(const CLI::App& verb, const Common& common);

}  // namespace cradle::cli
