// SQLite behind a fence: a connection and its prepared statements, with errors that say what to do.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "cradle/base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace cradle::ledger {

class Statement;

class Connection {
 public:
  enum class Mode {
    read,    ///< an existing file, which is not changed
    write,   ///< an existing file
    create,  ///< a file that may be absent or empty
  };

  /// Opens the file; it is not yet known to be a ledger.
  static Result<std::shared_ptr<Connection>> open(const std::filesystem::path& path, Mode mode,
                                                  std::chrono::milliseconds patience);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  const std::string& path() const { return path_; }

  /// Runs statements that give no rows.
  Result<void> execute(const char* sql);
  Result<Statement> prepare(std::string_view sql);
  /// The first column of the first row of a query.
  Result<std::int64_t> integer(const char* sql);
  std::int64_t last_row() const;

  /// Runs `work` between BEGIN IMMEDIATE and COMMIT; rolls back if it, or the commit, fails.
  template <class Work>
  Result<void> transaction(Work&& work) {
    if (auto ok = execute("BEGIN IMMEDIATE"); !ok) return ok;
    Result<void> done = work();
    if (done) done = execute("COMMIT");
    if (!done) roll_back();
    return done;
  }

  /// The error that SQLite reported last, as one of ours.
  Error error() const;

 private:
  Connection(sqlite3* handle, std::string path) : handle_(handle), path_(std::move(path)) {}
  /// Ends a transaction that is still open.
  void roll_back();
  sqlite3* handle_;
  std::string path_;
};

/// A prepared statement. Parameters count from 1, columns from 0, as in SQLite.
class Statement {
 public:
  Statement(Connection& connection, sqlite3_stmt* handle) : connection_(&connection), handle_(handle) {}

  Statement& bind(int parameter, std::int64_t value);
  Statement& bind(int parameter, double value);
  /// Text and blobs must live until the statement has been run.
  Statement& bind(int parameter, std::string_view text);
  Statement& bind_blob(int parameter, std::span<const std::byte> bytes);
  Statement& bind_null(int parameter);
  Statement& bind(int parameter, std::optional<std::int64_t> value) {
    return value ? bind(parameter, *value) : bind_null(parameter);
  }

  /// Runs a statement that gives no rows and makes it ready for the next values.
  Result<void> run();
  /// The next row, or false after the last one, which makes it ready again.
  Result<bool> next();

  std::int64_t integer(int column) const;
  double number(int column) const;
  bool null(int column) const;
  std::string text(int column) const;
  /// Valid until the next row.
  std::span<const std::byte> blob(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* handle) const;
  };
  Connection* connection_;
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

}  // namespace cradle::ledger
