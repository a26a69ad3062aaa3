// Which BPF hooks this kernel and these privileges allow.
#pragma once

#include <string>
#include <vector>

namespace cradle::kernel {

struct Hook {
  std::string name;    ///< "tp_btf/sched_process_free"
  bool works = false;  ///< a program was loaded and attached, and taken away again
  bool used = false;   ///< by a meter of ours; the others are told for information
  std::string error;   ///< the kernel's, in words; empty if it works
};

/// Loads and attaches an empty program at each hook, one after the other; leaves nothing behind.
std::vector<Hook> probe_hooks();

}  // namespace cradle::kernel
