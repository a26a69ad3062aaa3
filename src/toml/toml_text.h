// A look at TOML text before the parser gets it.
#pragma once

#include <string_view>

#include "cradle/base/result.h"

namespace cradle {

/// An error with the line (as "source:line") if the text is not UTF-8, or has more than 32 dots in one key: each is a
/// call deeper when the document is read and freed, and a file of dots would exhaust the stack. Any other text, well
/// formed or not, is left to the parser.
Result<void> check_toml_text(std::string_view text, std::string_view source);

}  // namespace cradle
