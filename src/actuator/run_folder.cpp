#include "run_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>
#include <system_error>
#include <thread>

#include "cradle/actuator/owner.h"
#include "cradle/base/file.h"
#include "cradle/base/text.h"
#include "register.h"

namespace cradle::actuator {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view first_line = "cradle actuator 1";
constexpr std::string_view last_line = "end";
constexpr std::size_t longest_name = 180;
constexpr auto between_tries = std::chrono::milliseconds(20);

std::string reason(int error) { return to_lower(std::generic_category().message(error)); }

bool plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x20; });
}

/// "/sys/a/b" as "sys!a!b"; the end of a long one, told apart by a hash (FNV-1a).
std::string file_name(const std::string& key) {
  std::string name = key.starts_with('/') ? key.substr(1) : key;
  std::replace(name.begin(), name.end(), '/', '!');
  if (name.size() <= longest_name) return name;
  std::uint64_t hash = 14695981039346656037u;
  for (const char letter : name) hash = (hash ^ static_cast<unsigned char>(letter)) * 1099511628211u;
  return std::to_string(hash) + name.substr(name.size() - longest_name);
}

/// A process that was killed and not waited for does not run.
bool runs(std::int64_t pid) {
  if (pid <= 0 || (::kill(static_cast<pid_t>(pid), 0) != 0 && errno != EPERM)) return false;
  const auto line = read_line("/proc/" + std::to_string(pid) + "/stat");
  if (!line) return false;
  const auto after = line->rfind(") ");
  return after == std::string::npos || (*line)[after + 2] != 'Z';
}

}  // namespace

Result<std::string> to_text(const Journal& journal) {
  std::string text =
      std::string(first_line) + "\ndevice " + journal.device + "\nowner " + std::to_string(journal.owner) + "\n";
  bool whole = plain(journal.device);
  for (const Write& write : journal.saved) {
    whole = whole && plain(write.target) && plain(write.text);
    text += write.target + "\t" + write.text + "\n";
  }
  if (!whole) return bad_input("control characters in its name or value", journal.device, "rename the device");
  return text.append(last_line).append("\n");
}

Result<Journal> parse_journal(std::string_view text, std::string_view where) {
  const auto damaged = [&](const std::string& what) {
    return bad_input("damaged journal: " + what, std::string(where),
                     "look at the device by hand, then remove this file");
  };
  if (!text.ends_with('\n')) return damaged("it ends within a line");
  const auto lines = split(text.substr(0, text.size() - 1), '\n');
  if (lines.size() < 4 || lines[0] != first_line || lines.back() != last_line)
    return damaged("begin or end is missing");
  Journal journal;
  if (!lines[1].starts_with("device ")) return damaged("no device");
  journal.device = lines[1].substr(7);
  const auto owner = lines[2].starts_with("owner ") ? parse_integer(lines[2].substr(6)) : std::nullopt;
  if (!owner || *owner < 0 || *owner > 0x7fffffff) return damaged("no owner");
  journal.owner = static_cast<pid_t>(*owner);
  for (std::size_t i = 3; i + 1 < lines.size(); ++i) {
    const auto tab = lines[i].find('\t');
    if (tab == std::string_view::npos || tab == 0) return damaged("line " + std::to_string(i + 1));
    journal.saved.push_back({std::string(lines[i].substr(0, tab)), std::string(lines[i].substr(tab + 1))});
    if (!plain(journal.saved.back().target) || !plain(journal.saved.back().text))
      return damaged("line " + std::to_string(i + 1));
  }
  return journal;
}

Result<void> write_back(const Journal& journal) {
  std::optional<Error> refused;
  for (const Write& write : journal.saved) {
    const auto written = write_register(write);
    if (!written && written.error().code != ErrorCode::missing_data && !refused) refused = written.error();
  }
  if (refused) return *refused;
  return {};
}

