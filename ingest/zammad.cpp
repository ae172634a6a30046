// Zammad webhooks of triggers: the whole ticket and the article that set it off (docs/sources/zammad.md).
// Source: Zammad's documentation for administrators, webhooks.
//
// There is no "before": what changed is the difference to what we remember of the ticket. A message that is older
// than what we know (they are tried again for hours) tells only what stands for itself: that the ticket was made,
// and its article.
#include "ingest/document_format.h"
#include "ingest/formats_made.h"
#include "ingest/memory_text.h"
#include "ingest/webhook_signature.h"

namespace ingest {

namespace {

using core::EventType;
using core::Time;
using windows::kNever;

constexpr std::size_t kMaxTickets = 200'000;  // remembered; those not heard of for longest go first

struct Known {
  Time updated = kNever;
  std::string state, owner, group, priority;
};

class Zammad : public DocumentFormat {
 public:
  using DocumentFormat::DocumentFormat;

  core::Status check(const Message& message, core::Time) const override {
    if (options().secret.empty()) return core::Done{};
    return check_hex_hmac(message, "x-hub-signature", "sha1=", options().secret);
  }
  std::string memory() const override;
  core::Status remember(std::string_view text) override;

 protected:
  void document(JsonValue root) override;

 private:
  void created(JsonValue ticket);
  void changed(JsonValue ticket, Known& known, const Known& now);
  void article(JsonValue article);
  void forget_old();
  bool finish(std::string_view what, Time at) {
    return done(join({what, "-", ticket_, "-", std::to_string(at)}));
  }
  std::string_view state_word(std::string_view theirs) const;

