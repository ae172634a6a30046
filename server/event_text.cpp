#include "server/event_text.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "server/json_text.h"
#include "windows/check.h"

namespace server {
namespace {

using core::Event;
using core::EventType;

class Object {
 public:
  void text(std::string_view key, std::string_view value) {
    if (value.empty()) return;
    begin(key);
    append_string(out_, value);
  }
  void number(std::string_view key, std::int64_t value) {
    begin(key);
    append_integer(out_, value);
  }
  void duration(std::string_view key, std::int64_t value) {
    if (value != core::kNoValue) number(key, value);
  }
  void word(std::string_view key, std::string_view literal) {
    begin(key);
    out_ += literal;
  }
  void take_in(const Object& other) {
    if (other.empty()) return;
    if (!empty()) out_ += ',';
    out_ += std::string_view(other.out_).substr(1);
  }
  bool empty() const { return out_ == "{"; }
  std::string done() const { return out_ + "}"; }

 private:
  void begin(std::string_view key) {
    if (!empty()) out_ += ',';
    append_string(out_, key);
    out_ += ':';
  }
  std::string out_ = "{";
};

bool is_agents(EventType type) { return core::about(type) == core::About::agent; }

std::string_view subject_key(EventType type) {
  switch (core::about(type)) {
    case core::About::agent: return "agent";
    case core::About::queue: return "queue";
    case core::About::ticket: return "ticket";
    case core::About::alert: return "alert";
    default: return "call";
  }
}

bool is_alerts(EventType type) { return core::about(type) == core::About::alert; }
bool is_category(EventType type) { return type == EventType::call_category || type == EventType::ticket_category; }
bool is_tags(EventType type) { return type == EventType::call_tags || type == EventType::ticket_tags; }

// What `text` and `value` are called in this type of event; empty: it has none.
std::string_view text_key(EventType type) {
  switch (type) {
    case EventType::call_started: return "direction";
    case EventType::call_transferred: return "kind";
    case EventType::call_left: return "reason";
    case EventType::agent_state: return "state";
    case EventType::ticket_status: return "status";
    case EventType::call_rated:
    case EventType::ticket_rated: return "scale";
    case EventType::call_category:
    case EventType::ticket_category: return "category";
    case EventType::ticket_merged: return "into";
    case EventType::alert_silenced: return "matcher";
    case EventType::sources_told: return "sources";
    default: return "";
  }
}

std::string_view value_key(EventType type) {
  switch (type) {
    case EventType::call_no_answer: return "ring_ms";
    case EventType::call_answered:
    case EventType::call_abandoned: return "wait_ms";
    case EventType::call_transferred:
    case EventType::call_ended: return "talk_ms";
    case EventType::call_wrapped: return "wrap_ms";
    case EventType::call_rated:
    case EventType::ticket_rated: return "score";
    case EventType::alert_silenced: return "duration_ms";
    default: return "";
  }
}

// What every item has, and whom it is about.
Object envelope(const Event& event, std::string_view type) {
  Object object;
  object.text("type", type);
  object.text("id", event.id);
  object.text("source", event.source);
  object.number("time", event.time);
  object.text(subject_key(event.type), event.subject);
  object.text("channel", event.channel);
  object.text("priority", event.priority);
  object.text("customer", event.customer);
  object.text("team", event.team);
  object.text("site", event.site);
  return object;
}

// As a list: the text of none would not be given.
void put_tags(Object& object, std::string_view tags) {
  std::string list = "[";
  while (!tags.empty()) {
    const std::size_t end = std::min(tags.find(','), tags.size());
    if (list.size() > 1) list += ',';
    append_string(list, tags.substr(0, end));
    tags.remove_prefix(std::min(end + 1, tags.size()));
  }
  object.word("tags", list + "]");
}

// What the events behind the first say about the whole.
void put_labels(Object& object, std::span<const Event> labels) {
  for (const Event& label : labels) {
    if (is_category(label.type)) object.text("category", label.text);
    if (is_tags(label.type)) put_tags(object, label.text);
  }
}

std::string live(std::span<const Event> item) {
  const Event& event = item.front();
  Object object = envelope(event, core::name(event.type));
  if (!is_agents(event.type)) object.text("agent", event.agent);
  if (event.type != EventType::queue_assigned) object.text("queue", event.queue);
  object.text(text_key(event.type), event.text);
  if (is_tags(event.type)) put_tags(object, event.text);
  if (event.type == EventType::agent_state || is_alerts(event.type)) object.text("reason", event.reason);
  if (event.type == EventType::call_left && event.value != core::kNoValue)
    object.number("promised_at", event.at + event.value);
  object.text("by", event.by);
  if (!event.is_public) object.word("public", "false");
  if (!value_key(event.type).empty()) object.duration(value_key(event.type), event.value);
  put_labels(object, item.subspan(1));
  return object.done();
}

// A whole call: its events are in the order in which a call.record is taken apart.
std::string record(std::span<const Event> all) {
  std::span<const Event> item = all;
  Object object = envelope(item.front(), "call.record");
  while (is_category(item.back().type) || is_tags(item.back().type)) item = item.first(item.size() - 1);
  put_labels(object, all.subspan(item.size()));
  object.text("queue", item.back().queue);
  std::string_view outcome = "abandoned_in_ivr";
  std::vector<Object> legs;
  Object leg;
  const auto end_leg = [&] {
    if (!leg.empty()) legs.push_back(leg);
    leg = Object();
  };
  bool in_leg = false, offered = false;
  for (const Event& event : item) {
    switch (event.type) {
      case EventType::call_started:
        object.number("started_at", event.at);
        object.text("direction", event.text);
        break;
      case EventType::call_queued: object.number("queued_at", event.at); break;
      case EventType::call_abandoned:
        outcome = "abandoned";
        object.number("ended_at", event.at);
        object.duration("wait_ms", event.value);
        break;
      case EventType::call_left:
        outcome = event.text;
        object.number("ended_at", event.at);
        if (event.value != core::kNoValue) object.number("promised_at", event.at + event.value);
        break;
      case EventType::call_offered:
        end_leg();
        leg.number("offered_at", event.at);
        offered = true;
        break;
      case EventType::call_answered:
        if (!offered) end_leg();
        offered = false;
        if (!in_leg) object.duration("wait_ms", event.value);
        in_leg = true;
        outcome = "answered";
        leg.text("agent", event.agent);
        leg.number("answered_at", event.at);
        break;
      case EventType::call_hold_total: leg.duration("hold_ms", event.value); break;
      case EventType::call_ended:
      case EventType::call_transferred:
        if (!in_leg) {
          object.number("ended_at", event.at);
          break;
        }
        leg.number("ended_at", event.at);
        leg.duration("talk_ms", event.value);
        if (event.type == EventType::call_transferred) leg.text("transferred", event.text);
        break;
      case EventType::call_wrapped:
        leg.number("wrapped_at", event.at);
        leg.duration("wrap_ms", event.value);
        break;
      default: break;
    }
  }
  end_leg();
  object.text("outcome", outcome);
  if (legs.size() == 1) object.take_in(legs.front());
  if (legs.size() < 2) return object.done();
  std::string list;
  for (const Object& one : legs) list += (list.empty() ? "[" : ",") + one.done();
  object.word("legs", list + "]");
  return object.done();
}

}  // namespace

std::string native_text(std::span<const Event> item) {
  CHECK(!item.empty(), "an item has events");
  return item.front().final ? record(item) : live(item);
}

}  // namespace server
