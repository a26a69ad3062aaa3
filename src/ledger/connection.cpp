#include "connection.h"

#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>
#include <utility>

namespace cradle::ledger {

namespace {

/// `path` is absolute.
std::string quoted_uri(const std::string& path) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string uri = "file://";
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '%' || c == '?' || c == '#' || byte < 0x20) {
      uri += '%';
      uri += digits[byte >> 4];
      uri += digits[byte & 15];
    } else {
      uri += c;
    }
  }
  return uri;
}

/// False for a file that holds something, but does not begin as SQLite's do. SQLite itself takes a file of a few bytes
/// for an empty one, and would write over it.
bool has_header(const std::filesystem::path& path) {
  constexpr std::string_view magic{"SQLite format 3\0", 16};
  std::ifstream file(path, std::ios::binary);
  std::string start(magic.size(), ' ');
  file.read(start.data(), static_cast<std::streamsize>(start.size()));
  return !file.is_open() || file.gcount() == 0 || start == magic;
}

Error describe(int code, int system_error, const std::string& message, const std::string& path) {
  const std::string detail = system_error != 0 ? message + " (" + std::strerror(system_error) + ")" : message;
  if (code == SQLITE_CONSTRAINT_FOREIGNKEY)
    return failure("the ledger no longer holds this run", path,
                   "another program has started the ledger anew: give each its own ledger");
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return failure("the ledger is in use by another program", path,
                     "wait until it ends, or close it (an open sqlite3 shell counts)");
    case SQLITE_FULL:
      return failure("the disk is full", path, "free some space or choose another place; what was committed is kept");
    case SQLITE_IOERR:
      return failure("cannot read or write the ledger: " + detail, path,
                     "check the disk, its free space and the limits on file size; what was committed is kept");
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return failure("the ledger cannot be written: " + detail, path,
                     "check the permissions of the file and its folder, or choose another place");
    case SQLITE_CANTOPEN:
      return failure("cannot open the ledger: " + detail, path,
                     "check that the folder exists and can be read and written");
    case SQLITE_NOTADB:
      return bad_input("not a ledger: not an SQLite file", path, "check the path; `cradle study` writes a ledger");
    case SQLITE_CORRUPT:
      return bad_input("the ledger is damaged: " + detail, path,
                       "run the study again, or save what can be read with: sqlite3 FILE .recover");
    default:
      return failure("the ledger cannot be used: " + detail, path,
                     "check that it was written by this version of cradle, or run the study again");
  }
}

}  // namespace

Result<std::shared_ptr<Connection>> Connection::open(const std::filesystem::path& path, Mode mode,
                                                     std::chrono::milliseconds patience) {
  std::error_code status;
  const bool exists = std::filesystem::exists(path, status);
  if (status) return failure("cannot look at the ledger: " + status.message(), path.string(), "check the path");
  if (!exists && mode != Mode::create)
    return missing_data("there is no ledger", path.string(),
                        "run `cradle study` to write one, or name another with --ledger");
  if (exists && !std::filesystem::is_regular_file(path, status))
    return bad_input("not a ledger: not a regular file", path.string(), "name a file");

  if (exists && !has_header(path))
    return bad_input("not a ledger: not an SQLite file", path.string(),
                     "check the path; `cradle study` writes a ledger");

  const auto open = [&](const std::string& uri, int flags) {
    sqlite3* handle = nullptr;
    sqlite3_open_v2(uri.c_str(), &handle, flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, nullptr);
    if (handle == nullptr) return std::shared_ptr<Connection>();
    sqlite3_extended_result_codes(handle, 1);
    sqlite3_busy_timeout(handle, static_cast<int>(patience.count()));
    return std::shared_ptr<Connection>(new Connection(handle, path.string()));
  };
  const auto absolute = std::filesystem::absolute(path, status);
  if (status) return failure("cannot look at the ledger: " + status.message(), path.string(), "check the path");
  const std::string uri = quoted_uri(absolute.string());
  // A reader that may write beside the ledger takes its journal and index away again when it closes; one that may not
  // would leave them there. It changes nothing in the ledger itself (query_only, below).
  const bool tidy_reader = mode == Mode::read && ::access(absolute.c_str(), W_OK) == 0 &&
                           ::access(absolute.parent_path().c_str(), W_OK) == 0;
  const int flags = mode == Mode::create                 ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                    : mode == Mode::write || tidy_reader ? SQLITE_OPEN_READWRITE
                                                         : SQLITE_OPEN_READONLY;
  auto connection = open(uri, flags);
  if (!connection) return failure("out of memory", path.string(), "close other programs");
  // The file is read for the first time here, and everything that can be wrong with it shows.
  auto probe = connection->integer("SELECT count(*) FROM sqlite_master");
  if (!probe && mode == Mode::read) {
    // A reader of a ledger in WAL mode writes an index beside it. Where it must not, a ledger without a journal can be
    // read as a file that nobody changes.
    const auto journal = std::filesystem::file_size(path.string() + "-wal", status);
    if (status || journal == 0) {
      connection = open(uri + "?immutable=1", flags);
      probe = connection->integer("SELECT count(*) FROM sqlite_master");
    }
  }
  if (!probe) return std::move(probe).error();
  // The schema of a file from elsewhere gets no powers.
  if (auto ok = connection->execute("PRAGMA trusted_schema=OFF; PRAGMA foreign_keys=ON; PRAGMA mmap_size=1073741824");
      !ok)
    return std::move(ok).error();
  if (mode == Mode::read)
    if (auto ok = connection->execute("PRAGMA query_only=ON"); !ok) return std::move(ok).error();
  return connection;
}

