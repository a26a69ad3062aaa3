#include "node_observer.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <ctime>
#include <tuple>
#include <utility>

#include "cradle/base/file.h"
#include "cradle/observe/metrics.h"

namespace cradle::observe {

using attribution::MicroJoules;

namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;
constexpr std::int64_t step_ms = 1000;  ///< a wall clock that is further off than this was set

/// CPU time of this thread: what a tick costs is told with the figures.
std::int64_t own_cpu_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

double busy_share(const capture::Scan& scan) {
  const double whole = static_cast<double>(scan.interval_ns) * std::max(scan.node.processors, 1);
  return whole > 0 ? std::clamp(static_cast<double>(scan.node.busy_ns) / whole, 0.0, 1.0) : 0;
}

ByComponent borne(const Take& take, std::size_t policy) {
  ByComponent sum;
  for (std::size_t c = 0; c < components; ++c) sum[c] = take.dynamic[c] + take.idle[policy][c];
  return sum;
}

bool anything(const ByComponent& microjoules) {
  return std::any_of(microjoules.begin(), microjoules.end(), [](MicroJoules part) { return part != 0; });
}

}  // namespace

NodeObserver::NodeObserver(const ObserverOptions& options, Parts parts, Hardware hardware)
    : options_(options),
      parts_(std::move(parts)),
      hardware_(std::move(hardware)),
      zones_(std::move(parts_.meters), hardware_.declared_idle, parts_.gpu_use),
      reservations_(options.capture.sysroot),
      memory_weights_(options.memory_classes),
      division_(options.policy),
      tenants_(snapshot_.groups, snapshot_.processes, {options.ended_kept_ns, options.ended_kept}) {}

Result<std::unique_ptr<NodeObserver>> NodeObserver::compose(const ObserverOptions& options, Parts parts,
                                                            const catalog::Catalog& catalog) {
  auto first = parts.capture->scan();
  if (!first) return std::move(first).error();
  auto hardware = hardware_of(options.place, first->node.processors, first->node.memory_bytes, catalog);
  if (!hardware) return std::move(hardware).error();
  std::unique_ptr<NodeObserver> observer(new NodeObserver(options, std::move(parts), *std::move(hardware)));
  if (auto ok = observer->begin(*first); !ok) return std::move(ok).error();
  return observer;
}

Result<void> NodeObserver::begin(const capture::Scan& first) {
  for (const std::string& note : hardware_.notes) notes_.add(note);
  if (const std::string note = memory_weights_.note(); !note.empty()) notes_.add(note);
  for (const std::string& note : parts_.capture->notes()) notes_.add(note);
  snapshot_.at = last_at_ = first.at;
  snapshot_.tier = parts_.capture->tier();
  snapshot_.node_name = hardware_.node_name;
  snapshot_.policy = options_.policy;
  if (const auto text = read_file(options_.capture.sysroot / "proc/cpuinfo", std::uint64_t{1} << 26))
    snapshot_.processors = read_processors(*text);
  EntryLog::Options log;
  log.path = options_.ledger;
  log.policy = options_.policy;
  log.backlog = parts_.backlog;
  log.window_ms = parts_.window_ms;
  auto opened = EntryLog::open(log, hardware_, first.at);
  if (!opened) return std::move(opened).error();
  log_.emplace(*std::move(opened));
  if (!options_.self_service.empty()) {
    auto service = SelfService::start(options_.self_service);
    if (!service) return std::move(service).error();
    service_ = *std::move(service);
  }
  zones_.read(first.at, activity_of(first), 0, notes_);
  take_in_groups(first);
  restore();
  snapshot_.zones = zones_.totals();
  snapshot_.notes = notes_.list();
  return {};
}

void NodeObserver::restore() {
  if (options_.checkpoint.empty()) return;
  const auto text = read_file(options_.checkpoint, std::uint64_t{1} << 30);
  if (!text) {
    if (text.error().code != ErrorCode::missing_data) notes_.add("checkpoint: " + to_string(text.error()));
    return;
  }
  auto old = read_checkpoint(*text, options_.checkpoint.string());
  if (!old) {
    notes_.add("checkpoint: " + to_string(old.error()));
    return;
  }
  const std::int64_t resident = snapshot_.node.resident_bytes;
  snapshot_.node = old->node;
  snapshot_.node.resident_bytes = resident;
  snapshot_.idle = old->idle;
  snapshot_.overhead = old->overhead;
  snapshot_.unattributed = old->unattributed;
  snapshot_.ticks = old->ticks;
  snapshot_.lost_records = old->lost_records;
  snapshot_.clock_steps = old->clock_steps;
  snapshot_.broken_laws = old->broken_laws;
  zones_.restore(std::move(old->zones));
  for (GroupTotals& group : old->groups) {
    group.untold_idle_microjoules = group.totals.idle_microjoules[static_cast<std::size_t>(options_.policy)];
    tenants_.restore(std::move(group), now_ns_);
  }
}

