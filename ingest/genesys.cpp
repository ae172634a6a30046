// Genesys Cloud notifications: observations of queues, conversations, presence of users (docs/sources/genesys.md).
// Source: developer.genesys.cloud, notifications and analytics.
//
// Observations are what Genesys counts itself: gauges to compare with, never counted. A conversation comes whole with
// every change; what it says of an instant has the same id each time, so that it is told once.
#include <algorithm>

#include "ingest/document_format.h"
#include "ingest/formats_made.h"
#include "ingest/webhook_signature.h"

namespace ingest {

namespace {

using core::EventType;
using core::Time;
using windows::kNever;

constexpr std::string_view kDetail = "v2.detail.events.conversation.";

class Genesys : public DocumentFormat {
 public:
  using DocumentFormat::DocumentFormat;

  // They sign nothing, but a secret can be sent along in a header.
  core::Status check(const Message& message, core::Time) const override {
    if (options().secret.empty()) return core::Done{};
    return check_secret_header(message, "x-api-key", options().secret);
  }

 protected:
  void document(JsonValue root) override;

 private:
  void observations(JsonValue body);
  void conversation(std::string_view topic, JsonValue body);
  JsonValue media_of(JsonValue p);
  void participant(JsonValue p, std::string_view call, std::string_view own);
  void agent_part(JsonValue p, JsonValue media, std::string_view call, std::string_view own);
  void detail(std::string_view kind, JsonValue body);
  void presence(std::string_view topic, JsonValue body);
  // Ends what was said about one participant; its id is made of what it is about.
  void finish(std::string_view own) {
    if (item_open()) done(join({own, "-", what_}));
  }

