// The one record of the ledger: over this interval, this job used this many joules and operations of this component.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "cradle/base/time.h"
#include "cradle/carbon/estimate.h"
#include "cradle/carbon/intensity.h"
#include "cradle/carbon/quantity.h"

namespace cradle::carbon {

/// How a number is known. Entries of different kinds are never summed without saying so.
enum class Knowledge : std::uint8_t { measured, estimated, simulated };

/// What the joules of an entry are. The roles partition a meter's reading exactly.
enum class Role : std::uint8_t {
  tenant,        ///< used by, or reserved for, a job
  idle,          ///< drawn by capacity that nobody had reserved
  overhead,      ///< drawn for everybody (operating system, monitoring)
  unattributed,  ///< metered, but not seen by any observer
};

/// The kinds of operation a component's life is counted in. A time share is one of them.
enum class OperationType : std::uint8_t {
  device_second,    ///< one device reserved for one second (or two halves of it, ...)
  core_second,      ///< one processor thread reserved for one second
  gibibyte_second,  ///< one GiB of memory or storage reserved for one second
  instruction,
  fp16_flop,
  byte_written,
};

using JobIndex = std::uint32_t;
using ComponentIndex = std::uint32_t;
inline constexpr JobIndex no_job = std::numeric_limits<JobIndex>::max();

/// The power is constant over the interval by construction, so that a part of it is a proportional part of the entry.
/// Energy is counted in whole microjoules so that attributed energy adds up to the meter exactly.
struct Entry {
  Instant start;
  Instant end;
  JobIndex job = no_job;
  ComponentIndex component = 0;
  std::int64_t microjoules = 0;           ///< at the machine, before PUE
  std::int64_t baseline_microjoules = 0;  ///< of these, what would be drawn with no job at all (idle draw)
  double operations = 0;                  ///< of `operation_type`
  OperationType operation_type = OperationType::device_second;
  Role role = Role::tenant;
  Knowledge knowledge = Knowledge::simulated;
  friend bool operator==(const Entry&, const Entry&) = default;
};

/// A place with one grid connection.
struct SiteRecord {
  std::string name;
  double pue = 1;  ///< total facility energy over IT energy, >= 1 (ISO/IEC 30134-2)
  std::string grid;
  IntensitySeries average = IntensitySeries::constant(Signal::average, GramsPerKilowattHour{0});
  std::optional<IntensitySeries> marginal;
};

/// One part of one machine whose joules and embodied carbon are accounted: a GPU board, the host, the memory.
struct ComponentRecord {
  std::string machine;
  std::string kind;   ///< "gpu", "cpu", "memory", "host"
  std::string model;  ///< catalogue key
  std::uint32_t site = 0;
  Estimate<GramsCO2e> embodied;       ///< EMC of the component as made
  Operations lifetime_operations{1};  ///< Ops_lifetime in `operation_type`
  OperationType operation_type = OperationType::device_second;
  bool sunk = true;     ///< already bought: its embodied carbon is no consequence of a decision
  Seconds lifetime{0};  ///< time in service in which the lifetime operations can be had; > 0. Idle embodied needs it
};

struct JobRecord {
  std::string name;
  std::string user;
  std::string product;  ///< the software product that the job helps to make; may be empty
  Instant submitted;
  std::optional<Instant> started;
  std::optional<Instant> finished;
};

/// Where entries go. `simulate` and `observe` write to it; the ledger implements it.
class EntrySink {
 public:
  virtual ~EntrySink() = default;
  virtual void write(const Entry& entry) = 0;
};

}  // namespace cradle::carbon
