// Twilio TaskRouter: form-encoded callbacks and Event Streams as CloudEvents (docs/sources/twilio.md).
// Source: twilio.com/docs/taskrouter/api/event and /docs/events/event-types/taskrouter.
//
// Both say the same under other spellings: TaskSid in a form, task_sid in a stream. A reservation is an offer of the
// task to a worker; wrapping begins with its wrapup and is over when it is completed. Reservations that were accepted
// are remembered: whoever passes a task on is named only by them, and whether there was wrapping only by its wrapup.
#include <algorithm>
#include <array>
#include <unordered_map>

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

constexpr std::size_t kMaxReservations = 5'000;  // accepted and not completed; the older half goes when it is too many
constexpr std::string_view kForm = "application/x-www-form-urlencoded";

// Whether a key says the same as one of a stream: "TaskQueueName" and "task_queue_name".
bool same_key(std::string_view theirs, std::string_view streamed) {
  std::size_t n = 0;
  for (const char c : theirs) {
    if (c == '_') continue;
    while (n < streamed.size() && streamed[n] == '_') ++n;
    if (n == streamed.size() || (c >= 'A' && c <= 'Z' ? c + 32 : c) != streamed[n]) return false;
    ++n;
  }
  return n == streamed.size();
}

struct Reservation {
  std::string worker;  // ours
  bool wrapping = false;
};
using Reservations = std::unordered_map<std::string, Reservation>;  // by Sid

class Twilio : public DocumentFormat {
 public:
  using DocumentFormat::DocumentFormat;

  core::Status check(const Message& message, core::Time) const override {
    if (options().secret.empty()) return core::Done{};
    return check_twilio(message, options().secret);
  }
  std::string memory() const override;
  core::Status remember(std::string_view text) override;

 protected:
  void message(const Message& message) override {
    const bool json = message.bytes.starts_with('{') || message.bytes.starts_with('[');
    if (json && !lower(message.content_type).starts_with(kForm)) return DocumentFormat::message(message);
    raw_form_fields(message.bytes, fields_);
    encoded_ = true;
    event(message.bytes);
  }
  void document(JsonValue root) override;

 private:
  std::string_view value(std::string_view key);
  void flatten(JsonValue object) {
    object.each_field([&](std::string_view key, JsonValue v) {
      const std::string_view text = v.text();
      fields_.emplace_back(key, !text.empty() || v.is_null() ? text : join({v.word()}));
    });
  }
  Time when();
  void event(std::string_view bytes);
  bool task(std::string_view type);
  bool transfer(std::string_view type);
  bool reservation(std::string_view type);
  bool worker(std::string_view type);
  // Whether the task's attributes say that we called; read where it matters only.
  bool outbound() {
    const auto attributes = attributes_.parse(value("task_attributes"));
    return attributes && (*attributes)["direction"].text().starts_with("outbound");
  }
  core::Event& say(EventType type) {
    core::Event& event = add(type, at_, subject(value("task_sid")));
    const std::string_view channel = value("task_channel_unique_name");
    event.channel = channel == "default" ? std::string_view() : channel;
    return event;
  }
  std::string_view worker_name() {
    const std::string_view name = value("worker_name");
    return agent(name, name.empty() ? value("worker_sid") : std::string_view());
  }
  Reservation* known(const std::string& sid) {
    for (Reservations& some : accepted_) {
      if (const auto found = some.find(sid); found != some.end()) return &found->second;
    }
    return nullptr;
  }
  Reservation& accept(const std::string& sid, std::string_view who);

  JsonDocument attributes_;
  RawFields fields_;
  bool encoded_ = false;  // fields_ are those of a form
  Time at_ = 0;
  std::array<Reservations, 2> accepted_;  // the newer ones, the older ones
};

std::string_view Twilio::value(std::string_view key) {
  for (const auto& [name, text] : fields_) {
    if (!same_key(name, key)) continue;
    return encoded_ && is_encoded(text) ? join({percent_decoded(text, true)}) : text;
  }
  return {};
}

