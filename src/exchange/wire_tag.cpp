// The only place of this room that knows OpenSSL.
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <cstdlib>

#include "cradle/exchange/wire.h"

namespace cradle::exchange {

std::array<std::uint8_t, Key::tag_bytes> Key::tag(std::span<const std::uint8_t> text) const {
  static constexpr std::uint8_t nothing = 0;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  // Fails only when memory runs out or the library was built without SHA-256: nothing input can cause.
  if (HMAC(EVP_sha256(), bytes_.empty() ? &nothing : bytes_.data(), static_cast<int>(bytes_.size()), text.data(),
           text.size(), digest.data(), &length) == nullptr)
    std::abort();
  std::array<std::uint8_t, tag_bytes> tag{};
  std::copy_n(digest.begin(), tag_bytes, tag.begin());
  return tag;
}

}  // namespace cradle::exchange
