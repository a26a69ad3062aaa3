// The openb trace (FGD, ATC 2023; Alibaba cluster-trace-gpu-v2023): node lists and pod lists, read and written.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/workload/job.h"

namespace cradle::workload {

/// Nodes from the columns sn, cpu_milli, memory_mib, gpu, model. `source` names the text in errors.
/// Errors (bad_input, with file:line): all of read_csv, a value outside limits.h, a name twice or empty, GPUs without
/// a model, a model without GPUs.
Result<std::vector<NodeRow>> parse_openb_nodes(std::string_view text, std::string_view source);

/// Jobs from the columns name, cpu_milli, memory_mib, num_gpu, gpu_milli and, where the list has them, gpu_spec, qos,
/// creation_time, deletion_time, scheduled_time (seconds since the start of the trace), user, product.
///
/// arrival = creation_time. Run time = deletion_time - scheduled_time; without a scheduled_time (a pod that never ran)
/// deletion_time - creation_time; without a deletion_time up to the latest time in the file. A run time of 0 counts as
/// 1 s. A list without times gives jobs that all arrive at 0 with 1 s of run time and `timed` false.
/// gpu_spec is a list with '|' between models; empty parts are skipped, order and repeats are kept as they are.
/// Whatever is read other than literally is counted and named in `notes`.
/// Errors (bad_input, with file:line): all of read_csv, a value outside limits.h, a name twice or empty, GPUs without
/// a share, a share without GPUs, several GPUs that are not whole, times that go backwards, times on some rows only.
Result<Workload> parse_openb_pods(std::string_view text, std::string_view source);

/// The same from a file; an absent file is missing_data.
Result<std::vector<NodeRow>> read_openb_nodes(const std::filesystem::path& file);
Result<Workload> read_openb_pods(const std::filesystem::path& file);

/// Jobs in the pod layout with two more columns, user and product. Times are whole seconds (cut down, a run time at
/// least 1 s); scheduled_time is creation_time. parse_openb_pods of it gives the same jobs if they had whole seconds.
std::string write_openb_pods(const Workload& workload);

}  // namespace cradle::workload
