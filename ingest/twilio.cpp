// Twilio TaskRouter: form-encoded callbacks and Event Streams as CloudEvents (docs/sources/twilio.md).
// Source: twilio.com/docs/taskrouter/api/event and /docs/events/event-types/taskrouter.
//
// Both say the same under other spellings: TaskSid in a form, task_sid in a stream. A reservation is an offer of the
// task to a worker; wrapping begins with its wrapup and is over when it is completed.
#include "ingest/document_format.h"
#include "ingest/form.h"
#include "ingest/formats_made.h"
#include "ingest/memory_text.h"
#include "ingest/webhook_signature.h"

namespace ingest {

namespace {

using core::EventType;
using core::Time;
using windows::kNever;

constexpr std::size_t kMaxWrapping = 10'000;

// "TaskQueueName" -> "task_queue_name", as in the other spelling.
std::string snake(std::string_view camel) {
  std::string out;
  for (std::size_t i = 0; i < camel.size(); ++i) {
    const char c = camel[i];
    if (c >= 'A' && c <= 'Z') {
      if (i > 0 && camel[i - 1] != '_') out += '_';
      out += static_cast<char>(c + 32);
    } else {
      out += c;
    }
  }
  return out;
}

class Twilio : public DocumentFormat {
 public:
  using DocumentFormat::DocumentFormat;

  core::Status check(const Message& message, core::Time) const override {
    if (options().secret.empty()) return core::Done{};
    return check_twilio(message, options().secret);
  }
  std::string memory() const override {
    MemoryWriter out;
    out.line({"twilio", "1"});
    for (const std::string& sid : wrapping_) out.line({sid});
    return out.take();
  }
  core::Status remember(std::string_view text) override;

 protected:
  void message(const Message& message) override {
    if (!lower(message.content_type).starts_with("application/x-www-form-urlencoded") &&
        (message.bytes.starts_with('{') || message.bytes.starts_with('['))) {
      return DocumentFormat::message(message);
    }
    fields_.clear();
    for (auto& [key, value] : form_fields(message.bytes)) fields_.emplace_back(snake(key), std::move(value));
    event(message.bytes);
  }
  void document(JsonValue root) override;

 private:
  std::string_view value(std::string_view key) const { return field(fields_, key); }
  void flatten(JsonValue object) {
    object.each_field([&](std::string_view key, JsonValue v) { fields_.emplace_back(snake(key), v.word()); });
  }
  Time when() const;
  void event(std::string_view bytes);
  bool task(std::string_view type);
  bool reservation(std::string_view type);
  bool worker(std::string_view type);
  core::Event& say(EventType type) {
    core::Event& event = add(type, at_, subject(value("task_sid")));
    const std::string_view channel = value("task_channel_unique_name");
    event.channel = channel == "default" ? std::string_view() : channel;
    return event;
  }
  std::string_view worker_name() { return agent(value("worker_name"), value("worker_name").empty() ?
      value("worker_sid") : ""); }

