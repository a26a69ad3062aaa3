#include "cradle/design/upgrade.h"

#include "study_reading.h"

namespace cradle::design {

using carbon::GramsCO2e;
using carbon::GramsPerJoule;
using carbon::GramsPerKilowattHour;
using carbon::Hours;
using carbon::KilogramsCO2e;
using carbon::Seconds;
using carbon::Watts;
using carbon::Years;

namespace {

/// The installed and the new machine as one of the two figures it. The new one may be busy for less of its time: that
/// is how much faster it is.
Comparison read_comparison(TomlReader& root, const std::string& key, StudyFigures& figures) {
  Comparison out;
  auto table = root.table(key);
  if (!table) {
    root.fail("", "[" + key + "] is missing", "give the two machines as [" + key + ".old] and [" + key + ".new]");
    return out;
  }
  table->text("source");
  double busy[2] = {1, 1};
  for (const bool is_new : {false, true}) {
    const std::string side = is_new ? "new" : "old";
    const std::string owner = key + "." + side;
    auto machine = table->table(side);
    if (!machine) {
      table->fail("", "[" + owner + "] is missing", "give name, idle_w, full_w, utilisation");
      return out;
    }
    const auto number = [&](const char* field, double low, double high, std::optional<double> fallback = {}) {
      return figures.number(*machine, owner, field, low, high, fallback);
    };
    Technology& technology = is_new ? out.challenger : out.baseline;
    technology.name = machine->text("name");
    if (machine->has("source")) machine->text("source");
    // What is installed is made already: a figure for it would be misread as a reason to keep it.
    if (is_new) {
      technology.making = GramsCO2e{KilogramsCO2e{number("server_kg", 0, largest)}} +
                          GramsCO2e{KilogramsCO2e{number("accelerator_kg", 0, largest, 0.0)}};
      technology.lifetime = Years{number("lifetime_years", 1e-3, 1e4)};
    } else {
      technology.lifetime = Years{number("lifetime_years", 1e-3, 1e4, 1e4)};
    }
    technology.idle = Watts{number("idle_w", 0, largest)};
    technology.full = Watts{number("full_w", 0, largest)};
    technology.pue = number("pue", 1, 10, 1.0);
    busy[is_new ? 1 : 0] = number("utilisation", 1e-9, 1);
  }
  out.setting = {1, out.challenger.lifetime, busy[0], Sizing::one_for_one};
  out.baseline.throughput = catalog::OperationsPerSecond{1};
  out.challenger.throughput = catalog::OperationsPerSecond{busy[0] / busy[1]};
  return out;
}

}  // namespace

Result<UpgradeStudy> read_upgrade_study(std::string_view text, const std::string& source,
                                        const catalog::Catalog& catalog, std::optional<Move> move) {
  auto document = TomlReader::parse(text, source);
  if (!document) return document.error();
  document->text("kind");
  UpgradeStudy study;
  study.title = document->text("title");
  study.question = document->text("question");
  study.corrections = document->texts("corrections");
  study.published_year = Hours{document->number("published_hours_per_year", 1, 1e5, 8760.0)};
  study.start = read_start(*document);
  StudyFigures figures(move);
  study.published = read_comparison(*document, "published", figures);
  study.corrected = read_comparison(*document, "corrected", figures);
  for (TomlReader& table : document->tables("region", true)) {
    UpgradeRegion region{table.text("name"),
                         GramsPerKilowattHour{table.number("published_g_per_kwh", 0, 1e5)},
                         {},
                         carbon::IntensitySeries::constant(carbon::Signal::average, {})};
    auto grid = read_grid(table, catalog);
    region.grid = grid.id;
    region.series = std::move(grid.series);
    study.regions.push_back(std::move(region));
  }
  if (auto fine = document->finish(); !fine) return fine.error();
  for (const Comparison* comparison : {&study.published, &study.corrected})
    if (auto fine = check(*comparison, source); !fine) return fine.error();
  study.figures = figures.ranged();
  return study;
}

Result<std::vector<UpgradeAnswer>> answer(const UpgradeStudy& study, Years horizon) {
  // The publication has one purchase for ever: no machine may wear out within the horizon that its formula looks at.
  Comparison published = study.published;
  constexpr double for_ever = 1e6;
  published.baseline.lifetime = published.challenger.lifetime = Years{for_ever};
  const double calendar = Seconds{Years{1}} / Seconds{study.published_year};
  std::vector<UpgradeAnswer> answers;
  for (const UpgradeRegion& region : study.regions) {
    UpgradeAnswer out;
    out.region = region.name;
    const GramsPerJoule intensity{region.published};
    const auto exposure = intensity * Seconds{study.published_year};
    out.saved_per_year = KilogramsCO2e{emissions(published.baseline, published, exposure).operation -
                                       emissions(published.challenger, published, exposure).operation};
    const auto closed = break_even(published, intensity, Variable::service, 0, for_ever, region.name);
    if (!closed) return closed.error();
    if (closed->answer == BreakEven::Answer::crosses && closed->crossings.front().challenger_after)
      out.published_years = closed->crossings.front().value * calendar;
    if (closed->answer == BreakEven::Answer::always) out.published_years = 0;
    auto bracketed =
        break_even(study.corrected, region.series, study.start, Variable::service, 0, horizon.value(), region.name);
    if (!bracketed) return bracketed.error();
    out.corrected = std::move(*bracketed);
    answers.push_back(std::move(out));
  }
  return answers;
}

}  // namespace cradle::design
