#include "cradle/design/studies.h"

#include "cradle/base/file.h"
#include "cradle/base/text.h"

namespace cradle::design {

Result<StudyText> open_study(const std::string& word, std::string_view fallback) {
  const std::string wanted = word.empty() ? std::string(fallback) : word;
  std::vector<std::string> names;
  for (const EmbeddedStudy& study : embedded_studies()) {
    if (study.name == wanted) return StudyText{study.text, "embedded study " + study.name};
    names.push_back(study.name);
  }
  constexpr std::uint64_t largest = 16 << 20;
  auto text = read_file(wanted, largest);
  if (text) return StudyText{std::move(*text), wanted};
  Error error = text.error();
  if (error.code == ErrorCode::missing_data)
    error.hint = "name a file, or an embedded study: " + suggest(wanted, names);
  return error;
}

}  // namespace cradle::design
