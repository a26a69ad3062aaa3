#include "cradle/shifting/forecast.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <utility>
#include <vector>

#include "cradle/base/random.h"
#include "cradle/base/text.h"

namespace cradle::shifting {

namespace {

using carbon::GramsPerKilowattHour;

constexpr double largest_error = 10;
constexpr std::array<std::string_view, 5> names{"perfect", "noise", "flat-noise", "persistence", "day-ahead"};

bool noisy(ForecastKind kind) { return kind == ForecastKind::noise || kind == ForecastKind::flat_noise; }

GramsPerKilowattHour not_negative(double value) { return GramsPerKilowattHour{std::max(0.0, value)}; }

void add_noise(std::vector<GramsPerKilowattHour>& values, std::size_t known, double error, std::uint64_t seed,
               std::size_t values_per_day) {
  RandomStream stream(seed, "forecast/" + std::to_string(known));
  const double stride = error / std::sqrt(static_cast<double>(values_per_day));
  double walk = 0;
  for (std::size_t i = known + 1; i < values.size(); ++i) {
    walk += stride * stream.normal();
    values[i] = not_negative(values[i].value() * (1 + walk));
  }
}

void add_flat_noise(std::vector<GramsPerKilowattHour>& values, std::size_t known, double error, double mean,
                    std::uint64_t seed) {
  RandomStream stream(seed, "forecast");
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double draw = stream.normal();
    if (i > known) values[i] = not_negative(values[i].value() + error * mean * draw);
  }
}

}  // namespace

std::string name(const ForecastModel& model) {
  std::string text(names[static_cast<std::size_t>(model.kind)]);
  if (noisy(model.kind)) text += ":" + shortest(model.error);
  return text;
}

Result<ForecastModel> forecast_by_name(std::string_view name) {
  const std::string where = "forecast";
  const std::size_t colon = name.find(':');
  const std::string_view word = name.substr(0, colon);
  const auto found = std::find(names.begin(), names.end(), word);
  if (found == names.end())
    return bad_input("no forecast '" + std::string(word) + "'", where,
                     suggest(word, std::vector<std::string>(names.begin(), names.end())));
  ForecastModel model{static_cast<ForecastKind>(found - names.begin()), 0};
  if (!noisy(model.kind)) {
    if (colon != std::string_view::npos)
      return bad_input("'" + std::string(word) + "' takes no error", where, "write " + std::string(word) + " alone");
    return model;
  }
  const auto error = colon == std::string_view::npos ? std::nullopt : parse_number(name.substr(colon + 1));
  if (!error || *error < 0 || *error > largest_error)
    return bad_input("'" + std::string(name) + "' states no relative error from 0 to " + shortest(largest_error), where,
                     "write e.g. " + std::string(word) + ":0.1 for 10 %");
  model.error = *error;
  return model;
}

Signal forecast(const Signal& truth, Step now, const ForecastModel& model, std::uint64_t seed,
                std::size_t values_per_day) {
  assert(truth.covers(now, now + 1) && values_per_day > 0);
  const auto known = static_cast<std::size_t>(now / truth.steps_per_value());
  std::vector<GramsPerKilowattHour> values(truth.values().begin(), truth.values().end());
  switch (model.kind) {
    case ForecastKind::perfect: return truth;
    case ForecastKind::noise: add_noise(values, known, model.error, seed, values_per_day); break;
    case ForecastKind::flat_noise:
      add_flat_noise(values, known, model.error, truth.sum(0, truth.end()) / static_cast<double>(truth.end()), seed);
      break;
    case ForecastKind::persistence:
      std::fill(values.begin() + static_cast<std::ptrdiff_t>(known), values.end(), values[known]);
      break;
    case ForecastKind::day_ahead:
      // From what was just forecast on: a day further on looks the same.
      for (std::size_t i = known + 1; i < values.size(); ++i)
        values[i] = i >= values_per_day ? values[i - values_per_day] : values[known];
      break;
  }
  auto believed = Signal::make(std::move(values), truth.steps_per_value());
  assert(believed && "finite values of at least zero, as many as there were");
  return *std::move(believed);
}

}  // namespace cradle::shifting
