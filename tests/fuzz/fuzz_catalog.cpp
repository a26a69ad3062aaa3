// The catalogue reader on any bytes: records whose numbers are in order and have a source, or errors with a place and a
// hint; and whatever it accepts can be listed.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "cradle/catalog/catalog.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cradle::catalog;
  const std::vector<Layer> layers = {{{"fuzz.toml", std::string(reinterpret_cast<const char*>(data), size)}}};
  const Catalog::Parsed parsed = Catalog::parse(layers);
  for (const cradle::Error& error : parsed.errors)
    if (!error.where.starts_with("fuzz.toml") || error.hint.empty() || error.message.empty()) std::abort();
  for (const Listing& listing : parsed.catalog.list()) {
    for (const Figure& figure : parsed.catalog.figures(listing.id)) {
      if (!(figure.estimate.low <= figure.estimate.value && figure.estimate.value <= figure.estimate.high))
        std::abort();
      if (!std::isfinite(figure.estimate.low) || !std::isfinite(figure.estimate.high)) std::abort();
      if (figure.provenance.source.empty() || figure.provenance.licence.empty()) std::abort();
    }
    parsed.catalog.texts(listing.id);
  }
  for (const Grid& grid : parsed.catalog.grids()) grid.series();
  for (const Server& server : parsed.catalog.servers())
    if (!parsed.catalog.parts(server).cpu || parsed.catalog.breakdown(server).empty()) std::abort();
  return 0;
}
