#include "workloads.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ctime>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>

namespace cradle::bench {

namespace {

using Clock = std::chrono::steady_clock;

void write_makefile(const std::filesystem::path& folder, const char* compile, const char* ending) {
  std::ofstream(folder / "Makefile") << "sources := $(wildcard *." << ending << ")\nall: $(sources:." << ending
                                     << "=.o)\n%.o: %." << ending << "\n\t" << compile
                                     << " -c $< -o $@\nclean:\n\trm -f *.o\n.PHONY: all clean\n";
}

/// `text` with every '@' as `number`.
std::string numbered(std::string_view text, const std::string& number) {
  std::string out;
  for (const char c : text) {
    if (c == '@') {
      out += number;
    } else {
      out += c;
    }
  }
  return out;
}

/// Burns CPU time, not wall time, so that a busy machine does not change how much it is.
void burn(std::chrono::nanoseconds time) {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  const std::int64_t end = now.tv_sec * 1'000'000'000LL + now.tv_nsec + time.count();
  do {
    volatile int turn = 0;
    while (turn < 1000) turn = turn + 1;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  } while (now.tv_sec * 1'000'000'000LL + now.tv_nsec < end);
}

/// Runs a command with its output thrown away, by vfork.
int spawn(const std::vector<std::string>& command) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  std::vector<char*> arguments;
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  pid_t process = -1;
  const int error = posix_spawnp(&process, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  return error != 0 ? 127 : wait_for(process);
}

}  // namespace

void write_small_c(const std::filesystem::path& folder, int files) {
  std::filesystem::create_directories(folder);
  for (int k = 0; k < files; ++k) {
    const std::string number = std::to_string(k);
    std::ofstream(folder / ("small_" + number + ".c")) << numbered(R"(#include <stdio.h>
#include <string.h>
int work_@(int n) {
  char text[64];
  int sum = @;
  for (int i = 0; i < n; ++i) sum += snprintf(text, sizeof text, "%d", i * sum);
  return sum + (int)strlen(text);
}
)",
                                                                   number);
  }
  write_makefile(folder, "cc -O1", "c");
}

void write_heavy_cpp(const std::filesystem::path& folder, int files) {
  std::filesystem::create_directories(folder);
  for (int k = 0; k < files; ++k) {
    const std::string number = std::to_string(k);
    std::ofstream(folder / ("heavy_" + number + ".cpp")) << numbered(R"(#include <algorithm>
#include <functional>
#include <iostream>
#include <map>
#include <random>
#include <regex>
#include <string>
#include <unordered_map>
#include <vector>

template <class Char>
std::basic_string<Char> replaced(const std::basic_string<Char>& text, const Char* pattern) {
  using Parts = std::regex_token_iterator<typename std::basic_string<Char>::const_iterator>;
  const std::basic_regex<Char> searched(pattern);
  std::vector<std::basic_string<Char>> parts(Parts(text.begin(), text.end(), searched), Parts());
  std::sort(parts.begin(), parts.end());
  return std::regex_replace(text, searched, parts.empty() ? text : parts.front());
}
template std::string replaced(const std::string&, const char*);

std::map<std::string, std::function<double(double)>> work_@(const std::string& text) {
  static const std::regex word("[a-z]+(@)?");
  std::map<std::string, std::function<double(double)>> out;
  std::unordered_map<std::string, std::vector<std::string>> seen;
  std::mt19937_64 random(@);
  for (std::sregex_iterator i(text.begin(), text.end(), word), end; i != end; ++i) {
    seen[i->str()].push_back(i->format("$1"));
    out[i->str()] = [&](double x) { return std::normal_distribution<double>(x)(random); };
  }
  std::cout << seen.size() << std::endl;
  return out;
}
)",
                                                                     number);
  }
  write_makefile(folder, "c++ -std=c++17 -O2", "cpp");
}

pid_t start_make(const Group& group, const std::filesystem::path& folder) {
  return group.start_command({"make", "-j2", "-C", folder.string()});
}

pid_t start_builds(const Group& group, const std::filesystem::path& folder, std::chrono::milliseconds time) {
  return group.start([folder, time] {
    const auto end = Clock::now() + time;
    while (Clock::now() < end) {
      spawn({"make", "-C", folder.string(), "clean"});
      if (const int status = spawn({"make", "-j2", "-C", folder.string()}); status != 0) return status;
    }
    return 0;
  });
}

pid_t start_storm(const Group& group, int exits) {
  return group.start([exits] {
    for (int k = 0; k < exits; ++k) {
      if (spawn({"/bin/true"}) != 0) return 1;
    }
    return 0;
  });
}

pid_t start_burner(const Group& group, std::chrono::milliseconds time) {
  return group.start([time] {
    const auto end = Clock::now() + time;
    while (Clock::now() < end) burn(std::chrono::milliseconds(1));
    return 0;
  });
}

pid_t start_bystander(const Group& group, std::chrono::microseconds burst, std::chrono::microseconds pause) {
  return group.start([burst, pause] {
    for (;;) {
      burn(burst);
      std::this_thread::sleep_for(pause);
    }
    return 0;
  });
}

}  // namespace cradle::bench