meter::Activity NodeObserver::activity_of(const capture::Scan& scan) {
  meter::Activity activity;
  activity.interval_ns = scan.interval_ns;
  activity.processors = std::max(scan.node.processors, 1);
  activity.memory_bytes = scan.node.memory_bytes;
  std::int64_t seen_ns = 0;
  for (const capture::GroupUsage& group : scan.groups) {
    seen_ns += group.cpu_ns;
    activity.block_bytes += group.block_read_bytes + group.block_written_bytes;
    activity.network_bytes += group.network_received_bytes + group.network_sent_bytes;
    activity.resident_bytes += group.resident_bytes;
  }
  // /proc/stat counts in ticks: work that is shorter is in it later, or by chance. Over all scans the machine did what
  // either of both tells, whichever is ahead.
  const std::int64_t told_ns = std::max(busy_sum_ns_, seen_sum_ns_);
  busy_sum_ns_ += scan.node.busy_ns;
  seen_sum_ns_ += seen_ns;
  activity.busy_ns = std::max(busy_sum_ns_, seen_sum_ns_) - told_ns;
  return activity;
}

carbon::Period NodeObserver::wall_of(const capture::Scan& scan) {
  const std::int64_t interval_ms = (scan.interval_ns + ns_per_ms / 2) / ns_per_ms;
  const std::int64_t passed_ms = scan.at.ms - last_at_.ms;
  carbon::Period wall{last_at_, scan.at};
  if (std::abs(passed_ms - interval_ms) > step_ms) {
    ++snapshot_.clock_steps;
    notes_.add("the wall clock was set: the interval before it is counted back from the new time");
    wall.from = Instant{scan.at.ms - interval_ms};
  }
  if (wall.to < wall.from) wall.from = wall.to;
  last_at_ = scan.at;
  return wall;
}

void NodeObserver::take_in_groups(const capture::Scan& scan) {
  position_.clear();
  uses_.clear();
  scan_group_.clear();
  std::int64_t resident = 0;
  for (const capture::GroupUsage& group : scan.groups) {
    const std::size_t at = tenants_.group(group, now_ns_);
    scan_group_[group.id] = position_.size();
    position_.push_back(at);
    Totals& totals = snapshot_.groups[at].totals;
    totals.cpu_ns += group.cpu_ns;
    totals.block_read_bytes += group.block_read_bytes;
    totals.block_written_bytes += group.block_written_bytes;
    totals.network_received_bytes += group.network_received_bytes;
    totals.network_sent_bytes += group.network_sent_bytes;
    resident += group.ended ? 0 : group.resident_bytes;
    GroupUse use;
    use.cpu_ns = group.cpu_ns;
    const double cores = group.ended ? 0 : reservations_.cores(group);
    use.reserved_ns = cores > 0 ? std::llround(cores * static_cast<double>(scan.interval_ns)) : group.cpu_ns;
    use.resident_bytes = group.ended ? 0 : group.resident_bytes;
    use.block_bytes = group.block_read_bytes + group.block_written_bytes;
    use.network_bytes = group.network_received_bytes + group.network_sent_bytes;
    use.memory_weight = memory_weights_.of(snapshot_.groups[at], group.ended);
    uses_.push_back(use);
  }
  snapshot_.node.resident_bytes = resident;
}

void NodeObserver::find_own_group(const capture::Scan& scan) {
  for (const capture::ProcessUsage& process : scan.processes) {
    if (process.key.pid != parts_.own_pid) continue;
    own_group_ = process.group;
    own_group_known_ = true;
  }
  own_ns_ = 0;
  if (!own_group_known_) return;
  const auto group = scan_group_.find(own_group_);
  if (group == scan_group_.end()) return;
  GroupUse& use = uses_[group->second];
  own_ns_ = std::clamp<std::int64_t>(scan.own_cpu_ns, 0, use.cpu_ns);
  if (use.reserved_ns == use.cpu_ns) use.reserved_ns -= own_ns_;
  use.cpu_ns -= own_ns_;
}

