// How the time a request spends in service divides into reading its prompt and writing its tokens.
#pragma once

#include <algorithm>

#include "cradle/inference/queue.h"

namespace cradle::inference {

struct Phases {
  double first_ms = 0;  ///< to the first token, from the moment the request joined the batch
  double itl_ms = 0;
};

/// Follows `queue_state`, with the batch that one request met in place of the mean.
class PhaseLaw {
 public:
  /// Precondition: the service is valid.
  explicit PhaseLaw(const Service& service)
      : separate_(service.formula == Formula::separate),
        fixed_(batch_time_ms(service, 0)),
        slope_(batch_time_ms(service, 1) - fixed_),
        out_(service.out_tokens),
        service_(service) {
    const double iterations = service.prefill_chunks + service.out_tokens;
    const auto idle = idle_state(service);
    prefill_ = idle ? idle->prefill_ms : 0;
    prefill_slope_ = service.prefill_chunks * slope_ / iterations;
  }

  /// `others`: in the batch beside the request when it joined; `pace_ms`: tau of the batch it was served in.
  Phases operator()(double others, double pace_ms) const {
    if (separate_) {
      const double batch = slope_ > 0 ? std::max(0.0, (pace_ms - fixed_) / slope_) : 0;
      return {service_.gamma_ms + service_.delta_ms * service_.in_tokens * batch,
              service_.alpha_ms + service_.beta_ms * batch};
    }
    const double prefill = prefill_ + prefill_slope_ * others;
    const double itl = std::max(0.0, (pace_ms - prefill) / out_);
    return {prefill + itl, itl};
  }

 private:
  bool separate_;
  double fixed_, slope_, out_;
  double prefill_ = 0, prefill_slope_ = 0;
  Service service_;
};

}  // namespace cradle::inference
