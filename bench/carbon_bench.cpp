// The calls of the carbon room that stand in inner loops: one placement decision, one more job in a large product
// graph.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "cradle/base/random.h"
#include "cradle/carbon/decision.h"
#include "cradle/carbon/product_dag.h"

namespace {

using namespace cradle;
using namespace cradle::carbon;

IntensitySeries typical_year(Signal signal) {
  RandomStream random(1, "year");
  std::vector<GramsPerKilowattHour> steps;
  for (int hour = 0; hour < 8760; ++hour) steps.emplace_back(100 + 400 * random.uniform());
  return *IntensitySeries::make(signal, instant_of(2022, 1, 1), ms_per_hour, std::move(steps), true);
}

/// Candidates with random starts in a decade and lengths up to two days, so that the series is not read from cache
/// only.
void decision_cost(benchmark::State& state, bool has_marginal) {
  const auto average = typical_year(Signal::average), marginal = typical_year(Signal::marginal);
  const auto site = *SiteSignals::make(1.3, average, has_marginal ? &marginal : nullptr);
  RandomStream random(2, "placements");
  std::vector<Placement> candidates;
  for (int i = 0; i < 4096; ++i) {
    const Instant start{instant_of(2020, 1, 1).ms + static_cast<std::int64_t>(random.uniform() * 3650) * ms_per_day +
                        static_cast<std::int64_t>(random.uniform() * ms_per_day)};
    candidates.push_back({Watts{300}, Watts{80}, GramsPerSecond{1e-3}, GramsPerSecond{0}, start,
                          Instant{start.ms + static_cast<std::int64_t>(random.uniform() * 2 * ms_per_day)}});
  }
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(carbon::decision_cost(site, candidates[i]));
    i = (i + 1) % candidates.size();
  }
}
BENCHMARK_CAPTURE(decision_cost, average_only, false)->Name("carbon/decision_cost");
BENCHMARK_CAPTURE(decision_cost, with_marginal, true)->Name("carbon/decision_cost_two_signals");

// --- EPC ------------------------------------------------------------------------------------------------------------

constexpr std::size_t jobs = 1'000'000;
constexpr std::size_t uses_per_job = 10;

/// Jobs with their uses, to be added one at a time or all at once.
struct Jobs {
  std::vector<ProductUse> uses;
  std::vector<ProductJob> list;

  explicit Jobs(std::size_t count) {
    uses.reserve(count * uses_per_job);
    list.reserve(count);
  }
};

/// What a provider of models looks like: data sets, base models made from them, fine-tuned models, services. All jobs
/// of a product share its recipe of ten inputs, but one use in twenty is something else.
struct Layered {
  static constexpr ProductIndex data_sets = 400, base_models = 600, tuned_models = 5'000, products = 20'000;

  std::vector<ProductIndex> recipes;  ///< ten inputs by product
  RandomStream random{3, "layered"};

  Layered() : recipes(products * uses_per_job) {
    for (ProductIndex product = 0; product < products; ++product) {
      for (std::size_t i = 0; i < uses_per_job; ++i) recipes[product * uses_per_job + i] = any_input(product, i);
    }
  }
  ProductIndex among(ProductIndex low, ProductIndex high) {
    return low + static_cast<ProductIndex>(random.below(high - low));
  }
  /// A base model is made from data sets, a tuned one from a base model and data, a service from tuned models and data.
  ProductIndex any_input(ProductIndex product, std::size_t place) {
    if (product < base_models) return among(0, data_sets);
    if (product < tuned_models) return place == 0 ? among(data_sets, base_models) : among(0, data_sets);
    return place < 5 ? among(base_models, tuned_models) : among(0, data_sets);
  }
  /// A job for `product`. Data sets are made from nothing.
  void add_to(Jobs& out, ProductIndex product) {
    const std::size_t begin = out.uses.size();
    for (std::size_t i = 0; i < uses_per_job && product >= data_sets; ++i) {
      const ProductIndex input = random.below(20) == 0 ? any_input(product, i) : recipes[product * uses_per_job + i];
      out.uses.push_back({input, 0.5 + random.uniform()});
    }
    out.list.push_back(
        {GramsCO2e{random.exponential(1000)}, product, {out.uses.data() + begin, out.uses.size() - begin}});
  }
};

/// No structure at all: each job makes a product of its own from ten products of earlier jobs, drawn at random.
void add_flat(Jobs& out, RandomStream& random, ProductIndex product) {
  const std::size_t begin = out.uses.size();
  for (std::size_t i = 0; i < uses_per_job && product > 0; ++i)
    out.uses.push_back({static_cast<ProductIndex>(random.below(product)), 0.5 + random.uniform()});
  out.list.push_back(
      {GramsCO2e{random.exponential(1000)}, product, {out.uses.data() + begin, out.uses.size() - begin}});
}

ProductDag dag_with(std::size_t products) {
  ProductDag dag;
  for (std::size_t i = 0; i < products; ++i) {
    if (!dag.product("product " + std::to_string(i))) std::abort();
  }
  return dag;
}

