// memlist.txt: the private local memories of an accelerator.
#include <algorithm>
#include <map>

#include "cradle/base/text.h"
#include "cradle/soc/esp_accelerator.h"

namespace cradle::soc {

namespace {

constexpr std::int64_t most_words = std::int64_t{1} << 40, most_width = 1 << 20, most_ports = 1024;
/// Of one memory with its copies: a gibibyte, more than any chip has beside an accelerator.
constexpr double most_bits = 0x1p33;

/// A count and what follows it: "2w", "1ru".
std::optional<std::int64_t> port_count(std::string_view text, char letter) {
  if (!text.empty() && text.back() == 'u') text.remove_suffix(1);
  if (text.empty() || text.back() != letter) return std::nullopt;
  text.remove_suffix(1);
  const auto count = parse_integer(text);
  if (!count || *count < 0 || *count > most_ports) return std::nullopt;
  return count;
}

/// What a part of a memory's or a point's name says of a width: "dma64" in "basic_fx32_dma64" is 64 of "dma".
std::optional<std::int64_t> width_of(std::string_view name, std::string_view mark) {
  std::optional<std::int64_t> width;
  for (const std::string_view part : split(name, '_'))
    if (part.starts_with(mark))
      if (const auto number = parse_integer(part.substr(mark.size()))) width = number;
  return width;
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t from = line.find_first_not_of(" \t\r", at);
    if (from == std::string_view::npos) break;
    const std::size_t end = std::min(line.find_first_of(" \t\r", from), line.size());
    words.push_back(line.substr(from, end - from));
    at = end;
  }
  return words;
}

}  // namespace

carbon::Estimate<double> PlmMemory::bits() const {
  const double declared = static_cast<double>(words) * static_cast<double>(width);
  return {declared, declared, declared * static_cast<double>(reads)};
}

Result<std::vector<PlmMemory>> parse_memory_list(std::string_view text, const std::string& source) {
  if (!is_utf8(text) || text.find('\0') != std::string_view::npos)
    return bad_input("the file is no UTF-8 text", source, "name a memlist.txt of ESP");
  std::vector<PlmMemory> memories;
  std::map<std::string_view, std::size_t> lines;
  std::size_t number = 0;
  for (std::string_view line : split(text, '\n')) {
    const std::string where = source + ":" + std::to_string(++number);
    line = line.substr(0, std::min(line.find('#'), line.find("//")));
    const auto words = words_of(line);
    if (words.empty()) continue;
    const std::string form = "write name, words, width in bits, and ports such as 1w:0r 0w:1r";
    if (words.size() < 3) return bad_input("a memory has " + std::to_string(words.size()) + " fields", where, form);
    const auto [known, fresh] = lines.emplace(words[0], number);
    if (!fresh)
      return bad_input("the memory " + std::string(words[0]) + " was given in line " + std::to_string(known->second),
                       where, "keep one of the two lines");
    PlmMemory memory;
    memory.name = words[0];
    memory.line = number;
    const auto take = [&](std::string_view word, std::int64_t most, std::int64_t& field) {
      const auto value = parse_integer(word);
      if (!value || *value < 1 || *value > most) return false;
      field = *value;
      return true;
    };
    if (!take(words[1], most_words, memory.words))
      return bad_input("'" + std::string(words[1]) + "' is no number of words", where, form);
    if (!take(words[2], most_width, memory.width))
      return bad_input("'" + std::string(words[2]) + "' is no width in bits", where, form);
    for (std::size_t i = 3; i < words.size(); ++i) {
      const auto parts = split(words[i], ':');
      const auto writes = parts.size() == 2 ? port_count(parts[0], 'w') : std::nullopt;
      const auto reads = parts.size() == 2 ? port_count(parts[1], 'r') : std::nullopt;
      if (!writes || !reads) return bad_input("no ports '" + std::string(words[i]) + "'", where, form);
      if (*writes == 0 && *reads == 0)
        return bad_input("the ports '" + std::string(words[i]) + "' neither write nor read", where, form);
      memory.writes = std::max(memory.writes, *writes);
      memory.reads = std::max(memory.reads, *reads);
    }
    if (memory.bits().high > most_bits)
      return bad_input("the memory " + memory.name + " has " + shortest(memory.bits().high) + " bits", where,
                       "words x width x reads at once are at most " + shortest(most_bits) + ", 1 GiB");
    memories.push_back(std::move(memory));
  }
  return memories;
}

carbon::Estimate<double> plm_bits(std::span<const PlmMemory> memories, std::string_view point,
                                  std::optional<std::uint32_t> dma_width) {
  // Memories are listed for every point that there is: for each width of the link, and of fixed-point numbers. Those of
  // another point than the tile's are not built.
  constexpr std::string_view marks[] = {"dma", "fx"};
  carbon::Estimate<double> sum;
  for (const PlmMemory& memory : memories) {
    bool built = true;
    for (const std::string_view mark : marks) {
      auto wanted = width_of(point, mark);
      if (!wanted && mark == "dma" && dma_width) wanted = *dma_width;
      const auto own = width_of(memory.name, mark);
      built = built && (!own || !wanted || *own == *wanted);
    }
    if (built) sum = sum + memory.bits();
  }
  return sum;
}

}  // namespace cradle::soc
