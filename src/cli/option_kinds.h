// Kinds of options that the verbs share: counts, numbers, repeatable values and the form of the output.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "cradle/base/text.h"
#include "verbs.h"

namespace cradle::cli {

inline constexpr std::int64_t largest_count = std::numeric_limits<std::int64_t>::max();

inline void add_output(CLI::App* verb, Output& output) {
  static const std::map<std::string, Output> words{
      {"table", Output::table}, {"json", Output::json}, {"csv", Output::csv}};
  verb->add_option("--output", output, "table, json or csv")->transform(CLI::CheckedTransformer(words));
  verb->add_flag_callback(
      "--json", [&output] { output = Output::json; }, "same as --output json");
}

/// A whole number from 0 to `highest`, read strictly: the parser's own conversion takes -1 for 2^64 - 1 and 010 for 8.
template <class T>
CLI::Option* add_count(CLI::App* verb, const std::string& name, T& count, std::int64_t highest,
                       const std::string& help) {
  const auto read = [&count, name, highest](const std::string& text) {
    const auto number = parse_integer(text);
    if (!number || *number < 0 || *number > highest)
      throw CLI::ValidationError(name, "'" + text + "' is no whole number from 0 to " + std::to_string(highest));
    count = static_cast<T>(*number);
  };
  return verb->add_option_function<std::string>(name, read, help)->type_name("N")->default_str(std::to_string(count));
}

/// A number from `low` to `high`, never NaN or infinity, which a range check of the parser lets through.
inline CLI::Option* add_number(CLI::App* verb, const std::string& name, double& value, double low, double high,
                               const std::string& help) {
  const auto read = [&value, name, low, high](const std::string& text) {
    const auto number = parse_number(text);
    if (!number || *number < low || *number > high)
      throw CLI::ValidationError(name, "'" + text + "' is no number from " + shortest(low) + " to " + shortest(high));
    value = *number;
  };
  return verb->add_option_function<std::string>(name, read, help)->type_name("X")->default_str(shortest(value));
}

/// One value for each time the option is given, so that a word after it is not taken for another.
template <class T>
CLI::Option* add_repeatable(CLI::App* verb, const std::string& name, std::vector<T>& values, const std::string& help) {
  return verb->add_option(name, values, help)->allow_extra_args(false);
}

/// The options that the command line gives, by name: their values would not tell.
inline std::vector<std::string> given_options(const CLI::App* verb) {
  std::vector<std::string> names;
  for (const CLI::Option* option : verb->get_options())
    if (option->count() > 0) names.push_back(option->get_name());
  return names;
}

/// The command line again, for a page: the options that were given, but for those that only say where the answer goes.
inline std::string given_command(const std::string& verb, const CLI::App* action) {
  const auto quoted = [](const std::string& value) {
    constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=.,:/@%";
    if (!value.empty() && value.find_first_not_of(plain) == std::string::npos) return value;
    std::string text = "'";
    for (const char c : value) c == '\'' ? text += "'\\''" : text += c;
    return text + "'";
  };
  std::string text = verb + " " + action->get_name();
  for (const CLI::Option* option : action->get_options()) {
    const std::string name = option->get_name();
    if (option->count() == 0 || name == "--report" || name == "--output" || name == "--json") continue;
    if (option->get_items_expected_max() == 0) {
      text += " " + name;
      continue;
    }
    std::string joined;
    for (const std::string& value : option->results()) {
      if (option->get_delimiter() == '\0')
        text += (option->get_positional() ? " " : " " + name + " ") + quoted(value);
      else
        joined += (joined.empty() ? "" : std::string(1, option->get_delimiter())) + value;
    }
    if (!joined.empty()) text += " " + name + " " + quoted(joined);
  }
  return text;
}

}  // namespace cradle::cli
