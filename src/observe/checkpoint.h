// The observer's counters in a small text file, so that they go on after a restart.
#pragma once

#include <string>
#include <string_view>

#include "cradle/base/result.h"
#include "cradle/observe/node.h"

namespace cradle::observe {

/// First line: "cradle-observe-checkpoint VERSION CHECKSUM" (FNV-1a, 64 bits, of all that follows); then one line for
/// each total, zone and group. Numbers read back exactly; names are percent-encoded. Processes are not told: they are
/// known by number and start only while they live.
inline constexpr int checkpoint_version = 2;
std::string checkpoint_text(const Snapshot& snapshot);

/// Counters, zones (name, source, component, whether counted) and groups (path, version of the hierarchy in `id`).
/// bad_input for another version, a wrong checksum or a damaged line, with its number; `where` names the file.
Result<Snapshot> read_checkpoint(std::string_view text, const std::string& where);

}  // namespace cradle::observe