void NodeObserver::find_accelerator_uses() {
  accelerator_uses_.clear();
  for (const Zones::ProcessUse& use : zones_.accelerator_uses()) {
    const auto process = tenants_.living(use.pid);
    if (!process) continue;  // what it used stays unattributed
    const auto group = scan_group_.find(snapshot_.processes[*process].group);
    if (group == scan_group_.end()) continue;
    accelerator_uses_.push_back({use.zone, group->second, use.use});
    shares_.push_back({group->second, *process, 0, use.use});
  }
}

Result<void> NodeObserver::tick() {
  const std::int64_t before_ns = own_cpu_ns();
  auto scanned = parts_.capture->scan();
  if (!scanned) return std::move(scanned).error();
  const capture::Scan& scan = *scanned;
  now_ns_ += scan.interval_ns;
  const carbon::Period wall = wall_of(scan);
  const double busy = busy_share(scan);
  zones_.read(scan.at, activity_of(scan), busy, notes_);

  for (GroupTotals& group : snapshot_.groups) group.interval_dynamic_microjoules = {};
  for (ProcessTotals& process : snapshot_.processes) process.interval_dynamic_microjoules = {};
  take_in_groups(scan);
  find_own_group(scan);
  shares_.clear();
  for (const capture::ProcessUsage& usage : scan.processes) {
    const std::size_t process = tenants_.process(usage, now_ns_);
    const auto group = scan_group_.find(usage.group);
    if (group == scan_group_.end()) continue;
    const bool own = usage.key.pid == parts_.own_pid;
    shares_.push_back({group->second, process, std::max<std::int64_t>(0, usage.cpu_ns - (own ? own_ns_ : 0)), 0});
  }
  find_accelerator_uses();

  const NodeUse node{scan.interval_ns, scan.node.busy_ns, own_ns_, scan.node.memory_bytes,
                     std::max(scan.node.processors, 1)};
  division_.divide(zones_.totals(), zones_.ticks(), node, uses_, accelerator_uses_);
  const TickPrice price(hardware_, wall, zones_.totals(), zones_.ticks());
  account_groups(scan, price);
  account_processes(scan, price);
  account_node(scan, price);

  EntryLog::Tick entry{wall, &scan, &division_, {}};
  for (std::size_t c = 0; c < components; ++c) entry.knowledge[c] = zones_.knowledge(static_cast<Component>(c));
  log_->add(entry, snapshot_.groups, position_, notes_);

  snapshot_.busy_share = busy;
  publish(scan);
  tenants_.retire(now_ns_);
  if (now_ns_ - saved_ns_ >= checkpoint_every_ns) {
    saved_ns_ = now_ns_;
    const bool sync = now_ns_ - synced_ns_ >= sync_every_ns;
    if (sync) synced_ns_ = now_ns_;
    if (auto ok = save_checkpoint(sync ? Durability::machine : Durability::program); !ok)
      notes_.add("checkpoint: " + ok.error().message);
  }
  if (service_) service_->publish(snapshot_);
  if (notes_.changed_since_listed()) snapshot_.notes = notes_.list();
  snapshot_.scan_cpu_ns = own_cpu_ns() - before_ns;
  return {};
}

void NodeObserver::settle(std::chrono::milliseconds patience) {
  const auto settled = parts_.capture->settle(patience);
  if (!settled)
    notes_.add("waiting for the kernel: " + settled.error().message);
  else if (!*settled)
    notes_.add("the kernel had not told of every ended process when the last figures were taken");
}

