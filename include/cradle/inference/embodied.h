// What a device of a type costs beside its own draw: its embodied grams and its part of the host, from the catalogue or
// as given.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"
#include "cradle/catalog/catalog.h"
#include "cradle/inference/candidates.h"
#include "cradle/inference/inferno.h"

namespace cradle::inference {

struct EmbodiedRates {
  std::map<std::string, carbon::GramsPerSecond> of_type;  ///< of one device
  std::vector<std::string> notes;                         ///< where each comes from, and for which nothing is known
};

/// Cradle-to-gate grams of a board over its time in service. A type is the catalogue's accelerator of that name in
/// lower case, with its memory after a hyphen where there are several ("A100" with 80 GB: a100-80). `given` are pairs
/// of type and either "KG:YEARS" or the key of an accelerator, and go first. A type that is not found stays out and is
/// named in a note. bad_input: a type that is not there or given twice, or a value that is neither.
Result<EmbodiedRates> embodied_rates(const InfernoSystem& system, const catalog::Catalog& catalog,
                                     const std::vector<std::pair<std::string, std::string>>& given = {});

struct HostShares {
  std::map<std::string, HostShare> of_type;  ///< of one device
  std::vector<std::string> unknown;          ///< types without a host, in the order of the system
  std::vector<std::string> notes;            ///< where each comes from
};

/// A device's part of its host: all of the server but its accelerators, over their number; embodied grams over the
/// server's life. The host of a type is the catalogue's server with most devices of the accelerator that
/// `embodied_rates` takes for the type, the first of several. `given` are pairs of type and the key of a server with
/// accelerators, and go first. bad_input: a type that is not there or given twice, no such server, or one without
/// accelerators.
Result<HostShares> host_shares(const InfernoSystem& system, const catalog::Catalog& catalog,
                               const std::vector<std::pair<std::string, std::string>>& given = {});

/// Of one board of the catalogue.
carbon::GramsPerSecond embodied_rate(const catalog::Accelerator& accelerator);
/// Its idle and full draw with a straight line between them.
PowerCurve straight_curve(const catalog::Accelerator& accelerator);

}  // namespace cradle::inference
