#include <limits>
#include <utility>

#include "connection.h"
#include "cradle/ledger/ledger.h"
#include "records.h"

namespace cradle::ledger {

using carbon::Entry;

namespace {

constexpr std::size_t chunk = 4096;

/// One row of SELECT start_ms, length_ms, job, component, ... as an entry; out of range values become ones that
/// carbon::check_entry refuses.
Entry entry_of(const Statement& row) {
  const auto index = [](std::int64_t value) {
    constexpr std::int64_t none = std::numeric_limits<std::uint32_t>::max();
    return static_cast<std::uint32_t>(value < 0 || value > none ? none : value);
  };
  const auto kind = [](std::int64_t value) {
    return static_cast<std::uint8_t>(value < 0 || value > 255 ? 255 : value);
  };
  Entry entry;
  entry.start = Instant{row.integer(0)};
  if (__builtin_add_overflow(entry.start.ms, row.integer(1), &entry.end.ms))
    entry.end.ms = std::numeric_limits<std::int64_t>::max();
  entry.job = row.null(2) ? carbon::no_job : index(row.integer(2));
  entry.component = index(row.integer(3));
  entry.microjoules = row.integer(4);
  entry.baseline_microjoules = row.integer(5);
  entry.operations = row.number(6);
  entry.operation_type = static_cast<carbon::OperationType>(kind(row.integer(7)));
  entry.role = static_cast<carbon::Role>(kind(row.integer(8)));
  entry.knowledge = static_cast<carbon::Knowledge>(kind(row.integer(9)));
  return entry;
}

}  // namespace

Result<void> RunReader::entries(const std::function<Result<void>(std::span<const Entry>)>& each) const {
  auto batches = connection_->prepare("SELECT first_entry, last_entry FROM batch WHERE run = ? ORDER BY id");
  if (!batches) return std::move(batches).error();
  auto rows = connection_->prepare(
      "SELECT start_ms, length_ms, job, component, microjoules, baseline_microjoules, operations, operation, role, "
      "knowledge FROM entry WHERE id BETWEEN ? AND ?");
  if (!rows) return std::move(rows).error();

  std::vector<Entry> buffer;
  buffer.reserve(chunk);
  batches->bind(1, id_);
  for (;;) {
    const auto batch = batches->next();
    if (!batch) return batch.error();
    if (!*batch) break;
    const std::int64_t first = batches->integer(0), last = batches->integer(1);
    std::int64_t count = 0;
    rows->bind(1, first).bind(2, last);
    for (;;) {
      const auto row = rows->next();
      if (!row) return row.error();
      if (!*row) break;
      const Entry entry = entry_of(*rows);
      if (auto ok = carbon::check_entry(entry, components_.size(), jobs_.size()); !ok)
        return damaged(*connection_, ok.error().where + ": " + ok.error().message);
      ++count;
      buffer.push_back(entry);
      if (buffer.size() == chunk) {
        if (auto ok = each(buffer); !ok) return ok;
        buffer.clear();
      }
    }
    if (count != last - first + 1)
      return damaged(*connection_, "entries " + std::to_string(first) + " to " + std::to_string(last) + " are " +
                                       std::to_string(count));
  }
  if (buffer.empty()) return {};
  return each(buffer);
}

Result<carbon::Account> RunReader::account(carbon::View view, carbon::Grouping by) const {
  const carbon::Period period = summary_.accounted();
  if (!summary_.finished && summary_.entries == 0)
    return missing_data(summary_.warning(), connection_->path(),
                        "run it again; an observer stores its entries once a minute and when it ends");
  auto accountant = carbon::Accountant::make(sites_, components_, jobs_, view, by, period);
  if (!accountant) return std::move(accountant).error();
  const auto read = entries([&](std::span<const Entry> some) -> Result<void> {
    for (const Entry& entry : some)
      if (auto ok = accountant->add(entry); !ok) return ok;
    return {};
  });
  if (!read) return read.error();
  carbon::Account account = accountant->account();
  if (!summary_.finished) account.notes.insert(account.notes.begin(), summary_.warning());
  return account;
}

}  // namespace cradle::ledger