  std::string_view what_;  // the event that is being made tells of the participant
  std::string_view channel_;
  std::string_view topic_queue_;    // of the queue the topic is about, theirs
  std::string_view topic_channel_;  // of the medium the topic is about
};

void Genesys::document(JsonValue root) {
  // Amazon EventBridge wraps a notification into an event of its own.
  if (root["detail"].is_object()) root = root["detail"];
  const std::string_view topic = root["topicName"].text();
  const JsonValue body = root["eventBody"];
  if (topic.empty()) return refuse("missing_field", "a notification names its topic", "/topicName");
  // Heartbeats, metadata and the announcement that the channel closes.
  if (topic == "channel.metadata" || topic.starts_with("v2.system")) return silent();
  if (topic.starts_with("v2.analytics.queues.")) return observations(body);
  if (topic.starts_with(kDetail)) return detail(topic.substr(kDetail.size()), body);
  if (topic.ends_with(".presence") || topic.ends_with(".routingStatus")) return presence(topic, body);
  if (topic.ends_with(".conversationsummary") || topic.ends_with(".activity")) return silent();
  if (topic.find(".conversations") != std::string_view::npos) return conversation(topic, body);
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

// The medium of "v2.users.<id>.conversations.calls", where participants are legs themselves.
std::string_view channel_of(std::string_view medium) {
  const std::string word = lower(medium);
  if (word == "calls" || word == "voice" || word == "callbacks" || word == "callback") return "voice";
  if (word == "chats" || word == "chat" || word == "messages" || word == "message") return "chat";
  if (word == "emails" || word == "email") return "email";
  return {};
}

void Genesys::conversation(std::string_view topic, JsonValue body) {
  const std::string id(body["id"].text());
  if (id.empty() || !body["participants"].is_list())
    return refuse("missing_field", "a conversation has an id and participants", "/eventBody");
  constexpr std::string_view kQueues = "v2.routing.queues.";
  topic_queue_ = {};
  if (topic.starts_with(kQueues)) {
    topic_queue_ = topic.substr(kQueues.size());
    topic_queue_ = topic_queue_.substr(0, topic_queue_.find('.'));
  }
  topic_channel_ = channel_of(topic.substr(topic.rfind('.') + 1));
  const std::string_view call = subject(id);
  body["participants"].each([&](JsonValue p) {
    const std::string_view own = p["id"].text();
    participant(p, call, join({id, "-", own.empty() ? p["purpose"].text() : own}));
  });
}

// The leg of the medium that is used: calls, chats, messages, emails, callbacks.
JsonValue Genesys::media_of(JsonValue p) {
  for (const std::string_view key : {"calls", "chats", "messages", "emails", "callbacks"}) {
    if (p[key].size() == 0) continue;
    channel_ = channel_of(key);
    return p[key].at(p[key].size() - 1);
  }
  channel_ = topic_channel_;
  return p;
}

Time first_of(std::initializer_list<JsonValue> values) {
  for (const JsonValue value : values) {
    if (const Time at = instant_of(value); at != kNever) return at;
  }
  return kNever;
}

// "transfer", "transfer.consult", in detail events "consult_transfer"
bool passed_on(std::string_view disconnected) { return disconnected.find("transfer") != std::string_view::npos; }

// How a caller left the queue, by how the queue's part ended; empty: an agent took the call, or it is not over.
std::string_view exit_of(std::string_view disconnected) {
  if (disconnected.empty() || disconnected == "transfer") return {};
  if (disconnected == "client" || disconnected == "peer" || disconnected == "endpoint") return "abandoned";
  if (disconnected == "timeout") return "timeout";
  return passed_on(disconnected) ? "overflow" : "other";
}

void Genesys::participant(JsonValue p, std::string_view call, std::string_view own) {
  const JsonValue media = media_of(p);
  const std::string purpose = lower(p["purpose"].text());
  const Time begun = first_of({p["connectedTime"], media["connectedTime"], p["startTime"]});
  const Time ended = first_of({p["endTime"], media["disconnectedTime"]});
  const std::string why = lower(media["disconnectType"].text());
  const auto say = [&](EventType type, Time at, std::string_view what) -> core::Event* {
    if (at == kNever) return nullptr;
    core::Event& event = add(type, at, call);
    event.channel = channel_;
    what_ = what;
    return &event;
  };
  if (purpose == "customer" || purpose == "external") {
    if (core::Event* e = say(EventType::call_started, begun, "started")) {
      const JsonValue direction = media["direction"].is_null() ? p["direction"] : media["direction"];
      e->text = lower(direction.text()) == "outbound" ? "outbound" : "inbound";
      e->customer = customer_number(p["address"].text());
    }
    finish(own);
    say(EventType::call_ended, ended, "ended");
    finish(own);
  } else if (purpose == "acd") {
    std::string_view theirs = p["queueId"].text();
    if (theirs.empty()) theirs = media["queue"]["id"].text();
    const std::string_view name = queue(theirs.empty() ? topic_queue_ : theirs);
    if (name.empty()) return;
    if (core::Event* e = say(EventType::call_queued, begun, "queued")) e->queue = name;
    finish(own);
    if (const std::string_view how = exit_of(why); !how.empty()) {
      const bool gave_up = how == "abandoned";
      if (core::Event* e = say(gave_up ? EventType::call_abandoned : EventType::call_left, ended,
                               gave_up ? "abandoned" : "left")) {
        e->queue = name;
        if (!gave_up) e->text = how;
      }
      finish(own);
    }
  } else if (purpose == "voicemail") {
    if (core::Event* e = say(EventType::call_left, begun, "voicemail")) e->text = "voicemail";
    finish(own);
  } else if (purpose == "agent" || purpose == "user") {
    agent_part(p, media, call, own);
  }
}

void Genesys::agent_part(JsonValue p, JsonValue media, std::string_view call, std::string_view own) {
  const std::string_view theirs = p["userId"].text().empty() ? p["user"]["id"].text() : p["userId"].text();
  const std::string_view who = agent(theirs);
  if (who.empty()) return;
  const auto say = [&](EventType type, Time at, std::string_view what, std::int64_t value = core::kNoValue) {
    if (at == kNever) return;
    core::Event& e = add(type, at, call);
    e.agent = who;
    e.channel = channel_;
    e.value = value;
    if (type == EventType::call_transferred) e.text = "attended";
    what_ = what;
    finish(own);
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
  const bool held = media["held"].truth();
  const Time since = instant_of(media["startHoldTime"]);
  if (held) say(EventType::call_held, since, join({"held-", std::to_string(since)}));
  if (!held && since != kNever && ended == kNever)
    say(EventType::call_resumed, now(), join({"resumed-", std::to_string(since)}));
  say(passed_on(why) ? EventType::call_transferred : EventType::call_ended, ended, "ended");
  const JsonValue wrapup = p["wrapup"].is_object() ? p["wrapup"] : media["wrapup"];
  const JsonValue after = media["afterCallWork"].is_object() ? media["afterCallWork"] : p["afterCallWork"];
  if (ended == kNever) return;
  if (after.is_object()) {
    say(EventType::call_wrapped, instant_of(after["endTime"]), "wrapped");
  } else if (wrapup.is_object()) {
    const auto length = wrapup["durationSeconds"].whole();
    const Time at = instant_of(wrapup["endTime"]);
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
  if (kind.empty()) return not_known("detail event");
  const std::string_view call = subject(id);
  const std::string_view who = agent(body["userId"].text());
  const std::string_view name = queue(body["queueId"].text());
  const std::string_view channel = channel_of(body["mediaType"].text());
  const auto say = [&](EventType type, Time when) -> core::Event& {
    core::Event& e = add(type, when, call);
    e.channel = channel;
    e.queue = name;
    return e;
  };
  const auto length = [&](std::string_view key) { return std::max<std::int64_t>(0, body[key].whole().value_or(0)); };
  if (kind == "customer.start") {
    core::Event& e = say(EventType::call_started, at);
    e.queue = {};
    e.text = lower(body["direction"].text()) == "outbound" ? "outbound" : "inbound";
    e.customer = customer_number(body["ani"].text());
  } else if (kind == "customer.end") {
    say(EventType::call_ended, at).queue = {};
  } else if (kind == "acd.start" && !name.empty()) {
    say(EventType::call_queued, at);
  } else if (kind == "acd.end") {
    const std::string outcome = lower(body["acdOutcome"].text());
    const std::string_view taker = agent(body["answeredUserId"].text());
    const std::string_view how = outcome == "abandon"    ? "abandoned"
                                 : outcome == "flow_out" ? "overflow"
                                 : outcome == "answered" ? ""
                                                         : exit_of(lower(body["disconnectType"].text()));
    if (how == "abandoned") say(EventType::call_abandoned, at);
    else if (!how.empty()) say(EventType::call_left, at).text = how;
    else if (!taker.empty()) say(EventType::call_answered, at).agent = taker;
  } else if (kind == "user.start" && !who.empty()) {
    say(EventType::call_offered, at).agent = who;  // it rings; whether it was taken is told at the end
  } else if (kind == "user.end" && !who.empty()) {
    const std::int64_t talk = length("interactingDurationMs");
    const std::int64_t hold = length("heldDurationMs");
    if (talk + hold == 0) {
      core::Event& e = say(EventType::call_no_answer, at);
      e.agent = who;
      e.value = length("alertingDurationMs");
    } else {
      say(EventType::call_answered, at - talk - hold).agent = who;
      if (hold > 0) {  // how long is known, when is not
        say(EventType::call_held, at - hold).agent = who;
        say(EventType::call_resumed, at).agent = who;
      }
      const bool on = passed_on(lower(body["disconnectType"].text()));
      core::Event& e = say(on ? EventType::call_transferred : EventType::call_ended, at);
      e.agent = who;
      e.value = talk;
      if (on) e.text = "attended";
    }
  } else if (kind == "acw" && !who.empty()) {
    say(EventType::call_wrapped, at).agent = who;
  } else if (kind == "voicemail.start") {
    say(EventType::call_left, at).text = "voicemail";
  }
  if (!item_open()) return silent();
  const std::string_view session = body["sessionId"].text();
  done(join({id, "-", session.empty() ? body["participantId"].text() : session, "-", kind, "-", std::to_string(at)}));
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
