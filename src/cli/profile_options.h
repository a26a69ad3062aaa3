// What `cradle profile` takes from the command line.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "verbs.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the name is the library's
class App;
}

namespace cradle::cli {

struct ProfileVerbOptions {
  int device = 0;
  int steps = 8, repetitions = 3;
  double window_seconds = 2, settle_seconds = 1;
  std::string accelerator;          ///< of the catalogue; empty: what the device's name says
  std::string id;                   ///< of the record; empty: synthetic-slices-ACCELERATOR
  std::filesystem::path record;     ///< where the raw run goes
  std::filesystem::path recorded;   ///< a raw run to read instead of measuring
  std::filesystem::path catalogue;  ///< --output: where the catalogue record goes
  std::string management_library = "libnvidia-ml.so.1", driver_library = "libcuda.so.1";
  bool json = false;
};

/// Adds the verb with its action `gpu`.
void add_profile_verb(CLI::App& app, ProfileVerbOptions& options, const std::function<void()>& act);

int run_profile(const ProfileVerbOptions& options, const Common& common);

}  // namespace cradle::cli
