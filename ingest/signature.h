// Signatures, digests and base64 of webhooks. The only place in ingest/ that knows OpenSSL.
//
// Comparisons take the same time wherever the texts differ. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ingest {

enum class Digest : std::uint8_t { md5, sha1, sha256 };

std::string hmac(Digest digest, std::string_view key, std::string_view message);  // raw bytes
std::string digest_of(Digest digest, std::string_view message);                   // raw bytes

std::string hex(std::string_view bytes);  // lower case
std::string base64(std::string_view bytes);
// With or without padding; also the alphabet for URLs. nullopt: not base64.
std::optional<std::string> from_base64(std::string_view text);

bool same_secret(std::string_view a, std::string_view b);

}  // namespace ingest
