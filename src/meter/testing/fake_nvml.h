// A scripted NVML: what the fake library answers, changed by a test through the pointer that `fake_nvml_state` gives.
#pragma once

#include <array>
#include <string>
#include <vector>

namespace cradle::meter::testing {

struct FakeProcess {
  unsigned pid;
  unsigned percent;
};
struct FakeInstance {
  const char* uuid;
  unsigned id;
  unsigned slices;
  std::vector<FakeProcess> processes;
};
struct FakeBoard {
  const char* uuid;
  bool present = true;
  bool counts = true;
  unsigned long long millijoules = 0;
  unsigned milliwatts = 0;
  unsigned percent = 0;
  unsigned megahertz = 1980;
  bool partitioned = false;
  std::vector<FakeInstance> instances;
  std::vector<FakeProcess> processes;
  bool samples = true;            ///< gives utilisation by process
  unsigned long long now_us = 1;  ///< of its samples
  /// The file that holds its power limit in milliwatts, so that another process can set it; empty: it has none.
  std::string limit_file;
  unsigned lowest_limit = 100'000, highest_limit = 700'000, default_limit = 700'000;
  bool may_set = true;
};
struct FakeNvml {
  std::vector<FakeBoard> boards;
  int open = 0;  ///< nvmlInit_v2 less nvmlShutdown
};

}  // namespace cradle::meter::testing
