// One accelerator's share of the machine around it: processors, memory, drives, network, chassis.
#pragma once

#include <string>

#include "cradle/base/result.h"
#include "cradle/carbon/estimate.h"
#include "cradle/carbon/quantity.h"
#include "cradle/catalog/catalog.h"

namespace cradle::slicing {

/// Everything of a server but its accelerators, over the number of these.
struct HostShare {
  carbon::Estimate<carbon::Watts> idle, full;
  carbon::Estimate<carbon::GramsPerSecond> embodied;  ///< over the server's lifetime
};

/// Low and high are the sums of the parts' bounds; a short life gives the high rate. Precondition: the server is of the
/// catalogue and has accelerators.
HostShare host_share(const catalog::Catalog& catalog, const catalog::Server& server);

/// The server that `named` names, or if that is empty the first with the accelerator, or nothing if there is none or
/// the name is "none". bad_input: no such server, or one without accelerators. `where` says who asked.
Result<const catalog::Server*> find_host(const catalog::Catalog& catalog, const std::string& accelerator,
                                         const std::string& named, const std::string& where);

}  // namespace cradle::slicing
