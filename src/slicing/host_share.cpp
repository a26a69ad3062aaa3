#include "cradle/slicing/host_share.h"

namespace cradle::slicing {

using carbon::Estimate;

HostShare host_share(const catalog::Catalog& catalog, const catalog::Server& server) {
  const double part = 1 / server.accelerator_count->value();
  const Estimate<carbon::Years>& life = server.lifetime.estimate;
  HostShare share;
  for (const catalog::ServerLine& line : catalog.breakdown(server)) {
    if (line.part == "accelerator") continue;
    share.idle = share.idle + line.idle_power * part;
    share.full = share.full + line.full_power * part;
    const auto rate = [&](carbon::GramsCO2e grams, carbon::Years years) {
      return grams / carbon::Seconds{years} * part;
    };
    share.embodied = share.embodied + Estimate<carbon::GramsPerSecond>{rate(line.embodied.value, life.value),
                                                                       rate(line.embodied.low, life.high),
                                                                       rate(line.embodied.high, life.low)};
  }
  return share;
}

Result<const catalog::Server*> find_host(const catalog::Catalog& catalog, const std::string& accelerator,
                                         const std::string& named, const std::string& where) {
  if (named.empty())
    for (const catalog::Server& server : catalog.servers())
      if (server.accelerator == accelerator) return &server;
  if (named.empty() || named == "none") return static_cast<const catalog::Server*>(nullptr);
  auto server = catalog.find_server(named, where);
  if (!server) return std::move(server).error();
  if ((*server)->accelerator.empty() || !(*server)->accelerator_count)
    return bad_input("the server '" + named + "' has no accelerators", where, "name one that has, or none");
  return *server;
}

}  // namespace cradle::slicing
