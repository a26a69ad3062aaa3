#include "node_program.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "cradle/observe/metrics.h"

namespace cradle::cli {

namespace {

/// What `program --version` prints, without its end of line; empty if it cannot be run.
std::string version_of(const std::string& program) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return {};
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  std::string path = program, option = "--version";
  char* words[] = {path.data(), option.data(), nullptr};
  pid_t child = -1;
  const int error = ::posix_spawn(&child, program.c_str(), &actions, nullptr, words, environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  std::string text;
  char buffer[256];
  for (ssize_t got = 0; error == 0 && (got = ::read(ends[0], buffer, sizeof buffer)) != 0;) {
    if (got > 0) text.append(buffer, static_cast<std::size_t>(got));
    if (got < 0 && errno != EINTR) break;
  }
  ::close(ends[0]);
  while (error == 0 && ::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  return text.substr(0, text.find('\n'));
}

/// Where it may lie, best first.
std::vector<std::filesystem::path> folders() {
  std::vector<std::filesystem::path> all;
  std::error_code unknown;
  if (const auto self = std::filesystem::read_symlink("/proc/self/exe", unknown); !unknown)
    all.push_back(self.parent_path());
  const char* path = std::getenv("PATH");
  for (std::string_view rest = path ? path : ""; !rest.empty();) {
    const std::string_view folder = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(rest.size(), folder.size() + 1));
    if (folder.starts_with('/')) all.emplace_back(folder);
  }
  return all;
}

/// The options of this call. A value is a word of its own: "--name=" would take the next word for an empty one.
std::vector<std::string> words_of(const CLI::App& verb, const Common& common) {
  std::vector<std::string> words;
  for (const auto& folder : common.catalog) words.insert(words.end(), {"--catalog", folder.string()});
  if (common.quiet) words.push_back("--quiet");
  for (const CLI::Option* option : verb.get_options()) {
    if (option->count() == 0) continue;
    if (option->get_expected_max() == 0)
      words.push_back(option->get_name());
    else
      for (const std::string& value : option->results()) words.insert(words.end(), {option->get_name(), value});
  }
  return words;
}

}  // namespace

void become_node_program(const CLI::App& verb, const Common& common) {
  const std::string own = "cradle " + std::string(observe::metrics_version);
  for (const std::filesystem::path& folder : folders()) {
    std::string program = (folder / "cradle-observe").string();
    if (::access(program.c_str(), X_OK) != 0 || version_of(program) != own) continue;
    std::vector<std::string> words = words_of(verb, common);
    std::vector<char*> pointers{program.data()};
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    ::execv(program.c_str(), pointers.data());
  }
  if (!common.quiet)
    std::fprintf(stderr,
                 "cradle: note: no cradle-observe of version %s beside this program or in PATH: this one, which takes "
                 "some 10 MB more, goes on as the daemon\n",
                 std::string(observe::metrics_version).c_str());
}

}  // namespace cradle::cli
