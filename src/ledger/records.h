// Sites, components, jobs and notes of a run, to and from their tables.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "connection.h"
#include "cradle/ledger/ledger.h"

namespace cradle::ledger {

/// bad_input: the file is a ledger, but this part of it cannot be.
Error damaged(const Connection& connection, const std::string& what);

Result<void> insert_run(Connection& connection, const RunInfo& info);
Result<void> insert_notes(Connection& connection, std::int64_t run, const std::vector<std::string>& notes);
Result<void> insert_sites(Connection& connection, std::int64_t run, std::span<const carbon::SiteRecord> sites);
Result<void> insert_components(Connection& connection, std::int64_t run,
                               std::span<const carbon::ComponentRecord> components);
Result<void> replace_jobs(Connection& connection, std::int64_t run, std::span<const carbon::JobRecord> jobs);

Result<std::vector<carbon::SiteRecord>> read_sites(Connection& connection, std::int64_t run);
Result<std::vector<carbon::ComponentRecord>> read_components(Connection& connection, std::int64_t run);
/// The jobs that were set, and one known by its number for each further one that entries may name.
Result<std::vector<carbon::JobRecord>> read_jobs(Connection& connection, std::int64_t run);

}  // namespace cradle::ledger
