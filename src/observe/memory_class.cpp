#include "cradle/observe/memory_class.h"

#include <fnmatch.h>

#include <array>

#include "cradle/base/text.h"
#include "memory_weights.h"

namespace cradle::observe {

namespace {

constexpr std::array<BandwidthClass, 4> all = {BandwidthClass::low, BandwidthClass::medium, BandwidthClass::high,
                                               BandwidthClass::streaming};

bool matches(const std::string& pattern, const std::string& text) {
  return ::fnmatch(pattern.c_str(), text.c_str(), 0) == 0;
}

}  // namespace

const char* to_string(BandwidthClass bandwidth) {
  switch (bandwidth) {
    case BandwidthClass::low: return "low";
    case BandwidthClass::medium: return "medium";
    case BandwidthClass::high: return "high";
    case BandwidthClass::streaming: return "streaming";
  }
  return "";
}

std::int64_t memory_weight(BandwidthClass bandwidth) {
  switch (bandwidth) {
    case BandwidthClass::low: return 1;
    case BandwidthClass::medium: return neutral_memory_weight;
    case BandwidthClass::high: return 16;
    case BandwidthClass::streaming: return 64;
  }
  return neutral_memory_weight;
}

Result<MemoryClass> parse_memory_class(std::string_view text, std::string_view where) {
  const std::size_t equals = text.rfind('=');
  const std::string shown = is_utf8(text) ? std::string(text) : std::string("a pattern that is no UTF-8");
  if (equals == std::string_view::npos || equals == 0)
    return bad_input("'" + shown + "' names no pattern and class", std::string(where),
                     "write PATTERN=CLASS, e.g. '/analytics*=high'");
  const std::string_view word = text.substr(equals + 1);
  std::vector<std::string> words;
  for (const BandwidthClass bandwidth : all) {
    if (word == to_string(bandwidth)) return MemoryClass{std::string(text.substr(0, equals)), bandwidth};
    words.emplace_back(to_string(bandwidth));
  }
  return bad_input("no bandwidth class in '" + shown + "'", std::string(where), suggest(word, words));
}

std::int64_t MemoryWeights::match(const GroupTotals& group) const {
  for (const MemoryClass& declared : classes_)
    if (matches(declared.pattern, group.path) || matches(declared.pattern, group.tenant.name))
      return memory_weight(declared.bandwidth);
  return neutral_memory_weight;
}

std::int64_t MemoryWeights::of(const GroupTotals& group, bool ended) {
  if (classes_.empty()) return neutral_memory_weight;
  const auto [known, fresh] = known_.try_emplace(group.id, 0);
  if (fresh) known->second = match(group);
  const std::int64_t weight = known->second;
  if (ended) known_.erase(known);
  return weight;
}

std::string MemoryWeights::note() const {
  std::string text;
  for (const MemoryClass& declared : classes_)
    text += (text.empty() ? "" : ", ") + declared.pattern + "=" + to_string(declared.bandwidth);
  return text.empty() ? text : "energy of memory accesses is divided by declared bandwidth classes: " + text;
}

}  // namespace cradle::observe
