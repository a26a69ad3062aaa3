// The options of a request, read by name: what nobody asked for is refused, with the nearest name that exists.
#pragma once

#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"

namespace cradle::published {

/// Keeps the first error; after it everything reads as absent, so that code may run on to `finish`.
class OptionReader {
 public:
  explicit OptionReader(const std::map<std::string, std::string>& options) : options_(options) {}

  /// An option that must stand alone under one of its names ("c", "cpu_core_num", "cores"). One without a value is an
  /// error whose hint says what may follow: `allowed`.
  std::optional<std::string> text(const std::vector<std::string>& names, const std::string& allowed = {});
  std::optional<double> number(const std::vector<std::string>& names, double low, double high);
  std::optional<double> number(const std::vector<std::string>& names) {
    return number(names, -std::numeric_limits<double>::max(), std::numeric_limits<double>::max());
  }
  /// "true", "false", or the flag alone, whose value is empty and which reads as true.
  bool flag(const std::string& name);
  /// True if one of the names was given.
  bool has(const std::vector<std::string>& names) const;
  /// True if nothing but options of these names was given.
  bool nothing_but(const std::vector<std::string>& names) const;
  /// Names that were given and start with `prefix`, in order.
  std::vector<std::string> starting_with(std::string_view prefix) const;

  void fail(Error error) {
    if (!error_) error_ = std::move(error);
  }
  /// An error for an option that nobody asked for, else the first error.
  Result<void> finish() const;

 private:
  const std::map<std::string, std::string>& options_;
  std::set<std::string> known_;
  std::optional<Error> error_;
};

}  // namespace cradle::published