  std::string_view ticket_;
  std::map<std::string, Known, std::less<>> tickets_;
};

// new, open, pending, on_hold, solved, closed, merged
std::string_view Zammad::state_word(std::string_view theirs) const {
  if (const std::string_view ours = chosen("states", theirs); !ours.empty()) return ours;
  const std::string word = lower(theirs);
  if (word == "new") return "new";
  if (word.starts_with("pending")) return "pending";
  if (word == "closed") return "solved";
  if (word == "merged") return "merged";
  if (word == "removed") return "closed";
  return "open";
}

// A user is an object with a login; the owner "-" is nobody.
std::string person(JsonValue user, JsonValue id) {
  std::string login(user.is_object() ? user["login"].text() : user.text());
  if (login.empty() && !id.is_null()) login = id.word();
  return login == "-" || login == "1" ? std::string() : login;
}

void Zammad::document(JsonValue root) {
  const JsonValue ticket = root["ticket"];
  const std::string id = ticket["number"].word().empty() ? ticket["id"].word() : ticket["number"].word();
  if (id.empty()) return refuse("missing_field", "a webhook of Zammad has a ticket with a number", "/ticket/number");
  ticket_ = subject(id);
  Known now;
  now.updated = instant_of(ticket["updated_at"]);
  if (now.updated == kNever) return refuse("bad_time", "not an RFC 3339 time", "/ticket/updated_at");
  now.state = ticket["state"].is_object() ? ticket["state"]["name"].text() : ticket["state"].text();
  now.owner = person(ticket["owner"], ticket["owner_id"]);
  now.group = ticket["group"].is_object() ? ticket["group"]["name"].text() : ticket["group"].text();
  now.priority = ticket["priority"].is_object() ? ticket["priority"]["name"].text() : ticket["priority"].text();

  created(ticket);
  article(root["article"]);
  Known& known = tickets_[id];
  if (known.updated != kNever && now.updated < known.updated) return;
  changed(ticket, known, now);
  known = std::move(now);
  forget_old();
}

// Always told; the same ticket gives the same event.
void Zammad::created(JsonValue ticket) {
  const Time at = instant_of(ticket["created_at"]);
  if (at == kNever) return;
  const std::string sender = lower(ticket["create_article_sender"].text());
  core::Event& event = add(EventType::ticket_created, at, ticket_);
  event.by = sender == "agent" ? "agent" : sender == "system" ? "system" : "customer";
  const std::string type = lower(ticket["create_article_type"].text());
  event.channel = type.find("phone") != type.npos ? "voice" : type.find("chat") != type.npos ? "chat"
                  : type.find("web") != type.npos ? "web" : "email";
  event.customer = customer(person(ticket["customer"], ticket["customer_id"]));
  finish("created", at);
}

void Zammad::changed(JsonValue, Known& known, const Known& now) {
  const bool first = known.updated == kNever;
  const Time at = now.updated;
  if (first || known.owner != now.owner || known.group != now.group) {
    core::Event& event = add(EventType::ticket_assigned, at, ticket_);
    event.agent = agent(now.owner);
    event.queue = queue(now.group);
    finish("assigned", at);
  }
  if ((first || known.priority != now.priority) && !now.priority.empty()) {
    // "2 normal" is how Zammad sorts them.
    const std::string_view name = now.priority;
    const bool numbered = name.size() > 2 && name[0] >= '0' && name[0] <= '9' && name[1] == ' ';
    add(EventType::ticket_priority, at, ticket_).priority = numbered ? name.substr(2) : name;
    finish("priority", at);
  }
  const std::string_view before = first ? std::string_view() : state_word(known.state);
  const std::string_view after = state_word(now.state);
  if (before == after) return;
  const bool was_over = before == "solved" || before == "closed";
  if (after == "merged") {
    add(EventType::ticket_merged, at, ticket_).text = "merged";
  } else if (after == "solved") {
    add(EventType::ticket_resolved, at, ticket_).agent = agent(now.owner);
  } else if (after == "closed") {
    add(EventType::ticket_closed, at, ticket_);
  } else {
    if (was_over) add(EventType::ticket_reopened, at, ticket_);
    add(EventType::ticket_status, at, ticket_).text = after;
  }
  finish("state", at);
}

void Zammad::article(JsonValue article) {
  const Time at = instant_of(article["created_at"]);
  const std::string id = article["id"].word();
  if (at == kNever || id.empty()) return;
  const std::string sender = lower(article["sender"].is_object() ? article["sender"]["name"].text()
                                                                 : article["sender"].text());
  core::Event& event = add(EventType::ticket_reply, at, ticket_);
  event.by = sender == "agent" ? "agent" : sender == "customer" ? "customer" : "system";
  event.is_public = !article["internal"].truth();
  if (sender == "agent") event.agent = agent(person(article["created_by"], article["created_by_id"]));
  done(join({"article-", id}));
}

void Zammad::forget_old() {
  if (tickets_.size() <= kMaxTickets) return;
  auto oldest = tickets_.begin();
  for (auto t = tickets_.begin(); t != tickets_.end(); ++t) {
    if (t->second.updated < oldest->second.updated) oldest = t;
  }
  tickets_.erase(oldest);
}

std::string Zammad::memory() const {
  MemoryWriter out;
  out.line({"zammad", "1"});
  for (const auto& [id, k] : tickets_) out.line({id, time_word(k.updated), k.state, k.owner, k.group, k.priority});
  return out.take();
}

core::Status Zammad::remember(std::string_view text) {
  const core::Error bad{"bad_memory", "not the memory of Zammad's tickets", ""};
  if (text.empty()) return core::Done{};
  const auto lines = memory_lines(text);
  if (lines.empty() || lines[0] != MemoryLine{"zammad", "1"}) return bad;
  decltype(tickets_) tickets;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const MemoryLine& w = lines[i];
    if (w.size() != 6) return bad;
    Known& k = tickets[w[0]];
    if (!read_time_word(w[1], k.updated)) return bad;
    k.state = w[2];
    k.owner = w[3];
    k.group = w[4];
    k.priority = w[5];
  }
  tickets_ = std::move(tickets);
  return core::Done{};
}

}  // namespace

MadeFormat make_zammad(FormatOptions options) {
  return std::unique_ptr<Format>(std::make_unique<Zammad>(std::move(options)));
}

}  // namespace ingest