  JsonDocument attributes_;
  FormFields fields_;
  Time at_ = 0;
  std::set<std::string, std::less<>> wrapping_;  // reservations
};

void Twilio::document(JsonValue root) {
  fields_.clear();
  const std::string_view type = root["type"].text();
  constexpr std::string_view kPrefix = "com.twilio.taskrouter.";
  if (type.starts_with(kPrefix)) {
    // A CloudEvent of Event Streams.
    const JsonValue payload = root["data"]["payload"];
    fields_.emplace_back("event_type", std::string(type.substr(kPrefix.size())));
    fields_.emplace_back("sid", std::string(root["id"].text()));
    flatten(payload.is_object() ? payload : root["data"]);
    if (value("event_date").empty() && value("timestamp_ms").empty())
      fields_.emplace_back("event_date", std::string(root["time"].text()));
  } else {
    // As the events of its interface are written, or the callback's fields as JSON.
    flatten(root);
    flatten(root["event_data"]);
  }
  event(bytes());
}

Time Twilio::when() const {
  // An event of the interface has its date as text, whatever its milliseconds say.
  for (const std::string_view key : {"event_date", "timestamp"}) {
    const std::string_view text = value(key);
    if (text.empty() || whole(text)) continue;
    if (const Time at = instant_of(text); at != kNever) return at;
  }
  if (const auto ms = whole(value("timestamp_ms")); ms && *ms > 0) return *ms;
  if (const auto s = whole(value("timestamp")); s && *s > 0 && *s < 100'000'000'000) return *s * 1000;
  return kNever;
}

void Twilio::event(std::string_view bytes) {
  const std::string_view type = value("event_type");
  if (type.empty()) return refuse("missing_field", "an event without EventType", "EventType");
  at_ = when();
  if (at_ == kNever) return refuse("bad_time", "no time says when it happened", "TimestampMs");
  const bool known = type.starts_with("task") ? task(type) : type.starts_with("reservation.") ? reservation(type)
                     : type.starts_with("worker") ? worker(type)
                                                  : type.starts_with("workflow") || type.starts_with("activity") ||
                                                        type.starts_with("workspace");
  if (!known) return not_known(type);
  if (!item_open()) return silent();
  const std::string_view sid = value("sid");
  done(sid.empty() || sid.ends_with("...") ? std::string_view(content_id(bytes)) : sid);
}

bool Twilio::task(std::string_view type) {
  if (type == "task.created") {
    core::Event& event = say(EventType::call_started);
    event.text = "inbound";
    if (const auto attributes = attributes_.parse(value("task_attributes"))) {
      event.customer = customer_number((*attributes)["from"].text());
      if ((*attributes)["direction"].text().starts_with("outbound")) event.text = "outbound";
    }
  } else if (type == "task-queue.entered") {
    core::Event& event = say(EventType::call_queued);
    event.queue = queue(value("task_queue_name"));
    event.priority = value("task_priority");
  } else if (type == "task-queue.timeout") {
    core::Event& event = say(EventType::call_left);
    event.queue = queue(value("task_queue_name"));
    event.text = "timeout";
  } else if (type == "task.canceled" || type == "task.deleted") {
    const std::string why = lower(value("task_canceled_reason"));
    const auto about = [&](std::string_view stem) { return why.find(stem) != std::string::npos; };
    const bool gave_up = about("hangup") || about("hung up") || about("hang up") || about("abandon") || about("caller");
    core::Event& event = say(gave_up ? EventType::call_abandoned : EventType::call_left);
    if (!gave_up) event.text = "other";
  } else if (type == "task.completed") {
    say(EventType::call_ended);
  } else {
    return type.starts_with("task.") || type.starts_with("task-queue.") || type.starts_with("task-channel.");
  }
  return true;
}

bool Twilio::reservation(std::string_view type) {
  const std::string sid(value("reservation_sid"));
  const std::string_view who = worker_name();
  if (type == "reservation.created") {
    core::Event& event = say(EventType::call_offered);
    event.agent = who;
  } else if (type == "reservation.accepted") {
    core::Event& event = say(EventType::call_answered);
    event.agent = who;
    event.queue = queue(value("task_queue_name"));
  } else if (type == "reservation.rejected" || type == "reservation.timeout") {
    say(EventType::call_no_answer).agent = who;
  } else if (type == "reservation.wrapup") {
    if (wrapping_.size() < kMaxWrapping) wrapping_.insert(sid);
    say(EventType::call_ended).agent = who;
  } else if (type == "reservation.completed") {
    const bool wrapped = wrapping_.erase(sid) > 0;
    say(wrapped ? EventType::call_wrapped : EventType::call_ended).agent = who;
  } else {
    return type == "reservation.canceled" || type == "reservation.rescinded" || type == "reservation.failed";
  }
  return true;
}

bool Twilio::worker(std::string_view type) {
  if (!type.starts_with("worker.activity")) {
    return type.starts_with("worker.") || type.starts_with("worker-channel.");
  }
  const std::string_view theirs = value("worker_activity_name");
  const std::string_view word = activity(theirs);
  const std::string_view who = worker_name();
  const bool was_out = activity(value("worker_previous_activity_name")) == "logout" ||
                       value("worker_previous_activity_name").empty();
  if (word == "logout") {
    add(EventType::agent_logout, at_, who);
    return true;
  }
  if (was_out) add(EventType::agent_login, at_, who);
  core::Event& event = add(EventType::agent_state, at_, who);
  event.text = word;
  event.reason = theirs;
  return true;
}

core::Status Twilio::remember(std::string_view text) {
  const core::Error bad{"bad_memory", "not the memory of TaskRouter", ""};
  if (text.empty()) return core::Done{};
  const auto lines = memory_lines(text);
  if (lines.empty() || lines[0] != MemoryLine{"twilio", "1"}) return bad;
  decltype(wrapping_) wrapping;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    if (lines[i].size() != 1) return bad;
    wrapping.insert(lines[i][0]);
  }
  wrapping_ = std::move(wrapping);
  return core::Done{};
}

}  // namespace

MadeFormat make_twilio(FormatOptions options) {
  return std::unique_ptr<Format>(std::make_unique<Twilio>(std::move(options)));
}

}  // namespace ingest
