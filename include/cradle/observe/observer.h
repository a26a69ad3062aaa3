// The observer of one node: ticks that scan, meter, attribute, and account in grams; a ledger and a checkpoint.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/capture/capture.h"
#include "cradle/catalog/catalog.h"
#include "cradle/meter/meter.h"
#include "cradle/observe/memory_class.h"
#include "cradle/observe/node.h"

namespace cradle::observe {

struct ObserverOptions {
  capture::CaptureOptions capture;
  meter::MeterOptions meter;
  Place place;
  attribution::IdlePolicy policy = attribution::IdlePolicy::none;
  std::vector<MemoryClass> memory_classes;  ///< the first that matches a group counts; none matches: medium
  std::filesystem::path checkpoint;         ///< empty: none. Counters go on from it after a restart
  std::filesystem::path ledger;             ///< empty: none. One run for each start of the observer
  std::filesystem::path self_service;       ///< Unix socket at which a process asks for its own use; empty: none
  std::filesystem::path self_map;  ///< file in a bpffs at which a map of every group's use is pinned; empty: none
  std::int64_t ended_kept_ns = 300'000'000'000;  ///< how long what ended stays in the snapshot
  std::size_t ended_kept = 10'000;               ///< and how many; older ones go into their parent group's totals
};

class Observer {
 public:
  /// Opens capture, meters, ledger, checkpoint and takes the first scan. Errors of each, with what would help.
  static Result<std::unique_ptr<Observer>> open(const ObserverOptions& options, const catalog::Catalog& catalog);
  /// The same with a capture that is open already (`options.capture` is not looked at), so that the catalogue need not
  /// be in memory while BPF is loaded, which takes 11 MB for a moment. Nothing of the catalogue is kept.
  static Result<std::unique_ptr<Observer>> open(const ObserverOptions& options, const catalog::Catalog& catalog,
                                                std::unique_ptr<capture::Capture> capture);
  virtual ~Observer() = default;

  /// Scans, reads the meters, divides, accounts. What a ledger or checkpoint cannot take (disk full) is kept and tried
  /// again, bounded and counted in the notes; it never stops the observer. failed only if nothing can be scanned.
  virtual Result<void> tick() = 0;
  /// Waits, no longer than `patience`, until the kernel has told of every process that has ended: the next tick then
  /// has all that a command used. Without effect where the kernel does not tell.
  virtual void settle(std::chrono::milliseconds patience) = 0;
  virtual const Snapshot& snapshot() const = 0;
  /// Checkpoint and ledger made durable and closed; the run marked as finished.
  virtual Result<void> finish() = 0;
};

}  // namespace cradle::observe
