#include "cradle/design/reuse.h"
#include "study_reading.h"

namespace cradle::design {

using carbon::GramsCO2e;
using carbon::GramsPerKilowattHour;
using carbon::Hours;
using carbon::KilogramsCO2e;
using carbon::Watts;

namespace {

ReusePart read_part(TomlReader& table, const std::string& owner, StudyFigures& figures) {
  ReusePart part;
  part.name = table.text("name");
  if (table.has("source")) table.text("source");
  const std::string name = owner + " " + part.name;
  const auto number = [&](const char* key, double low, double high, std::optional<double> fallback = {}) {
    return figures.number(table, name, key, low, high, fallback);
  };
  part.making = GramsCO2e{KilogramsCO2e{number("making_kg", 0, largest)}};
  part.power = Watts{number("power_w", 0, largest)};
  part.count = number("count", 0, largest, 1.0);
  part.load = number("load", 0, 10, 1.0);
  constexpr double percent = 100;
  part.failures = number("failures_percent_per_year", 0, 1e4, 0.0) / percent;
  return part;
}

}  // namespace

Result<ReuseStudy> read_reuse_study(std::string_view text, const std::string& source, std::optional<Move> move) {
  auto document = TomlReader::parse(text, source);
  if (!document) return document.error();
  constexpr double percent = 100;
  StudyFigures figures(move);
  ReuseStudy study;
  study.title = document->text("title");
  study.question = document->text("question");
  study.notes = document->texts("notes");
  study.target = document->number("target_percent", 0, percent, 20.0) / percent;
  ReuseComparison& comparison = study.comparison;
  if (auto table = document->table("service")) {
    const double hours_per_month = table->number("hours_per_month", 1, 800, 730.0);
    comparison.service = Hours{figures.number(*table, "service", "months", 1e-3, 1e6) * hours_per_month};
    comparison.pue = figures.number(*table, "service", "pue", 1, 10, 1.0);
    comparison.power_factor = figures.number(*table, "service", "power_factor", 1e-6, 1, 1.0);
  } else {
    document->fail("", "[service] is missing", "say months, pue and power_factor");
  }
  for (TomlReader& table : document->tables("part", true))
    comparison.common.push_back(read_part(table, "part", figures));
  if (auto table = document->table("reuse")) {
    study.part = table->text("part");
    study.share = figures.number(*table, "reuse", "share_percent", 0, percent) / percent;
    ReusePart* whole = nullptr;
    std::vector<std::string> names;
    for (ReusePart& part : comparison.common) {
      names.push_back(part.name);
      if (part.name == study.part) whole = &part;
    }
    if (whole == nullptr) {
      table->fail("part", "no part '" + study.part + "'", suggest(study.part, names));
    } else {
      ReusePart share = *whole;
      share.count = whole->count * study.share;
      whole->count -= share.count;
      comparison.replaced.push_back(std::move(share));
    }
    for (TomlReader& added : table->tables("with", true)) {
      ReusePart part = read_part(added, "with", figures);
      comparison.added.push_back(std::move(part));
    }
  } else {
    document->fail("", "[reuse] is missing", "say which part, which share of it, and with what it is replaced");
  }
  for (TomlReader& table : document->tables("intensity")) {
    study.intensity_names.push_back(table.text("name"));
    study.intensities.emplace_back(table.number("g_per_kwh", 0, 1e5));
  }
  if (auto fine = document->finish(); !fine) return fine.error();
  if (auto fine = check(comparison, source); !fine) return fine.error();
  study.figures = figures.ranged();
  return study;
}

}  // namespace cradle::design
