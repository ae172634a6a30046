// FreeSWITCH mod_json_cdr: one document per leg of a call, over HTTP (docs/sources/freeswitch.md).
// Source: src/mod/event_handlers/mod_json_cdr and src/mod/applications/mod_callcenter of FreeSWITCH.
//
// Values are URL-encoded by default, the body may be a form ("cdr=…", percent-encoded or base64), and a document comes
// again when the answer was lost, or later from the folder where FreeSWITCH keeps what nobody took: there without the
// "cdr=". The caller's leg tells the visit to a queue of mod_callcenter (the last one, where there were several); the
// legs to agents belong to it and tell nothing of their own, except how long the agent held the caller.
#include <array>

#include "ingest/form.h"
#include "ingest/formats_made.h"
#include "ingest/freeswitch.h"
#include "ingest/json_value.h"
#include "ingest/message_format.h"
#include "ingest/name_table.h"
#include "ingest/signature.h"

namespace ingest {

namespace {

using core::EventType;
using core::Time;
using windows::kNever;

// Of the two hundred and more that a document has; it is gone through once.
constexpr std::size_t kVariables = 29;
constexpr NameTable<kVariables> kNames({
    "uuid", "direction", "dialed_user", "caller_id_number", "sip_from_user", "start_uepoch", "start_epoch",
    "answer_uepoch", "answer_epoch", "end_uepoch", "end_epoch", "hold_accum_ms", "hold_accum_usec",
    "hold_accum_seconds", "originating_leg_uuid", "originator", "signal_bond", "cc_side", "cc_queue", "cc_agent",
    "cc_member_session_uuid", "cc_queue_joined_epoch", "cc_queue_answered_epoch", "cc_queue_terminated_epoch",
    "cc_queue_canceled_epoch", "cc_cause", "cc_cancel_reason", "voicemail_message_len", "domain_name",
});

class FreeswitchCdr : public MessageFormat {
 public:
  using MessageFormat::MessageFormat;

 protected:
  void message(const Message& message) override;

 private:
  JsonValue variable(std::string_view name) const {
    const int i = kNames.find(name);
    return i < 0 ? JsonValue() : variables_[static_cast<std::size_t>(i)];
  }
  std::string value(std::string_view name) const { return percent_decoded(variable(name).text(), false); }
  // In microseconds where there are, else in seconds; 0 means that it did not happen.
  Time instant(std::string_view name) const;
  std::int64_t held() const;
  void member(std::string_view call);
  void plain(std::string_view call);

