// The WebSocket opening handshake (RFC 6455 4.2) judged and answered, without a socket. Pure, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "server/message.h"

namespace server {

inline constexpr std::string_view kSubprotocol = "kpi.v1.json";

// Whether a browser's page may talk to us: no Origin at all (not a browser), our own, or a configured one.
bool origin_allowed(const Request& request, const std::vector<std::string>& origins);

struct Handshake {
  Response refusal;    // its status is 101 when the connection is to be upgraded
  std::string answer;  // then: the bytes of the answer
};
Handshake answer_handshake(const Request& request, const std::vector<std::string>& origins);

std::string websocket_accept(std::string_view key);

}  // namespace server
