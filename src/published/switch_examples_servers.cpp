// Cases on which the switches of the tools that price servers show: GreenSKU, SCARIF, Boavizta.
#include "cradle/published/boavizta.h"
#include "cradle/published/greensku.h"
#include "cradle/published/scarif.h"
#include "switch_examples.h"

namespace cradle::published {
namespace {

constexpr const char* kg = "kgCO2e";

// --- GreenSKU -------------------------------------------------------------------------------------------------------

using GreenSkuCase = SwitchMeasure<greensku::Switches>;

/// The release's GreenSKU-Full, changed by `edit`.
template <class Edit, class Figure>
GreenSkuCase edited(std::string item, std::string quantity, Edit edit, Figure figure) {
  return {std::move(item), std::move(quantity), kg, [edit, figure](const greensku::Switches& on) -> Result<double> {
            greensku::Framework framework = greensku::release();
            edit(framework, on);
            greensku::Setting setting;
            setting.switches = on;
            const auto evaluation = greensku::evaluate(framework, setting);
            if (!evaluation) return evaluation.error();
            for (const auto& sku : evaluation->skus)
              if (sku.name == "GreenSKU-Full") return figure(sku);
            return missing_data("the release has no such server", "GreenSKU-Full", "name one that it has");
          }};
}

double per_core(const greensku::SkuEvaluation& sku) { return sku.result.per_core.total().value(); }
double clusters_after(const greensku::SkuEvaluation& sku) { return sku.clusters.after.value(); }

// --- Boavizta -------------------------------------------------------------------------------------------------------

SwitchMeasure<BoaviztaSwitches> server(std::string item, const std::string& cpu, const std::string& other_parts,
                                       const BoaviztaQuery& query = {}) {
  const std::string body = R"({"model": {"type": "rack"}, "configuration": {"cpu": )" + cpu +
                           R"(, "power_supply": {"units": 2, "unit_weight": 2.99})" + other_parts + "}}";
  return {std::move(item), "total", kg, [body, query](const BoaviztaSwitches& on) -> Result<double> {
            const auto parsed = parse_boavizta(body, "built-in case");
            if (!parsed) return parsed.error();
            const auto report = evaluate_boavizta(*parsed, query, on);
            if (!report) return report.error();
            return report->embodied.value.value() + report->use.value.value();
          }};
}

}  // namespace

void show_greensku(Comparison& to) {
  using greensku::Framework;
  const auto cores = [](Framework& framework, const greensku::Switches&) {
    for (greensku::Sku& sku : framework.skus) sku.overhead = 4, sku.overhead_counts = true;
  };
  const auto sockets = [](Framework& framework, const greensku::Switches&) {
    for (greensku::Sku& sku : framework.skus)
      if (sku.name == "GreenSKU-Full") sku.sockets = 2;
  };
  // As published the release stops at such a rate, so that it is compared with leaving the rate out.
  const auto failing = [](Framework& framework, const greensku::Switches& on) {
    if (on.cpu_nic_failures) framework.failures.push_back({greensku::FailingPart::cpu, 0.01, {}, 0});
  };
  show_on<greensku::Switches>(
      greensku::switch_table(),
      {edited("GreenSKU-Full that keeps 4 cores for itself", "per_core_total", cores, per_core),
       edited("clusters of two-socket GreenSKU-Full", "clusters after", sockets, clusters_after),
       edited("clusters with 1 % of processors failing a year", "clusters after", failing, clusters_after)},
      to);
}

void show_scarif(Comparison& to) {
  const ScarifServer newest = scarif_case_study().proposed.server;
  const auto measured = [](std::string item, std::string quantity, ScarifServer of, auto figure) {
    return SwitchMeasure<ScarifSwitches>{std::move(item), std::move(quantity), kg,
                                         [of = std::move(of), figure](const ScarifSwitches& on) -> Result<double> {
                                           const auto carbon = evaluate_scarif(of, on);
                                           if (!carbon) return carbon.error();
                                           return figure(*carbon).value();
                                         }};
  };
  ScarifServer old = newest;
  old.accelerator.reset();
  old.year = 1990;
  ScarifFleet fleet;
  fleet.host = scarif_case_study().installed.server;
  fleet.options = {{"part", std::nullopt, 0, carbon::Watts{400}, carbon::Watts{0}, 1.25}};
  fleet.intensity = carbon::GramsPerKilowattHour{395};
  fleet.years = {1};
  const SwitchMeasure<ScarifSwitches> servers{"a fleet that needs 1.25 servers", "after one year", kg,
                                              [fleet](const ScarifSwitches& on) -> Result<double> {
                                                const auto result = evaluate_scarif(fleet, on);
                                                if (!result) return result.error();
                                                return result->front().after.front().value();
                                              }};
  const auto total = [](const ScarifCarbon& carbon) { return carbon.total(); };
  const auto chip = [](const ScarifCarbon& carbon) { return carbon.chip; };
  show_on<ScarifSwitches>(
      scarif_switches(),
      {measured("A100 server", "total", newest, total), measured("server of 1990", "total", old, total),
       measured("A100 server", "chip", newest, chip), servers},
      to);
}

void show_boavizta(Comparison& to) {
  const std::string two = R"({"units": 2, "core_units": 24, "die_size_per_core": 24.5})";
  BoaviztaQuery r740, twice, table;
  r740.archetype = "dellR740";
  twice.duration = carbon::Hours{2 * 35040};
  BoaviztaCpuRow row;
  row.name = "Example 1";
  row.cores = 28;
  row.tdp = carbon::Watts{165};
  row.die = carbon::SquareMillimetres{600};
  table.cpu_table = {row};
  const SwitchMeasure<BoaviztaSwitches> archetype{"archetype dellR740", "total", kg,
                                                  [r740](const BoaviztaSwitches& on) -> Result<double> {
                                                    const auto report = evaluate_boavizta({}, r740, on);
                                                    if (!report) return report.error();
                                                    return report->embodied.value.value() + report->use.value.value();
                                                  }};
  show_on<BoaviztaSwitches>(
      boavizta_switches(),
      {archetype, server("server with a GPU of 600 mm2", two, R"(, "gpu": {"units": 1, "gpu_surface": 600})"),
       server("server with a GPU", two, R"(, "gpu": {"units": 1})"),
       server("server with an empty list of disks", two, R"(, "disk": [])"),
       server("server with a hard disk, number not stated", two, R"(, "disk": [{"type": "hdd"}])"),
       server("server of processors by AMD, range stated as Xeon Gold",
              R"({"units": 2, "core_units": 24, "manufacturer": "AMD", "model_range": "Xeon Gold"})", ""),
       server("server used for twice its life", two, "", twice),
       server("processor of a known name stated with 50 W",
              R"({"units": 2, "name": "Example 1", "core_units": 4, "tdp": 50})", "", table)},
      to);
}

}  // namespace cradle::published