  JsonDocument document_;
  JsonValue root_;
  std::array<JsonValue, kVariables> variables_;
};

Time FreeswitchCdr::instant(std::string_view name) const {
  const std::string key(name);
  if (const auto us = variable(key + "_uepoch").whole(); us && *us > 0) return *us / 1000;
  if (const auto s = variable(key + "_epoch").whole(); s && *s > 0 && *s < 100'000'000'000) return *s * 1000;
  return kNever;
}

std::int64_t FreeswitchCdr::held() const {
  if (const auto ms = variable("hold_accum_ms").whole()) return *ms;
  if (const auto us = variable("hold_accum_usec").whole()) return *us / 1000;
  return variable("hold_accum_seconds").whole().value_or(0) * 1000;
}

// The JSON in a body, however it was wrapped up.
std::string document_of(std::string_view body) {
  while (!body.empty() && (body.back() == '\n' || body.back() == '\r' || body.back() == ' ')) body.remove_suffix(1);
  if (body.starts_with("cdr=")) body.remove_prefix(4);
  if (body.starts_with('%')) return percent_decoded(body, true);
  if (!body.empty() && body.front() != '{') {
    if (auto decoded = from_base64(body)) return std::move(*decoded);
  }
  return std::string(body);
}

void FreeswitchCdr::message(const Message& message) {
  const std::string body = document_of(message.bytes);
  auto parsed = document_.parse(body);
  if (!parsed) return refuse("malformed", parsed.error().message);
  root_ = *parsed;
  const JsonValue variables = root_["variables"];
  if (!variables.is_object()) return refuse("malformed", "no variables: not a document of mod_json_cdr");
  variables_.fill({});
  variables.each_field([this](std::string_view name, JsonValue value) {
    if (const int i = kNames.find(name); i >= 0) variables_[static_cast<std::size_t>(i)] = value;
  });
  const std::string uuid = value("uuid");
  if (uuid.empty()) return refuse("missing_field", "a leg without uuid", "/variables/uuid");

  // The first that is given says whose it is.
  std::string domain(domain_of(value("cc_queue")));
  if (domain.empty()) domain = domain_of(value("cc_agent"));
  if (domain.empty()) domain = value("domain_name");
  if (!in_domain(domain, option("domain"))) return silent();

  const std::string side = value("cc_side");
  const std::string id = content_id(body);
  if (side == "agent") {
    const std::string call = value("cc_member_session_uuid");
    if (call.empty() || held() <= 0 || instant("end") == kNever) return silent();
    core::Event& hold = add(EventType::call_hold_total, instant("end"), subject(call));
    const std::string raw_agent = value("cc_agent");
    hold.agent = agent(raw_agent, without_domain(raw_agent));
    hold.value = held();
    done(id);
    return;
  }
  // A leg that another one made is a part of that one's call.
  for (const std::string_view made_by : {"originating_leg_uuid", "originator", "signal_bond"}) {
    if (!variable(made_by).text().empty() && value("direction") == "outbound") return silent();
  }
  const std::string_view call = subject(uuid);
  if (side == "member" || !value("cc_queue").empty()) member(call);
  else plain(call);
  if (item_open()) done(id);
}

void FreeswitchCdr::member(std::string_view call) {
  const std::string raw_queue = value("cc_queue");
  const std::string raw_agent = value("cc_agent");
  const std::string_view name = queue(raw_queue, without_domain(raw_queue));
  const std::string_view who = agent(raw_agent, without_domain(raw_agent));
  const Time start = instant("start");
  const Time joined = instant("cc_queue_joined");
  const Time answered = instant("cc_queue_answered");
  const Time terminated = instant("cc_queue_terminated");
  const Time canceled = instant("cc_queue_canceled");
  const Time end = instant("end");
  if (joined == kNever) return refuse("missing_field", "a caller's leg without cc_queue_joined_epoch");
  if (start != kNever) add(EventType::call_started, start, call).text = "inbound";
  core::Event& queued = add(EventType::call_queued, joined, call);
  queued.queue = name;
  queued.customer = customer_number(value("caller_id_number").empty() ? value("sip_from_user")
                                                                       : value("caller_id_number"));
  if (answered != kNever && !who.empty()) {
    core::Event& a = add(EventType::call_answered, answered, call);
    a.agent = who;
    a.queue = name;
    a.value = duration(answered - joined);
    const Time over = terminated != kNever ? terminated : end;
    if (over != kNever) {
      if (held() > 0) {
        core::Event& hold = add(EventType::call_hold_total, over, call);
        hold.agent = who;
        hold.value = held();
      }
      core::Event& e = add(EventType::call_ended, over, call);
      e.agent = who;
      // Else the agent's own leg may tell of a hold, which is no talk either.
      if (held() > 0) e.value = duration(over - answered - held());
    }
  } else if (canceled != kNever || value("cc_cause") == "cancel") {
    const std::string why = value("cc_cancel_reason");
    const Time at = canceled != kNever ? canceled : end != kNever ? end : joined;
    // Both are whole seconds of one clock, and the queue is left after the caller hung up: who hung up later was taken
    // out of the queue.
    const bool moved = why == "BREAK_OUT" && canceled != kNever && end != kNever && end / 1000 > canceled / 1000;
    const char* how = whole(value("voicemail_message_len")).value_or(0) > 0 ? "voicemail"
                      : why == "TIMEOUT"                                    ? "timeout"
                      : why == "NO_AGENT_TIMEOUT"                           ? "empty"
                      : why == "EXIT_WITH_KEY"                              ? "key"
                      : moved                                               ? "other"
                                                                            : nullptr;
    core::Event& out = add(how != nullptr ? EventType::call_left : EventType::call_abandoned, at, call);
    out.queue = name;
    if (how != nullptr) out.text = how;
    else out.value = duration(at - joined);
  }
  if (end != kNever) add(EventType::call_ended, end, call);
}

// A call without a queue: to the extension that was dialled.
void FreeswitchCdr::plain(std::string_view call) {
  Time start = instant("start");
  if (start == kNever) {
    const JsonValue times = root_["times"].is_object() ? root_["times"] : root_["callflow"].at(0)["times"];
    const auto created = times["created_time"].whole();
    if (!created || *created <= 0) return refuse("missing_field", "no time says when the call began");
    start = *created / 1000;
  }
  const Time answered = instant("answer");
  const Time end = instant("end");
  const std::string direction = value("direction");
  core::Event& started = add(EventType::call_started, start, call);
  if (direction == "inbound" || direction == "outbound") started.text = direction == "inbound" ? "inbound" : "outbound";
  const std::string dialed = value("dialed_user");
  const std::string_view who = dialed.empty() ? std::string_view() : agent(dialed);
  if (!who.empty()) add(EventType::call_offered, start, call).agent = who;
  if (answered != kNever && !who.empty()) {
    add(EventType::call_answered, answered, call).agent = who;
    if (end != kNever && held() > 0) {
      core::Event& hold = add(EventType::call_hold_total, end, call);
      hold.agent = who;
      hold.value = held();
    }
  }
  if (end == kNever) return;
  core::Event& over = add(EventType::call_ended, end, call);
  if (answered != kNever && !who.empty()) {
    over.agent = who;
    over.value = duration(end - answered - held());
  }
}

}  // namespace

MadeFormat make_freeswitch_cdr(FormatOptions options) {
  return std::unique_ptr<Format>(std::make_unique<FreeswitchCdr>(std::move(options)));
}

}  // namespace ingest
