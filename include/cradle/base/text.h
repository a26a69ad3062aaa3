// Strict reading of numbers and words, and plain formatting that does not depend on the locale.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cradle {

/// The whole text as a number, or nothing: no spaces, no trailing text, no overflow, never NaN or infinity.
std::optional<std::int64_t> parse_integer(std::string_view text);
std::optional<double> parse_number(std::string_view text);

/// True if the bytes are valid UTF-8 (RFC 3629: no overlong forms, no surrogates).
bool is_utf8(std::string_view bytes);

/// The candidate nearest to `word` by edit distance, if it is near enough to be what was meant.
std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> candidates);
std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string> candidates);

/// "did you mean 'x'?" when a near candidate exists, else "use one of: a, b, c".
std::string suggest(std::string_view word, std::span<const std::string> candidates);

/// Splits at every separator; "a||b" gives "a", "", "b"; an empty text gives nothing.
std::vector<std::string_view> split(std::string_view text, char separator);
std::string_view trim(std::string_view text);
std::string to_lower(std::string_view text);

/// Fixed notation with `decimals` digits after the point.
std::string fixed(double value, int decimals);
/// The shortest text that reads back as the same double.
std::string shortest(double value);

}  // namespace cradle
