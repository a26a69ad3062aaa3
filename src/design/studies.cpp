#include "cradle/design/studies.h"

#include "cradle/base/file.h"
#include "cradle/base/text.h"
#include "cradle/toml/toml_reader.h"

namespace cradle::design {

namespace {

/// By the keys that only its studies have; empty for what is no study, which its reader then says better.
std::string verb_of(const std::string& text) {
  const auto document = TomlReader::parse(text, "study");
  if (!document) return {};
  struct Mark {
    const char *key, *verb;
  };
  constexpr Mark marks[] = {{"kind", "break-even"},
                            {"target_percent", "reuse"},
                            {"machine", "fleet"},
                            {"sizes", "supply"},
                            {"block", "explore"}};
  for (const Mark& mark : marks)
    if (document->has(mark.key)) return mark.verb;
  return {};
}

/// Refuses a study of another verb than that of the study `fallback`.
Result<StudyText> for_verb(StudyText study, const std::string& word, const std::string& verb) {
  const std::string other = verb_of(study.text);
  if (verb.empty() || other.empty() || other == verb) return study;
  return bad_input("this is a study for `cradle design " + other + "`", study.source,
                   "run cradle design " + other + " " + word + ", or name a study for cradle design " + verb);
}

}  // namespace

Result<StudyText> open_study(const std::string& word, std::string_view fallback) {
  const std::string wanted = word.empty() ? std::string(fallback) : word;
  std::string verb;
  for (const EmbeddedStudy& study : embedded_studies())
    if (study.name == fallback) verb = verb_of(study.text);
  std::vector<std::string> names;
  for (const EmbeddedStudy& study : embedded_studies()) {
    if (study.name == wanted) return for_verb({study.text, "embedded study " + study.name}, wanted, verb);
    if (verb.empty() || verb_of(study.text) == verb) names.push_back(study.name);
  }
  constexpr std::uint64_t largest = 16 << 20;
  auto text = read_file(wanted, largest);
  if (text) return for_verb({std::move(*text), wanted}, wanted, verb);
  Error error = text.error();
  if (error.code == ErrorCode::missing_data)
    error.hint = "name a file, or an embedded study: " + suggest(wanted, names);
  return error;
}

}  // namespace cradle::design
