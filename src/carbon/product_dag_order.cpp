// The order of a product graph: kept while jobs come one by one, made anew when many come at once.
#include <algorithm>
#include <utility>

#include "cradle/carbon/product_dag.h"

namespace cradle::carbon {
namespace {

constexpr std::size_t longest_named_cycle = 12;

}  // namespace

Error ProductDag::cycle_error(const std::vector<ProductIndex>& path, const std::string& where) const {
  std::string text = "cycle: ";
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path.size() > longest_named_cycle && i == longest_named_cycle - 2) {
      text += "... (" + std::to_string(path.size() - i - 1) + " more) -> ";
      i = path.size() - 1;
    }
    text += names_[path[i]] + " -> ";
  }
  text += names_[path.front()];
  return bad_input(std::move(text), where,
                   "a product cannot be made from itself: give the later version a name of its own, or drop a use");
}

Result<void> ProductDag::make_order(ProductIndex made, std::span<const ProductUse> uses, std::size_t job) {
  std::int64_t highest = place_[made];
  bool later_are_sources = true;
  for (const ProductUse& use : uses) {
    if (use.product == made) return cycle_error({made}, "job " + std::to_string(job));
    if (place_[use.product] < place_[made]) continue;
    highest = std::max(highest, place_[use.product]);
    later_are_sources = later_are_sources && inputs_[use.product].empty();
  }
  if (highest == place_[made]) return {};
  // Nothing is made from it yet, or the later inputs are made from nothing: no cycle, and an end of the order is free.
  if (users_[made].empty()) {
    place_[made] = ++highest_place_;
    return {};
  }
  if (later_are_sources) {
    for (const ProductUse& use : uses) {
      if (place_[use.product] > place_[made]) place_[use.product] = --lowest_place_;
    }
    return {};
  }

  // Pearce and Kelly, "A dynamic topological sort algorithm for directed acyclic graphs" (ACM JEA 11, 2006), for all
  // edges of the job at once: they end in the same product, so that one search each way does.
  // Downstream of what is made, as far up as the highest input. Breadth first, so that a cycle is named by its
  // shortest form.
  ++search_;
  std::vector<ProductIndex> downstream{made};
  seen_[made] = search_;
  met_from_[made] = no_product;
  for (std::size_t i = 0; i < downstream.size(); ++i) {
    for (const ProductIndex user : users_[downstream[i]]) {
      if (seen_[user] == search_ || place_[user] > highest) continue;
      seen_[user] = search_;
      met_from_[user] = downstream[i];
      downstream.push_back(user);
    }
  }
  for (const ProductUse& use : uses) {
    if (seen_[use.product] != search_) continue;
    std::vector<ProductIndex> path;
    for (ProductIndex at = use.product; at != no_product; at = met_from_[at]) path.push_back(at);
    std::reverse(path.begin(), path.end());
    return cycle_error(path, "job " + std::to_string(job));
  }

  // Upstream of the inputs, as far down as what is made.
  std::vector<ProductIndex> upstream;
  const auto visit = [this, made, &upstream](ProductIndex product) {
    if (seen_[product] == search_ || place_[product] < place_[made]) return;
    seen_[product] = search_;
    upstream.push_back(product);
  };
  for (const ProductUse& use : uses) visit(use.product);
  for (std::size_t next = 0; next < upstream.size();) {  // visit() makes it longer
    for (const Input& input : inputs_[upstream[next++]]) visit(input.product);
  }

  // The same places, upstream products first, each side in its old order.
  const auto by_place = [this](ProductIndex a, ProductIndex b) { return place_[a] < place_[b]; };
  std::sort(upstream.begin(), upstream.end(), by_place);
  std::sort(downstream.begin(), downstream.end(), by_place);
  std::vector<ProductIndex> moved = upstream;
  moved.insert(moved.end(), downstream.begin(), downstream.end());
  std::vector<std::int64_t> places;
  for (const ProductIndex product : moved) places.push_back(place_[product]);
  std::sort(places.begin(), places.end());
  for (std::size_t i = 0; i < moved.size(); ++i) place_[moved[i]] = places[i];
  return {};
}

