#include "cradle/inference/embodied.h"

#include <algorithm>

#include "cradle/base/text.h"

namespace cradle::inference {

using carbon::GramsCO2e;
using carbon::GramsPerSecond;
using carbon::Seconds;

namespace {

/// The catalogue's record that a type stands for; null: none.
const catalog::Accelerator* record_of(const InfernoSystem& system, const std::string& type,
                                      const catalog::Catalog& catalog) {
  const std::string key = to_lower(type);
  if (const auto* record = catalog.accelerator(key)) return record;
  for (const InfernoAccelerator& accelerator : system.accelerators) {
    if (accelerator.type != type || accelerator.memory_gb <= 0) continue;
    const std::string memory = fixed(accelerator.memory_gb / accelerator.multiplicity, 0);
    if (const auto* record = catalog.accelerator(key + "-" + memory)) return record;
  }
  return nullptr;
}

/// The types of a system, each once, in its order.
std::vector<std::string> types_of(const InfernoSystem& system) {
  std::vector<std::string> types;
  for (const InfernoAccelerator& accelerator : system.accelerators)
    if (std::find(types.begin(), types.end(), accelerator.type) == types.end()) types.push_back(accelerator.type);
  return types;
}

double devices_of(const catalog::Server& server) {
  return server.accelerator_count ? server.accelerator_count->value() : 0;
}

/// The server with most of an accelerator, the first of several; null: none.
const catalog::Server* densest_with(const catalog::Accelerator& accelerator, const catalog::Catalog& catalog) {
  const catalog::Server* found = nullptr;
  for (const catalog::Server& server : catalog.servers())
    if (server.accelerator == accelerator.id && devices_of(server) > (found ? devices_of(*found) : 0)) found = &server;
  return found;
}

HostShare share_of(const catalog::Server& server, const catalog::Catalog& catalog) {
  HostShare share;
  GramsCO2e embodied{0};
  for (const catalog::ServerLine& line : catalog.breakdown(server)) {
    if (line.part == "accelerator") continue;
    share.idle += line.idle_power.value / devices_of(server);
    share.full += line.full_power.value / devices_of(server);
    embodied += line.embodied.value / devices_of(server);
  }
  share.embodied = embodied / Seconds{server.lifetime.value()};
  return share;
}

/// "KG:YEARS", or nothing.
std::optional<GramsPerSecond> said_rate(const std::string& text) {
  const auto parts = split(text, ':');
  if (parts.size() != 2) return std::nullopt;
  const auto mass = parse_number(parts[0]), years = parse_number(parts[1]);
  if (!mass || !years || *mass < 0 || *mass > 1e9 || *years <= 0 || *years > 1000) return std::nullopt;
  return GramsCO2e{carbon::KilogramsCO2e{*mass}} / Seconds{carbon::Years{*years}};
}

}  // namespace

GramsPerSecond embodied_rate(const catalog::Accelerator& accelerator) {
  return accelerator.embodied.value() / Seconds{accelerator.lifetime.value()};
}

PowerCurve straight_curve(const catalog::Accelerator& accelerator) {
  PowerCurve curve;
  curve.idle = accelerator.idle_power.value();
  curve.full = accelerator.full_power.value();
  curve.middle = curve.idle + (curve.full - curve.idle) * curve.middle_use;
  return curve;
}

Result<EmbodiedRates> embodied_rates(const InfernoSystem& system, const catalog::Catalog& catalog,
                                     const std::vector<std::pair<std::string, std::string>>& given) {
  const std::vector<std::string> types = types_of(system);
  EmbodiedRates rates;
  for (const auto& [type, text] : given) {
    const std::string where = "embodied of " + type;
    if (std::find(types.begin(), types.end(), type) == types.end())
      return bad_input("no type '" + type + "'", where, suggest(type, types));
    if (rates.of_type.count(type) > 0) return bad_input("it is given twice", where, "give each type once");
    if (const auto rate = said_rate(text)) {
      rates.of_type[type] = *rate;
      rates.notes.push_back("embodied of " + type + ": as given, " + text + " (kg:years)");
    } else if (const auto* record = catalog.accelerator(text)) {
      rates.of_type[type] = embodied_rate(*record);
      rates.notes.push_back("embodied of " + type + ": as given, that of " + record->id + " in the catalogue");
    } else {
      return bad_input("'" + text + "' is neither KG:YEARS nor an accelerator of the catalogue", where,
                       "write e.g. " + type + "=164:6 or " + type + "=h100");
    }
  }
  for (const std::string& type : types) {
    if (rates.of_type.count(type) > 0) continue;
    if (const auto* record = record_of(system, type, catalog)) {
      rates.of_type[type] = embodied_rate(*record);
      rates.notes.push_back("embodied of " + type + ": that of " + record->id + " in the catalogue");
    } else {
      rates.notes.push_back("embodied of " + type +
                            ": not known, only its operation is counted; give it with --embodied " + type +
                            "=KG:YEARS");
    }
  }
  return rates;
}

Result<HostShares> host_shares(const InfernoSystem& system, const catalog::Catalog& catalog,
                               const std::vector<std::pair<std::string, std::string>>& given) {
  const std::vector<std::string> types = types_of(system);
  HostShares shares;
  const auto add = [&](const std::string& type, const catalog::Server& server) {
    shares.of_type[type] = share_of(server, catalog);
    shares.notes.push_back("host of " + type + ": one of " + shortest(devices_of(server)) + " parts of " + server.id +
                           " in the catalogue");
  };
  for (const auto& [type, key] : given) {
    const std::string where = "host of " + type;
    if (std::find(types.begin(), types.end(), type) == types.end())
      return bad_input("no type '" + type + "'", where, suggest(type, types));
    if (shares.of_type.count(type) > 0) return bad_input("it is given twice", where, "give each type once");
    const catalog::Server* server = catalog.server(key);
    if (!server || devices_of(*server) <= 0) {
      std::vector<std::string> keys;
      for (const catalog::Server& known : catalog.servers())
        if (devices_of(known) > 0) keys.push_back(known.id);
      return bad_input("'" + key + "' is no server with accelerators in the catalogue", where, suggest(key, keys));
    }
    add(type, *server);
  }
  for (const std::string& type : types) {
    if (shares.of_type.count(type) > 0) continue;
    const auto* record = record_of(system, type, catalog);
    const catalog::Server* server = record ? densest_with(*record, catalog) : nullptr;
    if (server)
      add(type, *server);
    else
      shares.unknown.push_back(type);
  }
  return shares;
}

}  // namespace cradle::inference
