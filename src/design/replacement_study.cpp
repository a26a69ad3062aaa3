#include "cradle/design/replacement_study.h"

#include <cmath>

#include "study_reading.h"

namespace cradle::design {

using carbon::GramsCO2e;
using carbon::IntensitySeconds;
using carbon::KilogramsCO2e;
using carbon::Seconds;
using carbon::Watts;

namespace {

constexpr double percent = 100;
constexpr std::size_t hours_per_day = 24;

template <class T>
std::vector<std::string> names_of(const std::vector<T>& items) {
  std::vector<std::string> names;
  for (const auto& item : items) names.push_back(item.name);
  return names;
}

/// The index of the item that a key names.
std::size_t named(TomlReader& table, const char* key, const std::vector<std::string>& names, const std::string& word) {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == word) return i;
  table.fail(key, "no '" + word + "'", suggest(word, names));
  return 0;
}

/// Refuses a name that an earlier table of the same kind has.
template <class T>
void distinct(TomlReader& table, const char* kind, const std::vector<T>& before, const std::string& name) {
  for (const auto& item : before)
    if (item.name == name)
      table.fail("name", std::string("two of [[") + kind + "]] are called '" + name + "'",
                 "give each a name of its own");
}

/// One class of work and its load over the day, hour by hour (UTC), mean 1.
struct Work {
  WorkClass work;
  std::vector<double> profile;
};

Work read_work(TomlReader& table, int years, StudyFigures& figures) {
  Work out;
  out.work.name = table.text("name");
  out.work.light = table.flag("light", false);
  const std::string owner = "work " + out.work.name;
  if (table.has("demand")) {
    for (const double demand : table.numbers("demand", 0, largest, true)) out.work.demand.emplace_back(demand);
    if (out.work.demand.size() != static_cast<std::size_t>(years))
      table.fail(
          "demand",
          "'demand' has " + std::to_string(out.work.demand.size()) + " values for " + std::to_string(years) + " years",
          "give one number a year, or demand_at_first and growth_percent_per_year");
  } else {
    const double first = figures.number(table, owner, "demand_at_first", 0, largest);
    const double growth = figures.number(table, owner, "growth_percent_per_year", -percent, 1000, 0.0) / percent;
    for (int year = 0; year < years; ++year) out.work.demand.emplace_back(first * std::pow(1 + growth, year));
  }
  out.profile = table.numbers("profile", 0, largest);
  if (out.profile.empty()) out.profile.assign(hours_per_day, 1);
  double sum = 0, most = 0;
  for (const double load : out.profile) {
    sum += load;
    most = std::max(most, load);
  }
  if (out.profile.size() != hours_per_day || !(sum > 0)) {
    table.fail("profile", "'profile' is no load over the 24 hours of a day", "give 24 numbers, not all zero");
    out.profile.assign(hours_per_day, 1);
    sum = hours_per_day;
    most = 1;
  }
  const double mean = sum / static_cast<double>(hours_per_day);
  for (double& load : out.profile) load /= mean;
  out.work.peak = std::max(1.0, most / mean);
  return out;
}

MachineType read_machine(TomlReader& table, int years, const std::vector<std::string>& classes, StudyFigures& figures) {
  MachineType out;
  out.name = table.text("name");
  if (table.has("source")) table.text("source");
  const std::string owner = "machine " + out.name;
  const auto number = [&](const char* key, double low, double high, std::optional<double> fallback = {}) {
    return figures.number(table, owner, key, low, high, fallback);
  };
  out.making = GramsCO2e{KilogramsCO2e{number("making_kg", 0, largest)}};
  out.capacity = catalog::OperationsPerSecond{number("capacity", 1e-12, largest)};
  out.idle = Watts{number("idle_w", 0, largest)};
  out.full = Watts{number("full_w", 0, largest)};
  out.gain = number("gain_percent_per_year", 0, percent - 1, 0.0) / percent;
  const auto sold = table.numbers("on_sale", -1000, 1000);
  if (table.has("on_sale") &&
      (sold.size() != 2 || sold[0] > sold[1] || sold[0] != std::floor(sold[0]) || sold[1] != std::floor(sold[1])))
    table.fail("on_sale", "'on_sale' is no range of whole years",
               "give [first, last] year of the plan, counted from 0, the first no later than the last");
  if (sold.size() == 2) {
    out.on_sale_from = static_cast<int>(sold[0]);
    out.on_sale_to = static_cast<int>(sold[1]);
  } else {
    out.on_sale_to = years;
  }
  out.life = static_cast<int>(table.integer("life_years", 1, 1000));
  out.second_life = static_cast<int>(table.integer("second_life_years", 0, 1000, 0));
  out.second_capacity = number("second_capacity_percent", 1, percent, percent) / percent;
  out.refurbishing = GramsCO2e{KilogramsCO2e{number("refurbishing_kg", 0, largest, 0.0)}};
  out.failures = number("failures_percent_per_year", 0, 1e4, 0.0) / percent;
  out.repair = number("repair_percent", 0, 1e4, 0.0) / percent;
  out.handed_on = number("handed_on_percent", 0, percent, 0.0) / percent;
  for (const auto& word : table.texts("work", true)) out.work.push_back(named(table, "work", classes, word));
  return out;
}

FleetSite read_site(TomlReader& table, const catalog::Catalog& catalog, int years, int first_year,
                    const std::vector<Work>& works, StudyFigures& figures) {
  FleetSite out;
  out.name = table.text("name");
  const std::string owner = "site " + out.name;
  const StudyGrid grid = read_grid(table, catalog);
  out.pue = figures.number(table, owner, "pue", 1, 10, 1.0);
  const double decline = figures.number(table, owner, "decline_percent_per_year", -percent, percent, 0.0) / percent;
  out.room = table.number("room", 0, largest, 1e18);
  out.work_exposure.resize(works.size());
  for (int year = 0; year < years; ++year) {
    const Instant from = instant_of(first_year + year, 1, 1), to = instant_of(first_year + year + 1, 1, 1);
    const double scale = std::pow(1 - decline, year);
    out.exposure.push_back(grid.series.integral(from, to) * scale);
    std::vector<IntensitySeconds> sums(works.size());
    std::size_t hour = 0;
    for (Instant at = from; at < to; at.ms += ms_per_hour, hour = (hour + 1) % hours_per_day) {
      const IntensitySeconds exposure = grid.series.at(at) * Seconds{3600};
      for (std::size_t i = 0; i < works.size(); ++i) sums[i] += exposure * works[i].profile[hour];
    }
    for (std::size_t i = 0; i < works.size(); ++i) out.work_exposure[i].push_back(sums[i] * scale);
  }
  return out;
}

}  // namespace

