// What `cradle mig` and `cradle compare miso` take from the command line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "verbs.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the name is the library's
class App;
}

namespace cradle::cli {

struct MigOptions {
  std::string action;                  ///< states|choose|replay
  std::string gpu = "a100-80";         ///< states, choose: accelerator or partitioning of the catalogue
  std::string replay_gpu = "a100-40";  ///< replay: the same; the trace was measured on this one
  bool wide = false;              ///< --with-1g20: profiles with more memory than others of the same compute slices
  std::string layout;             ///< states: what else fits beside it
  std::vector<std::string> jobs;  ///< choose: NAME:PROFILE=SPEED,...
  std::filesystem::path file;     ///< choose: CSV job,profile,speed
  std::string current;            ///< choose: layout as it is, JOB=PROFILE@START,...
  std::filesystem::path data;     ///< replay: folder of the trace; empty: ../shared/data/miso
  bool mix = false;               ///< replay: generated jobs in place of the trace
  std::vector<std::string> of_mix, of_trace;  ///< replay: options given that only --mix, only the trace looks at
  std::uint64_t seed = 42;
  std::uint32_t mixes = 1;  ///< generated mixes, of consecutive seeds
  std::uint32_t mix_jobs = 100;
  double gap = 60, length = 770;
  std::string kinds = "training=2,fine-tuning=1,inference=1";
  std::uint32_t gpus = 8;
  std::string reading = "lengths";
  std::vector<std::string> policies;  ///< empty: all
  double checkpoint = 5, reconfigure = 4, restart = 10, profiling = 30;
  std::vector<std::string> curves;  ///< RECORD for all kinds of jobs, or KIND=RECORD; by work of the kind if left out
  std::string server;               ///< whose host share the accelerators bear; empty: the first with them; none
  std::string grid = "EU";
  double pue = 1.2;
  Output output = Output::table;
};

/// Adds the verb with its actions; each sets `action` and calls `act`.
void add_mig_verb(CLI::App& app, MigOptions& options, const std::function<void()>& act);
/// Adds `compare miso`.
void add_compare_miso(CLI::App& compare, MigOptions& options, const std::function<void()>& act);

int run_mig(const MigOptions& options, const Common& common);
int run_mig_states(const MigOptions& options, const Common& common);
int run_mig_choose(const MigOptions& options, const Common& common);
int run_mig_replay(const MigOptions& options, const Common& common);
int run_compare_miso(const MigOptions& options, const Common& common);

}  // namespace cradle::cli
