#include "cradle/published/comparison.h"

#include <cmath>

namespace cradle::published {

std::string_view name(Mode mode) { return mode == Mode::as_published ? "as published" : "corrected"; }

bool Anchor::passes() const {
  const double scale = published == 0 ? 1 : std::abs(published);
  return std::abs(ours - published) <= tolerance * scale;  // false if either is not a number
}

}  // namespace cradle::published
