// Speed of the latency-accurate events, and the long run that must see no violation while the published protocol, on
// the same schedule, shows some. CRADLE_SOAK_EVENTS sets how long (1e9 and more for the full claim).
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>

#include "cradle/base/text.h"
#include "cradle/power/events.h"
#include "cradle/power/model_check.h"

namespace {

using namespace cradle::power;

void events(benchmark::State& state, Protocol protocol, bool everything) {
  const auto topology = Topology::torus(100, 100, "bench");
  const auto tiles = make_tiles(*topology, {});
  EventOptions options;
  options.protocol = protocol;
  options.loss = 0.1;
  options.periods = 1000;
  options.trace_every = 16;
  if (everything) {
    options.duplicate = 0.01;
    options.reorder = 0.05;
    options.crash = 1e-5;
    options.activity = 50;
  }
  std::uint64_t count = 0, violations = 0;
  for (auto _ : state) {
    const auto outcome = run_events(*topology, *tiles, options);
    if (!outcome) return state.SkipWithError(to_string(outcome.error()).c_str());
    count += outcome->events;
    violations += outcome->violations;
  }
  if (protocol == Protocol::escrow && violations > 0) return state.SkipWithError("violations");
  state.SetItemsProcessed(static_cast<std::int64_t>(count));
  state.counters["violations"] = static_cast<double>(violations);
  state.SetLabel("messages and wakes, 10,000 tiles, 10 % loss, one core");
}
BENCHMARK_CAPTURE(events, escrow, Protocol::escrow, false)
    ->Name("power/events_escrow")
    ->Unit(benchmark::kSecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(events, escrow_crashes, Protocol::escrow, true)
    ->Name("power/events_with_crashes")
    ->Unit(benchmark::kSecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(events, published, Protocol::published, false)
    ->Name("power/events_published")
    ->Unit(benchmark::kSecond)
    ->UseRealTime();

void soak(benchmark::State& state) {
  const char* named = std::getenv("CRADLE_SOAK_EVENTS");
  const auto wanted = cradle::parse_number(named != nullptr ? named : "2e7").value_or(0);
  const auto topology = Topology::torus(50, 50, "bench");
  const auto tiles = make_tiles(*topology, {});
  EventOptions options;
  options.loss = 0.1;
  options.duplicate = 0.01;
  options.reorder = 0.05;
  options.crash = 1e-4;
  options.activity = 50;
  options.trace_every = 64;
  options.periods = 1e9;
  options.most_events = static_cast<std::uint64_t>(std::max(wanted, 1.0));
  options.partitions = {{500, 560, 0, 800}, {900, 905, 1200, 1}};
  options.changes = {{600, 0.8}, {700, 1}, {800, 0.5}, {850, 0.9}};
  std::uint64_t count = 0, ours = 0, published = 0;
  double minimum = 0, most_over = 0, over_coin_periods = 0, obey = 0;
  for (auto _ : state) {
    options.protocol = Protocol::escrow;
    const auto outcome = run_events(*topology, *tiles, options);
    EventOptions beside = options;
    beside.protocol = Protocol::published;
    beside.changes.clear();
    beside.most_events = std::min<std::uint64_t>(options.most_events, 20'000'000);
    const auto other = run_events(*topology, *tiles, beside);
    if (!outcome || !other) return state.SkipWithError("refused");
    count += outcome->events;
    ours += outcome->violations;
    published += other->violations;
    minimum = std::min(minimum, static_cast<double>(outcome->min_balance));
    most_over = std::max(most_over, outcome->over_budget_max_percent);
    over_coin_periods += outcome->over_budget_coin_periods;
    if (outcome->periods > 900 && !outcome->obey_periods) return state.SkipWithError("a cut was not obeyed");
    obey = std::max(obey, outcome->obey_periods.value_or(0));
  }
  if (ours > 0 || minimum < 0) return state.SkipWithError("violations");
  // Above the budget only what a cut has not reached yet: the deepest is from 1 to 0.5, and a lease, a hold and some
  // renewals long.
  if (most_over > 100.01 || obey > 40) return state.SkipWithError("above the budget by more than a cut explains");
  if (published == 0) return state.SkipWithError("the published protocol shows no violation: the check sees nothing");
  state.SetItemsProcessed(static_cast<std::int64_t>(count));
  state.counters["violations"] = static_cast<double>(ours);
  state.counters["over_budget_max_percent"] = most_over;
  state.counters["over_budget_coin_periods"] = over_coin_periods;
  state.counters["obey_periods"] = obey;
  state.counters["published_violations"] = static_cast<double>(published);
  state.SetLabel("2,500 tiles: 10 % loss, doubles, reordering, crashes, partitions, cuts");
}
BENCHMARK(soak)->Name("power/events_soak")->Unit(benchmark::kSecond)->UseRealTime()->Iterations(1);

void exhaustive(benchmark::State& state) {
  ModelCheckOptions options;
  options.line = true;
  options.most_states = 200'000;
  std::uint64_t transitions = 0;
  for (auto _ : state) {
    const auto outcome = check_model(options);
    if (!outcome || !outcome->violation.empty()) return state.SkipWithError("violation");
    transitions += outcome->transitions;
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(transitions));
  state.SetLabel("transitions, three tiles, one crash, one core");
}
BENCHMARK(exhaustive)->Name("power/model_check")->Unit(benchmark::kSecond)->UseRealTime();

/// Every state of three tiles that are all partners, four coins and links that lose, double and reorder, no crashes.
void exhaustive_whole(benchmark::State& state) {
  ModelCheckOptions options;
  options.ends = 0;
  std::uint64_t transitions = 0;
  for (auto _ : state) {
    const auto outcome = check_model(options);
    if (!outcome || !outcome->violation.empty()) return state.SkipWithError("violation");
    if (!outcome->complete || outcome->bounded > 0 || outcome->states != 889'002)
      return state.SkipWithError("not every state was seen");
    transitions += outcome->transitions;
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(transitions));
  state.SetLabel("transitions, three tiles, four coins, every state, one core");
}
BENCHMARK(exhaustive_whole)->Name("power/model_check_whole")->Unit(benchmark::kSecond)->UseRealTime()->Iterations(1);

}  // namespace
