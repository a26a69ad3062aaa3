#include "units.h"

#include <array>
#include <cmath>
#include <optional>

#include "cradle/base/text.h"

namespace cradle::published {
namespace {

constexpr std::size_t longest_text = 200;

struct Unit {
  std::string_view name;
  double factor;
  UnitPowers powers;
  bool prefixes = false;  ///< takes SI prefixes
};

constexpr double hour = 3600;
constexpr double day = 24 * hour;
constexpr double year = 365.25 * day;
constexpr double horsepower = 745.6998715822701;  // W
constexpr UnitPowers length_unit{.length = 1};
constexpr UnitPowers current_unit{.current = 1};
constexpr UnitPowers charge_unit{.time = 1, .current = 1};

constexpr std::array units = {
    Unit{"m", 1e3, length_unit, true},   Unit{"in", 25.4, length_unit},       Unit{"inch", 25.4, length_unit},
    Unit{"ft", 304.8, length_unit},      Unit{"um2", 1e-6, area_unit},        Unit{"mm2", 1, area_unit},
    Unit{"cm2", 100, area_unit},         Unit{"m2", 1e6, area_unit},          Unit{"g", 1, mass_unit, true},
    Unit{"gram", 1, mass_unit, true},    Unit{"t", 1e6, mass_unit},           Unit{"tonne", 1e6, mass_unit},
    Unit{"metric_ton", 1e6, mass_unit},  Unit{"ton", 907184.74, mass_unit},   Unit{"lb", 453.59237, mass_unit},
    Unit{"oz", 28.349523125, mass_unit}, Unit{"J", 1, energy_unit, true},     Unit{"joule", 1, energy_unit, true},
    Unit{"Wh", hour, energy_unit, true}, Unit{"W", 1, power_unit, true},      Unit{"watt", 1, power_unit, true},
    Unit{"hp", horsepower, power_unit},  Unit{"s", 1, time_unit, true},       Unit{"second", 1, time_unit, true},
    Unit{"min", 60, time_unit},          Unit{"minute", 60, time_unit},       Unit{"h", hour, time_unit},
    Unit{"hr", hour, time_unit},         Unit{"hour", hour, time_unit},       Unit{"d", day, time_unit},
    Unit{"day", day, time_unit},         Unit{"week", 7 * day, time_unit},    Unit{"month", year / 12, time_unit},
    Unit{"year", year, time_unit},       Unit{"yr", year, time_unit},         Unit{"a", year, time_unit},
    Unit{"B", 1, data_unit, true},       Unit{"byte", 1, data_unit, true},    Unit{"bit", 0.125, data_unit, true},
    Unit{"A", 1, current_unit, true},    Unit{"Ah", hour, charge_unit, true}, Unit{"radian", 1, plain_number},
};

struct Prefix {
  std::string_view name;
  double factor;
  bool data_only = false;
};

constexpr double kibi = 1024;
constexpr std::array prefixes = {
    Prefix{"kilo", 1e3},
    Prefix{"mega", 1e6},
    Prefix{"giga", 1e9},
    Prefix{"tera", 1e12},
    Prefix{"peta", 1e15},
    Prefix{"exa", 1e18},
    Prefix{"milli", 1e-3},
    Prefix{"micro", 1e-6},
    Prefix{"nano", 1e-9},
    Prefix{"centi", 1e-2},
    Prefix{"Ki", kibi, true},
    Prefix{"Mi", kibi* kibi, true},
    Prefix{"Gi", kibi* kibi* kibi, true},
    Prefix{"Ti", kibi* kibi* kibi* kibi, true},
    Prefix{"Pi", kibi* kibi* kibi* kibi* kibi, true},
    Prefix{"Ei", kibi* kibi* kibi* kibi* kibi* kibi, true},
    Prefix{"n", 1e-9},
    Prefix{"u", 1e-6},
    Prefix{"\xC2\xB5", 1e-6},
    Prefix{"m", 1e-3},
    Prefix{"c", 1e-2},
    Prefix{"d", 1e-1},
    Prefix{"k", 1e3},
    Prefix{"M", 1e6},
    Prefix{"G", 1e9},
    Prefix{"T", 1e12},
    Prefix{"P", 1e15},
    Prefix{"E", 1e18},
};

std::optional<Measure> exact_unit(std::string_view name) {
  for (const Unit& unit : units)
    if (unit.name == name) return Measure{unit.factor, unit.powers};
  return std::nullopt;
}

std::optional<Measure> prefixed_unit(std::string_view name, const UnitRules& rules) {
  for (const Prefix& prefix : prefixes) {
    if (!name.starts_with(prefix.name)) continue;
    const std::string_view rest = name.substr(prefix.name.size());
    if (rest == "m2" && !prefix.data_only)
      return Measure{(rules.squared_prefixes ? prefix.factor * prefix.factor : prefix.factor) * 1e6, area_unit};
    for (const Unit& unit : units)
      if (unit.prefixes && unit.name == rest && (!prefix.data_only || unit.powers == data_unit))
        return Measure{prefix.factor * unit.factor, unit.powers};
  }
  return std::nullopt;
}

std::optional<Measure> find_unit(std::string_view name, const UnitRules& rules) {
  if (const auto found = exact_unit(name)) return found;
  if (const auto found = prefixed_unit(name, rules)) return found;
  // Only words take a plural: "years" and "gigabytes", not "GBs".
  if (name.size() > 3 && name.ends_with('s')) {
    name.remove_suffix(1);
    const auto found = exact_unit(name);
    return found ? found : prefixed_unit(name, rules);
  }
  return std::nullopt;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (static_cast<unsigned char>(c) & 0x80U) != 0;
}

class Parser {
 public:
  Parser(std::string_view text, const std::string& where, const UnitRules& rules)
      : text_(text), where_(where), rules_(rules) {}

