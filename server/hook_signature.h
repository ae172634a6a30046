// Signatures of hooks as Standard Webhooks defines them (github.com/standard-webhooks, spec 1.0.0): what is signed is
// "id.timestamp.body"; "v1,…" is HMAC-SHA256 with a secret "whsec_…", "v1a,…" is Ed25519 with a secret "whsk_…", in
// base64; several, for as long as a secret is being replaced, stand in one header with blanks between.
// Errors: bad_secret; they never hold the secret. Pure; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace server {

class SigningKey {
 public:
  static core::Result<SigningKey> parse(std::string_view secret);

  std::string sign(std::string_view id, std::int64_t seconds, std::string_view body) const;

 private:
  bool symmetric_ = true;
  std::string bytes_;
};

// The header's value.
std::string signatures(std::span<const SigningKey> keys, std::string_view id, std::int64_t seconds,
                       std::string_view body);

}  // namespace server
