// Zammad webhooks of triggers: the whole ticket and the article that set it off (docs/sources/zammad.md).
// Source: Zammad's documentation for administrators, webhooks.
//
// There is no "before", and none is needed: each webhook tells the state of the ticket at the instant it was changed
// last. A state that is told again is no change, one that comes late lands where it belongs, and the next webhook
// makes good for one that was lost. So nothing is remembered.
#include "ingest/document_format.h"
#include "ingest/formats_made.h"
#include "ingest/webhook_signature.h"

namespace ingest {

namespace {

using core::EventType;
using core::Time;
using windows::kNever;

constexpr core::Duration kOneUpdate = 5 * windows::kSecond;

class Zammad : public DocumentFormat {
 public:
  using DocumentFormat::DocumentFormat;

  core::Status check(const Message& message, core::Time) const override {
    if (options().secret.empty()) return core::Done{};
    return check_hex_hmac(message, "x-hub-signature", "sha1=", options().secret);
  }

 protected:
  void document(JsonValue root) override;

 private:
  void created(JsonValue ticket, Time updated);
  void state(JsonValue ticket, Time updated);
  void article(JsonValue article);
  std::string_view state_word(std::string_view theirs) const;

  std::string_view ticket_;
};

// new, open, pending, on_hold, solved, closed, merged, removed
std::string_view Zammad::state_word(std::string_view theirs) const {
  if (const std::string_view ours = chosen("states", theirs); !ours.empty()) return ours;
  const std::string word = lower(theirs);
  if (word == "new") return "new";
  if (word.starts_with("pending")) return "pending";
  if (word == "closed") return "solved";
  if (word == "merged") return "merged";
  if (word == "removed") return "removed";
  return "open";
}

// A user is an object with a login; the owner "-" is nobody.
std::string person(JsonValue user, JsonValue id) {
  std::string login(user.is_object() ? user["login"].text() : user.text());
  if (login.empty() && !id.is_null()) login = id.word();
  return login == "-" || login == "1" ? std::string() : login;
}

// Groups, states and priorities are objects with a name, or the name.
std::string_view name_of(JsonValue value) { return value.is_object() ? value["name"].text() : value.text(); }

// "2 normal" is how Zammad sorts them.
std::string_view priority_of(JsonValue ticket) {
  const std::string_view name = name_of(ticket["priority"]);
  const bool numbered = name.size() > 2 && name[0] >= '0' && name[0] <= '9' && name[1] == ' ';
  return numbered ? name.substr(2) : name;
}

void Zammad::document(JsonValue root) {
  const JsonValue ticket = root["ticket"];
  std::string id = ticket["number"].word();
  if (id.empty()) id = ticket["id"].word();
  if (id.empty()) return refuse("missing_field", "a webhook of Zammad has a ticket with a number", "/ticket/number");
  ticket_ = subject(id);
  const Time updated = instant_of(ticket["updated_at"]);
  if (updated == kNever) return refuse("bad_time", "not an RFC 3339 time", "/ticket/updated_at");
  created(ticket, updated);
  article(root["article"]);
  state(ticket, updated);
}

// The group it was made in is that of the webhook about the creation; later ones know only that it was made.
void Zammad::created(JsonValue ticket, Time updated) {
  const Time at = instant_of(ticket["created_at"]);
  if (at == kNever) return;
  const std::string sender = lower(ticket["create_article_sender"].text());
  core::Event& event = add(EventType::ticket_created, at, ticket_);
  event.by = sender == "agent" ? "agent" : sender == "system" ? "system" : "customer";
  const std::string type = lower(ticket["create_article_type"].text());
  event.channel = type.find("phone") != type.npos ? "voice" : type.find("chat") != type.npos ? "chat"
                  : type.find("web") != type.npos ? "web" : "email";
  const std::string who = person(ticket["customer"], ticket["customer_id"]);
  event.customer = customer(who);
  const bool fresh = updated - at < kOneUpdate;
  if (fresh) event.queue = queue(name_of(ticket["group"]));
  if (fresh) event.priority = priority_of(ticket);
  // Said a little later, so that it is read behind what the webhook of the creation says of the same instant.
  if (fresh) done(join({"created-", ticket_}));
  else done(join({"known-", ticket_}), at + 1);
}

void Zammad::state(JsonValue ticket, Time updated) {
  const std::string owner = person(ticket["owner"], ticket["owner_id"]);
  const std::string_view word = state_word(name_of(ticket["state"]));
  // When it was solved is told exactly, also by a webhook that comes long afterwards. Closing and taking it over are
  // often one update, whose own instant is a little later.
  const Time closed = instant_of(ticket["last_close_at"]);
  const Time solved = closed != kNever && closed < updated ? closed : updated;
  const bool over = word == "solved" || word == "closed";
  const Time changed = over && updated - solved < kOneUpdate ? solved : updated;
  core::Event& assigned = add(EventType::ticket_assigned, changed, ticket_);
  assigned.agent = agent(owner);
  assigned.queue = queue(name_of(ticket["group"]));
  assigned.priority = priority_of(ticket);

  if (word == "merged" || word == "removed") {
    add(EventType::ticket_merged, updated, ticket_).text = word == "merged" ? "unknown" : "removed";
  } else if (word == "solved") {
    add(EventType::ticket_resolved, solved, ticket_);
  } else if (word == "closed") {
    add(EventType::ticket_closed, solved, ticket_);
  } else {
    add(EventType::ticket_status, updated, ticket_).text = word;
  }
  if (const std::string_view field = option("rating_field"); !field.empty()) {
    core::Event& rated = add(EventType::ticket_rated, solved, ticket_);
    if (!rate(rated, ticket[field].word())) unsay();
  }
  done(join({"state-", ticket_, "-", std::to_string(updated)}));
}

void Zammad::article(JsonValue article) {
  const Time at = instant_of(article["created_at"]);
  const std::string id = article["id"].word();
  if (at == kNever || id.empty()) return;
  const std::string sender = lower(name_of(article["sender"]));
  core::Event& event = add(EventType::ticket_reply, at, ticket_);
  event.by = sender == "agent" ? "agent" : sender == "customer" ? "customer" : "system";
  event.is_public = !article["internal"].truth();
  if (sender == "agent") event.agent = agent(person(article["created_by"], article["created_by_id"]));
  done(join({"article-", id}));
}

}  // namespace

MadeFormat make_zammad(FormatOptions options) {
  return std::unique_ptr<Format>(std::make_unique<Zammad>(std::move(options)));
}

}  // namespace ingest
