#include "cradle/carbon/product_dag.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "cradle/base/random.h"

namespace cradle::carbon {
namespace {

struct OwnedJob {
  double own = 0;
  ProductIndex makes = no_product;
  std::vector<ProductUse> uses;

  ProductJob view() const { return {GramsCO2e{own}, makes, uses}; }
};

std::vector<ProductJob> views(const std::vector<OwnedJob>& jobs) {
  std::vector<ProductJob> all;
  for (const auto& job : jobs) all.push_back(job.view());
  return all;
}

/// The definition of EPC, by recursion over jobs.
struct Reference {
  explicit Reference(const std::vector<OwnedJob>& all) : jobs(all) {
    for (const auto& job : jobs) {
      for (const auto& use : job.uses) weight[use.product] += use.weight;
    }
  }
  double total(const OwnedJob& job) {
    double sum = job.own;
    for (const auto& use : job.uses) sum += epc(use.product) * use.weight / weight[use.product];
    return sum;
  }
  double epc(ProductIndex product) {
    if (const auto found = known.find(product); found != known.end()) return found->second;
    double sum = 0;
    for (const auto& job : jobs) {
      if (job.makes == product) sum += total(job);
    }
    return known[product] = sum;
  }
  const std::vector<OwnedJob>& jobs;
  std::map<ProductIndex, double> weight, known;
};

std::string name_of(std::size_t product) { return "p" + std::to_string(product); }

ProductDag dag_with(std::size_t products) {
  ProductDag dag;
  for (std::size_t i = 0; i < products; ++i) EXPECT_TRUE(dag.product(name_of(i)));
  return dag;
}

/// 1 .. most, all sizes alike (rapidcheck would begin with small ones).
std::uint32_t any_count(std::uint32_t most) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<std::uint32_t>(1, most + 1));
}

/// Jobs over `products` products. Acyclic: a product is made only from products of lower rank, the ranks at random.
std::vector<OwnedJob> any_jobs(std::uint32_t products, bool acyclic) {
  const auto most_uses = any_count(5);  // few: long chains, and cycles that are closed late
  RandomStream random(*rc::gen::arbitrary<std::uint64_t>(), "jobs");
  std::vector<std::uint32_t> rank(products);
  for (std::uint32_t i = 0; i < products; ++i) rank[i] = i;
  random.shuffle(std::span(rank));
  std::vector<OwnedJob> jobs(static_cast<std::size_t>(random.below(4 * products + 1)));
  for (auto& job : jobs) {
    job.own = std::floor(random.uniform() * 1000);
    if (random.below(5) > 0) job.makes = static_cast<ProductIndex>(random.below(products));
    for (std::uint64_t uses = random.below(most_uses + 1); uses > 0; --uses) {
      const auto used = static_cast<ProductIndex>(random.below(products));
      if (acyclic && job.makes != no_product && rank[used] >= rank[job.makes]) continue;
      job.uses.push_back({used, 0.01 + random.uniform() * 10});
    }
  }
  return jobs;
}

void expect_close(double a, double b, double scale) {
  RC_ASSERT(std::abs(a - b) <= 1e-12 * std::max({std::abs(a), std::abs(b), scale}));
}

RC_GTEST_PROP(ProductDag, IncrementalBatchAndDefinitionAgree, ()) {
  const auto products = any_count(40);
  const auto jobs = any_jobs(products, true);
  auto one_by_one = dag_with(products), at_once = dag_with(products), mixed = dag_with(products);
  double scale = 0;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    RC_ASSERT(*one_by_one.add_job(jobs[i].view()) == i);
    scale += jobs[i].own;
    // Reads in between settle part of the graph; they must not change where it ends.
    const auto read = static_cast<ProductIndex>((i * 7) % products);
    const std::vector<OwnedJob> so_far(jobs.begin(), jobs.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    expect_close(one_by_one.epc(read).value(), Reference(so_far).epc(read), scale);
  }
  const auto all = views(jobs);
  RC_ASSERT(at_once.add_jobs(all).has_value());
  RC_ASSERT(mixed.add_jobs(std::span(all).first(all.size() / 2)).has_value());
  for (std::size_t i = all.size() / 2; i < all.size(); ++i) RC_ASSERT(mixed.add_job(all[i]).has_value());

  Reference reference(jobs);
  for (ProductDag* dag : {&one_by_one, &at_once, &mixed}) {
    RC_ASSERT(dag->jobs() == jobs.size());
    RC_ASSERT(dag->edges() == at_once.edges());
    for (ProductIndex p = 0; p < products; ++p) {
      expect_close(dag->epc(p).value(), reference.epc(p), scale);
      const double weight = reference.weight[p];
      expect_close(dag->per_use(p).value(), weight > 0 ? reference.epc(p) / weight : 0, 0);
    }
    for (std::size_t i = 0; i < jobs.size(); ++i)
      expect_close(dag->job_total(static_cast<JobIndex>(i)).value(), reference.total(jobs[i]), scale);
    expect_close(dag->own_total().value(), scale, scale);
    RC_ASSERT(std::abs((dag->at_sinks() - dag->own_total()).value()) <= 1e-12 * scale);
  }
}

