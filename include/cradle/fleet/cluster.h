// The state of a fleet: sites, nodes, devices; what is free, what fits, what it draws.
//
// Nodes are kept as columns (one array per resource) because every placement reads one resource of all nodes.
// The order of the nodes is part of the state: policies break ties by the lowest index.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"
#include "cradle/workload/job.h"

namespace cradle::fleet {

inline constexpr int milli = workload::milli;
inline constexpr int max_gpus = workload::max_gpus_per_job;

using NodeIndex = std::uint32_t;
using SiteIndex = std::uint16_t;
using GpuModel = std::uint8_t;  ///< index into Cluster::gpu_models()
inline constexpr GpuModel no_gpu = 63;
inline constexpr std::size_t max_gpu_models = 63;

/// Draw by state. A GPU draws `gpu_full` as soon as any of it is allocated and `gpu_idle` otherwise; a processor
/// socket likewise, sockets being filled one after the other with two threads a core; memory and the rest of the
/// machine (fans, board, network) draw a constant.
/// Source: the model of Lettich et al., PWR (CCGrid 2025), to which the constant terms are added (0 reproduces it).
struct PowerModel {
  carbon::Watts gpu_idle{};
  carbon::Watts gpu_full{};
  carbon::Watts socket_idle{};
  carbon::Watts socket_full{};
  int cores_per_socket = 1;
  carbon::Watts memory{};  ///< of the whole machine
  carbon::Watts base{};    ///< of the whole machine
  friend bool operator==(const PowerModel&, const PowerModel&) = default;
};

/// What a machine is, before anything runs on it.
struct NodeSpec {
  std::string name;
  std::int64_t cpu_milli = 0;
  std::int64_t memory_mib = 0;
  int gpu_count = 0;
  std::string gpu_model;
  SiteIndex site = 0;
  PowerModel power;
};

/// A demand whose model names have been looked up in one cluster.
struct Request {
  std::int64_t cpu_milli = 0;
  std::int64_t memory_mib = 0;
  int gpu_count = 0;
  int gpu_milli = 0;
  std::uint64_t accepted_models = ~std::uint64_t{0};  ///< bit per GpuModel

  bool shares_gpu() const { return gpu_count == 1 && gpu_milli < milli; }
  std::int64_t total_gpu_milli() const { return std::int64_t{gpu_count} * gpu_milli; }
  friend bool operator==(const Request&, const Request&) = default;
};

/// Where a job runs: its node and, as a bit set, its GPUs.
struct Placement {
  NodeIndex node = 0;
  std::uint32_t gpus = 0;
  friend bool operator==(const Placement&, const Placement&) = default;
};

using GpuShares = std::array<std::int16_t, max_gpus>;  ///< milli-GPU left, by device

/// One node as a policy sees it.
struct NodeView {
  std::int64_t cpu_capacity;
  std::int64_t cpu_left;
  std::int64_t memory_left;
  int gpu_count;
  GpuModel gpu_model;
  SiteIndex site;
  const GpuShares& gpu_left;
  std::int64_t gpu_total_left;
  /// Running jobs by kind of GPU demand: [0] sharing jobs, [n] jobs of n whole GPUs.
  const std::array<std::uint16_t, max_gpus + 1>& affinity;
  const PowerModel& power;
};

/// The draw of a node with `cpu_left` and `idle_gpus` fully free GPUs.
struct NodePower {
  carbon::Watts gpu, cpu, memory, base;
  carbon::Watts total() const { return gpu + cpu + memory + base; }
};
NodePower node_power(const PowerModel& model, std::int64_t cpu_capacity, std::int64_t cpu_left, int gpu_count,
                     int idle_gpus);
/// Sockets of a machine with this many threads, two threads a core.
int socket_count(const PowerModel& model, std::int64_t cpu_capacity);

class Cluster {
 public:
  /// bad_input: no node, a negative or absurd size, more than max_gpus GPUs on a node, too many GPU models, or a
  /// duplicate name.
  static Result<Cluster> make(std::span<const NodeSpec> nodes);

  std::size_t size() const { return cpu_left_.size(); }
  const std::string& name(NodeIndex node) const { return specs_[node].name; }
  const NodeSpec& spec(NodeIndex node) const { return specs_[node]; }
  std::span<const std::string> gpu_models() const { return gpu_models_; }

  /// Looks the model names up. A name that no node has is kept as "accepts nothing" and reported by `fits_empty`.
  Request request(const workload::Demand& demand) const;
  /// True if some node could run the request were it empty.
  bool fits_empty(const Request& request) const;
  bool fits_empty(NodeIndex node, const Request& request) const;

  NodeView view(NodeIndex node) const;
  bool fits(NodeIndex node, const Request& request) const;
  /// True if just these GPUs, and the rest of the request on their node, are free.
  bool fits(const Placement& placement, const Request& request) const;
  std::span<const std::int64_t> memory_left() const { return memory_left_; }
  SiteIndex site(NodeIndex node) const { return specs_[node].site; }

  /// Precondition: fits, and the GPU set is one the request can have.
  void place(const Placement& placement, const Request& request);
  void release(const Placement& placement, const Request& request);

  /// The whole GPUs of a placement go from one draw to another, in thousandths of their full draw each (a power cap;
  /// `milli` is none). Nothing but `power` looks at it. Whoever releases a capped placement lifts the cap first.
  void set_draw(const Placement& placement, int from_milli, int to_milli);

  std::int64_t gpu_milli_capacity() const { return gpu_capacity_; }
  std::int64_t gpu_milli_used() const { return gpu_used_; }
  std::int64_t cpu_milli_capacity() const { return cpu_capacity_; }
  std::int64_t cpu_milli_used() const { return cpu_used_; }
  std::int64_t max_cpu_milli() const { return max_cpu_; }        ///< of one node
  std::int64_t max_gpu_milli() const { return max_gpu_milli_; }  ///< of one node

  NodePower power(NodeIndex node) const;

  /// Every place and release appends its node here: caches read what changed since they last looked.
  std::span<const NodeIndex> changes() const { return changes_; }
  /// Position in changes() of the node's last change, plus one; 0 if it never changed.
  std::size_t last_change(NodeIndex node) const { return last_change_[node]; }

 private:
  Cluster() = default;
  void changed(NodeIndex node);

  std::vector<NodeSpec> specs_;
  std::vector<GpuModel> model_;
  std::vector<std::int64_t> cpu_left_, memory_left_, gpu_total_left_;
  std::vector<GpuShares> gpu_left_;
  std::vector<int> gpu_saved_milli_;  ///< by node: what caps take off the full draw of its GPUs
  std::vector<std::array<std::uint16_t, max_gpus + 1>> affinity_;
  std::vector<std::string> gpu_models_;
  std::vector<NodeIndex> changes_;
  std::vector<std::size_t> last_change_;
  std::int64_t gpu_capacity_ = 0, gpu_used_ = 0, cpu_capacity_ = 0, cpu_used_ = 0, max_cpu_ = 0, max_gpu_milli_ = 0;
};

/// True if the node has the processor share, the model and the GPU shares (memory is not looked at).
bool fits_compute(const NodeView& node, const Request& request);
int idle_gpus(const NodeView& node);
/// The first fully idle GPUs in device order. Precondition: there are enough.
std::uint32_t first_idle_gpus(const NodeView& node, int count);
/// The GPU with the least share left that still fits, the first on a tie. Precondition: one fits.
std::uint32_t tightest_gpu(const NodeView& node, int gpu_milli);

}  // namespace cradle::fleet
