#include "cradle/design/break_even_study.h"

#include <utility>

#include "study_reading.h"

namespace cradle::design {

using carbon::GramsCO2e;
using carbon::KilogramsCO2e;
using carbon::Watts;
using carbon::Years;

Result<BreakEvenKind> break_even_kind(std::string_view text, std::string source) {
  auto document = TomlReader::parse(text, std::move(source));
  if (!document) return document.error();
  const std::vector<std::string> words = {"technologies", "upgrade", "designs"};
  if (!document->has("kind")) return BreakEvenKind::technologies;
  const std::string word = document->text("kind", "technologies");
  for (std::size_t i = 0; i < words.size(); ++i)
    if (words[i] == word) return static_cast<BreakEvenKind>(i);
  return bad_input("'kind' is no break-even question", document->where("kind"),
                   "use one of: technologies, upgrade, designs");
}

namespace {

Technology read_technology(TomlReader& root, const std::string& key, StudyFigures& figures) {
  Technology out;
  auto table = root.table(key);
  if (!table) {
    root.fail("", "[" + key + "] is missing",
              "describe it: name, making_kg, idle_w, full_w, throughput, lifetime_years");
    return out;
  }
  const auto number = [&](const char* field, double low, double high, std::optional<double> fallback = {}) {
    return figures.number(*table, key, field, low, high, fallback);
  };
  out.name = table->text("name");
  table->text("source");
  out.design = GramsCO2e{KilogramsCO2e{number("design_kg", 0, largest, 0.0)}};
  out.making = GramsCO2e{KilogramsCO2e{number("making_kg", 0, largest)}};
  out.idle = Watts{number("idle_w", 0, largest)};
  out.full = Watts{number("full_w", 0, largest)};
  out.throughput = catalog::OperationsPerSecond{number("throughput", 1e-15, 1e30)};
  out.lifetime = Years{number("lifetime_years", 1e-3, 1e4)};
  out.pue = number("pue", 1, 10, 1.0);
  return out;
}

}  // namespace

Result<BreakEvenStudy> read_break_even_study(std::string_view text, const std::string& source,
                                             const catalog::Catalog& catalog, std::optional<Move> move,
                                             std::optional<double> utilisation) {
  auto document = TomlReader::parse(text, source);
  if (!document) return document.error();
  document->text("kind", "technologies");
  const std::string title = document->text("title");
  const std::string question = document->text("question");
  const auto notes = document->texts("notes");
  StudyFigures figures(move);
  Comparison comparison{
      read_technology(*document, "baseline", figures), read_technology(*document, "challenger", figures), {}};
  StudyGrid grid;
  Instant start;
  if (auto setting = document->table("setting")) {
    comparison.setting.volume = figures.number(*setting, "setting", "volume", 1e-6, largest);
    comparison.setting.service = Years{figures.number(*setting, "setting", "service_years", 1e-3, 1e4)};
    comparison.setting.utilisation = figures.number(*setting, "setting", "utilisation", 0, 1);
    if (utilisation) comparison.setting.utilisation = *utilisation;
    comparison.setting.sizing =
        static_cast<Sizing>(setting->choice("sizing", {"by_work", "one_for_one"}, std::size_t{0}));
    grid = read_grid(*setting, catalog);
    start = read_start(*setting);
  } else {
    document->fail("", "[setting] is missing", "say volume, service_years, utilisation and a grid");
  }
  std::vector<VariedRange> ranges;
  if (auto table = document->table("range")) {
    for (const Variable variable : {Variable::volume, Variable::service, Variable::intensity, Variable::utilisation}) {
      const std::string key(name(variable));
      if (!table->has(key)) continue;
      const auto ends = table->numbers(key, 0, largest);
      if (ends.size() != 2 || !(ends[0] < ends[1]))
        table->fail(key, "'range." + key + "' is no range", "write [from, to] in " + std::string(unit(variable)));
      else
        ranges.push_back({variable, ends[0], ends[1]});
    }
  }
  if (ranges.empty())
    document->fail("", "nothing is varied", "add [range] with volume, service, intensity or utilisation = [from, to]");
  if (auto fine = document->finish(); !fine) return fine.error();
  if (auto fine = check(comparison, source); !fine) return fine.error();
  return BreakEvenStudy{title,       question, std::move(comparison), grid.id,          std::move(grid.series),
                        grid.hourly, start,    std::move(ranges),     figures.ranged(), notes};
}

Result<BreakEven> answer(const BreakEvenStudy& study, const VariedRange& range) {
  const std::string where = std::string("range.") + std::string(name(range.variable));
  if (study.hourly)
    return break_even(study.comparison, study.series, study.start, range.variable, range.from, range.to, where);
  return break_even(study.comparison, study.series.steps().front(), range.variable, range.from, range.to, where);
}

}  // namespace cradle::design
