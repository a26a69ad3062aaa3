// What people ask of a cluster: jobs with a demand, a time of arrival and a length.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cradle::workload {

inline constexpr int milli = 1000;           ///< one whole GPU, in thousandths
inline constexpr int max_gpus_per_job = 16;  ///< larger demands on one node are refused by the importers

/// Resources on one node. A job asks for several whole GPUs, or for a share of one.
struct Demand {
  std::int64_t cpu_milli = 0;
  std::int64_t memory_mib = 0;
  int gpu_count = 0;                    ///< 0 .. max_gpus_per_job
  int gpu_milli = 0;                    ///< of each GPU: 1 .. 1000 if gpu_count == 1, 1000 if more, 0 if none
  std::vector<std::string> gpu_models;  ///< acceptable models; empty: any

  std::int64_t total_gpu_milli() const { return std::int64_t{gpu_count} * gpu_milli; }
  friend bool operator==(const Demand&, const Demand&) = default;
};

struct Job {
  std::string name;
  std::string user;           ///< may be empty: the trace does not say
  std::string product;        ///< software product that the job helps to make; may be empty
  std::string service_class;  ///< e.g. "LS" latency sensitive, "BE" best effort; may be empty
  Demand demand;
  std::int64_t arrival_ms = 0;   ///< since the start of the trace
  std::int64_t duration_ms = 0;  ///< run time once started; > 0
  friend bool operator==(const Job&, const Job&) = default;
};

/// A list of jobs in the order of the file, with what the importer had to say about it.
struct Workload {
  std::string name;
  std::vector<Job> jobs;
  std::vector<std::string> notes;  ///< every row that was changed or left out, counted and named
  bool timed = true;               ///< false: the source has no times, every job arrives at 0 and has the least length
};

/// One machine of a cluster description.
struct NodeRow {
  std::string name;
  std::int64_t cpu_milli = 0;
  std::int64_t memory_mib = 0;
  int gpu_count = 0;
  std::string gpu_model;  ///< empty if none
  friend bool operator==(const NodeRow&, const NodeRow&) = default;
};

}  // namespace cradle::workload
