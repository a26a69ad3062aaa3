// The layout of a ledger file, for programs and for people with the sqlite3 shell.
#pragma once

#include "connection.h"
#include "cradle/base/result.h"

namespace cradle::ledger {

/// What a file is, told from its header.
enum class Content {
  nothing,  ///< no tables at all
  ledger,   ///< of this version
};

/// bad_input if the file is a ledger of another version or somebody else's database.
Result<Content> content_of(Connection& connection);

/// Makes the file an empty ledger. Within a transaction.
Result<void> lay_out(Connection& connection);
/// Removes every run. Within a transaction.
Result<void> remove_all_runs(Connection& connection);

}  // namespace cradle::ledger
