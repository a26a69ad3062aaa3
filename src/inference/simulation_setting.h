// What both simulations, of a fixed and of a changing number of replicas, prepare before they run.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "replica_model.h"

namespace cradle::inference {

/// bad_input: as `simulate` says.
Result<void> check_simulation(const Service& service, std::span<const Arrival> arrivals, Fidelity fidelity);

/// Exponential with mean 1, from stream "work" of the seed; empty in `tokens`.
std::vector<double> work_of(std::size_t requests, Fidelity fidelity, std::uint64_t seed);

/// The setting refers to all spans. `watts` by batch, 0 .. max_batch.
ReplicaSetting setting_of(const Service& service, std::vector<double> watts, std::span<const Arrival> arrivals,
                          std::span<const double> work, std::span<Outcome> outcomes);

}  // namespace cradle::inference
