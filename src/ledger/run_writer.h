// What a RunWriter keeps between batches.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "connection.h"
#include "cradle/ledger/ledger.h"

namespace cradle::ledger {

struct RunWriter::State {
  std::shared_ptr<Connection> connection;
  std::int64_t run;
  std::size_t components;
  Statement insert_entry;
  Statement insert_batch;
  std::vector<carbon::Entry> buffer;
  std::optional<Error> error;
  bool finished = false;

  /// Keeps the first error.
  Result<void> keep(const Result<void>& result) {
    if (!result && !error) error = result.error();
    return error ? Result<void>(*error) : Result<void>();
  }
  /// The batch in the buffer, all or nothing.
  Result<void> store();
  Result<void> insert_all();
  /// After the start of the run's period and not before the end of a committed entry.
  Result<bool> may_end_at(Instant end);
  /// Marks the run as finished; with an end, its period ends there.
  Result<void> finish(std::optional<Instant> end);
};

}  // namespace cradle::ledger
