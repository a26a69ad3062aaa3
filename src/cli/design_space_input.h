// What `design explore` and `design show` take alike: the study, the catalogue, and measured use.
#pragma once

#include <optional>
#include <string>

#include "cradle/base/result.h"
#include "cradle/design/space.h"
#include "verbs.h"

namespace cradle::cli {

struct DesignSpaceInput {
  std::string text;    ///< of the study
  std::string source;  ///< path, or "embedded study NAME"
  std::optional<design::MeasuredUse> measured;
  design::Space space;
};

/// The default study where none is named. Notes that a person should see go to standard error.
Result<DesignSpaceInput> read_design_space(const DesignOptions& options, const Common& common);

/// Prints the study's text for --print; returns the exit code.
int print_design_study(const DesignOptions& options);

/// Refuses an output that would overwrite the study, the ledger or another output, or whose folder cannot be written.
Result<void> check_design_outputs(const DesignOptions& options);

inline constexpr const char* default_design_space = "accelerator";

}  // namespace cradle::cli
