// The openb node importer on any bytes: nodes within the documented limits, or one error with a place and a hint.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cradle/workload/limits.h"
#include "cradle/workload/openb.h"

namespace {

bool within_limits(const cradle::workload::NodeRow& node) {
  using namespace cradle::workload;
  return !node.name.empty() && node.cpu_milli >= 1 && node.cpu_milli <= max_cpu_milli && node.memory_mib >= 1 &&
         node.memory_mib <= max_memory_mib && node.gpu_count >= 0 && node.gpu_count <= max_gpus_per_node &&
         (node.gpu_count > 0) != node.gpu_model.empty();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto nodes = cradle::workload::parse_openb_nodes({reinterpret_cast<const char*>(data), size}, "fuzz.csv");
  if (!nodes) {
    if (nodes.error().where.empty() || nodes.error().hint.empty()) std::abort();
    return 0;
  }
  if (nodes->empty()) std::abort();
  for (const auto& node : *nodes)
    if (!within_limits(node)) std::abort();
  return 0;
}
