// What a node asks for: a fixed figure, a file that others write, or what its meters say and a bit more.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"
#include "cradle/exchange/config.h"
#include "cradle/meter/meter.h"

namespace cradle::exchange {

/// A file with one number in watts, read again when it changed.
class WattsFile {
 public:
  explicit WattsFile(std::filesystem::path file) : file_(std::move(file)) {}
  /// True: there is a new figure. A file that is gone or holds anything else is an error once for each change.
  Result<bool> look(bool always);
  carbon::Watts watts() const { return watts_; }

 private:
  std::filesystem::path file_;
  std::string seen_;
  carbon::Watts watts_{0};
};

class DemandSource {
 public:
  /// bad_input for a meter that is a model: what is asked for must be measured.
  static Result<DemandSource> open(const DemandConfig& config);
  /// What it is now; errors are told once and leave the last figure.
  Result<carbon::Watts> read(power::Ticks now, bool always);

 private:
  explicit DemandSource(DemandConfig config) : config_(std::move(config)), file_(config_.file) {}
  DemandConfig config_;
  WattsFile file_;
  std::vector<std::unique_ptr<meter::Meter>> meters_;
  power::Ticks last_ = 0;
  carbon::Watts metered_{0};
};

}  // namespace cradle::exchange
