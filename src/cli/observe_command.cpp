// cradle observe -- COMMAND: what one command took, when it has ended.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "cradle/base/text.h"
#include "cradle/observe/command.h"
#include "cradle/observe/node.h"
#include "cradle/report/format.h"
#include "verb_observe.h"

namespace cradle::cli {

namespace {

using carbon::Estimate;
using carbon::GramsCO2e;
using observe::Component;
using Json = nlohmann::ordered_json;

constexpr double ns_per_second = 1e9;

/// The kernel frees what has ended within some milliseconds, on a busy machine within some tens.
constexpr std::chrono::milliseconds settling_time{250};

constexpr std::array<Component, observe::components> all_components = {
    Component::cpu, Component::memory, Component::storage, Component::network, Component::accelerator, Component::base};

/// What is told of a command, however it is known.
struct Bill {
  observe::Totals totals;
  double wall_seconds = 0;
  int exit_status = 0;
  std::string cpu_source;
  std::vector<std::string> notes;
};

template <class Quantity>
Json range(const Estimate<Quantity>& estimate) {
  return {{"value", estimate.value.value()}, {"low", estimate.low.value()}, {"high", estimate.high.value()}};
}

/// Parts that are at their low ends together, or at their high ones: as the grams are told.
template <class Quantity>
Estimate<Quantity> sum(const Estimate<Quantity>& a, const Estimate<Quantity>& b) {
  return {a.value + b.value, a.low + b.low, a.high + b.high};
}

Json to_json(const Bill& bill, const observe::Snapshot& snapshot, const ObserveOptions& options) {
  Json document;
  document["schema"] = "cradle.observe.command/1";
  document["command"] = options.command;
  document["exit_status"] = bill.exit_status;
  document["wall_seconds"] = bill.wall_seconds;
  document["cpu_seconds"] = static_cast<double>(bill.totals.cpu_ns) / ns_per_second;
  Json energy = Json::object(), ranges = Json::object(), kinds = Json::object(), mass = Json::object();
  Estimate<carbon::Joules> total;
  for (const Component component : all_components) {
    const std::string kind = knowledge_of(snapshot, component);
    if (kind.empty()) continue;
    const auto part = energy_estimate(snapshot, bill.totals, component);
    energy[observe::to_string(component)] = part.value.value();
    ranges[observe::to_string(component)] = Json::array({part.low.value(), part.high.value()});
    kinds[observe::to_string(component)] = kind;
    total = sum(total, part);
  }
  document["joules"] = std::move(energy);
  document["joules_range"] = std::move(ranges);
  document["joules_total"] = total.value.value();
  document["joules_total_range"] = Json::array({total.low.value(), total.high.value()});
  document["meter_kind"] = std::move(kinds);
  mass["operational"] = range(bill.totals.operational_average);
  if (bill.totals.operational_marginal) mass["operational_marginal"] = range(*bill.totals.operational_marginal);
  mass["embodied"] = range(bill.totals.embodied);
  document["grams"] = std::move(mass);
  document["grams_total"] = range(sum(bill.totals.operational_average, bill.totals.embodied));
  document["bytes"] = {{"block_read", bill.totals.block_read_bytes},
                       {"block_written", bill.totals.block_written_bytes},
                       {"network_received", bill.totals.network_received_bytes},
                       {"network_sent", bill.totals.network_sent_bytes}};
  Json meters = Json::array();
  for (const observe::ZoneTotals& zone : snapshot.zones)
    if (zone.counted)
      meters.push_back({{"zone", zone.zone.name},
                        {"source", zone.zone.source},
                        {"uncertainty", zone.zone.uncertainty},
                        {"uncertainty_source", zone.zone.uncertainty_source}});
  document["known_by"] = {{"cpu_seconds", bill.cpu_source},
                          {"idle_energy", attribution::to_string(snapshot.policy)},
                          {"signal", "average"},
                          {"grid", options.grid},
                          {"pue", options.pue},
                          {"meters", std::move(meters)}};
  document["notes"] = bill.notes;
  return document;
}

void print_text(const Bill& bill, const observe::Snapshot& snapshot, const ObserveOptions& options) {
  // On standard error, as `time` does: standard output belongs to the command.
  const auto line = [](const char* what, const std::string& value, const std::string& how) {
    std::fprintf(stderr, "%-12s %16s  %s\n", what, value.c_str(), how.c_str());
  };
  std::fputs("\n", stderr);
  line("time", report::duration_text(carbon::Seconds{bill.wall_seconds}), "");
  line("cpu time", report::significant(static_cast<double>(bill.totals.cpu_ns) / ns_per_second, 4) + " s",
       bill.cpu_source);
  for (const Component component : all_components) {
    const std::string kind = knowledge_of(snapshot, component);
    if (kind.empty()) continue;
    const auto energy = energy_estimate(snapshot, bill.totals, component);
    line(observe::to_string(component), report::significant(energy.value.value(), 4) + " J",
         report::significant(energy.low.value(), 4) + " .. " + report::significant(energy.high.value(), 4) + " J, " +
             kind);
  }
  const auto mass = [](const Estimate<GramsCO2e>& e) { return report::mass_text(e.value); };
  const auto span = [](const Estimate<GramsCO2e>& e) {
    return report::mass_text(e.low) + " .. " + report::mass_text(e.high);
  };
  line("operational", mass(bill.totals.operational_average),
       span(bill.totals.operational_average) + ", grid " + options.grid + ", average signal");
  if (bill.totals.operational_marginal)
    line("", mass(*bill.totals.operational_marginal), span(*bill.totals.operational_marginal) + ", marginal signal");
  line("embodied", mass(bill.totals.embodied), span(bill.totals.embodied));
  for (const std::string& note : bill.notes) std::fprintf(stderr, "note: %s\n", note.c_str());
}

/// The part of the machine's use that the command's own CPU time is of all, where it has no group of its own.
observe::Totals share_by_cpu(const observe::Totals& node, const observe::Totals& before, std::int64_t cpu_ns,
                             double capacity_ns) {
  observe::Totals totals;
  totals.cpu_ns = cpu_ns;
  const std::int64_t busy = node.cpu_ns - before.cpu_ns;
  const double of_use = busy > 0 ? std::min(1.0, static_cast<double>(cpu_ns) / static_cast<double>(busy)) : 0;
  const double of_capacity = capacity_ns > 0 ? std::min(1.0, static_cast<double>(cpu_ns) / capacity_ns) : 0;
  double all = 0, dynamic = 0;
  for (std::size_t c = 0; c < observe::components; ++c) {
    const auto spent = static_cast<double>(node.dynamic_microjoules[c] - before.dynamic_microjoules[c]);
    totals.dynamic_microjoules[c] = static_cast<std::int64_t>(spent * of_use);
    dynamic += spent;
    all += spent;
    for (std::size_t p = 0; p < attribution::idle_policies; ++p)
      if (p == 0) all += static_cast<double>(node.idle_microjoules[p][c] - before.idle_microjoules[p][c]);
  }
  const double share = all > 0 ? dynamic / all * of_use : 0;
  const auto part = [](const Estimate<GramsCO2e>& now, const Estimate<GramsCO2e>& then, double ratio) {
    return Estimate<GramsCO2e>{(now.value - then.value) * ratio, (now.low - then.low) * ratio,
                               (now.high - then.high) * ratio};
  };
  totals.operational_average = part(node.operational_average, before.operational_average, share);
  totals.embodied = part(node.embodied, before.embodied, of_capacity);
  return totals;
}

}  // namespace

int observe_command(const ObserveOptions& options, const observe::ObserverOptions& observer_options, Pace pace,
                    const catalog::Catalog& catalog, const Common& common) {
  auto run = observe::CommandRun::start(options.command);
  if (!run) return fail(run.error());
  auto observer = observe::Observer::open(observer_options, catalog);
  if (!observer) {
    ::kill(run->pid(), SIGKILL);
    while (!run->ended_within(1000)) {
    }
    return fail(observer.error());
  }
  observe::Observer& node = **observer;
  const observe::Totals before = node.snapshot().node;

  // Ctrl-C is for the command; what it took is told all the same.
  const StopGuard guard;
  const auto start = std::chrono::steady_clock::now();
  if (auto released = run->release(); !released) {
    fail(released.error());
    return run->exit_status();
  }
  Bill bill;
  const auto tick = [&] {
    if (auto ticked = node.tick(); !ticked) bill.notes.push_back(to_string(ticked.error()));
  };
  bool passed_on = false;
  while (!run->ended_within(pace.interval_ms)) {
    // What is typed at a terminal reaches the command by itself.
    if (const int caught = StopGuard::signal();
        (caught == SIGTERM || caught == SIGHUP) && !std::exchange(passed_on, true))
      ::kill(run->pid(), caught);
    tick();
  }
  bill.wall_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  bill.exit_status = run->exit_status();
  node.settle(settling_time);
  tick();

  const observe::Snapshot& snapshot = node.snapshot();
  const observe::GroupTotals* own = nullptr;
  for (const observe::GroupTotals& group : snapshot.groups)
    if (!run->group().empty() && group.path == run->group()) own = &group;
  if (own) {
    bill.totals = own->totals;
    bill.cpu_source = "its own control group, counted by the kernel";
  } else {
    const double capacity = bill.wall_seconds * ns_per_second * static_cast<double>(::sysconf(_SC_NPROCESSORS_ONLN));
    bill.totals = share_by_cpu(snapshot.node, before, run->waited_cpu_ns(), capacity);
    bill.cpu_source = "the command and the descendants it waited for (wait4)";
    bill.notes.push_back("no control group of its own (" + run->group_note() +
                         "): joules are its share of the machine's use by CPU time");
  }
  for (const std::string& note : snapshot.notes) bill.notes.push_back(note);
  if (const auto left = run->left_behind(); !left.empty())
    bill.notes.push_back(std::to_string(left.size()) + " of its processes still run and are counted up to now");
  if (auto done = node.finish(); !done) bill.notes.push_back(to_string(done.error()));
  run->remove_group();

  if (options.output == Output::json) {
    std::fputs((to_json(bill, snapshot, options).dump(2, ' ', false, Json::error_handler_t::replace) + "\n").c_str(),
               stdout);
  } else if (!common.quiet) {
    print_text(bill, snapshot, options);
  }
  return bill.exit_status;
}

}  // namespace cradle::cli
