#include "queue_sums.h"

#include <cmath>

namespace cradle::inference {

namespace {

/// sum of x^j and of j x^j over j = 1 .. count.
struct Geometric {
  double weight = 0;
  double moment = 0;
};

/// For 0 <= x <= 1, with `gap` = 1 - x to all its digits. Close to 1 the closed form of the moment is a difference
/// of like numbers, so that there the exponential's series over power sums takes its place.
Geometric geometric(double x, double gap, double count) {
  if (count == 0) return {};
  const double log_x = std::log(x);
  const double exponent = -log_x * count;
  if (exponent < 1e-3) {
    const double q = count, s = -log_x;
    const double sum1 = q * (q + 1) / 2;
    const double sum2 = sum1 * (2 * q + 1) / 3;
    const double sum3 = sum1 * sum1;
    const double sum4 = sum2 * (3 * q * q + 3 * q - 1) / 5;
    const double sum5 = sum3 * (2 * q * q + 2 * q - 1) / 3;
    return {q - s * (sum1 - s / 2 * (sum2 - s / 3 * (sum3 - s / 4 * sum4))),
            sum1 - s * (sum2 - s / 2 * (sum3 - s / 3 * (sum4 - s / 4 * sum5)))};
  }
  const double weight = x * -std::expm1(-exponent) / gap;
  return {weight, (weight - count * std::exp(-exponent) * x) / gap};
}

}  // namespace

QueueSums queue_sums(const BatchLaw& law, int max_batch, int max_queue, double rate_per_ms) {
  constexpr double large = 0x1p500;
  // Weights of the states that the batch holds, the last of them apart.
  double weight = 1, below = 0, places = 0;
  for (int n = 1; n <= max_batch; ++n) {
    below += weight;
    places += (n - 1) * weight;
    weight *= rate_per_ms * (law.slope + law.fixed / n);
    if (weight > large) {
      weight /= large, below /= large, places /= large;
    }
  }
  const double load = rate_per_ms * (law.slope + law.fixed / max_batch);
  const double count = max_queue;

  double head = below, head_places = places, full_batch = weight;
  double tail = 0, tail_moment = 0, full = weight, not_full = below;
  if (max_queue > 0 && load <= 1) {
    const Geometric sums = geometric(load, 1 - load, count);
    tail = weight * sums.weight, tail_moment = weight * sums.moment;
    full = weight * std::exp(std::log(load) * count);
    not_full = head + full_batch + tail - full;
  } else if (max_queue > 0) {
    // The queue tends to be full: count in the weight of the full system. State K - i has y^i with y = 1 / load.
    const Geometric sums = geometric(1 / load, (load - 1) / load, count - 1);
    full_batch = std::exp(-std::log(load) * count);
    head *= full_batch / weight, head_places *= full_batch / weight;
    full = 1;
    tail = 1 + sums.weight;
    tail_moment = count * tail - sums.moment;
    not_full = head + full_batch + sums.weight;
  }
  const double all = head + full_batch + tail;
  QueueSums result;
  result.blocked = full / all;
  result.accepted = not_full / all;
  result.in_service = (head_places + max_batch * (full_batch + tail)) / all;
  result.waiting = tail_moment / all;
  return result;
}

}  // namespace cradle::inference
