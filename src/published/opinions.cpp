// All opinions of a bill, and where they differ.
#include "cradle/published/opinions.h"

#include <algorithm>
#include <cmath>

#include "opinion_tools.h"

namespace cradle::published {
namespace {

using carbon::GramsCO2e;

const OpinionTerm* find_term(const Opinion& opinion, std::string_view group, std::string_view coefficient) {
  for (const OpinionTerm& term : opinion.terms)
    if (embodied::name(term.group) == group && term.coefficient == coefficient) return &term;
  return nullptr;
}

/// The coefficient whose exchange closes most of the gap between two opinions of a group.
void add_cause(const Opinion& low, const Opinion& high, GroupSpread& line) {
  const double gap = (line.high - line.low).value();
  if (!(gap > 0)) return;
  double most = 0;
  for (const OpinionTerm& term : high.terms) {
    if (embodied::name(term.group) != line.group) continue;
    const OpinionTerm* other = find_term(low, line.group, term.coefficient);
    // Against a coefficient that the other tool lacks, exchange takes the whole term away, but closes no more than the
    // gap.
    const double closed = std::min(gap, (term.carbon - (other != nullptr ? other->carbon : GramsCO2e{})).value());
    if (closed <= most) continue;
    most = closed;
    line.coefficient = term.coefficient;
    line.unit = term.unit;
    line.high_value = term.value;
    line.low_value = other != nullptr ? std::optional(other->value) : std::nullopt;
    line.share = closed / gap;
  }
}

}  // namespace

void OpinionWriter::term(embodied::Group group, std::string coefficient, std::string unit, double amount,
                         GramsCO2e carbon) {
  for (std::size_t i = 0; i < opinion_.terms.size(); ++i) {
    OpinionTerm& known = opinion_.terms[i];
    if (known.group != group || known.coefficient != coefficient) continue;
    known.carbon += carbon;
    amounts_[i] += amount;
    return;
  }
  opinion_.terms.push_back({group, std::move(coefficient), 0, std::move(unit), carbon});
  amounts_.push_back(amount);
}

Opinion OpinionWriter::finish() {
  for (std::size_t i = 0; i < opinion_.terms.size(); ++i) {
    OpinionTerm& term = opinion_.terms[i];
    term.value = amounts_[i] > 0 ? carbon::KilogramsCO2e{term.carbon}.value() / amounts_[i] : 0;
    opinion_.total += term.carbon;
  }
  for (std::size_t g = 0; g < embodied::group_count; ++g) {
    const auto group = static_cast<embodied::Group>(g);
    GramsCO2e sum;
    bool any = false;
    for (const OpinionTerm& term : opinion_.terms) {
      if (term.group != group) continue;
      sum += term.carbon;
      any = true;
    }
    if (any) opinion_.by_group.emplace_back(embodied::name(group), sum);
  }
  return std::move(opinion_);
}

Result<std::vector<Opinion>> opinions(const embodied::BillOfMaterials& bill, const catalog::Catalog& catalog,
                                      Mode mode) {
  const auto facts = bill_facts(bill, catalog);
  if (!facts) return facts.error();
  const OpinionCase question{bill, *facts, catalog, mode};
  std::vector<Opinion> result;
  for (auto* const ask : {act_opinion, eco_chip_opinion, three_d_opinion, scarif_opinion, boavizta_opinion, ccf_opinion,
                          greensku_opinion, greenfpga_opinion, sci_opinion})
    result.push_back(ask(question));
  return result;
}

Spread spread(std::span<const Opinion> opinions) {
  Spread result;
  for (std::size_t g = 0; g < embodied::group_count; ++g) {
    GroupSpread line;
    line.group = embodied::name(static_cast<embodied::Group>(g));
    const Opinion *low = nullptr, *high = nullptr;
    for (const Opinion& opinion : opinions) {
      for (const auto& [group, carbon] : opinion.by_group) {
        if (group != line.group || !(carbon.value() > 0)) continue;
        if (low == nullptr || carbon < line.low) {
          low = &opinion;
          line.low = carbon;
        }
        if (high == nullptr || carbon > line.high) {
          high = &opinion;
          line.high = carbon;
        }
      }
    }
    if (low == nullptr || low == high) continue;
    line.low_tool = low->tool;
    line.high_tool = high->tool;
    line.ratio = line.high / line.low;
    add_cause(*low, *high, line);
    result.groups.push_back(std::move(line));
  }
  std::stable_sort(result.groups.begin(), result.groups.end(),
                   [](const GroupSpread& a, const GroupSpread& b) { return a.high - a.low > b.high - b.low; });
  return result;
}

}  // namespace cradle::published
