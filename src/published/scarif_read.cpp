// SCARIF's inputs as files: one server, an upgrade, or a fleet; in JSON, TOML or CSV.
#include <algorithm>
#include <array>
#include <cmath>

#include "cradle/base/csv.h"
#include "cradle/published/scarif.h"
#include "fields.h"

namespace cradle::published {
namespace {

constexpr double most = 1e12;

/// A whole number, as the tool takes for everything that it counts.
template <class Fields>
double whole(Fields& fields, std::string_view key, double low, double high, std::optional<double> fallback = {}) {
  const double value = fields.number(key, low, high, fallback);
  if (value != std::floor(value)) fields.fail(key, "is no whole number", "the tool takes whole numbers only");
  return value;
}

template <class Fields>
carbon::Bytes gigabytes(Fields& fields, std::string_view key) {
  return carbon::Bytes{whole(fields, key, 0, most) * 1e9};
}

/// SCARIF leaves the accelerator out if only one of its two fields is given; so do we, with a note.
template <class Fields>
std::optional<ScarifChip> chip(Fields& fields, const std::string& prefix, std::vector<std::string>& notes) {
  const std::string node = prefix + "_tech_node", area = prefix + "_chip_area";
  const double nm = fields.number(node, 0, 1000, 0);
  const double mm2 = fields.number(area, 0, 1e9, 0);
  if (fields.has(node) && fields.has(area)) return ScarifChip{nm, carbon::SquareMillimetres{mm2}};
  if (fields.has(node) || fields.has(area))
    notes.push_back(fields.where() + ": the " + (prefix == "acc" ? "accelerator" : "processor") + " needs both " +
                    node + " and " + area + "; left out");
  return std::nullopt;
}

template <class Fields>
ScarifServer server(Fields& fields, const std::string& name, std::vector<std::string>& notes) {
  ScarifServer result;
  result.name = fields.text("name", name);
  result.vendor = fields.text("vendor", "HP");
  result.cores = whole(fields, "cpu_core_num", 0, 1e9);
  result.dram = gigabytes(fields, "dram");
  result.ssd = gigabytes(fields, "ssd");
  result.hdd = gigabytes(fields, "hdd");
  result.year = static_cast<int>(whole(fields, "year", 1990, 2100));
  if (fields.has("month")) result.month = static_cast<int>(whole(fields, "month", 1, 12));
  result.accelerator = chip(fields, "acc", notes);
  result.own_cpu = chip(fields, "cpu", notes);
  return result;
}

template <class Fields>
ScarifSystem system(Fields& fields, const std::string& name, std::vector<std::string>& notes) {
  ScarifSystem result;
  result.server = server(fields, name, notes);
  result.cpus = fields.number("cpus", 0, 1e6);
  result.cpu_idle = carbon::Watts{fields.number("cpu_idle_w", 0, 1e9)};
  result.accelerator_idle = carbon::Watts{fields.number("acc_idle_w", 0, 1e9, 0)};
  result.accelerator_task = carbon::Watts{fields.number("acc_task_w", 0, 1e9, 0)};
  result.utilisation = fields.number("util", 0, 1);
  return result;
}

template <class Fields>
std::vector<ScarifRegion> regions(Fields& root) {
  if (!root.has("regions")) return scarif_regions();
  std::vector<ScarifRegion> result;
  if (auto table = root.table("regions"))
    for (const std::string& name : table->keys())
      result.push_back({name, carbon::GramsPerKilowattHour{table->number(name, 0, 100) * 1000}});
  return result;
}

template <class Fields>
Result<ScarifInput> read_input(Fields root) {
  ScarifInput input;
  if (root.has("system1") || root.has("system2")) {
    ScarifUpgrade upgrade;
    for (const char* key : {"system1", "system2"}) {
      auto fields = root.table(key);
      if (!fields) {
        root.fail(key, "has no table of fields", "an upgrade has both, system1 (installed) and system2 (new)");
        continue;
      }
      (std::string_view(key) == "system1" ? upgrade.installed : upgrade.proposed) = system(*fields, key, input.notes);
      fields->close(input.notes);
    }
    upgrade.regions = regions(root);
    input.upgrade = std::move(upgrade);
  } else if (root.has("host")) {
    ScarifFleet fleet;
    if (auto host = root.table("host")) {
      fleet.host = server(*host, "host", input.notes);
      host->close(input.notes);
    }
    for (auto& fields : root.tables("options")) {
      ScarifFleetOption option;
      option.name = fields.text("name");
      option.count = whole(fields, "count", 0, 1e6);
      option.base = carbon::Watts{fields.number("base_w", 0, 1e9)};
      option.each = carbon::Watts{fields.number("acc_w", 0, 1e9, 0)};
      option.servers = fields.number("servers", 0, 1e12);
      option.accelerator = chip(fields, "acc", input.notes);
      if (option.count > 0 && !option.accelerator)
        fields.fail("count", "counts accelerators that are not described", "add acc_tech_node and acc_chip_area");
      fields.close(input.notes);
      fleet.options.push_back(std::move(option));
    }
    fleet.intensity = carbon::GramsPerKilowattHour{root.number("intensity", 0, 100) * 1000};
    fleet.years = root.numbers("years", 0, 1000);
    input.fleet = std::move(fleet);
  } else {
    input.servers.push_back(server(root, "system", input.notes));
  }
  root.close(input.notes);
  if (auto ok = root.finish(); !ok) return ok.error();
  return input;
}

}  // namespace

Result<ScarifInput> parse_scarif_json(std::string_view text, const std::string& source) {
  auto reader = JsonReader::parse(text, source);
  if (!reader) return reader.error();
  return read_input(JsonFields(std::move(*reader)));
}

Result<ScarifInput> parse_scarif_toml(std::string_view text, const std::string& source) {
  auto reader = TomlReader::parse(text, source);
  if (!reader) return reader.error();
  return read_input(TomlFields(std::move(*reader)));
}

Result<ScarifInput> parse_scarif_csv(std::string_view text, const std::string& source) {
  constexpr std::array<std::string_view, 15> columns = {
      "cpu_core_num",   "dram",   "ssd",   "hdd",         "year",        "name?",       "vendor?", "acc_tech_node?",
      "acc_chip_area?", "month?", "cpus?", "cpu_idle_w?", "acc_idle_w?", "acc_task_w?", "util?"};
  enum { cores, dram, ssd, hdd, year, name, vendor, node, area, month, cpus, cpu_idle, acc_idle, acc_task, util };
  ScarifInput input;
  std::vector<ScarifSystem> systems;
  bool powers = true;
  const auto rows = read_csv(text, source, columns, [&](const CsvRow& row) -> Result<void> {
    ScarifSystem system;
    std::optional<Error> error;
    const auto whole_number = [&](std::size_t column, std::int64_t low, std::int64_t high) {
      const auto value = row.integer(column, low, high);
      if (!value && !error) error = value.error();
      return value ? static_cast<double>(*value) : 0;
    };
    const auto number = [&](std::size_t column, double high) {
      if (row.empty(column)) return 0.0;
      const auto value = row.number(column, 0, high);
      if (!value && !error) error = value.error();
      return value ? *value : 0;
    };
    ScarifServer& server = system.server;
    server.name = row.empty(name) ? "system" + std::to_string(systems.size() + 1) : std::string(row.field(name));
    if (!row.empty(vendor)) server.vendor = row.field(vendor);
    server.cores = whole_number(cores, 0, 1'000'000'000);
    server.dram = carbon::Bytes{whole_number(dram, 0, 1'000'000'000'000) * 1e9};
    server.ssd = carbon::Bytes{whole_number(ssd, 0, 1'000'000'000'000) * 1e9};
    server.hdd = carbon::Bytes{whole_number(hdd, 0, 1'000'000'000'000) * 1e9};
    server.year = static_cast<int>(whole_number(year, 1990, 2100));
    if (!row.empty(month)) server.month = static_cast<int>(whole_number(month, 1, 12));
    if (!row.empty(node) && !row.empty(area))
      server.accelerator = ScarifChip{number(node, 1000), carbon::SquareMillimetres{number(area, 1e9)}};
    else if (!row.empty(node) || !row.empty(area))
      input.notes.push_back(server.name + ": the accelerator needs both acc_tech_node and acc_chip_area; left out");
    powers = powers && !row.empty(util) && !row.empty(cpus) && !row.empty(cpu_idle);
    system.cpus = number(cpus, 1e6);
    system.cpu_idle = carbon::Watts{number(cpu_idle, 1e9)};
    system.accelerator_idle = carbon::Watts{number(acc_idle, 1e9)};
    system.accelerator_task = carbon::Watts{number(acc_task, 1e9)};
    system.utilisation = number(util, 1);
    if (error) return *error;
    systems.push_back(std::move(system));
    return {};
  });
  if (!rows) return rows.error();
  if (systems.size() == 2 && powers) {
    input.upgrade = ScarifUpgrade{systems[0], systems[1], scarif_regions()};
  } else {
    for (ScarifSystem& system : systems) input.servers.push_back(std::move(system.server));
  }
  return input;
}

}  // namespace cradle::published
