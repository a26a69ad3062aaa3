// The steady state of a queue whose service speeds up with the batch: the sums over all its states in closed form.
#pragma once

namespace cradle::inference {

/// tau(B) = fixed + slope B, milliseconds.
struct BatchLaw {
  double fixed = 0;
  double slope = 0;
};

struct QueueSums {
  double blocked = 0;     ///< probability that the queue is full
  double accepted = 0;    ///< one less it, without loss of digits
  double in_service = 0;  ///< mean
  double waiting = 0;     ///< mean number that wait
};

/// With n in the system, p(n) / p(n-1) = rate tau(b) / b with b = min(n, max_batch): a product over the batch, and a
/// geometric tail over the queue, whose sums are closed. Any rate > 0 per millisecond is safe: weights are scaled by
/// powers of two as they grow, and the tail is counted from its larger end. Cost: one division for each place of the
/// batch.
QueueSums queue_sums(const BatchLaw& law, int max_batch, int max_queue, double rate_per_ms);

}  // namespace cradle::inference
