// The actions of `cradle inference`, one file each, and what they share.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/catalog/catalog.h"
#include "cradle/inference/candidates.h"
#include "inference_options.h"

namespace cradle::cli {

int run_inference_size(const InferenceOptions& options, const Common& common);
int run_inference_allocate(const InferenceOptions& options, const Common& common);

/// Formula, chunks and what a watt and a device cost in grams; notes say where embodied grams come from. bad_input:
/// options that would have no effect, as those of grams without an intensity.
struct InferenceTerms {
  inference::CandidateOptions options;
  bool with_grams = false;  ///< an intensity was given
  std::vector<std::string> notes;
};
Result<InferenceTerms> inference_terms(const InferenceOptions& options, const inference::InfernoSystem& system,
                                       const catalog::Catalog& catalog);
/// The first of `names` among the options that the command line gives; nullptr: none.
const char* first_given(const std::vector<std::string>& given, std::initializer_list<const char*> names);
/// "TYPE=WHAT", each. bad_input, at `option`: a text without a type.
Result<std::vector<std::pair<std::string, std::string>>> pairs_by_type(const std::vector<std::string>& texts,
                                                                       const std::string& option,
                                                                       const std::string& form);
/// To standard error, unless quiet.
void print_notes(const std::vector<std::string>& notes, const Common& common);

}  // namespace cradle::cli
