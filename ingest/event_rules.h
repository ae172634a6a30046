// What each event type is made of: the table behind docs/events.md. Constants, any thread.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "ingest/fields.h"

namespace ingest {

inline constexpr std::size_t kRecordType = core::kEventTypes;  // call.record, after the rest

struct Rule {
  std::string_view type;     // on the wire
  Key subject;
  std::uint64_t required;    // besides type, id, source, time and the subject
  Key text;                  // goes to Event::text, or none
  std::span<const std::string_view> words;  // what it may say
  Key value;                 // goes to Event::value, or none
};

inline constexpr std::array<std::string_view, 7> kStates = {
    "available", "on_contact", "wrap_up", "break", "meeting", "training", "away"};
inline constexpr std::array<std::string_view, 8> kExits = {
    "overflow", "timeout", "voicemail", "callback", "key", "empty", "refused", "other"};
inline constexpr std::array<std::string_view, 2> kTransfers = {"blind", "attended"};
inline constexpr std::array<std::string_view, 3> kDirections = {"inbound", "outbound", "internal"};
inline constexpr std::array<std::string_view, 4> kStatuses = {"new", "open", "pending", "on_hold"};
inline constexpr std::array<std::string_view, 3> kScales = {"thumbs", "csat", "nps"};
inline constexpr std::array<std::string_view, 3> kAuthors = {"customer", "agent", "system"};

// In the order of core::EventType.
inline constexpr std::array<Rule, core::kEventTypes> kRules = {{
    {"call.started", Key::call, 0, Key::direction, kDirections, Key::none},
    {"call.queued", Key::call, bits({Key::queue}), Key::none, {}, Key::none},
    {"call.offered", Key::call, bits({Key::agent}), Key::none, {}, Key::none},
    {"call.no_answer", Key::call, bits({Key::agent}), Key::none, {}, Key::ring_ms},
    {"call.answered", Key::call, bits({Key::agent}), Key::none, {}, Key::wait_ms},
    {"call.held", Key::call, bits({Key::agent}), Key::none, {}, Key::none},
    {"call.resumed", Key::call, bits({Key::agent}), Key::none, {}, Key::none},
    {"", Key::call, 0, Key::none, {}, Key::hold_ms},  // call_hold_total comes from records only
    {"call.transferred", Key::call, bits({Key::agent, Key::kind}), Key::kind, kTransfers,
     Key::talk_ms},
    {"call.abandoned", Key::call, 0, Key::none, {}, Key::wait_ms},
    {"call.left", Key::call, bits({Key::reason}), Key::reason, kExits, Key::none},
    {"call.ended", Key::call, 0, Key::none, {}, Key::talk_ms},
    {"call.wrapped", Key::call, bits({Key::agent}), Key::none, {}, Key::wrap_ms},
    {"agent.login", Key::agent, 0, Key::none, {}, Key::none},
    {"agent.state", Key::agent, bits({Key::state}), Key::state, kStates, Key::none},
    {"agent.logout", Key::agent, 0, Key::none, {}, Key::none},
    {"agent.assigned", Key::agent, 0, Key::none, {}, Key::none},
    {"queue.assigned", Key::queue, 0, Key::none, {}, Key::none},
    {"ticket.created", Key::ticket, 0, Key::none, {}, Key::none},
    {"ticket.assigned", Key::ticket, 0, Key::none, {}, Key::none},
    {"ticket.status", Key::ticket, bits({Key::status}), Key::status, kStatuses, Key::none},
    {"ticket.reply", Key::ticket, bits({Key::by}), Key::none, {}, Key::none},
    {"ticket.priority", Key::ticket, bits({Key::priority}), Key::none, {}, Key::none},
    {"ticket.resolved", Key::ticket, 0, Key::none, {}, Key::none},
    {"ticket.reopened", Key::ticket, 0, Key::none, {}, Key::none},
    {"ticket.closed", Key::ticket, 0, Key::none, {}, Key::none},
    {"ticket.rated", Key::ticket, bits({Key::score, Key::scale}), Key::scale, kScales, Key::score},
    {"call.lost", Key::call, 0, Key::none, {}, Key::none},
    {"call.merged", Key::call, 0, Key::none, {}, Key::none},
    {"call.category", Key::call, bits({Key::category}), Key::category, {}, Key::none},
    {"call.tags", Key::call, bits({Key::tags}), Key::tags, {}, Key::none},
    {"call.called_back", Key::call, 0, Key::none, {}, Key::none},
    {"call.voicemail_handled", Key::call, 0, Key::none, {}, Key::none},
    {"ticket.category", Key::ticket, bits({Key::category}), Key::category, {}, Key::none},
    {"ticket.tags", Key::ticket, bits({Key::tags}), Key::tags, {}, Key::none},
    {"ticket.merged", Key::ticket, bits({Key::into}), Key::into, {}, Key::none},
    {"", Key::none, 0, Key::none, {}, Key::none},  // what is told to alerts does not come from sources
    {"", Key::none, 0, Key::none, {}, Key::none},
    {"", Key::none, 0, Key::none, {}, Key::none},
    {"", Key::none, 0, Key::none, {}, Key::none},
    {"call.rated", Key::call, bits({Key::score, Key::scale}), Key::scale, kScales, Key::score},
    {"", Key::none, 0, Key::none, {}, Key::none},
}};

inline constexpr NameTable<core::kEventTypes + 1> kTypeNames([] {
  std::array<std::string_view, core::kEventTypes + 1> names;
  for (std::size_t i = 0; i < kRules.size(); ++i) names[i] = kRules[i].type;
  // Must not be found, but need slots of their own.
  constexpr std::string_view kUnspeakable = "\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01";
  for (std::size_t i = 0, n = 0; i < kRules.size(); ++i) {
    if (names[i].empty()) names[i] = kUnspeakable.substr(n++);
  }
  names[kRecordType] = "call.record";
  return names;
}());

bool is_one_of(std::string_view word, std::span<const std::string_view> words);

// One item while it becomes events.
struct Assembly {
  const Fields& fields;
  const SourceOptions& options;
  core::Time now;
  Batch& batch;
  Fault& fault;

  bool fail(const char* code, std::string message, Key key, int leg = -1) {
    fault = {code, std::move(message), key, leg};
    return false;
  }
  // Refuses an instant outside what the source may speak about.
  bool check_time(core::Time at, Key key, int leg = -1);
  bool check_word(std::string_view word, std::span<const std::string_view> words, Key key,
                  int leg = -1);
  // Names the first key of `mask`.
  bool fail_missing(std::uint64_t mask, int leg = -1);

  // What a callback was promised for, told with the event that says the caller left for it.
  bool promise(core::Event& left);
  // What an item says about its call or ticket as a whole, as events of their own behind those from `first` on.
  void labels(std::size_t first);
  // Appends one call.record (ingest/call_record.cpp); the caller takes the events back on failure.
  bool call_record(const core::Event& base);
};

}  // namespace ingest
