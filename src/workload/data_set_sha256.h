// SHA-256 in pieces, over OpenSSL's libcrypto.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace cradle::workload {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void update(std::string_view bytes);
  /// Lower-case hexadecimal digest of all that was given; ends the computation.
  std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cradle::workload
