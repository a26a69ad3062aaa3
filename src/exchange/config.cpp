#include "cradle/exchange/config.h"

#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "cradle/base/text.h"
#include "cradle/toml/toml_reader.h"
#include "udp.h"

namespace cradle::exchange {

namespace {

namespace fs = std::filesystem;
using carbon::Watts;
using power::Ticks;
using power::Tile;

constexpr double most_watts = 1e9;
constexpr std::int64_t most_nodes = 100'000;

Ticks seconds(TomlReader& table, std::string_view key, double low, double high, double fallback) {
  return static_cast<Ticks>(table.number(key, low, high, fallback) * 1e9);
}

fs::path path(TomlReader& table, std::string_view key, const std::string& source, const std::string& fallback = {}) {
  const fs::path read = table.text(key, fallback);
  return read.empty() || read.is_absolute() ? read : fs::path(source).parent_path() / read;
}

/// "3-4" each.
std::vector<power::Edge> edges(TomlReader& table, std::string_view key) {
  std::vector<power::Edge> list;
  for (const std::string& text : table.texts(key)) {
    const auto ends = split(text, '-');
    const auto a = ends.size() == 2 ? parse_integer(ends[0]) : std::nullopt;
    const auto b = ends.size() == 2 ? parse_integer(ends[1]) : std::nullopt;
    if (!a || !b || *a < 0 || *b < 0 || *a > most_nodes || *b > most_nodes) {
      table.fail(key, "'" + text + "' is no pair of nodes", "write e.g. \"3-4\"");
      return {};
    }
    list.emplace_back(static_cast<Tile>(*a), static_cast<Tile>(*b));
  }
  return list;
}

power::Topology read_topology(TomlReader& table, std::size_t nodes) {
  const std::string name = table.text("topology", std::string());
  const auto near = edges(table, "near"), far = edges(table, "far");
  if (!name.empty()) {
    if (!near.empty() || !far.empty()) table.fail("near", "there is a topology too", "give topology, or near and far");
  }
  const char* key = name.empty() ? "near" : "topology";
  auto topology = name.empty() ? power::Topology::graph(static_cast<std::uint32_t>(nodes), near, far, table.where(key))
                               : power::Topology::parse(name, table.where(key));
  if (topology) return std::move(*topology);
  table.fail(key, topology.error().message, topology.error().hint);
  return {};
}

DomainConfig read_domain(TomlReader& table, const std::string& source) {
  DomainConfig domain;
  domain.number = static_cast<std::uint32_t>(table.integer("number", 1, std::numeric_limits<std::uint32_t>::max()));
  domain.addresses = table.texts("addresses", true);
  if (static_cast<std::int64_t>(domain.addresses.size()) > most_nodes) {
    table.fail("addresses", "more than " + std::to_string(most_nodes) + " nodes", "make several domains");
    domain.addresses.clear();
  }
  domain.topology = read_topology(table, domain.addresses.size());
  domain.bank = table.text("bank");
  if (domain.topology.tiles() != domain.addresses.size())
    table.fail(
        "addresses",
        std::to_string(domain.addresses.size()) + " addresses of " + std::to_string(domain.topology.tiles()) + " nodes",
        "one address for each node of the topology");
  // By their bytes: one address can be written in several ways.
  std::map<std::string, std::size_t> nodes;
  for (std::size_t node = 0; node < domain.addresses.size(); ++node) {
    const std::string& address = domain.addresses[node];
    const auto read = parse_endpoint(address, "addresses");
    if (!read) {
      table.fail("addresses", read.error().message, read.error().hint);
      continue;
    }
    const std::string bytes(reinterpret_cast<const char*>(&read->address), read->length);
    if (const auto [other, fresh] = nodes.emplace(bytes, node); !fresh)
      table.fail(
          "addresses",
          "nodes " + std::to_string(other->second) + " and " + std::to_string(node) + " have one address, " + address,
          "give each node an address or a port of its own");
  }
  if (const auto read = parse_endpoint(domain.bank, "bank"); !read)
    table.fail("bank", read.error().message, read.error().hint);
  domain.coin = Watts{table.number("coin", 1e-6, most_watts, 1)};
  for (const double floor : table.numbers("floor", 0, most_watts, true)) domain.floors.emplace_back(floor);
  if (domain.floors.size() == 1) domain.floors.resize(domain.addresses.size(), domain.floors.front());
  if (domain.floors.size() != domain.addresses.size())
    table.fail("floor", "neither one floor nor one for each node", "give a number, or as many as addresses");
  domain.pace.period = seconds(table, "period", 1e-3, 3600, 0.1);
  domain.pace.lease = seconds(table, "lease", 0.05, 86'400, 5);
  domain.pace.hold = seconds(table, "hold", 0.01, 3600, 1);
  if (domain.pace.lease < 5 * domain.pace.period)
    table.fail("lease", "shorter than five periods", "a lease must outlive some lost packets: make it longer");
  domain.pace.far_every = static_cast<std::uint32_t>(table.integer("far_every", 0, 1'000'000, 4));
  domain.key = path(table, "key", source);
  return domain;
}

DemandConfig read_demand(TomlReader& table, const std::string& source) {
  DemandConfig demand;
  demand.meters = table.texts("meters");
  demand.file = path(table, "file", source);
  const bool fixed = table.has("watts");
  demand.watts = Watts{table.number("watts", 0, most_watts, 0)};
  demand.headroom = table.number("headroom", 0, 10, 0.1);
  if ((demand.meters.empty() ? 0 : 1) + (demand.file.empty() ? 0 : 1) + (fixed ? 1 : 0) != 1)
    table.fail("", "not one source of demand", "give watts, file or meters");
  return demand;
}

std::vector<actuator::PowerCurve::Point> read_points(TomlReader& table) {
  std::vector<actuator::PowerCurve::Point> points;
  for (const std::string& text : table.texts("points")) {
    const auto colon = text.find(':');
    const auto amount = parse_integer(std::string_view(text).substr(0, colon));
    const auto draw =
        colon == std::string::npos ? std::nullopt : parse_number(std::string_view(text).substr(colon + 1));
    if (!amount || !draw) {
      table.fail("points", "'" + text + "' is no point", "write LEVEL:WATTS, e.g. \"2400000:125\" (kHz)");
      return {};
    }
    points.push_back({*amount, Watts{*draw}});
  }
  return points;
}

NodeConfig read_node(TomlReader& table, const std::string& source, std::size_t nodes) {
  NodeConfig node;
  node.number = static_cast<Tile>(table.integer("number", 0, static_cast<std::int64_t>(nodes) - 1));
  node.actuator = table.text("actuator", std::string());
  node.rest = Watts{table.number("rest", 0, most_watts, 0)};
  node.core = Watts{table.number("core", 0, most_watts, 0)};
  node.cores = table.integer("cores", 0, 1'000'000, 0);
  node.points = read_points(table);
  if (auto demand = table.table("demand", true)) node.demand = read_demand(*demand, source);
  return node;
}

}  // namespace

Result<DaemonConfig> parse_daemon_config(std::string_view text, const std::string& source) {
  auto document = TomlReader::parse(text, source);
  if (!document) return document.error();
  auto table = document->table("domain", true);
  if (!table) return document->finish().error();
  DaemonConfig config;
  config.domain = read_domain(*table, source);
  config.state = path(*document, "state", source);
  config.log = path(*document, "log", source, "");
  config.run_folder = path(*document, "run_folder", source, "/run/cradle/actuators");
  if (!document->has("state"))
    document->fail("", "no state file", "give state = \"FILE\": what keeps a number from being used twice");
  if (auto node = document->table("node")) config.node = read_node(*node, source, config.domain.addresses.size());
  if (auto bank = document->table("bank")) {
    config.bank = BankConfig{Watts{bank->number("budget", 0, 1e15)}, path(*bank, "budget_file", source)};
    if (const auto coins = coins_of_budget(config.domain, config.bank->budget, "budget"); !coins)
      bank->fail("budget", coins.error().message, coins.error().hint);
  }
  if (!config.node && !config.bank)
    document->fail("", "neither a node nor a bank", "give a table [node], [bank], or both");
  if (const auto fine = document->finish(); !fine) return fine.error();
  if (config.node && config.bank && config.domain.bank != config.domain.addresses[config.node->number])
    document->fail("bank", "a daemon that is both has two addresses", "give the bank the address of this node");
  if (const auto fine = document->finish(); !fine) return fine.error();
  return config;
}

std::uint32_t mark_of(const DomainConfig& domain) {
  std::string all = std::to_string(domain.number) + " " + domain.bank + " " + shortest(domain.coin.value()) + " " +
                    std::to_string(domain.pace.period) + " " + std::to_string(domain.pace.lease) + " " +
                    std::to_string(domain.pace.hold);
  for (std::size_t i = 0; i < domain.addresses.size(); ++i) {
    all += "\n" + domain.addresses[i] + " " + shortest(domain.floors[i].value());
    const auto node = static_cast<Tile>(i);
    for (const Tile partner : domain.topology.near(node)) all += " " + std::to_string(partner);
    for (std::uint32_t far = 0; far < domain.topology.far_count(node); ++far)
      all += " " + std::to_string(domain.topology.far(node, far));
  }
  // FNV-1a of 32 bits (Fowler, Noll, Vo): against mistakes; against others there is the key.
  std::uint32_t digest = 2166136261U;
  for (const char c : all) digest = (digest ^ static_cast<std::uint8_t>(c)) * 16777619U;
  return digest;
}

Result<std::int64_t> coins_of_budget(const DomainConfig& domain, Watts budget, const std::string& where) {
  Watts floors{0};
  for (const Watts floor : domain.floors) floors += floor;
  if (budget < floors)
    return bad_input("a budget of " + shortest(budget.value()) + " W is below the sum of the floors, " +
                         shortest(floors.value()) + " W",
                     where, "raise the budget or lower the floors");
  const double coins = std::floor((budget - floors) / domain.coin);
  if (!(coins < 2147483648.0))
    return bad_input("a budget of more than 2^31 - 1 coins", where, "make a coin worth more watts");
  return static_cast<std::int64_t>(coins);
}

}  // namespace cradle::exchange
