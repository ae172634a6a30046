// Amazon Connect: contact records, agent events and contact events (docs/sources/amazon_connect.md).
// Source: the Amazon Connect administrator guide: data model of contact records, agent event streams, contact events.
//
// All three come as JSON, one to a line, or as base64 records in the envelope of Data Firehose or Kinesis, mixed as
// the streams are. A contact record is the last word about one segment of a contact and comes again when more is
// known: it is told as final, in the version of its LastUpdateTimestamp. Segments are visits of the contact they began
// with. After-call work is no event: it lasts from the contact's end to the first snapshot of the agent without it.
// A heartbeat repeats what there is, so that everybody is known two minutes after we began to listen.
//
// Remembered are names, since contact events have only ids of agents and queues, and which contacts go on in others.
#include <deque>

#include "ingest/document_format.h"
#include "ingest/formats_made.h"
#include "ingest/json_events.h"
#include "ingest/memory_text.h"
#include "ingest/signature.h"
#include "ingest/webhook_signature.h"

namespace ingest {

namespace {

using core::EventType;
using core::Time;
using windows::kNever;

constexpr std::size_t kMaxSegments = 5'000;  // of contacts that were passed on; those of longest ago go first
constexpr std::size_t kMaxNames = 20'000;

class AmazonConnect : public DocumentFormat {
 public:
  using DocumentFormat::DocumentFormat;

  core::Status check(const Message& message, core::Time) const override {
    if (options().secret.empty()) return core::Done{};
    return check_secret_header(message, "x-amz-firehose-access-key", options().secret);
  }
  std::string memory() const override;
  core::Status remember(std::string_view text) override;

 protected:
  void document(JsonValue root) override;

 private:
  void envelope(JsonValue records);
  void enveloped(JsonValue data);
  void contact_record(JsonValue r);
  void record_end(JsonValue r, std::string_view call);
  void record_leg(JsonValue r, std::string_view call);
  int visit_of(JsonValue r);
  void agent_event(JsonValue e);
  Time agent_status(JsonValue now, JsonValue before, std::string_view who);
  void agent_contact(JsonValue now, JsonValue before, std::string_view who, Time at);
  void contact_event(JsonValue detail);
  core::Event& final_event(EventType type, Time at, std::string_view call) {
    core::Event& event = add(type, at, call);
    event.final = true;
    event.visit = static_cast<std::uint8_t>(visit_);
    event.channel = channel_;
    return event;
  }
  // The name that goes with an ARN, told or learnt.
  std::string_view name_with(std::string_view arn, std::string_view told);
  std::string_view agent_named(std::string_view arn, std::string_view login = {});
  std::string_view queue_named(std::string_view arn, std::string_view name = {});
  std::string_view queue_of(JsonValue q) { return queue_named(q["ARN"].text(), q["Name"].text()); }
  void continued(std::string_view contact, int visit);

