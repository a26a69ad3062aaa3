#include "cradle/embodied/bill.h"

namespace cradle::embodied {

using carbon::Estimate;
using carbon::GramsCO2e;

namespace {

/// Every coefficient at its value, all at the end where the total is lowest, or all where it is highest.
std::vector<double> corner(std::span<const BillInput> inputs, double Estimate<double>::*rising,
                           double Estimate<double>::*falling) {
  std::vector<double> x;
  x.reserve(inputs.size());
  for (const BillInput& input : inputs) x.push_back(input.estimate.*(input.lowers ? falling : rising));
  return x;
}

std::vector<double> grams_by_line(const CompiledBill& compiled, const std::vector<double>& x) {
  std::vector<double> grams(compiled.lines().size());
  compiled.by_line(std::span<const double>(x), std::span<double>(grams));
  return grams;
}

}  // namespace

Bill price(const CompiledBill& compiled) {
  using E = Estimate<double>;
  const auto inputs = compiled.inputs();
  const std::vector<double> value = grams_by_line(compiled, corner(inputs, &E::value, &E::value));
  const std::vector<double> low = grams_by_line(compiled, corner(inputs, &E::low, &E::high));
  const std::vector<double> high = grams_by_line(compiled, corner(inputs, &E::high, &E::low));

  Estimate<GramsCO2e> once, twice;  // what ends with the first life, and what goes on
  Bill bill;
  bill.name = compiled.name();
  bill.inputs.assign(inputs.begin(), inputs.end());
  bill.life = compiled.life();
  for (std::size_t i = 0; i < value.size(); ++i) {
    const LineHead& head = compiled.lines()[i];
    const Estimate<GramsCO2e> grams{GramsCO2e{value[i]}, GramsCO2e{low[i]}, GramsCO2e{high[i]}};
    bill.lines.push_back({head.part, head.group, head.count, grams, head.inputs});
    auto& group = bill.by_group[static_cast<std::size_t>(head.group)];
    group = group + grams;
    bill.total = bill.total + grams;
    const double again = head.second_life ? bill.life.second_share : 0;
    once = once + grams * (1 - again);
    twice = twice + grams * again;
  }
  const double first = bill.life.years.value(), second = bill.life.second_years.value();
  bill.per_year = once * (1 / first) + twice * (1 / (first + second));
  bill.second_life = twice * (second / (first + second));
  return bill;
}

Result<Bill> price(const BillOfMaterials& bill, const catalog::Catalog& catalog) {
  const auto compiled = CompiledBill::make(bill, catalog);
  if (!compiled) return compiled.error();
  return price(*compiled);
}

}  // namespace cradle::embodied
