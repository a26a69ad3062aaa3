// The trace and the measured slice speeds of MISO (Li et al., SoCC 2022), from the files of its repository.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/slicing/replay.h"

namespace cradle::slicing {

/// The texts of the files: flat JSON objects from a job's number to a number, or to "MODEL_trainBATCH"; partition codes
/// are lists of compute slices. The latencies are CSV: slice, model, batch, mean_s (seconds an iteration; a slice on
/// which the model runs out of memory has no row).
struct MisoFiles {
  std::string trace, exp, models, iters, latency, codes;
};

/// What the two numbers of a job mean. The files do not say; the data do.
enum class MisoReading : std::uint8_t {
  /// trace: length on the whole GPU. Shown by the data: 10 s + iterations x mean latency on 7g gives it for every job.
  /// exp: when the job would be done if it began on arrival; arrival = exp - trace, which is above 0 for every job and
  /// spread over 100 x 60 s. That exp has this meaning is our reading.
  lengths,
  /// The words of the file names: trace are arrivals, exp are lengths. Kept to see what rests on the reading.
  literal,
};

struct MisoTrace {
  std::vector<SliceJob> jobs;        ///< in order of arrival, then of number
  std::vector<Multiset> partitions;  ///< the published codes
  std::size_t nearest_batches = 0;   ///< jobs whose batch was not measured: the nearest one of the model (by ratio)
  std::size_t start_up_jobs = 0;     ///< jobs whose length is 10 s + iterations x latency to within 1 s or 0.2 %
};

/// Reads trace_100.json, exp_100.json, job_models.json, num_iters.json, mig_iteration_latency.csv and
/// partition_code.json. missing_data: a file is absent.
Result<MisoFiles> read_miso(const std::filesystem::path& folder);

/// Jobs with speeds by profile of the table; the slices of the latency file are found in it by name. Without exp -
/// trace at or above 0 for every job the reading `lengths` is refused. bad_input, with file and key: text that is no
/// such file, a job that is in one file but not in another, a number that is negative or beyond 1e9, a model without a
/// latency on the whole GPU, a code that is no valid partition.
Result<MisoTrace> parse_miso(const MisoFiles& files, const PartitionTable& table, MisoReading reading);

}  // namespace cradle::slicing
