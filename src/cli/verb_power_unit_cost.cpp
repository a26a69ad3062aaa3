// cradle power unit-cost: what the hardware unit weighs in each process, and when it has paid for itself.
#include "cradle/catalog/catalog.h"
#include "cradle/power/unit_cost.h"
#include "cradle/report/format.h"
#include "verb_power.h"

namespace cradle::cli {

using carbon::Estimate;
using carbon::GramsPerJoule;
using carbon::GramsPerKilowattHour;
using report::Align;
using report::significant;

namespace {

constexpr double milligrams = 1000;

/// Of processed wafer, before yield, by the process's record and the fab's grid.
power::UnitSilicon silicon_of(const catalog::FabProcess& process, GramsPerJoule fab) {
  const auto carbon = [&](auto bound) {
    return fab * bound(process.energy) + bound(process.gas) + bound(process.material);
  };
  return {{carbon([](const auto& c) { return c.estimate.value; }), carbon([](const auto& c) { return c.estimate.low; }),
           carbon([](const auto& c) { return c.estimate.high; })},
          {process.transistors.estimate.value, process.transistors.estimate.low, process.transistors.estimate.high}};
}

}  // namespace

int run_power_unit_cost(const PowerOptions& options, const Common& common) {
  const auto catalog = catalog::Catalog::load(common.catalog);
  if (!catalog) return fail(catalog.error());
  const std::string fab_grid = options.grid.empty() ? "TW" : options.grid;
  const auto grid = catalog->find_grid(fab_grid, "--fab-grid");
  if (!grid) return fail(grid.error());
  const GramsPerJoule fab{(*grid)->average.estimate.value};
  const power::UnitDesign ours =
      options.gates > 0 ? power::UnitDesign{Estimate<double>::exact(options.gates)} : power::unit_design;
  report::Table table;
  table.column("process", "process")
      .column("area_um2", "area", Align::right, 0, "um2")
      .column("embodied_mg", "embodied", Align::right, 2, "mgCO2e")
      .column("embodied_mg_low", "from", Align::right, 2, "mgCO2e")
      .column("embodied_mg_high", "to", Align::right, 2, "mgCO2e")
      .column("payback_j", "paid back by", Align::right, 1, "J")
      .column("payback_j_low", "from", Align::right, 1, "J")
      .column("payback_j_high", "to", Align::right, 1, "J")
      .column("published_mg", "published unit", Align::right, 2, "mgCO2e");
  const GramsPerJoule intensity{GramsPerKilowattHour{options.intensity}};
  constexpr double square_micrometres = 1e6;
  for (const catalog::FabProcess& process : catalog->processes()) {
    const power::UnitSilicon silicon = silicon_of(process, fab);
    const auto cost = power::unit_cost(ours, silicon, intensity, process.id);
    if (!cost) return fail(cost.error());
    const auto published = power::unit_cost(power::published_unit_design, silicon, intensity, process.id);
    if (!published) return fail(published.error());
    table.row({process.id, cost->area.value.value() * square_micrometres, cost->embodied.value.value() * milligrams,
               cost->embodied.low.value() * milligrams, cost->embodied.high.value() * milligrams,
               cost->payback.value.value(), cost->payback.low.value(), cost->payback.high.value(),
               published->embodied.value.value() * milligrams});
  }
  DesignAnswer answer;
  report::DesignReport& page = answer.page;
  page.title = "The token unit's carbon";
  page.question = "What does the token unit of one tile weigh, and after how many joules saved is it paid back?";
  const bool given = options.gates > 0;
  page.answer = power::compared_with_published(ours.kilogates.value, !given) + "; paid back at " +
                significant(options.intensity, 4) + " g/kWh as the table says.";
  page.tables = {{"By process", table}};
  page.notes = {"wafer processed on the grid " + fab_grid + ", before yield and edge",
                std::string(given ? "gates as given" : "gates by yosys in the osu018 cells") +
                    "; logic alone, without the regulator and clock that it steers",
                "published unit: its mean over five libraries"};
  answer.schema = "cradle.power.unit-cost/1";
  answer.fields = {{"kge", ours.kilogates.value},
                   {"published_kge", power::published_unit_design.kilogates.value},
                   {"published_kge_osu018", power::published_unit_design.kilogates.low},
                   {"intensity_g_kwh", options.intensity}};
  return deliver(std::move(answer), options.command, {}, options.output, common);
}

}  // namespace cradle::cli
