// Numbers of a study file that may carry a range, so that any question can be asked again with one of them moved.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/toml/toml_reader.h"

namespace cradle::design {

/// A number with a range: `making_kg = 100` with `making_kg_range = [80, 150]` beside it.
struct RangedFigure {
  std::string name;  ///< "challenger.making_kg"
  double value = 0, low = 0, high = 0;
  std::string source;  ///< the `source` of its table; may be empty
};

/// Which ranged figure reads as an end of its range in place of its value.
struct Move {
  std::size_t figure = 0;  ///< in the order of reading
  bool to_high = false;
};

/// Reads numbers and remembers those that carry a range.
class StudyFigures {
 public:
  explicit StudyFigures(std::optional<Move> move = {}) : move_(move) {}

  /// As TomlReader::number. `owner` and the key make the name; the range is KEY_range = [low, high] around the value. A
  /// figure that is read again is the same figure.
  double number(TomlReader& table, const std::string& owner, const std::string& key, double low, double high,
                std::optional<double> fallback = {});
  const std::vector<RangedFigure>& ranged() const { return ranged_; }

 private:
  std::optional<Move> move_;
  std::vector<RangedFigure> ranged_;
};

/// What a result becomes at both ends of one figure's range.
struct Swing {
  RangedFigure figure;
  double at_low = 0, at_high = 0;
};

/// Asks `evaluate` at both ends of every range; figures for which either has no answer (nothing) are left out. Widest
/// first, equals in the order of the file.
std::vector<Swing> swings(const std::vector<RangedFigure>& figures,
                          const std::function<std::optional<double>(Move)>& evaluate);

}  // namespace cradle::design
