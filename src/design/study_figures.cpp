#include "cradle/design/study_figures.h"

#include <algorithm>
#include <cmath>

namespace cradle::design {

double StudyFigures::number(TomlReader& table, const std::string& owner, const std::string& key, double low,
                            double high, std::optional<double> fallback) {
  const double value = table.number(key, low, high, fallback);
  const std::string range_key = key + "_range";
  if (!table.has(range_key)) return value;
  const auto range = table.numbers(range_key, low, high);
  if (range.size() != 2 || !(range[0] <= value && value <= range[1])) {
    table.fail(range_key, "'" + range_key + "' is no range around '" + key + "'",
               "write [low, high] with low <= " + key + " <= high");
    return value;
  }
  const std::string name = owner + "." + key;
  const auto known =
      std::find_if(ranged_.begin(), ranged_.end(), [&](const auto& figure) { return figure.name == name; });
  const auto index = static_cast<std::size_t>(known - ranged_.begin());
  if (known == ranged_.end())
    ranged_.push_back({name, value, range[0], range[1], table.has("source") ? table.text("source") : ""});
  if (!move_ || move_->figure != index) return value;
  return move_->to_high ? range[1] : range[0];
}

std::vector<Swing> swings(const std::vector<RangedFigure>& figures,
                          const std::function<std::optional<double>(Move)>& evaluate) {
  std::vector<Swing> out;
  for (std::size_t i = 0; i < figures.size(); ++i) {
    const auto at_low = evaluate({i, false}), at_high = evaluate({i, true});
    if (at_low && at_high) out.push_back({figures[i], *at_low, *at_high});
  }
  std::stable_sort(out.begin(), out.end(), [](const Swing& a, const Swing& b) {
    return std::abs(a.at_high - a.at_low) > std::abs(b.at_high - b.at_low);
  });
  return out;
}

}  // namespace cradle::design
