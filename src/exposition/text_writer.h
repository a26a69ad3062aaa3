// Appends the pieces that every text form of metrics is made of to one growing string.
#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

namespace cradle::exposition {

/// The shortest digits that read back as the same double; "NaN", "+Inf" and "-Inf" as Prometheus spells them.
inline void append_number(double value, std::string& text) {
  if (std::isnan(value)) {
    text += "NaN";
  } else if (std::isinf(value)) {
    text += value > 0 ? "+Inf" : "-Inf";
  } else {
    char digits[32];
    const std::to_chars_result end = std::to_chars(digits, digits + sizeof digits, value);
    text.append(digits, end.ptr);
  }
}

inline void append_number(std::int64_t value, std::string& text) {
  char digits[24];
  const std::to_chars_result end = std::to_chars(digits, digits + sizeof digits, value);
  text.append(digits, end.ptr);
}

/// How many bytes of a valid UTF-8 sequence start `bytes`, which is not empty; 0 if it starts with none (RFC 3629).
std::size_t utf8_sequence(std::string_view bytes);

/// Escapes the bytes that the form reserves; a byte that is not UTF-8 becomes U+FFFD. `escaped(byte)` gives the
/// replacement, or an empty text for a byte that stands as it is.
template <class Escaped>
void append_escaped(std::string_view bytes, Escaped escaped, std::string& text) {
  std::size_t plain = 0, i = 0;
  const auto replace = [&](std::string_view by) {
    text.append(bytes, plain, i - plain);
    text += by;
    plain = ++i;
  };
  while (i < bytes.size()) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    if (byte >= 0x80) {
      if (const std::size_t length = utf8_sequence(bytes.substr(i)); length > 0)
        i += length;
      else
        replace("\xEF\xBF\xBD");
    } else if (const std::string_view by = escaped(static_cast<char>(byte)); !by.empty()) {
      replace(by);
    } else {
      ++i;
    }
  }
  text.append(bytes, plain, std::string_view::npos);
}

}  // namespace cradle::exposition
