// Zendesk event webhooks, "zen:event-type:ticket.…" (docs/sources/zendesk.md).
// Source: developer.zendesk.com, webhooks, ticket events; 2022-11-06.
//
// An event says what changed; `detail` is the ticket after it. The order of events within a change is not promised,
// so everything is told with the event's own time. Ids of agents and groups are numbers: the tables give them names.
// Deleted and spam is what is over without being solved. Events about agents tell who is there.
#include <algorithm>

#include "ingest/document_format.h"
#include "ingest/formats_made.h"
#include "ingest/json_events.h"
#include "ingest/webhook_signature.h"

namespace ingest {

namespace {

using core::EventType;
using core::Time;
using windows::kNever;

class Zendesk : public DocumentFormat {
 public:
  using DocumentFormat::DocumentFormat;

  core::Status check(const Message& message, core::Time now) const override {
    if (options().secret.empty()) return core::Done{};
    return check_zendesk(message, options().secret, now);
  }

 protected:
  void document(JsonValue root) override;

 private:
  void created();
  void status_changed();
  void comment();
  void rated();
  void over(std::string_view how);
  bool tagged(std::string_view word) const {
    bool found = false;
    detail_["tags"].each([&](JsonValue tag) { found = found || tag.text() == word; });
    return found;
  }
  void agent_state(JsonValue root);
  core::Event& say(EventType type) {
    core::Event& event = add(type, at_, ticket_);
    event.channel = channel_;
    return event;
  }