void Twilio::document(JsonValue root) {
  fields_.clear();
  encoded_ = false;
  const std::string_view type = root["type"].text();
  constexpr std::string_view kPrefix = "com.twilio.taskrouter.";
  if (type.starts_with(kPrefix)) {
    // A CloudEvent of Event Streams. The event's own Sid is that of the callback; the stream's is one of the delivery.
    const JsonValue data = root["data"];
    const JsonValue payload = data["payload"];
    fields_.emplace_back("event_type", type.substr(kPrefix.size()));
    flatten(payload.is_object() ? payload : data);
    if (value("sid").empty()) fields_.emplace_back("sid", data["sid"].text());
    if (value("sid").empty()) fields_.emplace_back("sid", root["id"].text());
    if (value("event_date").empty() && value("timestamp_ms").empty() && value("timestamp").empty()) {
      const std::string_view own = data["timestamp"].text();
      fields_.emplace_back("event_date", own.empty() ? root["time"].text() : own);
    }
  } else {
    // As the events of its interface are written, or the callback's fields as JSON.
    flatten(root);
    flatten(root["event_data"]);
  }
  event(bytes());
}

Time Twilio::when() {
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
  const bool known = type.starts_with("task.transfer-") ? transfer(type) : type.starts_with("task") ? task(type)
                     : type.starts_with("reservation.") ? reservation(type)
                     : type.starts_with("worker") ? worker(type)
                                                  : type.starts_with("workflow") || type.starts_with("activity") ||
                                                        type.starts_with("workspace");
  if (!known) return not_known(type);
  if (!item_open()) return silent();
  const std::string_view sid = value("sid");
  done(sid.empty() || sid.ends_with("...") ? std::string_view(join({content_id(bytes)})) : sid);
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
    if (outbound()) return true;  // it waits for nobody
    core::Event& event = say(EventType::call_queued);
    event.queue = queue(value("task_queue_name"));
    event.priority = value("task_priority");
  } else if (type == "task-queue.timeout") {
    core::Event& event = say(EventType::call_left);
    event.queue = queue(value("task_queue_name"));
    event.text = "timeout";
  } else if (type == "task.canceled" || type == "task.deleted" || type == "task.system-deleted") {
    const std::string why = lower(value("task_canceled_reason"));
    const auto about = [&](std::initializer_list<std::string_view> stems) {
      return std::any_of(stems.begin(), stems.end(), [&](std::string_view s) { return why.find(s) != why.npos; });
    };
    if (about({"hangup", "hung up", "hang up", "abandon", "caller", "disconnect"})) {
      say(EventType::call_abandoned);
      return true;
    }
    say(EventType::call_left).text = about({"voicemail", "voice mail"})    ? "voicemail"
                                     : about({"callback", "call back"})    ? "callback"
                                     : about({"timeout", "timed out", "ttl"}) ? "timeout"
                                     : about({"redirect", "overflow"})     ? "overflow"
                                                                           : "other";
  } else if (type == "task.completed") {
    say(EventType::call_ended);
  } else {
    return type.starts_with("task.") || type.starts_with("task-queue.") || type.starts_with("task-channel.");
  }
  return true;
}

// A cold transfer is over for who passes it on when it begins, a warm one when it is completed.
bool Twilio::transfer(std::string_view type) {
  const bool warm = lower(value("transfer_mode")) == "warm";
  if (type != (warm ? "task.transfer-completed" : "task.transfer-initiated")) return true;
  const Reservation* const from = known(std::string(value("transfer_initiating_reservation_sid")));
  std::string_view who = from != nullptr ? std::string_view(from->worker) : std::string_view();
  if (who.empty()) who = agent(value("transfer_initiating_worker_sid"));
  if (who.empty()) return true;
  core::Event& event = say(EventType::call_transferred);
  event.agent = who;
  event.text = warm ? "attended" : "blind";
  return true;
}

