// A record's texts and numbers as they are printed: the visitor of fields that lists them.
#pragma once

#include <array>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cradle/catalog/accelerator_curves.h"
#include "curve_fields.h"

namespace cradle::catalog {

/// A record's texts and numbers as they are printed.
struct Lister {
  std::vector<Figure> figures;
  std::vector<std::pair<std::string, std::string>> texts_found;

  void text(std::string_view key, const std::string& value, Presence) {
    if (!value.empty()) texts_found.emplace_back(key, value);
  }
  template <class T, std::size_t N>
  bool choice(std::string_view key, const T& value, const std::array<std::string_view, N>& words) {
    if constexpr (std::same_as<T, std::string>)
      texts_found.emplace_back(key, value);
    else
      texts_found.emplace_back(key, words[static_cast<std::size_t>(value)]);
    return true;
  }
  void leave_out(std::string_view) {}
  void flag(std::string_view key, bool value) { texts_found.emplace_back(key, value ? "yes" : "no"); }
  void texts(std::string_view key, const std::vector<std::string>& values) {
    std::string joined;
    for (const std::string& value : values) joined += (joined.empty() ? "" : ", ") + (value.empty() ? "\"\"" : value);
    if (!joined.empty()) texts_found.emplace_back(key, joined);
  }
  template <class Q>
  void number(std::string_view, const Coefficient<Q>& c, const Rule& rule) {
    const double unit = find_unit(rule.shown_unit)->factor;
    const auto shown = [&](Q q) {
      if constexpr (std::same_as<Q, double>)
        return q / unit;
      else
        return q.value() / unit;
    };
    figures.push_back(
        {c.key, {shown(c.estimate.value), shown(c.estimate.low), shown(c.estimate.high)}, c.unit, c.provenance});
  }
  template <class Q>
  void number(std::string_view key, const std::optional<Coefficient<Q>>& c, const Rule& rule) {
    if (c) number(key, *c, rule);
  }
  void profile(std::string_view key, const std::optional<YearProfile>& p) {
    if (!p) return;
    const std::string name(key);
    texts_found.emplace_back(name, "12 months x 24 hours (UTC), mean and spread, from " +
                                       std::to_string(p->hours_used) + " hours; " + std::to_string(p->hours_missing) +
                                       " hours missing");
    for (const std::string& gap : p->gaps) texts_found.emplace_back(name + " gap", gap);
    texts_found.emplace_back(name + " source", p->provenance.source + " (" + std::to_string(p->provenance.year) +
                                                   "); " + p->provenance.scope + "; licence " + p->provenance.licence);
  }
  template <class Q>
  void not_below(std::string_view, const Coefficient<Q>&, std::string_view, const Coefficient<Q>&) {}
  void together(std::string_view, bool, std::string_view, bool) {}
  void needs(std::string_view, bool, bool, std::string_view) {}
  void count(std::string_view key, int value, int, int) { texts_found.emplace_back(key, std::to_string(value)); }
  void origin(const carbon::Provenance& p) {
    texts_found.emplace_back("source", p.source + " (" + std::to_string(p.year) + "); " + p.scope + "; licence " +
                                           p.licence + (p.note.empty() ? "" : "; " + p.note));
  }
  void profiles(std::string_view, const Partitioning& rules) {
    for (const SliceProfile& profile : rules.profiles) {
      std::string starts;
      for (const int start : profile.starts) starts += (starts.empty() ? "" : " ") + std::to_string(start);
      texts_found.emplace_back("profile " + profile.name,
                               std::to_string(profile.compute) + " compute, " + std::to_string(profile.memory) +
                                   " memory, starts at " + starts +
                                   (profile.at_most > 0 ? "; at most " + std::to_string(profile.at_most) : ""));
    }
  }
  void points(std::string_view, const AcceleratorCurve& curve) {
    for (const CurvePoint& point : curve.points) {
      number("at", point.at, rule::relative);
      number("power", point.power, rule::relative);
      number("throughput", point.throughput, rule::relative);
    }
  }
};

}  // namespace cradle::catalog
