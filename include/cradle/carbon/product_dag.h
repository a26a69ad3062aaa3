// EPC: the carbon of software products that are made from one another, shared ancestors split by use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/compensated_sum.h"
#include "cradle/carbon/entry.h"
#include "cradle/carbon/quantity.h"

namespace cradle::carbon {

using ProductIndex = std::uint32_t;
inline constexpr ProductIndex no_product = std::numeric_limits<ProductIndex>::max();

/// A job's use of a product. The grams of a product are split over all its uses in proportion to `weight`: requests
/// served, training tokens read, GiB loaded; one measure for all uses of one product.
struct ProductUse {
  ProductIndex product = 0;
  double weight = 1;
};

/// One job: its own grams (ASC), what it helps to make (no_product: nothing that others can use) and what it uses.
struct ProductJob {
  GramsCO2e own;
  ProductIndex makes = no_product;
  std::span<const ProductUse> uses;
};

/// Jobs make products and use products:
///   EPC(product) = sum over the jobs that make it of [ ASC(job) + sum over its uses of weight / all weights x EPC ].
/// The sum is preserved: the grams that arrive where nothing uses them further (products without users, jobs without a
/// product) are the ASC of all jobs, `at_sinks() == own_total()` up to rounding.
///
/// All jobs of a product and all its uses count together, whatever the order in which they came. A product that is
/// made from its own output (a model trained on its own predictions) is therefore a cycle and is refused; a new
/// version is a new product.
///
/// Cost. The graph is held between products: the uses by all jobs of one product are added up in one edge.
/// - add_job: O(its uses) and a place in the list of inputs of its product, whatever the size of the graph. Only if
///   what it makes has users already, and what it uses was named later and is made from something itself, the order of
///   the two must be found out: O(the products and edges between them, downstream of the one or upstream of the other).
/// - A read after a change: O(the edges upstream of what is read), once until the next change. New uses of a product
///   lower the share of all its other users, so that one job may change figures all over the graph: only those that
///   are asked for are computed. settle() computes them all: O(products and edges).
/// - add_jobs: O(all jobs and uses), the way to load many.
/// Upstream of one product lie some 10^4 edges where products come in layers (data, models, services), which is far
/// below a millisecond; it may be the whole graph where each product is made from random others.
class ProductDag {
 public:
  /// The product of that name, new if there is none yet. bad_input if the name is empty or not UTF-8.
  Result<ProductIndex> product(std::string_view name);
  const std::string& name(ProductIndex product) const { return names_[product]; }
  std::size_t products() const { return names_.size(); }
  std::size_t jobs() const { return job_own_.size(); }
  /// Product to product: the uses of all jobs of one product count as one.
  std::size_t edges() const { return edges_; }

  /// Adds a job and gives its index, counted in the order of adding. bad_input, and nothing changed, if grams are
  /// negative, not finite or above 1e18, a weight is not within 1e-18 .. 1e18, a product does not exist, or the job
  /// would close a cycle ("cycle: a -> b -> a", an arrow from what is used to what is made).
  Result<JobIndex> add_job(const ProductJob& job);
  /// Adds all of them or, with the error add_job would give, none.
  Result<void> add_jobs(std::span<const ProductJob> jobs);

  /// Brings all figures up to date now. Reads do so themselves, for what they need.
  void settle();
  /// EPC: grams of all jobs that made the product, with their share of what they used. Reads are not const: they first
  /// settle what was added since the last one. Precondition: the product or job exists.
  GramsCO2e epc(ProductIndex product);
  /// What one unit of use weight of the product carries; zero while nobody uses it.
  GramsCO2e per_use(ProductIndex product);
  /// The job's own grams and its share of everything it used.
  GramsCO2e job_total(JobIndex job);
  /// Grams that arrived where nothing uses them further.
  GramsCO2e at_sinks();
  /// Grams of all jobs before any split.
  GramsCO2e own_total() const { return GramsCO2e{own_total_.value()}; }

 private:
  /// Everything one product takes from another.
  struct Input {
    ProductIndex product;
    double weight;
  };
  using Inputs = std::vector<std::vector<Input>>;        ///< by product, each sorted by the input's index
  using Users = std::vector<std::vector<ProductIndex>>;  ///< by product: which products have it as input

  Result<void> check(const ProductJob& job, std::size_t index) const;
  void record(const ProductJob& job);  ///< in the list of jobs
  void count(const ProductJob& job);   ///< in the sums of its products
  std::span<const ProductIndex> used_products(std::size_t job) const;

  /// Makes room in the order for a job that makes `made` and uses `uses`; an error naming the cycle if there is none.
  Result<void> make_order(ProductIndex made, std::span<const ProductUse> uses, std::size_t job);
  Error cycle_error(const std::vector<ProductIndex>& path, const std::string& where) const;
  /// A cycle among the products that wait for inputs which never come.
  static std::vector<ProductIndex> cycle_among(const Inputs& inputs, const std::vector<std::uint32_t>& waiting);

  Inputs inputs_of_all_jobs() const;
  /// Computes the figures of a product from those of its inputs, which are up to date.
  void update(ProductIndex product);
  /// Brings a product and all upstream of it up to date.
  void settle(ProductIndex product);

  // Jobs, their uses end to end.
  std::vector<double> job_own_;
  std::vector<ProductIndex> job_makes_;
  std::vector<std::uint64_t> uses_end_;
  std::vector<ProductIndex> use_product_;
  std::vector<double> use_weight_;

  // Products, in the order of their names' first mention.
  std::vector<std::string> names_;
  std::unordered_map<std::string, ProductIndex> index_;
  std::vector<CompensatedSum> own_;           ///< ASC of the jobs that make it
  std::vector<CompensatedSum> weight_;        ///< of all uses
  std::vector<CompensatedSum> final_weight_;  ///< of these, by jobs without a product
  std::vector<double> epc_;
  std::vector<double> per_use_;
  Inputs inputs_;
  Users users_;
  std::size_t edges_ = 0;
  CompensatedSum own_total_;
  CompensatedSum final_own_;  ///< ASC of jobs without a product

  // A topological order: every product has a higher place than its inputs. Places may have gaps.
  std::vector<std::int64_t> place_;
  std::int64_t lowest_place_ = 0;
  std::int64_t highest_place_ = 0;

  // The figures of a product hold if they were computed since the last change.
  std::uint64_t change_ = 1;
  std::vector<std::uint64_t> computed_;  ///< by product: the change it was computed after
  std::uint64_t all_computed_ = 0;
  struct Visit {
    ProductIndex product;
    std::size_t next_input;
  };
  std::vector<Visit> visits_;  ///< stack of settle(product)

  // Searches for a cycle.
  std::vector<std::uint32_t> seen_;  ///< by product: the search that met it last
  std::vector<ProductIndex> met_from_;
  std::uint32_t search_ = 0;
};

}  // namespace cradle::carbon
