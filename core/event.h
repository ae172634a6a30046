// Event: one immutable observation by a source, as ingest hands it to the engine.
//
// One line of input can be several Events: a whole call in one record ("call.record") is the bundle of what
// it says, each Event marked `final`. Final observations replace live ones of the same type when their source
// has at least the same authority (core/record.h), and the final record with the highest rank replaces others.
//
// Strings are views: whoever passes an Event keeps the bytes alive until Engine::apply returns.
// Empty view = not given. Value type, any thread. The wire format is docs/events.md.
#pragma once

#include <cstdint>
#include <string_view>

#include "windows/time.h"

namespace core {

using windows::Duration;
using windows::Time;

// The order is also the order of observations at the same millisecond (what must come first in a call's life
// comes first here), so that sources with whole-second clocks are read the way they were meant. The numbers are
// kept in journals and rows: new types are added at the end.
enum class EventType : std::uint8_t {
  // subject = call id
  call_started,      // reached the system (menu, IVR); `direction` in text
  call_queued,       // entered `queue`; begins a visit
  call_offered,      // rings at `agent`
  call_no_answer,    // `agent` did not take it; value = ring time
  call_answered,     // `agent` took it; value = wait as measured by the source
  call_held,         // by `agent`
  call_resumed,
  call_hold_total,   // final records only: value = total hold of `agent`
  call_transferred,  // by `agent`; text = "blind" | "attended"
  call_abandoned,    // the caller gave up; value = wait
  call_left,         // not answered: text = overflow | timeout | voicemail | callback | key | empty | refused | other;
                     // value = wait, but of a callback until when it was promised, ms after `at`
  call_ended,        // value = talk time as measured by the source (without hold)
  call_wrapped,      // `agent` finished after-call work; value = after-call work
  // subject = agent id
  agent_login,
  agent_state,   // text = available | on_contact | wrap_up | break | meeting | training | away ; reason
  agent_logout,
  agent_assigned,  // reference data, valid from `at`: agent belongs to `team` and `site`
  // subject = queue id
  queue_assigned,  // reference data, valid from `at`: queue belongs to `team` and `site`
  // subject = ticket id; `queue` is the help desk's group
  ticket_created,   // by = customer | agent | system
  ticket_assigned,  // to `agent` (empty = unassigned) and/or `queue`
  ticket_status,    // text = new | open | pending | on_hold
  ticket_reply,     // by = agent | customer | system; is_public
  ticket_priority,  // `priority`
  ticket_resolved,
  ticket_reopened,
  ticket_closed,
  ticket_rated,  // value = score, text = scale: "thumbs" (0/1) | "csat" (1..5) | "nps" (0..10)
  // subject = call id
  call_lost,               // concluded, not seen: nothing more was heard of it. Ends what is still open, unless
                           // anybody says something later about the call
  call_merged,             // this id turned out to be part of another call, whose record says it all
  call_category,           // text = what it is about, in the source's words; replaces what was said before
  call_tags,               // text = all its tags, sorted, with commas between; replaces likewise; empty = none
  call_called_back,        // the callback that was promised was made, by `agent`
  call_voicemail_handled,  // `agent` took care of the voicemail
  // subject = ticket id
  ticket_category,
  ticket_tags,
  ticket_merged,  // text = the ticket it went on as: it is over, but not solved
  // What alerts depend on beside records, from the server itself: events like all others, so that a replay comes to
  // the same alerts.
  alert_acknowledged,   // subject = key of the alert; by = who; reason
  alert_silenced,       // subject = id of the silence; text = matcher; value = for how long, ms; by = who; reason
  alert_silence_ended,  // subject = id of the silence; by = who
  server_started,       // subject = "ringside": from here on somebody listens again
  // subject = call id
  call_rated,  // as ticket_rated; of `agent`, or of whoever had the contact last
  // from the server itself again: subject = "ringside"
  sources_told,  // text = which sources are at work from here on, and what they cannot tell (core/coverage.h)
};
inline constexpr int kEventTypes = static_cast<int>(EventType::sources_told) + 1;

// What kind of thing the subject of an event is.
enum class About : std::uint8_t { call, agent, queue, ticket, alert };
constexpr About about(EventType type) {
  if (type <= EventType::call_wrapped || type == EventType::call_rated) return About::call;
  if (type <= EventType::agent_assigned) return About::agent;
  if (type == EventType::queue_assigned) return About::queue;
  if (type <= EventType::ticket_rated) return About::ticket;
  if (type <= EventType::call_voicemail_handled) return About::call;
  if (type <= EventType::ticket_merged) return About::ticket;
  return About::alert;
}

// "call.queued", "ticket.reply", …: the `type` on the wire. call_hold_total has no wire name of its own.
std::string_view name(EventType type);

inline constexpr std::int64_t kNoValue = -1;

struct Event {
  EventType type = EventType::call_started;
  bool final = false;          // part of a whole-call record
  bool is_public = true;       // replies only
  std::uint8_t visit = 1;      // final only: which visit of the call it is about, from 1
  std::uint8_t authority = 0;  // of the source, 0..15; higher wins over lower, whatever arrives first
  Time time = 0;               // when the source said it; ranks between observations of equal authority
  Time at = 0;                 // the instant it is about; equals `time` for live events
  std::int64_t value = kNoValue;  // a duration in ms as measured by the source, or a score; see the types
  std::string_view source;     // who says so
  std::string_view id;         // unique within the source
  std::string_view subject;    // call, agent, queue or ticket id
  std::string_view agent;
  std::string_view queue;
  std::string_view team;
  std::string_view site;
  std::string_view channel;    // "voice", "chat", "email", …; calls default to voice, tickets to email
  std::string_view priority;
  std::string_view text;       // state, status, kind of exit, kind of transfer, rating scale, direction, …
  std::string_view reason;     // of an agent state: the source's own word for it
  std::string_view by;         // author of a reply: "agent" | "customer" | "system"
  std::string_view customer;   // pseudonymous key, for repeat contacts; never a phone number in clear
};

}  // namespace core
