#include "cradle/design/reprogrammable.h"

#include <cmath>

#include "cradle/toml/toml_reader.h"

namespace cradle::design {

using carbon::GramsCO2e;
using carbon::GramsPerJoule;
using carbon::GramsPerKilowattHour;
using carbon::Hours;
using carbon::Joules;
using carbon::KilogramsCO2e;
using carbon::Seconds;
using carbon::SquareMillimetres;
using carbon::Watts;

namespace {
/// Recycling can earn back this much of one chip at most: more would be a mistaken unit.
constexpr double lowest_credit_kg = 100;
}  // namespace

Result<ChipLifeCycle> life_cycle(const ReprogrammableChip& chip, double applications, const std::string& where) {
  const auto not_negative = [](double value) { return std::isfinite(value) && value >= 0; };
  for (const double value : {chip.recycled, chip.recycled_cost, chip.design.value(),
                             chip.end_of_life.value() + GramsCO2e{KilogramsCO2e{lowest_credit_kg}}.value(),
                             chip.development.value(), chip.devices, chip.power.value(), chip.activity, chip.duty,
                             chip.service.value(), chip.intensity.value(), applications})
    if (!not_negative(value))
      return bad_input(chip.name + ": a number is negative or not finite", where, "give numbers of 0 or more");
  if (!(chip.volume > 0) || std::isinf(chip.volume))
    return bad_input(chip.name + ": the volume is not positive", where, "say how many parts are in use");
  if (!(chip.service.value() > 0))
    return bad_input(chip.name + ": the service is not positive", where, "say for how long the parts are used");
  if (chip.recycled > 1 || chip.duty > 1)
    return bad_input(chip.name + ": a share is above 1", where, "give shares of 0 .. 1");
  SquareMillimetres drawn, made;
  double weighted = 0;
  for (const ChipBlock& block : chip.blocks) {
    if (!not_negative(block.area.value()) || !not_negative(block.area_scale) || !not_negative(block.power_scale))
      return bad_input(chip.name + ": block " + block.name + " has a negative number", where, "give 0 or more");
    drawn += block.area;
    made += block.area * block.area_scale;
    weighted += block.area.value() * block.power_scale;
  }
  if (auto fine = embodied::check(made, chip.process, where); !fine) return fine.error();

  const GramsCO2e one_die = embodied::die_carbon(made, chip.process, GramsPerJoule{}).total();
  const GramsCO2e one = one_die * (1 - chip.recycled) + one_die * (chip.recycled * chip.recycled_cost);
  const double rounds = chip.reprogrammed ? 1 : applications;
  ChipLifeCycle out;
  out.design = chip.design * rounds;
  out.making = one * (rounds * chip.volume * chip.devices);
  out.end_of_life = chip.end_of_life * (rounds * chip.volume * chip.devices);
  out.development = chip.development * applications;
  const Watts mean = chip.power * (weighted / drawn.value() * chip.activity * chip.duty);
  const Joules energy = mean * Seconds{chip.service};
  out.operation = energy * chip.intensity * (chip.volume * chip.devices);
  return out;
}

Result<std::optional<double>> applications_to_break_even(const ReprogrammableChip& fixed,
                                                         const ReprogrammableChip& reprogrammed, std::string where) {
  const auto gap_at = [&](double applications) -> Result<double> {
    const auto one = life_cycle(fixed, applications, where);
    if (!one) return one.error();
    const auto other = life_cycle(reprogrammed, applications, where);
    if (!other) return other.error();
    return (other->total() - one->total()).value();
  };
  const auto at_none = gap_at(0), at_one = gap_at(1);
  if (!at_none) return at_none.error();
  if (!at_one) return at_one.error();
  const double slope = *at_one - *at_none;
  if (slope == 0 || -*at_none / slope < 0) return std::optional<double>{};
  return std::optional<double>{-*at_none / slope};
}

namespace {

/// Reads a chip. With `corrected`, keys of that table take the place of the chip's own.
ReprogrammableChip read_chip(TomlReader& table, TomlReader* corrected, bool reprogrammed, const std::string& owner,
                             StudyFigures& figures) {
  constexpr double most = 1e15;
  const auto at = [&](const char* key) -> TomlReader& {
    return corrected != nullptr && corrected->has(key) ? *corrected : table;
  };
  const auto number = [&](const char* key, double low, double high, std::optional<double> fallback = {}) {
    TomlReader& from = at(key);
    return figures.number(from, &from == &table ? owner : owner + ".corrected", key, low, high, fallback);
  };
  ReprogrammableChip out;
  out.name = table.text("name");
  table.text("source");
  out.reprogrammed = reprogrammed;
  for (TomlReader& block : table.tables("block", true)) {
    out.blocks.push_back({block.text("name"), SquareMillimetres{block.number("area_mm2", 1e-9, 1e6)},
                          block.number("area_scale", 1e-6, 1e6), block.number("power_scale", 0, 1e6)});
  }
  constexpr double square_mm_per_square_cm = 100;
  const GramsCO2e per_square_cm{KilogramsCO2e{number("making_kg_per_cm2", 0, 1e6)}};
  out.process.gas = per_square_cm / SquareMillimetres{square_mm_per_square_cm};
  out.process.yield.defects =
      embodied::PerSquareMillimetre{number("defects_per_cm2", 0, 1e6) / square_mm_per_square_cm};
  out.process.yield.clustering = number("clustering", 1e-6, 1e6, 10.0);
  out.process.wafer.diameter = {number("wafer_mm", 1, 1e4, 300.0)};
  const bool added = at("edge").choice("edge", {"divided", "added"}, std::size_t{0}) == 1;
  out.process.share = added ? embodied::WaferShare::edge_added : embodied::WaferShare::edge_divided;
  out.process.wafer.whole_dies = !added;
  out.recycled = number("recycled_share", 0, 1, 0.0);
  out.recycled_cost = number("recycled_cost", 0, 1, 0.0);
  out.design = GramsCO2e{KilogramsCO2e{number("design_kg", 0, most)}};
  out.end_of_life = GramsCO2e{KilogramsCO2e{number("end_of_life_kg", -lowest_credit_kg, most, 0.0)}};
  out.development = GramsCO2e{KilogramsCO2e{number("development_kg", 0, most, 0.0)}};
  out.volume = number("volume", 1e-6, most);
  out.devices = number("devices", 1e-6, 1e6, 1.0);
  out.power = Watts{number("power_w", 0, most)};
  out.activity = number("activity", 0, 1e6);
  out.duty = number("duty", 0, 1, 1.0);
  out.service = Hours{number("service_hours", 1e-3, most)};
  out.intensity = GramsPerJoule{GramsPerKilowattHour{number("intensity_g_per_kwh", 0, 1e5)}};
  return out;
}

}  // namespace

Result<ReprogrammableStudy> read_reprogrammable_study(std::string_view text, const std::string& source,
                                                      std::optional<Move> move) {
  auto document = TomlReader::parse(text, source);
  if (!document) return document.error();
  document->text("kind");
  ReprogrammableStudy study;
  study.title = document->text("title");
  study.question = document->text("question");
  study.corrections = document->texts("corrections");
  study.applications = document->numbers("applications", 0, 1e6, true);
  StudyFigures figures(move);
  for (const bool reprogrammed : {false, true}) {
    const std::string key = reprogrammed ? "reprogrammed" : "fixed";
    auto table = document->table(key);
    if (!table) {
      document->fail("", "[" + key + "] is missing", "describe the chip: name, blocks, process, power, volume");
      break;
    }
    auto corrected = table->table("corrected");
    (reprogrammed ? study.reprogrammed : study.fixed) = read_chip(*table, nullptr, reprogrammed, key, figures);
    (reprogrammed ? study.reprogrammed_corrected : study.fixed_corrected) =
        read_chip(*table, corrected ? &*corrected : nullptr, reprogrammed, key, figures);
  }
  if (auto fine = document->finish(); !fine) return fine.error();
  for (const ReprogrammableChip* chip :
       {&study.fixed, &study.reprogrammed, &study.fixed_corrected, &study.reprogrammed_corrected})
    if (auto fine = life_cycle(*chip, 1, source + ": " + chip->name); !fine) return fine.error();
  study.figures = figures.ranged();
  return study;
}

}  // namespace cradle::design
