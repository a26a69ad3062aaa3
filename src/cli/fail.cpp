#include <cstdio>

#include "verbs.h"

namespace cradle::cli {

int fail(const Error& error) {
  std::fprintf(stderr, "cradle: %s\n", to_string(error).c_str());
  return exit_code(error.code);
}

}  // namespace cradle::cli
