#include "node_meters.h"

#include <algorithm>
#include <cmath>

namespace cradle::simulate {

using carbon::Entry;
using carbon::OperationType;
using dispatch::Pace;
using fleet::NodeIndex;
using fleet::Request;

namespace {

std::int64_t milliwatts(carbon::Watts watts) { return std::llround(watts.value() * 1000); }

constexpr std::array<OperationType, parts_per_node> operation_types{
    OperationType::device_second, OperationType::core_second, OperationType::gibibyte_second,
    OperationType::core_second};

}  // namespace

Reservation reservation(const fleet::NodeSpec& node, const Request& request, Pace pace) {
  const fleet::PowerModel& power = node.power;
  const double gpus = static_cast<double>(request.total_gpu_milli()) / fleet::milli;
  const double threads = static_cast<double>(request.cpu_milli) / 1000;
  const double sockets = threads / 2 / power.cores_per_socket;
  const double cpu_share = static_cast<double>(request.cpu_milli) / static_cast<double>(node.cpu_milli);
  const double memory_share =
      node.memory_mib == 0 ? 0 : static_cast<double>(request.memory_mib) / static_cast<double>(node.memory_mib);
  Reservation share;
  // Rounded down, so that the tenants of a full machine never draw more than it does.
  const auto floor_mw = [](carbon::Watts watts) { return static_cast<std::int64_t>(watts.value() * 1000); };
  share.milliwatts = {floor_mw(power.gpu_full * gpus), floor_mw(power.socket_full * sockets),
                      floor_mw(power.memory * memory_share), floor_mw(power.base * cpu_share)};
  share.baseline_milliwatts = {floor_mw(power.gpu_idle * gpus), floor_mw(power.socket_idle * sockets),
                               share.milliwatts[2], share.milliwatts[3]};
  if (pace.draw < fleet::milli) {
    share.milliwatts[0] = floor_mw(power.gpu_full * gpus * (static_cast<double>(pace.draw) / fleet::milli));
    share.baseline_milliwatts[0] = std::min(share.baseline_milliwatts[0], share.milliwatts[0]);
  }
  share.operations_per_second = {gpus, threads, static_cast<double>(request.memory_mib) / 1024, threads};
  return share;
}

NodeMeters::NodeMeters(const fleet::Cluster& cluster, Instant start, carbon::EntrySink& sink)
    : cluster_(cluster), start_(start), sink_(sink), meters_(cluster.size()) {
  for (NodeIndex node = 0; node < cluster_.size(); ++node) {
    Meter& meter = meters_[node];
    meter.empty_mw = meter.idle_mw = meter.idle_baseline_mw = idle_draw(node);
  }
}

std::array<std::int64_t, parts_per_node> NodeMeters::idle_draw(NodeIndex node) const {
  const fleet::NodePower power = cluster_.power(node);
  const auto& tenants = meters_[node].tenant_mw;
  return {milliwatts(power.gpu) - tenants[0], milliwatts(power.cpu) - tenants[1], milliwatts(power.memory) - tenants[2],
          milliwatts(power.base) - tenants[3]};
}

void NodeMeters::charge(std::int64_t now_ms, const Machine& machine, int sign) {
  const NodeIndex node = machine.placement.node;
  Meter& meter = meters_[node];
  for (std::size_t part = 0; part < parts_per_node; ++part) {
    meter.tenant_mw[part] += sign * machine.share.milliwatts[part];
    meter.tenant_baseline_mw[part] += sign * machine.share.baseline_milliwatts[part];
  }
  const auto idle = idle_draw(node);
  for (std::uint32_t part = 0; part < parts_per_node; ++part) {
    // What nobody reserved and would be drawn on an empty machine too; the rest of the idle draw was woken by jobs.
    // Shares are rounded down to milliwatts, hence the bounds.
    const std::int64_t baseline =
        std::clamp<std::int64_t>(meter.empty_mw[part] - meter.tenant_baseline_mw[part], 0, idle[part]);
    if (idle[part] == meter.idle_mw[part] && baseline == meter.idle_baseline_mw[part]) continue;
    write_idle(now_ms, node, part);
    meter.idle_mw[part] = idle[part];
    meter.idle_baseline_mw[part] = baseline;
  }
}

void NodeMeters::write_tenant(std::uint32_t job, const Machine& machine, std::int64_t since_ms, std::int64_t now_ms) {
  const std::int64_t elapsed = now_ms - since_ms;
  const Reservation& share = machine.share;
  for (std::uint32_t part = 0; part < parts_per_node; ++part) {
    if (share.operations_per_second[part] == 0) continue;
    Entry entry;
    entry.start = at(since_ms);
    entry.end = at(now_ms);
    entry.job = job;
    entry.component = machine.placement.node * parts_per_node + part;
    entry.microjoules = share.milliwatts[part] * elapsed;
    entry.baseline_microjoules = share.baseline_milliwatts[part] * elapsed;
    entry.operations = share.operations_per_second[part] * static_cast<double>(elapsed) / 1000;
    entry.operation_type = operation_types[part];
    write(entry);
  }
}

void NodeMeters::write_idle(std::int64_t now_ms, NodeIndex node, std::uint32_t part) {
  Meter& meter = meters_[node];
  const std::int64_t elapsed = now_ms - meter.since_ms[part];
  if (elapsed > 0 && meter.idle_mw[part] != 0) {
    Entry entry;
    entry.start = at(meter.since_ms[part]);
    entry.end = at(now_ms);
    entry.component = node * parts_per_node + part;
    entry.microjoules = meter.idle_mw[part] * elapsed;
    entry.baseline_microjoules = meter.idle_baseline_mw[part] * elapsed;
    entry.operation_type = operation_types[part];
    entry.role = carbon::Role::idle;
    write(entry);
  }
  meter.since_ms[part] = now_ms;
}

void NodeMeters::write_idle(std::int64_t now_ms) {
  for (NodeIndex node = 0; node < cluster_.size(); ++node)
    for (std::uint32_t part = 0; part < parts_per_node; ++part) write_idle(now_ms, node, part);
}

void NodeMeters::write(const Entry& entry) {
  energy_ += carbon::ExactEnergy(entry.microjoules);
  sink_.write(entry);
}

}  // namespace cradle::simulate
