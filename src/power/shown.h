// A word of the user's, as it can stand in an error message.
#pragma once

#include <string>
#include <string_view>

#include "cradle/base/text.h"

namespace cradle::power {

inline std::string shown(std::string_view word) {
  if (!is_utf8(word)) return "bytes that are no UTF-8 text";
  return "'" + std::string(word.substr(0, 80)) + "'";
}

}  // namespace cradle::power