  JsonValue detail_, event_;
  Time at_ = 0;
  std::string_view ticket_, channel_;
};

std::string_view status_word(std::string_view theirs) {
  if (theirs == "NEW") return "new";
  if (theirs == "OPEN") return "open";
  if (theirs == "PENDING") return "pending";
  if (theirs == "HOLD") return "on_hold";
  return {};
}

void Zendesk::document(JsonValue root) {
  const std::string_view type = root["type"].text();
  constexpr std::string_view kTicket = "zen:event-type:ticket.";
  constexpr std::string_view kMessaging = "zen:event-type:messaging_ticket.";
  // Metric events, as their interface lists them, say what an SLA clock did; ours are computed from the ticket.
  if (!root["metric"].is_null() && !root["ticket_id"].is_null()) return silent();
  constexpr std::string_view kAll = "zen:event-type:";
  if (type.empty()) return refuse("missing_field", "an event without a type: is it a webhook for events?", "/type");
  if (type == "zen:event-type:agent.unified_state_changed") return agent_state(root);
  if (!type.starts_with(kTicket) && !type.starts_with(kMessaging)) {
    const std::string_view about = type.starts_with(kAll) ? type.substr(kAll.size()) : std::string_view();
    constexpr std::string_view kOthers[] = {"agent.", "user.", "organization.", "messaging_live_metrics.", "article.",
                                            "community_post.", "omnichannel_config."};
    for (const std::string_view other : kOthers) {
      if (about.starts_with(other)) return silent();  // subscribed to, and of no use here
    }
    return not_known(type);
  }
  at_ = instant_of(root["time"]);
  if (at_ == kNever) return refuse("bad_time", "not an RFC 3339 time", "/time");
  detail_ = root["detail"];
  event_ = root["event"];
  ticket_ = subject(detail_["id"].word());
  const std::string via = lower(detail_["via"]["channel"].text());
  channel_ = via.empty() ? std::string_view() : join({via});
  const std::string_view kind = type.substr(type.rfind('.') + 1);
  if (kind == "created") created();
  else if (kind == "status_changed") status_changed();
  else if (kind == "priority_changed") say(EventType::ticket_priority).priority =
      join({lower(event_["current"].text())});
  else if (kind == "agent_assignment_changed" || kind == "group_assignment_changed") {
    const bool of_agent = kind.starts_with("agent");
    core::Event& event = say(EventType::ticket_assigned);
    event.agent = agent((of_agent ? event_["current"] : detail_["assignee_id"]).word());
    event.queue = queue((of_agent ? detail_["group_id"] : event_["current"]).word());
  } else if (kind == "comment_added" || kind == "message_added") comment();
  else if (kind == "csat_received" || kind == "satisfaction_rating_changed") rated();
  else if (kind == "tags_changed" || kind == "merged" || kind.ends_with("_changed") || kind.starts_with("attachment") ||
           kind.starts_with("comment") || kind == "soft_deleted" || kind == "undeleted" || kind == "marked_as_spam" ||
           kind == "csat_requested" || kind == "permanently_deleted" || kind.ends_with("_redacted")) {
    if (kind == "tags_changed") {
      std::vector<std::string> tags;
      detail_["tags"].each([&](JsonValue tag) { tags.push_back(tag.word()); });
      std::sort(tags.begin(), tags.end());
      std::string all;
      for (const std::string& tag : tags) {
        if (all.size() + tag.size() < kMaxWordsBytes) all.append(all.empty() ? "" : ",").append(tag);
      }
      say(EventType::ticket_tags).text = join({all});
    } else if (kind == "merged") {
      const std::string into = event_["target_ticket_id"].word();
      say(EventType::ticket_merged).text = into.empty() ? "unknown" : join({into});
    } else if (kind == "soft_deleted" || kind == "permanently_deleted") {
      over("deleted");
    } else if (kind == "marked_as_spam") {
      over("spam");
    } else if (kind == "undeleted") {
      if (const std::string_view word = status_word(detail_["status"].text()); !word.empty())
        say(EventType::ticket_status).text = word;
      else return silent();
    } else {
      return silent();
    }
  } else {
    return not_known(type);
  }
  if (item_open()) done(root["id"].text().empty() ? std::string_view(content_id(bytes())) : root["id"].text());
}

void Zendesk::created() {
  const std::string requester = detail_["requester_id"].word();
  const std::string submitter = detail_["submitter_id"].word();
  const Time created_at = instant_of(detail_["created_at"]);
  core::Event& event = say(EventType::ticket_created);
  if (created_at != kNever) event.at = created_at;
  event.by = requester == submitter || submitter.empty() ? "customer" : "agent";
  event.priority = join({lower(detail_["priority"].text())});
  event.customer = customer(requester);
  event.queue = queue(detail_["group_id"].word());
  const Time from = event.at;
  if (!detail_["assignee_id"].is_null()) {
    core::Event& assigned = say(EventType::ticket_assigned);
    assigned.at = from;
    assigned.agent = agent(detail_["assignee_id"].word());
    assigned.queue = queue(detail_["group_id"].word());
  }
  const std::string_view status = detail_["status"].text();
  if (const std::string_view word = status_word(status); !word.empty()) {
    core::Event& now = say(EventType::ticket_status);
    now.at = from;
    now.text = word;
  } else if (status == "SOLVED" || status == "CLOSED") {
    say(status == "SOLVED" ? EventType::ticket_resolved : EventType::ticket_closed).at = from;
  }
}

void Zendesk::status_changed() {
  const std::string_view before = event_["previous"].text();
  const std::string_view after = event_["current"].text();
  const bool was_solved = before == "SOLVED" || before == "CLOSED";
  if ((after == "SOLVED" || after == "CLOSED") && tagged("closed_by_merge")) {
    over("unknown");
  } else if (after == "SOLVED") {
    say(EventType::ticket_resolved).agent = agent(detail_["assignee_id"].word());
  } else if (after == "CLOSED") {
    say(EventType::ticket_closed);
  } else if (const std::string_view word = status_word(after); !word.empty()) {
    if (was_solved) say(EventType::ticket_reopened);
    say(EventType::ticket_status).text = word;
  } else if (after == "DELETED" || after == "SUSPENDED") {
    over(after == "DELETED" ? "deleted" : "spam");
  } else if (after == "ARCHIVED" || after == "SCRUBBED") {
    silent();  // long after it was closed
  } else {
    refuse("bad_value", "not a status of Zendesk: " + std::string(after.substr(0, 40)), "/event/current");
  }
}

void Zendesk::comment() {
  const JsonValue comment = event_["comment"].is_object() ? event_["comment"] : event_["message"];
  const JsonValue author = comment["author"].is_object() ? comment["author"] : event_["actor"];
  const std::string who = author["id"].word();
  const std::string type = lower(author["type"].text());
  const bool staff = author["is_staff"].truth() || type == "agent";
  core::Event& event = say(EventType::ticket_reply);
  event.by = type == "system" || type == "bot" || type == "business" ? "system" : staff ? "agent" : "customer";
  event.is_public = comment["is_public"].is_null() || comment["is_public"].truth();
  if (staff) event.agent = agent(who);
}

// Gone without being solved.
void Zendesk::over(std::string_view how) { say(EventType::ticket_merged).text = how; }

void Zendesk::rated() {
  // "satisfaction_score" is an object with a score, or the score; older ones say "current".
  std::string word;
  for (const std::string_view key : {"satisfaction_score", "satisfaction_rating", "current", "rating"}) {
    const JsonValue value = event_[key];
    if (word.empty()) word = value.is_object() ? value["score"].word() : value.word();
  }
  if (!rate(say(EventType::ticket_rated), word)) {
    drop();
    silent();  // offered, not given
  }
}

// What an agent is in all channels together.
void Zendesk::agent_state(JsonValue root) {
  const JsonValue event = root["event"];
  const std::string_view who = agent(join({root["detail"]["agent_id"].word()}));
  const std::string_view theirs = event["new_unified_state"]["name"].text();
  Time at = instant_of(event["updated_at"]);
  if (at == kNever) at = instant_of(root["time"]);
  if (at == kNever) return refuse("bad_time", "not an RFC 3339 time", "/event/updated_at");
  if (theirs.empty()) return refuse("missing_field", "a state has a name", "/event/new_unified_state/name");
  const std::string_view word = activity(theirs);
  if (word == "logout") {
    add(EventType::agent_logout, at, who);
  } else {
    core::Event& state = add(EventType::agent_state, at, who);
    state.text = word;
    state.reason = theirs;
  }
  const std::string_view id = root["id"].text();
  done(id.empty() ? std::string_view(join({content_id(bytes())})) : id);
}

}  // namespace

MadeFormat make_zendesk(FormatOptions options) {
  return std::unique_ptr<Format>(std::make_unique<Zendesk>(std::move(options)));
}

}  // namespace ingest
