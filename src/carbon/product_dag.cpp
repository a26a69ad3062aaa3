#include "cradle/carbon/product_dag.h"

#include <algorithm>
#include <cassert>

#include "cradle/base/text.h"

namespace cradle::carbon {
namespace {

constexpr double most_grams = 1e18;
constexpr double least_weight = 1e-18;
constexpr double most_weight = 1e18;

}  // namespace

Result<ProductIndex> ProductDag::product(std::string_view name) {
  if (name.empty() || !is_utf8(name)) {
    return bad_input(name.empty() ? "the product has no name" : "the product's name is not UTF-8", "product",
                     "give every product a name, or none of its jobs a product");
  }
  const auto [found, is_new] = index_.try_emplace(std::string(name), static_cast<ProductIndex>(names_.size()));
  if (!is_new) return found->second;
  assert(names_.size() < no_product);
  const ProductIndex product = found->second;
  names_.emplace_back(name);
  own_.emplace_back();
  weight_.emplace_back();
  final_weight_.emplace_back();
  epc_.push_back(0);
  per_use_.push_back(0);
  inputs_.emplace_back();
  users_.emplace_back();
  place_.push_back(++highest_place_);
  computed_.push_back(0);
  seen_.push_back(0);
  met_from_.push_back(no_product);
  return product;
}

Result<void> ProductDag::check(const ProductJob& job, std::size_t index) const {
  const std::string where = "job " + std::to_string(index);
  if (!(job.own.value() >= 0 && job.own.value() <= most_grams)) {
    return bad_input("its own grams are " + shortest(job.own.value()), where, "give 0 to 1e18 grams");
  }
  if (job.makes != no_product && job.makes >= products()) {
    return bad_input("it makes product " + std::to_string(job.makes) + ", which does not exist", where,
                     "name the product first");
  }
  for (const ProductUse& use : job.uses) {
    if (use.product >= products()) {
      return bad_input("it uses product " + std::to_string(use.product) + ", which does not exist", where,
                       "name the product first");
    }
    if (!(use.weight >= least_weight && use.weight <= most_weight)) {
      return bad_input("its use of '" + names_[use.product] + "' has weight " + shortest(use.weight), where,
                       "give 1e-18 to 1e18, or leave the use out");
    }
  }
  if (index >= no_job) return bad_input("there are too many jobs", where, "at most 4294967295 are possible");
  return {};
}

void ProductDag::record(const ProductJob& job) {
  job_own_.push_back(job.own.value());
  job_makes_.push_back(job.makes);
  for (const ProductUse& use : job.uses) {
    use_product_.push_back(use.product);
    use_weight_.push_back(use.weight);
  }
  uses_end_.push_back(use_product_.size());
}

void ProductDag::count(const ProductJob& job) {
  own_total_.add(job.own.value());
  (job.makes == no_product ? final_own_ : own_[job.makes]).add(job.own.value());
  for (const ProductUse& use : job.uses) {
    weight_[use.product].add(use.weight);
    if (job.makes == no_product) final_weight_[use.product].add(use.weight);
  }
  ++change_;
}

std::span<const ProductIndex> ProductDag::used_products(std::size_t job) const {
  const std::uint64_t begin = job == 0 ? 0 : uses_end_[job - 1];
  return std::span(use_product_).subspan(begin, uses_end_[job] - begin);
}

Result<JobIndex> ProductDag::add_job(const ProductJob& job) {
  if (auto checked = check(job, jobs()); !checked) return std::move(checked).error();
  if (job.makes != no_product) {
    if (auto made = make_order(job.makes, job.uses, jobs()); !made) return std::move(made).error();
    auto& inputs = inputs_[job.makes];
    for (const ProductUse& use : job.uses) {
      const auto at =
          std::lower_bound(inputs.begin(), inputs.end(), use.product,
                           [](const Input& input, ProductIndex product) { return input.product < product; });
      if (at != inputs.end() && at->product == use.product) {
        at->weight += use.weight;
        continue;
      }
      inputs.insert(at, {use.product, use.weight});
      users_[use.product].push_back(job.makes);
      ++edges_;
    }
  }
  record(job);
  count(job);
  return static_cast<JobIndex>(jobs() - 1);
}

void ProductDag::update(ProductIndex product) {
  double epc = own_[product].value();
  for (const Input& input : inputs_[product]) epc += per_use_[input.product] * input.weight;
  const double weight = weight_[product].value();
  epc_[product] = epc;
  per_use_[product] = weight > 0 ? epc / weight : 0;
  computed_[product] = change_;
}

void ProductDag::settle(ProductIndex product) {
  if (computed_[product] == change_) return;
  // Depth first, inputs before what is made from them; the stack is our own, as chains may be long.
  visits_.assign(1, {product, 0});
  while (!visits_.empty()) {
    Visit& visit = visits_.back();
    const auto& inputs = inputs_[visit.product];
    while (visit.next_input < inputs.size() && computed_[inputs[visit.next_input].product] == change_) {
      ++visit.next_input;
    }
    if (visit.next_input < inputs.size()) {
      visits_.push_back({inputs[visit.next_input].product, 0});
    } else {
      update(visit.product);
      visits_.pop_back();
    }
  }
}

void ProductDag::settle() {
  if (all_computed_ == change_) return;
  for (std::size_t product = 0; product < products(); ++product) settle(static_cast<ProductIndex>(product));
  all_computed_ = change_;
}

GramsCO2e ProductDag::epc(ProductIndex product) {
  settle(product);
  return GramsCO2e{epc_[product]};
}

GramsCO2e ProductDag::per_use(ProductIndex product) {
  settle(product);
  return GramsCO2e{per_use_[product]};
}

GramsCO2e ProductDag::job_total(JobIndex job) {
  const auto used = used_products(job);
  for (const ProductIndex product : used) settle(product);
  CompensatedSum sum;
  sum.add(job_own_[job]);
  const double* weight = use_weight_.data() + (uses_end_[job] - used.size());
  for (std::size_t i = 0; i < used.size(); ++i) sum.add(per_use_[used[i]] * weight[i]);
  return GramsCO2e{sum.value()};
}

GramsCO2e ProductDag::at_sinks() {
  settle();
  CompensatedSum sum = final_own_;
  for (std::size_t product = 0; product < products(); ++product) {
    const bool used = weight_[product].value() > 0;
    sum.add(used ? per_use_[product] * final_weight_[product].value() : epc_[product]);
  }
  return GramsCO2e{sum.value()};
}

}  // namespace cradle::carbon