RC_GTEST_PROP(ProductDag, TheOrderOfJobsAndNamesDoesNotMatter, ()) {
  const auto products = any_count(40);
  const auto jobs = any_jobs(products, true);
  RandomStream random(*rc::gen::arbitrary<std::uint64_t>(), "shuffle");
  std::vector<std::size_t> job_order(jobs.size()), name_order(products);
  for (std::size_t i = 0; i < jobs.size(); ++i) job_order[i] = i;
  for (std::size_t i = 0; i < products; ++i) name_order[i] = i;
  random.shuffle(std::span(job_order));
  random.shuffle(std::span(name_order));

  auto straight = dag_with(products);
  for (const auto& job : jobs) RC_ASSERT(straight.add_job(job.view()).has_value());
  ProductDag shuffled;
  for (const std::size_t product : name_order) RC_ASSERT(shuffled.product(name_of(product)).has_value());
  for (const std::size_t i : job_order) {
    OwnedJob job = jobs[i];
    if (job.makes != no_product) job.makes = *shuffled.product(name_of(job.makes));
    for (auto& use : job.uses) use.product = *shuffled.product(name_of(use.product));
    RC_ASSERT(shuffled.add_job(job.view()).has_value());
  }
  RC_ASSERT(shuffled.products() == products);
  for (ProductIndex p = 0; p < products; ++p) {
    expect_close(shuffled.epc(*shuffled.product(name_of(p))).value(), straight.epc(p).value(),
                 straight.own_total().value());
  }
}

/// Product to product: what is made from what.
using Edges = std::set<std::pair<ProductIndex, ProductIndex>>;

bool reaches(const Edges& edges, ProductIndex from, ProductIndex to) {
  std::set<ProductIndex> seen;
  std::vector<ProductIndex> open{from};
  while (!open.empty()) {
    const ProductIndex at = open.back();
    open.pop_back();
    if (at == to) return true;
    if (!seen.insert(at).second) continue;
    for (const auto& edge : edges) {
      if (edge.first == at) open.push_back(edge.second);
    }
  }
  return false;
}

/// True if the message is "cycle: a -> b -> a" and each arrow is an edge.
bool names_a_cycle(const std::string& message, const Edges& edges) {
  const std::string head = "cycle: p", arrow = " -> p";
  if (message.compare(0, head.size(), head) != 0) return false;
  std::vector<ProductIndex> path;
  for (std::size_t at = head.size(); at != std::string::npos;) {
    path.push_back(static_cast<ProductIndex>(std::stoul(message.substr(at))));
    at = message.find(arrow, at);
    if (at != std::string::npos) at += arrow.size();
  }
  if (path.size() < 2 || path.front() != path.back()) return false;
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    if (!edges.contains({path[i], path[i + 1]})) return false;
  }
  return true;
}

RC_GTEST_PROP(ProductDag, ExactlyTheJobsThatCloseACycleAreRefusedAndNamed, ()) {
  const auto products = any_count(20);
  const auto jobs = any_jobs(products, false);
  auto dag = dag_with(products);
  Edges edges;
  std::vector<OwnedJob> accepted;
  for (const auto& job : jobs) {
    Edges with_job = edges;
    bool closes = false;
    for (const auto& use : job.uses) {
      if (job.makes == no_product) continue;
      with_job.insert({use.product, job.makes});
      closes = closes || reaches(edges, job.makes, use.product);
    }
    const auto added = dag.add_job(job.view());
    RC_ASSERT(added.has_value() == !closes);
    if (added) {
      edges = with_job;
      accepted.push_back(job);
    } else {
      RC_ASSERT(added.error().code == ErrorCode::bad_input);
      RC_ASSERT(!added.error().hint.empty());
      RC_ASSERT(names_a_cycle(added.error().message, with_job));
    }
  }
  RC_ASSERT(dag.jobs() == accepted.size());
  RC_ASSERT(dag.edges() == edges.size());
  Reference reference(accepted);
  for (ProductIndex p = 0; p < products; ++p)
    expect_close(dag.epc(p).value(), reference.epc(p), dag.own_total().value());

  // All at once: refused as a whole if any was refused, with a cycle named.
  auto at_once = dag_with(products);
  Edges all_edges;
  for (const auto& job : jobs) {
    for (const auto& use : job.uses) {
      if (job.makes != no_product) all_edges.insert({use.product, job.makes});
    }
  }
  const auto result = at_once.add_jobs(views(jobs));
  RC_ASSERT(result.has_value() == (accepted.size() == jobs.size()));
  if (!result) {
    RC_ASSERT(names_a_cycle(result.error().message, all_edges));
    RC_ASSERT(at_once.jobs() == 0U);
    RC_ASSERT(at_once.edges() == 0U);
    RC_ASSERT(at_once.own_total() == GramsCO2e{0});
    RC_ASSERT(at_once.add_jobs(views(accepted)).has_value());
    for (ProductIndex p = 0; p < products; ++p)
      expect_close(at_once.epc(p).value(), reference.epc(p), dag.own_total().value());
  }
}