  Result<Measure> parse() {
    if (text_.size() > longest_text) return wrong("is longer than " + std::to_string(longest_text) + " bytes");
    skip_blanks();
    if (at_ == text_.size()) return wrong("is empty");
    double sign = 1;
    if (peek() == '+' || peek() == '-') sign = text_[at_++] == '-' ? -1 : 1;
    auto sum = product();
    if (!sum) return sum;
    sum->value *= sign;
    while (at_ < text_.size()) {
      const char operation = text_[at_++];
      if (operation == ',') return wrong("has a comma");
      if (operation != '+' && operation != '-') return wrong("is no quantity");
      auto next = product();
      if (!next) return next;
      if (!(next->powers == sum->powers)) return wrong("adds unlike units");
      sum->value += operation == '+' ? next->value : -next->value;
    }
    if (!std::isfinite(sum->value)) return wrong("is out of range");
    return sum;
  }

 private:
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  void skip_blanks() {
    while (peek() == ' ' || peek() == '\t') ++at_;
  }

  Error wrong(const std::string& what) const {
    return bad_input("'" + std::string(text_.substr(0, 60)) + "' " + what, where_,
                     "write a number and a unit, such as \"10 mm2\", \"64 GB\", \"0.5 kg\" or \"400 W\"; a point, no "
                     "comma, before decimals");
  }

  /// Factors one after the other, up to '+', '-' or the end.
  Result<Measure> product() {
    Measure result{1, {}};
    bool divide = false;
    for (bool first = true;; first = false) {
      skip_blanks();
      if (!first) {
        if (peek() == '*' || peek() == '/') {
          divide = text_[at_++] == '/';
          skip_blanks();
        } else if (is_digit(peek()) || is_letter(peek())) {
          divide = false;
        } else {
          return result;
        }
      }
      auto next = factor();
      if (!next) return next;
      const int direction = divide ? -1 : 1;
      result.value = divide ? result.value / next->value : result.value * next->value;
      result.powers.length += direction * next->powers.length;
      result.powers.mass += direction * next->powers.mass;
      result.powers.energy += direction * next->powers.energy;
      result.powers.time += direction * next->powers.time;
      result.powers.current += direction * next->powers.current;
      result.powers.data += direction * next->powers.data;
    }
  }

  Result<Measure> factor() {
    if (is_digit(peek()) || (peek() == '.' && is_digit(peek(1)))) return number();
    if (is_letter(peek())) return unit();
    return wrong("is no quantity");
  }

  Result<Measure> number() {
    std::string digits;
    const auto take_digits = [&] {
      while (is_digit(peek()) || (peek() == '_' && is_digit(peek(1)))) {
        if (peek() != '_') digits.push_back(peek());
        ++at_;
      }
    };
    take_digits();
    if (peek() == '.') {
      if (digits.empty()) digits.push_back('0');
      digits.push_back('.');
      ++at_;
      take_digits();
      if (digits.back() == '.') digits.pop_back();
    }
    // "1e3 mm2" has an exponent, "1 exabyte" has not.
    if (peek() == 'e' || peek() == 'E') {
      const bool sign = peek(1) == '+' || peek(1) == '-';
      if (is_digit(peek(sign ? 2 : 1))) {
        digits.push_back('e');
        if (peek(1) == '-') digits.push_back('-');
        at_ += sign ? 2 : 1;
        take_digits();
      }
    }
    const auto value = parse_number(digits);
    if (!value) return wrong("is out of range");
    return Measure{*value, {}};
  }

  Result<Measure> unit() {
    const std::size_t start = at_;
    while (is_letter(peek())) {
      if (text_.substr(at_).starts_with("\xC2\xB2")) break;
      ++at_;
    }
    std::string_view name = text_.substr(start, at_ - start);
    // "mm2" is a name of its own; "mm^2", "mm**2" and a raised 2 are powers of "mm".
    if (peek() == '2' && !is_digit(peek(1))) name = text_.substr(start, ++at_ - start);
    const auto found = find_unit(name, rules_);
    if (!found) return wrong("has the unknown unit '" + std::string(name) + "'");
    int power = 1;
    for (const std::string_view square : {"\xC2\xB2", "**2", "^2"})
      if (power == 1 && text_.substr(at_).starts_with(square)) {
        at_ += square.size();
        power = 2;
      }
    if (power == 1) return *found;
    const UnitPowers& powers = found->powers;
    return Measure{
        found->value * found->value,
        {2 * powers.length, 2 * powers.mass, 2 * powers.energy, 2 * powers.time, 2 * powers.current, 2 * powers.data}};
  }

  std::string_view text_;
  const std::string& where_;
  const UnitRules& rules_;
  std::size_t at_ = 0;
};

}  // namespace

Result<Measure> parse_measure(std::string_view text, const std::string& where, const UnitRules& rules) {
  return Parser(text, where, rules).parse();
}

Result<double> parse_measure(std::string_view text, const UnitPowers& powers, std::string_view expected,
                             const std::string& where, const UnitRules& rules) {
  const auto measure = parse_measure(text, where, rules);
  if (!measure) return measure.error();
  if (!(measure->powers == powers))
    return bad_input("'" + std::string(text.substr(0, 60)) + "' is not " + std::string(expected), where,
                     "write it as " + std::string(expected));
  return measure->value;
}

}  // namespace cradle::published