Result<FleetStudy> read_fleet_study(std::string_view text, const std::string& source, const catalog::Catalog& catalog,
                                    std::optional<Move> move) {
  auto document = TomlReader::parse(text, source);
  if (!document) return document.error();
  StudyFigures figures(move);
  FleetStudy study;
  study.title = document->text("title");
  study.question = document->text("question");
  study.notes = document->texts("notes");
  study.capacity_unit = document->text("capacity_unit", "units");
  constexpr int most_years = 100;
  const int years = static_cast<int>(document->integer("years", 1, most_years, 10));
  study.first_year = static_cast<int>(document->integer("first_year", 1970, 3000, 2025));
  study.fleet.years = years;
  std::vector<Work> works;
  for (TomlReader& table : document->tables("work", true)) {
    works.push_back(read_work(table, years, figures));
    distinct(table, "work", study.fleet.classes, works.back().work.name);
    study.fleet.classes.push_back(works.back().work);
  }
  const auto classes = names_of(study.fleet.classes);
  for (TomlReader& table : document->tables("machine", true)) {
    MachineType type = read_machine(table, years, classes, figures);
    distinct(table, "machine", study.fleet.types, type.name);
    study.fleet.types.push_back(std::move(type));
  }
  for (TomlReader& table : document->tables("site", true)) {
    FleetSite site = read_site(table, catalog, years, study.first_year, works, figures);
    distinct(table, "site", study.fleet.sites, site.name);
    study.fleet.sites.push_back(std::move(site));
  }
  for (TomlReader& table : document->tables("stock")) {
    FleetStock stock;
    stock.type = named(table, "machine", names_of(study.fleet.types), table.text("machine"));
    stock.site = named(table, "site", names_of(study.fleet.sites), table.text("site"));
    stock.age = static_cast<int>(table.integer("age_years", 0, 1000));
    stock.count = static_cast<int>(table.integer("count", 0, 1'000'000'000));
    study.fleet.stock.push_back(stock);
  }
  if (auto fine = document->finish(); !fine) return fine.error();
  if (auto fine = check(study.fleet, source); !fine) return fine.error();
  study.figures = figures.ranged();
  return study;
}

}  // namespace cradle::design