TEST(ProductDag, SharedAncestorsAreSplitByUse) {
  // A data set of 100 g feeds two models, three parts to one; the first model serves two services evenly.
  ProductDag dag;
  const auto data = *dag.product("data"), model = *dag.product("model"), other = *dag.product("other");
  const auto chat = *dag.product("chat"), search = *dag.product("search");
  const auto add = [&dag](double own, ProductIndex makes, std::vector<ProductUse> uses) {
    return *dag.add_job({GramsCO2e{own}, makes, uses});
  };
  add(100, data, {});
  add(1000, model, {{data, 3}});
  add(500, other, {{data, 1}});
  EXPECT_DOUBLE_EQ(dag.epc(model).value(), 1075);
  EXPECT_DOUBLE_EQ(dag.epc(other).value(), 525);
  add(10, chat, {{model, 50}});
  const JobIndex serving = add(20, search, {{model, 50}});
  EXPECT_DOUBLE_EQ(dag.epc(chat).value(), 547.5);
  EXPECT_DOUBLE_EQ(dag.job_total(serving).value(), 557.5);
  EXPECT_DOUBLE_EQ(dag.per_use(model).value(), 10.75);
  // A job without a product takes its share out of the others'.
  const JobIndex batch = add(1, no_product, {{model, 100}});
  EXPECT_DOUBLE_EQ(dag.job_total(batch).value(), 1 + 537.5);
  EXPECT_DOUBLE_EQ(dag.epc(chat).value(), 10 + 268.75);
  // The model is trained again: its new grams reach everything that uses it.
  add(200, model, {{data, 1}});
  EXPECT_DOUBLE_EQ(dag.epc(data).value(), 100);
  EXPECT_DOUBLE_EQ(dag.epc(model).value(), 1200 + 80);
  EXPECT_DOUBLE_EQ(dag.epc(other).value(), 520);
  EXPECT_DOUBLE_EQ(dag.at_sinks().value(), dag.own_total().value());
  EXPECT_EQ(dag.name(chat), "chat");
  EXPECT_EQ(*dag.product("chat"), chat);
  EXPECT_EQ(dag.edges(), 4U);
}

TEST(ProductDag, ACycleIsNamedInTheDirectionOfUse) {
  ProductDag dag;
  const auto a = *dag.product("a"), b = *dag.product("b"), c = *dag.product("c");
  const auto add = [&dag](ProductIndex makes, ProductIndex used) {
    const ProductUse use{used, 1};
    return dag.add_job({GramsCO2e{1}, makes, {&use, 1}});
  };
  ASSERT_TRUE(add(b, a));
  EXPECT_EQ(add(a, b).error().message, "cycle: a -> b -> a");
  ASSERT_TRUE(add(c, b));
  EXPECT_EQ(add(a, c).error().message, "cycle: a -> b -> c -> a");
  EXPECT_EQ(add(c, c).error().message, "cycle: c -> c");
  EXPECT_EQ(add(c, c).error().where, "job 2");
  EXPECT_EQ(dag.jobs(), 2U);
}

TEST(ProductDag, TheOrderOfProductsStaysTrueWhenSeveralMove) {
  // m goes into b and a, a into b. Then m is made from q, named later and made from r: all of them change places.
  ProductDag dag;
  const auto m = *dag.product("m"), a = *dag.product("a"), b = *dag.product("b");
  const auto r = *dag.product("r"), q = *dag.product("q");
  const auto add = [&dag](ProductIndex makes, ProductIndex used) {
    const ProductUse use{used, 1};
    return dag.add_job({GramsCO2e{1}, makes, {&use, 1}});
  };
  for (const auto& [makes, used] : {std::pair{b, m}, {a, m}, {b, a}, {q, r}, {m, q}}) ASSERT_TRUE(add(makes, used));
  EXPECT_EQ(add(a, b).error().message, "cycle: a -> b -> a");
  EXPECT_EQ(add(m, b).error().message, "cycle: m -> b -> m");
  EXPECT_EQ(add(r, q).error().message, "cycle: r -> q -> r");
  EXPECT_EQ(add(r, b).error().message, "cycle: r -> q -> m -> b -> r");
  EXPECT_DOUBLE_EQ(dag.epc(b).value(), dag.own_total().value());
}

