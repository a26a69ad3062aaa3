// A number of the catalogue: its estimate, where it came from, and the key by which it is found again.
#pragma once

#include <string>

#include "cradle/carbon/estimate.h"
#include "cradle/carbon/quantity.h"

namespace cradle::catalog {

using OperationsPerSecond = carbon::Quantity<carbon::Dimension<0, -1, 0, 1, 0, 0>>;
using WattsPerByte = carbon::Quantity<carbon::Dimension<1, -1, 0, 0, 0, -1>>;
using GramsPerByte = carbon::Quantity<carbon::Dimension<0, 0, 1, 0, 0, -1>>;

/// Q is a quantity type, or double for a count.
template <class Q>
struct Coefficient {
  carbon::Estimate<Q> estimate;
  carbon::Provenance provenance;
  std::string key;   ///< "accelerator.t4.idle_power"
  std::string unit;  ///< the catalogue's unit of this field, in which it is printed: "W", "kgCO2e", ...

  Q value() const { return estimate.value; }
};

/// A coefficient as it is printed: the three numbers in `unit`.
struct Figure {
  std::string key;
  carbon::Estimate<double> estimate;
  std::string unit;
  carbon::Provenance provenance;
};

}  // namespace cradle::catalog
