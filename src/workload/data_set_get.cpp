#include <curl/curl.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

#include "cradle/workload/data_set.h"
#include "data_set_sha256.h"

namespace cradle::workload {

namespace {

namespace fs = std::filesystem;

/// A file under construction beside its place; it is gone again unless it was put there.
class PartFile {
 public:
  explicit PartFile(fs::path place) : place_(std::move(place)) {
    part_ = place_;
    part_ += "." + std::to_string(::getpid()) + ".part";
    file_ = ::open(part_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    note_errno(file_ >= 0);
  }
  ~PartFile() {
    if (file_ >= 0) {
      ::close(file_);
      ::unlink(part_.c_str());
    }
  }
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  bool write(std::string_view bytes) {
    while (!bytes.empty() && error_ == 0) {
      const ssize_t count = ::write(file_, bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (note_errno(count >= 0)) bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return error_ == 0;
  }
  bool put_in_place() {
    if (!note_errno(::fsync(file_) == 0)) return false;
    if (!note_errno(::rename(part_.c_str(), place_.c_str()) == 0)) return false;
    ::close(file_);
    file_ = -1;
    return true;
  }
  /// What failed, if anything did.
  std::optional<Error> error() const {
    if (error_ == 0) return std::nullopt;
    return failure(std::string("cannot write: ") + std::strerror(error_), place_.string(),
                   "check that the cache folder can be written and has free space, or name another with --cache");
  }

 private:
  bool note_errno(bool ok) {
    if (!ok) error_ = errno;
    return ok;
  }
  fs::path place_;
  fs::path part_;
  int file_ = -1;
  int error_ = 0;
};

/// One file on its way from the network to its place.
struct Transfer {
  const DataFile& file;
  PartFile& part;
  const std::function<bool(const Progress&)>& on_progress;
  Sha256 hash{};
  std::uint64_t done = 0;
  bool too_large = false;
  bool stopped = false;
};

std::size_t on_bytes(char* bytes, std::size_t /*always 1*/, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  transfer.done += count;
  transfer.too_large = transfer.done > transfer.file.bytes;
  if (transfer.too_large || !transfer.part.write({bytes, count})) return 0;
  transfer.hash.update({bytes, count});
  return count;
}

int on_tick(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto& transfer = *static_cast<Transfer*>(user);
  transfer.stopped =
      transfer.on_progress &&
      !transfer.on_progress({.file = transfer.file.name, .done = transfer.done, .total = transfer.file.bytes});
  return transfer.stopped ? 1 : 0;
}

/// One connection for all files of a set.
class Connection {
 public:
  Connection() {
    static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (started == CURLE_OK) handle_.reset(curl_easy_init());
  }

  /// Streams `url` into the transfer; the text of what went wrong, if anything did.
  std::optional<std::string> run(const std::string& url, Transfer& transfer) {
    CURL* curl = handle_.get();
    if (curl == nullptr) return "cannot start libcurl";
    std::array<char, CURL_ERROR_SIZE> message{};
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, message.data());
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_tick);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 5L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https,http,file");
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "https,http");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 20L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, 30L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "cradle");
    const CURLcode code = curl_easy_perform(curl);
    if (code == CURLE_OK) return std::nullopt;
    return message[0] != '\0' ? std::string(message.data()) : std::string(curl_easy_strerror(code));
  }

 private:
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle_{nullptr, curl_easy_cleanup};
};

/// Parts that a killed process left behind.
void remove_stale_parts(const fs::path& place) {
  std::error_code ignored;
  const std::string prefix = place.filename().string() + ".";
  for (fs::directory_iterator entry(place.parent_path(), ignored), end; !ignored && entry != end;
       entry.increment(ignored)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with(prefix) || !name.ends_with(".part")) continue;
    std::error_code failed;
    fs::remove(entry->path(), failed);
  }
}

Result<void> download(Connection& connection, const std::string& url, const DataFile& file, const fs::path& place,
                      const std::function<bool(const Progress&)>& on_progress) {
  remove_stale_parts(place);
  PartFile part(place);
  if (auto error = part.error()) return *error;
  Transfer transfer{.file = file, .part = part, .on_progress = on_progress};
  const auto problem = connection.run(url, transfer);
  if (transfer.stopped) return failure("stopped, nothing kept of this file", url, "run the same command again");
  if (auto error = part.error()) return *error;
  const std::string other_file =
      "the file at this address is not the one we know: check the mirror, or remove --mirror";
  if (transfer.too_large)
    return failure("is larger than the expected " + std::to_string(file.bytes) + " bytes", url, other_file);
  if (problem)
    return failure("download failed: " + *problem, url,
                   "check the network or proxy, or fetch from a copy with --mirror URL (file:///folder works; it holds "
                   "SET/FILE)");
  if (transfer.done != file.bytes)
    return failure("has " + std::to_string(transfer.done) + " bytes, expected " + std::to_string(file.bytes), url,
                   other_file);
  const std::string digest = transfer.hash.hex();
  if (digest != file.sha256)
    return failure("wrong checksum: expected sha256 " + file.sha256 + ", got " + digest, url, other_file);
  if (!part.put_in_place()) return *part.error();
  return {};
}

}  // namespace

Result<Fetched> get_data_set(const DataSet& set, const fs::path& cache, std::string_view mirror,
                             const std::function<bool(const Progress&)>& on_progress) {
  while (mirror.ends_with('/')) mirror.remove_suffix(1);
  if (!mirror.empty() && mirror.find("://") == std::string_view::npos)
    return bad_input("'" + std::string(mirror) + "' is no URL", "--mirror",
                     "write https://..., or file:///absolute/folder for a folder");
  Fetched fetched;
  fetched.folder = cache / "data" / set.folder;
  std::error_code problem;
  fs::create_directories(fetched.folder, problem);
  if (problem)
    return failure("cannot create: " + problem.message(), fetched.folder.string(),
                   "check the permissions, or name another folder with --cache");

  Connection connection;
  for (const DataFile& file : set.files) {
    const fs::path place = fetched.folder / file.name;
    const auto digest = sha256_of_file(place);
    if (digest && *digest == file.sha256) {
      fetched.present.push_back(file.name);
      continue;
    }
    const std::string url = mirror.empty() ? file.url : std::string(mirror) + "/" + set.folder + "/" + file.name;
    if (auto ok = download(connection, url, file, place, on_progress); !ok) {
      fs::remove(fetched.folder, problem);  // only if it is empty
      return std::move(ok).error();
    }
    fetched.downloaded.push_back(file.name);
    fetched.bytes += file.bytes;
  }
  return fetched;
}

}  // namespace cradle::workload
