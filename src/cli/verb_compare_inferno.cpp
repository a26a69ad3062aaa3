// cradle compare inferno: a published LLM inference optimiser's allocations beside ours.
#include <cmath>
#include <cstdio>

#include "cradle/base/file.h"
#include "cradle/base/text.h"
#include "cradle/inference/published_solution.h"
#include "cradle/report/format.h"
#include "cradle/report/table.h"
#include "inference_options.h"
#include "verb_inference.h"

namespace cradle::cli {

namespace {

using namespace inference;
using report::Align;
using report::Cell;

Cell cell(const std::optional<double>& value) { return value ? Cell(*value) : Cell(); }

report::Table table_of(const std::vector<PublishedRow>& rows, bool with_given) {
  report::Table table;
  table.column("server", "server")
      .column("accelerator", "accelerator")
      .column("replicas", "replicas", Align::right)
      .column("max_batch", "batch", Align::right)
      .column("itl_ms", "ITL", Align::right, 4, "ms")
      .column("ttft_ms", "TTFT", Align::right, 3, "ms")
      .column("waiting_ms", "waiting", Align::right, 3, "ms")
      .column("cost", "cost", Align::right, 2, "c/h")
      .column("watts", "draw", Align::right, 0, "W");
  if (with_given)
    table.column("given_replicas", "replicas given", Align::right, 0)
        .column("given_itl_ms", "ITL given", Align::right, 4, "ms")
        .column("given_ttft_ms", "TTFT given", Align::right, 3, "ms")
        .column("given_waiting_ms", "waiting given", Align::right, 3, "ms");
  table.column("note", "note");
  for (const PublishedRow& row : rows) {
    std::vector<Cell> cells{row.server};
    if (row.part) {
      const Part& part = *row.part;
      cells.insert(cells.end(), {part.accelerator, part.replicas, static_cast<std::int64_t>(part.service.max_batch),
                                 part.state.itl_ms, part.state.ttft_ms, part.state.waiting_ms, part.cents_per_h,
                                 part.watts ? Cell(part.watts->value()) : Cell()});
    } else {
      cells.push_back(row.given && !row.given->accelerator.empty() ? Cell(row.given->accelerator) : Cell());
      cells.resize(9);
    }
    if (with_given) {
      const InfernoAllocation given = row.given.value_or(InfernoAllocation{});
      cells.insert(cells.end(),
                   {cell(given.replicas), cell(given.itl_ms), cell(given.ttft_ms), cell(given.waiting_ms)});
    }
    cells.push_back(row.note.empty() ? Cell() : Cell(row.note));
    table.row(std::move(cells));
  }
  return table;
}

/// The largest relative difference to what was given, and in how many rows the replicas agree.
std::string summary(const std::vector<PublishedRow>& rows, bool with_given) {
  double cents = 0;
  std::size_t same = 0, told = 0, served = 0;
  double itl = 0, ttft = 0;
  const auto widen = [](double& most, const std::optional<double>& given, double ours) {
    if (given && *given > 0) most = std::max(most, std::fabs(ours / *given - 1));
  };
  for (const PublishedRow& row : rows) {
    if (!row.part) continue;
    ++served;
    cents += row.part->cents_per_h;
    if (!row.given || !row.given->replicas) continue;
    ++told;
    if (*row.given->replicas == static_cast<double>(row.part->replicas)) ++same;
    widen(itl, row.given->itl_ms, row.part->state.itl_ms);
    widen(ttft, row.given->ttft_ms, row.part->state.ttft_ms);
  }
  std::string text = std::to_string(served) + " of " + std::to_string(rows.size()) + " servers, " +
                     report::grouped(cents, 2) + " c/h\n";
  if (with_given)
    text += "replicas as given: " + std::to_string(same) + " of " + std::to_string(told) +
            "; largest relative difference: ITL " + report::significant(itl, 2) + ", TTFT " +
            report::significant(ttft, 2) + "\n";
  return text;
}

}  // namespace

int run_compare_inferno(const CompareInfernoOptions& options, const Common& common) {
  const auto formula = formula_by_name(options.formula);
  if (!formula) return fail(formula.error());
  if (options.chunks < 1) return fail(bad_input("no chunk of prefill", "--chunks", "give 1 or more"));
  const auto system = read_inferno(options.input);
  if (!system) return fail(system.error());
  std::optional<InfernoSolution> solution;
  if (!options.solution.empty()) {
    const auto text = read_file(options.solution, std::uint64_t{64} << 20);
    if (!text) return fail(text.error());
    auto read = parse_inferno_solution(*text, options.solution.string());
    if (!read) return fail(read.error());
    solution = std::move(*read);
  }
  CandidateOptions terms;
  terms.formula = *formula;
  terms.prefill_chunks = options.chunks;
  const auto rows = published_rows(*system, solution, terms);
  if (!rows) return fail(rows.error());
  const report::Table table = table_of(*rows, solution.has_value());
  std::vector<std::string> notes = system->notes;
  std::string missing;
  if (solution) {
    notes.insert(notes.end(), solution->notes.begin(), solution->notes.end());
    const std::vector<std::string> names = servers_missing(*system, *solution);
    for (const std::string& server : names) missing += (missing.empty() ? "" : ", ") + server;
    if (!names.empty())
      notes.push_back(solution->source + ": nothing is said of " + std::to_string(names.size()) + " of " +
                      std::to_string(system->servers.size()) + " servers: " + missing);
  }
  if (options.output == Output::json)
    std::fputs(table
                   .to_json("cradle.compare.inferno/1",
                            {{"formula", options.formula}, {"missing", missing.empty() ? Cell() : Cell(missing)}})
                   .c_str(),
               stdout);
  else if (options.output == Output::csv)
    std::fputs(table.to_csv().c_str(), stdout);
  else
    std::fputs((table.to_text(180) + "\n" + summary(*rows, solution.has_value())).c_str(), stdout);
  print_notes(notes, common);
  return 0;
}

}  // namespace cradle::cli