void NodeObserver::account_groups(const capture::Scan& scan, const TickPrice& price) {
  const auto in_force = static_cast<std::size_t>(options_.policy);
  for (std::size_t g = 0; g < scan.groups.size(); ++g) {
    const Take& take = division_.groups()[g];
    GroupTotals& group = snapshot_.groups[position_[g]];
    for (std::size_t c = 0; c < components; ++c) {
      group.totals.dynamic_microjoules[c] += take.dynamic[c];
      group.interval_dynamic_microjoules[c] += take.dynamic[c];
      for (std::size_t p = 0; p < attribution::idle_policies; ++p)
        group.totals.idle_microjoules[p][c] += take.idle[p][c];
      // Until processes are told of, everything is untold.
      group.untold_microjoules[c] += take.dynamic[c];
      group.untold_idle_microjoules[c] += take.idle[in_force][c];
    }
    group.processes_unseen_ns += scan.groups[g].cpu_ns;
    const ByComponent joules = borne(take, in_force);
    add_grams(group.totals, price.average(joules), price.marginal(joules), price.embodied(take.occupied));
    if (!parts_.self_map) continue;
    // Groups of version 1 cannot be asked for by a number; a root can, as all versions count its processes as one.
    constexpr std::uint64_t version_1 = std::uint64_t{1} << 63;
    if ((scan.groups[g].id & version_1) != 0 && group.path != "/") continue;
    const std::uint64_t map_key = scan.groups[g].id & ~version_1;
    if (scan.groups[g].ended) {
      static_cast<void>(parts_.self_map->remove(map_key));
    } else if (anything(joules) || snapshot_.ticks == 0) {
      constexpr double micrograms = 1e6;
      std::int64_t microjoules = 0;
      for (std::size_t c = 0; c < components; ++c)
        microjoules += group.totals.microjoules(options_.policy, static_cast<Component>(c));
      const kernel::SelfCarbon value{
          static_cast<std::uint64_t>(microjoules),
          static_cast<std::uint64_t>(group.totals.operational_average.value.value() * micrograms),
          static_cast<std::uint64_t>(group.totals.embodied.value.value() * micrograms), 0};
      if (auto ok = parts_.self_map->update(map_key, value); !ok) notes_.add("map of own use: " + ok.error().message);
    }
  }
}

void NodeObserver::account_processes(const capture::Scan& scan, const TickPrice& price) {
  std::sort(shares_.begin(), shares_.end(), [](const Share& a, const Share& b) {
    return std::tie(a.scan_group, a.process) < std::tie(b.scan_group, b.process);
  });
  for (auto first = shares_.begin(); first != shares_.end();) {
    const auto last =
        std::find_if(first, shares_.end(), [&](const Share& share) { return share.scan_group != first->scan_group; });
    tell_processes({first, last}, price);
    first = last;
  }
  for (const capture::ProcessUsage& process : scan.processes) {
    const auto group = scan_group_.find(process.group);
    if (group == scan_group_.end()) continue;
    std::int64_t& unseen = snapshot_.groups[position_[group->second]].processes_unseen_ns;
    unseen = std::max<std::int64_t>(0, unseen - process.cpu_ns);
  }
}

void NodeObserver::tell_processes(std::span<const Share> shares, const TickPrice& price) {
  const std::size_t g = shares.front().scan_group;
  const Take& take = division_.groups()[g];
  GroupTotals& group = snapshot_.groups[position_[g]];
  const auto in_force = static_cast<std::size_t>(options_.policy);
  pieces_.resize(shares.size() + 1);  // the last one: what no process was seen at

  const auto divide = [&](MicroJoules total, std::size_t c, bool idle) {
    if (total == 0) return;
    attribution::divide(total, weights_, pieces_);
    for (std::size_t i = 0; i < shares.size(); ++i) {
      ProcessTotals& process = snapshot_.processes[shares[i].process];
      (idle ? process.idle_microjoules : process.dynamic_microjoules)[c] += pieces_[i];
      if (!idle) process.interval_dynamic_microjoules[c] += pieces_[i];
      // Where a scan tells of a process in several groups, those that it has left by its end tell nothing of it.
      if (process.group == group.id)
        (idle ? group.untold_idle_microjoules : group.untold_microjoules)[c] -= pieces_[i];
      else
        (idle ? process.elsewhere_idle_microjoules : process.elsewhere_microjoules)[c] += pieces_[i];
      process.operational += price.average(pieces_[i]);
    }
  };
  const auto weigh = [&](std::int64_t Share::*measure, std::int64_t whole) {
    weights_.clear();
    std::int64_t seen = 0;
    for (const Share& share : shares) {
      weights_.push_back(share.*measure);
      seen += share.*measure;
    }
    weights_.push_back(std::max<std::int64_t>(0, whole - seen));
    return std::max(whole, seen);
  };
  const std::int64_t accelerated = weigh(&Share::accelerator_use, 0);
  constexpr auto accelerator = static_cast<std::size_t>(Component::accelerator);
  if (accelerated > 0) {
    divide(take.dynamic[accelerator], accelerator, false);
    divide(take.idle[in_force][accelerator], accelerator, true);
  }
  const std::int64_t cpu_ns = weigh(&Share::cpu_ns, uses_[g].cpu_ns);
  if (cpu_ns <= 0) return;
  for (std::size_t c = 0; c < components; ++c) {
    divide(take.dynamic_by_cpu[c], c, false);
    divide(take.idle_by_cpu[c], c, true);
  }
  const carbon::GramsCO2e embodied =
      price.embodied(Component::cpu, take.occupied[static_cast<std::size_t>(Component::cpu)]) +
      price.embodied(Component::base, take.occupied[static_cast<std::size_t>(Component::base)]);
  for (const Share& share : shares)
    snapshot_.processes[share.process].embodied +=
        embodied * (static_cast<double>(share.cpu_ns) / static_cast<double>(cpu_ns));
}

