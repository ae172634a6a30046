// Jira Service Management webhooks: issue_created, issue_updated, comment_created (docs/sources/jira.md).
// Source: Atlassian's documentation of webhooks; the SLA field as its service desk interface returns it.
//
// What changed is in the changelog, with names for people; what a status means is in its category. An SLA cycle that
// comes along is a figure of theirs to compare with, our clocks run on the same events.
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

class Jira : public DocumentFormat {
 public:
  using DocumentFormat::DocumentFormat;

  core::Status check(const Message& message, core::Time) const override {
    if (options().secret.empty()) return core::Done{};
    return check_hex_hmac(message, "x-hub-signature", "sha256=", options().secret);
  }

 protected:
  void document(JsonValue root) override;

 private:
  void created();
  void changes(JsonValue log);
  void labels();
  void status(std::string_view from, std::string_view to);
  void comment(JsonValue comment);
  void rated();
  void sla(std::string_view scope, JsonValue cycle);
  std::string_view status_word(std::string_view name, std::string_view category) const;
  std::string_view group();

  JsonValue fields_;
  Time at_ = 0;
  std::string_view ticket_;
};

std::string person(JsonValue user) {
  for (const std::string_view key : {"emailAddress", "name", "displayName", "accountId"}) {
    if (const std::string_view text = user[key].text(); !text.empty()) return std::string(text);
  }
  return {};
}

bool same_person(JsonValue a, JsonValue b) {
  for (const std::string_view key : {"accountId", "key", "name", "emailAddress"}) {
    if (const std::string_view text = a[key].text(); !text.empty() && !b[key].is_null()) return text == b[key].text();
  }
  return false;
}

// new, open, pending, on_hold or solved
std::string_view Jira::status_word(std::string_view name, std::string_view category) const {
  if (const std::string_view ours = chosen("states", name); !ours.empty()) return ours;
  const std::string word = lower(name);
  const auto about = [&](std::string_view stem) { return word.find(stem) != std::string::npos; };
  if (category == "done" || word == "resolved" || word == "done" || word == "closed" || word == "canceled")
    return "solved";
  if (about("waiting for customer") || about("pending")) return "pending";
  if (about("hold") || about("waiting for third") || about("vendor") || about("blocked")) return "on_hold";
  if (category == "new" || word == "open" || word == "to do" || word == "new") return "new";
  return "open";
}

std::string_view Jira::group() {
  const std::string_view field = option("queue_field");
  std::string name;
  if (!field.empty()) {
    const JsonValue value = fields_[field];
    name = value.is_object() ? std::string(value["name"].text().empty() ? value["value"].text() : value["name"].text())
                             : value.word();
  }
  return queue(name.empty() ? fields_["project"]["key"].text() : std::string_view(name));
}

void Jira::document(JsonValue root) {
  // An SLA field alone, as an automation may send it.
  if (root["issue"].is_null() && (root["ongoingCycle"].is_object() || root["completedCycles"].is_list())) {
    sla("tenant", root);
    return silent();
  }
  const std::string_view what = root["webhookEvent"].text();
  if (what.empty()) return refuse("missing_field", "a webhook of Jira names its event", "/webhookEvent");
  const JsonValue issue = root["issue"];
  const std::string_view key = issue["key"].text();
  if (key.empty()) return refuse("missing_field", "a webhook about no issue", "/issue/key");
  at_ = instant_of(root["timestamp"]);
  if (at_ == kNever) return refuse("bad_time", "not milliseconds since 1970", "/timestamp");
  fields_ = issue["fields"];
  ticket_ = subject(key);
  fields_.each_field([&](std::string_view name, JsonValue value) {
    if (name.starts_with("customfield_") && value["ongoingCycle"].is_object()) sla("ticket/" + std::string(key), value);
  });
  if (what == "jira:issue_created") created();
  else if (what == "jira:issue_updated") changes(root["changelog"]);
  else if (what == "jira:issue_deleted") add(EventType::ticket_merged, at_, ticket_).text = "deleted";  // not solved
  else if (what != "comment_created" && what != "comment_updated" && what != "comment_deleted" &&
           !what.starts_with("worklog_") && !what.starts_with("issuelink_") && !what.starts_with("attachment_")) {
    return not_known(what);
  }
  rated();
  const bool told = item_open();
  if (told) done(content_id(bytes()));
  // Where a comment comes with the update of its issue as well as alone, it is the same one.
  const bool commented = what == "comment_created" || root["issue_event_type_name"].text() == "issue_commented";
  if (commented && root["comment"].is_object()) comment(root["comment"]);
  else if (!told) silent();
}

