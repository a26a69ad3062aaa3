// The design studies that are compiled in, and how a word on the command line becomes the text of a study.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "cradle/base/result.h"

namespace cradle::design {

/// One file of studies/design, by its name without ".toml".
struct EmbeddedStudy {
  std::string name;
  std::string text;
};

/// In the order of their files' names.
std::span<const EmbeddedStudy> embedded_studies();

/// A study as text, and what errors call it: the path, or "embedded study NAME".
struct StudyText {
  std::string text;
  std::string source;
};

/// The embedded study of that name, else the file of that path; `fallback` names the embedded study for an empty word,
/// and with it the verb: bad_input for a study of another one. missing_data (with the names of the verb's embedded
/// studies) if there is neither. Without a fallback any study will do.
Result<StudyText> open_study(const std::string& word, std::string_view fallback);

}  // namespace cradle::design
