// The meter over the declared model.
#pragma once

#include <memory>
#include <string>

#include "cradle/catalog/catalog.h"
#include "sources.h"

namespace cradle::meter {

/// A server of the catalogue as configured; empty: the generic one, scaled to the processors and the memory that the
/// activity tells of. Without zones of the kinds in `known`. missing_data or bad_input if there is no such server.
Result<std::unique_ptr<Meter>> make_model(const std::string& server, const catalog::Catalog& catalog,
                                          const std::string& where, const KindSet& known = {});

}  // namespace cradle::meter
