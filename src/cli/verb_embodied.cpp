// cradle embodied: what making hardware emits, part by part.
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>

#include "cradle/base/text.h"
#include "cradle/embodied/bill.h"
#include "cradle/embodied/bill_uncertainty.h"
#include "cradle/published/opinions.h"
#include "cradle/report/format.h"
#include "cradle/report/progress.h"
#include "cradle/report/table.h"
#include "interrupt.h"
#include "verbs.h"

namespace cradle::cli {

namespace {

using carbon::Estimate;
using carbon::GramsCO2e;
using embodied::Bill;
using embodied::BillInput;
using embodied::BillOfMaterials;
using embodied::BillUncertainty;
using report::Align;
using report::Table;
using Json = nlohmann::ordered_json;

constexpr int interrupted_status = 130;  // what shells call a program ended by SIGINT

double kg(GramsCO2e grams) { return carbon::KilogramsCO2e{grams}.value(); }
double kg(double grams) { return kg(GramsCO2e{grams}); }

void print(const std::string& text) { std::fputs(text.c_str(), stdout); }

/// Where the coefficients are from, each source once.
class Sources {
 public:
  explicit Sources(const Bill& bill) {
    for (const BillInput& input : bill.inputs) {
      const carbon::Provenance& from = input.figure.provenance;
      const std::string text = from.source + " (" + std::to_string(from.year) + "); licence: " + from.licence;
      auto at = std::find(texts_.begin(), texts_.end(), text);
      if (at == texts_.end()) at = texts_.insert(at, text);
      number_.push_back(static_cast<std::size_t>(at - texts_.begin()) + 1);
    }
  }
  const std::vector<std::string>& texts() const { return texts_; }
  std::size_t of(std::size_t input) const { return number_[input]; }
  /// "1, 3" of several inputs.
  std::string of(const std::vector<std::size_t>& inputs) const {
    std::vector<std::size_t> numbers;
    for (const std::size_t input : inputs) numbers.push_back(number_[input]);
    std::sort(numbers.begin(), numbers.end());
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
    std::string text;
    for (const std::size_t number : numbers) text += (text.empty() ? "" : ", ") + std::to_string(number);
    return text;
  }

