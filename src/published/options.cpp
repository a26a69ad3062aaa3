#include "options.h"

#include <algorithm>

#include "cradle/base/text.h"

namespace cradle::published {
namespace {

std::string spelled(std::string_view name) { return (name.size() > 2 ? "--" : "-") + std::string(name); }

}  // namespace

std::optional<std::string> OptionReader::text(const std::vector<std::string>& names, const std::string& allowed) {
  std::optional<std::string> found;
  for (const std::string& name : names) {
    known_.insert(name);
    const auto option = options_.find(name);
    if (option == options_.end()) continue;
    if (found) fail(bad_input("is given under two names", spelled(name), "keep one of them"));
    found = option->second;
    if (found->empty())
      fail(bad_input("a value is missing", spelled(name),
                     allowed.empty() ? "write " + spelled(name) + " VALUE" : allowed));
  }
  return found && found->empty() ? std::nullopt : found;
}

std::optional<double> OptionReader::number(const std::vector<std::string>& names, double low, double high) {
  const bool bounded = low > -std::numeric_limits<double>::max() && high < std::numeric_limits<double>::max();
  const std::string range = bounded ? "give a number from " + shortest(low) + " to " + shortest(high) : "give a number";
  const auto given = text(names, range);
  if (!given) return std::nullopt;
  const auto value = parse_number(*given);
  const std::string where = spelled(names.back());
  if (!value) {
    fail(bad_input("'" + *given + "' is no number", where, "give a plain number such as 44 or 0.5"));
    return std::nullopt;
  }
  if (*value < low || *value > high) {
    fail(bad_input(*given + " is out of range", where, range));
    return std::nullopt;
  }
  return value;
}

bool OptionReader::flag(const std::string& name) {
  known_.insert(name);
  const auto option = options_.find(name);
  if (option == options_.end() || option->second == "false") return false;
  if (const std::string& given = option->second; !given.empty() && given != "true")
    fail(bad_input("'" + given + "' is neither true nor false", spelled(name), "give the flag alone"));
  return true;
}

bool OptionReader::has(const std::vector<std::string>& names) const {
  for (const std::string& name : names)
    if (options_.contains(name)) return true;
  return false;
}

bool OptionReader::nothing_but(const std::vector<std::string>& names) const {
  return std::all_of(options_.begin(), options_.end(), [&](const auto& option) {
    return std::find(names.begin(), names.end(), option.first) != names.end();
  });
}

std::vector<std::string> OptionReader::starting_with(std::string_view prefix) const {
  std::vector<std::string> found;
  for (const auto& [name, value] : options_)
    if (name.starts_with(prefix)) found.push_back(name);
  return found;
}

Result<void> OptionReader::finish() const {
  // A misspelt option first: what is wrong with the others may follow from it.
  for (const auto& [name, value] : options_) {
    if (known_.contains(name)) continue;
    std::vector<std::string> candidates;
    for (const std::string& known : known_) candidates.push_back(spelled(known));
    return bad_input("unknown option of this tool", spelled(name),
                     candidates.empty() ? "this tool takes no options" : suggest(spelled(name), candidates));
  }
  if (error_) return *error_;
  return {};
}

}  // namespace cradle::published