Lock& Lock::operator=(Lock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

void Lock::free() {
  if (fd_ < 0) return;
  ::flock(fd_, LOCK_UN);
  leave();
}

void Lock::leave() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

Result<Lock> try_lock(const fs::path& file) {
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return failure("cannot make the lock: " + reason(errno), file.string(), "check the run folder");
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return Lock(fd);
  const int error = errno;
  ::close(fd);
  if (error == EWOULDBLOCK) return missing_data("it is taken", file.string(), "wait for its owner");
  return failure("cannot lock: " + reason(error), file.string(), "use a run folder on a local file system");
}

Result<RunFolder> RunFolder::open(const fs::path& path) {
  const fs::path folder = fs::absolute(path).lexically_normal();
  std::error_code error;
  if (folder.has_parent_path()) fs::create_directories(folder.parent_path(), error);
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return failure("cannot make the run folder: " + reason(errno), folder.string(), "run as root, or name another");
  struct stat status {};
  if (::lstat(folder.c_str(), &status) != 0)
    return failure("cannot look at the run folder: " + reason(errno), folder.string(), "name another");
  // What stands there is written to the machine's devices: nobody else may put it there.
  if (!S_ISDIR(status.st_mode) || status.st_uid != ::geteuid() || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return failure("the run folder is not this user's alone", folder.string(),
                   "chown it to this user and `chmod 700` it, or name another");
  return RunFolder(folder);
}

fs::path RunFolder::journal(const std::string& key) const { return path_ / (file_name(key) + journal_ending); }

Result<Lock> RunFolder::lock(const std::string& key, const std::string& name, carbon::Seconds patience) const {
  const fs::path file = path_ / (file_name(key) + lock_ending);
  const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(patience.value());
  for (;;) {
    auto lock = try_lock(file);
    if (lock) {
      const std::string text = std::to_string(::getpid()) + "\n";
      const bool told = ::ftruncate(lock->fd(), 0) == 0 &&
                        ::pwrite(lock->fd(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
      if (!told) return failure("cannot write the lock: " + reason(errno), file.string(), "free some space there");
      return lock;
    }
    if (lock.error().code != ErrorCode::missing_data) return lock.error();
    const auto pid = read_count(file);
    const bool alive = pid && runs(*pid);
    if (alive)
      return failure("it has an owner: process " + std::to_string(*pid), "device '" + name + "'",
                     *pid == ::getpid() ? "this process has taken it already: use that actuator"
                                        : "end that process first; it will put the device back");
    if (std::chrono::steady_clock::now() >= until)
      return failure("its owner is dead, and the watchdog is still putting it back", "device '" + name + "'",
                     "look for a process 'cradle-watchdog'; try again in a moment");
    std::this_thread::sleep_for(between_tries);
  }
}

Result<std::vector<std::string>> restore(const fs::path& run_folder, Apply apply) {
  std::vector<std::string> notes;
  std::error_code absent;
  if (!fs::exists(run_folder, absent)) return notes;
  if (const auto folder = RunFolder::open(run_folder); !folder) return folder.error();
  for (const std::string& name : names_in(run_folder)) {
    if (!name.ends_with(journal_ending)) continue;
    const fs::path file = run_folder / name;
    auto lock = try_lock(fs::path(file).replace_extension(lock_ending));
    if (!lock && lock.error().code != ErrorCode::missing_data) return lock.error();
    const auto text = read_file(file, 1 << 20);
    if (!text) {
      if (text.error().code == ErrorCode::missing_data) continue;  // its owner has just put it back
      return text.error();
    }
    const auto journal = parse_journal(*text, file.string());
    if (!journal) return journal.error();
    const std::string whose = journal->device + ", saved by process " + std::to_string(journal->owner);
    if (!lock) {
      notes.push_back(whose + ": has an owner, left alone");
    } else if (apply == Apply::no) {
      notes.push_back(whose + ": would be put back");
    } else {
      if (const auto written = write_back(*journal); !written) return written.error();
      std::error_code ignored;
      fs::remove(file, ignored);
      notes.push_back(whose + ": put back");
    }
  }
  return notes;
}

}  // namespace cradle::actuator
