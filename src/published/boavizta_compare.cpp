// Boavizta's server as `cradle compare embodied` runs it, and its published numbers.
#include <cmath>

#include "cradle/base/file.h"
#include "cradle/published/boavizta.h"
#include "cradle/published/tools.h"
#include "options.h"
#include "switches.h"

namespace cradle::published {
namespace {

/// The tool's own fixture of a Dell R740: 2 x 24 cores of 24.5 mm2, 12 x 32 GB, 400 GB of flash, two supplies.
BoaviztaServer dell_r740() {
  BoaviztaServer server;
  server.type = "rack";
  server.cpu.units = 2;
  server.cpu.cores = 24;
  server.cpu.die_per_core = carbon::SquareMillimetres{24.5};
  BoaviztaRam ram;
  ram.units = 12;
  ram.capacity = carbon::Bytes{32e9};
  ram.density = GigabytesPerSquareCentimetre{1.79};
  server.ram = {ram};
  BoaviztaDisk disk;
  disk.units = 1;
  disk.capacity = carbon::Bytes{400e9};
  disk.density = GigabytesPerSquareCentimetre{50.6};
  server.disks = {disk};
  server.power_supply = {2, Kilograms{2.99}};
  server.where = "Dell R740";
  return server;
}

void add(Comparison& comparison, const std::string& item, const std::string& quantity, const BoaviztaImpact& impact) {
  comparison.rows.push_back({item, quantity, impact.value.value(), "kgCO2e"});
  comparison.rows.push_back({item, quantity + "_min", impact.min.value(), "kgCO2e"});
  comparison.rows.push_back({item, quantity + "_max", impact.max.value(), "kgCO2e"});
}
void add(Comparison& comparison, const std::string& item, const std::string& quantity, const BoaviztaRange& range,
         const std::string& unit) {
  comparison.rows.push_back({item, quantity, range.value, unit});
  comparison.rows.push_back({item, quantity + "_min", range.min, unit});
  comparison.rows.push_back({item, quantity + "_max", range.max, unit});
}

double total(const BoaviztaReport& report) { return (report.embodied.value + report.use.value).value(); }

}  // namespace

Result<Comparison> compare_boavizta(const Request& request) {
  OptionReader options(request.options);
  BoaviztaQuery query;
  query.archetype = options.text({"archetype"}, "name an archetype of the release, such as " + query.archetype)
                        .value_or(query.archetype);
  if (const auto hours = options.number({"duration"}, 0, 1e9)) query.duration = carbon::Hours{*hours};
  const auto criteria = options.text({"criteria"}, "only gwp, in kg CO2e, is modelled");
  if (criteria && *criteria != "gwp")
    options.fail(bad_input("no criterion '" + *criteria + "'", "--criteria", "only gwp, in kg CO2e, is modelled"));
  const auto cpus = options.text({"cpu-specs"}, "name the file of processors (CSV)");
  const BoaviztaSwitches switches = switches_of(request.mode, boavizta_switches(), options);
  if (auto ok = options.finish(); !ok) return ok.error();
  if (cpus) {
    auto table = read_boavizta_cpus(*cpus);
    if (!table) return table.error();
    query.cpu_table = std::move(*table);
  }
  BoaviztaServer server;
  server.where = query.archetype;
  if (!request.input.empty()) {
    const auto text = read_file(request.input, std::uint64_t{16} << 20);
    if (!text) return text.error();
    auto parsed = parse_boavizta(*text, request.input.string());
    if (!parsed) return parsed.error();
    server = std::move(*parsed);
  }

  const auto report = evaluate_boavizta(server, query, switches);
  if (!report) return report.error();
  Comparison comparison{"boavizta", request.mode, {}, {}, report->notes};
  note_switches(boavizta_switches(), switches, comparison);
  if (request.input.empty()) comparison.notes.push_back("no request: the archetype " + query.archetype + " alone");
  const std::string system = request.input.empty() ? query.archetype : request.input.stem().string();
  for (const BoaviztaComponent& component : report->components)
    add(comparison, component.name, "embodied", component.embodied);
  add(comparison, system, "embodied", report->embodied);
  add(comparison, system, "use", report->use);
  comparison.rows.push_back({system, "total", total(*report), "kgCO2e"});
  add(comparison, system, "power", report->power_watts, "W");
  add(comparison, system, "cpu_die", report->die_mm2, "mm2");
  const auto with = [&](const BoaviztaSwitches& alone) -> Result<double> {
    const auto changed = evaluate_boavizta(server, query, alone);
    if (!changed) return changed.error();
    return total(*changed);
  };
  add_switches(boavizta_switches(), {{system, "total", "kgCO2e", with}}, comparison);
  return comparison;
}

AnchorSet anchors_boavizta(const std::filesystem::path&) {
  AnchorSet set;
  const auto add_anchor = [&](std::string item, std::string quantity, double published, double tolerance,
                              std::string source, const BoaviztaServer& server, const BoaviztaQuery& query, bool use) {
    const auto report = evaluate_boavizta(server, query, {});
    const double ours = report ? (use ? report->use.value : report->embodied.value).value() : std::nan("");
    set.anchors.push_back(
        {"boavizta", std::move(item), std::move(quantity), published, tolerance, "kgCO2e", std::move(source), ours});
  };
  constexpr double exact = 1e-9;
  const std::string output = "output of boaviztapi 2.4.1";
  const BoaviztaServer r740 = dell_r740();
  add_anchor("Dell R740", "embodied", 967.9, 0.05 / 967.9, "test of boaviztapi 2.4.1", r740, {}, false);
  add_anchor("Dell R740", "embodied (documentation)", 968, 0.5 / 968, "boaviztapi documentation", r740, {}, false);
  add_anchor("Dell R740", "embodied (unrounded)", 967.867811610396, exact, output, r740, {}, false);
  add_anchor("Dell R740", "use", 8385.597123456, exact, output, r740, {}, true);
  BoaviztaServer blade = r740;
  blade.type = "blade";
  blade.ram->front().units = 24;
  blade.disks->front().units = 2;
  add_anchor("completed blade", "embodied", 1462.0944232207917, exact, output, blade, {}, false);
  add_anchor("completed blade", "use", 10316.893383552, exact, output, blade, {}, true);
  struct Archetype {
    const char* id;
    double embodied, use;
  };
  constexpr Archetype archetypes[] = {{"platform_compute_low", 551.3194433773031, 6776.183573375999},
                                      {"platform_compute_medium", 947.7260064206044, 7741.831703424},
                                      {"platform_compute_high", 1526.9199892125166, 9029.362543488},
                                      {"platform_hddstorage_low", 1150.1816182349503, 7741.831703424},
                                      {"dellR740", 1170.855782626687, 8385.597123456}};
  for (const Archetype& archetype : archetypes) {
    BoaviztaQuery query;
    query.archetype = archetype.id;
    add_anchor(archetype.id, "embodied", archetype.embodied, exact, output, {}, query, false);
    add_anchor(archetype.id, "use", archetype.use, exact, output, {}, query, true);
  }
  return set;
}

}  // namespace cradle::published
