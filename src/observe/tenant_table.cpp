#include "tenant_table.h"

#include <algorithm>
#include <utility>

namespace cradle::observe {

using capture::ProcessKey;

namespace {

constexpr std::uint64_t version_1_bit = std::uint64_t{1} << 63;

std::string key_of(std::uint64_t id, const std::string& path) { return ((id & version_1_bit) != 0 ? "1" : "2") + path; }

/// Where the rests of the three estimates begin in Totals::grams_rest.
constexpr std::size_t average_rest = 0, embodied_rest = 3, marginal_rest = 6;

void add_estimate(carbon::Estimate<carbon::GramsCO2e>& sum, double* rests,
                  const carbon::Estimate<carbon::GramsCO2e>& term, const double* term_rests) {
  add_exactly(sum.value, rests[0], term.value, term_rests[0]);
  add_exactly(sum.low, rests[1], term.low, term_rests[1]);
  add_exactly(sum.high, rests[2], term.high, term_rests[2]);
}

/// `rests` are of the terms, as Totals has them.
void add_carbon(Totals& totals, const carbon::Estimate<carbon::GramsCO2e>& average,
                const std::optional<carbon::Estimate<carbon::GramsCO2e>>& marginal,
                const carbon::Estimate<carbon::GramsCO2e>& embodied, const std::array<double, 9>& rests) {
  double* own = totals.grams_rest.data();
  add_estimate(totals.operational_average, own + average_rest, average, rests.data() + average_rest);
  add_estimate(totals.embodied, own + embodied_rest, embodied, rests.data() + embodied_rest);
  if (!marginal) return;
  if (!totals.operational_marginal) totals.operational_marginal.emplace();
  add_estimate(*totals.operational_marginal, own + marginal_rest, *marginal, rests.data() + marginal_rest);
}

}  // namespace

void add_grams(Totals& totals, const carbon::Estimate<carbon::GramsCO2e>& average,
               const std::optional<carbon::Estimate<carbon::GramsCO2e>>& marginal,
               const carbon::Estimate<carbon::GramsCO2e>& embodied) {
  add_carbon(totals, average, marginal, embodied, {});
}

void add_totals(Totals& sum, const Totals& more) {
  sum.cpu_ns += more.cpu_ns;
  for (std::size_t c = 0; c < components; ++c) {
    sum.dynamic_microjoules[c] += more.dynamic_microjoules[c];
    for (std::size_t p = 0; p < attribution::idle_policies; ++p)
      sum.idle_microjoules[p][c] += more.idle_microjoules[p][c];
  }
  add_carbon(sum, more.operational_average, more.operational_marginal, more.embodied, more.grams_rest);
  sum.block_read_bytes += more.block_read_bytes;
  sum.block_written_bytes += more.block_written_bytes;
  sum.network_received_bytes += more.network_received_bytes;
  sum.network_sent_bytes += more.network_sent_bytes;
}

std::size_t TenantTable::add_group(std::uint64_t id, const std::string& path) {
  GroupTotals group;
  group.id = id;
  group.path = path;
  group.tenant = capture::tenant_of(path);
  groups_.push_back(std::move(group));
  states_.emplace_back();
  by_path_[key_of(id, path)] = groups_.size() - 1;
  by_id_[id] = groups_.size() - 1;
  return groups_.size() - 1;
}

std::size_t TenantTable::group(const capture::GroupUsage& usage, std::int64_t now_ns) {
  std::size_t at = 0;
  if (const auto known = by_id_.find(usage.id); known != by_id_.end() && groups_[known->second].path == usage.path) {
    at = known->second;
  } else if (const auto same = by_path_.find(key_of(usage.id, usage.path)); same != by_path_.end()) {
    at = same->second;
    // A record of the group that had this path before, told after that of the new one, must not end the new one.
    if (usage.ended && !groups_[at].ended) return at;
    if (const auto former = by_id_.find(groups_[at].id); former != by_id_.end() && former->second == at)
      by_id_.erase(former);
    rename(groups_[at].id, usage.id);
    by_id_[usage.id] = at;
    groups_[at].id = usage.id;
  } else {
    at = add_group(usage.id, usage.path);
  }
  GroupTotals& group = groups_[at];
  if (usage.ended && !group.ended) {
    group.ended = true;
    states_[at].ended_at_ns = now_ns;
    ended_groups_.emplace_back(now_ns, key_of(group.id, group.path));
    ++ended_groups_now_;
    group_ended_ = true;
  } else if (!usage.ended && group.ended) {
    group.ended = false;
    --ended_groups_now_;
  }
  group.totals.resident_bytes = usage.ended ? 0 : usage.resident_bytes;
  return at;
}

std::size_t TenantTable::group_of(std::uint64_t id, std::int64_t now_ns) {
  if (const auto known = by_id_.find(id); known != by_id_.end()) return known->second;
  for (const char* root : {"2/", "1/"})
    if (const auto found = by_path_.find(root); found != by_path_.end()) return found->second;
  capture::GroupUsage root;
  root.path = "/";
  return group(root, now_ns);
}

std::size_t TenantTable::process(const capture::ProcessUsage& usage, std::int64_t now_ns) {
  std::size_t at = 0;
  if (const auto known = by_key_.find(usage.key); known != by_key_.end()) {
    at = known->second;
  } else {
    // A number is given again only after its process ended. A late record of that process does not end the new one.
    const auto same = by_pid_.find(usage.key.pid);
    const bool newest = same == by_pid_.end() || same->second.started_ns < usage.key.started_ns;
    if (same != by_pid_.end() && newest)
      if (const auto former = by_key_.find(same->second); former != by_key_.end()) end_process(former->second, now_ns);
    at = processes_.size();
    ProcessTotals process;
    process.key = usage.key;
    processes_.push_back(std::move(process));
    process_states_.emplace_back();
    by_key_[usage.key] = at;
    if (newest) by_pid_[usage.key.pid] = usage.key;
  }
  ProcessTotals& process = processes_[at];
  if (process.command != usage.command) process.command = usage.command;
  if (process.group != usage.group) {
    if (process.group != 0) leave_group(at);
    process.group = usage.group;
  }
  process.cpu_ns += usage.cpu_ns;
  process_states_[at].heard_ns = now_ns;
  if (usage.ended) end_process(at, now_ns);
  return at;
}

std::optional<std::size_t> TenantTable::living(std::int32_t pid) const {
  const auto key = by_pid_.find(pid);
  if (key == by_pid_.end()) return std::nullopt;
  const auto at = by_key_.find(key->second);
  return at == by_key_.end() ? std::nullopt : std::optional(at->second);
}

void TenantTable::end_process(std::size_t at, std::int64_t now_ns) {
  ProcessTotals& process = processes_[at];
  if (process.ended) return;
  process.ended = true;
  process_states_[at].ended_at_ns = now_ns;
  ended_processes_.emplace_back(now_ns, process.key);
  ++ended_processes_now_;
  if (const auto living = by_pid_.find(process.key.pid); living != by_pid_.end() && living->second == process.key)
    by_pid_.erase(living);
}

void TenantTable::rename(std::uint64_t group, std::uint64_t to) {
  for (ProcessTotals& process : processes_)
    if (process.group == group) process.group = to;
}

void TenantTable::leave_group(std::size_t at) {
  ProcessTotals& process = processes_[at];
  GroupTotals& group = groups_[group_of(process.group, process_states_[at].heard_ns)];
  for (std::size_t c = 0; c < components; ++c) {
    group.untold_microjoules[c] += process.dynamic_microjoules[c] - process.elsewhere_microjoules[c];
    group.untold_idle_microjoules[c] += process.idle_microjoules[c] - process.elsewhere_idle_microjoules[c];
  }
  process.elsewhere_microjoules = process.dynamic_microjoules;
  process.elsewhere_idle_microjoules = process.idle_microjoules;
  process.elsewhere_cpu_ns = process.cpu_ns;
}

void TenantTable::drop_process(std::size_t at) {
  leave_group(at);
  ProcessTotals& process = processes_[at];
  if (const auto living = by_pid_.find(process.key.pid); living != by_pid_.end() && living->second == process.key)
    by_pid_.erase(living);
  by_key_.erase(process.key);
  if (at + 1 != processes_.size()) {
    process = std::move(processes_.back());
    process_states_[at] = process_states_.back();
    by_key_[process.key] = at;
  }
  processes_.pop_back();
  process_states_.pop_back();
}

void TenantTable::drop_unheard() {
  const std::size_t living = processes_.size() - ended_processes_now_;
  if (living <= limits_.living_processes) return;
  std::vector<std::pair<std::int64_t, ProcessKey>> heard;
  for (std::size_t i = 0; i < processes_.size(); ++i)
    if (!processes_[i].ended) heard.emplace_back(process_states_[i].heard_ns, processes_[i].key);
  // A quarter at once, so that this is seldom done.
  const auto surplus = static_cast<std::ptrdiff_t>(living - limits_.living_processes + limits_.living_processes / 4);
  std::nth_element(heard.begin(), heard.begin() + surplus, heard.end());
  for (auto unheard = heard.begin(); unheard != heard.begin() + surplus; ++unheard)
    drop_process(by_key_.at(unheard->second));
}

std::size_t TenantTable::parent_of(std::size_t child) {
  const std::uint64_t id = groups_[child].id;
  std::string path = groups_[child].path;
  while (path.size() > 1) {
    const auto slash = path.rfind('/');
    path.resize(slash == std::string::npos || slash == 0 ? 1 : slash);
    if (path[0] != '/') path = "/";
    const auto found = by_path_.find(key_of(id, path));
    if (found != by_path_.end() && found->second != child) return found->second;
  }
  for (const char* root : {"2/", "1/"})
    if (const auto found = by_path_.find(root); found != by_path_.end() && found->second != child) return found->second;
  return add_group(0, "/");
}

void TenantTable::fold_group(std::size_t at) {
  if (groups_[at].path == "/") return;  // there is nothing above a root
  const std::size_t parent = parent_of(at);
  GroupTotals& group = groups_[at];
  GroupTotals& above = groups_[parent];
  add_totals(above.totals, group.totals);
  above.processes_unseen_ns += group.processes_unseen_ns;
  for (std::size_t c = 0; c < components; ++c) {
    above.untold_microjoules[c] += group.untold_microjoules[c];
    above.untold_idle_microjoules[c] += group.untold_idle_microjoules[c];
  }
  by_path_.erase(key_of(group.id, group.path));
  if (const auto known = by_id_.find(group.id); known != by_id_.end() && known->second == at) {
    // What its processes tell is told in the parent, whose totals it is in now.
    rename(group.id, above.id);
    by_id_.erase(known);
  }
  --ended_groups_now_;
  if (const std::size_t last = groups_.size() - 1; at != last) {
    groups_[at] = std::move(groups_[last]);
    states_[at] = states_[last];
    by_path_[key_of(groups_[at].id, groups_[at].path)] = at;
    if (const auto known = by_id_.find(groups_[at].id); known != by_id_.end() && known->second == last)
      known->second = at;
  }
  groups_.pop_back();
  states_.pop_back();
}

void TenantTable::retire(std::int64_t now_ns) {
  if (std::exchange(group_ended_, false)) {
    for (std::size_t i = 0; i < processes_.size(); ++i) {
      if (processes_[i].ended) continue;
      const auto group = by_id_.find(processes_[i].group);
      if (group != by_id_.end() && groups_[group->second].ended) end_process(i, now_ns);
    }
  }
  const auto old_enough = [&](std::int64_t ended_at_ns) { return now_ns - ended_at_ns >= limits_.ended_kept_ns; };
  while (!ended_processes_.empty()) {
    const auto& [ended_at, key] = ended_processes_.front();
    if (!old_enough(ended_at) && ended_processes_now_ <= limits_.ended_kept) break;
    if (const auto found = by_key_.find(key); found != by_key_.end()) {
      drop_process(found->second);
      --ended_processes_now_;
    }
    ended_processes_.pop_front();
  }
  drop_unheard();
  while (!ended_groups_.empty()) {
    const auto& [ended_at, key] = ended_groups_.front();
    const auto found = by_path_.find(key);
    const bool still_ended =
        found != by_path_.end() && groups_[found->second].ended && states_[found->second].ended_at_ns == ended_at;
    if (still_ended && !old_enough(ended_at) && ended_groups_now_ <= limits_.ended_kept) break;
    if (still_ended) fold_group(found->second);
    ended_groups_.pop_front();
  }
}

void TenantTable::restore(GroupTotals group, std::int64_t now_ns) {
  const std::string key = key_of(group.id, group.path);
  if (const auto known = by_path_.find(key); known != by_path_.end()) {
    GroupTotals& now = groups_[known->second];
    group.id = now.id;
    group.ended = now.ended;
    group.totals.resident_bytes = now.totals.resident_bytes;
    group.tenant = now.tenant;
    now = std::move(group);
    return;
  }
  group.tenant = capture::tenant_of(group.path);
  group.ended = true;
  group.totals.resident_bytes = 0;
  by_path_[key] = groups_.size();  // its number of that time may be another group's by now: known by path alone
  groups_.push_back(std::move(group));
  states_.emplace_back().ended_at_ns = now_ns;
  ended_groups_.emplace_back(now_ns, key);
  ++ended_groups_now_;
}

}  // namespace cradle::observe
