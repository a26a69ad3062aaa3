// The published optimiser's allocation beside ours: the same accelerators, sized and timed by this room.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/inference/candidates.h"
#include "cradle/inference/inferno.h"

namespace cradle::inference {

struct PublishedRow {
  std::string server;
  std::optional<Part> part;                ///< absent: nothing was chosen for it, or it can not be served there
  std::int64_t needed = 0;                 ///< replicas that keep the targets; part->replicas are fewer of leftovers
  std::string note;                        ///< why there is no part, or that it is not whole
  std::optional<InfernoAllocation> given;  ///< what was published
};

/// With a solution, each of its servers on the accelerator that it names, with as many replicas as this room's sizing
/// asks for. Without one, what the published greedy chooses by cost. bad_input: a solution that names a server or an
/// accelerator that is not there.
Result<std::vector<PublishedRow>> published_rows(const InfernoSystem& system,
                                                 const std::optional<InfernoSolution>& solution,
                                                 const CandidateOptions& options);

/// Servers that a solution says nothing of, in the system's order.
std::vector<std::string> servers_missing(const InfernoSystem& system, const InfernoSolution& solution);

}  // namespace cradle::inference