  JsonDocument inner_;
  int visit_ = 1;
  std::string_view channel_, queue_;
  std::map<std::string, std::string, std::less<>> names_;  // "agent/<id>", "queue/<id>": what they are called
  std::map<std::string, int, std::less<>> segments_;  // contacts behind the first of their call: which visit it is
  std::deque<std::string> order_;                     // of their arrival
  std::set<std::string, std::less<>> went_on_;        // contacts that were passed on, until they end
};

std::string_view last_part(std::string_view arn) { return arn.substr(arn.rfind('/') + 1); }

// "agent/57db…" of an ARN, "" where it is none.
std::string_view key_of(std::string_view arn) {
  const std::size_t last = arn.rfind('/');
  if (last == std::string_view::npos || last == 0) return {};
  return arn.substr(arn.rfind('/', last - 1) + 1);
}

std::string_view root_of(JsonValue contact) {
  const std::string_view initial = contact["InitialContactId"].text();
  return initial.empty() ? contact["ContactId"].text() : initial;
}

std::string_view channel_word(std::string_view theirs) {
  if (theirs == "CHAT") return "chat";
  if (theirs == "TASK") return "task";
  if (theirs == "EMAIL") return "email";
  return "voice";
}

bool calls_out(std::string_view method) { return method == "OUTBOUND" || method == "EXTERNAL_OUTBOUND"; }

std::string_view AmazonConnect::name_with(std::string_view arn, std::string_view told) {
  const std::string_view key = key_of(arn);
  const auto known = names_.find(key);
  if (told.empty()) return known == names_.end() ? last_part(arn) : std::string_view(known->second);
  if (known != names_.end()) {
    if (known->second != told) known->second = told;
  } else if (!key.empty() && key.size() <= kMaxTextBytes && told.size() <= kMaxTextBytes &&
             names_.size() < kMaxNames) {
    names_.emplace(key, told);
  }
  return told;
}

std::string_view AmazonConnect::agent_named(std::string_view arn, std::string_view login) {
  const std::string_view name = name_with(arn, login);
  return arn.empty() ? agent(name) : agent(arn, name);
}

std::string_view AmazonConnect::queue_named(std::string_view arn, std::string_view name) {
  const std::string_view called = name_with(arn, name);
  return arn.empty() ? queue(called) : queue(arn, called);
}

void AmazonConnect::document(JsonValue root) {
  // Data Firehose: {"records": [{"data": …}]}; Kinesis: {"Records": [{"kinesis": {"data": …}}]}.
  if (root["records"].is_list()) return envelope(root["records"]);
  if (root["Records"].is_list()) return envelope(root["Records"]);
  enveloped(root);
}

// Several records may be in one, a line each or one after the other. What is wrong with one costs that one.
void AmazonConnect::envelope(JsonValue records) {
  std::vector<std::string_view> data;
  records.each([&](JsonValue record) {
    const JsonValue kinesis = record["kinesis"];
    data.push_back((kinesis.is_object() ? kinesis["data"] : record["data"]).text());
  });
  for (std::size_t n = 0; n < data.size(); ++n) {
    const std::string where = "/records/" + std::to_string(n) + "/data";
    part(data[n]);
    const auto text = from_base64(data[n]);
    if (!text || data[n].empty()) {
      refuse("malformed", "the data of a record is not base64", where);
      continue;
    }
    for (std::size_t i = 0; i < text->size();) {
      const std::size_t end = std::min(text->find('\n', i), text->size());
      const std::string_view line = std::string_view(*text).substr(i, end - i);
      i = end + 1;
      if (line.empty() || line == "\r") continue;
      part(line);
      auto parsed = inner_.parse(line);
      if (!parsed) refuse("malformed", parsed.error().message, where);
      else enveloped(*parsed);
    }
  }
  part({});
}

void AmazonConnect::enveloped(JsonValue root) {
  if (root["detail"].is_object()) return contact_event(root["detail"]);
  if (!root["AgentARN"].is_null() && !root["EventType"].is_null()) return agent_event(root);
  if (!root["ContactId"].is_null() && !root["LastUpdateTimestamp"].is_null()) return contact_record(root);
  if (!root["eventType"].is_null() && !root["contactId"].is_null()) return contact_event(root);
  not_known("document");
}

// ---- contact records ----------------------------------------------------------------------------------------

void AmazonConnect::continued(std::string_view contact, int visit) {
  if (!segments_.emplace(contact, visit).second) return;
  order_.emplace_back(contact);
  if (order_.size() <= kMaxSegments) return;
  segments_.erase(order_.front());
  order_.pop_front();
}

int AmazonConnect::visit_of(JsonValue r) {
  const std::string_view previous = r["PreviousContactId"].text();
  if (previous.empty()) return 1;
  const auto known = segments_.find(previous);
  // Who came before is not known yet: second if it was the first, else behind it somewhere.
  const int visit = known != segments_.end() ? known->second + 1 : previous == r["InitialContactId"].text() ? 2 : 3;
  continued(r["ContactId"].text(), std::min(visit, 255));
  return std::min(visit, 255);
}

void AmazonConnect::contact_record(JsonValue r) {
  const Time updated = instant_of(r["LastUpdateTimestamp"]);
  if (updated == kNever) return refuse("bad_time", "not an ISO 8601 time", "/LastUpdateTimestamp");
  const Time begun = instant_of(r["InitiationTimestamp"]);
  if (begun == kNever) return refuse("missing_field", "a contact without InitiationTimestamp", "/InitiationTimestamp");
  const std::string_view method = r["InitiationMethod"].text();
  if (method == "MONITOR") return silent();  // a supervisor who listens
  visit_ = visit_of(r);
  channel_ = channel_word(r["Channel"].text());
  const std::string_view id = r["ContactId"].text();
  const std::string_view call = subject(root_of(r));
  if (visit_ == 1) {
    core::Event& started = final_event(EventType::call_started, begun, call);
    started.text = calls_out(method) ? "outbound" : "inbound";
    started.customer = customer_number(r["CustomerEndpoint"]["Address"].text());
  }
  queue_ = {};
  const Time enqueued = instant_of(r["Queue"]["EnqueueTimestamp"]);
  if (enqueued != kNever) {
    queue_ = queue_of(r["Queue"]);
    final_event(EventType::call_queued, enqueued, call).queue = queue_;
  }
  const Time taken = instant_of(r["Agent"]["ConnectedToAgentTimestamp"]);
  if (taken != kNever) record_leg(r, call);
  else record_end(r, call);
  if (item_open()) done(join({"record-", id, "-", std::to_string(updated)}), updated);
  if (method == "CALLBACK" && taken != kNever) {
    add(EventType::call_called_back, taken, call).agent = agent_named(r["Agent"]["ARN"].text(),
                                                                      r["Agent"]["Username"].text());
    done(join({"called-back-", id}));
  }
}

// Nobody took it.
void AmazonConnect::record_end(JsonValue r, std::string_view call) {
  const Time dequeued = instant_of(r["Queue"]["DequeueTimestamp"]);
  const Time gone = instant_of(r["DisconnectTimestamp"]);
  const Time at = dequeued != kNever ? dequeued : gone;
  if (at == kNever) return;  // not over yet
  if (queue_.empty()) {
    if (visit_ == 1) final_event(EventType::call_ended, at, call);
    return;
  }
  const std::string_view why = r["DisconnectReason"].text();
  const bool goes_on = !r["NextContactId"].text().empty();
  if (!goes_on && why != "CONTACT_FLOW_DISCONNECT" && why != "TELECOM_PROBLEM") {
    core::Event& event = final_event(EventType::call_abandoned, at, call);
    event.queue = queue_;
    if (const auto wait = r["Queue"]["Duration"].whole()) event.value = duration(*wait * 1000);
    return;
  }
  core::Event& event = final_event(EventType::call_left, at, call);
  event.queue = queue_;
  // It goes on in another contact although the line was given up: that one is the callback.
  const bool hung_up = why == "CUSTOMER_DISCONNECT" || why == "CONTACT_FLOW_DISCONNECT";
  event.text = !goes_on ? "other" : hung_up ? "callback" : "overflow";
}

void AmazonConnect::record_leg(JsonValue r, std::string_view call) {
  const JsonValue a = r["Agent"];
  const Time answered = instant_of(a["ConnectedToAgentTimestamp"]);
  const std::string_view who = agent_named(a["ARN"].text(), a["Username"].text());
  const auto say = [&](EventType type, Time at) -> core::Event& {
    core::Event& event = final_event(type, at, call);
    event.agent = who;
    event.queue = queue_;
    return event;
  };
  core::Event& taken = say(EventType::call_answered, answered);
  if (const auto wait = r["Queue"]["Duration"].whole()) taken.value = duration(*wait * 1000);
  const auto hold = a["CustomerHoldDuration"].whole();
  Time end = instant_of(a["AfterContactWorkStartTimestamp"]);
  if (end == kNever) end = instant_of(r["DisconnectTimestamp"]);
  if (hold) say(EventType::call_hold_total, end != kNever ? end : answered).value = duration(*hold * 1000);
  if (end == kNever) return;
  // Passed on to somebody outside, or the contact goes on in another one although the customer did not hang up.
  const bool goes_on = !r["NextContactId"].text().empty() && r["DisconnectReason"].text() != "CUSTOMER_DISCONNECT";
  const bool passed_on = goes_on || instant_of(r["TransferCompletedTimestamp"]) != kNever;
  core::Event& over = say(passed_on ? EventType::call_transferred : EventType::call_ended, end);
  if (passed_on) over.text = "attended";
  if (const auto talk = a["AgentInteractionDuration"].whole()) over.value = duration(*talk * 1000);
  const Time wrapped = instant_of(a["AfterContactWorkEndTimestamp"]);
  if (wrapped == kNever) return;
  core::Event& wrap = say(EventType::call_wrapped, wrapped);
  if (const auto work = a["AfterContactWorkDuration"].whole()) wrap.value = duration(*work * 1000);
}

// ---- agent events -------------------------------------------------------------------------------------------

void AmazonConnect::agent_event(JsonValue e) {
  const Time at = instant_of(e["EventTimestamp"]);
  if (at == kNever) return refuse("bad_time", "not an ISO 8601 time", "/EventTimestamp");
  const std::string_view type = e["EventType"].text();
  const std::string id(e["EventId"].text());
  if (id.empty()) return refuse("missing_field", "an agent event without EventId", "/EventId");
  const bool beat = type == "HEART_BEAT";  // nothing changed: what there is, told once
  const JsonValue now = e["CurrentAgentSnapshot"];
  const JsonValue before = beat ? JsonValue() : e["PreviousAgentSnapshot"];
  const JsonValue set_up = (now.is_object() ? now : before)["Configuration"];
  const std::string_view arn = e["AgentARN"].text();
  const std::string_view who = agent_named(arn, set_up["Username"].text());
  set_up["RoutingProfile"]["InboundQueues"].each([&](JsonValue q) { name_with(q["ARN"].text(), q["Name"].text()); });
  if (type == "LOGIN") add(EventType::agent_login, at, who);
  else if (type == "LOGOUT") add(EventType::agent_logout, at, who);
  else if (type != "STATE_CHANGE" && !beat) return not_known(type);
  Time since = kNever;
  if (type != "LOGOUT") since = agent_status(now["AgentStatus"], before["AgentStatus"], who);
  if (item_open())
    done(beat ? join({"beat-", last_part(arn), "-", std::to_string(since)}) : join({id, "-agent"}));
  // Each contact is an item of its own.
  const auto same = [](JsonValue list, std::string_view contact) {
    JsonValue found;
    list.each([&](JsonValue c) {
      if (c["ContactId"].text() == contact) found = c;
    });
    return found;
  };
  const auto tell = [&](JsonValue current, JsonValue previous) {
    const JsonValue either = current.is_object() ? current : previous;
    const std::string_view contact = either["ContactId"].text();
    const std::string_view state = current["State"].text();
    if (beat && !state.starts_with("CONNECT") && state != "INCOMING") return;
    agent_contact(current, previous, who, at);
    if (!item_open()) return;
    const Time from = instant_of(either["StateStartTimestamp"]);
    done(beat ? join({"beat-", contact, "-", state, "-", std::to_string(from)}) : join({id, "-", contact}));
  };
  now["Contacts"].each([&](JsonValue c) { tell(c, same(before["Contacts"], c["ContactId"].text())); });
  before["Contacts"].each([&](JsonValue c) {
    if (same(now["Contacts"], c["ContactId"].text()).is_null()) tell({}, c);
  });
}

// Since when the agent is in the state that is news; kNever: nothing is.
Time AmazonConnect::agent_status(JsonValue now, JsonValue before, std::string_view who) {
  const Time since = instant_of(now["StartTimestamp"]);
  if (since == kNever) return kNever;
  if (now["Name"].text() == before["Name"].text() && since == instant_of(before["StartTimestamp"])) return kNever;
  const std::string_view type = now["Type"].text();
  const std::string_view word = type == "ROUTABLE" ? "available" : type == "OFFLINE" ? "logout" :
      activity(now["Name"].text());
  if (word == "logout") {
    add(EventType::agent_logout, since, who);
    return since;
  }
  core::Event& event = add(EventType::agent_state, since, who);
  event.text = word;
  event.reason = now["Name"].text();
  return since;
}

void AmazonConnect::agent_contact(JsonValue now, JsonValue before, std::string_view who, Time at) {
  const JsonValue contact = now.is_object() ? now : before;
  const std::string_view call = subject(root_of(contact));
  const std::string_view was = before["State"].text();
  const std::string_view is = now["State"].text();
  const Time since = instant_of(contact["StateStartTimestamp"]);
  const Time when = since != kNever ? since : at;
  const auto say = [&](EventType type, Time instant) -> core::Event& {
    core::Event& event = add(type, instant, call);
    event.agent = who;
    event.channel = channel_word(contact["Channel"].text());
    return event;
  };
  if (now.is_null()) {
    // The contact left the snapshot: after-call work, if any, is done.
    if (was == "ENDED") {
      say(EventType::call_wrapped, at).value = duration(at - when);
    } else if (was.starts_with("CONNECTED")) {
      say(EventType::call_ended, at);  // its end was skipped
    }
    return;
  }
  if (is == was) return;
  const Time queued = instant_of(contact["QueueTimestamp"]);
  const std::string_view name = queued != kNever ? queue_of(contact["Queue"]) : std::string_view();
  if (before.is_null()) {
    if (calls_out(contact["InitiationMethod"].text())) say(EventType::call_started, when).text = "outbound";
    if (queued != kNever) say(EventType::call_queued, queued).queue = name;
  }
  if (is == "INCOMING" || is == "CONNECTING" || is == "PENDING") {
    if (was.empty() || was == "INCOMING" || was == "PENDING") say(EventType::call_offered, when).queue = name;
  } else if (is == "MISSED" || is == "REJECTED" || (is == "ERROR" && !was.starts_with("CONNECTED"))) {
    say(EventType::call_no_answer, when);
  } else if (is == "CONNECTED_ONHOLD") {
    const Time taken = instant_of(contact["ConnectedToAgentTimestamp"]);
    if (before.is_null() && taken != kNever) say(EventType::call_answered, taken).queue = name;
    say(EventType::call_held, when);
  } else if (is == "CONNECTED" && was == "CONNECTED_ONHOLD") {
    say(EventType::call_resumed, when);
  } else if (is == "CONNECTED" || (is == "ENDED" && was.empty())) {
    const Time taken = instant_of(contact["ConnectedToAgentTimestamp"]);
    if (taken != kNever || is == "CONNECTED") say(EventType::call_answered, taken != kNever ? taken : when).queue =
        name;
    if (is == "ENDED") say(EventType::call_ended, when);
  } else if (is == "ENDED" || is == "ERROR") {
    // A snapshot that came late may hold the answer as well; said twice it is the same one.
    const Time taken = instant_of(contact["ConnectedToAgentTimestamp"]);
    if (taken != kNever) say(EventType::call_answered, taken).queue = name;
    say(EventType::call_ended, when);
  }
}

// ---- contact events -----------------------------------------------------------------------------------------

// The case of keys differs even within the documentation.
JsonValue any_case(JsonValue object, std::string_view key) {
  if (const JsonValue plain = object[key]; !plain.is_null()) return plain;
  std::string upper(key);
  if (!upper.empty() && upper[0] >= 'a' && upper[0] <= 'z') upper[0] = static_cast<char>(upper[0] - 32);
  return object[upper];
}

void AmazonConnect::contact_event(JsonValue d) {
  const std::string type(any_case(d, "eventType").text());
  std::string_view id = any_case(d, "initialContactId").text();
  const std::string_view own = any_case(d, "contactId").text();
  if (id.empty()) id = own;
  if (id.empty()) return refuse("missing_field", "a contact event without contactId", "/detail/contactId");
  const std::string_view call = subject(id);
  const std::string_view channel = channel_word(any_case(d, "channel").text());
  const JsonValue in_queue = any_case(d, "queueInfo");
  const JsonValue by = any_case(d, "agentInfo");
  const auto say = [&](EventType event_type, Time at) -> core::Event* {
    if (at == kNever) return nullptr;
    core::Event& event = add(event_type, at, call);
    event.channel = channel;
    return &event;
  };
  const std::string_view arn = any_case(in_queue, "queueArn").text();
  const std::string_view who_arn = any_case(by, "agentArn").text();
  const std::string_view method = any_case(d, "initiationMethod").text();
  if (method == "MONITOR") return silent();
  if (type == "INITIATED") {
    if (const std::string_view previous = any_case(d, "previousContactId").text(); !previous.empty()) {
      // Passed on: what ends there is not the call.
      if (went_on_.size() >= kMaxSegments) went_on_.clear();
      went_on_.emplace(previous);
    }
    if (id != own) return silent();  // the call began with its first contact
    if (core::Event* e = say(EventType::call_started, instant_of(any_case(d, "initiationTimestamp"))))
      e->text = calls_out(method) ? "outbound" : "inbound";
  } else if (type == "QUEUED") {
    if (core::Event* e = say(EventType::call_queued, instant_of(any_case(in_queue, "enqueueTimestamp"))))
      e->queue = queue_named(arn);
  } else if (type == "CONNECTED_TO_AGENT") {
    if (core::Event* e = say(EventType::call_answered, instant_of(any_case(by, "connectedToAgentTimestamp"))))
      e->agent = agent_named(who_arn);
  } else if (type == "DISCONNECTED") {
    if (const auto gone = went_on_.find(own); gone != went_on_.end()) {
      went_on_.erase(gone);
      return silent();
    }
    say(EventType::call_ended, instant_of(any_case(d, "disconnectTimestamp")));
  } else if (type == "CONNECTED_TO_SYSTEM" || type == "CONTACT_DATA_UPDATED" || type == "COMPLETED" ||
             type == "PAUSED" || type == "RESUMED" || type == "AMD_DISABLED") {
    return silent();
  } else {
    return not_known(type.empty() ? "contact event" : type);
  }
  if (item_open()) done(join({"event-", own, "-", type}));
  else refuse("missing_field", "the contact event lacks its own instant", "/detail");
}

// ---- memory -------------------------------------------------------------------------------------------------

std::string AmazonConnect::memory() const {
  MemoryWriter out;
  out.line({"amazon_connect", "2"});
  for (const auto& [key, name] : names_) out.line({"name", key, name});
  for (const std::string& id : order_) {
    if (const auto s = segments_.find(id); s != segments_.end()) out.line({"segment", id, std::to_string(s->second)});
  }
  for (const std::string& id : went_on_) out.line({"went_on", id});
  return out.take();
}

core::Status AmazonConnect::remember(std::string_view text) {
  const core::Error bad{"bad_memory", "not the memory of Amazon Connect", ""};
  if (text.empty()) return core::Done{};
  const auto lines = memory_lines(text);
  if (lines.empty() || lines[0] != MemoryLine{"amazon_connect", "2"}) return bad;
  decltype(names_) names;
  decltype(segments_) segments;
  decltype(order_) order;
  decltype(went_on_) went_on;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const MemoryLine& w = lines[i];
    if (w.size() == 3 && w[0] == "name") {
      names[w[1]] = w[2];
    } else if (w.size() == 3 && w[0] == "segment") {
      const auto visit = whole(w[2]);
      if (!visit || *visit < 2 || *visit > 255) return bad;
      if (segments.emplace(w[1], static_cast<int>(*visit)).second) order.push_back(w[1]);
    } else if (w.size() == 2 && w[0] == "went_on") {
      went_on.insert(w[1]);
    } else {
      return bad;
    }
  }
  names_ = std::move(names);
  segments_ = std::move(segments);
  order_ = std::move(order);
  went_on_ = std::move(went_on);
  return core::Done{};
}

}  // namespace

MadeFormat make_amazon_connect(FormatOptions options) {
  return std::unique_ptr<Format>(std::make_unique<AmazonConnect>(std::move(options)));
}

}  // namespace ingest
