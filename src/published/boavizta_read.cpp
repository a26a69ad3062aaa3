// Boavizta's request as JSON, and tables of processors as CSV.
#include <cmath>

#include "cradle/base/csv.h"
#include "cradle/base/file.h"
#include "cradle/base/text.h"
#include "cradle/published/boavizta.h"
#include "json_reader.h"

namespace cradle::published {
namespace {

constexpr double bytes_per_gb = 1e9;
constexpr double most = 1e9;

/// Every field may be absent, and null is absent too.
bool given(const JsonReader& reader, std::string_view key) { return reader.has(key) && !reader.is_null(key); }

std::optional<double> number(JsonReader& reader, std::string_view key, const Bounds& bounds = {0, most}) {
  if (!given(reader, key)) return std::nullopt;
  return reader.number(key, bounds, 0);
}
std::optional<double> whole(JsonReader& reader, std::string_view key, double low = 0) {
  const auto value = number(reader, key, {low, most});
  if (value && *value != std::floor(*value))
    reader.fail(key, "is no whole number", "the tool takes whole numbers here");
  return value;
}
std::optional<carbon::Bytes> capacity(JsonReader& reader, std::string_view key) {
  const auto gigabytes = whole(reader, key);
  return gigabytes ? std::optional(carbon::Bytes{*gigabytes * bytes_per_gb}) : std::nullopt;
}
template <class Quantity>
std::optional<Quantity> quantity(const std::optional<double>& value) {
  return value ? std::optional(Quantity{*value}) : std::nullopt;
}
std::optional<GigabytesPerSquareCentimetre> density(JsonReader& reader) {
  return quantity<GigabytesPerSquareCentimetre>(number(reader, "density", {1e-6, most}));
}
std::string text(JsonReader& reader, std::string_view key) { return given(reader, key) ? reader.text(key, "") : ""; }

BoaviztaCpu read_cpu(JsonReader& reader) {
  BoaviztaCpu cpu;
  cpu.units = whole(reader, "units");
  cpu.cores = whole(reader, "core_units");
  cpu.die = quantity<carbon::SquareMillimetres>(number(reader, "die_size"));
  cpu.die_per_core = quantity<carbon::SquareMillimetres>(number(reader, "die_size_per_core"));
  cpu.tdp = quantity<carbon::Watts>(whole(reader, "tdp", 1));
  cpu.manufacturer = text(reader, "manufacturer");
  cpu.model_range = text(reader, "model_range");
  cpu.family = text(reader, "family");
  cpu.name = text(reader, "name");
  return cpu;
}

BoaviztaGpu read_gpu(JsonReader& reader) {
  BoaviztaGpu gpu;
  gpu.units = whole(reader, "units");
  gpu.name = text(reader, "name");
  gpu.weight.value = number(reader, "weight").value_or(gpu.weight.value);
  gpu.heatsink.value = number(reader, "heatsink_weight").value_or(gpu.heatsink.value);
  gpu.casing.value = number(reader, "casing_weight").value_or(gpu.casing.value);
  gpu.board_cm2 = number(reader, "pwb_surface").value_or(gpu.board_cm2);
  gpu.die = quantity<carbon::SquareMillimetres>(number(reader, "gpu_surface"));
  gpu.memory_dies_area = quantity<carbon::SquareMillimetres>(number(reader, "vram_surface"));
  gpu.memory = capacity(reader, "vram");
  gpu.memory_dies = whole(reader, "vram_dies");
  gpu.boat_km = number(reader, "transport_boat").value_or(gpu.boat_km);
  gpu.truck_km = number(reader, "transport_truck").value_or(gpu.truck_km);
  gpu.plane_km = number(reader, "transport_plane").value_or(gpu.plane_km);
  if (given(reader, "usage"))
    if (auto usage = reader.object("usage")) gpu.power = quantity<carbon::Watts>(number(*usage, "avg_power"));
  return gpu;
}

void read_usage(JsonReader& reader, BoaviztaUsage& usage) {
  usage.power = quantity<carbon::Watts>(number(reader, "avg_power"));
  usage.time_ratio = number(reader, "use_time_ratio", share);
  usage.other_ratio = number(reader, "other_consumption_ratio");
  usage.lifetime = quantity<carbon::Hours>(number(reader, "hours_life_time", {1, most}));
  usage.location = text(reader, "usage_location");
  if (given(reader, "elec_factors"))
    if (auto factors = reader.object("elec_factors"))
      if (const auto gwp = number(*factors, "gwp", {0, 100}))
        usage.intensity = carbon::GramsPerKilowattHour{*gwp * 1000};
}

/// "time_workload" is a load in percent, or a list of shares of time at loads.
void read_workload(JsonReader& reader, BoaviztaUsage& usage) {
  if (!given(reader, "time_workload")) return;
  if (!reader.is_list("time_workload")) {
    usage.load = reader.number("time_workload", {0, 100}, 0);
    return;
  }
  for (JsonReader& item : reader.objects("time_workload"))
    usage.workloads.push_back({item.number("time_percentage", {0, 100}), item.number("load_percentage", {0, 100})});
  if (usage.workloads.empty()) reader.fail("time_workload", "is empty", "give a load in percent, or leave it out");
}

}  // namespace

Result<BoaviztaServer> parse_boavizta(std::string_view body, const std::string& source) {
  auto reader = JsonReader::parse(body, source);
  if (!reader) return reader.error();
  BoaviztaServer server;
  server.where = source;
  if (given(*reader, "model"))
    if (auto model = reader->object("model")) server.type = text(*model, "type");
  if (given(*reader, "configuration")) {
    if (auto parts = reader->object("configuration")) {
      if (given(*parts, "cpu"))
        if (auto cpu = parts->object("cpu")) server.cpu = read_cpu(*cpu);
      if (given(*parts, "ram")) {
        server.ram.emplace();
        for (JsonReader& item : parts->objects("ram")) {
          BoaviztaRam ram;
          ram.units = whole(item, "units");
          ram.capacity = capacity(item, "capacity");
          ram.density = density(item);
          ram.process_nm = number(item, "process");
          ram.manufacturer = text(item, "manufacturer");
          server.ram->push_back(std::move(ram));
        }
      }
      if (given(*parts, "disk")) {
        server.disks.emplace();
        for (JsonReader& item : parts->objects("disk")) {
          BoaviztaDisk disk;
          disk.units = whole(item, "units");
          if (given(item, "type")) disk.type = to_lower(text(item, "type"));
          disk.capacity = capacity(item, "capacity");
          disk.density = density(item);
          disk.layers = number(item, "layers");
          disk.manufacturer = text(item, "manufacturer");
          server.disks->push_back(std::move(disk));
        }
      }
      if (given(*parts, "gpu"))
        if (auto gpu = parts->object("gpu")) server.gpu = read_gpu(*gpu);
      if (given(*parts, "power_supply")) {
        if (auto supply = parts->object("power_supply")) {
          server.power_supply.units = whole(*supply, "units");
          server.power_supply.weight = quantity<Kilograms>(number(*supply, "unit_weight"));
        }
      }
    }
  }
  if (given(*reader, "usage")) {
    if (auto usage = reader->object("usage")) {
      read_usage(*usage, server.usage);
      read_workload(*usage, server.usage);
    }
  }
  if (auto ok = reader->finish(); !ok) return ok.error();
  return server;
}

Result<std::vector<BoaviztaCpuRow>> read_boavizta_cpus(const std::filesystem::path& path) {
  const auto text = read_file(path, std::uint64_t{64} << 20);
  if (!text) return text.error();
  constexpr std::array<std::string_view, 7> columns = {"name",           "code_name",     "tdp",         "cores",
                                                       "total_die_size", "manufacturer?", "model_range?"};
  std::vector<BoaviztaCpuRow> table;
  const auto rows = read_csv(*text, path.string(), columns, [&](const CsvRow& row) -> Result<void> {
    BoaviztaCpuRow cpu;
    cpu.name = row.field(0);
    cpu.family = row.field(1);
    cpu.manufacturer = row.field(5);
    cpu.model_range = row.field(6);
    const auto cell = [&](std::size_t column) -> Result<std::optional<double>> {
      if (row.empty(column)) return std::optional<double>{};
      const auto value = row.number(column, 0, most);
      if (!value) return value.error();
      return std::optional(*value);
    };
    const auto tdp = cell(2), cores = cell(3), die = cell(4);
    for (const auto* value : {&tdp, &cores, &die})
      if (!*value) return value->error();
    if (*tdp && **tdp > 0) cpu.tdp = carbon::Watts{**tdp};
    cpu.cores = *cores;
    cpu.die = quantity<carbon::SquareMillimetres>(*die);
    table.push_back(std::move(cpu));
    return {};
  });
  if (!rows) return rows.error();
  return table;
}

}  // namespace cradle::published
