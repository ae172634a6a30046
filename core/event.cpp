#include "core/event.h"

#include <array>

#include "windows/check.h"

namespace core {

namespace {

constexpr std::array<std::string_view, kEventTypes> kNames = {
    "call.started",   "call.queued",      "call.offered",     "call.no_answer", "call.answered",
    "call.held",      "call.resumed",     "call.hold_total",  "call.transferred", "call.abandoned",
    "call.left",      "call.ended",       "call.wrapped",     "agent.login",    "agent.state",
    "agent.logout",   "agent.assigned",   "queue.assigned",   "ticket.created", "ticket.assigned",
    "ticket.status",  "ticket.reply",     "ticket.priority",  "ticket.resolved", "ticket.reopened",
    "ticket.closed",  "ticket.rated",     "call.lost",      "call.merged",
    "call.category",    "call.tags",      "call.called_back",
    "call.voicemail_handled", "ticket.category", "ticket.tags", "ticket.merged",
    "alert.acknowledged", "alert.silenced", "alert.silence_ended",      "server.started",
    "call.rated",     "sources.told",
};

}  // namespace

std::string_view name(EventType type) {
  const auto i = static_cast<std::size_t>(type);
  CHECK(i < kNames.size(), "an event type that does not exist");
  return kNames[i];
}

}  // namespace core
