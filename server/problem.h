// Problems: every refusal over HTTP in one form, application/problem+json (RFC 9457). Pure, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.h"
#include "server/message.h"

namespace server {

// `code`: a stable word, documented in docs/rest.md.
Response problem(int status, std::string_view code, std::string_view detail);
// The status that fits the code of an error from below; 400 where there is no better one.
Response problem(const core::Error& error);
// A problem that may be tried again.
Response try_later(int status, std::string_view code, std::string_view detail, int seconds);

// A problem in the form of an answer to Amazon Data Firehose, which keeps its `errorMessage` for the sender to read.
Response firehose_problem(const Response& problem, std::string_view request_id, std::int64_t now_ms);

}  // namespace server