 private:
  std::vector<std::string> texts_;
  std::vector<std::size_t> number_;
};

std::string keys_of(const Bill& bill, const std::vector<std::size_t>& inputs) {
  std::string text;
  for (const std::size_t input : inputs) text += (text.empty() ? "" : " ") + bill.inputs[input].figure.key;
  return text;
}

// --- Text -----------------------------------------------------------------------------------------------------------

std::string range_text(const Estimate<GramsCO2e>& e) {
  return report::grouped(kg(e.value), 1) + " kgCO2e (" + report::grouped(kg(e.low), 1) + " .. " +
         report::grouped(kg(e.high), 1) + ")";
}

void print_heading(const BillOfMaterials& what) {
  print(report::printable(what.name) + ", from " + report::printable(what.source) + "\n");
  std::vector<std::string> facts;
  if (!what.vendor.empty()) facts.push_back(report::printable(what.vendor));
  if (what.year > 0) facts.push_back(std::to_string(what.year));
  if (what.sockets > 0) facts.push_back(shortest(what.sockets) + (what.sockets > 1 ? " sockets" : " socket"));
  if (what.cores > 0) facts.push_back(shortest(what.cores) + " cores");
  const double memory = carbon::Gibibytes{what.memory_size()}.value();
  if (memory > 0) facts.push_back(report::significant(memory, 4) + " GiB memory");
  const double drives = what.drive_size().value() / 1e9;
  if (drives > 0)
    facts.push_back(drives < 1000 ? report::significant(drives, 4) + " GB drives"
                                  : report::significant(drives / 1000, 4) + " TB drives");
  std::string line;
  for (const std::string& fact : facts) line += (line.empty() ? "  " : ", ") + fact;
  if (!line.empty()) print(line + "\n");
  if (!what.note.empty()) print("  note: " + report::printable(what.note) + "\n");
  print("\n");
}

void print_lines(const Bill& bill, const Sources& sources) {
  Table table;
  table.column("part", "part")
      .column("group", "group")
      .column("count", "count", Align::right)
      .column("value", "made", Align::right, 2, "kgCO2e")
      .column("low", "low", Align::right, 2, "kgCO2e")
      .column("high", "high", Align::right, 2, "kgCO2e")
      .column("share", "share", Align::right, 1, "%")
      .column("source", "source");
  for (const auto& line : bill.lines)
    table.row({line.part, std::string(embodied::name(line.group)), line.count, kg(line.grams.value), kg(line.grams.low),
               kg(line.grams.high), 100 * (line.grams.value / bill.total.value),
               line.group == embodied::Group::maintenance ? "as above" : sources.of(line.inputs)});
  table.row({"(total)", "", {}, kg(bill.total.value), kg(bill.total.low), kg(bill.total.high), 100.0, ""});
  print(table.to_text());
}

void print_life(const Bill& bill) {
  const embodied::Life& life = bill.life;
  print("\nOver " + report::significant(life.years.value(), 4) + " years of service: " + range_text(bill.per_year) +
        " a year");
  if (life.second_years.value() > 0)
    print("; " + report::percent_text(life.second_share, 0) + " of the parts with a second life serve " +
          report::significant(life.second_years.value(), 4) + " years more and take " + range_text(bill.second_life) +
          " along");
  print("\n");
}

/// The percentiles, then each cause with the numbers of its coefficient, or of the members of its group.
void print_uncertainty(const Bill& bill, const Sources& sources, const BillUncertainty& uncertain, std::uint64_t seed) {
  const carbon::MonteCarlo& total = uncertain.total;
  print("\nWith all coefficients within their ranges: P5 " + report::grouped(kg(total.p5), 1) + ", P50 " +
        report::grouped(kg(total.p50), 1) + ", P95 " + report::grouped(kg(total.p95), 1) + " kgCO2e; mean " +
        report::grouped(kg(total.mean), 1) + ", standard deviation " +
        report::grouped(kg(total.standard_deviation), 1) + "\n(" + std::to_string(total.samples) + " samples, seed " +
        std::to_string(seed) + "; low and high above: all coefficients at their best, and all at their worst)\n");

  print("To first order: mean " + report::grouped(kg(uncertain.first_order.mean), 1) + ", standard deviation " +
        report::grouped(kg(uncertain.first_order.standard_deviation), 1) + "\n");

  constexpr double shown_share = 0.005;
  Table table;
  table.column("cause", "cause")
      .column("value", "value", Align::right)
      .column("range", "low .. high", Align::right)
      .column("unit", "unit")
      .column("share", "of variance", Align::right, 1, "%")
      .column("source", "source");
  std::size_t left_out = 0;
  for (const carbon::SobolShare& cause : uncertain.causes.shares) {
    if (cause.total < shown_share) {
      ++left_out;
      continue;
    }
    // An estimate from samples; a share is at most the whole.
    const double percent = 100 * std::min(cause.total, 1.0);
    if (cause.group) table.row({cause.name + ", all together", "", "", "", percent, ""});
    for (std::size_t i = 0; i < bill.inputs.size(); ++i) {
      const BillInput& input = bill.inputs[i];
      if ((cause.group ? input.group : input.figure.key) != cause.name) continue;
      const auto& e = input.figure.estimate;
      table.row({(cause.group ? "  " : "") + input.figure.key, report::significant(e.value, 5),
                 report::significant(e.low, 5) + " .. " + report::significant(e.high, 5), input.figure.unit,
                 cause.group ? report::Cell{} : report::Cell{percent}, std::to_string(sources.of(i))});
    }
  }
  print("\nWhat makes it uncertain, largest first:\n" + table.to_text());
  if (left_out > 0)
    print("(" + std::to_string(left_out) + " more below " + report::percent_text(shown_share) + " each)\n");
}

/// What the published tools say: a column for each, then where they differ most and why.
struct Others {
  std::vector<published::Opinion> opinions;
  published::Spread spread;
};

void print_others(const Bill& bill, const Others& others) {
  const auto mass_of = [](const published::Opinion& opinion, const std::string& group) -> report::Cell {
    for (const auto& [name, mass] : opinion.by_group)
      if (name == group && mass > GramsCO2e{0}) return kg(mass);
    return {};
  };
  Table table;
  table.column("group", "group").column("ours", "ours", Align::right, 1, "kgCO2e");
  for (const auto& opinion : others.opinions)
    if (!opinion.terms.empty()) table.column(opinion.tool, opinion.tool, Align::right, 1);
  for (std::size_t i = 0; i < embodied::group_count; ++i) {
    const std::string group(embodied::name(static_cast<embodied::Group>(i)));
    bool any = bill.by_group[i].value != GramsCO2e{0};
    std::vector<report::Cell> row{group, any ? report::Cell{kg(bill.by_group[i].value)} : report::Cell{}};
    for (const auto& opinion : others.opinions) {
      if (opinion.terms.empty()) continue;
      row.push_back(mass_of(opinion, group));
      any = any || row.back().index() != 0;
    }
    if (any) table.row(std::move(row));
  }
  std::vector<report::Cell> totals{"(total)", kg(bill.total.value)};
  for (const auto& opinion : others.opinions)
    if (!opinion.terms.empty()) totals.emplace_back(kg(opinion.total));
  table.row(std::move(totals));
  print("\nWhat published tools would say of the same bill, as published, each of the part that it covers:\n" +
        table.to_text());
  for (const auto& opinion : others.opinions)
    if (opinion.terms.empty() && !opinion.left_out.empty())
      print("(" + opinion.tool + ": " + report::printable(opinion.left_out.front()) + ")\n");

  if (others.spread.groups.empty()) return;
  Table causes;
  causes.column("group", "group")
      .column("low_tool", "least")
      .column("high_tool", "most")
      .column("ratio", "ratio", Align::right, 1)
      .column("coefficient", "mostly because of")
      .column("low", "least's", Align::right)
      .column("high", "most's", Align::right)
      .column("unit", "unit")
      .column("share", "of the gap", Align::right, 0, "%");
  const auto optional = [](const std::optional<double>& value) {
    return value ? report::Cell{*value} : report::Cell{};
  };
  for (const auto& gap : others.spread.groups)
    causes.row({gap.group, gap.low_tool, gap.high_tool, gap.ratio, gap.coefficient, optional(gap.low_value),
                optional(gap.high_value), gap.unit,
                gap.coefficient.empty() ? report::Cell{} : report::Cell{100 * gap.share}});
  print("\nWhere they differ, and the coefficient that causes it:\n" + causes.to_text());
}

void print_sources(const Sources& sources) {
  print("\nSources:\n");
  for (std::size_t i = 0; i < sources.texts().size(); ++i)
    print("  [" + std::to_string(i + 1) + "] " + report::printable(sources.texts()[i]) + "\n");
}

// --- CSV and JSON ---------------------------------------------------------------------------------------------------

std::string to_csv(const Bill& bill) {
  Table table;
  for (const char* key : {"part", "group", "count", "value_kg", "low_kg", "high_kg", "share", "coefficients"})
    table.column(key, key);
  for (const auto& line : bill.lines)
    table.row({line.part, std::string(embodied::name(line.group)), line.count, kg(line.grams.value), kg(line.grams.low),
               kg(line.grams.high), line.grams.value / bill.total.value, keys_of(bill, line.inputs)});
  return table.to_csv();
}

Json json_of(const Estimate<GramsCO2e>& e) {
  return {{"value", kg(e.value)}, {"low", kg(e.low)}, {"high", kg(e.high)}};
}

Json json_of(const BillUncertainty& uncertain, std::uint64_t seed) {
  const carbon::MonteCarlo& total = uncertain.total;
  Json causes = Json::array();
  for (const carbon::SobolShare& cause : uncertain.causes.shares)
    causes.push_back({{"name", cause.name},
                      {"group", cause.group},
                      {"first_order_share", cause.first},
                      {"total_share", cause.total},
                      {"first_order_error", cause.first_error},
                      {"total_error", cause.total_error}});
  return {{"samples", total.samples},
          {"seed", seed},
          {"mean", kg(total.mean)},
          {"standard_deviation", kg(total.standard_deviation)},
          {"p5", kg(total.p5)},
          {"p50", kg(total.p50)},
          {"p95", kg(total.p95)},
          {"first_order",
           {{"mean", kg(uncertain.first_order.mean)},
            {"standard_deviation", kg(uncertain.first_order.standard_deviation)}}},
          {"causes", std::move(causes)}};
}

Json json_of(const Others& others) {
  Json opinions = Json::array(), spread = Json::array();
  for (const auto& opinion : others.opinions) {
    Json groups = Json::object(), terms = Json::array();
    for (const auto& [group, mass] : opinion.by_group) groups[group] = kg(mass);
    for (const auto& term : opinion.terms)
      terms.push_back({{"group", embodied::name(term.group)},
                       {"coefficient", term.coefficient},
                       {"value", term.value},
                       {"unit", term.unit},
                       {"kg", kg(term.carbon)}});
    opinions.push_back({{"tool", opinion.tool},
                        {"mode", published::name(opinion.mode)},
                        {"total", kg(opinion.total)},
                        {"groups", std::move(groups)},
                        {"terms", std::move(terms)},
                        {"left_out", opinion.left_out}});
  }
  for (const auto& gap : others.spread.groups) {
    Json row = {
        {"group", gap.group},   {"low_tool", gap.low_tool}, {"high_tool", gap.high_tool},     {"low", kg(gap.low)},
        {"high", kg(gap.high)}, {"ratio", gap.ratio},       {"coefficient", gap.coefficient}, {"unit", gap.unit}};
    row["low_value"] = gap.low_value ? Json(*gap.low_value) : Json(nullptr);
    row["high_value"] = gap.high_value ? Json(*gap.high_value) : Json(nullptr);
    row["share_of_gap"] = gap.share;
    spread.push_back(std::move(row));
  }
  return {{"opinions", std::move(opinions)}, {"spread", std::move(spread)}};
}

Json json_of(const BillOfMaterials& what, const Bill& bill, const BillUncertainty& uncertain, std::uint64_t seed) {
  Json lines = Json::array(), groups = Json::array(), coefficients = Json::array();
  for (const auto& line : bill.lines) {
    Json row = {{"part", report::printable(line.part)}, {"group", embodied::name(line.group)}, {"count", line.count}};
    row.update(json_of(line.grams));
    row["share"] = line.grams.value / bill.total.value;
    row["coefficients"] = Json::array();
    for (const std::size_t input : line.inputs) row["coefficients"].push_back(bill.inputs[input].figure.key);
    lines.push_back(std::move(row));
  }
  for (std::size_t i = 0; i < embodied::group_count; ++i) {
    if (bill.by_group[i] == Estimate<GramsCO2e>{}) continue;
    Json row = {{"group", embodied::name(static_cast<embodied::Group>(i))}};
    row.update(json_of(bill.by_group[i]));
    groups.push_back(std::move(row));
  }
  for (const BillInput& input : bill.inputs) {
    const catalog::Figure& f = input.figure;
    coefficients.push_back({{"key", f.key},
                            {"value", f.estimate.value},
                            {"low", f.estimate.low},
                            {"high", f.estimate.high},
                            {"unit", f.unit},
                            {"moves_with", input.group},
                            {"source", report::printable(f.provenance.source)},
                            {"year", f.provenance.year},
                            {"scope", report::printable(f.provenance.scope)},
                            {"licence", report::printable(f.provenance.licence)},
                            {"note", report::printable(f.provenance.note)}});
  }
  return {{"schema", "cradle.embodied.v1"},
          {"name", report::printable(what.name)},
          {"source", report::printable(what.source)},
          {"vendor", report::printable(what.vendor)},
          {"year", what.year},
          {"sockets", what.sockets},
          {"cores", what.cores},
          {"memory_gib", carbon::Gibibytes{what.memory_size()}.value()},
          {"drive_gb", what.drive_size().value() / 1e9},
          {"unit", "kgCO2e"},
          {"total", json_of(bill.total)},
          {"per_year", json_of(bill.per_year)},
          {"second_life", json_of(bill.second_life)},
          {"life_years", bill.life.years.value()},
          {"groups", std::move(groups)},
          {"rows", std::move(lines)},
          {"coefficients", std::move(coefficients)},
          {"uncertainty", json_of(uncertain, seed)}};
}

int show(const BillOfMaterials& what, const catalog::Catalog& catalog, const EmbodiedOptions& options,
         const Common& common) {
  const auto compiled = embodied::CompiledBill::make(what, catalog);
  if (!compiled) return fail(compiled.error());
  const Bill bill = embodied::price(*compiled);
  if (options.output == Output::csv) {
    print(to_csv(bill));
    return 0;
  }

  const InterruptGuard guard;
  std::stop_source stop;
  report::Progress progress("uncertainty", options.samples + std::min(options.samples, embodied::most_share_samples),
                            common.progress && !common.quiet);
  carbon::MonteCarloOptions sampling;
  sampling.samples = options.samples;
  sampling.seed = options.seed;
  sampling.threads = common.threads;
  sampling.stop = stop.get_token();
  sampling.progress = [&](std::uint64_t done) {
    progress.advance(done);
    if (InterruptGuard::interrupted()) stop.request_stop();
  };
  const auto uncertain = embodied::uncertainty(*compiled, sampling);
  progress.finish();
  if (!uncertain) return fail(uncertain.error());
  const bool interrupted = uncertain->total.stopped || uncertain->causes.stopped;
  if (interrupted) {
    std::fprintf(stderr, "cradle: interrupted; the uncertainty is that of %llu samples\n",
                 static_cast<unsigned long long>(uncertain->total.samples));
  }

  std::optional<Others> others;
  if (options.opinions) {
    auto said = published::opinions(what, catalog);
    if (!said) return fail(said.error());
    published::Spread spread = published::spread(*said);
    others = Others{std::move(*said), std::move(spread)};
  }

  if (options.output == Output::json) {
    Json document = json_of(what, bill, *uncertain, options.seed);
    if (others) document.update(json_of(*others));
    print(document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  } else {
    const Sources sources(bill);
    print_heading(what);
    print_lines(bill, sources);
    print_life(bill);
    print_uncertainty(bill, sources, *uncertain, options.seed);
    if (others) print_others(bill, *others);
    print_sources(sources);
  }
  return interrupted ? interrupted_status : 0;
}

}  // namespace

int run_embodied(const EmbodiedOptions& options, const Common& common) {
  const auto catalog = catalog::Catalog::load(common.catalog);
  if (!catalog) return fail(catalog.error());
  const auto what = embodied::find_bill(options.subject, *catalog);
  if (!what) return fail(what.error());
  return show(*what, *catalog, options, common);
}

}  // namespace cradle::cli
