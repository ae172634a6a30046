// FreeSWITCH events over the event socket: callcenter::info, vm::maintenance and a few of channels
// (docs/sources/freeswitch.md). Source: src/mod/applications/mod_callcenter and mod_voicemail of FreeSWITCH.
//
// A message is one frame: the socket's own headers, a blank line, and the event as "Key: value" lines whose values are
// URL-encoded, or as JSON. State and status of agents come also when nothing changed and are told once. After-call
// work is no state there: with `wrap_up_s` it follows every call for that long, as the configured wrap-up-time does.
#include <algorithm>

#include "ingest/form.h"
#include "ingest/formats_made.h"
#include "ingest/json_value.h"
#include "ingest/message_format.h"
#include "ingest/presence.h"

namespace ingest {

namespace {

using core::EventType;
using core::Time;
using windows::kNever;

class FreeswitchEvents : public MessageFormat {
 public:
  explicit FreeswitchEvents(FormatOptions options) : MessageFormat(std::move(options)) {
    const auto& more = this->options().more;
    if (const auto given = more.find("wrap_up_s"); given != more.end() && !given->second.empty())
      wrap_up_ = seconds(given->second.front()).value_or(-1);
  }
  bool good() const { return wrap_up_ >= 0 && wrap_up_ <= 240 * windows::kSecond; }

  std::string memory() const override {
    MemoryWriter out;
    out.line({"freeswitch", "1"});
    presence_.write(out);
    return out.take();
  }
  core::Status remember(std::string_view text) override;

 protected:
  void message(const Message& message) override;

 private:
  bool read_event(std::string_view bytes);
  std::string_view value(std::string_view key) const { return field(fields_, key); }
  Time seconds_at(std::string_view key) const;
  void callcenter();
  void bridge(std::string_view call, std::string_view name);
  void queue_end(std::string_view call, std::string_view name);
  void status();
  void voicemail();
  void channel(std::string_view name);
  std::string_view agent_of(std::string_view key);

