// A design result of realistic size and shape for the tests of this room. Its figures are invented.
#pragma once

#include <cmath>
#include <string>

#include "cradle/base/random.h"
#include "cradle/report/design_report.h"

namespace cradle::report {

inline carbon::Estimate<carbon::KilogramsCO2e> example_mass(double kilograms) {
  return {carbon::KilogramsCO2e{kilograms}, carbon::KilogramsCO2e{kilograms * 0.8},
          carbon::KilogramsCO2e{kilograms * 1.35}};
}

inline DesignReport example_design(std::size_t cloud = 3000) {
  DesignReport report;
  report.title = "Inference accelerator, 2 to 16 chiplets";
  report.question =
      "Which split, node and package of a 600 mm2 accelerator emits least over its life at which speed and price?";
  report.answer =
      "Four chiplets at 5 nm on a bridge emit 31.4 kgCO2e a piece, 18 % less than one die, at 4 % more delay.";
  report.study_file = "accelerator.toml";
  report.created_by = "cradle 0.1.0";
  report.command = "cradle design explore accelerator.toml --report design.html";

  Scatter scatter;
  scatter.axes = {{"carbon", "kgCO2e", true}, {"delay", "", false}, {"energy", "kWh", true}, {"cost", "USD", true}};
  RandomStream stream(3, "cloud");
  for (int i = 0; i < 60; ++i) {
    const double t = i / 59.0;
    scatter.front.push_back({static_cast<std::uint64_t>(7919 * i),
                             std::to_string(1 + i % 16) + " x n5, n14 | emib | TW | 100000 parts",
                             {25 + 90 * t * t, 2.2 - 1.2 * std::sqrt(t), 4000 - 2500 * t, 90 + 400 * t}});
  }
  for (std::size_t i = 0; i < cloud; ++i) {
    const double t = stream.uniform(), worse = 1.05 + stream.exponential(0.5);
    scatter.cloud.push_back({i,
                             "",
                             {(25 + 90 * t * t) * worse, (2.2 - 1.2 * std::sqrt(t)) * (1 + 0.3 * (worse - 1)),
                              (4000 - 2500 * t) * worse, (90 + 400 * t) * worse}});
  }
  scatter.points = 12'345'678;
  scatter.impossible = 12;
  scatter.infeasible = 4321;
  report.scatter = std::move(scatter);

  Curve curve;
  curve.title = "From which volume does it pay back?";
  curve.x = {"volume", "parts", true};
  curve.y = {"life-cycle carbon per part", "kgCO2e", true};
  Line own{"accelerator", {}, {}}, other{"general-purpose GPU", {}, {}};
  for (int i = 0; i <= 60; ++i) {
    const double volume = std::pow(10.0, 2 + i / 12.0);
    own.x.push_back(volume);
    own.y.push_back(40 + 9e5 / volume);
    other.x.push_back(volume);
    other.y.push_back(130);
  }
  curve.lines = {own, other};
  curve.crossings = {{"volume from which the accelerator pays back", 1e4, 8.7e3, 1.2e4, "parts"}};
  report.curves = {curve};

  Bills bills;
  bills.title = "What making it emits";
  bills.range = "P5 to P95 of 100,000 samples, seed 42";
  for (const char* name :
       {"one die, n5", "2 x n5, bridge", "4 x n5, bridge", "8 x n7, fan-out", "16 x n14, organic laminate"}) {
    const double size = 1 + 0.3 * stream.uniform();
    BillBar bar{name, {}, {}};
    double sum = 0;
    for (const auto& [part, kilograms] :
         {std::pair{"silicon", 12.0}, std::pair{"wafer edge", 1.5}, std::pair{"dies that fail", 6.0},
          std::pair{"carrier", 2.5}, std::pair{"substrate", 3.0}, std::pair{"bonding", 0.6},
          std::pair{"design", 2.0}}) {
      bar.parts.push_back({part, example_mass(kilograms * size)});
      sum += kilograms * size;
    }
    bar.total = example_mass(sum);
    bills.bars.push_back(std::move(bar));
  }
  report.bills = {bills};

  Tornado tornado;
  tornado.title = "What the answer hangs on";
  tornado.axis = {"carbon of 4 x n5, bridge", "kgCO2e", false};
  tornado.value = 31.4;
  tornado.bars = {{"process.n5.defects", "0.08 .. 0.11 .. 0.25 1/cm2", 27.1, 44.0, 0.55, "3D-Carbon (DAC 2024)"},
                  {"grid.TW.average", "480 .. 583 .. 642 gCO2e/kWh", 27.9, 34.0, 0.22, "ACT v2"},
                  {"process.n5.energy", "2.5 .. 2.75 .. 3 kWh/cm2", 29.3, 33.5, 0.11, "ACT v2"},
                  {"package.emib.bonding_yield", "0.95 .. 0.99 .. 1", 33.0, 31.1, 0.05, "3D-Carbon (DAC 2024)"}};
  report.tornados = {tornado};

  Table table;
  table.column("metric", "metric").column("value", "value", Align::right).column("unit", "unit");
  table.row({"tCDP", 12.25, "kgCO2e s"});
  report.tables = {{"Metrics of the best design", table}};
  report.notes = {"The lifetime is 4 years at 60 % duty on the MISO grid of 2022.",
                  "Five designs share the input-output die."};
  return report;
}

}  // namespace cradle::report
