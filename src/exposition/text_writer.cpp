#include "text_writer.h"

#include "cradle/base/text.h"
#include "cradle/exposition/metric_family.h"

namespace cradle::exposition {

std::size_t utf8_sequence(std::string_view bytes) {
  const auto first = static_cast<unsigned char>(bytes[0]);
  const std::size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  return length <= bytes.size() && is_utf8(bytes.substr(0, length)) ? length : 0;
}

std::string valid_utf8(std::string_view bytes) {
  std::string text;
  append_escaped(
      bytes, [](char) { return std::string_view{}; }, text);
  return text;
}

}  // namespace cradle::exposition