  core::Duration wrap_up_ = 0;
  JsonDocument document_;
  FormFields fields_;
  Time at_ = 0;
  std::string id_;
  Presence presence_;
};

bool FreeswitchEvents::read_event(std::string_view bytes) {
  fields_.clear();
  std::string_view body = bytes;
  // The frame's own headers end with a blank line; an event given alone has none before it.
  if (bytes.starts_with("Content-")) {
    std::size_t blank = bytes.find("\n\n");
    std::size_t skip = 2;
    if (const std::size_t crlf = bytes.find("\r\n\r\n"); crlf < blank) blank = crlf, skip = 4;
    if (blank == std::string_view::npos) return false;
    body = bytes.substr(blank + skip);
  }
  if (body.starts_with('{')) {
    auto parsed = document_.parse(body);
    if (!parsed || !parsed->is_object()) return false;
    parsed->each_field([&](std::string_view key, JsonValue v) { fields_.emplace_back(key, v.word()); });
    return true;
  }
  while (!body.empty()) {
    const std::size_t end = std::min(body.find('\n'), body.size());
    std::string_view line = body.substr(0, end);
    body.remove_prefix(std::min(end + 1, body.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) break;  // what follows is the event's own body
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return false;
    std::string_view text = line.substr(colon + 1);
    if (text.starts_with(' ')) text.remove_prefix(1);
    fields_.emplace_back(line.substr(0, colon), percent_decoded(text, false));
  }
  return !fields_.empty();
}

Time FreeswitchEvents::seconds_at(std::string_view key) const {
  const auto at = whole(value(key));
  return at && *at > 0 && *at < 100'000'000'000 ? *at * 1000 : kNever;
}

std::string_view FreeswitchEvents::agent_of(std::string_view key) {
  const std::string_view name = value(key);
  return agent(name, name.substr(0, name.find('@')));
}

void FreeswitchEvents::message(const Message& message) {
  if (!read_event(message.bytes)) return refuse("malformed", "not an event of the event socket");
  const auto us = whole(value("Event-Date-Timestamp"));
  at_ = us && *us > 0 ? *us / 1000 : now();
  id_ = content_id(message.bytes);
  const std::string_view name = value("Event-Name");
  const std::string_view subclass = value("Event-Subclass");
  if (name == "CUSTOM" && subclass == "callcenter::info") callcenter();
  else if (name == "CUSTOM" && subclass == "vm::maintenance") voicemail();
  else if (name == "MESSAGE_WAITING") {
    const std::string_view counts = value("MWI-Voice-Message");
    if (const auto fresh = whole(counts.substr(0, counts.find('/'))))
      out().gauges.push_back({"mailbox/" + std::string(value("MWI-Message-Account").substr(0, 128)), "new_messages",
                              *fresh, at_});
    silent();
  } else if (name.starts_with("CHANNEL_")) channel(name);
  else if (name == "HEARTBEAT" || name.empty()) silent();
  else not_known(subclass.empty() ? name : subclass);
}

void FreeswitchEvents::callcenter() {
  const std::string_view action = value("CC-Action");
  const std::string_view raw_queue = value("CC-Queue");
  const std::string_view name = queue(raw_queue, raw_queue.substr(0, raw_queue.find('@')));
  if (action == "members-count") {
    if (const auto count = whole(value("CC-Count")); count && !name.empty())
      out().gauges.push_back({"queue/" + std::string(name), "waiting", *count, at_});
    return silent();
  }
  if (action == "agent-status-change") return status();
  if (action == "agent-state-change" || action == "agent-max-no-answer" || action == "agent-add" ||
      action == "agent-contact-change" || action == "agent-del") {
    return silent();
  }
  const std::string_view session = value("CC-Member-Session-UUID");
  const std::string_view call = subject(session);
  if (action == "member-queue-start" || action == "member-queue-resume") {
    core::Event& queued = add(EventType::call_queued, at_, call);
    queued.queue = name;
    queued.customer = customer_number(value("CC-Member-CID-Number"));
  } else if (action == "agent-offering") {
    core::Event& offered = add(EventType::call_offered, at_, call);
    offered.agent = agent_of("CC-Agent");
    offered.queue = name;
  } else if (action == "bridge-agent-start") {
    core::Event& answered = add(EventType::call_answered, at_, call);
    answered.agent = agent_of("CC-Agent");
    answered.queue = name;
  } else if (action == "bridge-agent-fail") {
    core::Event& missed = add(EventType::call_no_answer, at_, call);
    missed.agent = agent_of("CC-Agent");
    const Time called = seconds_at("CC-Agent-Called-Time");
    const Time aborted = seconds_at("CC-Agent-Aborted-Time");
    if (called != kNever && aborted != kNever) missed.value = duration(aborted - called);
  } else if (action == "bridge-agent-end") {
    bridge(call, name);
  } else if (action == "member-queue-end") {
    queue_end(call, name);
  } else {
    return not_known(action.empty() ? "callcenter::info" : action);
  }
  if (item_open()) done(id_);
}

void FreeswitchEvents::bridge(std::string_view call, std::string_view name) {
  const std::string_view who = agent_of("CC-Agent");
  core::Event& over = add(EventType::call_ended, at_, call);
  over.agent = who;
  over.queue = name;
  if (wrap_up_ == 0) return;
  core::Event& wrapped = add(EventType::call_wrapped, at_ + wrap_up_, call);
  wrapped.agent = who;
  wrapped.value = wrap_up_;
}

void FreeswitchEvents::queue_end(std::string_view call, std::string_view name) {
  if (value("CC-Cause") != "Cancel") return silent();  // it ended with an agent, who has an event for that
  const std::string_view why = value("CC-Cancel-Reason");
  const char* how = why == "TIMEOUT" ? "timeout" : why == "NO_AGENT_TIMEOUT" ? "empty"
                    : why == "EXIT_WITH_KEY" ? "key" : nullptr;
  core::Event& out = add(how != nullptr ? EventType::call_left : EventType::call_abandoned, at_, call);
  out.queue = name;
  if (how != nullptr) out.text = how;
}

void FreeswitchEvents::status() {
  const std::string_view who = agent_of("CC-Agent");
  const std::string_view word = value("CC-Agent-Status");
  Presence::News news;
  if (word == "Logged Out") news = presence_.left(who, {});
  else if (word.starts_with("Available")) news = presence_.joined(who, {}, false);
  else if (word == "On Break") news = presence_.joined(who, {}, true, word);
  else return not_known("status " + std::string(word));
  if (!news.any()) return silent();
  if (news.logout) add(EventType::agent_logout, at_, who);
  if (news.login) add(EventType::agent_login, at_, who);
  if (news.state) {
    core::Event& event = add(EventType::agent_state, at_, who);
    event.text = news.paused ? "break" : "available";
  }
  done(id_);
}

void FreeswitchEvents::voicemail() {
  if (value("VM-Action") != "leave-message") return silent();
  const std::string_view channel_id = value("Unique-ID");
  const std::string_view call = channel_id.empty() ? join({"voicemail-", value("VM-UUID")}) : subject(channel_id);
  core::Event& left = add(EventType::call_left, at_, call);
  left.text = "voicemail";
  left.customer = customer_number(value("VM-Caller-ID-Number"));
  done(id_);
}

// Of channels we ask what mod_callcenter does not tell: holds, and the caller's real end.
void FreeswitchEvents::channel(std::string_view name) {
  const std::string_view session = value("variable_cc_member_session_uuid");
  if (name == "CHANNEL_HOLD" || name == "CHANNEL_UNHOLD") {
    if (value("variable_cc_side") != "agent" || session.empty()) return silent();
    core::Event& event =
        add(name == "CHANNEL_HOLD" ? EventType::call_held : EventType::call_resumed, at_, subject(session));
    event.agent = agent_of("variable_cc_agent");
    done(id_);
  } else if (name == "CHANNEL_HANGUP_COMPLETE" && value("variable_cc_side") == "member") {
    add(EventType::call_ended, at_, subject(value("Unique-ID")));
    done(id_);
  } else {
    silent();
  }
}

core::Status FreeswitchEvents::remember(std::string_view text) {
  const core::Error bad{"bad_memory", "not the memory of FreeSWITCH events", ""};
  if (text.empty()) return core::Done{};
  const auto lines = memory_lines(text);
  if (lines.empty() || lines[0] != MemoryLine{"freeswitch", "1"}) return bad;
  Presence presence;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    if (lines[i][0] != "agent" || !presence.read(lines[i])) return bad;
  }
  presence_ = std::move(presence);
  return core::Done{};
}

}  // namespace

MadeFormat make_freeswitch_events(FormatOptions options) {
  auto format = std::make_unique<FreeswitchEvents>(std::move(options));
  if (!format->good()) return core::Error{"bad_option", "seconds from 0 to 240", "wrap_up_s"};
  return std::unique_ptr<Format>(std::move(format));
}

}  // namespace ingest
