// cradle inference: replicas of language models. What its actions share.
#include "verb_inference.h"

#include <algorithm>
#include <cstdio>

#include "cradle/base/text.h"
#include "cradle/inference/embodied.h"
#include "cradle/report/table.h"

namespace cradle::cli {

Result<InferenceTerms> inference_terms(const InferenceOptions& options, const inference::InfernoSystem& system,
                                       const catalog::Catalog& catalog) {
  InferenceTerms terms;
  const auto formula = inference::formula_by_name(options.formula);
  if (!formula) return formula.error();
  if (options.chunks < 1) return bad_input("no chunk of prefill", "--chunks", "give 1 or more");
  const bool separate = *formula == inference::Formula::separate;
  if (!system.profiles.empty() &&
      std::none_of(system.profiles.begin(), system.profiles.end(),
                   [separate](const inference::InfernoProfile& profile) { return profile.separate == separate; }))
    return bad_input(separate ? "no profile has the four parameters of its two laws"
                              : "every profile has the four parameters of two laws",
                     "--formula " + options.formula,
                     separate ? "use the formula iteration or newest" : "use the formula separate");
  terms.options.formula = *formula;
  terms.options.prefill_chunks = options.chunks;
  terms.options.carbon.pue = options.pue;
  if (options.intensity >= 0 && !options.grid.empty())
    return bad_input("two intensities are given", "--grid", "give --intensity or --grid");
  if (options.intensity >= 0) terms.options.carbon.intensity = carbon::GramsPerKilowattHour{options.intensity};
  if (!options.grid.empty()) {
    const auto grid = catalog.find_grid(options.grid, "--grid");
    if (!grid) return grid.error();
    terms.options.carbon.intensity = (*grid)->average.value();
  }
  terms.with_grams = options.intensity >= 0 || !options.grid.empty();

  if (const char* unused = first_given(options.given, {"--pue", "--embodied", "--operational-only"});
      unused && !terms.with_grams)
    return bad_input("no grams are told without an intensity", unused,
                     "leave it out, or give --intensity G or --grid KEY");

  const auto given = pairs_by_type(options.embodied, "--embodied", "write TYPE=KG:YEARS or TYPE=KEY");
  if (!given) return given.error();
  auto rates = inference::embodied_rates(system, catalog, *given);
  if (!rates) return rates.error();
  terms.options.carbon.embodied = std::move(rates->of_type);
  if (terms.with_grams) terms.notes = std::move(rates->notes);
  return terms;
}

const char* first_given(const std::vector<std::string>& given, std::initializer_list<const char*> names) {
  const auto found = std::find_if(names.begin(), names.end(), [&](const char* name) {
    return std::find(given.begin(), given.end(), name) != given.end();
  });
  return found == names.end() ? nullptr : *found;
}

Result<std::vector<std::pair<std::string, std::string>>> pairs_by_type(const std::vector<std::string>& texts,
                                                                       const std::string& option,
                                                                       const std::string& form) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const std::string& text : texts) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0) return bad_input("'" + text + "' has no type", option, form);
    pairs.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return pairs;
}

void print_notes(const std::vector<std::string>& notes, const Common& common) {
  // Where both go to one place, the table comes first.
  std::fflush(stdout);
  if (common.quiet) return;
  for (const std::string& note : notes) std::fprintf(stderr, "note: %s\n", report::printable(note).c_str());
}

int run_inference(const InferenceOptions& options, const Common& common) {
  return options.action == "size" ? run_inference_size(options, common) : run_inference_allocate(options, common);
}

}  // namespace cradle::cli
