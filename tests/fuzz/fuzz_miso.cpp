// The MISO trace reader on any bytes: the six files one after the other, divided by NUL bytes. Jobs within the limits
// that a replay takes, or one error with a place and a hint.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "cradle/slicing/miso_trace.h"

namespace {

cradle::slicing::PartitionTable table() {
  cradle::catalog::Partitioning rules;
  rules.id = "fuzz";
  rules.profiles = {{"1g.5gb", 1, 1, {0, 1, 2, 3, 4, 5, 6}, 0},
                    {"2g.10gb", 2, 2, {0, 2, 4}, 0},
                    {"3g.20gb", 3, 4, {0, 4}, 0},
                    {"4g.20gb", 4, 4, {0}, 0},
                    {"7g.40gb", 7, 8, {0}, 0}};
  return *cradle::slicing::PartitionTable::make(rules, cradle::slicing::plain_profiles(rules, false));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cradle::slicing;
  static const PartitionTable a100 = table();
  MisoFiles files;
  const std::array<std::string*, 6> parts{&files.trace, &files.exp,     &files.models,
                                          &files.iters, &files.latency, &files.codes};
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  for (std::string* part : parts) {
    const auto cut = std::min(rest.find('\0'), rest.size());
    *part = rest.substr(0, cut);
    rest.remove_prefix(std::min(cut + 1, rest.size()));
  }
  for (const MisoReading reading : {MisoReading::lengths, MisoReading::literal}) {
    const auto trace = parse_miso(files, a100, reading);
    if (!trace) {
      if (trace.error().where.empty() || trace.error().hint.empty()) std::abort();
      continue;
    }
    if (trace->jobs.empty() || trace->nearest_batches > trace->jobs.size()) std::abort();
    for (const SliceJob& job : trace->jobs) {
      if (!(job.arrival.value() >= 0) || !(job.length.value() > 0) || job.speed.size() != a100.profiles().size())
        std::abort();
      for (const double speed : job.speed)
        if (!(speed >= 0)) std::abort();
    }
    for (const Multiset set : trace->partitions)
      if (a100.states_of(set).empty()) std::abort();
  }
  return 0;
}
