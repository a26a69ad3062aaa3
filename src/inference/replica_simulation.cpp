#include "cradle/inference/replica_simulation.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "cradle/base/random.h"
#include "cradle/base/text.h"
#include "pool.h"
#include "replica_tokens.h"
#include "simulation_setting.h"

namespace cradle::inference {

namespace {

constexpr int most_simulated = 100'000;

constexpr std::array<std::pair<Fidelity, std::string_view>, 2> fidelities = {{
    {Fidelity::model, "model"},
    {Fidelity::tokens, "tokens"},
}};
constexpr std::array<std::pair<Routing, std::string_view>, 3> routings = {{
    {Routing::random, "random"},
    {Routing::shortest_queue, "shortest-queue"},
    {Routing::least_work, "least-work"},
}};

template <class Table, class Value>
std::string_view word_of(const Table& table, Value value) {
  for (const auto& [entry, word] : table)
    if (entry == value) return word;
  return {};
}

template <class Value, class Table>
Result<Value> value_of(const Table& table, std::string_view name, const char* what) {
  std::vector<std::string> words;
  for (const auto& [entry, word] : table) {
    if (word == name) return entry;
    words.emplace_back(word);
  }
  return bad_input("no " + std::string(what) + " '" + std::string(name) + "'", what, suggest(name, words));
}

template <class Replica>
void run(const ReplicaSetting& setting, const SimulationOptions& options, Simulation& simulation) {
  Pool<Replica> pool(setting, options.routing, options.seed);
  pool.scale(options.replicas, 0, 0);
  double busy_ms = 0;
  for (std::uint32_t i = 0; i < setting.arrivals.size(); ++i) {
    const double now = setting.arrivals[i].at_ms;
    pool.advance(now);
    if (i == options.warmup) busy_ms = pool.totals(now).busy_ms;
    pool.arrive(i, now);
  }
  const double end = setting.arrivals.back().at_ms;
  busy_ms = pool.totals(end).busy_ms - busy_ms;
  const double span = end - setting.arrivals[options.warmup].at_ms;
  simulation.in_service = span > 0 ? busy_ms / span / options.replicas : 0;
  pool.finish();
}

}  // namespace

std::string_view name(Fidelity fidelity) { return word_of(fidelities, fidelity); }
Result<Fidelity> fidelity_by_name(std::string_view name) { return value_of<Fidelity>(fidelities, name, "fidelity"); }
std::string_view name(Routing routing) { return word_of(routings, routing); }
Result<Routing> routing_by_name(std::string_view name) { return value_of<Routing>(routings, name, "routing"); }

Result<Simulation> simulate(const Service& service, std::span<const Arrival> arrivals,
                            const SimulationOptions& options) {
  if (auto fine = check_simulation(service, arrivals, options.fidelity); !fine) return fine.error();
  if (options.replicas < 1 || options.replicas > most_simulated)
    return bad_input(std::to_string(options.replicas) + " replicas", "replicas",
                     "give a whole number from 1 to " + std::to_string(most_simulated));
  if (options.warmup >= arrivals.size())
    return bad_input(
        "a warm-up of " + std::to_string(options.warmup) + " of " + std::to_string(arrivals.size()) + " requests",
        "warmup", "leave at least one request to measure");
  Simulation simulation;
  simulation.outcomes.resize(arrivals.size());
  const std::vector<double> work = work_of(arrivals.size(), options.fidelity, options.seed);
  const std::vector<double> watts(static_cast<std::size_t>(service.max_batch) + 1, 0.0);
  const ReplicaSetting setting = setting_of(service, watts, arrivals, work, simulation.outcomes);
  if (options.fidelity == Fidelity::model)
    run<ModelReplica>(setting, options, simulation);
  else
    run<TokenReplica>(setting, options, simulation);
  simulation.length = carbon::Seconds{arrivals.back().at_ms / 1e3};
  return simulation;
}

Result<ModelDifference> model_difference(const Service& service, double rate_per_s, std::int64_t requests,
                                         Fidelity fidelity, bool equal_tokens, std::uint64_t seed) {
  const auto model = queue_state(service, rate_per_s);
  if (!model) return model.error();
  if (requests < 1)
    return bad_input(std::to_string(requests) + " requests", "requests", "simulate at least one request");
  const GeneratedArrivals trace{.rate_per_s = rate_per_s,
                                .length = carbon::Seconds{static_cast<double>(requests) / rate_per_s},
                                .in_tokens = service.in_tokens,
                                .out_tokens = service.out_tokens,
                                .equal_tokens = equal_tokens};
  const auto arrivals = generate_arrivals(trace, seed);
  if (!arrivals) return arrivals.error();
  // The queue begins empty, and those who come last are served in a batch that nobody joins any more.
  const std::size_t warmup = arrivals->size() / 10, last = arrivals->size() - arrivals->size() / 50;
  const auto simulation =
      simulate(service, *arrivals, {.fidelity = fidelity, .replicas = 1, .seed = seed, .warmup = warmup});
  if (!simulation) return simulation.error();
  const ServiceLevel level = service_level(*arrivals, simulation->outcomes, {}, (*arrivals)[warmup].at_ms,
                                           last < arrivals->size() ? (*arrivals)[last].at_ms : never);
  ModelDifference difference;
  difference.model = *model;
  difference.waiting_ms = level.waiting_ms;
  difference.ttft_ms = level.ttft_ms.mean;
  difference.in_service = simulation->in_service;
  difference.blocked = static_cast<double>(level.blocked) / static_cast<double>(level.requests);
  // The model's time between tokens is that of a token, not of a request: long answers count for more.
  const std::vector<double> work = work_of(arrivals->size(), fidelity, seed);
  double decode = 0, tokens = 0;
  for (std::size_t i = warmup; i < last; ++i) {
    const Outcome& outcome = simulation->outcomes[i];
    if (outcome.blocked) continue;
    const double weight = work.empty() ? static_cast<double>((*arrivals)[i].out_tokens) : work[i];
    decode += outcome.itl_ms * weight;
    tokens += weight;
  }
  difference.itl_ms = tokens > 0 ? decode / tokens : 0;
  difference.ttft_excess = difference.ttft_ms / model->ttft_ms - 1;
  difference.itl_excess = difference.itl_ms / model->itl_ms - 1;
  return difference;
}

}  // namespace cradle::inference
