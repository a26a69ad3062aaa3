// Intensity series as bytes that give the same series back, bit for bit.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "cradle/carbon/quantity.h"

namespace cradle::ledger {

/// The steps in g/kWh as little-endian doubles.
std::vector<std::byte> to_blob(std::span<const carbon::GramsPerJoule> steps);
/// Nothing if the size is not that of whole doubles.
std::optional<std::vector<carbon::GramsPerKilowattHour>> from_blob(std::span<const std::byte> blob);

}  // namespace cradle::ledger
