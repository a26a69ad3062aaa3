// A sum of many doubles that loses no digits to its length.
#pragma once

#include <cmath>

namespace cradle::carbon {

/// Neumaier's compensated sum (ZAMM 54, 1974): the error does not grow with the number of terms.
class CompensatedSum {
 public:
  void add(double term) {
    const double next = sum_ + term;
    lost_ += std::abs(sum_) >= std::abs(term) ? (sum_ - next) + term : (term - next) + sum_;
    sum_ = next;
  }
  double value() const { return sum_ + lost_; }

 private:
  double sum_ = 0;
  double lost_ = 0;
};

}  // namespace cradle::carbon