void NodeObserver::account_node(const capture::Scan& scan, const TickPrice& price) {
  const auto in_force = static_cast<std::size_t>(options_.policy);
  Totals& node = snapshot_.node;
  ByComponent dynamic{};
  std::array<ByComponent, attribution::idle_policies> idle = division_.idle().idle;
  std::int64_t seen_ns = 0;
  for (std::size_t g = 0; g < scan.groups.size(); ++g) {
    const Take& take = division_.groups()[g];
    const capture::GroupUsage& group = scan.groups[g];
    for (std::size_t c = 0; c < components; ++c) {
      dynamic[c] += take.dynamic[c];
      for (std::size_t p = 0; p < attribution::idle_policies; ++p) idle[p][c] += take.idle[p][c];
    }
    seen_ns += group.cpu_ns;
    node.block_read_bytes += group.block_read_bytes;
    node.block_written_bytes += group.block_written_bytes;
    node.network_received_bytes += group.network_received_bytes;
    node.network_sent_bytes += group.network_sent_bytes;
  }
  bool lawful = division_.conserved();
  for (std::size_t c = 0; c < components; ++c) {
    dynamic[c] += division_.overhead()[c] + division_.unattributed()[c];
    node.dynamic_microjoules[c] += dynamic[c];
    snapshot_.overhead.dynamic_microjoules[c] += division_.overhead()[c];
    snapshot_.unattributed.dynamic_microjoules[c] += division_.unattributed()[c];
    for (std::size_t p = 0; p < attribution::idle_policies; ++p) {
      node.idle_microjoules[p][c] += idle[p][c];
      snapshot_.idle.idle_microjoules[p][c] += division_.idle().idle[p][c];
      if (dynamic[c] + idle[p][c] != division_.metered()[c]) lawful = false;
    }
  }
  if (!lawful) ++snapshot_.broken_laws;
  assert(lawful);
  node.cpu_ns += std::max(scan.node.busy_ns, seen_ns);
  snapshot_.unattributed.cpu_ns += std::max<std::int64_t>(0, scan.node.busy_ns - seen_ns);
  snapshot_.overhead.cpu_ns += own_ns_;

  std::array<double, components> whole;
  whole.fill(static_cast<double>(scan.interval_ns) * 1e-9);
  const ByComponent& residue = division_.idle().idle[in_force];
  add_grams(node, price.average(division_.metered()), price.marginal(division_.metered()), price.embodied(whole));
  add_grams(snapshot_.idle, price.average(residue), price.marginal(residue), price.embodied(division_.idle().occupied));
  // What the monitoring itself and the unseen occupied is among the idle residue, as `cradle account` has it.
  add_grams(snapshot_.overhead, price.average(division_.overhead()), price.marginal(division_.overhead()), {});
  add_grams(snapshot_.unattributed, price.average(division_.unattributed()), price.marginal(division_.unattributed()),
            {});
}

void NodeObserver::publish(const capture::Scan& scan) {
  for (const std::string& note : scan.notes) notes_.add(note);
  snapshot_.at = scan.at;
  snapshot_.interval_ns = scan.interval_ns;
  snapshot_.tier = scan.tier;
  ++snapshot_.ticks;
  snapshot_.lost_records += scan.lost_records;
  snapshot_.observer_cpu_ns += scan.own_cpu_ns;
  snapshot_.zones = zones_.totals();
}

Result<void> NodeObserver::save_checkpoint(Durability durability) {
  if (options_.checkpoint.empty()) return {};
  return write_file(options_.checkpoint, checkpoint_text(snapshot_), durability);
}

Result<void> NodeObserver::finish() {
  const auto stored = log_->finish(notes_);
  auto saved = save_checkpoint(Durability::machine);
  service_.reset();
  parts_.self_map.reset();
  snapshot_.notes = notes_.list();
  if (!stored) return stored.error();
  return saved;
}

}  // namespace cradle::observe
