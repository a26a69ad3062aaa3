#include "series_blob.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace cradle::ledger {

namespace {

static_assert(std::endian::native == std::endian::little, "ledgers are written by little-endian machines");

/// The g/kWh that become exactly `step` when they are read again: the plain product may be a rounding off.
double grams_per_kwh(carbon::GramsPerJoule step) {
  const double product = carbon::GramsPerKilowattHour{step}.value();
  for (const double candidate :
       {product, std::nextafter(product, 0.0), std::nextafter(product, std::numeric_limits<double>::infinity())})
    if (carbon::GramsPerJoule{carbon::GramsPerKilowattHour{candidate}} == step) return candidate;
  return product;
}

}  // namespace

std::vector<std::byte> to_blob(std::span<const carbon::GramsPerJoule> steps) {
  std::vector<std::byte> bytes(steps.size() * sizeof(double));
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const double value = grams_per_kwh(steps[i]);
    std::memcpy(bytes.data() + i * sizeof value, &value, sizeof value);
  }
  return bytes;
}

std::optional<std::vector<carbon::GramsPerKilowattHour>> from_blob(std::span<const std::byte> blob) {
  if (blob.size() % sizeof(double) != 0) return std::nullopt;
  std::vector<carbon::GramsPerKilowattHour> steps;
  steps.reserve(blob.size() / sizeof(double));
  for (std::size_t i = 0; i < blob.size(); i += sizeof(double)) {
    double value = 0;
    std::memcpy(&value, blob.data() + i, sizeof value);
    steps.emplace_back(value);
  }
  return steps;
}

}  // namespace cradle::ledger
