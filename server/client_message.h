// What a client of the stream asks for, from JSON (docs/stream.md). Pure, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"
#include "core/view.h"
#include "server/hub.h"

namespace server {

struct ClientMessage {
  enum class Op : std::uint8_t { sub, unsub, resync, alerts, deadlines, leave_alerts, leave_deadlines };
  std::int64_t id = 0;
  Op op = Op::sub;
  std::string view;
  double hz = 4;
  std::optional<ResumePoint> from;
  std::optional<core::ViewDefinition> definition;
  std::optional<std::uint64_t> after;  // of alerts: the last change the client knows
  std::string scope = "tenant";        // of deadlines
  std::size_t limit = 10;
};

// `id` is set as soon as it is known, also when the rest is refused. Errors: bad_message, unknown_op.
core::Result<ClientMessage> parse_client_message(std::string_view json, std::optional<std::int64_t>& id);

}  // namespace server
