// The members of one mapping of a GreenSKU file, read by name; the first error is kept.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cradle/base/text.h"
#include "cradle/published/greensku.h"
#include "yaml_reader.h"

namespace cradle::published::greensku {

inline constexpr double largest_figure = 1e12;  ///< of any kind: beyond that a file is damaged

/// Reads members of one mapping and keeps the first error of all of them.
class Fields {
 public:
  Fields(const YamlNode* node, std::optional<Error>* error) : node_(node), error_(error) {}

  explicit operator bool() const { return node_ != nullptr; }
  const YamlNode* node() const { return node_; }
  bool has(std::string_view key) const { return node_ && node_->find(key); }

  double number(std::string_view key, double low, double high, std::optional<double> fallback = {}) const {
    if (!node_) return fallback.value_or(low);
    return keep(node_->number_at(key, low, high, fallback), fallback.value_or(low));
  }
  std::string word(std::string_view key, std::optional<std::string> fallback = {}) const {
    if (!node_) return {};
    return keep(node_->word_at(key, std::move(fallback)), std::string());
  }
  /// "290W", "15kW", "50MW" or a number of watts.
  Watts power(std::string_view key, std::optional<double> fallback = {}) const {
    if (fallback && !has(key)) return Watts{*fallback};
    const YamlNode* member = at(key).node();
    if (!member) return {};
    std::string_view text = trim(member->text());
    double scale = 1;
    for (const auto& [suffix, factor] : {std::pair{"kW", 1e3}, {"MW", 1e6}, {"GW", 1e9}, {"W", 1.0}})
      if (text.ends_with(suffix)) {
        text.remove_suffix(std::string_view(suffix).size());
        scale = factor;
        break;
      }
    const auto value = parse_number(trim(text));
    if (value && *value >= 0 && *value * scale <= largest_figure) return Watts{*value * scale};
    fail(*member, "is '" + member->text() + "', no power", "write watts of 0 or more: 290W, 15kW or a plain number");
    return {};
  }
  /// A number, or one with the letter U before or after it.
  double rack_units(std::string_view key, double low) const {
    const YamlNode* member = at(key).node();
    if (!member) return 1;
    std::string_view text = trim(member->text());
    if (!text.empty() && text.front() == 'U') text.remove_prefix(1);
    if (!text.empty() && text.back() == 'U') text.remove_suffix(1);
    const auto value = parse_number(trim(text));
    if (value && *value >= low && *value <= largest_figure && *value + low > 0) return *value;
    fail(*member, "is '" + member->text() + "', no number of rack units", "write for example 42U or 2");
    return 1;
  }
  /// A member that must be there; falsy, with the error kept, if it is not.
  Fields at(std::string_view key) const {
    if (!node_) return {nullptr, error_};
    const auto member = node_->at(key);
    if (member) return {*member, error_};
    keep_error(member.error());
    return {nullptr, error_};
  }
  /// The elements of a list that must be there and not be empty.
  std::vector<Fields> list(std::string_view key) const { return elements(at(key)); }
  static std::vector<Fields> elements(const Fields& list) {
    std::vector<Fields> all;
    if (!list) return all;
    for (const YamlNode& item : list.node_->items()) all.emplace_back(&item, list.error_);
    if (all.empty()) list.fail(*list.node_, "is no list", "write its entries as '- key: value'");
    return all;
  }
  void fail(const YamlNode& at, std::string_view message, std::string hint) const {
    keep_error(at.error(message, std::move(hint)));
  }

 private:
  template <class T>
  T keep(Result<T> result, T otherwise) const {
    if (result) return std::move(*result);
    keep_error(result.error());
    return otherwise;
  }
  void keep_error(const Error& error) const {
    if (!*error_) *error_ = error;
  }

  const YamlNode* node_;
  std::optional<Error>* error_;
};

}  // namespace cradle::published::greensku
