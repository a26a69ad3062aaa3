#include "cradle/fleet/cluster.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <unordered_set>

#include "cradle/base/text.h"

namespace cradle::fleet {

using carbon::Watts;

int socket_count(const PowerModel& model, std::int64_t cpu_capacity) {
  const std::int64_t cores = (cpu_capacity + 2 * milli - 1) / (2 * milli);
  return static_cast<int>((cores + model.cores_per_socket - 1) / model.cores_per_socket);
}

NodePower node_power(const PowerModel& model, std::int64_t cpu_capacity, std::int64_t cpu_left, int gpu_count,
                     int idle_gpus) {
  const std::int64_t cores = (cpu_capacity + 2 * milli - 1) / (2 * milli);
  const std::int64_t busy_cores = cores - cpu_left / (2 * milli);
  const std::int64_t busy_sockets_count = (busy_cores + model.cores_per_socket - 1) / model.cores_per_socket;
  const auto busy_sockets = static_cast<double>(busy_sockets_count);
  const double idle_sockets = socket_count(model, cpu_capacity) - busy_sockets;
  return {model.gpu_idle * idle_gpus + model.gpu_full * (gpu_count - idle_gpus),
          model.socket_idle * idle_sockets + model.socket_full * busy_sockets, model.memory, model.base};
}

Result<Cluster> Cluster::make(std::span<const NodeSpec> nodes) {
  if (nodes.empty()) return bad_input("the fleet has no node", "", "give at least one node");
  Cluster cluster;
  std::unordered_set<std::string_view> names;
  for (const NodeSpec& node : nodes) {
    const auto refuse = [&](const std::string& what, std::string hint) {
      return bad_input(what, "node '" + node.name + "'", std::move(hint));
    };
    if (!names.insert(node.name).second) return refuse("appears twice", "give every node its own name");
    if (node.cpu_milli <= 0 || node.cpu_milli > 1'000'000'000)
      return refuse("cpu_milli must be in 1 .. 1e9", "write thousandths of a processor thread");
    if (node.memory_mib < 0 || node.memory_mib > 1'000'000'000'000)
      return refuse("memory_mib must be in 0 .. 1e12", "write mebibytes");
    if (node.gpu_count < 0 || node.gpu_count > max_gpus)
      return refuse("has " + std::to_string(node.gpu_count) + " GPUs, at most " + std::to_string(max_gpus) +
                        " on a node are supported",
                    "split it into several nodes");
    if (node.power.cores_per_socket <= 0) return refuse("cores_per_socket must be positive", "check its server record");
    GpuModel model = no_gpu;
    if (node.gpu_count > 0) {
      const auto known = std::find(cluster.gpu_models_.begin(), cluster.gpu_models_.end(), node.gpu_model);
      if (known == cluster.gpu_models_.end() && cluster.gpu_models_.size() == max_gpu_models)
        return refuse("more than " + std::to_string(max_gpu_models) + " GPU models", "merge models that behave alike");
      model = static_cast<GpuModel>(known - cluster.gpu_models_.begin());
      if (known == cluster.gpu_models_.end()) cluster.gpu_models_.push_back(node.gpu_model);
    }
    GpuShares left{};
    std::fill_n(left.begin(), node.gpu_count, static_cast<std::int16_t>(milli));
    const std::int64_t gpu_total = std::int64_t{node.gpu_count} * milli;
    cluster.specs_.push_back(node);
    cluster.model_.push_back(model);
    cluster.cpu_left_.push_back(node.cpu_milli);
    cluster.memory_left_.push_back(node.memory_mib);
    cluster.gpu_total_left_.push_back(gpu_total);
    cluster.gpu_left_.push_back(left);
    cluster.affinity_.emplace_back();
    cluster.gpu_saved_milli_.push_back(0);
    cluster.gpu_capacity_ += gpu_total;
    cluster.cpu_capacity_ += node.cpu_milli;
    cluster.max_cpu_ = std::max(cluster.max_cpu_, node.cpu_milli);
    cluster.max_gpu_milli_ = std::max(cluster.max_gpu_milli_, gpu_total);
  }
  cluster.last_change_.resize(nodes.size());
  return cluster;
}

Request Cluster::request(const workload::Demand& demand) const {
  Request request{demand.cpu_milli, demand.memory_mib, demand.gpu_count, demand.gpu_milli, ~std::uint64_t{0}};
  if (!demand.gpu_models.empty()) {
    request.accepted_models = 0;
    for (const std::string& model : demand.gpu_models) {
      const auto known = std::find(gpu_models_.begin(), gpu_models_.end(), model);
      if (known != gpu_models_.end()) request.accepted_models |= std::uint64_t{1} << (known - gpu_models_.begin());
    }
  }
  return request;
}

bool Cluster::fits_empty(NodeIndex node, const Request& request) const {
  const NodeSpec& spec = specs_[node];
  return spec.cpu_milli >= request.cpu_milli && spec.memory_mib >= request.memory_mib &&
         (request.gpu_count == 0 ||
          (spec.gpu_count >= request.gpu_count && (request.accepted_models >> model_[node] & 1) != 0));
}

bool Cluster::fits_empty(const Request& request) const {
  for (NodeIndex node = 0; node < size(); ++node)
    if (fits_empty(node, request)) return true;
  return false;
}

NodeView Cluster::view(NodeIndex node) const {
  const NodeSpec& spec = specs_[node];
  return {spec.cpu_milli, cpu_left_[node], memory_left_[node],    spec.gpu_count,  model_[node],
          spec.site,      gpu_left_[node], gpu_total_left_[node], affinity_[node], spec.power};
}

bool Cluster::fits(NodeIndex node, const Request& request) const {
  return memory_left_[node] >= request.memory_mib && fits_compute(view(node), request);
}

bool Cluster::fits(const Placement& placement, const Request& request) const {
  if (!fits(placement.node, request)) return false;
  for (std::size_t gpu = 0; gpu < max_gpus; ++gpu)
    if ((placement.gpus >> gpu & 1U) != 0 && gpu_left_[placement.node][gpu] < request.gpu_milli) return false;
  return true;
}

void Cluster::changed(NodeIndex node) {
  changes_.push_back(node);
  last_change_[node] = changes_.size();
}

void Cluster::place(const Placement& placement, const Request& request) {
  const NodeIndex node = placement.node;
  assert(fits(node, request));
  cpu_left_[node] -= request.cpu_milli;
  memory_left_[node] -= request.memory_mib;
  for (int gpu = 0; gpu < max_gpus; ++gpu) {
    if ((placement.gpus >> gpu & 1U) == 0) continue;
    auto& left = gpu_left_[node][static_cast<std::size_t>(gpu)];
    assert(left >= request.gpu_milli);
    left = static_cast<std::int16_t>(left - request.gpu_milli);
  }
  gpu_total_left_[node] -= request.total_gpu_milli();
  if (request.gpu_count > 0) ++affinity_[node][request.shares_gpu() ? 0 : static_cast<std::size_t>(request.gpu_count)];
  gpu_used_ += request.total_gpu_milli();
  cpu_used_ += request.cpu_milli;
  changed(node);
}

void Cluster::release(const Placement& placement, const Request& request) {
  const NodeIndex node = placement.node;
  cpu_left_[node] += request.cpu_milli;
  memory_left_[node] += request.memory_mib;
  for (int gpu = 0; gpu < max_gpus; ++gpu) {
    if ((placement.gpus >> gpu & 1U) == 0) continue;
    auto& left = gpu_left_[node][static_cast<std::size_t>(gpu)];
    left = static_cast<std::int16_t>(left + request.gpu_milli);
    assert(left <= milli);
  }
  gpu_total_left_[node] += request.total_gpu_milli();
  if (request.gpu_count > 0) --affinity_[node][request.shares_gpu() ? 0 : static_cast<std::size_t>(request.gpu_count)];
  gpu_used_ -= request.total_gpu_milli();
  cpu_used_ -= request.cpu_milli;
  changed(node);
}

void Cluster::set_draw(const Placement& placement, int from_milli, int to_milli) {
  int& saved = gpu_saved_milli_[placement.node];
  saved += std::popcount(placement.gpus) * (from_milli - to_milli);
  assert(saved >= 0);
}

NodePower Cluster::power(NodeIndex node) const {
  const NodeView now = view(node);
  NodePower power = node_power(now.power, now.cpu_capacity, now.cpu_left, now.gpu_count, idle_gpus(now));
  if (const int saved = gpu_saved_milli_[node]; saved != 0)
    power.gpu -= now.power.gpu_full * (static_cast<double>(saved) / milli);
  return power;
}

bool fits_compute(const NodeView& node, const Request& request) {
  if (node.cpu_left < request.cpu_milli) return false;
  // A job without GPUs ignores its list of models, as in the published scheduler's filter.
  if (request.gpu_count == 0) return true;
  if (request.gpu_count > node.gpu_count || (request.accepted_models >> node.gpu_model & 1) == 0) return false;
  int fitting = 0;
  for (int gpu = 0; gpu < node.gpu_count; ++gpu)
    fitting += node.gpu_left[static_cast<std::size_t>(gpu)] >= request.gpu_milli;
  return fitting >= request.gpu_count;
}

int idle_gpus(const NodeView& node) {
  int idle = 0;
  for (int gpu = 0; gpu < node.gpu_count; ++gpu) idle += node.gpu_left[static_cast<std::size_t>(gpu)] == milli;
  return idle;
}

std::uint32_t first_idle_gpus(const NodeView& node, int count) {
  std::uint32_t chosen = 0;
  for (int gpu = 0; gpu < node.gpu_count && count > 0; ++gpu) {
    if (node.gpu_left[static_cast<std::size_t>(gpu)] != milli) continue;
    chosen |= 1U << gpu;
    --count;
  }
  assert(count == 0);
  return chosen;
}

std::uint32_t tightest_gpu(const NodeView& node, int gpu_milli) {
  int best = -1;
  for (int gpu = 0; gpu < node.gpu_count; ++gpu) {
    const int left = node.gpu_left[static_cast<std::size_t>(gpu)];
    if (left >= gpu_milli && (best < 0 || left < node.gpu_left[static_cast<std::size_t>(best)])) best = gpu;
  }
  assert(best >= 0);
  return 1U << best;
}

}  // namespace cradle::fleet
