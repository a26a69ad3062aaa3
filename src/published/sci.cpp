// The Software Carbon Intensity score, its inputs and its row in the comparison.
#include "cradle/published/sci.h"

#include <array>
#include <cmath>

#include "cradle/base/file.h"
#include "cradle/base/text.h"
#include "cradle/published/tools.h"
#include "fields.h"
#include "options.h"
#include "switches.h"

namespace cradle::published {
namespace {

constexpr double hours_per_year = 365 * 24;
constexpr double julian = 365.25 / 365;
constexpr double most = 1e15;

template <class Fields>
SciComponent read_component(Fields& fields, const std::string& fallback_name) {
  SciComponent component;
  component.name = fields.text("name", fallback_name);
  component.energy = carbon::KilowattHours{fields.number("energy_kwh", 0, most, 0)};
  component.pue = fields.number("pue", 1, 100, 1);
  component.intensity = carbon::GramsPerKilowattHour{fields.number("intensity_g_per_kwh", 0, 1e5, 0)};
  component.embodied = carbon::GramsCO2e{fields.number("embodied_kg", 0, most, 0) * 1000};
  component.reserved = carbon::Hours{fields.number("reserved_hours", 0, most, 0)};
  component.lifetime_in_years = fields.has("lifetime_years");
  if (component.lifetime_in_years && fields.has("lifetime_hours"))
    fields.fail("lifetime_hours", "is a second lifetime", "give lifetime_years or lifetime_hours");
  component.lifetime =
      carbon::Hours{component.lifetime_in_years ? fields.number("lifetime_years", 0, 1e6) * hours_per_year
                                                : fields.number("lifetime_hours", 0, most, 4 * hours_per_year)};
  component.resources_reserved = fields.number("resources_reserved", 0, most, 1);
  component.resources_total = fields.number("resources_total", 0, most, 1);
  return component;
}

template <class Fields>
Result<SciApplication> read_application(Fields root) {
  SciApplication application;
  application.functional_unit = root.text("functional_unit", application.functional_unit);
  application.functional_units = root.number("functional_units", 0, most, 1);
  if (root.has("components")) {
    for (auto& fields : root.tables("components")) {
      application.components.push_back(
          read_component(fields, "component " + std::to_string(application.components.size() + 1)));
      fields.close(application.notes);
    }
  } else {
    application.components.push_back(read_component(root, "component"));
  }
  root.close(application.notes);
  if (auto ok = root.finish(); !ok) return ok.error();
  return application;
}

/// The same fields as options, with hyphens.
Result<SciApplication> application_of(OptionReader& options) {
  SciApplication application = sci_example();
  SciComponent& component = application.components.front();
  const auto number = [&](const char* name, double fallback, double low = 0) {
    return options.number({name}, low, most).value_or(fallback);
  };
  component.name = options.text({"name"}).value_or("component");
  component.energy = carbon::KilowattHours{number("energy-kwh", 0)};
  component.pue = number("pue", 1, 1);
  component.intensity = carbon::GramsPerKilowattHour{number("intensity", 0)};
  component.embodied = carbon::GramsCO2e{number("embodied-kg", 0) * 1000};
  component.reserved = carbon::Hours{number("reserved-hours", 1)};
  component.lifetime = carbon::Hours{number("lifetime-years", 4) * hours_per_year};
  component.resources_reserved = number("resources-reserved", 1);
  component.resources_total = number("resources-total", 1);
  application.functional_units = number("functional-units", 1);
  application.functional_unit = options.text({"functional-unit"}).value_or(application.functional_unit);
  return application;
}

Result<SciApplication> read_application(const Request& request, OptionReader& options) {
  if (request.input.empty()) {
    if (options.nothing_but({"switch"})) return sci_example();
    return application_of(options);
  }
  const auto text = read_file(request.input, std::uint64_t{16} << 20);
  if (!text) return text.error();
  const std::string extension = to_lower(request.input.extension().string());
  if (extension == ".json") return parse_sci_json(*text, request.input.string());
  if (extension == ".toml") return parse_sci_toml(*text, request.input.string());
  return bad_input("not a format of a software carbon intensity", request.input.string(), "give a .json or .toml file");
}

}  // namespace

std::span<const NamedSwitch<SciSwitches>> sci_switches() {
  static constexpr std::array<NamedSwitch<SciSwitches>, 1> table = {
      {{"julian-years", "the worked example's year has 365 days: four of them miss a leap day",
        &SciSwitches::julian_years}}};
  return table;
}

SciApplication sci_example() {
  SciComponent server;
  server.name = "server";
  server.embodied = carbon::GramsCO2e{1000e3};
  server.reserved = carbon::Hours{1};
  server.lifetime = carbon::Hours{4 * hours_per_year};
  server.lifetime_in_years = true;
  return {"functional unit", 1, {server}, {}};
}

Result<SciScore> evaluate_sci(const SciComponent& component, const SciSwitches& switches) {
  for (const double value : {component.energy.value(), component.intensity.value(), component.embodied.value(),
                             component.reserved.value(), component.resources_reserved})
    if (!(value >= 0) || !std::isfinite(value))
      return bad_input("has a number of " + shortest(value), component.name, "numbers are 0 or more");
  if (!(component.pue >= 1) || !std::isfinite(component.pue))
    return bad_input("has a PUE of " + shortest(component.pue), component.name, "it is at least 1");
  if (!(component.lifetime.value() > 0) || !(component.resources_total > 0))
    return bad_input("has a lifetime or total resources of 0", component.name, "both are greater than 0");
  if (component.resources_reserved > component.resources_total)
    return bad_input("reserves more resources than there are", component.name,
                     "resources_reserved is at most resources_total");
  const double years = switches.julian_years && component.lifetime_in_years ? julian : 1;
  const double share_of_time = component.reserved / (component.lifetime * years);
  const double share_of_resources = component.resources_reserved / component.resources_total;
  return SciScore{carbon::GramsCO2e{component.energy.value() * component.pue * component.intensity.value()},
                  component.embodied * share_of_time * share_of_resources};
}

Result<carbon::GramsCO2e> evaluate_sci(const SciApplication& application, const SciSwitches& switches) {
  if (!(application.functional_units > 0) || !std::isfinite(application.functional_units))
    return bad_input("there are " + shortest(application.functional_units) + " functional units", "functional_units",
                     "R is greater than 0");
  carbon::GramsCO2e sum;
  for (const SciComponent& component : application.components) {
    const auto score = evaluate_sci(component, switches);
    if (!score) return score.error();
    sum += score->operational + score->embodied;
  }
  const carbon::GramsCO2e score = sum / application.functional_units;
  if (!std::isfinite(score.value()))
    return bad_input("the score is out of range", "functional_units",
                     "check the numbers of functional units and energy");
  return score;
}

Result<SciApplication> parse_sci_json(std::string_view text, const std::string& source) {
  auto reader = JsonReader::parse(text, source);
  if (!reader) return reader.error();
  return read_application(JsonFields(std::move(*reader)));
}

Result<SciApplication> parse_sci_toml(std::string_view text, const std::string& source) {
  auto reader = TomlReader::parse(text, source);
  if (!reader) return reader.error();
  return read_application(TomlFields(std::move(*reader)));
}

Result<Comparison> compare_sci(const Request& request) {
  OptionReader options(request.options);
  const auto application = read_application(request, options);
  if (!application) return application.error();
  const SciSwitches switches = switches_of(request.mode, sci_switches(), options);
  if (auto ok = options.finish(); !ok) return ok.error();
  Comparison comparison{"sci", request.mode, {}, {}, application->notes};
  note_switches(sci_switches(), switches, comparison);
  if (request.input.empty() && options.nothing_but({"switch"}))
    comparison.notes.push_back("nothing given: the specification's example, 1000 kg over four years, for one hour");
  for (const SciComponent& component : application->components) {
    const auto score = evaluate_sci(component, switches);
    if (!score) return score.error();
    comparison.rows.push_back({component.name, "operational", score->operational.value(), "gCO2e"});
    comparison.rows.push_back({component.name, "embodied", score->embodied.value(), "gCO2e"});
  }
  const auto score = evaluate_sci(*application, switches);
  if (!score) return score.error();
  comparison.rows.push_back({application->functional_unit, "sci", score->value(), "gCO2e"});
  const auto with = [&](const SciSwitches& alone) -> Result<double> {
    const auto changed = evaluate_sci(*application, alone);
    if (!changed) return changed.error();
    return changed->value();
  };
  add_switches(sci_switches(), {{application->functional_unit, "sci", "gCO2e", with}}, comparison);
  return comparison;
}

AnchorSet anchors_sci(const std::filesystem::path&) {
  const auto score = evaluate_sci(sci_example(), {});
  // The text says "around 28 g" of 28.54: its digits are cut off.
  return {{{"sci", "worked example", "sci", 28, 1.0 / 28, "gCO2e", "SCI specification v1.1.0, embodied emissions",
            score ? score->value() : std::nan("")}},
          {}};
}

}  // namespace cradle::published
