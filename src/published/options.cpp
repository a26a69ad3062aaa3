#include "options.h"

#include "cradle/base/text.h"

namespace cradle::published {
namespace {

std::string spelled(std::string_view name) { return (name.size() > 2 ? "--" : "-") + std::string(name); }

}  // namespace

std::optional<std::string> OptionReader::text(const std::vector<std::string>& names) {
  std::optional<std::string> found;
  for (const std::string& name : names) {
    known_.insert(name);
    const auto option = options_.find(name);
    if (option == options_.end()) continue;
    if (found) fail(bad_input("is given under two names", spelled(name), "keep one of them"));
    found = option->second;
  }
  return found;
}

std::optional<double> OptionReader::number(const std::vector<std::string>& names, double low, double high) {
  const auto given = text(names);
  if (!given) return std::nullopt;
  const auto value = parse_number(*given);
  const std::string where = spelled(names.back());
  if (!value) {
    fail(bad_input("'" + *given + "' is no number", where, "give a plain number such as 44 or 0.5"));
    return std::nullopt;
  }
  if (*value < low || *value > high) {
    fail(
        bad_input(*given + " is out of range", where, "give a number from " + shortest(low) + " to " + shortest(high)));
    return std::nullopt;
  }
  return value;
}

bool OptionReader::flag(const std::string& name) {
  const auto given = text({name});
  if (!given || *given == "false") return false;
  if (*given != "true")
    fail(bad_input("'" + *given + "' is neither true nor false", spelled(name), "give the flag alone"));
  return true;
}

bool OptionReader::has(const std::vector<std::string>& names) const {
  for (const std::string& name : names)
    if (options_.contains(name)) return true;
  return false;
}

std::vector<std::string> OptionReader::starting_with(std::string_view prefix) const {
  std::vector<std::string> found;
  for (const auto& [name, value] : options_)
    if (name.starts_with(prefix)) found.push_back(name);
  return found;
}

Result<void> OptionReader::finish() const {
  if (error_) return *error_;
  for (const auto& [name, value] : options_) {
    if (known_.contains(name)) continue;
    const std::vector<std::string> candidates(known_.begin(), known_.end());
    return bad_input("unknown option of this tool", spelled(name),
                     candidates.empty() ? "this tool takes no options" : suggest(name, candidates));
  }
  return {};
}

}  // namespace cradle::published
