// The parts of the bench. Each makes groups of its own, runs its workloads in them and adds rows.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "rows.h"

namespace cradle::bench {

struct Context {
  bool quick = false;
  std::filesystem::path folder;  ///< for files; on a disk that takes O_DIRECT
  std::string prefix;            ///< of the names of control groups
  std::filesystem::path cradle;  ///< the program, for what is measured on the daemon itself
  std::vector<Row> rows;
};

Result<void> capture_section(Context& context);
Result<void> tiers_section(Context& context);
Result<void> bystander_section(Context& context);
Result<void> meter_section(Context& context);
Result<void> overhead_section(Context& context);
Result<void> scrape_section(Context& context);
Result<void> switch_section(Context& context);
Result<void> bytes_section(Context& context);

struct Section {
  std::string_view name;
  Result<void> (*run)(Context&);
};
inline constexpr Section sections[] = {
    {"capture", capture_section}, {"tiers", tiers_section},       {"bystander", bystander_section},
    {"meter", meter_section},     {"overhead", overhead_section}, {"scrape", scrape_section},
    {"switch", switch_section},   {"bytes", bytes_section},
};

}  // namespace cradle::bench
