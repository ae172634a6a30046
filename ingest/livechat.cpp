// LiveChat (text.com) webhooks: chats as contacts of the channel "chat" (docs/sources/livechat.md).
// Source: the platform's documentation of webhooks, version 3.
//
// A chat lives on in threads: each thread is a contact of its own. The secret comes in the body. Times are those of
// the chat where it has any, else of the arrival.
#include "ingest/document_format.h"
#include "ingest/formats_made.h"
#include "ingest/signature.h"

namespace ingest {

namespace {

using core::EventType;
using core::Time;
using windows::kNever;

class LiveChat : public DocumentFormat {
 public:
  using DocumentFormat::DocumentFormat;

  core::Status check(const Message& message, core::Time) const override {
    if (options().secret.empty()) return core::Done{};
    JsonDocument json;
    const auto parsed = json.parse(message.bytes);
    const std::string given = parsed ? std::string((*parsed)["secret_key"].text()) : std::string();
    if (given.empty()) return core::Error{"missing_signature", "a webhook without secret_key", "/secret_key"};
    if (!same_secret(given, options().secret))
      return core::Error{"bad_signature", "not the secret that is configured", "/secret_key"};
    return core::Done{};
  }

 protected:
  void document(JsonValue root) override;

 private:
  void incoming(JsonValue chat);
  void transferred(JsonValue payload, Time at);
  void status(JsonValue payload);
  core::Event& say(EventType type, Time at) {
    core::Event& event = add(type, at, call_);
    event.channel = "chat";
    return event;
  }

  std::string_view call_;
};

// A contact is a thread of a chat; the first webhook of a chat may not name it yet.
std::string contact_of(JsonValue chat, JsonValue payload) {
  const std::string_view id = chat["id"].text().empty() ? payload["chat_id"].text() : chat["id"].text();
  std::string_view thread = chat["thread"]["id"].text();
  if (thread.empty()) thread = payload["thread_id"].text();
  if (id.empty()) return {};
  return thread.empty() ? std::string(id) : std::string(id) + "-" + std::string(thread);
}

// Agents are told by their addresses, visitors by ids.
bool is_agent(std::string_view user) { return user.find('@') != std::string_view::npos; }

void LiveChat::document(JsonValue root) {
  const std::string_view action = root["action"].text();
  if (action.empty()) return refuse("missing_field", "a webhook names its action", "/action");
  const JsonValue payload = root["payload"];
  if (action == "routing_status_set") return status(payload);
  const JsonValue chat = payload["chat"];
  const std::string contact = contact_of(chat, payload);
  call_ = subject(contact);
  const Time created = instant_of(payload["event"]["created_at"]);
  const Time at = created != kNever ? created : now();
  if (action == "incoming_chat") {
    if (call_.empty()) return refuse("missing_field", "a chat without id", "/payload/chat/id");
    incoming(chat);
  } else if (action == "chat_deactivated") {
    if (call_.empty()) return refuse("missing_field", "a chat without id", "/payload/chat_id");
    say(EventType::call_ended, at);  // whoever closed it
  } else if (action == "user_added_to_chat") {
    if (payload["user_type"].text() != "agent") return silent();
    say(EventType::call_answered, at).agent = agent(payload["user"]["id"].text());
  } else if (action == "user_removed_from_chat") {
    const std::string_view who = payload["user_id"].text();
    if (payload["user_type"].text() != "agent" && !is_agent(who)) return silent();
    say(EventType::call_ended, at).agent = agent(who);
  } else if (action == "chat_transferred") {
    transferred(payload, at);
  } else if (action == "thread_properties_updated" || action == "chat_properties_updated") {
    // A property is a value, or an object that holds it; the score is 0 or 1.
    const JsonValue score = payload["properties"]["rating"]["score"];
    const std::string given = (score.is_object() ? score["value"] : score).word();
    if (given != "0" && given != "1") return silent();
    core::Event& event = say(EventType::call_rated, at);
    event.text = "thumbs";
    event.value = given == "1" ? 1 : 0;
  } else if (action == "incoming_event" || action == "event_updated" || action == "incoming_rich_message_postback" ||
             action == "thread_tagged" || action == "thread_untagged" || action == "events_marked_as_seen" ||
             action == "agent_status_changed" || action.ends_with("_deleted") || action.ends_with("_updated") ||
             action.ends_with("_created") || action == "chat_access_updated" || action == "thread_summary_set") {
    return silent();
  } else {
    return not_known(action);
  }
  if (item_open()) done(join({contact, "-", content_id(bytes())}));
  else silent();
}

// To whom a chat goes: it waits in the group where there is a queue, else whoever is named has it.
void LiveChat::transferred(JsonValue payload, Time at) {
  const Time queued = instant_of(payload["queue"]["queued_at"]);
  const std::string_view by = payload["requester_id"].text();  // not there when the system did it
  if (is_agent(by)) {
    core::Event& event = say(EventType::call_transferred, at);
    event.agent = agent(by);
    event.text = "blind";
  }
  const JsonValue to = payload["transferred_to"];
  const std::string group = to["group_ids"].at(0).word();
  if (!group.empty()) say(EventType::call_queued, queued != kNever ? queued : at).queue = queue(group);
  if (payload["queue"].is_object()) return;
  to["agent_ids"].each([&](JsonValue id) { say(EventType::call_answered, at).agent = agent(id.text()); });
}

void LiveChat::incoming(JsonValue chat) {
  const JsonValue thread = chat["thread"];
  const Time created = instant_of(thread["created_at"]);
  const Time at = created != kNever ? created : now();
  core::Event& started = say(EventType::call_started, at);
  started.text = "inbound";
  std::string_view visitor;
  chat["users"].each([&](JsonValue user) {
    if (user["type"].text() == "customer") visitor = user["id"].text();
  });
  started.customer = customer(visitor);
  const std::string group = chat["access"]["group_ids"].at(0).word();
  const std::string_view name = queue(group.empty() ? thread["access"]["group_ids"].at(0).word() : group);
  const JsonValue waits = thread["queue"];
  const Time queued = instant_of(waits["queued_at"]);
  if (!name.empty()) say(EventType::call_queued, queued != kNever ? queued : at).queue = name;
  if (waits.is_object()) return;
  chat["users"].each([&](JsonValue user) {
    if (user["type"].text() != "agent") return;
    core::Event& answered = say(EventType::call_answered, at);
    answered.agent = agent(user["id"].text());
    answered.queue = name;
  });
}

void LiveChat::status(JsonValue payload) {
  const std::string_view who = agent(payload["agent_id"].text());
  const std::string_view theirs = payload["status"].text();
  if (who.empty() || theirs.empty()) return refuse("missing_field", "a status names its agent", "/payload/agent_id");
  const std::string_view word = activity(theirs);
  if (word == "logout") add(EventType::agent_logout, now(), who);
  else {
    core::Event& event = add(EventType::agent_state, now(), who);
    event.text = word;
    event.reason = theirs;
  }
  done(join({content_id(bytes()), "-", std::to_string(now())}));
}

}  // namespace

MadeFormat make_livechat(FormatOptions options) {
  return std::unique_ptr<Format>(std::make_unique<LiveChat>(std::move(options)));
}

}  // namespace ingest
