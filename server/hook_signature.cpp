#include "server/hook_signature.h"

#include <openssl/evp.h>

#include <array>
#include <memory>

#include "ingest/signature.h"

namespace server {
namespace {

constexpr std::size_t kShortest = 24, kLongest = 64;  // of a symmetric secret, by the specification
constexpr std::size_t kSeed = 32;                     // of Ed25519

const unsigned char* octets(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

struct KeyCloser {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct DigestCloser {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, KeyCloser>;

Key ed25519(std::string_view seed) {
  return Key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, octets(seed), kSeed));
}

core::Error bad_secret(const std::string& why) { return {"bad_secret", why, {}}; }

}  // namespace

core::Result<SigningKey> SigningKey::parse(std::string_view secret) {
  SigningKey key;
  if (secret.starts_with("whsec_")) {
    const auto bytes = ingest::from_base64(secret.substr(6));
    if (!bytes) return bad_secret("behind whsec_ stands base64");
    if (bytes->size() < kShortest || bytes->size() > kLongest) {
      return bad_secret("a secret has 24 to 64 bytes; this one has " + std::to_string(bytes->size()) +
                        ". A new one: echo whsec_$(openssl rand -base64 32)");
    }
    key.bytes_ = *bytes;
    return key;
  }
  if (secret.starts_with("whsk_")) {
    const auto bytes = ingest::from_base64(secret.substr(5));
    if (!bytes) return bad_secret("behind whsk_ stands base64");
    if (bytes->size() != kSeed && bytes->size() != 2 * kSeed) {
      return bad_secret("an Ed25519 key is a seed of 32 bytes, or that and its public key; this one has " +
                        std::to_string(bytes->size()));
    }
    key.symmetric_ = false;
    key.bytes_ = bytes->substr(0, kSeed);
    std::string open(kSeed, '\0');
    std::size_t size = kSeed;
    const Key pair = ed25519(key.bytes_);
    CHECK(pair && EVP_PKEY_get_raw_public_key(pair.get(), reinterpret_cast<unsigned char*>(open.data()), &size) == 1,
          "a seed of 32 bytes is a key");
    if (bytes->size() == 2 * kSeed && bytes->substr(kSeed) != open) {
      return bad_secret("the second half of an Ed25519 key is not the public key of the first");
    }
    return key;
  }
  return bad_secret("a secret begins with whsec_ (HMAC) or whsk_ (Ed25519). A new one: echo whsec_$(openssl rand "
                    "-base64 32)");
}

std::string SigningKey::sign(std::string_view id, std::int64_t seconds, std::string_view body) const {
  std::string message(id);
  message += '.';
  message += std::to_string(seconds);
  message += '.';
  message += body;
  if (symmetric_) return "v1," + ingest::base64(ingest::hmac(ingest::Digest::sha256, bytes_, message));
  std::array<unsigned char, 64> out{};
  const Key pair = ed25519(bytes_);
  const std::unique_ptr<EVP_MD_CTX, DigestCloser> context(EVP_MD_CTX_new());
  std::size_t size = out.size();
  CHECK(pair && EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, pair.get()) == 1 &&
            EVP_DigestSign(context.get(), out.data(), &size, octets(message), message.size()) == 1,
        "Ed25519 is there");
  return "v1a," + ingest::base64({reinterpret_cast<const char*>(out.data()), size});
}

std::string signatures(std::span<const SigningKey> keys, std::string_view id, std::int64_t seconds,
                       std::string_view body) {
  std::string out;
  for (const SigningKey& key : keys) {
    if (!out.empty()) out += ' ';
    out += key.sign(id, seconds, body);
  }
  return out;
}

}  // namespace server
