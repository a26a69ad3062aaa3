// What the room offers where it was built without clang, bpftool or libbpf: the reason.
#ifndef CRADLE_BPF

#include "cradle/kernel/byte_meter.h"
#include "cradle/kernel/hooks.h"
#include "cradle/kernel/process_meter.h"
#include "cradle/kernel/self_map.h"
#include "cradle/kernel/switch_meter.h"

namespace cradle::kernel {
namespace {

Error not_built() {
  return failure("this program was built without BPF", "kernel",
                 "install clang, bpftool and libbpf-dev, configure and build again");
}

}  // namespace

Result<std::unique_ptr<ProcessMeter>> ProcessMeter::open(const ProcessMeterOptions&) { return not_built(); }
Result<std::unique_ptr<ByteMeter>> ByteMeter::open_block() { return not_built(); }
Result<std::unique_ptr<ByteMeter>> ByteMeter::open_network(const std::filesystem::path&) { return not_built(); }
Result<std::unique_ptr<SwitchMeter>> SwitchMeter::open() { return not_built(); }
Result<std::unique_ptr<SelfMap>> SelfMap::create(const std::filesystem::path&, std::uint32_t) { return not_built(); }
Result<SelfCarbon> read_self_map(const std::filesystem::path&, std::uint64_t) { return not_built(); }
std::vector<Hook> probe_hooks() { return {{"BPF", false, true, not_built().message}}; }

}  // namespace cradle::kernel

#endif  // CRADLE_BPF
