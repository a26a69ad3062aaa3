// The capture by BPF, with what only it can do beyond Capture.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cradle/capture/capture.h"
#include "cradle/kernel/process_meter.h"

namespace cradle::capture {

/// CPU time of one group since the scan before, by number of the processor.
struct GroupProcessorUsage {
  std::uint64_t group = 0;  ///< GroupUsage::id
  std::vector<std::int64_t> cpu_ns;
};

class BpfCapture final : public Capture {
 public:
  /// Fails as open_bpf does. Bytes or switches that cannot be had are left out, with a note.
  static Result<std::unique_ptr<BpfCapture>> open(const CaptureOptions& options);
  ~BpfCapture() override;

  Tier tier() const override { return Tier::bpf; }
  std::vector<std::string> notes() const override;
  Result<Scan> scan() override;
  Result<bool> settle(std::chrono::milliseconds limit) override;

  /// Of the last scan; empty without CaptureOptions::switches.
  const std::vector<GroupProcessorUsage>& by_processor() const;

 private:
  class State;
  explicit BpfCapture(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace cradle::capture
