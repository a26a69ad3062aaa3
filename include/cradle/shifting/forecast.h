// What a policy believes of intensities to come: perfect, noisy, or made from the past; every model states its error.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cradle/base/result.h"
#include "cradle/shifting/signal.h"

namespace cradle::shifting {

enum class ForecastKind {
  perfect,
  noise,        ///< truth x (1 + a random walk): the relative error's standard deviation is `error` a day ahead and
                ///< grows with the square root of lead time
  flat_noise,   ///< truth + error x mean of the truth x a standard normal, the same at every lead time and for
                ///< whoever asks (Wiesner et al., "Let's wait awhile", Middleware 2021: error 0, 0.05, 0.1)
  persistence,  ///< as it is now
  day_ahead,    ///< the latest known value of the same hour of the day
};

struct ForecastModel {
  ForecastKind kind = ForecastKind::perfect;
  double error = 0;  ///< relative; of the noisy kinds, >= 0
};
/// "perfect", "noise:0.1", "flat-noise:0.05", "persistence", "day-ahead".
std::string name(const ForecastModel& model);
/// Reads such a name. bad_input: no such kind, an error that is missing, negative, above 10 or given where there is
/// none.
Result<ForecastModel> forecast_by_name(std::string_view name);

/// The signal as it is believed at `now`: values up to that of `now` are known, later ones forecast and never negative.
/// The forecast made within one value is the same for whoever asks: it depends on seed, model and that value only.
/// day_ahead falls back on the present value where no earlier day is known. Precondition: truth.covers(now, now + 1),
/// values_per_day > 0.
Signal forecast(const Signal& truth, Step now, const ForecastModel& model, std::uint64_t seed,
                std::size_t values_per_day = 24);

}  // namespace cradle::shifting
