// Genesys Cloud notifications: observations of queues, conversations, presence of users (docs/sources/genesys.md).
// Source: developer.genesys.cloud, notifications and analytics.
//
// Observations are what Genesys counts itself: gauges to compare with, never counted. A conversation comes whole with
// every change; what it says of an instant has the same id each time, so that it is told once.
#include "ingest/document_format.h"
#include "ingest/formats_made.h"

namespace ingest {

namespace {

using core::EventType;
using core::Time;
using windows::kNever;

class Genesys : public DocumentFormat {
 public:
  using DocumentFormat::DocumentFormat;

 protected:
  void document(JsonValue root) override;

 private:
  void observations(JsonValue body);
  void conversation(JsonValue body);
  void participant(JsonValue p, std::string_view call, std::string_view own);
  void agent_part(JsonValue p, JsonValue media, std::string_view call, std::string_view own);
  void detail(std::string_view kind, JsonValue body);
  void presence(std::string_view topic, JsonValue body);
  // One thing about one participant; its id is made of what it is about.
  core::Event* one(EventType type, Time at, std::string_view call) {
    return at == kNever ? nullptr : &add(type, at, call);
  }
  void finish(std::string_view own, std::string_view what) {
    if (item_open()) done(join({own, "-", what}));
  }

  std::string_view channel_;
};

void Genesys::document(JsonValue root) {
  const std::string_view topic = root["topicName"].text();
  const JsonValue body = root["eventBody"];
  if (topic.empty()) return refuse("missing_field", "a notification names its topic", "/topicName");
  if (topic == "channel.metadata" || topic.starts_with("v2.system")) return silent();
  if (topic.starts_with("v2.analytics.queues.")) return observations(body);
  if (topic.starts_with("v2.detail.events.conversation.")) return detail(topic.substr(30), body);
  if (topic.ends_with(".presence") || topic.ends_with(".routingStatus")) return presence(topic, body);
  if (topic.find(".conversations") != std::string_view::npos) return conversation(body);
  not_known(topic.starts_with("v2.") ? topic.substr(0, 40) : "topic");
}

void Genesys::observations(JsonValue body) {
  const std::string_view theirs = body["group"]["queueId"].text();
  const std::string scope = "queue/" + std::string(queue(theirs));
  body["data"].each([&](JsonValue interval) {
    interval["metrics"].each([&](JsonValue m) {
      const std::string_view metric = m["metric"].text();
      const std::string_view ours = metric == "oWaiting" ? "waiting" : metric == "oInteracting" ? "talking"
                                    : metric == "oAlerting" ? "ringing" : metric == "oOnQueueUsers" ? "agents_available"
                                    : metric;
      // oLongestWaiting is the instant since when, in milliseconds, and no duration.
      const JsonValue stats = m["stats"];
      const auto value = stats["count"].whole() ? stats["count"].whole() : stats["calculatedMetricValue"].whole();
      if (value) out().gauges.push_back({scope, std::string(ours), *value, now()});
    });
  });
  silent();
}

void Genesys::conversation(JsonValue body) {
  const std::string id(body["id"].text());
  if (id.empty() || !body["participants"].is_list())
    return refuse("missing_field", "a conversation has an id and participants", "/eventBody");
  const std::string_view call = subject(id);
  body["participants"].each([&](JsonValue p) {
    participant(p, call, join({id, "-", p["id"].text().empty() ? p["purpose"].text() : p["id"].text()}));
  });
}

// The leg of the medium that is used: calls, chats, messages, emails, callbacks.
JsonValue media_of(JsonValue p, std::string_view& channel) {
  constexpr std::pair<std::string_view, std::string_view> kMedia[] = {
      {"calls", "voice"}, {"chats", "chat"}, {"messages", "chat"}, {"emails", "email"}, {"callbacks", "voice"}};
  for (const auto& [key, word] : kMedia) {
    if (p[key].size() == 0) continue;
    channel = word;
    return p[key].at(p[key].size() - 1);
  }
  return {};
}

Time first_of(std::initializer_list<JsonValue> values) {
  for (const JsonValue value : values) {
    if (const Time at = instant_of(value); at != kNever) return at;
  }
  return kNever;
}

void Genesys::participant(JsonValue p, std::string_view call, std::string_view own) {
  channel_ = {};
  const JsonValue media = media_of(p, channel_);
  const std::string purpose = lower(p["purpose"].text());
  const Time begun = first_of({p["connectedTime"], media["connectedTime"], p["startTime"]});
  const Time ended = first_of({p["endTime"], media["disconnectedTime"]});
  const std::string_view name = queue(p["queueId"].text().empty() ? media["queue"]["id"].text() : p["queueId"].text());
  const std::string why = lower(media["disconnectType"].text());
  if (purpose == "customer" || purpose == "external") {
    if (core::Event* e = one(EventType::call_started, begun, call)) {
      e->channel = channel_;
      const std::string direction = lower(media["direction"].text().empty() ? p["direction"].text()
                                                                            : media["direction"].text());
      e->text = direction == "outbound" ? "outbound" : "inbound";
      e->customer = customer_number(p["address"].text());
    }
    finish(own, "started");
    if (core::Event* e = one(EventType::call_ended, ended, call)) e->channel = channel_;
    finish(own, "ended");
  } else if (purpose == "acd") {
    if (name.empty()) return;
    if (core::Event* e = one(EventType::call_queued, begun, call)) {
      e->queue = name;
      e->channel = channel_;
    }
    finish(own, "queued");
    // "transfer" is the way to the agent; the caller's own end of the line is "client" or "peer".
    if (ended == kNever || why == "transfer" || why.empty()) return;
    const bool gave_up = why == "client" || why == "peer" || why == "endpoint";
    add(gave_up ? EventType::call_abandoned : EventType::call_left, ended, call).queue = name;
    finish(own, gave_up ? "abandoned" : "left");
  } else if (purpose == "agent" || purpose == "user") {
    agent_part(p, media, call, own);
  }
}

void Genesys::agent_part(JsonValue p, JsonValue media, std::string_view call, std::string_view own) {
  const std::string_view theirs = p["userId"].text().empty() ? p["user"]["id"].text() : p["userId"].text();
  const std::string_view who = agent(theirs);
  if (who.empty()) return;
  const auto say = [&](EventType type, Time at, std::string_view what) {
    core::Event* const e = one(type, at, call);
    if (e == nullptr) return;
    e->agent = who;
    if (type == EventType::call_transferred) e->text = "attended";
    finish(own, what);
  };
  const Time connected = first_of({media["connectedTime"], p["connectedTime"]});
  const Time ended = first_of({media["disconnectedTime"], p["endTime"]});
  const std::string why = lower(media["disconnectType"].text());
  say(EventType::call_offered, first_of({media["startAlertingTime"], p["alertingTime"], p["startTime"]}), "offered");
  if (connected == kNever) {
    say(EventType::call_no_answer, ended, "no_answer");
    return;
  }
  say(EventType::call_answered, connected, "answered");
  const Time held = instant_of(media["startHoldTime"]);
  if (media["held"].truth() && held != kNever) say(EventType::call_held, held, join({"held-", std::to_string(held)}));
  if (!media["held"].truth() && held != kNever && ended == kNever)
    say(EventType::call_resumed, now(), join({"resumed-", std::to_string(held)}));
  say(why == "transfer" ? EventType::call_transferred : EventType::call_ended, ended, "ended");
  const JsonValue wrapup = p["wrapup"];
  if (ended != kNever && wrapup.is_object()) {
    const auto length = wrapup["durationSeconds"].whole();
    const Time at = first_of({wrapup["endTime"]});
    say(EventType::call_wrapped, at != kNever ? at : length ? ended + *length * 1000 : kNever, "wrapped");
  }
}

// Detail events, one to a step of a conversation.
void Genesys::detail(std::string_view topic, JsonValue body) {
  const std::size_t dot = topic.find('.');
  const std::string_view kind = dot == std::string_view::npos ? "" : topic.substr(dot + 1);
  const Time at = instant_of(body["eventTime"]);
  const std::string id(body["conversationId"].text());
  if (id.empty() || at == kNever) return refuse("missing_field", "a detail event has a conversation and a time",
      "/eventBody");
  const std::string_view call = subject(id);
  const std::string_view who = agent(body["userId"].text());
  const std::string_view name = queue(body["queueId"].text());
  const std::string why = lower(body["disconnectType"].text());
  core::Event* e = nullptr;
  if (kind == "customer.start") e = &add(EventType::call_started, at, call);
  else if (kind == "customer.end") e = &add(EventType::call_ended, at, call);
  else if (kind == "acd.start" && !name.empty()) e = &add(EventType::call_queued, at, call);
  else if (kind == "acd.end" && (why == "client" || why == "peer")) e = &add(EventType::call_abandoned, at, call);
  else if (kind == "user.start" && !who.empty()) e = &add(EventType::call_answered, at, call);
  else if (kind == "user.end" && !who.empty()) e = &add(EventType::call_ended, at, call);
  else if ((kind == "after.call.work" || kind == "wrapup") && !who.empty()) e = &add(EventType::call_wrapped, at, call);
  else if (kind.empty()) return not_known("detail event");
  else return silent();
  e->queue = name;
  e->agent = kind.starts_with("customer") ? std::string_view() : who;
  done(content_id(bytes()));
}

void Genesys::presence(std::string_view topic, JsonValue body) {
  // "v2.users.<id>.presence"
  constexpr std::string_view kUsers = "v2.users.";
  if (!topic.starts_with(kUsers)) return not_known(topic.substr(0, 40));
  const std::string_view rest = topic.substr(kUsers.size());
  const std::string_view who = agent(rest.substr(0, rest.find('.')));
  const bool routing = topic.ends_with(".routingStatus");
  const JsonValue definition = routing ? body["routingStatus"] : body["presenceDefinition"];
  const std::string_view theirs = routing ? definition["status"].text() : definition["systemPresence"].text();
  const Time at = first_of({definition["startTime"], body["modifiedDate"]});
  if (theirs.empty() || at == kNever) return refuse("missing_field", "a presence has a word and a time", "/eventBody");
  if (routing && theirs != "IDLE" && theirs != "NOT_RESPONDING") return silent();  // contacts tell the rest
  std::string word = lower(theirs);
  for (char& c : word) c = c == '_' ? ' ' : c;
  const std::string_view ours = theirs == "NOT_RESPONDING" ? "away" : activity(word);
  if (ours == "logout") {
    add(EventType::agent_logout, at, who);
  } else {
    core::Event& event = add(EventType::agent_state, at, who);
    event.text = ours;
    event.reason = theirs;
  }
  done(content_id(bytes()));
}

}  // namespace

MadeFormat make_genesys(FormatOptions options) {
  return std::unique_ptr<Format>(std::make_unique<Genesys>(std::move(options)));
}

}  // namespace ingest