ProductDag::Inputs ProductDag::inputs_of_all_jobs() const {
  // Jobs grouped by the product they make, in the order of adding (a counting sort).
  std::vector<std::size_t> end(products() + 1, 0);
  for (const ProductIndex made : job_makes_) {
    if (made != no_product) ++end[made + 1];
  }
  for (std::size_t product = 0; product < products(); ++product) end[product + 1] += end[product];
  std::vector<JobIndex> makers(end.back());
  for (std::size_t job = 0; job < jobs(); ++job) {
    if (job_makes_[job] != no_product) makers[end[job_makes_[job]]++] = static_cast<JobIndex>(job);
  }

  Inputs all(products());
  std::vector<double> weight(products(), 0);
  std::vector<ProductIndex> met;
  std::size_t begin = 0;
  for (std::size_t product = 0; product < products(); begin = end[product], ++product) {
    met.clear();
    for (std::size_t i = begin; i < end[product]; ++i) {
      const auto used = used_products(makers[i]);
      const double* weights = use_weight_.data() + (uses_end_[makers[i]] - used.size());
      for (std::size_t u = 0; u < used.size(); ++u) {
        if (weight[used[u]] == 0) met.push_back(used[u]);
        weight[used[u]] += weights[u];
      }
    }
    std::sort(met.begin(), met.end());
    all[product].reserve(met.size());
    for (const ProductIndex input : met) all[product].push_back({input, std::exchange(weight[input], 0)});
  }
  return all;
}

std::vector<ProductIndex> ProductDag::cycle_among(const Inputs& inputs, const std::vector<std::uint32_t>& waiting) {
  // Each product that still waits has an input that waits: going back from any one must come round.
  auto at = static_cast<ProductIndex>(
      std::find_if(waiting.begin(), waiting.end(), [](std::uint32_t count) { return count > 0; }) - waiting.begin());
  std::vector<ProductIndex> walk;
  std::vector<std::uint32_t> step(waiting.size(), 0);
  while (step[at] == 0) {
    walk.push_back(at);
    step[at] = static_cast<std::uint32_t>(walk.size());
    for (const Input& input : inputs[at]) {
      if (waiting[input.product] == 0) continue;
      at = input.product;
      break;
    }
  }
  walk.erase(walk.begin(), walk.begin() + (step[at] - 1));
  std::reverse(walk.begin(), walk.end());
  return walk;
}

Result<void> ProductDag::add_jobs(std::span<const ProductJob> jobs_to_add) {
  for (std::size_t i = 0; i < jobs_to_add.size(); ++i) {
    if (auto checked = check(jobs_to_add[i], jobs() + i); !checked) return checked;
  }
  const std::size_t jobs_before = jobs();
  const std::size_t uses_before = use_product_.size();
  for (const ProductJob& job : jobs_to_add) record(job);

  // Kahn's order over the graph of all jobs, old and new.
  Inputs inputs = inputs_of_all_jobs();
  Users users(products());
  std::vector<std::uint32_t> waiting(products(), 0);
  std::size_t edges = 0;
  for (std::size_t product = 0; product < products(); ++product) {
    for (const Input& input : inputs[product]) users[input.product].push_back(static_cast<ProductIndex>(product));
    waiting[product] = static_cast<std::uint32_t>(inputs[product].size());
    edges += inputs[product].size();
  }
  std::vector<ProductIndex> order;
  order.reserve(products());
  for (std::size_t product = 0; product < products(); ++product) {
    if (waiting[product] == 0) order.push_back(static_cast<ProductIndex>(product));
  }
  for (std::size_t i = 0; i < order.size(); ++i) {
    for (const ProductIndex user : users[order[i]]) {
      if (--waiting[user] == 0) order.push_back(user);
    }
  }
  if (order.size() < products()) {
    job_own_.resize(jobs_before);
    job_makes_.resize(jobs_before);
    uses_end_.resize(jobs_before);
    use_product_.resize(uses_before);
    use_weight_.resize(uses_before);
    return cycle_error(cycle_among(inputs, waiting), "jobs");
  }

  for (const ProductJob& job : jobs_to_add) count(job);
  inputs_ = std::move(inputs);
  users_ = std::move(users);
  edges_ = edges;
  // These places lie within the ends, which have been moved on by each new product.
  for (std::size_t i = 0; i < order.size(); ++i) place_[order[i]] = static_cast<std::int64_t>(i);
  return {};
}

}  // namespace cradle::carbon