Connection::~Connection() { sqlite3_close_v2(handle_); }

Error Connection::error() const {
  return describe(sqlite3_extended_errcode(handle_), sqlite3_system_errno(handle_), sqlite3_errmsg(handle_), path_);
}

Result<void> Connection::execute(const char* sql) {
  if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return error();
  return {};
}

Result<Statement> Connection::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &statement,
                         nullptr) != SQLITE_OK)
    return error();
  return Statement(*this, statement);
}

Result<std::int64_t> Connection::integer(const char* sql) {
  auto statement = prepare(sql);
  if (!statement) return std::move(statement).error();
  const auto row = statement->next();
  if (!row) return row.error();
  return *row ? statement->integer(0) : 0;
}

std::int64_t Connection::last_row() const { return sqlite3_last_insert_rowid(handle_); }

void Connection::roll_back() {
  if (sqlite3_get_autocommit(handle_) == 0) sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
}

void Statement::Finalize::operator()(sqlite3_stmt* handle) const { sqlite3_finalize(handle); }

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(handle_.get(), column); }
double Statement::number(int column) const { return sqlite3_column_double(handle_.get(), column); }
bool Statement::null(int column) const { return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL; }

Statement& Statement::bind(int parameter, std::int64_t value) {
  sqlite3_bind_int64(handle_.get(), parameter, value);
  return *this;
}

Statement& Statement::bind(int parameter, double value) {
  sqlite3_bind_double(handle_.get(), parameter, value);
  return *this;
}

Statement& Statement::bind(int parameter, std::string_view text) {
  // An empty view may have no address, which SQLite would take for NULL.
  sqlite3_bind_text64(handle_.get(), parameter, text.empty() ? "" : text.data(), text.size(), SQLITE_STATIC,
                      SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind_blob(int parameter, std::span<const std::byte> bytes) {
  sqlite3_bind_blob64(handle_.get(), parameter, bytes.data(), bytes.size(), SQLITE_STATIC);
  return *this;
}

Statement& Statement::bind_null(int parameter) {
  sqlite3_bind_null(handle_.get(), parameter);
  return *this;
}

Result<void> Statement::run() {
  const int code = sqlite3_step(handle_.get());
  if (code != SQLITE_DONE && code != SQLITE_ROW) {
    Error error = connection_->error();
    sqlite3_reset(handle_.get());
    return error;
  }
  sqlite3_reset(handle_.get());
  return {};
}

Result<bool> Statement::next() {
  const int code = sqlite3_step(handle_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    sqlite3_reset(handle_.get());
    return false;
  }
  Error error = connection_->error();
  sqlite3_reset(handle_.get());
  return error;
}

std::string Statement::text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), column));
  const int size = sqlite3_column_bytes(handle_.get(), column);
  return text == nullptr ? std::string() : std::string(text, static_cast<std::size_t>(size));
}

std::span<const std::byte> Statement::blob(int column) const {
  const auto* bytes = static_cast<const std::byte*>(sqlite3_column_blob(handle_.get(), column));
  const int size = sqlite3_column_bytes(handle_.get(), column);
  return bytes == nullptr ? std::span<const std::byte>{} : std::span{bytes, static_cast<std::size_t>(size)};
}

}  // namespace cradle::ledger
