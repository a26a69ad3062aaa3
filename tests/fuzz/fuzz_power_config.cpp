// A power daemon's file on any bytes: a configuration that makes sense, or one error with a place and a hint.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cradle/exchange/config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cradle::exchange;
  const auto config = parse_daemon_config(std::string_view(reinterpret_cast<const char*>(data), size), "fuzz.toml");
  if (!config) {
    if (config.error().where.empty() || config.error().hint.empty()) std::abort();
    return 0;
  }
  if (!config->node && !config->bank) std::abort();
  if (config->domain.floors.size() != config->domain.addresses.size()) std::abort();
  static_cast<void>(mark_of(config->domain));
  return 0;
}
