// The signatures of webhooks, each as its system makes them. Pure functions, any thread.
// Errors: missing_signature, bad_signature, stale_signature.
#pragma once

#include <string>
#include <string_view>

#include "ingest/format.h"

namespace ingest {

// `header`: "<prefix><hex of the HMAC of the body>" (Zammad "sha1=", Jira "sha256=").
core::Status check_hex_hmac(const Message& message, std::string_view name, std::string_view prefix,
                            std::string_view secret);

// Zendesk: base64 of the HMAC-SHA-256 of timestamp and body; one signed more than five minutes from now is a replay.
core::Status check_zendesk(const Message& message, std::string_view secret, core::Time now);

// Twilio: base64 of the HMAC-SHA-1 of the URL and, for forms, all fields in the order of their names; for other
// bodies the URL has their SHA-256.
core::Status check_twilio(const Message& message, std::string_view secret);

// A secret that is sent as it is, in a header (Amazon Data Firehose; X-Api-Key of senders that sign nothing).
core::Status check_secret_header(const Message& message, std::string_view name, std::string_view secret);

}  // namespace ingest