Jobs layered_jobs() {
  Layered layered;
  Jobs all(jobs);
  for (std::size_t i = 0; i < jobs; ++i)
    layered.add_to(all, i < Layered::products ? static_cast<ProductIndex>(i) : layered.among(0, Layered::products));
  return all;
}

Jobs flat_jobs() {
  RandomStream random(4, "flat");
  Jobs all(jobs);
  for (std::size_t i = 0; i < jobs; ++i) add_flat(all, random, static_cast<ProductIndex>(i));
  return all;
}

void must(const Result<void>& result) {
  if (result) return;
  std::cerr << to_string(result.error()) << '\n';
  std::exit(1);
}

void build(benchmark::State& state, const Jobs& all, std::size_t products) {
  for (auto _ : state) {
    ProductDag dag = dag_with(products);
    must(dag.add_jobs(all.list));
    dag.settle();
    state.counters["jobs"] = static_cast<double>(dag.jobs());
    state.counters["uses"] = static_cast<double>(all.uses.size());
    state.counters["edges"] = static_cast<double>(dag.edges());
    state.counters["sum_error"] = dag.at_sinks() / dag.own_total() - 1;
  }
}

enum class Read { nothing, job_and_product, all_figures };

/// Adds jobs one at a time, and after each reads what it comes to, or brings every figure of the graph up to date.
void add(benchmark::State& state, ProductDag& dag, const Jobs& more, Read read) {
  std::vector<double> seconds;
  std::size_t i = 0;
  for (auto _ : state) {
    const ProductJob& job = more.list[i];
    const auto start = std::chrono::steady_clock::now();
    const auto added = dag.add_job(job);
    if (!added) {
      state.SkipWithError(to_string(added.error()).c_str());
      break;
    }
    if (read == Read::job_and_product) {
      benchmark::DoNotOptimize(dag.job_total(*added));
      benchmark::DoNotOptimize(dag.epc(job.makes));
    } else if (read == Read::all_figures) {
      dag.settle();
    }
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    state.SetIterationTime(taken.count());
    seconds.push_back(taken.count());
    i = (i + 1) % more.list.size();
  }
  if (seconds.empty()) return;
  std::sort(seconds.begin(), seconds.end());
  state.counters["median_us"] = 1e6 * seconds[seconds.size() / 2];
  state.counters["p99_us"] = 1e6 * seconds[seconds.size() * 99 / 100];
  state.counters["max_us"] = 1e6 * seconds.back();
}

void build_layered(benchmark::State& state) { build(state, layered_jobs(), Layered::products); }
BENCHMARK(build_layered)->Name("carbon/epc_build")->Unit(benchmark::kSecond)->Iterations(1);

void build_flat(benchmark::State& state) { build(state, flat_jobs(), jobs); }
BENCHMARK(build_flat)->Name("carbon/epc_build_unstructured")->Unit(benchmark::kSecond)->Iterations(1);

/// The layered graph, made once for all benches that add to it.
ProductDag& layered_dag() {
  static ProductDag dag = [] {
    ProductDag made = dag_with(Layered::products);
    must(made.add_jobs(layered_jobs().list));
    made.settle();
    return made;
  }();
  return dag;
}

/// More jobs of the layered graph, of all its layers.
void add_layered(benchmark::State& state, Read read) {
  Layered layered;
  layered.random = RandomStream(5, "more");
  Jobs more(10'000);
  for (std::size_t i = 0; i < 10'000; ++i) layered.add_to(more, layered.among(0, Layered::products));
  add(state, layered_dag(), more, read);
}
BENCHMARK_CAPTURE(add_layered, read_job, Read::job_and_product)
    ->Name("carbon/epc_add_job")
    ->Unit(benchmark::kMicrosecond)
    ->UseManualTime()
    ->Iterations(5000);
BENCHMARK_CAPTURE(add_layered, read_all, Read::all_figures)
    ->Name("carbon/epc_settle_all")
    ->Unit(benchmark::kMicrosecond)
    ->UseManualTime()
    ->Iterations(500);

/// The limit: everything is made from everything before it, so that a figure depends on most of a million others.
/// Adding costs no more than elsewhere; the first figure read afterwards does.
void add_to_flat(benchmark::State& state, Read read) {
  static ProductDag dag = [] {
    ProductDag made = dag_with(jobs + 10'000);
    must(made.add_jobs(flat_jobs().list));
    made.settle();
    return made;
  }();
  RandomStream random(6, "more");
  Jobs more(10'000);
  for (std::size_t i = 0; i < 10'000; ++i) add_flat(more, random, static_cast<ProductIndex>(jobs + i));
  add(state, dag, more, read);
}
BENCHMARK_CAPTURE(add_to_flat, unread, Read::nothing)
    ->Name("carbon/epc_unstructured_add_job_unread")
    ->Unit(benchmark::kMicrosecond)
    ->UseManualTime()
    ->Iterations(5000);
BENCHMARK_CAPTURE(add_to_flat, read_job, Read::job_and_product)
    ->Name("carbon/epc_unstructured_add_job")
    ->Unit(benchmark::kMillisecond)
    ->UseManualTime()
    ->Iterations(20);

}  // namespace