void Jira::created() {
  const Time created_at = instant_of(fields_["created"]);
  const Time at = created_at != kNever ? created_at : at_;
  core::Event& event = add(EventType::ticket_created, at, ticket_);
  const std::string reporter = person(fields_["reporter"]);
  const std::string creator = person(fields_["creator"]);
  event.by = creator.empty() || creator == reporter ? "customer" : "agent";
  event.queue = group();
  event.priority = join({lower(fields_["priority"]["name"].text())});
  event.customer = customer(reporter);
  core::Event& assigned = add(EventType::ticket_assigned, at, ticket_);
  assigned.agent = agent(person(fields_["assignee"]));
  assigned.queue = group();
  const JsonValue status = fields_["status"];
  const std::string_view word = status_word(status["name"].text(), status["statusCategory"]["key"].text());
  if (word == "solved") add(EventType::ticket_resolved, at, ticket_);
  else if (status.is_object()) add(EventType::ticket_status, at, ticket_).text = word;
}

void Jira::changes(JsonValue log) {
  log["items"].each([&](JsonValue item) {
    const std::string field = lower(item["field"].text());
    const std::string_view to = item["toString"].text();
    if (field == "status") {
      status(item["fromString"].text(), to);
    } else if (field == "priority") {
      add(EventType::ticket_priority, at_, ticket_).priority = join({lower(to)});
    } else if (field == "labels") {
      labels();
    } else if (field == "assignee") {
      core::Event& event = add(EventType::ticket_assigned, at_, ticket_);
      event.agent = agent(person(fields_["assignee"]), to);
      if (to.empty()) event.agent = {};
      event.queue = group();
    }
  });
}

void Jira::labels() {
  std::vector<std::string> all;
  fields_["labels"].each([&](JsonValue label) { all.push_back(label.word()); });
  std::sort(all.begin(), all.end());
  std::string words;
  for (const std::string& label : all) {
    if (words.size() + label.size() < kMaxWordsBytes) words.append(words.empty() ? "" : ",").append(label);
  }
  add(EventType::ticket_tags, at_, ticket_).text = join({words});
}

void Jira::status(std::string_view from, std::string_view to) {
  // The category that comes along is that of the status after the change.
  const std::string_view after = status_word(to, fields_["status"]["statusCategory"]["key"].text());
  const bool was_solved = status_word(from, "") == "solved" || !fields_["resolutiondate"].is_null();
  if (after == "solved") {
    add(EventType::ticket_resolved, at_, ticket_).agent = agent(person(fields_["assignee"]));
    return;
  }
  if (was_solved) add(EventType::ticket_reopened, at_, ticket_);
  add(EventType::ticket_status, at_, ticket_).text = after;
}

void Jira::comment(JsonValue comment) {
  const JsonValue author = comment["author"];
  const std::string_view kind = author["accountType"].text();
  const std::string who = person(author);
  // Who works in the same organisation has an account like agents have: then the customer is who asked.
  const bool asked = same_person(author, fields_["reporter"]) && !same_person(author, fields_["assignee"]);
  const bool by_customer = kind == "customer" || (kind != "app" && asked);
  const Time at = instant_of(comment["created"]);
  core::Event& event = add(EventType::ticket_reply, at != kNever ? at : at_, ticket_);
  event.by = kind == "app" ? "system" : by_customer ? "customer" : "agent";
  event.is_public = comment["jsdPublic"].is_null() || comment["jsdPublic"].truth();
  if (!by_customer) event.agent = agent(who);
  const std::string id = comment["id"].word();
  done(id.empty() ? content_id(bytes()) + "-comment" : "comment-" + id);
}

// The customer's stars come as {"rating": 4} in a field of the request. They count when they were given, if the
// field of that date is named, else when the request was resolved: an instant that is the same in every webhook.
void Jira::rated() {
  const auto named = options().more.find("rating_field");
  const bool chosen = named != options().more.end() && !named->second.empty();
  JsonValue stars;
  if (chosen) {
    stars = fields_[named->second[0]];
  } else {
    fields_.each_field([&](std::string_view name, JsonValue value) {
      if (name.starts_with("customfield_") && !value["rating"].is_null()) stars = value;
    });
  }
  const std::string word = stars.is_object() ? stars["rating"].word() : stars.word();
  if (word.empty()) return;
  Time at = chosen && named->second.size() > 1 ? instant_of(fields_[named->second[1]]) : kNever;
  if (at == kNever) at = instant_of(fields_["resolutiondate"]);
  if (at == kNever) at = at_;
  if (!rate(add(EventType::ticket_rated, at, ticket_), word)) unsay();
}

void Jira::sla(std::string_view scope, JsonValue field) {
  const auto left = field["ongoingCycle"]["remainingTime"]["millis"].whole();
  if (left) out().gauges.push_back({std::string(scope), "sla remaining: " + std::string(field["name"].text()), *left,
      now()});
}

}  // namespace

MadeFormat make_jira(FormatOptions options) {
  return std::unique_ptr<Format>(std::make_unique<Jira>(std::move(options)));
}

}  // namespace ingest
