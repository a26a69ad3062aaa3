#include "design_space_input.h"

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <utility>
#include <vector>

#include "cradle/catalog/catalog.h"
#include "cradle/design/studies.h"
#include "cradle/report/format.h"
#include "cradle/study/operation.h"

namespace cradle::cli {

Result<DesignSpaceInput> read_design_space(const DesignOptions& options, const Common& common) {
  auto study = design::open_study(options.study, default_design_space);
  if (!study) return study.error();
  const auto catalog = catalog::Catalog::load(common.catalog);
  if (!catalog) return catalog.error();
  if (options.ledger.empty() && !options.run.empty())
    return bad_input("a run is named, but no ledger", "--run " + options.run, "add --ledger FILE");
  std::optional<design::MeasuredUse> measured;
  if (!options.ledger.empty()) {
    const auto operation = study::measured_operation(options.ledger, options.run);
    if (!operation) return operation.error();
    if (!operation->warning.empty() && !common.quiet) std::fprintf(stderr, "cradle: %s\n", operation->warning.c_str());
    measured = design::MeasuredUse{operation->duty,
                                   "measured: run " + operation->run + " of " + options.ledger.string() + ", " +
                                       report::significant(operation->devices, 4) + " devices over " +
                                       report::duration_text(operation->observed) + ", " +
                                       report::energy_text(operation->energy_per_year) + " for each device and year"};
  }
  auto space = design::parse_space(study->text, study->source, *catalog, measured);
  if (!space) return space.error();
  return DesignSpaceInput{std::move(study->text), std::move(study->source), std::move(measured), std::move(*space)};
}

int print_design_study(const DesignOptions& options) {
  const auto study = design::open_study(options.study, default_design_space);
  if (!study) return fail(study.error());
  std::fwrite(study->text.data(), 1, study->text.size(), stdout);
  return 0;
}

Result<void> check_design_outputs(const DesignOptions& options) {
  std::vector<std::pair<std::string, std::filesystem::path>> outputs, inputs;
  if (!options.front.empty()) outputs.emplace_back("--front", options.front);
  if (!options.report.empty()) outputs.emplace_back("--report", options.report);
  if (!options.study.empty()) inputs.emplace_back("the study", options.study);
  if (!options.ledger.empty()) inputs.emplace_back("the ledger", options.ledger);
  const auto same = [](const std::filesystem::path& a, const std::filesystem::path& b) {
    return std::filesystem::weakly_canonical(a) == std::filesystem::weakly_canonical(b);
  };
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const auto& [option, path] = outputs[i];
    for (const auto& [what, input] : inputs)
      if (same(path, input))
        return bad_input("would overwrite " + what, option + " " + path.string(), "name another file");
    for (std::size_t j = 0; j < i; ++j)
      if (same(path, outputs[j].second))
        return bad_input("would overwrite " + outputs[j].first, option + " " + path.string(), "name another file");
    const auto folder = std::filesystem::absolute(path).parent_path();
    if (::access(folder.c_str(), W_OK) != 0)
      return failure("the folder cannot be written", option + " " + path.string(), "name a file in another folder");
  }
  return {};
}

}  // namespace cradle::cli