Reservation& Twilio::accept(const std::string& sid, std::string_view who) {
  if (Reservation* const already = known(sid)) return *already;
  if (accepted_[0].size() >= kMaxReservations / 2) {
    accepted_[1] = std::move(accepted_[0]);
    accepted_[0].clear();
  }
  return accepted_[0].emplace(sid, Reservation{std::string(who), false}).first->second;
}

bool Twilio::reservation(std::string_view type) {
  const std::string sid(value("reservation_sid"));
  const std::string_view who = worker_name();
  if (type == "reservation.created") {
    say(EventType::call_offered).agent = who;
  } else if (type == "reservation.accepted") {
    if (!sid.empty()) accept(sid, who);
    core::Event& event = say(EventType::call_answered);
    event.agent = who;
    event.queue = queue(value("task_queue_name"));
  } else if (type == "reservation.rejected" || type == "reservation.timeout") {
    say(EventType::call_no_answer).agent = who;
  } else if (type == "reservation.wrapup") {
    if (!sid.empty()) accept(sid, who).wrapping = true;
    say(EventType::call_ended).agent = who;
  } else if (type == "reservation.completed") {
    const Reservation* const one = known(sid);
    const bool wrapped = one != nullptr && one->wrapping;
    for (Reservations& some : accepted_) some.erase(sid);
    say(wrapped ? EventType::call_wrapped : EventType::call_ended).agent = who;
  } else {
    return type == "reservation.canceled" || type == "reservation.rescinded" || type == "reservation.failed";
  }
  return true;
}

bool Twilio::worker(std::string_view type) {
  if (type == "worker.deleted") {
    add(EventType::agent_logout, at_, worker_name());
    return true;
  }
  if (!type.starts_with("worker.activity")) {
    return type.starts_with("worker.") || type.starts_with("worker-channel.");
  }
  const std::string_view theirs = value("worker_activity_name");
  const std::string_view word = activity(theirs);
  const std::string_view who = worker_name();
  const std::string_view before = value("worker_previous_activity_name");
  if (word == "logout") {
    add(EventType::agent_logout, at_, who);
    return true;
  }
  if (before.empty() || activity(before) == "logout") add(EventType::agent_login, at_, who);
  core::Event& event = add(EventType::agent_state, at_, who);
  event.text = word;
  event.reason = theirs;
  return true;
}

std::string Twilio::memory() const {
  MemoryWriter out;
  out.line({"twilio", "2"});
  for (std::size_t age = 0; age < accepted_.size(); ++age) {
    std::vector<const Reservations::value_type*> some;
    for (const auto& one : accepted_[age]) some.push_back(&one);
    std::sort(some.begin(), some.end(), [](const auto* a, const auto* b) { return a->first < b->first; });
    for (const auto* one : some)
      out.line({one->first, one->second.worker, one->second.wrapping ? "1" : "0", age == 0 ? "0" : "1"});
  }
  return out.take();
}

core::Status Twilio::remember(std::string_view text) {
  const core::Error bad{"bad_memory", "not the memory of TaskRouter", ""};
  if (text.empty()) return core::Done{};
  const auto lines = memory_lines(text);
  if (lines.empty() || lines[0] != MemoryLine{"twilio", "2"} || lines.size() > kMaxReservations + 1) return bad;
  decltype(accepted_) accepted;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    if (lines[i].size() != 4 || lines[i][0].empty()) return bad;
    accepted[lines[i][3] == "1" ? 1 : 0].emplace(lines[i][0], Reservation{lines[i][1], lines[i][2] == "1"});
  }
  accepted_ = std::move(accepted);
  return core::Done{};
}

}  // namespace

MadeFormat make_twilio(FormatOptions options) {
  return std::unique_ptr<Format>(std::make_unique<Twilio>(std::move(options)));
}

}  // namespace ingest