TEST(ProductDag, ALongCycleIsNamedShort) {
  ProductDag dag = dag_with(1000);
  const auto add = [&dag](ProductIndex makes, ProductIndex used) {
    const ProductUse use{used, 1};
    return dag.add_job({GramsCO2e{1}, makes, {&use, 1}});
  };
  for (ProductIndex p = 1; p < 1000; ++p) ASSERT_TRUE(add(p, p - 1));
  EXPECT_DOUBLE_EQ(dag.epc(999).value(), 999);
  EXPECT_EQ(add(0, 999).error().message,
            "cycle: p0 -> p1 -> p2 -> p3 -> p4 -> p5 -> p6 -> p7 -> p8 -> p9 -> ... (989 more) -> p999 -> p0");
}

TEST(ProductDag, BadJobsAreRefusedAndChangeNothing) {
  ProductDag dag = dag_with(2);
  const auto refused = [&dag](double own, ProductIndex makes, std::vector<ProductUse> uses) {
    const ProductJob job{GramsCO2e{own}, makes, uses};
    const auto one = dag.add_job(job);
    const auto many = dag.add_jobs({&job, 1});
    EXPECT_EQ(dag.jobs(), 0U);
    return !one && !many && one.error().message == many.error().message && one.error().where == "job 0" &&
           !one.error().hint.empty();
  };
  const double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  for (const double grams : {-1.0, nan, inf, 1e19}) EXPECT_TRUE(refused(grams, 0, {})) << grams;
  for (const double weight : {0.0, -1.0, nan, inf, 1e300, 1e-300}) EXPECT_TRUE(refused(1, 0, {{1, weight}})) << weight;
  EXPECT_TRUE(refused(1, 2, {}));
  EXPECT_TRUE(refused(1, 0, {{1'000'000'000, 1}}));
  EXPECT_TRUE(refused(1, no_product, {{no_product, 1}}));
  EXPECT_FALSE(dag.product(""));
  EXPECT_FALSE(dag.product("\xC0\x80"));
  EXPECT_EQ(dag.at_sinks(), GramsCO2e{0});
  EXPECT_EQ(ProductDag().at_sinks(), GramsCO2e{0});
  EXPECT_TRUE(ProductDag().add_jobs({}));
}

TEST(ProductDag, TheSumIsPreservedInALargeLayeredGraph) {
  // Four layers of 500 products, 50,000 jobs of six uses each, grams over nine orders of magnitude.
  constexpr std::uint32_t width = 500, layers = 4;
  ProductDag dag = dag_with(width * layers);
  RandomStream random(7, "layered");
  std::vector<OwnedJob> jobs(50'000);
  for (auto& job : jobs) {
    job.own = std::pow(10, random.uniform() * 9 - 3);
    const auto layer = static_cast<std::uint32_t>(random.below(layers + 1));
    if (layer < layers) job.makes = layer * width + static_cast<std::uint32_t>(random.below(width));
    for (int i = 0; i < 6 && layer > 0; ++i)
      job.uses.push_back({static_cast<std::uint32_t>(random.below(layer * width)), 0.1 + random.uniform()});
  }
  ASSERT_TRUE(dag.add_jobs(views(jobs)));
  const double all = dag.own_total().value();
  EXPECT_NEAR(dag.at_sinks().value(), all, 1e-12 * all);
  for (int i = 0; i < 200; ++i) {
    jobs.push_back(jobs[static_cast<std::size_t>(random.below(50'000))]);
    ASSERT_TRUE(dag.add_job(jobs.back().view()));
    if (i % 50 == 0) {
      EXPECT_NEAR(dag.at_sinks().value(), dag.own_total().value(), 1e-12 * all);
    }
  }
  // The same said with the figures of products and jobs: all grams are at products nobody uses and at jobs without
  // a product.
  std::vector<bool> is_used(dag.products());
  for (const auto& job : jobs) {
    for (const auto& use : job.uses) is_used[use.product] = true;
  }
  double sinks = 0;
  for (ProductIndex p = 0; p < dag.products(); ++p) sinks += is_used[p] ? 0 : dag.epc(p).value();
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (jobs[i].makes == no_product) sinks += dag.job_total(static_cast<JobIndex>(i)).value();
  }
  EXPECT_NEAR(sinks, dag.own_total().value(), 1e-12 * all);
}

}  // namespace
}  // namespace cradle::carbon
