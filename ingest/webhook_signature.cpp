#include "ingest/webhook_signature.h"

#include <algorithm>

#include "ingest/form.h"
#include "ingest/instant.h"
#include "ingest/message_format.h"
#include "ingest/signature.h"

namespace ingest {

namespace {

constexpr core::Duration kFresh = 5 * windows::kMinute;

core::Error missing(std::string_view name) {
  return {"missing_signature", "the sender signs its messages, this one is not signed", std::string(name)};
}

core::Status same(std::string_view given, std::string_view made, std::string_view name) {
  if (same_secret(given, made)) return core::Done{};
  return core::Error{"bad_signature", "not signed with the secret that is configured", std::string(name)};
}

}  // namespace

core::Status check_hex_hmac(const Message& message, std::string_view name, std::string_view prefix,
                            std::string_view secret) {
  const std::string_view given = header(message, name);
  if (given.empty()) return missing(name);
  const Digest digest = prefix == "sha1=" ? Digest::sha1 : Digest::sha256;
  return same(given, std::string(prefix) + hex(hmac(digest, secret, message.bytes)), name);
}

core::Status check_zendesk(const Message& message, std::string_view secret, core::Time now) {
  constexpr std::string_view kName = "x-zendesk-webhook-signature";
  constexpr std::string_view kStamp = "x-zendesk-webhook-signature-timestamp";
  const std::string_view given = header(message, kName);
  const std::string_view stamp = header(message, kStamp);
  if (given.empty() || stamp.empty()) return missing(kName);
  const std::string signed_text = std::string(stamp) + std::string(message.bytes);
  if (auto status = same(given, base64(hmac(Digest::sha256, secret, signed_text)), kName); !status) return status;
  const auto at = parse_rfc3339(stamp);
  if (!at || *at < now - kFresh || *at > now + kFresh)
    return core::Error{"stale_signature", "signed more than five minutes from now: a replay, or a clock that is wrong",
                       std::string(kStamp)};
  return core::Done{};
}

core::Status check_twilio(const Message& message, std::string_view secret) {
  constexpr std::string_view kName = "x-twilio-signature";
  const std::string_view given = header(message, kName);
  if (given.empty()) return missing(kName);
  std::string text(message.url);
  if (lower(message.content_type).starts_with("application/x-www-form-urlencoded")) {
    FormFields fields = form_fields(message.bytes);
    std::sort(fields.begin(), fields.end());
    for (const auto& [key, value] : fields) text.append(key).append(value);
  } else {
    const std::size_t query = text.find('?');
    const FormFields parameters = form_fields(query == text.npos ? "" : std::string_view(text).substr(query + 1));
    const std::string body = hex(digest_of(Digest::sha256, message.bytes));
    if (auto status = same(field(parameters, "bodySHA256"), body, "bodySHA256"); !status) return status;
  }
  return same(given, base64(hmac(Digest::sha1, secret, text)), kName);
}

core::Status check_secret_header(const Message& message, std::string_view name, std::string_view secret) {
  const std::string_view given = header(message, name);
  return given.empty() ? missing(name) : same(given, secret, name);
}

}  // namespace ingest
