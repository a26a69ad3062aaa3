// A look at TOML text before a parser gets it: refuses what the parser of Debian 12 (toml++ 3.3) cannot survive.
#pragma once

#include <string_view>

#include "cradle/base/result.h"

namespace cradle {

/// An error with the line (as "source:line") if the text is not UTF-8, has a character beyond ASCII outside strings
/// and comments, has one after a line continuation in a string, or has a table header that starts with neither a
/// letter, a digit, '_', '-' nor a quote. None of these is legal TOML but the third, for which '\u' escapes can be
/// written. On the second and third toml++ 3.3 has undefined behaviour, on the last a failing assertion. Any other
/// text, well formed or not, is left to the parser.
Result<void> check_toml_text(std::string_view text, std::string_view source);

}  // namespace cradle
