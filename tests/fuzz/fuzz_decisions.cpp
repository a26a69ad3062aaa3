// Any bytes as a decision log: an error with a place and a hint, or a check of inputs that a dispatcher survives.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cradle/dispatch/decision_log.h"
#include "cradle/dispatch/dispatcher.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cradle;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto sections = dispatch::read_log(text, "input");
  if (!sections) {
    if (sections.error().hint.empty() || sections.error().where.empty()) std::abort();
    return 0;
  }
  fleet::NodeSpec node;
  node.name = "a";
  node.cpu_milli = 64'000;
  node.memory_mib = 65'536;
  node.gpu_count = 4;
  node.gpu_model = "T4";
  std::vector<carbon::SiteRecord> sites(1);
  sites[0].average = carbon::IntensitySeries::constant(carbon::Signal::average, carbon::GramsPerKilowattHour{100});
  for (std::size_t i = 0; i < std::min<std::size_t>(sections->size(), 4); ++i) {
    const dispatch::LogSection& section = (*sections)[i];
    dispatch::Configuration configuration;
    configuration.name = section.name;
    configuration.placement = *policy::policy_by_name("FGD");
    configuration.time = shifting::all_time_policies[i + 2];
    configuration.quota.minimum = 0.5;
    auto dispatcher =
        dispatch::Dispatcher::make(configuration, {&node, 1}, sites, {}, {instant_of(2022, 1, 1), ms_per_day});
    if (!dispatcher) std::abort();
    const auto check = dispatch::replay_log(section, "input", **dispatcher);
    if (!check && check.error().hint.empty()) std::abort();
  }
  return 0;
}
