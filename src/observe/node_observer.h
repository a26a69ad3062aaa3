// The observer made of ready parts: what Observer::open composes, and tests compose of their own.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "checkpoint.h"
#include "cradle/base/file.h"
#include "cradle/kernel/self_map.h"
#include "cradle/observe/observer.h"
#include "cradle/observe/self_service.h"
#include "entry_log.h"
#include "hardware.h"
#include "memory_weights.h"
#include "price.h"
#include "reservation.h"
#include "tenant_table.h"
#include "tick_division.h"
#include "zones.h"

namespace cradle::observe {

struct Parts {
  std::unique_ptr<capture::Capture> capture;
  std::vector<std::unique_ptr<meter::Meter>> meters;
  Zones::GpuUse gpu_use;                      ///< empty: no meter tells it
  std::unique_ptr<kernel::SelfMap> self_map;  ///< null: none
  std::int32_t own_pid = 0;                   ///< of this program: what it uses is overhead
  std::size_t backlog = 100'000;              ///< entries kept while the disk takes none
  std::int64_t window_ms = 60'000;            ///< of an entry
};

class NodeObserver : public Observer {
 public:
  /// Takes the first scan and the meters' marks. Errors as Observer::open.
  static Result<std::unique_ptr<NodeObserver>> compose(const ObserverOptions& options, Parts parts,
                                                       const catalog::Catalog& catalog);
  Result<void> tick() override;
  void settle(std::chrono::milliseconds patience) override;
  const Snapshot& snapshot() const override { return snapshot_; }
  Result<void> finish() override;

  /// A checkpoint that outlives a killed program, and one that outlives the machine.
  static constexpr std::int64_t checkpoint_every_ns = 900'000'000, sync_every_ns = 60'000'000'000;

 private:
  /// What one process used of one tick in one group.
  struct Share {
    std::size_t scan_group = 0;
    std::size_t process = 0;  ///< in snapshot_.processes
    std::int64_t cpu_ns = 0, accelerator_use = 0;
  };

  NodeObserver(const ObserverOptions& options, Parts parts, Hardware hardware);
  Result<void> begin(const capture::Scan& first);
  meter::Activity activity_of(const capture::Scan& scan);
  void read_meters(const capture::Scan& scan);
  void take_in_groups(const capture::Scan& scan);
  void find_own_group(const capture::Scan& scan);
  void find_accelerator_uses();
  void account_groups(const capture::Scan& scan, const TickPrice& price);
  void account_processes(const capture::Scan& scan, const TickPrice& price);
  void tell_processes(std::span<const Share> shares, const TickPrice& price);
  void account_node(const capture::Scan& scan, const TickPrice& price);
  carbon::Period wall_of(const capture::Scan& scan);
  void publish(const capture::Scan& scan);
  void restore();
  Result<void> save_checkpoint(Durability durability);

  ObserverOptions options_;
  Parts parts_;
  Hardware hardware_;
  Snapshot snapshot_;
  Zones zones_;
  Reservations reservations_;
  MemoryWeights memory_weights_;
  TickDivision division_;
  TenantTable tenants_;
  std::optional<EntryLog> log_;
  std::unique_ptr<SelfService> service_;
  Notes notes_;

  std::int64_t now_ns_ = 0;  ///< sum of the intervals: goes only forward
  std::int64_t saved_ns_ = 0, synced_ns_ = 0;
  Instant last_at_;
  std::uint64_t own_group_ = 0;
  bool own_group_known_ = false;
  std::int64_t busy_sum_ns_ = 0, seen_sum_ns_ = 0;  ///< of the processors, by /proc/stat and by groups
  std::int64_t own_ns_ = 0;                         ///< of this tick, taken out of the own group's use

  // Kept from tick to tick for their memory.
  std::vector<std::size_t> position_;  ///< by group of the scan: in snapshot_.groups
  std::vector<GroupUse> uses_;         ///< by group of the scan
  std::vector<AcceleratorUse> accelerator_uses_;
  std::vector<Share> shares_;  ///< by group of the scan
  std::vector<std::int64_t> weights_;
  std::vector<attribution::MicroJoules> pieces_;
  std::unordered_map<std::uint64_t, std::size_t> scan_group_;  ///< by id
};

}  // namespace cradle::observe
